"""Rows in the order of their starts: numbered as they lie in the tables, and given in windows of rising starts."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.traces.file import writer as writing
from acortex.traces.file.reader import Trace
from acortex.traces.rows import in_order as module
from acortex.traces.rows.in_order import in_order

from ..conftest import MakeTrace


def windows(trace: Trace) -> list[tuple[int | None, list[tuple[int, int]]]]:
    """The cycle before which each window's rows start, and the number and start of each row."""
    found = []
    for limit, rows in in_order((trace.events, trace.waits), lambda chunk: {"start": chunk["start"]}):
        found.append((limit, list(zip(rows["row"].tolist(), rows["start"].tolist(), strict=True))))
    return found


def event(start: int) -> tuple[int, ...]:
    return (start, 1, 0, 0, 1, 0, 0, 0, 0)


def test_events_and_waits_of_one_cycle_are_numbered_in_the_order_of_the_tables(make_trace: MakeTrace) -> None:
    assert windows(make_trace([event(0), event(4)], [(0, 2, 1, 0, 0, 0, 0)])) == [(None, [(0, 0), (1, 4), (2, 0)])]


def test_of_no_rows_there_is_no_window(make_trace: MakeTrace) -> None:
    assert windows(make_trace([])) == []


@pytest.fixture
def blocks(make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> Any:
    """blocks(starts): a trace whose blocks have two rows."""
    monkeypatch.setattr(writing, "ROWS", 2)
    monkeypatch.setattr(module, "STEP", 2)
    return lambda *starts: make_trace([event(start) for start in starts])


def test_rows_are_given_once_no_block_can_begin_before_them(blocks: Any) -> None:
    """Three blocks, which begin in cycles 0, 5 and 3: before that of cycle 5 is read, what starts before 5 is told."""
    assert windows(blocks(0, 1, 5, 9, 3, 4)) == [(3, [(0, 0), (1, 1)]), (5, [(4, 3), (5, 4)]), (None, [(2, 5), (3, 9)])]


def test_a_row_that_starts_as_the_next_block_begins_is_not_given_before_it(blocks: Any) -> None:
    assert windows(blocks(0, 5, 5, 6)) == [(5, [(0, 0)]), (None, [(1, 5), (2, 5), (3, 6)])]
