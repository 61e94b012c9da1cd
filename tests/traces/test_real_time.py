"""Times are rounded once from the exact product, and keep every cycle apart."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.traces.file.validation import TraceError
from acortex.traces.rows.real_time import real_times, unit_of

_CLOCKS = ["1.785", "0.1", "1", "0.5", "0.7", "0.001", "0.0015", "0.3333333333333333"]


@given(st.lists(st.integers(-(2**62), 2**62) | st.integers(-1000, 1000)), st.sampled_from(_CLOCKS))
def test_times_are_the_exact_product_rounded_half_up(cycles: list[int], clock: str) -> None:
    clock_ns = Fraction(clock)
    unit = unit_of(clock_ns)
    expected = [int((cycle * clock_ns * unit.per_ns + Fraction(1, 2)) // 1) for cycle in cycles]
    fitting = [(cycle, time) for cycle, time in zip(cycles, expected, strict=True) if abs(time) < 2**63]
    found = real_times(np.array([cycle for cycle, _ in fitting], dtype=np.int64), clock_ns)
    assert found.tolist() == [time for _, time in fitting]


@given(st.integers(-(10**9), 10**9), st.fractions(Fraction("0.001"), 100))
def test_every_cycle_has_a_length_at_any_clock(cycle: int, clock_ns: Fraction) -> None:
    begin, end = real_times(np.array([cycle, cycle + 1]), clock_ns).tolist()
    assert begin < end


@pytest.mark.parametrize(
    ("clock", "unit"),
    [("1.785", "ns"), ("1", "ns"), ("0.7", "ps"), ("0.001", "ps"), ("0.0015", "fs"), ("0.3333333333333333", "fs")],
)
def test_a_unit_of_time_is_as_fine_as_a_cycle_needs(clock: str, unit: str) -> None:
    assert unit_of(Fraction(clock)).name == unit


def test_a_time_that_no_format_has_is_refused_in_its_unit() -> None:
    with pytest.raises(TraceError, match="has cycle 4611686018427387904, and so times of 2\\^63 ps or more"):
        real_times(np.array([2**62]), Fraction("0.7"))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_last_time_that_64_bits_hold_is_given_and_the_next_refused(sign: int) -> None:
    """Of a clock of 2 ns 2^62 cycles are 2^63 ns."""
    assert real_times(np.array([sign * (2**62 - 1)]), Fraction(2)).tolist() == [sign * (2**63 - 2)]
    for some in ([sign * 2**62], [0, sign * 2**62]):
        with pytest.raises(TraceError, match=r"has cycle 4611686018427387904, and so times of 2\^63 ns or more"):
            real_times(np.array(some), Fraction(2))


@pytest.mark.parametrize("more", [-1, 0, 1, 2])
def test_halves_are_rounded_up_where_products_just_fit_64_bits_and_where_they_do_not(more: int) -> None:
    """Of a clock of 3/2 ns it takes 6 n + 2 for the rounded product of n: too much for 64 bits behind 2^63 / 6."""
    cycle = (2**63 - 2) // 6 + more
    assert real_times(np.array([cycle]), Fraction("1.5")).tolist() == [(3 * cycle + 1) // 2]


def test_of_no_cycles_there_are_no_times() -> None:
    assert real_times(np.array([], dtype=np.int64), Fraction("1.5")).tolist() == []


def test_units_of_time_are_thousandths_of_each_other() -> None:
    assert [unit_of(Fraction(clock)).per_ns for clock in ("1", "0.5", "0.0005")] == [1, 1000, 1_000_000]


@pytest.mark.parametrize(("cycle", "ns"), [(0, 0), (100, 179), (200, 357), (1_000_000_000, 1_785_000_000)])
def test_the_published_clock(cycle: int, ns: int) -> None:
    assert real_times(np.array([cycle]), Fraction("1.785")).tolist() == [ns]
