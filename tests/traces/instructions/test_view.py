"""The view of a run as instructions: held against the run's own report, and against what one counts by hand."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.isa import assemble
from acortex.isa.program import Program
from acortex.programs.shipped import FOLDER
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.inputs import Inputs
from acortex.sim.results import RunReport
from acortex.sim.run import run
from acortex.tools.commands.view import SORTS
from acortex.tools.open.programs import open_source
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.instructions import columns, totals
from acortex.traces.instructions.results import InstructionView
from acortex.traces.instructions.rows import Bins, _cover, _Spent, bins_of
from acortex.traces.instructions.totals import Sort
from acortex.traces.instructions.view import _chosen, view
from judge.generate import generate

from ..conftest import MakeTrace, Rows


def traced(program: Program, path: Path, chip: Chip | None = None, inputs: Inputs = None) -> tuple[Trace, RunReport]:
    """A trace of a program, and the report of the same run."""
    result = run(program, chip, inputs=inputs, trace=path, values=False)
    return reader.open(path), result.report


def sums_by_unit(found: InstructionView) -> tuple[Counter[str], Counter[str]]:
    busy: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    for row in found.totals:
        for unit in row.units:
            busy[unit.unit] += unit.busy
            waiting[unit.unit] += unit.waiting
    return busy, waiting


@pytest.mark.parametrize("name", ["vmm", "pipeline", "in_flight", "residual", "pooling"])
def test_the_sums_are_those_of_the_run(name: str, tmp_path: Path) -> None:
    trace, report = traced(open_source(str(FOLDER / f"{name}.s")), tmp_path / "run.actrace")
    found = view(trace)
    busy, waiting = sums_by_unit(found)
    for unit, time in report.utilisation.items():
        assert (busy[unit], waiting[unit]) == (time.busy, time.waiting)
    leakage_aj = trace.cycles * trace.header.leakage_aj_per_cycle
    assert found.event_energy_aj + leakage_aj == report.energy_aj
    assert sum(row.critical or 0 for row in found.totals) == trace.cycles
    assert found.instructions == report.counts["instructions"]
    for row in found.totals:
        assert (sum(unit.busy for unit in row.units), sum(unit.waiting for unit in row.units)) == (
            row.busy,
            row.waiting,
        )
        assert sum(wait.cycles for wait in row.waits) == row.waiting


def slow_sums(trace: Trace, window: tuple[int, int], unit: str | None, inference: int | None) -> dict[int, list[int]]:
    """Busy, waiting and energy by address, row by row."""
    found: dict[int, list[int]] = {}
    first, end = window
    names = trace.header.units
    for row in (*trace.events, *trace.waits):
        stop = row.start + row.duration
        chosen = unit in (None, names[row.unit]) and inference in (None, row.inference)
        if chosen and row.start < end and (row.start >= first or stop > first):
            sums = found.setdefault(row.pc, [0, 0, 0])
            inside = max(min(stop, end) - max(row.start, first), 0)
            sums[0 if hasattr(row, "kind") else 1] += inside
            sums[2] += getattr(row, "energy_aj", 0)
    return found


@pytest.mark.parametrize("seed", range(10))
def test_sums_of_parts_of_random_programs_are_those_of_their_rows(seed: int, tmp_path: Path) -> None:
    case, chance = generate(seed), random.Random(seed)
    trace, _ = traced(case.program, tmp_path / "run.actrace", chip=case.chip, inputs=case.inputs)
    first = chance.randrange(trace.cycles)
    window = first, chance.randint(first + 1, trace.cycles)
    unit = chance.choice([None, *{trace.header.units[row.unit] for row in trace.events}])
    inference = chance.choice([None, 0])
    found = view(trace, window=window, unit=unit, inference=inference, sort="line")
    assert {row.pc: [row.busy, row.waiting, row.energy_aj] for row in found.totals} == slow_sums(
        trace, window, unit, inference
    )
    assert not found.complete
    for row in found.totals:
        assert sum(wait.cycles for wait in row.waits) == row.waiting
        assert all(0 <= wait.ended <= wait.cycles for wait in row.waits)


@pytest.mark.parametrize("seed", range(10))
def test_rows_of_random_programs_add_up_to_their_sums(seed: int, tmp_path: Path) -> None:
    case = generate(seed)
    trace, report = traced(case.program, tmp_path / "run.actrace", chip=case.chip, inputs=case.inputs)
    found = view(trace, rows=1 << 20, sort="line")
    assert len(found.rows) == found.instructions == report.counts["instructions"]
    assert [row.index for row in found.rows] == list(range(len(found.rows)))
    waited: Counter[tuple[int, str, str]] = Counter()
    for row in found.rows:
        assert row.issued == trace.events.select(unit="controller")["start"][row.index]
        if row.first_busy is not None and row.unit != "controller":
            assert row.issued < row.first_busy < (row.end or 0) <= (row.done or 0)
        for wait in row.waits:
            waited[row.pc, wait.unit, wait.cause] += wait.cycles
    assert waited == {(row.pc, wait.unit, wait.cause): wait.cycles for row in found.totals for wait in row.waits}
    for row in found.totals:
        if row.pc >= 0:
            assert row.executions == sum(one.pc == row.pc for one in found.rows)


TINY = """
        .program tiny
        .chip acortex_digits
        .input x, shape=64
        .output y, shape=64
        start
        base d0, 0
        inference
        input x, d0
        signal host_in, t0
        await host_out, t0
        output y, d0
        endinference
        halt
