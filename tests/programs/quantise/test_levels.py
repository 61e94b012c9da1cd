"""Levels of weights: in parts that stay in a processor's cache they are those of the whole, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from acortex.programs.graph import Geometry, View
from acortex.programs.quantise import calibration, ranges
from acortex.programs.quantise.calibration import levels_of, quantised_weights
from acortex.programs.quantise.ranges import FRACTIONS, WEIGHTS, weight_steps
from acortex.programs.steps import KernelGeometry, ProductStep

Array = NDArray[Any]


def drawn(seed: int, rows: int, columns: int, order: str) -> Array:
    """A column for each output channel, by rows ("C") or by columns ("F") in memory; some channels have no weights."""
    random = np.random.default_rng(seed)
    weights = random.standard_normal((rows, columns), dtype=np.float32) * random.random(columns).astype(np.float32)
    weights[:, random.random(columns) < 0.1] = 0
    return np.asarray(weights, order="F" if order == "F" else "C")


def searched(weights: Array, bits: int) -> Array:
    """The steps by the definition, all columns at once."""
    top = (1 << (bits - 1)) - 1
    largest = np.abs(weights).max(axis=0).astype(np.float64)
    alive = largest > 0
    largest[~alive] = largest[alive].min() if alive.any() else top
    some = weights[:: -(-len(weights) // WEIGHTS)]
    best, steps = np.full(largest.shape, np.inf), largest / top
    for fraction in FRACTIONS[::2]:
        step = largest * fraction / top
        scaled = some / step.astype(np.float32)
        error = np.square(np.clip(np.rint(scaled), -top, top) - scaled).sum(axis=0) * step * step
        better = error < best
        best, steps = np.where(better, error, best), np.where(better, step, steps)
    return steps


sizes = st.sampled_from([1, 2, 3, 63, 64, 255, 256, 257, 513])


@given(st.integers(0, 99), st.sampled_from([1, 5, 300, 513, 1100]), sizes, st.sampled_from("CF"), st.integers(2, 8))
def test_steps_are_those_of_all_columns_at_once(seed: int, rows: int, columns: int, order: str, bits: int) -> None:
    weights = drawn(seed, rows, columns, order)
    assert weight_steps(weights, bits).tolist() == searched(weights, bits).tolist()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("block", [1, 100, 1 << 16])
def test_levels_are_the_nearest_whole_steps(monkeypatch: pytest.MonkeyPatch, order: str, block: int) -> None:
    weights = drawn(1, 70, 33, order)
    monkeypatch.setattr(calibration, "BLOCK", block)
    levels, steps = levels_of(weights, 4)
    assert levels.dtype == np.int8
    expected = np.clip(np.rint(weights * (1 / steps).astype(np.float32)), -7, 7)
    np.testing.assert_array_equal(levels, expected)


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("block", [1, 100, 1 << 16])
def test_biases_take_back_the_mean_error(monkeypatch: pytest.MonkeyPatch, groups: int, block: int) -> None:
    random = np.random.default_rng(2)
    weights = random.standard_normal((3, 2, 10, 12), dtype=np.float32)
    source = random.random((2, 4, 4, 10 * groups)).astype(np.float32)
    kernel = KernelGeometry((3, 2, 10, 12), lambda: weights)
    step = ProductStep("a", "Conv", "y", source=View("x"), kernel=kernel, geometry=Geometry(), groups=groups)
    monkeypatch.setattr(calibration, "BLOCK", block)
    found = quantised_weights(step, weights, source, 4)
    mean = source.mean(axis=(0, 1, 2), dtype=np.float64)
    for column in range(12):
        own = mean.reshape(groups, 10)[column * groups // 12]
        error = (found.weights[..., column] * found.steps[column] - weights[..., column]).sum(axis=(0, 1))
        assert found.bias[column] == pytest.approx(-(error * own).sum(), abs=1e-5)


def test_no_part_of_several_columns_is_a_lone_column() -> None:
    """NumPy adds the numbers of a lone column in another order than those of one among others."""
    for columns in range(2, 4 * ranges.COLUMNS):
        parts = np.array_split(np.arange(columns), -(-columns // ranges.COLUMNS))
        assert min(map(len, parts)) > 1
