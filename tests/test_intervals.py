"""Unions of intervals cover each cycle once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from acortex.intervals import covered, joined

SPANS = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)))


def test_intervals_that_overlap_or_touch_are_one() -> None:
    assert joined([(5, 7), (0, 2), (1, 3), (3, 4)]) == [(0, 4), (5, 7)]
    assert joined([(0, 9), (1, 2), (9, 9)]) == [(0, 9)]
    assert joined([]) == []


def test_an_interval_without_a_cycle_is_left_out() -> None:
    assert joined([(3, 3)]) == []
    assert joined([(0, 1), (3, 3), (5, 6)]) == [(0, 1), (5, 6)]


@given(SPANS)
def test_the_same_cycles_are_covered_each_once(spans: list[tuple[int, int]]) -> None:
    cycles = {cycle for start, end in spans for cycle in range(start, end)}
    found = joined(spans)
    assert [cycle for start, end in found for cycle in range(start, end)] == sorted(cycles)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert covered(spans, since=-20) == len(cycles)
    assert covered(spans) == len([cycle for cycle in cycles if cycle >= 0])


def test_large_cycles_are_exact() -> None:
    assert covered([(0, 10**18), (10**18 + 1, 10**18 + 3)]) == 10**18 + 2
