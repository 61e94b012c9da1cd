"""Converters with errors: what the quantiser then makes of sums, the shape of INL, ranges, and trims."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import Quantiser, quantise
from acortex.isa.program import Constants
from acortex.sim.analog.converters import (
    TrimCost,
    bow,
    capacitor_inl,
    choose_range,
    clip_range,
    code_worth,
    dac,
    measured_sigma,
    ramp,
    trim_cost,
    trim_gain,
    trim_offset,
)

Floats = NDArray[np.floating[Any]]

SUMS = np.arange(-400, 400, dtype=np.float32).reshape(1, -1)
QUANTISER = Quantiser(3, 7, zero=5)
WORTH = code_worth(3, 7)


def test_without_errors_sums_stay_bit_for_bit() -> None:
    sums = np.array([[-0.0, 0.1, 7.5]], np.float32)
    nothing = np.zeros((1, 3), np.float32)
    assert ramp(sums, WORTH).tobytes() == sums.tobytes()
    assert ramp(sums, WORTH, gain=nothing + 1, offset=nothing, inl=nothing).tobytes() == sums.tobytes()
    assert dac(np.arange(16)).tolist() == list(range(16))
    assert dac(np.arange(16), np.ones(16), np.zeros(16)).tolist() == list(range(16))


def test_an_offset_of_whole_codes_moves_every_code_by_it() -> None:
    # A code is worth 32 of the sum, a whole number: an even offset leaves ties as they are.
    quantiser, worth = Quantiser(4, 7, zero=5), code_worth(4, 7)
    for offset in (-2, 2, 4):
        found = quantise(ramp(SUMS, worth, offset=float(offset)), quantiser)
        assert np.array_equal(found, np.clip(np.rint(SUMS / 32) + offset + 5, 0, 15))


def test_codes_are_those_of_gain_offset_and_inl_written_out() -> None:
    gain, offset, peak = 1.03, 0.4, 0.6
    code = SUMS.astype(float) * 3 / 128
    share = (code + 5) / 15
    inside = (share > 0) & (share < 1)
    wanted = gain * code + offset + np.where(inside, 4 * peak * share * (1 - share), 0)
    sums = ramp(SUMS.astype(float), WORTH, gain=gain, offset=offset, inl=peak, low=-5, high=10)
    assert sums * 3 / 128 == pytest.approx(wanted, abs=1e-9)
    assert np.array_equal(quantise(sums, QUANTISER), np.clip(np.rint(wanted) + 5, 0, 15))


def test_a_tuned_quantiser_is_scaled_about_its_own_zero() -> None:
    values = np.array([[100, 3], [-60, 5]])
    tuned = Quantiser(1, 7, zero=5, constants=Constants("c", values))
    sums = np.array([[40.0, 200.0], [-90.0, 30.0]])
    constant, worth = values[:, 0], code_worth(values[:, 1], 7)
    code = (sums + constant) / worth
    share = np.clip((code + 5) / 15, 0, 1)
    wanted = 0.9 * code + 0.25 + 4 * 0.6 * share * (1 - share)
    seen = ramp(sums, worth, gain=0.9, offset=0.25, inl=0.6, low=-5, high=10, constant=constant)
    assert (seen + constant) / worth == pytest.approx(wanted, rel=1e-12)
    assert np.array_equal(quantise(seen, tuned), np.clip(np.rint(wanted) + 5, 0, 15))


def test_errors_belong_to_chips_and_columns() -> None:
    rng = np.random.default_rng(0)
    sums = rng.normal(0, 200, (3, 5, 4)).astype(np.float32)
    offset = rng.standard_normal((3, 1, 4)).astype(np.float32)
    gain, peak = 1 + 0.01 * rng.standard_normal((3, 1, 4)), rng.standard_normal((3, 1, 1))
    found = ramp(sums, WORTH, gain=gain, offset=offset, inl=peak)
    assert found.dtype == np.float32
    for chip in range(3):
        alone = ramp(sums[chip], WORTH, gain=gain[chip], offset=offset[chip], inl=peak[chip])
        assert np.array_equal(found[chip], alone)


def test_whole_sums_become_floats_only_where_an_error_acts() -> None:
    sums = np.array([[10, 20]])
    assert ramp(sums, WORTH) is sums
    assert ramp(sums, WORTH, offset=1.0).dtype == np.float64


def test_the_bow_is_zero_at_the_ends_and_beyond_and_its_peak_in_the_middle() -> None:
    assert bow(np.array([-1.0, 0.0, 0.5, 1.0, 3.0]), 0.7).tolist() == [0, 0, 0.7, 0, 0]
    assert bow(np.array([0.25]), -0.8) == pytest.approx([-0.6])


def test_the_bow_is_that_of_a_capacitor_charged_through_a_resistance() -> None:
    u, a = np.linspace(0, 1, 101), 0.02
    charged = np.expm1(-a * u) / np.expm1(-a)
    assert np.abs(charged - u - bow(u, a / 8)).max() < a / 8 * a


def test_capacitors_with_mismatch_make_steps_of_their_sums() -> None:
    noise = np.random.default_rng(1).standard_normal((3, 4))
    sizes = np.array([2.0**n for n in range(4)]) + 0.05 * noise * np.sqrt([1, 2, 4, 8])
    inl = capacitor_inl(noise, 0.05)
    for chip in range(3):
        levels = np.array([sum(sizes[chip][n] for n in range(4) if code >> n & 1) for code in range(16)])
        assert inl[chip] == pytest.approx(levels * 15 / levels[15] - np.arange(16), abs=1e-12)
        assert np.array_equal(inl[chip], capacitor_inl(noise[chip], 0.05))
    assert not capacitor_inl(noise, 0.0).any()


def test_the_mismatch_of_the_middle_step_has_its_variance() -> None:
    # To first order the step at 8 of 15 is e_3 - 8/15 (e_0 + e_1 + e_2 + e_3), with variances 1, 2, 4, 8 of s^2.
    inl = capacitor_inl(np.random.default_rng(2).standard_normal((250_000, 4)), 0.001)[:, 8]
    variance = 1e-6 * (8 * (7 / 15) ** 2 + 7 * (8 / 15) ** 2)
    assert abs(inl.mean()) < 5 * math.sqrt(variance / len(inl)) + 1e-5
    assert abs(inl.var() / variance - 1) < 5 * math.sqrt(2 / len(inl)) + 1e-3


def test_a_dac_has_a_gain_and_a_curve_for_each_row() -> None:
    codes = np.array([[0, 7, 15], [15, 7, 3]])
    curve = np.random.default_rng(3).normal(0, 0.1, (3, 16))
    gain = np.array([1.01, 0.99, 1.0])
    wanted = gain * (codes + np.stack([curve[row, codes[:, row]] for row in range(3)], axis=1))
    found = dac(codes, gain, curve)
    assert found.dtype == np.float32
    assert found == pytest.approx(wanted, rel=1e-6)
    assert dac(codes, 1.0, curve[0]) == pytest.approx(codes + curve[0][codes], rel=1e-6)
    assert dac(codes, 2.0, curve[0]) == pytest.approx(2 * (codes + curve[0][codes]), rel=1e-6)
    assert np.array_equal(dac(codes[None], gain, curve[None, None])[0], found)


def test_sums_are_held_within_the_range() -> None:
    sums = np.array([-9.0, -1.0, 4.0, 9.0], np.float32)
    assert clip_range(sums, -2.0, 5.0).tolist() == [-2, -1, 4, 5]
    assert clip_range(sums, -9.0, 9.0).tobytes() == sums.tobytes()
    assert clip_range(sums, -2.0, 5.0).dtype == np.float32


def test_a_chosen_range_leaves_as_many_out_on_either_side() -> None:
    sums = np.random.default_rng(4).permutation(np.arange(1000.0)).reshape(10, 100)
    assert choose_range(sums) == (0, 999)
    assert choose_range(sums, 0.9) == (50, 949)
    assert choose_range(sums, 0.998) == (1, 998)
    assert choose_range(sums, 1e-9) in ((499, 500), (499, 499))
    assert choose_range(np.array([5.0]), 0.5) == (5, 5)
    assert choose_range(np.array([4.0, 2.0, 1.0, 3.0]), 1e-12) == (2, 3)


def test_a_trim_leaves_less_than_half_a_step_of_offsets() -> None:
    offsets = np.random.default_rng(5).normal(0, 2, (100, 64)).astype(np.float32)
    left = trim_offset(offsets, 0.25)
    assert left.dtype == np.float32
    assert 0.1249 < np.abs(left).max() <= 0.125
    # Even between the nearest steps: the variance is that of a step over sqrt(12).
    assert abs(left.astype(float).var() * 12 / 0.25**2 - 1) < 5 * math.sqrt(0.8 / left.size)
    assert not trim_offset(offsets, 0.0).any()


def test_a_trim_does_not_reach_beyond_its_steps_and_keeps_what_was_measured_wrong() -> None:
    assert trim_offset(np.array([3.0, -3.0, 0.875]), 0.5, reach=4).tolist() == [1.0, -1.0, -0.125]
    assert trim_offset(np.array([1.0]), 0.0, error=np.array([0.2])) == pytest.approx([-0.2])


def test_a_trim_brings_gains_near_one() -> None:
    gains = np.random.default_rng(6).normal(1, 0.05, 10_000)
    left = trim_gain(gains, 0.01)
    assert np.abs(left - 1).max() <= 0.005 * gains.max()
    assert np.abs(left - 1).max() > 0.005
    assert trim_gain(gains, 0.0) == pytest.approx(np.ones(10_000), rel=1e-12)
    assert trim_gain(np.array([1.2]), 0.01, reach=5) == pytest.approx([1.2 * 0.95])
    assert trim_gain(np.array([1.0]), 0.01).tolist() == [1.0]
    assert trim_gain(np.array([1.0]), 0.01, error=np.array([0.05])) == pytest.approx([0.95])  # it is seen as 1.05


def test_a_measured_offset_is_as_wrong_as_its_conversions_are() -> None:
    rng = np.random.default_rng(7)
    true = rng.uniform(-0.5, 0.5, (20_000, 1))
    means = np.rint(true + 0.6 * rng.standard_normal((20_000, 16))).mean(axis=1, keepdims=True)
    found = (means - true).std()
    assert abs(found / measured_sigma(0.6, 16) - 1) < 5 / math.sqrt(2 * 20_000)


def test_a_trim_costs_measurements_and_conversions() -> None:
    assert trim_cost(8, averages=16) == TrimCost(measurements=128, conversions=8192)
    assert trim_cost(8, averages=16, points=2) == TrimCost(measurements=256, conversions=16384)


def test_the_worth_of_a_code_is_what_a_quantiser_divides_by() -> None:
    assert code_worth(3, 7) == 128 / 3
    assert code_worth(np.array([1, 4]), 3).tolist() == [8, 2]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: code_worth(0, 3), "code_worth: a multiplier of 0: it is above 0"),
        (lambda: ramp(SUMS, 1.0, low=3, high=3), "ramp: a range from 3 to 3 codes"),
        (lambda: dac(np.array([16]), 1.0, np.zeros(16)), "dac: codes from 16 to 16 for an inl of 16 steps, from 0"),
        (lambda: capacitor_inl(np.ones(17), 0.1), "capacitor_inl: 17 capacitors with a spread of 0.1"),
        (lambda: clip_range(SUMS, 3.0, 2.0), "clip_range: a range from 3 to 2"),
        (lambda: choose_range(SUMS, 0.0), "choose_range: a share of 0.0 of 800 sums"),
        (lambda: trim_offset(np.ones(2), -0.1), "a trim with a step of -0.1 and a reach of None steps"),
        (lambda: trim_gain(np.ones(2), 0.1, reach=-1), "a trim with a step of 0.1 and a reach of -1 steps"),
        (lambda: measured_sigma(0.1, 16), "measured_sigma: 16 conversions with a noise of 0.1 codes"),
        (lambda: trim_cost(0, averages=1), "trim_cost: 0 columns, 1 averages"),
    ],
)
def test_a_mistake_is_one_precise_error(call: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
