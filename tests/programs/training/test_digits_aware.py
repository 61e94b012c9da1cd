"""Noise-aware training: on chips without errors it is the usual one, and each batch has a chip of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acortex.programs import digits_reference
from acortex.programs.training import digits, digits_aware
from acortex.programs.training.digits import Bytes, Floats, Recipe
from acortex.programs.training.digits_aware import Levels

QUICK = replace(Recipe(), epochs=2, rate=0.3)


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    return digits_reference.load()


class IdealChip:
    """Exact products."""

    def __init__(self, matrices: Levels) -> None:
        self.matrices = matrices

    def __call__(self, layer: str, codes: Bytes) -> Floats:
        return codes.astype(np.float32) @ self.matrices[layer].astype(np.float32)


def usual(images: Bytes, labels: Bytes, first: dict[str, np.ndarray]) -> digits.TrainedMlp:
    """The usual training, from the same weights."""
    rng = np.random.default_rng(QUICK.seed)
    network = digits.TrainedMlp(QUICK, rng)
    network.hidden, network.output = (first[name].astype(np.float32) for name in ("hidden", "output"))
    return digits.trained(network, images, labels, rng)


def test_on_ideal_chips_it_is_the_usual_training(data: dict[str, np.ndarray]) -> None:
    images, labels = data["images"][:300], data["labels"][:300]
    aware = digits_aware.train(images, labels, QUICK, lambda number, matrices: IdealChip(matrices), data)
    expected = usual(images, labels, data)
    assert np.array_equal(aware.hidden, expected.hidden)
    assert np.array_equal(aware.output, expected.output)
    assert not np.array_equal(aware.arrays()["hidden"], data["hidden"])


def test_each_batch_has_a_chip_of_its_own_with_the_weights_of_then(data: dict[str, np.ndarray]) -> None:
    seen: list[tuple[int, np.ndarray]] = []

    def chip_of(number: int, matrices: Levels) -> IdealChip:
        seen.append((number, matrices["hidden"]))
        return IdealChip(matrices)

    network = digits_aware.train(data["images"][:300], data["labels"][:300], QUICK, chip_of, data)
    batches = 2 * 3
    assert [number for number, _ in seen] == list(range(batches))
    assert network.batches == batches
    assert np.array_equal(seen[0][1], data["hidden"]) and not np.array_equal(seen[-1][1], data["hidden"])
    assert {one.dtype for _, one in seen} == {np.dtype(np.int8)}


def test_what_a_chip_makes_of_sums_reaches_the_gradients(data: dict[str, np.ndarray]) -> None:
    network = digits_aware.AwareMlp(QUICK, np.random.default_rng(1), lambda number, matrices: IdealChip(matrices))
    other = digits_aware.AwareMlp(QUICK, np.random.default_rng(1), lambda number, matrices: _Shrunk(matrices))
    x, target = data["images"][:20].astype(np.float32), np.eye(10, dtype=np.float32)[data["labels"][:20]]
    assert not np.allclose(network.gradients(x, target)[1], other.gradients(x, target)[1])


class _Shrunk(IdealChip):
    def __call__(self, layer: str, codes: Bytes) -> Floats:
        return np.float32(0.5) * super().__call__(layer, codes)
