"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.tools.units import PREFIXES, fixed, percent, scaled


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
