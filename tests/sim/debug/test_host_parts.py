"""What the host does between parts of a network is computed under a debugger as in a run."""

from __future__ import annotations

import numpy as np
import pytest
from host_networks import CHIP, Grower, divided

from acortex.isa.arithmetic.tensors import decode
from acortex.sim.debug.debugger import Debugger
from acortex.sim.functional.values import Values
from acortex.sim.run import prepare


def test_outputs_that_pass_the_host_are_those_of_a_run_forwards_and_back() -> None:
    net = Grower()
    middle = net.add("LpNormalization", net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 4)))
    compiled, given = divided(net.model(net.add("Gemm", middle, net.weights(4, 4))))
    program = compiled.program
    ready = prepare(program, CHIP, inputs=dict(zip((one.name for one in program.given), given.values(), strict=True)))
    one, outputs = Debugger(ready, check_order=False), ready.run().outputs
    assert any(tensor.host for tensor in program.inputs)
    for _ in range(2):
        one.to_end()
        for tensor in program.shown:
            for inference in range(3):
                shown = decode(tensor, one.tensor(tensor.name, inference).values)
                assert np.array_equal(shown, outputs[tensor.name][inference])
        for tensor in program.inputs:
            assert one.tensor(tensor.name, 2).words_there
        one.back(10**9)
        assert not any(one.tensor(tensor.name, 0).words_there for tensor in program.outputs)


def test_a_part_is_computed_once_for_each_inference(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Grower()
    middle = net.add("LpNormalization", net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 4)))
    compiled, given = divided(net.model(net.add("Gemm", middle, net.weights(4, 4))))
    one = Debugger(prepare(compiled.program, CHIP, inputs={"x": given["x"]}), check_order=False)
    worked = []
    work = Values.work
    monkeypatch.setattr(
        Values, "work", lambda self, dispatch: (worked.append(dispatch.inference), work(self, dispatch))
    )
    one.to_end()
    assert [len(one.memory(0)), worked] == [1, [0, 1, 2]]
