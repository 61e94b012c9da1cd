"""The steady state of loops: held against longer runs, against all rows one by one, and against a count by hand."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from acortex.isa import assemble
from acortex.isa.program import Program
from acortex.programs.shipped import FOLDER
from acortex.sim.chip.specs import load_chip
from acortex.sim.inputs import HostData
from acortex.sim.run import Prepared, prepare
from acortex.sim.tracing import Tracing
from acortex.tools.open.programs import open_source
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.instructions.loops import Loop, loops_of
from acortex.traces.instructions.results import LoopView
from acortex.traces.instructions.steady import Steady, _inferences
from acortex.traces.instructions.view import view
from judge.generate import generate

SHIPPED = ("vmm", "conv3x3", "letters", "in_flight", "lstm_step", "vector_add")


def times(made: Prepared | Program, inferences: int) -> Prepared:
    """A program on so many inferences."""
    prepared = made if isinstance(made, Prepared) else prepare(made)
    return replace(prepared, host=HostData({}, inferences, None))


def traced(made: Prepared, path: Path) -> Trace:
    made.time(trace=Tracing(path))
    return reader.open(path)


def shipped(name: str) -> Program:
    return open_source(str(FOLDER / f"{name}.s"))


@pytest.mark.parametrize(
    ("pcs", "found"),
    [
        ([0, 1, 2, 3], []),
        ([0, 1, 1, 1, 2], [(1, 1, 3, 1, 1, [1, 2, 3])]),
        # Twice two turns: of equals the last stay counts.
        ([0, 1, 2, 1, 2, 3, 0, 1, 2, 1, 2, 3, 4], [(0, 3, 2, 1, 0, [5, 11]), (1, 2, 4, 2, 7, [8, 10])]),
        # Three turns, then two, then one.
        ([0, 1, 1, 1, 2, 0, 1, 1, 2, 0, 1, 2, 3], [(0, 2, 3, 1, 0, [4, 8, 11]), (1, 1, 6, 3, 1, [1, 2, 3])]),
    ],
)
def test_loops_are_found_from_jumps_back_each_with_its_longest_stay(pcs: list[int], found: list[Any]) -> None:
    loops = loops_of(SimpleNamespace(pc=np.array(pcs)))  # type: ignore[arg-type]  # of executions the addresses count
    assert [(*one[:5], one.ends.tolist()) for one in loops] == found


@pytest.mark.parametrize(
    ("inferences", "turns", "new"),
    [
        ([[0, 0, 0], [0, 1, 1], [2, 1, 1], [2, 3, 3]], 1, 1),  # 3 alone: of 2 the turn before did a part
        ([[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3]], 1, 1),
        ([[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3]], 2, 2),
        ([[0, 0, 0], [1, 0, 0], [1, 2, 2], [3, 3, 4]], 2, 3),
        ([[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]], 1, 0),
        ([[-1, -1, 0], [-1, 1, -1]], 1, 1),
        ([[0, -1, 0], [1, 2, 0]], 1, 2),
    ],
)
def test_inferences_of_a_period_are_those_that_begin_in_it(inferences: list[list[int]], turns: int, new: int) -> None:
    """Turns of three instructions each, and the inference of each."""
    flat = np.array(inferences).ravel()
    loop = Loop(0, 2, len(inferences), 1, 0, np.arange(2, len(flat), 3))
    executions: Any = SimpleNamespace(inference=flat)
    assert _inferences(loop, executions, Steady(10, turns, 0, 0)) == new


@pytest.mark.parametrize("name", SHIPPED)
def test_a_period_is_what_each_further_inference_takes(name: str, tmp_path: Path) -> None:
    made = prepare(shipped(name))
    long, longer = (times(made, count).time().report.cycles for count in (60, 120))
    outer = view(traced(times(made, 40), tmp_path / "run.actrace"), rows=1).loops
    (loop,) = [one for one in outer if one.inferences_per_period]
    assert (longer - long) / 60 == loop.cycles_per_turn / (loop.inferences_per_period or 0) * (
        loop.turns_per_period or 0
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_a_chain_closes_over_whole_periods(name: str, tmp_path: Path) -> None:
    for loop in view(traced(times(shipped(name), 24), tmp_path / "run.actrace"), rows=1).loops:
        assert loop.period
        assert sum(one.cycles for one in loop.chain) == loop.period * (loop.chain_periods or 0) > 0
        for one in loop.chain:
            assert one.busy + one.latency + one.waiting + one.hand_over + one.idle == one.cycles
        for unit in loop.units:
            assert unit.busy + unit.slack == loop.period
            assert unit.busy + unit.waiting + unit.idle == loop.period
        assert loop.simple_bound == max(unit.busy for unit in loop.units) <= loop.period
        assert (loop.bound == "busy") == (loop.simple_bound == loop.period)


def spent(trace: Trace, loop: LoopView, pcs: range) -> Counter[tuple[str, str]]:
    """Cycles of the last period by unit and by what it was, row by row; accesses of main memory count twice."""
    assert loop.until_cycle is not None and loop.period is not None
    kinds, found = [kind.name for kind in trace.header.kinds], Counter[tuple[str, str]]()
    rows = [(row, "busy", kinds[row.kind]) for row in trace.events] + [(row, "waiting", "") for row in trace.waits]
    for row, what, kind in rows:
        first = max(row.start, loop.until_cycle - loop.period)
        cycles = max(min(row.start + row.duration, loop.until_cycle) - first, 0) if row.pc in pcs else 0
        found[trace.header.units[row.unit], what] += cycles
        found["main_memory", "access"] += cycles * (kind in ("memory.read", "memory.write"))
    return found


@pytest.mark.parametrize("ports", [1, 2, 3])
@pytest.mark.parametrize("name", ["vmm", "vector_add"])
def test_units_are_busy_as_their_rows_of_the_last_period_say(name: str, ports: int, tmp_path: Path) -> None:
    """The ports share the cycles of all accesses, rounded up."""
    chip = load_chip("acortex_digits", [f"memory.ports={ports}"])
    trace = traced(times(prepare(shipped(name), chip), 24), tmp_path / "run.actrace")
    loops = [one for one in view(trace, rows=1).loops if one.entered == 1 and one.period]
    assert loops
    for loop in loops:
        pcs = range(trace.header.lines.index(loop.line), trace.header.lines.index(loop.end_line) + 1)
        found = spent(trace, loop, pcs)
        units = {unit: (found[unit, "busy"], found[unit, "waiting"]) for unit in trace.header.units}
        units["main_memory ports"] = (-(-found["main_memory", "access"] // ports), 0)
        told = {one.unit: (one.busy, one.waiting) for one in loop.units}
        assert told == {unit: both for unit, both in units.items() if any(both)}


def test_a_loop_that_waits_for_each_hand_over_takes_their_sum(tmp_path: Path) -> None:
    """One word goes round: by docs/timing.md, on acortex_digits, whose memory has 2 cycles of access and 12 of latency.

    signal and await 1 each; input 2 over the host's port and 2 of access; signal 1; await 1; read's request 1 and 12 of
    latency; the bus 1; feed 1; the load 1, the frame 18; the neurons see sums a cycle later, and convert for 16;
    write's request 1 and 2 of access; signal 1; await 1; output's request 1, 12 of latency and 2 over the port.
    """
    (loop,) = view(traced(times(shipped("vmm"), 20), tmp_path / "run.actrace"), rows=1).loops
    assert loop.period == (1 + 1) + (2 + 2) + (1 + 1) + (1 + 12 + 1) + 1 + (1 + 18) + (1 + 16) + (1 + 2) + 2 + (
        1 + 12 + 2
    )
    assert (loop.bound, loop.chain_periods) == ("chain", 1)
    assert {one.text: one.cycles for one in loop.chain} == {
        "signal host_out, t2": 1,
        "await host_in, t2": 1,
        "input 0, d0": 4,
        "signal host_in, t0": 1,
        "await read, t0": 1,
        "read d0": 14,
        "feed positions=1, words=1": 1,
        "multiply g0, 1": 19,
        "convert q0, 1": 17,
        "write d1": 3,
        "signal write, t1": 1,
        "await host_out, t1": 1,
        "output 0, d1": 15,
    }


def test_a_loop_of_the_controller_is_bound_by_it(tmp_path: Path) -> None:
    loop = view(traced(times(shipped("in_flight"), 20), tmp_path / "run.actrace"), rows=1).loops[-1]
    assert (loop.bound, loop.bound_by, loop.period) == ("busy", ["controller"], 22)
    assert loop.period == 61 - 38 + 1 - 2  # an instruction on each line from 38 to 61 but two, a cycle each


NOPS = """
        .program nops
        .chip acortex_digits
        start
        loop l0, {turns}
