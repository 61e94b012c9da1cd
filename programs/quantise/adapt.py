"""Levels and biases of one product, chosen on what the layers before it make: in floating point, and in codes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Geometry
from acortex.programs.quantise.adaptive_rounding import Rows, begin, best_steps, better, descend, rows_of
from acortex.programs.quantise.calibration import EXACT_SUM, Levels, worst_sums
from acortex.programs.quantise.evaluate import taps
from acortex.programs.quantise.exact import product
from acortex.programs.steps import ProductPart, ProductStep

Array = NDArray[Any]

MOST_ROWS = 1 << 13
"""Windows on which a product's levels are chosen."""

MOST_NUMBERS = 1 << 24
"""Numbers in all these windows."""

MOST_INPUTS = 1 << 13
"""Weights of an output beyond which it gets the nearest levels: what each changes would have to be known of each pair.
"""

HELD = 0.1
"""How much levels are held to the weights, in mean squares of a code: what calibration did not see counts as well."""

HELD_BY_FEW = 3.0
"""What is added to that for each weight of an output, over the number of windows: few of them say little."""

ROUNDS = 2
"""How often levels and their steps are chosen in turn."""


@dataclass(frozen=True, eq=False)
class Source:
    """What a product reads: real numbers, and on the chip codes less that of zero, times `scale`.

    Both are float32 images; outside of them lie `pad` and `pad_code`.
    """

    real: Array
    codes: Array
    scale: float
    pad: float
    pad_code: float


@dataclass(frozen=True)
class Form:
    """How kernels of a shape become a matrix for each group of channels."""

    shape: tuple[int, int, int, int]
    groups: int

    @property
    def inputs(self) -> int:
        """Weights of an output."""
        return math.prod(self.shape[:3])

    def matrices(self, kernel: Array) -> Array:
        """A kernel as float64 of shape (groups, inputs, outputs of a group)."""
        flat = kernel.reshape(self.inputs, self.groups, -1)
        return flat.transpose(1, 0, 2).astype(np.float64)

    def kernel(self, matrices: Array) -> Array:
        """The kernel that matrices came from, in their type."""
        return matrices.transpose(1, 0, 2).reshape(self.shape)

    def rows(self, windows: Array) -> Array:
        """Windows of shape (rows, taps, channels) as (groups, rows, inputs)."""
        apart = windows.reshape(len(windows), windows.shape[1], self.groups, -1).transpose(2, 0, 1, 3)
        return apart.reshape(self.groups, len(windows), -1)


def adapted(
    step: ProductStep, weights: Array, source: Source, near: Levels, bits: int, most_inputs: int = MOST_INPUTS
) -> Levels:
    """Levels of a product for which it makes what its weights make of real numbers; `near` are the nearest ones.

    Outputs of more than `most_inputs` weights keep these. The mean of each output over all windows is kept to what it
    should be by the biases.
    """
    form = Form(step.kernel.shape, step.groups)
    real, mean_real = windows(step, source.real, source.pad)
    codes, mean_codes = windows(step, source.codes, source.pad_code)
    floats, levels = form.matrices(weights), form.matrices(near.weights)
    steps = near.steps.reshape(form.groups, -1)
    if form.inputs <= most_inputs:
        levels, steps = _chosen(form.rows(real), form.rows(codes), source.scale, floats, steps, (1 << (bits - 1)) - 1)
        heavy = worst_sums(form.kernel(levels).astype(np.int8), bits).reshape(form.groups, -1) >= EXACT_SUM
        levels = np.where(heavy[:, None], form.matrices(near.weights), levels)
        steps = np.where(heavy, near.steps.reshape(form.groups, -1), steps)
    wanted = product(form.rows(mean_real[None]), floats)[:, 0]
    made = product(form.rows(mean_codes[None]), levels)[:, 0] * steps * source.scale
    bias = step.kernel.biases() + (wanted - made).reshape(-1)
    return Levels(form.kernel(levels).astype(np.int8), steps.reshape(-1), bias)


