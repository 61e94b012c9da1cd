"""What a unit did just before a cycle, found among all rows of a trace."""

from __future__ import annotations

import pytest

from acortex.traces.rows.by_time import Row
from acortex.traces.rows.by_time import Rows as ByTime

from ..conftest import MakeTrace

LOAD = "vmm.load"

EVENTS = [
    (2, 3, 1, 1, 4, 1, 1, 0, 8_012),
    (10, 2, 1, 1, 4, 1, 1, 1, 8_012),
    (5, 5, 2, 2, 4, 2, 1, 0, 2_000_036),
]
"""Two loads, in cycles 2 to 4 and 10 to 11, and the frame between them; as (start, duration, unit, kind, …)."""

WAITS = [(6, 4, 1, 0, 1, 1, 1)]
"""The load waits in cycles 6 to 9."""


@pytest.fixture
def rows(make_trace: MakeTrace) -> ByTime:
    return ByTime(make_trace(EVENTS, WAITS))


FIRST = Row(LOAD, 2, 5, True, "latch_load", 1, 1, 0)
WAIT = Row(LOAD, 6, 10, False, "bus taken", 1, 1, 1)
SECOND = Row(LOAD, 10, 12, True, "latch_load", 1, 1, 1)


@pytest.mark.parametrize(
    ("cycle", "row"),
    [(2, None), (3, FIRST), (5, FIRST), (6, None), (7, WAIT), (10, WAIT), (11, SECOND), (12, SECOND), (13, None)],
)
def test_before_is_what_the_unit_did_in_the_cycle_before(rows: ByTime, cycle: int, row: Row | None) -> None:
    assert rows.before(LOAD, cycle) == row


@pytest.mark.parametrize(("cycle", "row"), [(4, None), (5, FIRST), (10, None), (12, SECOND)])
def test_only_an_event_ends(rows: ByTime, cycle: int, row: Row | None) -> None:
    assert rows.ended(LOAD, cycle) == row


@pytest.mark.parametrize(("cycle", "row"), [(2, FIRST), (3, None), (6, WAIT), (10, SECOND), (11, None)])
def test_a_wait_starts_as_an_event_does(rows: ByTime, cycle: int, row: Row | None) -> None:
    assert rows.started(LOAD, cycle) == row


@pytest.mark.parametrize(("cycle", "since"), [(0, 0), (2, 0), (4, 4), (6, 5), (11, 11), (20, 12)])
def test_a_unit_is_idle_since_the_end_of_its_last_row(rows: ByTime, cycle: int, since: int) -> None:
    assert rows.idle_since(LOAD, cycle) == since


def test_a_unit_without_rows_or_without_a_name_did_nothing(rows: ByTime) -> None:
    for unit in ("neurons", "nowhere"):
        assert (rows.before(unit, 9), rows.ended(unit, 9), rows.started(unit, 9)) == (None, None, None)
        assert rows.idle_since(unit, 9) == 0


def test_the_last_unit_is_that_whose_last_row_ends_last(rows: ByTime, make_trace: MakeTrace) -> None:
    assert rows.last_unit() == LOAD
    # Of two that end together, the one with an event set the length of the run.
    waits = [*WAITS, (11, 1, 0, 1, 0, 1, 1)]
    assert ByTime(make_trace(EVENTS, waits, name="other")).last_unit() == LOAD


def test_an_instruction_has_the_units_that_had_events_for_it(rows: ByTime) -> None:
    assert (rows.agents_of(1), rows.agents_of(2), rows.agents_of(3)) == ([LOAD], ["vmm"], [])


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (0, 100, [SECOND, WAIT, FIRST]),
        (4, 10, [WAIT, FIRST]),
        (5, 10, [WAIT]),
        (9, 11, [SECOND, WAIT]),
        (10, 11, [SECOND]),
        (2, 3, [FIRST]),
        (0, 2, []),
        (5, 6, []),
        (12, 50, []),
    ],
)
def test_within_some_cycles_are_the_rows_that_lie_in_them_last_first(
    rows: ByTime, start: int, end: int, found: list[Row]
) -> None:
    assert list(rows.within(LOAD, start, end)) == found


def test_no_row_of_the_unit_before_it_is_within(rows: ByTime) -> None:
    """The frame's unit has its rows behind those of the load, which end later."""
    assert [row.unit for row in rows.within("vmm", 0, 100)] == ["vmm"]


@pytest.mark.parametrize(("end", "unit"), [(3, LOAD), (6, "vmm"), (9, "vmm"), (10, "vmm"), (11, LOAD), (12, LOAD)])
def test_up_to_a_cycle_the_last_unit_is_found_by_what_had_begun(rows: ByTime, end: int, unit: str) -> None:
    """Up to cycle 9 the wait of the load and the frame last, and the frame is an event."""
    assert rows.last_unit(end) == unit


def test_of_equal_ends_that_of_the_first_unit_counts_and_without_rows_there_is_none_to_choose(
    make_trace: MakeTrace,
) -> None:
    both = [(0, 5, 3, 3, 1, 0, 0, 0, 0), (0, 5, 2, 2, 1, 0, 0, 0, 0)]
    assert ByTime(make_trace(both)).last_unit() == "vmm"
    assert ByTime(make_trace([], name="empty")).last_unit() == "main_memory.read"
    assert ByTime(make_trace([], name="none", units=())).last_unit() == "-"
    assert ByTime(make_trace([], [(0, 1, 1, 0, 0, 0, 0)], name="waits")).last_unit() == LOAD
    apart = [(0, 5, 1, 1, 1, 0, 0, 0, 0), (0, 9, 2, 2, 1, 0, 0, 0, 0)]
    assert ByTime(make_trace(apart, name="apart")).last_unit() == "vmm"
    assert ByTime(make_trace([(2**61, 2, 4, 4, 1, 0, 0, 0, 0)], name="late")).last_unit() == "main_memory.write"


def test_a_wait_is_no_work_for_an_instruction(make_trace: MakeTrace) -> None:
    rows = ByTime(make_trace([(0, 1, 0, 0, 1, 2, 0, 0, 0)], [(0, 5, 1, 0, 2, 0, 0)]))
    assert rows.agents_of(2) == ["main_memory.read"]


def test_of_rows_that_begin_together_the_longest_is_what_was_done_last(make_trace: MakeTrace) -> None:
    events = [(0, 3, 1, 1, 1, 0, 0, 0, 0), (0, 9, 1, 1, 1, 1, 0, 0, 0), (0, 6, 1, 1, 1, 2, 0, 0, 0)]
    found = ByTime(make_trace(events)).before(LOAD, 2)
    assert found is not None and (found.end, found.pc) == (9, 1)


def test_a_row_starts_in_its_cycle_though_another_starts_in_the_next(make_trace: MakeTrace) -> None:
    found = ByTime(make_trace([(at, 1, 1, 1, 1, at, 0, 0, 0) for at in range(3)]))
    assert [row.pc for at in range(3) if (row := found.started(LOAD, at))] == [0, 1, 2]
