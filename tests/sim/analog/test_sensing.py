"""What happens to sums before they are converted: each effect acts, is nothing at zero, and has its units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.sim.analog.sensing import array_gain, crosstalk, cubic, saturating, sensing_offset

Floats = NDArray[np.floating[Any]]


@pytest.fixture(params=[np.float32, np.float64])
def sums(request: pytest.FixtureRequest) -> Floats:
    """Sums of three chips, with a negative zero among them."""
    drawn = np.random.default_rng(0).normal(0, 1000, (3, 5, 8)).astype(request.param)
    drawn[0, 0, 0] = -0.0
    return drawn


@pytest.mark.parametrize(
    "act",
    [lambda s: crosstalk(s, 0.0), lambda s: saturating(s, 0.0, 7680.0), lambda s: array_gain(s, np.ones(1, s.dtype))],
)
def test_nothing_is_nothing_bit_for_bit(sums: Floats, act: Callable[[Floats], Floats]) -> None:
    assert act(sums).tobytes() == sums.tobytes()


def test_an_offset_of_zero_changes_no_sum(sums: Floats) -> None:
    assert np.array_equal(sensing_offset(sums, np.zeros((3, 1, 8), sums.dtype)), sums)


@pytest.mark.parametrize("act", [lambda s: crosstalk(s, 0.01), lambda s: saturating(s, 0.3, 7680.0)])
def test_the_type_stays_and_a_chip_alone_is_that_of_the_population(
    sums: Floats, act: Callable[[Floats], Floats]
) -> None:
    assert act(sums).dtype == sums.dtype
    assert not np.array_equal(act(sums), sums)
    assert all(np.array_equal(act(sums)[chip], act(sums[chip])) for chip in range(3))


def test_a_column_sees_both_beside_it_and_edges_one() -> None:
    assert crosstalk(np.array([[100.0, 10.0, 1.0]]), 0.5).tolist() == [[105.0, 60.5, 6.0]]
    assert crosstalk(np.array([[7.0]]), 0.5).tolist() == [[7.0]]


def test_gains_and_offsets_are_those_of_each_chip(sums: Floats) -> None:
    drawn = np.random.default_rng(1).normal(1, 0.1, (3, 1, 8)).astype(sums.dtype)
    assert np.array_equal(array_gain(sums, drawn)[2, 4], sums[2, 4] * drawn[2, 0])
    assert np.array_equal(sensing_offset(sums, drawn)[2, 4], sums[2, 4] + drawn[2, 0])


def test_the_largest_sum_saturates_by_one_and_n() -> None:
    assert saturating(np.array([-7680.0, 0.0, 3840.0, 7680.0]), 0.25, 7680.0) == pytest.approx(
        [-7680 / 1.25, 0, 3840 / 1.125, 7680 / 1.25]
    )


def test_the_cubic_part_bends_between_exact_ends() -> None:
    # A3 / A1 of 2.5 V^-2 at 0.2 V is 0.1: half the voltage gives 0.5 (1 + 0.1 / 4) / 1.1 of the current.
    codes = np.arange(16)
    bent = cubic(codes, 2.5, 0.2)
    assert bent.dtype == np.float32
    assert (bent[0], bent[15]) == (0, 15)
    assert cubic(np.array([8]), 2.5, 0.2, largest=16) == pytest.approx(8 * 1.025 / 1.1, rel=1e-7)
    assert (bent[1:15] < codes[1:15]).all()
    assert (np.diff(bent) > 0).all()


def test_the_cubic_part_is_the_current_of_the_cell() -> None:
    volts = 0.2 * np.arange(16) / 15
    current = 40e-6 * volts + 40e-6 * 2.1 * volts**3
    assert cubic(np.arange(16), 2.1, 0.2) == pytest.approx(15 * current / current[15], rel=1e-6)


@pytest.mark.parametrize(("per_v2", "v_read"), [(0.0, 0.2), (2.5, 0.0)])
def test_without_a_cubic_part_codes_act_as_they_are(per_v2: float, v_read: float) -> None:
    assert cubic(np.arange(16, dtype=np.uint8), per_v2, v_read).tolist() == list(range(16))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: crosstalk(np.ones(3), 1.0), "crosstalk: a share of 1.0, not between -1 and 1"),
        (lambda: saturating(np.ones(3), -0.1, 1.0), "saturating: n is -0.1 and the largest sum 1.0"),
        (lambda: saturating(np.ones(3), 0.1, 0.0), "saturating: n is 0.1 and the largest sum 0.0"),
        (lambda: cubic(np.ones(3), -2.0, 0.2), r"cubic: -2.0 per V\^2 at 0.2 V"),
    ],
)
def test_a_mistake_is_one_precise_error(call: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
