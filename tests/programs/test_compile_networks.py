"""Whole networks, from the builder to the chip: outputs equal onnxruntime on the reference, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from acortex.programs import Network, quantised
from acortex.programs.compiler import compile_graph
from acortex.programs.network.network import Model, Node, Value
from acortex.programs.reference.layers import reference
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")


def residual() -> Network:
    x = Network(input=(3, 12, 12)).conv(70, 3, pad=1).relu()
    y = x.conv(70, 3, pad=1).add(x).relu().max_pool(3, 2, pad=1)
    return y.conv(20, 1, stride=2).global_average_pool().flatten().linear(10)


def inception() -> Network:
    x = Network(input=(20, 9, 9))
    branches = [x.conv(40, 1).relu(), x.conv(10, 3, pad=1).relu(), x.max_pool(3, 1, pad=1).conv(30, 1).relu()]
    return branches[0].concat(*branches[1:]).max_pool(3, 2, ceil=True).conv(7, 3).flatten().linear(5)


def mobile() -> Network:
    x = Network(input=(3, 10, 10)).conv(32, 3, stride=2, pad=1).relu6()
    x = x.conv(32, 3, pad=1, groups=32).hard_swish().conv(96, 1)
    gate = x.global_average_pool().conv(96, 1).hard_sigmoid()
    return x.mul(gate).shuffle(3).conv(48, 3, groups=3, dilation=2, pad=2).leaky_relu(0.1).flatten().linear(4)


def split() -> Network:
    x = Network(input=(100, 5, 6)).sigmoid()
    left, right = x.channels(0, 37).tanh(), x.channels(37, 100)
    return left.concat(right.average_pool(3, 1, pad=1)).conv(8, (5, 2), stride=(1, 3))


def shuffled() -> Network:
    """Sums and products of which one side, or the other, has its channels in another order."""
    x = Network(input=(5, 4, 4)).conv(12, 1)
    y = x.add(x.shuffle(3))
    return y.shuffle(4).mul(y).conv(6, 1)


def lstm() -> Network:
    return Network(input=(5, 12)).lstm(20, bidirectional=True).lstm(70)


def gru() -> Network:
    return Network(input=(4, 12)).gru(20).gru(30, linear_before_reset=False)


@pytest.mark.parametrize(
    "build", [residual, inception, mobile, split, shuffled, lstm, gru], ids=lambda build: build.__name__
)
@pytest.mark.parametrize("mapping", ["taps", "best"])
def test_a_network_equals_onnxruntime_on_its_reference(build: Callable[[], Network], mapping: str) -> None:
    network = build()
    rng = np.random.default_rng(0)
    (shape,) = [tuple(one.shape) for one in network.model.inputs]
    inputs = rng.standard_normal((3, *shape)).astype(np.float32)
    graph = quantised(network, inputs)
    outputs = run(compile_graph(graph, machine_of(CHIP), mapping).program, CHIP, inputs=inputs).outputs
    session = onnxruntime.InferenceSession(reference(graph).SerializeToString())
    (port,) = graph.outputs
    wanted = [session.run(None, {graph.inputs[0].name: one.reshape(graph.inputs[0].shape)})[0] for one in inputs]
    np.testing.assert_array_equal(outputs[port.name], np.reshape(wanted, (3, *port.shapes[-1])))
    assert outputs[port.name].dtype == wanted[0].dtype == np.float32
    assert len(np.unique(outputs[port.name])) > 2


def test_the_arrays_of_a_compiled_network_hardly_ever_wait() -> None:
    x = Network(input=(64, 24, 24)).conv(64, 3, pad=1).relu()
    y = x.conv(64, 3, pad=1).relu().conv(64, 3, pad=1).add(x).relu()
    compiled = compile_graph(quantised(y.conv(10, 8, stride=8)), machine_of(CHIP))  # few outputs
    report = run(compiled.program, CHIP, values=False).report
    busy = sum(report["utilisation"][unit]["busy"] for unit in ("vmm/load", "vmm/frame"))
    positions, (load, frame) = 24 * 24, (9, 18)
    assert busy >= 3 * positions * (load + frame)
    before = report["counts"]["host_words.in"] * (CHIP.host.word_cycles + CHIP.memory.access_cycles)
    a_layer = 300  # the first window of a layer is read once the layer before it is in memory
    assert report["cycles"] - busy - before < len(compiled.plan.passes) * a_layer


def test_a_program_brings_along_the_samples_of_each_input_and_its_labels() -> None:
    nodes = [Node("Sum", "sum", ("a", "b", "c"), ("y",))]
    model = Model("three", [Value(name, (1, 4)) for name in "abc"], ["y"], nodes)
    samples = {name: np.arange(8, dtype=np.float32).reshape(2, 4) + 10 * n for n, name in enumerate("cab")}
    graph = replace(quantised(model, samples), samples=samples, labels=np.array([3, 1]))
    program = compile_graph(graph, machine_of(CHIP)).program
    assert {name: array.tolist() for name, array in program.samples.items()} == {
        "a": [[10, 11, 12, 13], [14, 15, 16, 17]],
        "b": [[20, 21, 22, 23], [24, 25, 26, 27]],
        "c": [[0, 1, 2, 3], [4, 5, 6, 7]],
    }
    assert program.labels is not None and program.labels.tolist() == [3, 1]
