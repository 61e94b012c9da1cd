"""A record of what was simulated and what came again, held to an expansion row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.sim.timing.record import Copy, Entry, Piece, Record, Repeat
from acortex.sim.timing.tally import row_of


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record with a log of rows whose start is ten times their number; copies may have longer waits."""
    found = Record([])
    for number in range(draw(st.integers(0, 8))):
        begin = found.rows
        if number == 0 or draw(st.booleans()):
            size = draw(st.integers(0, 3))
            for row in range(begin, begin + size):
                found.log.rows += row_of(10 * row, 1, 1, 1, 0)
            found.entries.append(Piece(begin, begin + size, draw(st.integers(0, 5))))
            continue
        last = draw(st.integers(1, number))
        first = draw(st.integers(0, last - 1))
        times, period = draw(st.integers(1, 3)), draw(st.integers(0, 1000))
        if draw(st.booleans()):
            found.entries.append(Repeat(first, last, times, period))
        else:
            rows = [row for row, _ in expanded(found, first, last)]
            chosen = draw(st.lists(st.sampled_from(rows), unique=True, max_size=2)) if rows else []
            longer = tuple((row, 1 + row) for row in chosen)
            once = {} if longer else {"times": times, "period": period}
            found.entries.append(Copy(first, last, draw(st.integers(0, 500)), 1, longer, **once))
    return found


def expanded(record: Record, first: int, last: int) -> list[tuple[int, int]]:
    """The rows that came within entries, one after the other, and when each began."""
    found: list[tuple[int, int]] = []
    for one in record.entries[first:last]:
        if isinstance(one, Piece):
            found += [(row, 10 * row + one.offset) for row in range(one.begin, one.end)]
        else:
            found += again(record, one)
    return found


def again(record: Record, one: Entry) -> list[tuple[int, int]]:
    """The rows that came again by a repeat or a copy."""
    assert isinstance(one, (Repeat, Copy))
    begin = one.period if isinstance(one, Repeat) else one.cycles
    inner = expanded(record, one.first, one.last)
    return [(row, start + begin + time * one.period) for time in range(one.times) for row, start in inner]


@given(records(), st.integers(1, 3))
def test_rows_begin_when_they_came(record: Record, every: int) -> None:
    """Of all rows of the log, or of each second or third."""
    rows = np.arange(0, record.rows, every)
    expected = [start for row, start in expanded(record, 0, len(record.entries)) if row % every == 0]
    assert record.begins(rows, 10 * rows, record.ranges()).tolist() == expected


@given(records(), st.data())
def test_a_longer_wait_stands_where_its_row_first_came_in_the_copy(record: Record, data: Any) -> None:
    first = data.draw(st.integers(0, len(record.entries)))
    expected = []
    for number, one in enumerate(record.entries[first:], first):
        if isinstance(one, Copy):
            before = len(expanded(record, first, number))
            came = [row for row, _ in expanded(record, one.first, one.last)]
            expected += [(before + came.index(row), more) for row, more in one.longer]
    assert record.longer_places(first, len(record.entries)) == expected


def test_a_wait_is_found_through_many_copies_of_copies() -> None:
    """Each of them is looked through once: another row came 2^37 times before."""
    record = Record([])
    for row in range(2):
        record.log.rows += row_of(10 * row, 1, 1, 1, 0)
    record.entries += [Piece(0, 1, 0), Piece(1, 2, 0)]
    record.entries += [Copy(0, 1, 0, 0), *(Copy(2, number, 0, 0) for number in range(3, 40))]
    record.entries += [Copy(1, 2, 0, 0), Copy(2, 41, 0, 0, ((1, 5),))]
    assert record.longer_places(41, 42) == [(1 << 37, 5)]


@pytest.mark.parametrize("rows", [1, 3])
def test_a_table_has_the_rows_that_the_log_has_when_it_is_asked_for(rows: int) -> None:
    record = Record([])
    record.log.enter(4, (0, 0, 0, 7))
    for row in range(rows):
        record.log.rows += row_of(10 * row, 2, 3, 4, 0)
        assert len(record.table().start) == row + 1
    assert [column[-1] for column in record.table()] == [10 * (rows - 1), 2, 3, 4, 4, 7]
    record.clear()
    assert len(record.table().start) == 0
