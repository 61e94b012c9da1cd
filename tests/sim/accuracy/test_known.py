"""Populations of the digits network beside an evaluation of its own in NumPy, which knows no chip and no program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import acortex
from acortex.sim.accuracy.kept import kept

CHIPS = 60

Floats = NDArray[np.float64]


class Digits:
    """The network as its data file has it: two products, each rounded, scaled and clipped to codes."""

    def __init__(self, path: Path) -> None:
        data = np.load(path)
        self.images, self.labels = data["images"].reshape(len(data["images"]), -1).astype(float), data["labels"]
        self.hidden, self.output = data["hidden"].astype(float), data["output"].astype(float)

    def accuracy(self, hidden: Floats, output: Floats, offsets: tuple[Floats, Floats] | None = None) -> float:
        """The share of digits that are right, with weights in levels and offsets of neurons in codes."""
        first, second = offsets or (np.zeros(64), np.zeros(10))
        inputs = np.column_stack([self.images, np.full(len(self.images), 5.0)])
        codes = np.clip(np.rint(inputs @ hidden * 5 / 32 + first), 0, 15)
        scores = np.clip(
            np.rint(np.column_stack([codes, np.full(len(codes), 15.0)]) @ output * 3 / 128 + second) + 5, 0, 15
        )
        return float((scores.argmax(axis=1) == self.labels).mean())


@pytest.fixture(scope="module")
def digits(checkout: Path) -> Digits:
    return Digits(checkout / "programs" / "digits_mlp.npz")


def population(digits: Digits, made: Callable[[np.random.Generator], float]) -> Floats:
    return np.array([made(np.random.default_rng([1, chip])) for chip in range(CHIPS)])


def cells(weights: Floats) -> Floats:
    return np.stack([np.maximum(weights, 0), np.maximum(-weights, 0)])


def ours(*settings: str) -> Floats:
    given = ["arrays.cell=digital_sram", *(f"errors.{one}" for one in settings)]
    return np.array(acortex.accuracy("zoo:digits_mlp", settings=given, chips=CHIPS).per_chip)


def agree(found: Floats, wanted: Floats) -> bool:
    """Whether two populations are of one law: their means within four standard errors, their spreads within a third."""
    error = np.sqrt((found.var(ddof=1) + wanted.var(ddof=1)) / CHIPS)
    return bool(abs(found.mean() - wanted.mean()) < 4 * error and 2 / 3 < found.std() / wanted.std() < 3 / 2)


def test_the_network_is_the_program(digits: Digits) -> None:
    assert digits.accuracy(digits.hidden, digits.output) == acortex.run("zoo:digits_mlp", timing=False).report.accuracy


@pytest.mark.slow
@pytest.mark.parametrize(("pct", "of"), [(5, "target"), (20, "target"), (10, "full_scale")])
def test_tuning_costs_what_it_does_without_a_chip(digits: Digits, pct: int, of: str) -> None:
    def made(rng: np.random.Generator) -> float:
        achieved = []
        for weights in (digits.hidden, digits.output):
            pair = cells(weights)
            error = pct / 100 * rng.standard_normal(pair.shape)
            pair = np.maximum(pair * (1 + error) if of == "target" else pair + 8 * error, 0)
            achieved.append(pair[0] - pair[1])
        return digits.accuracy(*achieved)

    assert agree(ours(f"tuning_pct={pct}", f"tuning_of={of}", "tuning_shape=normal"), population(digits, made))


@pytest.mark.slow
def test_offsets_cost_what_they_do_without_a_chip(digits: Digits) -> None:
    def made(rng: np.random.Generator) -> float:
        offsets = 1.5 * rng.standard_normal(64), 1.5 * rng.standard_normal(10)
        return digits.accuracy(digits.hidden, digits.output, offsets)

    assert agree(ours("neuron_offset_codes=1.5"), population(digits, made))


@pytest.mark.slow
def test_a_share_of_the_cells_costs_what_it_does_without_a_chip(digits: Digits) -> None:
    left = kept({0: digits.hidden.astype(np.int8), 1: digits.output.astype(np.int8)}, 0.3)

    def made(rng: np.random.Generator) -> float:
        return digits.accuracy(*(left[n] * (1 + 0.05 * (rng.random(left[n].shape) * 2 - 1)) for n in (0, 1)))

    found = ours("tuned_share=0.3", "tuning_pct=5")
    assert agree(found, population(digits, made))
    assert 0.0021 < digits.accuracy(digits.hidden, digits.output) - found.mean() < 0.0051


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "mean"),
    [
        (("tuning_pct=1",), 96.75),
        (("tuning_pct=2",), 96.76),
        (("tuning_pct=5",), 96.73),
        (("tuning_pct=10",), 96.57),
        (("tuning_pct=1", "tuning_of=full_scale"), 96.79),
        (("tuning_pct=2", "tuning_of=full_scale"), 96.73),
        (("tuning_pct=5", "tuning_of=full_scale"), 96.48),
        (("tuning_pct=10", "tuning_of=full_scale"), 95.47),
    ],
)
def test_the_accuracy_is_that_of_another_evaluation(settings: tuple[str, ...], mean: float) -> None:
    """Means that a script of others found for the same weights and digits, with normal errors."""
    assert 100 * ours(*settings, "tuning_shape=normal").mean() == pytest.approx(mean, abs=0.25)