"""


def test_a_tiny_kernel_is_what_one_counts(tmp_path: Path) -> None:
    """By docs/timing.md: issues of a cycle; a word has 2 over the port and 2 of access, its request 1, latency 12."""
    trace, _ = traced(assemble(TINY), tmp_path / "run.actrace")
    found = view(trace)
    assert [(row.text, row.unit, row.issued, row.first_busy, row.end) for row in found.rows] == [
        ("base d0, 0", "controller", 0, 0, 1),
        ("inference", "controller", 1, 1, 2),
        ("input 0, d0", "host/in", 2, 3, 7),  # the port 3, 4; granted in 5, as its word has crossed
        ("signal host_in, t0", "host/in", 3, 7, 8),
        ("await host_out, t0", "host/out", 4, 8, 9),
        ("output 0, d0", "host/out", 5, 10, 24),  # requested in 9, granted in 10, there in 22, over the port until 24
        ("endinference", "controller", 6, 6, 7),
        ("halt", "controller", 7, 7, 8),
    ]
    await_, output = found.rows[4], found.rows[5]
    (wait,) = await_.waits
    assert (wait.unit, wait.cause, wait.times, wait.cycles, wait.ended) == ("host/out", "token", 1, 3, 3)
    assert wait.ended_by is not None
    assert (wait.ended_by.unit, wait.ended_by.text, wait.ended_by.how) == ("host/in", "signal host_in, t0", "ended")
    assert [(wait.cause, wait.cycles, wait.ended_by) for wait in output.waits] == [
        ("latency", 10, None),
        ("grant", 1, None),
    ]
    assert [(one.what, one.start, one.end) for one in await_.strip] == [
        ("issue", 4, 5),
        ("waiting", 5, 8),
        ("busy", 8, 9),
    ]
    assert [(one.what, one.start, one.end) for one in output.strip] == [
        ("issue", 5, 6),
        ("queued", 6, 9),
        ("waiting", 9, 10),
        ("busy", 10, 12),
        ("waiting", 12, 22),
        ("busy", 22, 24),
    ]
    assert [(one.text, one.start, one.end) for one in found.chain] == [
        ("base d0, 0", 0, 1),
        ("inference", 1, 2),
        ("input 0, d0", 2, 7),
        ("signal host_in, t0", 7, 8),
        ("await host_out, t0", 8, 9),
        ("output 0, d0", 9, 24),
    ]
    assert found.loops == []


def test_a_place_in_a_queue_is_freed_by_the_instruction_that_was_taken(tmp_path: Path) -> None:
    chip = load_chip("acortex_digits", ["controller.queue_depth=1"])
    trace, _ = traced(assemble(TINY), tmp_path / "run.actrace", chip=chip)
    signal = view(trace).rows[3]
    (wait,) = signal.waits
    assert (wait.unit, wait.cause, wait.cycles) == ("controller", "queue", 1)
    assert wait.ended_by is not None
    assert (wait.ended_by.how, wait.ended_by.unit, wait.ended_by.text) == ("taken", "host/in", "input 0, d0")


def test_a_wait_for_a_port_is_ended_by_what_held_it(tmp_path: Path) -> None:
    trace, _ = traced(open_source(str(FOLDER / "vector_add.s")), tmp_path / "run.actrace")
    waits = [wait for row in view(trace, rows=1000).rows for wait in row.waits if wait.cause == "port"]
    assert waits
    for wait in waits:
        assert wait.ended_by is not None
        assert (wait.ended_by.how, wait.ended_by.unit != wait.unit) == ("held", True)


def test_of_very_many_waits_the_longest_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace, _ = traced(open_source(str(FOLDER / "vmm.s")), tmp_path / "run.actrace")
    whole = view(trace)
    assert whole.waits_looked_at == sum(row.waiting for row in whole.totals)
    monkeypatch.setattr(totals, "MOST_WAITS", 3)
    few = view(trace)
    longest = sorted(trace.waits["duration"].tolist())[-3:]
    assert few.waits_looked_at == sum(longest)
    assert sum(wait.ended for row in few.totals for wait in row.waits) <= sum(longest)
    assert [row.waiting for row in few.totals] == [row.waiting for row in whole.totals]


def test_a_trace_of_too_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace, _ = traced(open_source(str(FOLDER / "vmm.s")), tmp_path / "run.actrace")
    monkeypatch.setattr(columns, "MOST_ROWS", 10)
    with pytest.raises(UsageError, match="more than 10 rows") as caught:
        view(trace)
    assert "--max-cycles" in caught.value.hint


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"rows": 0}, "rows is 0"),
        ({"bins": -1}, "bins is -1"),
        ({"sort": "size"}, "there is no order 'size'"),
        ({"layer": "nothing"}, "nothing in this trace is named 'nothing'"),
    ],
)
def test_what_cannot_be_viewed_is_refused(wanted: dict[str, object], message: str, tmp_path: Path) -> None:
    trace, _ = traced(assemble(TINY), tmp_path / "run.actrace")
    with pytest.raises(UsageError, match=message):
        view(trace, **wanted)  # type: ignore[arg-type]


def test_a_part_of_a_trace_is_refused_and_a_part_of_a_view_is_none(tmp_path: Path) -> None:
    trace, _ = traced(assemble(TINY), tmp_path / "run.actrace")
    with pytest.raises(UsageError, match="does not hold every event"):
        view(trace.select(unit="host/*"))
    nothing = view(trace, inference=5)
    assert (nothing.instructions, nothing.rows, nothing.totals, nothing.complete) == (0, [], [], False)


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [
        ("critical", [2, 0, 1, 3, 4]), ("busy", [1, 4, 0, 2, 3]), ("waiting", [3, 0, 1, 2, 4]),
        ("energy", [4, 0, 1, 2, 3]), ("times", [0, 1, 2, 3, 4]), ("line", [0, 1, 2, 3, 4]),
    ],
)  # fmt: skip
def test_sums_of_one_number_come_in_its_order_and_equals_in_that_of_the_program(sort: Sort, wanted: list[int]) -> None:
    names = ("pc", "critical", "busy", "waiting", "energy_aj", "executions")
    numbers = [(0, 0, 1, 0, 2, 7), (1, None, 9, 0, 2, 7), (2, 5, 1, 0, 2, 7), (3, 0, 1, 4, 2, 7), (4, None, 5, 0, 8, 7)]
    rows: list[Any] = [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in numbers]
    assert [row.pc for row in sorted(rows, key=totals.SORTS[sort])] == wanted
    assert totals.SORTS["times"](rows[0]) == -7 and list(totals.SORTS) == [*SORTS]


@pytest.mark.parametrize(
    "wanted",
    [
        {"window": (20, 30)}, {"window": (0, 20)}, {"window": (21, 1000)}, {"window": (20, 21)}, {"unit": "vmm*"},
        {"layer": "fc"}, {"inference": 1}, {"inference": (0, 1)}, {"unit": "vmm", "window": (10, 40), "inference": 0},
    ],
    ids=str,
)  # fmt: skip
def test_the_rows_of_a_selection_are_those_that_its_trace_has(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], wanted: dict[str, Any]
) -> None:
    """Rows of no length among them, at both ends of a window and before it."""
    points = [(at, 0, 2, 2, 1, 2, 1, 0, 1) for at in (19, 20, 21, 30)]
    trace = make_trace([*rows[0], *points], [*rows[1], (20, 0, 2, 0, 1, 2, 0), (15, 5, 0, 1, 1, 1, 0)])
    part, found = trace.select(**wanted), columns.columns_of(trace)
    chosen = _chosen(found, part)
    names = ("unit", "start", "end", "pc", "layer", "inference")
    shown = Counter(zip(*(getattr(found, name)[chosen].tolist() for name in names), strict=True))
    assert shown == Counter(
        (row.unit, row.start, row.start + row.duration, row.pc, row.layer, row.inference)
        for table in (part.events, part.waits)
        for row in table
    )
    assert shown


@given(
    st.lists(st.tuples(st.integers(-20, 60), st.integers(0, 30)), max_size=6),
    st.integers(-5, 20), st.integers(1, 9), st.integers(1, 8),
)  # fmt: skip
def test_cycles_of_bins_are_counted_one_by_one(
    spans: list[tuple[int, int]], first: int, cycles: int, count: int
) -> None:
    """Of spans that begin before the bins, end behind them, or lie on each other."""
    start = np.array([begin for begin, _ in spans], np.int64)
    end = np.array([begin + length for begin, length in spans], np.int64)
    wanted = [0] * count
    for begin, length in spans:
        for cycle in range(begin, begin + length):
            at = (cycle - first) // cycles
            if 0 <= at < count:
                wanted[at] += 1
    assert _cover(_Spent(start, end, "busy"), Bins(first, cycles, count)).tolist() == wanted


@pytest.mark.parametrize(
    ("first", "end", "most", "bins"),
    [
        (0, 80, 80, (0, 1, 80)),
        (5, 86, 80, (5, 2, 41)),
        (0, 161, 80, (0, 3, 54)),
        (7, 7, 80, (7, 1, 1)),
        (0, 9, 1, (0, 9, 1)),
    ],
)
def test_bins_are_of_as_few_whole_cycles_as_their_number_allows(
    first: int, end: int, most: int, bins: tuple[int, int, int]
) -> None:
    found = bins_of(first, end, most)
    assert (found.first, found.cycles, found.count) == bins
    assert found.end >= end > found.end - found.cycles or first == end
