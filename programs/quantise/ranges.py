"""Chooses what codes stand for: from samples of an image's numbers, and from weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.blocks import even_parts
from acortex.programs.graph import Coding

Array = NDArray[Any]

SAMPLES = 1 << 13
"""Numbers of an image that are looked at."""

WEIGHTS = 512
"""Weights of an output channel that are looked at for its step."""

COLUMNS = 256
"""Output channels whose step is looked for at a time."""

FRACTIONS = tuple(1 - n / 40 for n in range(29))
"""Parts of the full range that are tried; the rest saturates."""

TRIED = np.array(FRACTIONS[::2])[:, None]
"""Those that are tried for weights, down a column."""

SMALLEST_STEP = 1e-28
"""The step of an image that is zero throughout."""

METHODS = ("mse", "percentile", "minmax")


class Samples:
    """A spread of an image's numbers, and their extremes."""

    def __init__(self) -> None:
        self.parts: list[Array] = []
        self.low = 0.0
        self.high = 0.0

    def see(self, image: Array) -> None:
        """Takes note of an image."""
        self.low = min(self.low, float(image.min()))
        self.high = max(self.high, float(image.max()))
        flat = image.reshape(-1)
        stride = max(flat.size // SAMPLES, 1) | 1
        # A stride that has a factor in common with the channels meets only some of them.
        while math.gcd(stride, image.shape[-1]) > 1:
            stride += 2
        self.parts.append(flat[::stride].astype(np.float64))

    def join(self, other: Samples) -> None:
        """Takes over what another one saw."""
        self.parts += other.parts
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)

    @property
    def values(self) -> Array:
        """The numbers, float64."""
        return np.concatenate(self.parts) if self.parts else np.zeros(1)


def coding(samples: Samples, bits: int, method: str = "mse", percentile: float = 99.9) -> Coding:
    """The coding of an image by one of `METHODS`.

    "mse" tries ranges for the least mean-squared error, "percentile" leaves out what lies beyond that percentile,
    "minmax" takes all. The zero code is 0 where no number is negative.
    """
    values = samples.values
    low, high = float(samples.low), float(samples.high)
    if method == "percentile":
        low, high = (float(n) for n in np.percentile(values, [100 - percentile, percentile]))
        low, high = min(low, 0.0) if samples.low < 0 else 0.0, max(high, 0.0)
    if not math.isfinite(high - low) or high - low < SMALLEST_STEP:
        return Coding(1.0, 0 if low >= 0 else 1 << (bits - 1), bits)
    if method != "mse":
        return of_range(low, high, bits)
    tried = [of_range(low * f, high * f, bits) for f in FRACTIONS]
    if low < 0:
        tried += [of_range(low * f, high, bits) for f in FRACTIONS[1::2]]
        tried += [of_range(low, high * f, bits) for f in FRACTIONS[1::2]]
    return _nearest(values, tried)


def of_range(low: float, high: float, bits: int) -> Coding:
    """The coding whose codes span a range around 0."""
    top = (1 << bits) - 1
    scale = max((high - low) / top, SMALLEST_STEP)
    if low >= 0:
        return Coding(scale, 0, bits)
    # 0 must be a whole code, at least one from either end. So the step is what the end that is farther off needs.
    zero = min(max(round(-low / scale), 1), top - 1)
    return Coding(max(-low / zero, high / (top - zero), SMALLEST_STEP), zero, bits)


def _nearest(values: Array, tried: Sequence[Coding]) -> Coding:
    """The coding of the least mean squared error, of equal ones the first.

    Estimates leave few that may be it, and mostly one; of several the errors are computed outright.
    """
    estimates, slack = _estimates(values, tried)
    close = [one for one, near in zip(tried, estimates <= estimates.min() + slack, strict=True) if near]
    return close[0] if len(close) == 1 else min(close, key=lambda one: _error(values, one))


def _estimates(values: Array, tried: Sequence[Coding]) -> tuple[Array, float]:
    """The squared errors of values in codings, less the squares of the values, and by how much two may be misjudged.

    In order, the values of a code stand between two thresholds, so that their count and their sum suffice. Sums of n
    numbers are n roundings off at most, and each is counted at two thresholds, times a level.
    """
    ordered, codes = np.sort(values), np.arange(1 << tried[0].bits)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    levels = np.array([(codes - one.zero) * one.scale for one in tried])
    bounds = np.searchsorted(ordered, (levels[:, 1:] + levels[:, :-1]) / 2)
    bounds = np.pad(bounds, ((0, 0), (1, 1)), constant_values=((0, 0), (0, len(values))))
    estimates: Array = (levels * (levels * np.diff(bounds) - 2 * np.diff(sums[bounds]))).sum(axis=1)
    largest = max(float(np.abs(levels).max()), -float(ordered[0]), float(ordered[-1]))
    roundings = 16 * len(codes) * len(values) * float(np.finfo(np.float64).eps)
    return estimates, roundings * largest * float(np.abs(ordered).sum())


def _error(values: Array, one: Coding) -> float:
    """The mean squared error of values in a coding."""
    top = (1 << one.bits) - 1
    codes = values / one.scale
    np.rint(codes, out=codes)
    # Whole numbers all along: so the zero code may as well be in the bounds.
    codes.clip(-one.zero, top - one.zero, out=codes)
    codes *= one.scale
    codes -= values
    return float(np.add.reduce(np.square(codes, out=codes)) / codes.size)


def weight_steps(weights: Array, bits: int) -> Array:
    """The step of each output channel for the least mean-squared error: float64 of shape (out,), from (…, out).

    A channel without weights gets the least step of the others.
    """
    out, top = weights.shape[-1], (1 << (bits - 1)) - 1
    flat, parts = weights.reshape(-1, out), even_parts(out, COLUMNS)
    largest = np.concatenate([np.abs(flat[:, part]).max(axis=0) for part in parts]).astype(np.float64)
    alive = largest > 0
    largest[~alive] = largest[alive].min() if alive.any() else top
    if len(flat) > WEIGHTS:
        flat = flat[:: -(-len(flat) // WEIGHTS)]
    return np.concatenate([_best_steps(flat[:, part], largest[part], top) for part in parts])


def _best_steps(weights: Array, largest: Array, top: int) -> Array:
    """The step of each column for the least mean-squared error of weights that stay in a processor's cache.

    Of steps with equal errors it is the largest.
    """
    weights = weights.copy(order="K")
    steps = largest * TRIED / top
    scaled, error = np.empty_like(weights), np.empty_like(weights)
    errors = np.empty(steps.shape, weights.dtype)
    for step, total in zip(steps.astype(np.float32), errors, strict=True):
        np.divide(weights, step, out=scaled)
        np.rint(scaled, out=error)
        error.clip(-top, top, out=error)
        np.subtract(error, scaled, out=error)
        np.add.reduce(np.square(error, out=error), axis=0, out=total)
    squares = errors * steps * steps
    squares[np.isnan(squares)] = np.inf  # of steps that a float32 does not hold
    best: Array = np.take_along_axis(steps, squares.argmin(axis=0)[None], axis=0)[0]
    return best
