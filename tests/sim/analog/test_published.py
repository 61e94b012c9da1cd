"""The published chips: what tuning does to letters on 428 memristors and to digits on 101,780 floating gates."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from acortex.sim.analog.cell_models import resistive_cell
from acortex.sim.analog.pairs import floor_of, from_crossbar, join, split, to_crossbar
from acortex.sim.analog.passive import write_passive
from acortex.sim.analog.programming import tuned
from acortex.sim.analog.streams import normals, stream, uniforms

PROGRAMS = Path(__file__).resolve().parents[3] / "programs"
CHIPS = 20

LETTERS = (".##.#..######..#", "####.##..##..##.", "#..##..##..#.##.", "#..#.##..##.#..#")
"""A, T, V, X on 4x4 pixels."""


def errors(shape: str, chip: int, place: int, size: tuple[int, ...]) -> np.ndarray:
    draw = uniforms if shape == "band" else normals
    return draw(stream(0, chip, "array", (place, 0), "tuning"), size).astype(np.float32)


# Letters: 17 x 10 and 11 x 4 weights, ex-situ, on cells of 96.6 to 7.0 kOhm.


@cache
def letters(flips: int) -> tuple[np.ndarray, np.ndarray]:
    """Every pattern with that many pixels flipped, a bias of 1 beside it, and its letter."""
    clean = np.array([[pixel == "#" for pixel in letter] for letter in LETTERS], int)
    masks = np.zeros((len(list(combinations(range(16), flips))), 16), int)
    for row, places in zip(masks, combinations(range(16), flips), strict=True):
        row[list(places)] = 1
    patterns = (clean[:, None] ^ masks).reshape(-1, 16)
    return np.hstack([patterns, np.ones((len(patterns), 1))]), np.repeat(np.arange(4), len(masks))


def layers_of_letters() -> list[np.ndarray]:
    file = np.load(PROGRAMS / "letters_mlp.npz")
    return [np.vstack([file[name].T, file[f"{name}_bias"]]).astype(float) for name in ("hidden", "output")]


def fidelity(layers: list[np.ndarray], flips: int) -> float:
    inputs, wanted = letters(flips)
    hidden = np.maximum(inputs @ layers[0], 0)
    scores = np.hstack([hidden, np.ones((len(hidden), 1))]) @ layers[1]
    return float((scores.argmax(1) == wanted).mean())


def tuned_letters(chip: int, share: float, shape: str) -> list[np.ndarray]:
    found = []
    for place, weights in enumerate(layers_of_letters()):
        unit = abs(weights).max() / 8
        cells = split(weights / unit, floor=floor_of(8, 96.6 / 7.0))
        found.append(join(tuned(cells, errors(shape, chip, place, cells.shape), share, shape=shape)) * unit)
    return found


def test_letters_take_428_memristors() -> None:
    assert sum(split(weights / abs(weights).max()).size for weights in layers_of_letters()) == 428


@pytest.mark.parametrize("flips", [2, 4])
def test_letters_lose_less_than_3_points_at_5_percent(flips: int) -> None:
    ideal = fidelity(layers_of_letters(), flips)
    found = [fidelity(tuned_letters(chip, 0.05, "normal"), flips) for chip in range(50)]
    assert ideal > 0.9
    assert len(set(found)) > 1 or flips == 2
    assert ideal - float(np.mean(found)) <= 0.03


def test_letters_lose_more_at_a_larger_error() -> None:
    means = [
        np.mean([fidelity(tuned_letters(chip, share, "normal"), 4) for chip in range(15)]) for share in (0.05, 0.2, 0.6)
    ]
    assert means[0] > means[1] > means[2]
    assert tuned_letters(0, 0.0, "band")[0] == pytest.approx(layers_of_letters()[0])


def test_letters_on_written_crossbars_lose_less_than_3_points() -> None:
    # Both layers on passive 20x20 crossbars, pairs side by side, written within 5 % by pulses.
    chips, cell = 5, replace(resistive_cell, level_us=(1e3 / 7.0 - 1e3 / 96.6) / 8)
    written = []
    for place, weights in enumerate(layers_of_letters()):
        unit = abs(weights).max() / 8
        target = to_crossbar(split(weights / unit, floor=floor_of(8, 96.6 / 7.0)))
        assert target.shape in ((17, 20), (11, 8))
        sources = [stream(0, chip, "array", (place, 0), "pulses") for chip in range(chips)]
        written.append(join(from_crossbar(write_passive(cell, target, 0.05, sources)[0])) * unit)
    found = [fidelity([layer[chip] for layer in written], 4) for chip in range(chips)]
    assert len(set(found)) > 1
    assert fidelity(layers_of_letters(), 4) - float(np.mean(found)) <= 0.03


# Digits: 785 x 64 and 65 x 10 weights in levels, inputs of 4 bits.


@cache
def digits() -> dict[str, np.ndarray]:
    with np.load(PROGRAMS / "digits_mlp.npz") as file:
        return {name: file[name].astype(np.float32) for name in ("hidden", "output", "images", "labels")}


def scores(hidden: np.ndarray, output: np.ndarray) -> np.ndarray:
    """The codes of the ten outputs; the numbers are those at the head of `digits_mlp.s`."""

    def beside(values: np.ndarray, fill: int) -> np.ndarray:
        return np.hstack([values, np.full((len(values), 1), fill, np.float32)])

    codes = np.clip(np.rint(beside(digits()["images"], 5) @ hidden * np.float32(5 / 32)), 0, 15)
    return np.clip(np.rint(beside(codes, 15) @ output * np.float32(3 / 128)) + 5, 0, 15)


def accuracy(*layers: np.ndarray) -> float:
    """The share of the test digits that are recognised, in percent."""
    return 100 * float((scores(*layers).argmax(1) == digits()["labels"]).mean())


def population(share: float, of: str = "target", shape: str = "normal", kept: float | None = None) -> list[float]:
    """The accuracy of each of some chips; `kept` is the share of the hidden layer's cells that are tuned."""
    found = []
    for chip in range(CHIPS):
        layers = []
        for place, name in enumerate(("hidden", "output")):
            cells = split(digits()[name])
            noise = errors(shape, chip, place, cells.shape)
            layers.append(join(tuned(cells, noise, share, of, shape, tuned=kept if name == "hidden" else None)))
        found.append(accuracy(*layers))
    return found


def test_digits_take_101780_floating_gates() -> None:
    assert sum(split(digits()[name]).size for name in ("hidden", "output")) == 101_780
    assert accuracy(digits()["hidden"], digits()["output"]) == pytest.approx(96.73, abs=0.01)


@pytest.mark.parametrize(
    ("of", "share", "wanted"),
    [
        ("target", 0.0, 96.73),
        ("target", 0.02, 96.76),
        ("target", 0.10, 96.57),
        ("full_scale", 0.02, 96.73),
        ("full_scale", 0.05, 96.48),
        ("full_scale", 0.10, 95.47),
    ],
)
def test_the_accuracy_of_digits_falls_with_the_error(of: str, share: float, wanted: float) -> None:
    assert np.mean(population(share, of)) == pytest.approx(wanted, abs=0.25)


def test_30_percent_of_the_cells_within_5_percent_cost_a_third_of_a_point() -> None:
    # As the published chip was written; the rest of its loss, 1.55 points in all, is not due to tuning.
    found = population(0.05, shape="band", kept=0.3)
    assert accuracy(digits()["hidden"], digits()["output"]) - np.mean(found) == pytest.approx(0.36, abs=0.15)
