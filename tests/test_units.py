"""Numbers of one unit as numbers of another, and as people read them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.units import PREFIXES, cycles_of, exact, fixed, joules, percent, picojoules, scaled, seconds_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 J"),
        (4.12e-10, "412 pJ"),
        (1.785e-9, "1.78 nJ"),
        (-2.5e-6, "-2.50 uJ"),
        (0.9999, "1.00 J"),
        (999.9e-12, "1.00 nJ"),
        (1e-18, "1.00 aJ"),
        (5e-20, "0.0500 aJ"),
        (3e17, "300 PJ"),
        (float("inf"), "inf J"),
    ],
)
def test_a_quantity_takes_the_prefix_that_leaves_three_digits(value: float, text: str) -> None:
    assert scaled(value, "J") == text


@given(st.floats(min_value=1e-18, max_value=1e17))
def test_a_scaled_quantity_reads_back_within_its_digits(value: float) -> None:
    number, unit = scaled(value, "J").split()
    powers = {prefix: power for power, prefix in PREFIXES.items()}
    assert 1 <= float(number) < 1000
    assert float(number) * 10.0 ** powers[unit[:-1]] == pytest.approx(
        value, rel=5.001e-3
    )  # half of the last of three digits


def test_a_share_of_nothing_is_zero() -> None:
    assert percent(0, 0) == "0.0 %"
    assert percent(1, 3) == "33.3 %"


def test_amounts_show_a_fraction_only_where_they_have_one() -> None:
    assert fixed(50176.0) == "50,176"
    assert fixed(37.25) == "37.2"


def test_a_number_that_was_written_in_decimal_is_taken_as_it_was_written() -> None:
    assert exact(1.785) == Fraction(357, 200)


@pytest.mark.parametrize(("ns", "cycles"), [(0, 0), (1, 1), (Decimal("1.785"), 1), (Decimal("21.42"), 12), (32, 18)])
def test_a_delay_becomes_whole_cycles_rounded_up(ns: Decimal | int, cycles: int) -> None:
    assert cycles_of(ns, Decimal("1.785")) == cycles
    assert cycles_of(ns, exact(1.785)) == cycles


def test_a_negative_delay_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a delay cannot be negative: -1 ns$"):
        cycles_of(-1, 1)


def test_cycles_and_attojoules_are_rounded_once() -> None:
    assert seconds_of(1000, exact(1.785)) == 1.785e-6
    assert joules(3 * 10**18 + 1) == 3.0
    assert picojoules(1_500_000) == 1.5
