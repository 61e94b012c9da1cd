"""The rows of a page: what is packed is what the trace has, by unit and time."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.tools.report.packing import unpacked
from acortex.tools.report.timeline import Timeline, timeline
from acortex.traces.critical import critical_path
from acortex.traces.endings import HandOver
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.file.schema import EventKind, TraceHeader
from acortex.traces.file.writer import TraceWriter

HEADER = TraceHeader(
    "p", "a", "c", "b", {}, 1.0, ("boss", "mill", "idler", "bakery"),
    (EventKind("issue", "things", "", ""), EventKind("grind", "sacks", "", ""), EventKind("bake", "loaves", "", "")),
    ("flour", "oven"), ("-", "day"), ("a.s:1", "a.s:2"),
    handovers=(HandOver("*", "idle", "boss"), HandOver("bakery", "flour", "mill")),
)  # fmt: skip
EVENTS = (
    # start, duration, unit, kind, count, pc, layer, inference, energy
    (0, 1, 0, 0, 1, 0, 0, -1, 0),
    (1, 1, 0, 0, 1, 1, 0, -1, 0),
    (9, 3, 1, 1, 4, 0, 1, 0, 400),
    (2, 5, 1, 1, 2, 0, 1, 0, 210),
    (12, 4, 3, 2, 0, 1, 1, 0, 5),
    (20, 1, 3, 2, 3, 1, 1, 0, 91),
)
WAITS = ((3, 9, 3, 0, 1, 1, 0), (16, 4, 3, 1, 1, 1, 0), (16, 0, 3, 1, 1, 1, 0))
"""The bakery waits for flour until the second sack is ground, then for the oven, which nothing explains."""


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    writer = TraceWriter(tmp_path / "run.actrace", HEADER)
    for row in EVENTS:
        writer.emit(*row)
    for wait in WAITS:
        writer.wait(*wait)
    writer.finish({"cycles": 21})
    return open_trace(tmp_path / "run.actrace")


def columns(made: Timeline) -> dict[str, list[int]]:
    return {name: values.tolist() for name, values in unpacked(made.rows.plain(), made.rows.text).items()}


def nothing(done: int, whole: int) -> None:
    """Shows no progress."""


def test_rows_come_back_by_unit_and_start_with_gaps_between_them(trace: Trace) -> None:
    made = timeline(trace, None, nothing)
    found = columns(made)
    assert made.first == [0, 2, 4, 4, 9]
    assert found["duration"] == found["span"] == [1, 1, 5, 3, 9, 4, 0, 4, 1]
    assert found["gap"] == [0, 0, 2, 2, 3, 0, 0, 0, 0]  # the second row of the bakery begins as its wait ends
    assert found["code"] == [0, 0, 1, 1, 3, 2, 4, 4, 2]  # causes stand behind the three kinds
    assert found["count"] == [1, 1, 2, 4, 0, 0, 0, 0, 3]
    assert (found["pc"], found["layer"]) == ([0, 1, 0, 0, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1, 1, 1, 1])


def test_energy_is_what_is_beyond_the_price_of_a_count(trace: Trace) -> None:
    """The first sack was ground at 105 aJ each, so the second is 20 too cheap; loaves take 30, and one is left over."""
    made = timeline(trace, None, nothing)
    assert made.prices == [0, 105, 30]
    assert columns(made)["energy"] == [0, 0, 0, 400 - 4 * 105, 0, 5, 0, 0, 1]


def test_only_a_wait_that_another_unit_ended_has_an_ender(trace: Trace) -> None:
    made = timeline(trace, None, nothing)
    assert made.enders == [(-1, -1, ""), (1, 0, "ended")]
    assert columns(made)["ended_by"] == [0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_a_part_of_a_run_says_nothing_of_enders_and_executions(trace: Trace) -> None:
    made = timeline(trace.select(unit="bakery"), None, nothing)
    assert (made.enders, made.issued, made.first) == ([(-1, -1, "")], None, [0, 0, 0, 0, 5])
    assert not {"execution", "ended_by"} & set(columns(made))


def test_progress_is_told_of_waits_that_took_a_cycle(trace: Trace) -> None:
    found: list[tuple[int, int]] = []
    timeline(trace, None, lambda done, whole: found.append((done, whole)))
    assert found == [(0, 2), (1, 2)]


def test_a_path_has_its_segments_in_numbers(trace: Trace) -> None:
    path = critical_path(trace)
    made = timeline(trace, path, nothing)
    assert made.path is not None
    found = {name: values.tolist() for name, values in unpacked(made.path.plain(), made.path.text).items()}
    names = ["issue", "grind", "bake", "flour", "oven", "idle"]  # the last for -1, what is no kind and no cause
    numbers = zip(found["duration"], found["unit"], found["what"], found["name"], found["pc"], strict=True)
    told = [(length, HEADER.units[unit], made.whats[what], names[at], pc) for length, unit, what, at, pc in numbers]
    assert told == [(one.end - one.start, one.unit, one.what, one.name, one.pc) for one in path]
    assert (sum(found["duration"]), len(set(made.whats))) == (21, len(made.whats))
