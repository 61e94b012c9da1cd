"""Quantisers against exact fractions: rounding, saturation, and every activation function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.isa.arithmetic.quantisers import (
    ACTIVATE,
    EXACT,
    FRACTION,
    LARGEST_SHIFT,
    REACH,
    UNITY,
    Quantiser,
    hard_sigmoid,
    quantise,
    sigmoid,
    table,
)
from acortex.isa.operands import ACTIVATIONS
from acortex.isa.program import Constants

sums = st.lists(st.integers(-(1 << 23), 1 << 23), min_size=1, max_size=20)
registers = st.builds(
    Quantiser, st.integers(1, 1 << 16), st.integers(0, 40), st.integers(0, 15), st.integers(0, 3), st.integers(8, 255)
)
wide = Quantiser(1, 0, zero=128, high=255)
"""Shows a rounded sum from -128 to 127 as it is, 128 above."""


def code(number: int, q: Quantiser) -> int:
    """A rounded and activated number as a code."""
    return min(max(number + q.zero, q.low), q.high)


def one(value: int, q: Quantiser) -> int:
    """The code of one sum."""
    return int(quantise(np.array([value]), q)[0])


@given(sums, registers)
def test_sums_are_rounded_half_to_even_and_saturated(values: list[int], q: Quantiser) -> None:
    # `round` of a Fraction is exact, and goes to the even neighbour from a tie.
    expected = [code(round(Fraction(value * q.multiplier, 1 << q.shift)), q) for value in values]
    codes = quantise(np.array(values, dtype=np.float32), q)
    assert codes.dtype == np.uint8
    assert codes.tolist() == expected


@given(sums, registers, st.integers(1, 49))
def test_a_divisor_divides_exactly_before_the_rounding(values: list[int], q: Quantiser, divisor: int) -> None:
    expected = [code(round(Fraction(value * q.multiplier, (1 << q.shift) * divisor)), q) for value in values]
    assert quantise(np.array(values), q, np.array(divisor)).tolist() == expected


@given(
    st.lists(st.tuples(st.integers(-(1 << 24), 1 << 24), st.integers(-(1 << 31), 1 << 31), st.integers(1, 1 << 16)),
             min_size=1, max_size=20), registers
)  # fmt: skip
def test_tuned_neurons_have_an_offset_and_a_multiplier_each(rows: list[tuple[int, int, int]], q: Quantiser) -> None:
    tuned = replace(q, constants=Constants("c", np.array([row[1:] for row in rows])))
    expected = [code(round(Fraction((value + offset) * gain, 1 << q.shift)), q) for value, offset, gain in rows]
    sums = np.array([[row[0] for row in rows]] * 2, dtype=np.float32)
    assert quantise(sums, tuned).tolist() == [expected] * 2


@pytest.mark.parametrize(("value", "expected"), [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0), (-3, -2), (-5, -2), (-7, -4)])
def test_ties_go_to_the_even_neighbour(value: int, expected: int) -> None:
    assert one(value, replace(wide, shift=1)) == expected + 128


@pytest.mark.parametrize(("value", "expected"), [(1, 0), (3, 2), (5, 2), (-1, 0), (-3, -2), (-5, -2)])
def test_ties_of_a_divisor_go_to_the_even_neighbour(value: int, expected: int) -> None:
    assert int(quantise(np.array([value]), wide, np.array(2))[0]) == expected + 128


def test_each_sum_may_have_its_own_divisor() -> None:
    assert quantise(np.array([[12], [12]]), Quantiser(1, 0), np.array([[4], [6]])).tolist() == [[3], [2]]


@given(st.integers(-200, 200))
def test_relu_holds_negative_sums_at_the_zero_code(value: int) -> None:
    q = Quantiser(1, 0, zero=3, high=200, activation="relu")
    assert one(value, q) == min(max(value, 0) + 3, 200)


@given(st.integers(-120, 120), st.integers(0, UNITY))
def test_leaky_scales_negative_sums_by_the_gain(value: int, gain: int) -> None:
    q = replace(wide, activation="leaky", gain=gain)
    expected = value if value >= 0 else round(Fraction(value * gain, UNITY))
    assert one(value, q) == 128 + expected


@given(st.integers(-2000, 2000), st.integers(0, UNITY))
def test_hardswish_is_exact(value: int, gain: int) -> None:
    q = replace(wide, activation="hardswish", gain=gain)
    x = min(max(value, -REACH), REACH)
    bent = x * min(max(x + 3 * FRACTION, 0), 6 * FRACTION)
    assert one(value, q) == code(round(Fraction(bent * gain, UNITY * 6 * FRACTION)), q)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("sigmoid", lambda x: 1 / (1 + math.exp(-x))),
        ("tanh", math.tanh),
        ("hardsigmoid", lambda x: min(max(x / 6 + 0.5, 0), 1)),
    ],
)
@pytest.mark.parametrize("zero", [0, 8])
def test_curves_reach_from_the_zero_code_to_the_high_one(
    name: str, function: Callable[[float], float], zero: int
) -> None:
    q = Quantiser(1, 0, zero=zero, high=15, activation=name)
    xs = range(-2 * REACH, 2 * REACH, 7)
    # Ties of the straight line alone are exact in binary; the curves have none but at 0.
    expected = [code(round((15 - zero) * function(min(max(x, -REACH), REACH) / FRACTION)), q) for x in xs]
    assert quantise(np.array(xs), q).tolist() == expected


@pytest.mark.parametrize(
    ("name", "low", "middle", "high"), [("sigmoid", 0, 4, 8), ("tanh", 0, 0, 8), ("hardsigmoid", 0, 4, 8)]
)
def test_curves_saturate(name: str, low: int, middle: int, high: int) -> None:
    q = Quantiser(1, 0, high=8, activation=name)
    assert [one(x, q) for x in (-(1 << 20), 0, 1 << 20)] == [low, middle, high]


@pytest.mark.parametrize("function", [sigmoid, math.tanh])
@pytest.mark.parametrize("full", [*range(1, 17), 127, 128, 255])
def test_entries_of_tables_are_far_from_ties(function: Callable[[float], float], full: int) -> None:
    away = [
        abs(abs(full * function(x / FRACTION)) % 1 - 0.5)
        for x in range(-REACH, REACH + 1)
        if x  # 0 is an exact tie
    ]
    assert min(away) > 1e-9
    assert len(table(function, full)) == 2 * REACH + 1


@pytest.mark.parametrize("full", [1, 7, 15, 255])
def test_the_tie_of_a_sigmoid_at_zero_is_exact(full: int) -> None:
    assert table(sigmoid, full)[REACH] == round(Fraction(full, 2))


@pytest.mark.parametrize("full", [7, 8, 15, 255])
def test_the_table_of_hardsigmoid_is_that_of_its_fractions(full: int) -> None:
    exact = [
        round(full * min(max(Fraction(x, 6 * FRACTION) + Fraction(1, 2), Fraction(0)), Fraction(1)))
        for x in range(-REACH, REACH + 1)
    ]
    assert table(hard_sigmoid, full).tolist() == exact


def test_every_activation_of_an_operand_has_a_function() -> None:
    assert tuple(ACTIVATE) == ACTIVATIONS


# Where float32 ends to be exact

JUST_ABOVE_A_TIE = 200 * (1 << 17) + (1 << 16) + 1
"""Over 2^17 this is a little more than 200.5; a float32 does not hold it, and would make it the tie."""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([JUST_ABOVE_A_TIE], [201]),
        ([JUST_ABOVE_A_TIE - 1], [200]),  # the tie itself
        ([JUST_ABOVE_A_TIE, 0, -5], [201, 0, 0]),
    ],
)
def test_a_sum_that_a_float32_does_not_hold_is_rounded_exactly(values: list[int], expected: list[int]) -> None:
    assert quantise(np.array(values), Quantiser(1, 17, high=255)).tolist() == expected


def test_so_is_one_below_zero_beside_small_ones() -> None:
    q = Quantiser(1, 17, zero=255, high=255)
    assert quantise(np.array([-JUST_ABOVE_A_TIE, 1]), q).tolist() == [255 - 201, 255]


def test_so_is_a_small_sum_with_a_large_offset() -> None:
    tuned = Quantiser(1, 17, high=255, constants=Constants("c", np.array([[JUST_ABOVE_A_TIE, 1]])))
    assert quantise(np.array([[0]]), tuned).tolist() == [[201]]


def test_so_is_a_sum_that_a_float32_holds_with_an_offset_that_it_holds() -> None:
    half = JUST_ABOVE_A_TIE // 2
    assert half < 1 << 24 and JUST_ABOVE_A_TIE - half < 1 << 24
    tuned = Quantiser(1, 17, high=255, constants=Constants("c", np.array([[half, 1]])))
    assert quantise(np.array([[JUST_ABOVE_A_TIE - half]]), tuned).tolist() == [[201]]


@pytest.mark.parametrize(
    ("value", "multiplier", "expected"),
    [(2554, 57684, 141), (2766, 54021, 143), (1919, 18305, 33)],  # near a tie, at which float32 is
)
def test_so_is_a_small_sum_with_a_large_multiplier(value: int, multiplier: int, expected: int) -> None:
    assert round(Fraction(value * multiplier, 1 << 20)) == expected
    assert one(value, Quantiser(multiplier, 20, high=255)) == expected


def test_so_is_a_sum_that_only_its_offset_makes_large() -> None:
    offset = JUST_ABOVE_A_TIE // 2
    rest = JUST_ABOVE_A_TIE - offset
    assert max(offset, rest) < 1 << 24 < offset + rest
    tuned = Quantiser(1, 17, high=255, constants=Constants("c", np.array([[offset, 1]])))
    assert quantise(np.array([[rest]]), tuned).tolist() == [[201]]


def test_the_numbers_that_chips_and_compilers_share() -> None:
    assert (REACH, EXACT, LARGEST_SHIFT, UNITY) == (1024, 1 << 24, 48, 65536)
    assert (Quantiser(1, 0).high, Quantiser(1, 0).tuned, Quantiser(1, 0).zero) == (15, -1, 0)


def test_a_sum_that_is_not_whole_is_scaled_in_float64_whatever_the_others_are() -> None:
    just_above = 0.5 + 2.0**-40  # a float32 makes it the tie, which goes to 0
    assert quantise(np.array([[just_above, 3.0]]), Quantiser(1, 0), whole=False).tolist() == [[1, 3]]


@given(
    st.lists(st.integers(-(1 << 30), 1 << 30), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(-(1 << 28), 1 << 28), st.integers(1, 4)), min_size=8, max_size=8),
    st.integers(15, 24),
)
def test_large_sums_with_offsets_are_those_of_fractions(
    values: list[int], rows: list[tuple[int, int]], shift: int
) -> None:
    rows = rows[: len(values)]
    q = Quantiser(1, shift, zero=128, high=255, constants=Constants("c", np.array(rows)))
    expected = [
        code(round(Fraction((value + offset) * multiplier, 1 << shift)), q)
        for value, (offset, multiplier) in zip(values, rows, strict=True)
    ]
    assert quantise(np.array([values]), q).tolist() == [expected]