again:  nop
        nop
        next l0, again
        halt
"""


@pytest.mark.parametrize("turns", [1, 2, 3, 30])
def test_turns_are_counted(turns: int, tmp_path: Path) -> None:
    found = view(traced(prepare(assemble(NOPS.format(turns=turns))), tmp_path / "run.actrace")).loops
    assert [(one.turns, one.entered, one.looked_at) for one in found] == ([(turns, 1, turns)] if turns > 1 else [])
    for one in found:
        assert (one.period, one.cycles_per_turn) == ((None if turns < 3 else 3), 3)


def slow_period(trace: Trace, loop: LoopView) -> int | None:
    """The shortest period in which all rows of a loop come again, by looking at each row of its last two periods."""
    header = trace.header
    head, tail = (header.lines.index(line) for line in (loop.line, loop.end_line))
    issues = [one.start for one in trace.events if header.units[one.unit] == "controller" and one.pc == tail]
    end = max(issues)
    rows = [(one.start, one.start + one.duration, one.unit, one.kind, one.pc) for one in trace.events]
    rows += [(one.start, one.start + one.duration, one.unit, ~one.cause, one.pc) for one in trace.waits]
    rows = [row for row in rows if head <= row[-1] <= tail]
    for issue in sorted(issues, reverse=True)[1:]:
        period = end - issue
        last, before = (
            Counter(
                (start + moved, min(stop + moved, end), *rest) for start, stop, *rest in rows if from_ <= start < to
            )
            for from_, to, moved in ((issue, end, 0), (issue - period, issue, period))
        )
        if last == before and last:
            return period
    return None


SETTINGS = {
    "controller.queue_depth": (1, 2, 3, 8),
    "controller.decode_cycles": (1, 2, 5),
    "memory.ports": (1, 2),
    "memory.access_cycles": (1, 2, 5),
    "host.word_cycles": (1, 2, 9),
    "buffer.windows": (1, 2, 4),
    "arrays.frame_ns": (1.0, 32.0, 90.0),
}


@pytest.mark.parametrize("seed", range(16))
def test_periods_on_random_chips_are_found_row_by_row(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    settings = [f"{name}={chance.choice(values)}" for name, values in SETTINGS.items()]
    made = prepare(shipped(chance.choice(["vmm", "in_flight", "vector_add"])), load_chip("acortex_digits", settings))
    trace = traced(times(made, 13), tmp_path / "run.actrace")
    for loop in view(trace, rows=1).loops:
        assert loop.period == slow_period(trace, loop)


@pytest.mark.parametrize("seed", range(12))
def test_periods_of_random_programs_are_found_row_by_row(seed: int, tmp_path: Path) -> None:
    case = generate(seed)
    trace = traced(prepare(case.program, case.chip, inputs=case.inputs), tmp_path / "run.actrace")
    for loop in view(trace, rows=1).loops:
        if loop.entered == 1:
            assert loop.period == slow_period(trace, loop)
