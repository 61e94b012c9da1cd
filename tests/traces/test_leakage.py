"""Who pays for what no event pays for: leakage against a cycle-by-cycle count, and shares by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.traces.leakage import NONE, Interval, share_leakage, share_of_each, share_out


def of_owner(intervals: list[Interval], owner: int, cycles: int) -> Iterator[tuple[int, int, int]]:
    """Start, owner and end of each flight: what overlaps or touches is one."""
    flying = {
        cycle for name, start, end in intervals if name == owner for cycle in range(max(start, 0), min(end, cycles))
    }
    for start in flying:
        if start - 1 not in flying:
            yield start, owner, next(cycle for cycle in range(start, cycles + 1) if cycle not in flying)


def by_cycle(intervals: list[Interval], cycles: int, aj: int, idle: int | None) -> dict[int, int]:
    """The same rule, one cycle at a time."""
    owners = {owner for owner, _, _ in intervals}
    flights = sorted(flight for owner in owners for flight in of_owner(intervals, owner, cycles))
    paid: Counter[int] = Counter()
    for cycle in range(cycles):
        flying_now = [(start, owner) for start, owner, end in flights if start <= cycle < end]
        if flying_now:
            for _, owner in flying_now:
                paid[owner] += aj // len(flying_now)
            paid[flying_now[0][1]] += aj % len(flying_now)
        elif idle is not None:
            paid[idle] += aj
        else:
            later = [owner for start, owner, _ in flights if start > cycle]
            paid[later[0] if later else flights[-1][1] if flights else NONE] += aj
    return dict(paid)


INTERVALS = st.lists(st.tuples(st.integers(0, 4), st.integers(-4, 20), st.integers(-2, 20)), max_size=8)


@given(intervals=INTERVALS, cycles=st.integers(0, 20), aj=st.integers(0, 50), idle=st.sampled_from([None, NONE]))
def test_leakage_is_shared_as_if_cycle_by_cycle(
    intervals: list[Interval], cycles: int, aj: int, idle: int | None
) -> None:
    shared = share_leakage(intervals, cycles, aj, idle)
    assert {owner: paid for owner, paid in shared.items() if paid} == {
        owner: paid for owner, paid in by_cycle(intervals, cycles, aj, idle).items() if paid
    }


@given(intervals=INTERVALS, cycles=st.integers(0, 40), aj=st.integers(0, 10**6))
def test_all_leakage_is_paid(intervals: list[Interval], cycles: int, aj: int) -> None:
    assert sum(share_leakage(intervals, cycles, aj).values()) == cycles * aj


def test_the_oldest_in_flight_pays_what_does_not_divide() -> None:
    assert share_leakage([(0, 0, 10), (1, 5, 10)], 10, 101) == {0: 5 * 101 + 5 * 51, 1: 5 * 50}


def test_of_equally_old_ones_the_first_pays_the_rest() -> None:
    assert share_leakage([(7, 0, 1), (3, 0, 1)], 1, 5) == {3: 3, 7: 2}


def test_a_flight_that_goes_on_at_once_stays_the_oldest() -> None:
    assert share_leakage([(0, 0, 5), (1, 2, 10), (0, 5, 10)], 10, 3) == {0: 2 * 3 + 8 * 2, 1: 8 * 1}


def test_with_none_in_flight_the_next_pays_and_after_the_last_the_last() -> None:
    assert share_leakage([(0, 2, 3), (1, 5, 6)], 9, 10) == {0: 30, 1: 60}


def test_with_an_idle_owner_it_pays_for_cycles_with_none_in_flight() -> None:
    assert share_leakage([(0, 2, 3)], 9, 10, idle=NONE) == {NONE: 80, 0: 10}


def test_a_hundred_thousand_intervals_are_shared_in_linear_time() -> None:
    intervals = [(owner, 10 * owner, 10 * owner + 10_000) for owner in range(100_000)]
    start = process_time()
    shared = share_leakage(intervals, 1_100_000, 13_403_893)
    assert process_time() - start < 20  # about one second; with each interval against all others it would be hours
    assert sum(shared.values()) == 1_100_000 * 13_403_893


def test_without_owners_leakage_is_nobodys() -> None:
    assert share_leakage([], 9, 10) == {NONE: 90}
    assert (NONE, share_leakage([], 0, 10)) == (-1, {})


def test_set_up_before_cycle_0_is_not_shared() -> None:
    assert share_leakage([(0, -5, 2), (1, -3, 1)], 2, 9) == {0: 5 + 9, 1: 4}


# What belongs to no inference


@pytest.mark.parametrize(
    ("common", "owners", "each", "rest"), [([11, 8], 2, 5 + 4, 1), ([7, 8, 9], 4, 1 + 2 + 2, 3 + 0 + 1), ([], 3, 0, 0)]
)
def test_each_component_is_divided_and_the_rests_are_one_sum(
    common: list[int], owners: int, each: int, rest: int
) -> None:
    assert share_of_each(common, owners) == (each, rest)


def test_what_is_for_all_is_divided_and_the_first_inference_pays_the_rests() -> None:
    rows = {9: Counter(a=100), NONE: Counter(a=11, b=8), 4: Counter(b=200)}
    share_out(rows)
    assert rows == {4: {"a": 6, "b": 204}, 9: {"a": 105, "b": 4}}


def test_without_an_inference_it_stays_where_it_is_and_without_anything_common_nothing_changes() -> None:
    alone, apart = {NONE: Counter(a=5)}, {3: Counter(a=7)}
    share_out(alone)
    share_out(apart)
    assert (alone, apart) == ({NONE: {"a": 5}}, {3: {"a": 7}})