def _chosen(real: Array, codes: Array, scale: float, floats: Array, steps: Array, top: int) -> tuple[Array, Array]:
    """The levels of matrices of weights, up to `top` of either sign, and the step of each output."""
    count, inputs = codes.shape[1:]
    gram = _moments(codes, top)
    held = HELD + HELD_BY_FEW * inputs / count
    diagonal = np.einsum("gii->gi", gram)
    gram += (np.maximum(diagonal.mean(axis=1), 1e-6) * held)[:, None, None] * np.eye(inputs)
    # Beside the weights' own sums, what the codes lack already.
    missing = product(real - codes * np.float32(scale), floats)
    missing -= missing.mean(axis=1, keepdims=True)
    target = product(codes.transpose(0, 2, 1), missing) + product(gram, floats * scale)
    rows = rows_of(gram, target, top)
    return chosen(rows, floats / steps[:, None], steps, scale, top)


def chosen(rows: Rows, levels: Array, steps: Array, scale: float, top: int) -> tuple[Array, Array]:
    """Whole levels near those given, up to `top` of either sign, and the step of each output.

    They are no worse than the nearest ones with the `steps` given: descent only gains from those of the first round.
    """
    nearest = begin(rows, np.rint(levels), -top, top)
    found = descend(rows, steps * scale, begin(rows, levels, -top, top), -top, top)
    found = better(rows, steps * scale, found, nearest)
    for _ in range(ROUNDS - 1):
        steps = best_steps(rows, found, steps * scale) / scale
        found = descend(rows, steps * scale, found, -top, top)
    return found.values, best_steps(rows, found, steps * scale) / scale


def _moments(codes: Array, top: int) -> Array:
    """The sums of products of codes less their means, of each pair of inputs: float64, exact before means are taken."""
    largest = (2 * top + 1) ** 2 * codes.shape[1]
    whole: Array = codes.astype(np.float32 if largest < EXACT_SUM else np.float64)
    total = codes.sum(axis=1, dtype=np.float64)
    moments: Array = np.matmul(whole.transpose(0, 2, 1), whole).astype(np.float64)
    moments -= total[:, :, None] * total[:, None, :] / codes.shape[1]
    return moments


def windows(step: ProductStep, image: Array, pad: float) -> tuple[Array, Array]:
    """Some windows that a product sees, float32 of shape (rows, taps, channels), and the mean of all of them, float64.

    Both are over the whole kernel; a part of a product leaves the taps that it does not use 0.
    """
    height, width = step.kernel.shape[:2]
    channels = image.shape[3]
    total = len(image) * sum(one.rows * one.columns for one in step.geometries)
    most = max(min(MOST_ROWS, MOST_NUMBERS // (height * width * channels)), 1)
    stride = max(total // most, 1) | 1  # odd: rows are mostly a power of two, and every column is met
    found, means = [], np.zeros((height * width, channels))
    for part, geometry in zip(step.parts or (None,), step.geometries, strict=True):
        where = _places(len(image), geometry, stride)
        rows = np.zeros((len(where[0]), height * width, channels), np.float32)
        for n, tap in enumerate(taps(image, geometry, pad)):
            place = n if part is None else _place(part, n, width)
            if place is not None:
                rows[:, place] = tap[where]
                means[place] += tap.sum(axis=(0, 1, 2), dtype=np.float64)
        found.append(rows)
    return np.concatenate(found), means / total


def _places(inferences: int, geometry: Geometry, stride: int) -> tuple[Array, ...]:
    """The inference, the row and the column of every `stride`-th position of a window."""
    shape = (inferences, geometry.rows, geometry.columns)
    return np.unravel_index(np.arange(0, math.prod(shape), stride), shape)


def _place(part: ProductPart, n: int, width: int) -> int | None:
    """The tap of the whole kernel that is a tap of a part; None for one of zeros."""
    row, column = part.rows[n // len(part.columns)], part.columns[n % len(part.columns)]
    return row * width + column if row >= 0 and column >= 0 else None
