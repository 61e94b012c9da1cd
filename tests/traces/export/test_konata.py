"""Kanata logs to the byte: beside a writer that holds all rows at once and follows the rules one stage at a time."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

import pytest

from acortex.traces.enders import enders
from acortex.traces.endings import HandOver
from acortex.traces.export.konata import write
from acortex.traces.file import writer as writing
from acortex.traces.file.reader import Trace
from acortex.traces.rows import in_order

from ..conftest import MakeTrace, Rows

UNITS = ("host/in", "vmm/frame", "vmm/load", "buses/down", "neurons")
FOLLOWERS = ("vmm/frame", "buses/down")
"""Units that take no instructions, by the names that a trace without a table of hand-overs is known by."""


class Stage(NamedTuple):
    """An event or a wait, by what orders it: its start, unit, name (causes behind kinds), and place in the file."""

    start: int
    unit: int
    name: int
    place: int
    end: int
    pc: int
    inference: int

    @property
    def key(self) -> tuple[int, int]:
        return self.pc, self.inference


class Row(NamedTuple):
    """A row of a log: its stages, the one that began it first."""

    stages: list[Stage]

    @property
    def first(self) -> int:
        return min(stage.start for stage in self.stages)


def rows_of(stages: list[Stage]) -> list[Row]:
    """The rows of stages that are in order: of units that execute, then of followers that no row is there for."""
    rows: list[Row] = []
    latest: dict[int, Row] = {}
    followers = []
    for stage in stages:
        if UNITS[stage.unit] in FOLLOWERS:
            followers.append(stage)
        elif stage.unit in latest and latest[stage.unit].stages[0].key == stage.key:
            latest[stage.unit].stages.append(stage)
        else:
            latest[stage.unit] = Row([stage])
            rows.append(latest[stage.unit])
    begun = [(row.stages[0], row) for row in rows]
    for stage in followers:
        own = [(one.start, row) for one, row in begun if one.key == stage.key]
        before = [row for start, row in own if start <= stage.start]
        if own:
            (before[-1] if before else own[0][1]).stages.append(stage)
        else:
            rows.append(Row([stage]))
    return sorted(rows, key=lambda row: (row.first, *row.stages[0].key))


def log_of(trace: Trace) -> str:
    """The log of a trace without hand-overs."""
    header = trace.header
    names = [*(kind.name for kind in header.kinds), *(f"wait_{cause}" for cause in header.causes)]
    table = [(event.kind, event) for event in trace.events]
    table += [(len(header.kinds) + wait.cause, wait) for wait in trace.waits]
    stages = sorted(
        Stage(row.start, row.unit, name, place, row.start + row.duration, row.pc, row.inference)
        for place, (name, row) in enumerate(table)
    )
    lines: list[tuple[int, int, int, str, str]] = []  # cycle, order, row, text of the stage, line
    for number, row in enumerate(rows_of(stages)):
        begun = row.stages[0]
        known = 0 <= begun.pc < len(header.instructions)
        does = header.instructions[begun.pc] if known else names[begun.name]
        told = f"inference {begun.inference}, {UNITS[begun.unit]}"
        label = f"L\t{number}\t0\t{header.source(begun.pc)} {does}\nL\t{number}\t1\t{told}"
        lines.append((row.first, 1, number, "", f"I\t{number}\t{begun.pc}\t{max(begun.inference, 0)}"))
        lines.append((row.first, 2, number, "", label))
        lines.append((max(stage.end for stage in row.stages), 6, number, "", f"R\t{number}\t{number}\t0"))
        for stage in row.stages:
            text = f"{stage.unit}\t{names[stage.name]}"
            lines.append((stage.start, 3, number, text, f"S\t{number}\t{text}"))
            lines.append((stage.end, 4 if stage.end == stage.start else 0, number, text, f"E\t{number}\t{text}"))
    now, found = None, ["Kanata\t0004"]
    for cycle, *_, line in sorted(lines):
        if now is None:
            found.append(f"C=\t{cycle}")
        elif cycle > now:
            found.append(f"C\t{cycle - now}")
        now = cycle
        found.append(line)
    return "\n".join([*found, *(["C=\t0"] if now is None else [])]) + "\n"


def written(trace: Trace) -> str:
    path = Path(trace.path).with_suffix(".log")
    write(trace, path)
    return path.read_text(encoding="utf-8")


def drawn(seed: int, number: int) -> tuple[Rows, Rows]:
    """Events and waits of few instructions and inferences, in no order, some without a cycle."""
    rng = random.Random(seed)

    def row(names: int, *counted: int) -> tuple[int, ...]:
        when = rng.randrange(-3, 30), rng.randrange(4)
        return (*when, rng.randrange(5), rng.randrange(names), *counted, rng.randrange(-1, 3), 0, rng.randrange(-1, 2))

    return [(*row(5, 1), 0) for _ in range(number)], [row(3) for _ in range(number // 2)]


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize("seed", range(8))
def test_a_log_is_that_of_a_writer_that_holds_all_rows(
    make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch, seed: int, step: int
) -> None:
    monkeypatch.setattr(writing, "ROWS", 5)
    monkeypatch.setattr(in_order, "STEP", step)
    trace = make_trace(*drawn(seed, 30), units=UNITS, handovers=(), instructions=("start", "read d0", "halt"))
    assert written(trace) == log_of(trace)


@pytest.mark.parametrize("unit", range(5))
def test_one_stage_alone_is_a_row_whatever_its_unit(make_trace: MakeTrace, unit: int) -> None:
    trace = make_trace([(3, 0, unit, 1, 1, 0, 0, 0, 0)], units=UNITS, handovers=())
    assert written(trace) == log_of(trace)


def test_a_log_without_rows_begins_at_cycle_0(make_trace: MakeTrace) -> None:
    assert written(make_trace([], units=UNITS, handovers=())) == "Kanata\t0004\nC=\t0\n"


def test_a_log_of_a_part_says_so_in_its_first_row_alone(make_trace: MakeTrace) -> None:
    trace = make_trace([(at, 1, 0, 0, 1, at, 0, 0, 0) for at in range(3)], units=UNITS, handovers=())
    told = [line for line in written(trace.select(unit="host/in")).splitlines() if "incomplete" in line]
    assert told == ["L\t0\t1\tinference 0, host/in; this log is incomplete: only units host/in"]


def test_what_would_end_a_line_or_a_field_is_a_blank(make_trace: MakeTrace) -> None:
    trace = make_trace([(0, 1, 0, 0, 1, 0, 0, 0, 0)], lines=("a\tb.s:1",), instructions=("read\nd0; é",), handovers=())
    assert "L\t0\t0\ta b.s:1 read d0; é\n" in written(trace)


TABLE = (HandOver("*", "idle", "controller"), HandOver("neurons", "token", "vmm"))


def arrows(trace: Trace) -> list[tuple[int, str, str]]:
    """The cycle of each arrow, and the labels of the row that waited and of the one that ended it."""
    now, found, labels = 0, [], {}
    for command, *fields in (line.split("\t") for line in written(trace).splitlines()[1:]):
        if command in ("C=", "C"):
            now = int(fields[0]) + (now if command == "C" else 0)
        elif command == "L" and fields[1] == "0":
            labels[fields[0]] = f"{fields[2]} in row {fields[0]}"
        elif command == "W":
            assert fields[2] == "0"
            found.append((now, labels[fields[0]], labels[fields[1]]))
    return found


def test_an_arrow_leads_from_the_row_that_the_ending_event_stands_in(make_trace: MakeTrace) -> None:
    """The same instruction stands in two rows, with another between them: the wait was ended in the second."""
    lines = ("a.s:1", "a.s:2", "a.s:3")
    events = [
        (0, 2, 2, 2, 1, 0, 0, 0, 0),
        (2, 2, 2, 2, 1, 1, 0, 0, 0),
        (4, 2, 2, 2, 1, 0, 0, 0, 0),
        (6, 1, 3, 3, 1, 2, 0, 0, 0),
    ]
    waits = [(1, 1, 3, 1, 2, 0, 0), (5, 1, 3, 1, 2, 0, 0)]
    trace = make_trace(events, waits, lines=lines, handovers=TABLE, summary={"cycles": 7})
    wait, first, again = "a.s:3 wait_token in row 1", "a.s:1 frame in row 0", "a.s:1 frame in row 3"
    assert arrows(trace) == [(2, wait, first), (6, wait, again)]


def test_an_arrow_leads_from_where_the_ending_event_began_and_not_from_what_its_instruction_began_then(
    make_trace: MakeTrace,
) -> None:
    events = [(0, 2, 2, 2, 1, 0, 0, 0, 0), (2, 2, 3, 3, 1, 0, 0, 0, 0)]
    trace = make_trace(
        events, [(1, 1, 3, 1, 1, 0, 0)], lines=("a.s:1", "a.s:2"), handovers=TABLE, summary={"cycles": 4}
    )
    assert arrows(trace) == [(2, "a.s:2 wait_token in row 1", "a.s:1 frame in row 0")]


def test_waits_of_other_inferences_have_rows_and_arrows_of_their_own(make_trace: MakeTrace) -> None:
    events = [(0, 2, 2, 2, 1, 0, 0, at, 0) for at in (0, 1)]
    waits = [(0, 2, 3, 1, 1, 0, at) for at in (0, 1)]
    trace = make_trace(events, waits, lines=("a.s:1", "a.s:2"), handovers=TABLE, summary={"cycles": 2})
    found = arrows(trace)
    assert [cycle for cycle, _, _ in found] == [2, 2]
    assert len({waiting for _, waiting, _ in found}) == 2


def test_a_wait_that_its_own_instruction_ended_has_no_arrow(make_trace: MakeTrace) -> None:
    """The row of both is the last one that its instruction has begun by then."""
    events = [(0, 2, 2, 2, 1, 0, 0, 0, 0), (2, 1, 3, 3, 1, 0, 0, 0, 0)]
    trace = make_trace(events, [(0, 2, 3, 1, 0, 0, 0)], lines=("a.s:1",), handovers=TABLE, summary={"cycles": 3})
    assert len(enders(trace)) == 1
    assert arrows(trace) == []
