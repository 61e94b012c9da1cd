"""Codings of maps and steps of weights: what they must represent, and that searching gains what it should."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.programs.graph import Coding
from acortex.programs.quantise.calibration import EXACT_SUM, levels_of, worst_sums
from acortex.programs.quantise.codings import multipliers
from acortex.programs.quantise.ranges import (
    FRACTIONS,
    SAMPLES,
    SMALLEST_STEP,
    Samples,
    _estimates,
    _nearest,
    coding,
    of_range,
    weight_steps,
)


def seen(values):
    samples = Samples()
    samples.see(np.asarray(values, np.float32))
    return samples


def error(values, one):
    codes = np.clip(np.rint(values / one.scale) + one.zero, 0, 2**one.bits - 1)
    return np.square((codes - one.zero) * one.scale - values).mean()


@pytest.mark.parametrize("method", ["mse", "percentile", "minmax"])
def test_numbers_from_zero_on_have_the_zero_code_zero(method):
    assert coding(seen([0, 0.5, 3.0]), 4, method).zero == 0


def tried(low, high, bits):
    found = [of_range(low * f, high * f, bits) for f in FRACTIONS]
    if low < 0:
        found += [of_range(low * f, high, bits) for f in FRACTIONS[1::2]]
        found += [of_range(low, high * f, bits) for f in FRACTIONS[1::2]]
    return found


@given(
    st.integers(0, 10**6),
    st.integers(1, 3000),
    st.sampled_from(["normal", "positive", "far", "whole", "few"]),
    st.integers(2, 8),
    st.sampled_from([1.0, 1e-26, 1e30]),
)
def test_the_coding_of_least_error_is_the_one_found_by_looking_at_all(seed, count, kind, bits, unit):
    random = np.random.default_rng(seed)
    values = random.standard_normal(count)
    if kind == "positive":
        values = np.maximum(values, 0)
    elif kind == "far":
        values = values**5
    elif kind == "whole":  # codings without any error, and equal ones
        values = np.rint(values * 3)
    elif kind == "few":
        values = random.choice(values[:3], count)
    samples = seen(values * unit)
    if samples.high - samples.low < SMALLEST_STEP:
        return
    expected = min(tried(samples.low, samples.high, bits), key=lambda one: error(samples.values, one))
    assert coding(samples, bits) == expected


@given(st.integers(0, 10**6), st.integers(2, 300), st.integers(2, 5))
def test_errors_are_misjudged_by_less_than_is_said(seed, count, bits):
    values = seen(np.random.default_rng(seed).standard_normal(count) ** 3).values
    codings = tried(values.min(), values.max(), bits)
    estimates, slack = _estimates(values, codings)
    squares = sum(Fraction(value) ** 2 for value in values)
    off = [exact_error(values, one) - squares - Fraction(told) for one, told in zip(codings, estimates, strict=True)]
    assert 0 < max(map(abs, off)) <= slack / 2


def exact_error(values, one):
    codes = np.clip(np.rint(values / one.scale) + one.zero, 0, 2**one.bits - 1).astype(int).tolist()
    levels = [(code - one.zero) * Fraction(one.scale) for code in codes]
    return sum((level - Fraction(value)) ** 2 for level, value in zip(levels, values, strict=True))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_of_codings_with_equal_errors_the_first_is_taken(order):
    """Whole numbers up to 7 are exact in each of these."""
    exact = [Coding(1.0, 0, 4), Coding(0.5, 0, 4), Coding(1.0, 8, 4)]
    tried = [Coding(0.3, 0, 4), *(exact[place] for place in order), Coding(0.7, 2, 4)]
    values = np.array([0, 1, 3, 7, 7], np.float64)
    assert [error(values, one) for one in tried[1:4]] == [0, 0, 0]
    assert _nearest(values, tried) == exact[order[0]]


@pytest.mark.parametrize("seed", [20, 63, 70, 134])
def test_codings_that_differ_in_the_last_digits_of_their_errors_are_told_apart(seed):
    """Of these numbers the estimate alone would take the one that is a last digit off."""
    random = np.random.default_rng(seed)
    values = 0.1 * random.integers(-8, 8, random.integers(5, 60))
    exact, near = Coding(0.1, 8, 4), Coding(0.1 * (1 + 2.0**-52), 8, 4)
    assert _nearest(values, [near, exact]) == _nearest(values, [exact, near]) == exact


@pytest.mark.parametrize("method", ["mse", "percentile", "minmax"])
def test_negative_numbers_have_a_zero_code_between_the_ends(method):
    assert 0 < coding(seen(np.linspace(-1, 3, 100)), 4, method).zero < 15


@given(st.floats(-1e6, 0), st.floats(0, 1e6), st.integers(2, 8))
def test_the_codes_of_a_range_reach_both_ends(low, high, bits):
    one = of_range(low, high, bits)
    slack = 1e-6 * one.scale
    assert -one.zero * one.scale <= low + slack
    assert (2**bits - 1 - one.zero) * one.scale >= high - slack


def test_searching_for_the_least_error_beats_the_full_range():
    values = np.random.default_rng(0).standard_normal(4000)
    assert error(values, coding(seen(values), 4)) < 0.7 * error(values, coding(seen(values), 4, "minmax"))


def test_a_percentile_leaves_an_outlier_out():
    values = np.append(np.linspace(0, 1, 2000), 100)
    assert coding(seen(values), 4, "percentile").scale < 0.1 < coding(seen(values), 4, "minmax").scale


def test_an_image_of_zeros_has_a_coding():
    assert coding(seen(np.zeros(10)), 4) == Coding(1.0, 0, 4)


def test_weights_of_each_channel_have_a_step_of_their_own():
    weights = np.random.default_rng(0).standard_normal((50, 2)) * [1, 100]
    steps = weight_steps(weights, 4)
    assert 50 < steps[1] / steps[0] < 200


def test_a_channel_without_weights_does_not_coarsen_the_others():
    weights = np.ones((4, 3)) * [0.01, 0, 0.02]
    assert weight_steps(weights, 4)[1] == weight_steps(weights, 4)[0]


def test_levels_are_symmetric():
    levels, _ = levels_of(np.random.default_rng(0).standard_normal((200, 5)).astype(np.float32), 4)
    assert (levels.min(), levels.max()) == (-7, 7)


def test_sums_stay_where_float32_is_exact():
    weights = np.full((40_000, 1), 1.0, np.float32)
    levels, steps = levels_of(weights, 8)
    assert worst_sums(levels, 8).max() < EXACT_SUM
    assert levels[0, 0] * steps[0] == pytest.approx(1.0, rel=0.5)


@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=5))
def test_multipliers_are_near_the_ratios_they_stand_for(ratios):
    factors, shift = multipliers(np.array(ratios))
    assert 1 <= factors.min() <= factors.max() <= 1 << 16
    near = np.abs(factors / 2.0**shift - ratios)
    assert (near <= np.maximum(0.5, 1) / 2.0**shift).all()


@pytest.mark.parametrize("channels", [1, 2, 4, 15, 16, 64, 96, 100])
def test_of_a_large_image_numbers_of_each_channel_are_seen(channels):
    image = np.zeros((2, 100, 100, channels)) + np.arange(1, channels + 1)
    found = seen(image)
    assert set(found.values.tolist()) == set(range(1, channels + 1))
    assert SAMPLES / 2 < found.values.size < 2 * SAMPLES


@pytest.mark.parametrize(("rows", "stride"), [(512, 1), (513, 2), (1024, 2), (1025, 3)])
def test_of_many_weights_some_from_first_to_last_say_which_step_is_best(rows, stride):
    weights = np.random.default_rng(rows).standard_normal((rows, 6)) * np.linspace(0.01, 1, rows)[:, None]
    weights[0] = 5
    assert weight_steps(weights, 4).tolist() == weight_steps(weights[::stride], 4).tolist()
    assert weight_steps(weights, 4).tolist() != weight_steps(weights[: rows // 2], 4).tolist()


@pytest.mark.parametrize("method", ["mse", "percentile", "minmax"])
def test_numbers_below_zero_alone_have_a_coding_that_reaches_zero(method):
    one = coding(seen(np.linspace(-3, -1, 100)), 4, method)
    assert one.zero == 14 and one.scale == pytest.approx(3 / 14, rel=0.2)


def test_of_several_images_the_ends_are_those_of_all():
    """The larger comes first, second, and in another set that joins it."""
    low, high = np.linspace(-2, 0.5, 9), np.linspace(-0.5, 3, 9)
    for parts in ((low, high), (high, low)):
        both, joined = seen(parts[0]), seen(parts[0])
        both.see(parts[1])
        joined.join(seen(parts[1]))
        for found in (both, joined):
            assert (found.low, found.high) == (-2, 3)
            assert found.values.tolist() == [*parts[0], *parts[1]]


@pytest.mark.parametrize("sign", [1, -1])
def test_an_end_that_few_numbers_reach_is_cut_without_the_other(sign):
    one = coding(seen(sign * np.append(np.linspace(-1, 0.2, 4000), 3)), 4)
    ends = sorted((-sign * one.zero * one.scale, sign * (15 - one.zero) * one.scale))
    assert ends[0] < -0.9 and ends[1] < 1.5
