"""The host's work in time, by hand and beside the second simulator."""

from __future__ import annotations

import numpy as np
import pytest

from acortex.errors import AcortexError
from acortex.isa.asm.assembler import assemble
from acortex.isa.program import Program
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.happens_before import OrderError
from acortex.sim.run import run
from acortex.sim.timing.host_work import speed_of
from acortex.sim.timing.wiring import unit_paths
from judge.compare import Notes
from judge.stepped import simulate

SOURCE = """
.chip acortex_digits
.input x, shape=2
.input z, shape=2, host=yes
.output b, shape=2, host=yes
.output y, shape=2
.part p, shape=1
.row 1
start
loop l0, host
turn: inference l0
base d0, 0
base d1, 1
input x, d0
signal host_in, t0
await host_out, t0
output b, d0
signal host_out, t1
await host, t1
work p, {operations}
signal host, t2
await host_in, t2
input z, d1
signal host_in, t3
await host_out, t3
output y, d1
signal host_out, t4
await host_in, t4
endinference
next l0, turn
halt
"""
"""Words that go to the host and come back."""

CLOCK_NS = 1.785


def program(operations: int = 100) -> Program:
    return assemble(SOURCE.format(operations=operations))


def cycles(operations: int = 100, *settings: str) -> int:
    return run(program(operations), load_chip("acortex_digits", settings), values=False).cycles


def test_a_part_takes_its_operations_and_the_call() -> None:
    """1,000 ns and 100 / 10 ns are 1,010 ns, 565.8 cycles: 566."""
    report = run(program(), values=False).report
    assert report.utilisation["host/work"].busy == 566 + 2  # and two tokens
    assert report.counts["host_operations"] == 100
    assert [(row.unit, row.cause) for row in report.waits if row.unit == "host/work"] == [("host/work", "token")]


@pytest.mark.parametrize(
    ("operations", "settings", "wanted"),
    [
        (1, ("host.part_ns=0",), 1),  # 0.1 ns
        (357, ("host.part_ns=0", "host.operations_per_ns=100"), 2),  # 3.57 ns: two cycles of 1.785 ns
        (358, ("host.part_ns=0", "host.operations_per_ns=100"), 3),
        (1 << 40, ("host.part_ns=0", "host.operations_per_ns=1000000000"), 616),  # 1,099.5 ns
    ],
)
def test_cycles_of_a_part_are_rounded_up_once(operations: int, settings: tuple[str, ...], wanted: int) -> None:
    assert speed_of(load_chip("acortex_digits", settings)).cycles(operations) == wanted


def test_the_host_stands_in_the_way_of_all_behind_it() -> None:
    """Nothing goes on meanwhile: a slower host is as many cycles longer."""
    slow = cycles(1000)
    assert slow - cycles(100) == speed_of(load_chip("acortex_digits")).cycles(1000) - 566


def test_the_whole_run_by_hand() -> None:
    """From the first cycle in which an agent sees an instruction, one word at a time.

    Instructions issue one per cycle: `input` is the fifth, in cycle 4, and seen in 5. A word in is 2 cycles on the port
    and 2 in memory. A token takes 1. A word out waits a cycle for its grant and 12 for the memory, and takes 2.
    """
    into, out = 2 + 2, 1 + 12 + 2
    start = 5
    there_and_back = into + 1 + 1 + out + 1 + 1 + 566 + 1 + 1 + into + 1 + 1 + out + 1 + 1
    assert cycles() == start + there_and_back


def test_the_energy_of_a_run_has_nothing_of_the_host() -> None:
    fast, slow = (run(program(n), values=False).report for n in (1, 10_000))
    leakage = slow.energy_by_component_j["leakage"] - fast.energy_by_component_j["leakage"]
    assert slow.energy_j - fast.energy_j == pytest.approx(leakage)


@pytest.mark.parametrize(
    ("without", "message"),
    [
        ("signal host_out, t1\nawait host, t1\n", "the host works before what .* gives it has left main memory"),
        ("signal host, t2\nawait host_in, t2\n", "input brings in z, which the host makes at .*nothing orders the two"),
    ],
)
def test_what_is_not_ordered_is_refused(without: str, message: str) -> None:
    with pytest.raises(OrderError, match=message):
        run(assemble(SOURCE.format(operations=1).replace(without, "")), values=False)


@pytest.mark.parametrize("number", ["0", "1099511627777"])
def test_operations_beyond_the_field_are_refused(number: str) -> None:
    with pytest.raises(AcortexError, match=f"`operations` is {number}, allowed is 1 to 1099511627776"):
        assemble(SOURCE.format(operations=number))


def test_a_host_that_is_infinitely_slow_is_no_setting() -> None:
    with pytest.raises(AcortexError, match=r"host\.operations_per_ns"):
        load_chip("acortex_digits", ["host.operations_per_ns=0"])


@pytest.mark.parametrize("settings", [(), ("host.part_ns=3", "controller.queue_depth=1"), ("memory.ports=2",)])
@pytest.mark.parametrize("inferences", [1, 3])
def test_the_second_simulator_says_the_same(settings: tuple[str, ...], inferences: int) -> None:
    """It is stepped cycle by cycle, and written from docs/timing.md alone."""
    chip = load_chip("acortex_digits", settings)
    notes = Notes(unit_paths(chip))
    inputs = {"x": np.zeros((inferences, 2), np.uint8)}
    found = run(program(50), chip, inputs=inputs, values=False, observers=[notes])
    _, cycles, stepped = simulate(program(50), chip, inferences)
    assert found.cycles == cycles
    assert sorted(notes.events) == sorted(stepped.events)
    assert sorted(notes.waits) == sorted(stepped.waits)
