"""Levels of weights: in parts that stay in a processor's cache they are those of the whole, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from originals import model, node

from acortex.programs.graph import Geometry, View
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise import calibration, evaluate, recurrent
from acortex.programs.quantise.calibration import calibrate, levels_of, quantised_weights
from acortex.programs.quantise.images import as_images
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


@pytest.mark.parametrize("kind", ["by taps", "by channels", "one tap", "one input"])
@pytest.mark.parametrize("few", [3, 16])
def test_what_biases_take_back_is_the_sum_over_whole_matrices(
    monkeypatch: pytest.MonkeyPatch, kind: str, few: int
) -> None:
    shape = {"one tap": (1, 1, 50, 33), "one input": (3, 3, 1, 33)}.get(kind, (3, 2, 50, 33))
    random = np.random.default_rng(4)
    weights = random.standard_normal(shape[::-1], dtype=np.float32).T
    if kind == "by taps":
        weights = np.ascontiguousarray(weights)
    levels, steps = levels_of(weights, 4)
    error = np.zeros(shape[2:], np.float32)
    for tap in np.ndindex(shape[:2]):
        error += levels[tap] * steps.astype(np.float32) - weights[tap]
    monkeypatch.setattr(calibration, "BLOCK", 1)
    monkeypatch.setattr(calibration, "FEWEST", few)
    for means in (random.random((shape[2], 1)), random.random(shape[2:])):
        assert calibration._lost(levels, steps, weights, means).tolist() == (error * means).sum(axis=0).tolist()


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


@given(st.integers(0, 99), st.sampled_from([1, 2, 255, 300, 513]), st.sampled_from("CF"), st.sampled_from("CF"))
@example(3, 513, "F", "F")
def test_levels_of_two_matrices_are_those_of_one_below_the_other(
    seed: int, columns: int, first: str, second: str
) -> None:
    both = drawn(seed, 30, columns, first), drawn(seed + 1, 20, columns, second)
    for one in both:
        one[0] += seed % 2 * np.float32(0.1)  # without an empty column, which is looked for among all
    order: Any = "F" if first == second == "F" or columns == 1 else "C"
    whole = np.asarray(np.concatenate([both[0] * np.float32(0.3), both[1] * np.float32(1.7)]), order=order)
    found, expected = recurrent._levels(both, (0.3, 1.7), 4), levels_of(whole, 4)
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]


@pytest.mark.parametrize(("shape", "copied"), [((1, 1, 7, 5), False), ((3, 3, 1, 5), False), ((3, 2, 7, 5), True)])
def test_weights_are_gathered_where_their_taps_are_no_matrix_in_memory(
    shape: tuple[int, int, int, int], copied: bool
) -> None:
    height, width, inputs, out = shape
    weights = np.arange(height * width * inputs * out).reshape(out, inputs, height, width).transpose(2, 3, 1, 0)
    found = evaluate._gathered(weights)
    assert found.tolist() == weights.tolist()
    assert np.shares_memory(found, weights) != copied
    assert np.shares_memory(found, found.reshape(-1, out))


@pytest.mark.parametrize(
    ("op", "attributes", "phases"),
    [
        ("Conv", {}, 1),
        ("ConvTranspose", {}, 1),
        ("ConvTranspose", {"strides": [2, 2]}, 4),
        ("ConvTranspose", {"strides": [1, 2]}, 2),
    ],
    ids=str,
)
def test_biases_take_the_mean_error_of_levels_away(op: str, attributes: dict[str, Any], phases: int) -> None:
    """On an image that is the same everywhere, each phase of a product in parts sees its share of the taps."""
    kernel = np.random.default_rng(1).standard_normal((3, 3, 4, 4)).astype(np.float32)
    made = model([node(op, "x w", "y", **attributes)], {"x": [1, 3, 8, 8]}, {"w": kernel})
    graph = normalise(from_proto(made))
    (step,) = graph.steps
    assert isinstance(step, ProductStep) and max(len(step.parts), 1) == phases
    means = np.array([1.0, 2.0, -3.0])
    images = as_images(graph, {"x": np.broadcast_to(means.astype(np.float32)[:, None, None], (2, 1, 3, 8, 8))})
    levels = calibrate(graph, images, 4).levels[step.name]
    real = step.kernel.weights().sum(axis=(0, 1)).T @ means / phases + step.kernel.biases()
    held = (levels.weights * levels.steps).sum(axis=(0, 1)).T @ means / phases + levels.bias
    assert np.abs(levels.bias).max() > 0.1
    assert np.allclose(held, real, atol=1e-4)
