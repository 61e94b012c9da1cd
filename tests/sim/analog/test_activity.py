"""Energy that depends on data: exact whole numbers, and what the digits draw."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import Quantiser, quantise
from acortex.sim.analog.activity import activity_by_layer, array_activity, energy_aj, layer_activity, per_activity

Whole = NDArray[np.integer[Any]]


@pytest.fixture(scope="module")
def digits(checkout: Path) -> dict[str, tuple[Whole, Whole]]:
    """The codes and the levels of both layers of the digits, over 1,500 images."""
    data = np.load(checkout / "programs" / "digits_mlp.npz")

    def filled(codes: Whole, fill: Whole) -> Whole:
        return np.concatenate([codes, np.full((len(codes), 1), fill, codes.dtype)], axis=1)

    first = filled(data["images"], data["hidden_fill"])
    sums = first.astype(np.int64) @ data["hidden"].astype(np.int64)
    quantiser = Quantiser(int(data["hidden_multiplier"]), int(data["hidden_shift"]), int(data["hidden_zero"]))
    second = filled(quantise(sums.astype(np.float64), quantiser), data["output_fill"])
    return {"hidden": (first, data["hidden"]), "output": (second, data["output"])}


def test_the_arrays_of_the_second_layer_draw_five_times_as_much(digits: dict[str, tuple[Whole, Whole]]) -> None:
    hidden, output = (array_activity(*digits[layer])[..., 0] for layer in ("hidden", "output"))
    assert hidden.shape == (1500, 13)
    ratio = output[:, 0].mean() / hidden.mean()
    assert 4.5 < ratio < 5.5


def test_an_image_draws_from_half_to_one_and_a_half_of_the_mean(digits: dict[str, tuple[Whole, Whole]]) -> None:
    images = array_activity(*digits["hidden"]).sum(axis=(1, 2))
    low, high = np.percentile(images, [5, 95]) / images.mean()
    assert (low, high) == (pytest.approx(0.53, abs=0.005), pytest.approx(1.59, abs=0.005))


def test_activity_is_the_sum_over_all_cells(digits: dict[str, tuple[Whole, Whole]]) -> None:
    codes, weights = digits["hidden"]
    found = array_activity(codes[:2], weights)
    for at in (0, 12):
        rows = range(64 * at, min(64 * at + 64, 785))
        assert found[1, at, 0] == sum(int(codes[1, i]) * abs(int(w)) for i in rows for w in weights[i])
    assert layer_activity(codes, weights) == int(array_activity(codes, weights).sum())


def test_arrays_are_cut_down_and_across() -> None:
    rng = np.random.default_rng(0)
    codes, weights = rng.integers(0, 16, (2, 3, 130)).astype(np.uint8), rng.integers(-8, 8, (130, 70)).astype(np.int8)
    found = array_activity(codes, weights)
    assert found.dtype == np.int64
    assert found.shape == (2, 3, 3, 2)
    corner = (codes[1, 2, 128:].astype(int) * np.abs(weights[128:, 64:].astype(int)).sum(axis=1)).sum()
    assert found[1, 2, 2, 1] == corner
    assert np.array_equal(found[1], array_activity(codes[1], weights))
    assert layer_activity(codes, weights) == found.sum()


def test_no_level_and_no_sum_overflows() -> None:
    codes, weights = np.full((1000, 64), 255, np.uint8), np.full((64, 64), -128, np.int8)
    assert layer_activity(codes, weights) == 1000 * 64 * 64 * 255 * 128
    assert (array_activity(codes, weights) == 64 * 64 * 255 * 128).all()


def test_the_mean_of_what_the_price_was_found_on_costs_the_fixed_price(
    digits: dict[str, tuple[Whole, Whole]],
) -> None:
    layers = activity_by_layer((name, *product) for name, product in digits.items())
    operations = 1500 * (13 + 2)
    price = per_activity(1_290_000, operations, sum(layers.values()))
    assert isinstance(price, Fraction)
    assert energy_aj(sum(layers.values()), price) == operations * 1_290_000
    assert abs(sum(energy_aj(one, price) for one in layers.values()) - operations * 1_290_000) <= 1


def test_a_layer_that_is_computed_twice_is_added_up() -> None:
    codes, weights = np.array([[1, 2]]), np.array([[3], [-4]])
    assert activity_by_layer([("a", codes, weights), ("b", codes, weights), ("a", codes, weights)]) == {
        "a": 22,
        "b": 11,
    }


def test_energy_is_rounded_once_with_ties_to_even() -> None:
    assert [energy_aj(n, Fraction(1, 2)) for n in (0, 1, 2, 3, 5)] == [0, 0, 1, 2, 2]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: array_activity(np.ones((2, 3), int), np.ones((4, 2), int)), r"codes of shape \(2, 3\) for weights"),
        (lambda: layer_activity(np.array([[-1]]), np.array([[1]])), "activity: a code of -1"),
        (lambda: per_activity(5, 0, 5), "per_activity: 5 of activity in 0 operations"),
    ],
)
def test_a_mistake_is_one_precise_error(call: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
