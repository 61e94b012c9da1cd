"""Lanes never overlap and are as few as can be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from acortex.traces.export.lanes import lanes

Interval = tuple[int, int, int]
_intervals = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), st.integers(0, 2)), max_size=40)


@given(_intervals)
def test_a_lane_never_holds_two_events_at_once(intervals: list[Interval]) -> None:
    placed = _place(intervals)
    taken: set[tuple[int, int, int]] = set()
    for (start, duration, unit), lane in zip(intervals, placed, strict=True):
        cycles = {(unit, lane, cycle) for cycle in range(start, start + duration)}
        assert not cycles & taken
        taken |= cycles


@given(_intervals)
def test_there_are_no_more_lanes_than_events_at_once(intervals: list[Interval]) -> None:
    placed = _place(intervals)
    for one in {unit for _, _, unit in intervals}:
        mine = [(start, duration) for start, duration, unit in intervals if unit == one]
        # An event of no duration counts in the cycle in which it happens.
        at_once = max(sum(start <= cycle < start + max(duration, 1) for start, duration in mine) for cycle in range(50))
        assert max(lane for lane, (_, _, unit) in zip(placed, intervals, strict=True) if unit == one) < at_once


@given(_intervals)
def test_no_two_events_of_a_lane_begin_at_once(intervals: list[Interval]) -> None:
    placed = zip(intervals, _place(intervals), strict=True)
    begins = [(unit, lane, start) for (start, _, unit), lane in placed]
    assert len(set(begins)) == len(begins)


def _place(intervals: list[Interval]) -> list[int]:
    start, duration, unit = np.array(intervals, dtype=np.int64).reshape(-1, 3).T
    placed: list[int] = lanes(start, duration, unit).tolist()
    return placed


def test_the_order_of_rows_does_not_matter() -> None:
    start, duration, unit = np.array([0, 2, 1]), np.array([5, 5, 5]), np.array([0, 0, 0])
    assert lanes(start, duration, unit).tolist() == [0, 2, 1]
    assert lanes(start[::-1], duration[::-1], unit).tolist() == [1, 2, 0]


def test_of_events_that_begin_at_once_the_longer_are_lower_and_of_equal_ones_the_first() -> None:
    start, duration, unit = np.zeros(4, np.int64), np.array([2, 9, 5, 5]), np.zeros(4, np.int64)
    assert lanes(start, duration, unit).tolist() == [3, 0, 1, 2]


def test_events_that_touch_share_a_lane_and_one_of_no_duration_takes_a_cycle() -> None:
    start, duration, unit = np.array([0, 5, 10, 10, 11]), np.array([5, 5, 0, 0, 1]), np.zeros(5, np.int64)
    assert lanes(start, duration, unit).tolist() == [0, 0, 0, 1, 0]
    assert lanes(start, duration, unit).dtype == np.int64
