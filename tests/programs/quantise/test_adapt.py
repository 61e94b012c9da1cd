"""Levels and biases of one product: what it makes of codes comes near what its weights make of real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from acortex.programs.graph import Coding, Geometry, Phase, View
from acortex.programs.quantise.adapt import MOST_INPUTS, Source, adapted, windows
from acortex.programs.quantise.calibration import EXACT_SUM, Levels, quantised_weights, worst_sums
from acortex.programs.quantise.evaluate import FLOAT, product_of
from acortex.programs.quantise.twin import to_codes
from acortex.programs.steps import KernelGeometry, ProductPart, ProductStep

Array = np.ndarray[Any, Any]


def step(weights: Array, groups: int = 1, pad: float = 0.0, **geometry: int) -> ProductStep:
    rng = np.random.default_rng(3)
    kernel = KernelGeometry(weights.shape, lambda: weights, lambda: rng.standard_normal(weights.shape[3]))
    kernel = KernelGeometry(weights.shape, lambda: weights, lambda: np.linspace(-1, 1, weights.shape[3]))
    shape = Geometry(weights.shape[0], weights.shape[1], **geometry)
    return ProductStep("p", "Conv", "y", View("x"), kernel, shape, groups, pad)


def source(image: Array, bits: int = 4, pad: float = 0.0) -> Source:
    coding = Coding(float(np.abs(image).max()) / 7, 8, bits)
    less = to_codes(image, coding).astype(np.float32) - coding.zero
    return Source(image, less, coding.scale, pad, float(to_codes(np.array(pad), coding)) - coding.zero)


def made(one: ProductStep, image: Array, levels: Levels, scale: float, pad: float) -> Array:
    """What levels make of an image of codes."""
    weights = levels.weights * levels.steps.astype(np.float32) * np.float32(scale)
    kernel = KernelGeometry(one.kernel.shape, lambda: weights, lambda: levels.bias)
    changed = ProductStep(one.name, one.op, one.out, one.source, kernel, one.geometry, one.groups, pad, parts=one.parts)
    return product_of(changed, image, weights, FLOAT)


def smooth(seed: int, *shape: int) -> Array:
    """Images whose channels and pixels are alike, as those of networks are."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((shape[0], 1, 1, 1)) + rng.standard_normal((*shape[:3], 1))
    return (shared + 0.5 * rng.standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize(("groups", "pad"), [(1, 0.0), (2, 0.0), (8, 0.0), (1, 0.5)])
def test_the_error_is_smaller_than_that_of_the_nearest_levels(groups: int, pad: float) -> None:
    image = smooth(0, 40, 6, 6, 8)
    weights = np.random.default_rng(1).standard_normal((3, 3, 8 // groups, 16), dtype=np.float32)
    one = step(weights, groups, pad, top=1, left=1, rows=6, columns=6)
    given = source(image, pad=pad)
    near = quantised_weights(one, weights, image, 4)
    exact = product_of(one, image, weights, FLOAT)
    errors = [
        np.square(made(one, given.codes, levels, given.scale, given.pad_code) - exact).mean()
        for levels in (near, adapted(one, weights, given, near, 4))
    ]
    assert errors[1] < (0.8 if groups < 8 else 0.95) * errors[0]


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("size", [1, 9])
def test_the_mean_of_each_output_is_that_of_real_numbers(groups: int, size: int) -> None:
    image = smooth(2, size, 5, 4, 8) + 2
    weights = np.random.default_rng(1).standard_normal((2, 2, 8 // groups, 4), dtype=np.float32)
    one, given = step(weights, groups, rows=4, columns=3), source(image)
    near = quantised_weights(one, weights, image, 4)
    levels = adapted(one, weights, given, near, 4)
    found = made(one, given.codes, levels, given.scale, given.pad_code)
    exact = product_of(one, image, weights, FLOAT)
    assert np.allclose(found.mean(axis=(0, 1, 2)), exact.mean(axis=(0, 1, 2)), atol=1e-3)


def test_windows_are_the_patches_of_an_image_and_their_mean() -> None:
    image = smooth(4, 3, 5, 4, 2)
    one = step(np.zeros((2, 3, 2, 1), np.float32), rows=4, columns=2)
    rows, mean = windows(one, image, 0.0)
    patches = np.stack([
        image[n, y : y + 2, x : x + 3].reshape(6, 2) for n in range(3) for y in range(4) for x in range(2)
    ])  # fmt: skip
    assert np.array_equal(rows, patches)
    assert np.allclose(mean, patches.mean(axis=0, dtype=np.float64))


def test_a_product_in_parts_sees_the_taps_of_each_part() -> None:
    """A transposed convolution of two phases, each under its own column of the kernel."""
    image = smooth(5, 20, 1, 6, 3)
    weights = np.random.default_rng(1).standard_normal((1, 2, 3, 5), dtype=np.float32)
    one = step(weights)
    parts = [ProductPart(f"p{n}", Phase(0, n, 1, 2), Geometry(rows=1, columns=6), (0,), (n,)) for n in range(2)]
    one = ProductStep("p", "ConvTranspose", "y", View("x"), one.kernel, one.geometry, parts=tuple(parts))
    given = source(image)
    rows, mean = windows(one, image, 0.0)
    assert rows.shape == (240, 2, 3) and not rows[:120, 1].any() and not rows[120:, 0].any()
    assert np.allclose(mean[0], image.mean(axis=(0, 1, 2)) / 2)
    near = quantised_weights(one, weights, image, 4)
    levels = adapted(one, weights, given, near, 4)
    found, exact = made(one, given.codes, levels, given.scale, 0.0), product_of(one, image, weights, FLOAT)
    assert np.allclose(found.mean(axis=(0, 1, 2)), exact.mean(axis=(0, 1, 2)), atol=1e-3)


def test_weights_of_too_many_inputs_keep_the_nearest_levels() -> None:
    image = smooth(6, 2, 1, 1, MOST_INPUTS + 1)
    weights = np.random.default_rng(1).standard_normal((1, 1, MOST_INPUTS + 1, 2), dtype=np.float32)
    one, given = step(weights), source(image)
    near = quantised_weights(one, weights, image, 4)
    levels = adapted(one, weights, given, near, 4)
    assert np.array_equal(levels.weights, near.weights) and np.array_equal(levels.steps, near.steps)
    assert not np.array_equal(levels.bias, near.bias)


def test_no_sum_of_codes_leaves_what_float32_holds_exactly() -> None:
    """Levels of 8 bits of a long product may: such an output keeps those that do not."""
    image = np.abs(smooth(7, 4, 1, 1, 2000))
    weights = np.full((1, 1, 2000, 2), 1.0, np.float32) * np.float32([1, 2])
    one = step(weights)
    coding = Coding(float(image.max()) / 255, 0, 8)
    given = Source(image, to_codes(image, coding).astype(np.float32), coding.scale, 0.0, 0.0)
    near = quantised_weights(one, weights, image, 8)
    assert worst_sums(adapted(one, weights, given, near, 8).weights, 8).max() < EXACT_SUM


def test_an_image_that_is_always_zero_leaves_the_bias() -> None:
    image = np.zeros((3, 1, 1, 4), np.float32)
    weights = np.ones((1, 1, 4, 2), np.float32)
    one = step(weights)
    given = Source(image, image, 1.0, 0.0, 0.0)
    levels = adapted(one, weights, given, quantised_weights(one, weights, image, 4), 4)
    assert np.allclose(levels.bias, [-1, 1]) and np.isfinite(levels.steps).all()
