"""Where the host works between passes, and the words and tokens that this takes."""

from __future__ import annotations

import re

import numpy as np
import pytest
from host_networks import CHIP, Grower, assert_exact, attention, divided, normalised_between

from acortex.programs.compiler import smallest_chip
from acortex.programs.emit.exchanges import bits_of
from acortex.programs.mapping.exchanges import events
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of


def test_an_exchange_stands_between_the_passes_of_two_stages() -> None:
    compiled, _ = divided(attention())
    plan = compiled.plan
    assert [one.before for one in plan.exchanges.between] == [3, 4]
    assert (plan.exchanges.head.name, plan.exchanges.tail.name) == ("host 0", "host 3")  # type: ignore[union-attr]
    names = [getattr(one, "part", one).name for one in events(plan.passes, plan.exchanges)]
    assert [name for name in names if name.startswith("host")] == ["host 1", "host 2"]


def test_words_between_two_stages_are_free_again_behind_them() -> None:
    """Of a long chain memory holds what two neighbours need, however long it is."""
    peaks = []
    for length in (2, 6):
        net = Grower()
        end = net.add("MatMul", net.give("x", (1, 40, 64)), net.weights(64, 64))
        for _ in range(length):
            end = net.add("MatMul", net.add("LpNormalization", end), net.weights(64, 64))
        compiled, inputs = divided(net.model(end))
        assert_exact(compiled, inputs)
        peaks.append(compiled.plan.memory.peak)
    assert peaks[0] == peaks[1] == 4 * 40 + 2 * 40


def test_the_host_awaits_all_before_and_all_after_awaits_the_host() -> None:
    compiled, _ = divided(normalised_between())
    text = re.sub(r" +", " ", compiled.text)
    work = text.index('work "host 1"')
    before, after = text[:work], text[work:]
    assert before.index("signal write, t6") < before.index("await host_out, t6") < before.index("output t0, d0")
    assert before.index("signal host_out, t4") < before.index("await host, t4")
    assert after.index("signal host, t5") < after.index("await host_in, t5") < after.index("input t1, d0")
    for agent in ("read", "operand", "write"):
        assert after.index("input t1, d0") < after.index(f"await {agent}, ") < after.index("multiply")


@pytest.mark.parametrize(
    "settings", [(), ("controller.queue_depth=1",), ("memory.ports=2", "arrays.overlap_loads=true")]
)
def test_several_inferences_are_in_order_on_any_chip(settings: tuple[str, ...]) -> None:
    """Every access is held to the order of the program, in time too."""
    compiled, inputs = divided(attention(), 4)
    result = run(compiled.program, load_chip("acortex_gnmt", settings), inputs=inputs, check_order=True)
    assert_exact(compiled, inputs, result)
    starts = [row.start_cycle for row in result.report.inferences or ()]
    assert starts == sorted(starts) and len(starts) == 4


def test_the_smallest_chip_holds_what_crosses_too() -> None:
    compiled, _ = divided(attention())
    sizes = smallest_chip(compiled.plan.graph, machine_of(CHIP))
    assert sizes["memory_kb"] == 1
    assert sizes["m_top"] * sizes["n"] > 0


def test_an_output_that_the_host_takes_early_leaves_once() -> None:
    net = Grower()
    a = net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 8))
    b = net.add("Gemm", net.add("LpNormalization", a), net.weights(8, 8))
    compiled, inputs = divided(net.model(a, b, net.add("Mul", net.add("Exp", b), a)))
    assert compiled.text.count(f"output  {a}, d0") == compiled.text.count(f"output  {b}, d0") == 1
    assert_exact(compiled, inputs)


@pytest.mark.parametrize(("high", "bits"), [(None, 4), (0, 1), (1, 1), (2, 1), (3, 2), (14, 3), (15, 4), (30_000, 4)])
def test_seeded_codes_of_an_index_stay_within_its_table(high: int | None, bits: int) -> None:
    assert bits_of(high) == bits
    assert high in (None, 0) or (1 << bits) - 1 <= max(high or 0, 1)


def test_a_run_without_input_takes_indices_of_the_table() -> None:
    from onnx import TensorProto

    net = Grower()
    e = net.add("Gather", net.weights(2, 8), net.give("ids", (1, 30), TensorProto.INT64))
    compiled, _ = divided(net.model(net.add("MatMul", e, net.weights(8, 2))))
    (found,) = run(compiled.program, CHIP, timing=False).outputs.values()
    assert len(np.unique(found.reshape(30, 2), axis=0)) == 2
