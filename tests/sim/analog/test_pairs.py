"""Pairs: splitting weights and joining cells are each other's inverse."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acortex.sim.analog.pairs import floor_of, join, split

WEIGHTS = np.arange(-8, 8).reshape(4, 4).astype(np.float32)


def test_one_cell_of_a_pair_holds_the_weight_and_the_other_is_off() -> None:
    cells = split(WEIGHTS)
    assert cells.shape == (2, 4, 4)
    assert cells.dtype == np.float32
    assert cells[0].tolist() == np.maximum(WEIGHTS, 0).tolist()
    assert cells[1].tolist() == np.maximum(-WEIGHTS, 0).tolist()
    assert (join(cells) == WEIGHTS).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("floor", [0.0, 0.125, 0.625])
def test_the_difference_of_a_pair_is_the_weight_whatever_the_floor(dtype: type, floor: float) -> None:
    weights = WEIGHTS.astype(dtype)
    cells = split(weights, floor=floor)
    assert cells.dtype == dtype
    assert cells.min() == floor
    assert cells.max() == 8 + floor
    assert join(cells).dtype == dtype
    assert (join(cells) == weights).all()


@pytest.mark.parametrize("dtype", [np.int8, np.int64])
def test_whole_numbers_become_float32(dtype: type) -> None:
    assert split(WEIGHTS.astype(dtype)).dtype == np.float32
    assert (join(split(WEIGHTS.astype(dtype))) == WEIGHTS).all()


def test_the_weights_of_chips_are_those_of_each() -> None:
    chips = np.stack([WEIGHTS, -WEIGHTS / 2, 0 * WEIGHTS])
    cells = split(chips)
    assert cells.shape == (3, 2, 4, 4)
    for chip, one in zip(cells, chips, strict=True):
        assert (chip == split(one)).all()
        assert (join(chip) == one).all()


@pytest.mark.parametrize("weight", [8.5, -9, math.nan])
def test_a_weight_out_of_range_is_named(weight: float) -> None:
    weights = WEIGHTS.copy()
    weights[2, 1] = weight
    with pytest.raises(ValueError, match=rf"^weight {float(weight)} at \(2, 1\) is not within -8 to 8; scale or clip"):
        split(weights)


@pytest.mark.parametrize("floor", [-0.1, math.nan, math.inf])
def test_a_floor_below_zero_is_refused(floor: float) -> None:
    with pytest.raises(ValueError, match=rf"^the floor of cells is {floor} levels; it must be 0 or more$"):
        split(WEIGHTS, floor=floor)


@pytest.mark.parametrize("shape", [(4, 4), (3, 4, 4), (2, 3, 4, 4)])
def test_what_is_no_pairs_is_not_joined(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"^cells of shape .* are no pairs: their shape is \(\.\.\., 2, rows, columns\)"
    ):
        join(np.zeros(shape))


def test_the_floor_follows_from_the_ratio_of_on_to_off() -> None:
    floor = floor_of(8, 96.6 / 7.0)
    assert (8 + floor) / floor == pytest.approx(96.6 / 7.0)
    assert floor_of(8, math.inf) == 0
    with pytest.raises(ValueError, match=r"^the ratio of on to off is 1; it must be above 1$"):
        floor_of(8, 1)
