"""The effective number of bits: an ideal converter has its own, and what the range and a gain do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acortex.sim.analog.effective_bits import enob


@pytest.mark.parametrize("bits", [3, 4, 6, 8])
def test_an_ideal_converter_has_its_own_bits(bits: int) -> None:
    # 1000 inputs within each step, evenly: the error is a step over sqrt(12).
    steps = 1 << bits
    ideal = (np.arange(steps * 1000) + 0.5) / 1000
    assert enob(ideal, np.floor(ideal) + 0.5, span=steps) == pytest.approx(bits, abs=1e-5)


def test_half_the_error_is_one_bit_more() -> None:
    rng = np.random.default_rng(0)
    ideal, error = rng.normal(0, 100, (50, 20)), rng.standard_normal((50, 20))
    assert enob(ideal, ideal + error / 2) == pytest.approx(enob(ideal, ideal + error) + 1, abs=1e-9)


def test_the_range_is_that_of_the_data_or_the_one_given() -> None:
    rng = np.random.default_rng(1)
    ideal = rng.uniform(-50, 50, 1000)
    measured = ideal + rng.standard_normal(1000)
    rms = math.sqrt(np.mean((measured - ideal) ** 2))
    assert enob(ideal, measured) == pytest.approx(math.log2(np.ptp(ideal) / rms / math.sqrt(12)), abs=1e-9)
    possible = 2 * 64 * 15 * 8
    wider = math.log2(possible / np.ptp(ideal))
    assert enob(ideal, measured, span=possible) == pytest.approx(enob(ideal, measured) + wider, abs=1e-9)


def test_a_common_gain_can_be_taken_out() -> None:
    rng = np.random.default_rng(2)
    ideal = rng.normal(0, 100, 1000)
    measured = 0.9 * (ideal + rng.standard_normal(1000))
    assert enob(ideal, measured, trimmed=True) > enob(ideal, measured) + 2
    assert enob(ideal, 0.5 * measured, trimmed=True) == pytest.approx(enob(ideal, measured, trimmed=True), abs=1e-9)
    assert enob(ideal, 0 * ideal, trimmed=True) == pytest.approx(enob(ideal, 0 * ideal), abs=1e-12)


def test_no_error_is_infinitely_many_bits() -> None:
    assert enob(np.arange(5), np.arange(5)) == math.inf


def test_a_mistake_is_one_precise_error() -> None:
    with pytest.raises(ValueError, match=r"enob: products of shape \(2,\) for ideal ones of shape \(3,\)"):
        enob(np.ones(3), np.ones(2))
    with pytest.raises(ValueError, match=r"enob: products of shape \(0,\) for ideal ones of shape \(0,\)"):
        enob(np.ones(0), np.ones(0))
    for span in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match=f"enob: a range of {span}: it is above 0, and finite"):
            enob(np.arange(3), np.zeros(3), span=span)
    with pytest.raises(ValueError, match=r"enob: a range of 0.0: it is above 0, and finite"):
        enob(np.ones(3), np.zeros(3))
