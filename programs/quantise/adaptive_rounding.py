"""Adaptive rounding: levels of weights that change what a layer makes of its inputs least.

A layer makes s Q of codes, with whole levels Q and a step s for each output; it should make the floating-point sums T.
What counts is |T - s C Q|^2 over the rows C of codes that calibration saw. With H = C'C and B = C'T / s that is, but
for what no level changes, s^2 (Q'H Q - 2 Q'B): so rows are added up once, and levels found from H and B alone.

Descent takes one row of levels after the other, and gives each its best value with the others as they are (QuantEase,
Behdin et al. 2023). It begins with weights that are not rounded, so that each row makes up for the errors of those
before it, as in GPTQ (Frantar et al. 2022), and goes over all rows again. All numbers are whole and below 2^53, so
that every machine finds the same levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SWEEPS = 2
"""How often each level is chosen anew."""

BLOCK = 64
"""Rows of levels that are chosen before the others see what it changed."""

FRACTION = 1 << 8
"""Weights are whole multiples of a level's 256th before they are rounded."""

LARGEST = 1 << 52
"""What sums must stay below."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What calibration says of a product's inputs and sums, added up over all rows.

    `gram` is H of shape (groups, inputs, inputs), positive definite whole numbers times 2^`exponent`; `target` is C'T,
    float64 of shape (groups, inputs, outputs).
    """

    gram: Array
    exponent: int
    target: Array


def rows_of(gram: Array, target: Array, top: int) -> Rows:
    """H and C'T, with H as whole numbers that make exact sums with levels of at most `top`."""
    largest = float(np.abs(gram).max(initial=0)) * gram.shape[1] * 2 * top * FRACTION
    up = math.frexp(LARGEST / max(largest, 1e-300))[1] - 1
    whole = np.rint(np.ldexp(gram, up))
    index = np.arange(gram.shape[1])
    whole[:, index, index] = np.maximum(whole[:, index, index], 1)
    return Rows(whole, -up, target)


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels of matrices of weights, whole numbers in float64, and what H makes of them, in units of `Rows`."""

    values: Array
    made: Array


def begin(rows: Rows, levels: Array, low: int, high: int) -> Levels:
    """Levels that are not rounded yet, held from `low` to `high`: whole multiples of a `FRACTION`-th."""
    values = np.rint(np.clip(levels, low, high) * FRACTION)
    return Levels(values / FRACTION, (rows.gram @ values) / FRACTION)


def descend(rows: Rows, steps: Array, start: Levels, low: int, high: int, sweeps: int = SWEEPS) -> Levels:
    """Whole levels from `low` to `high` with a small error, of shape (groups, inputs, outputs).

    `steps` are those of the outputs, of shape (groups, outputs).
    """
    most = LARGEST / (2 * FRACTION)
    wanted = np.clip(np.rint(np.ldexp(rows.target / steps[:, None], -rows.exponent)), -most, most) * FRACTION
    diagonal = np.diagonal(rows.gram, axis1=1, axis2=2)
    levels, made = start.values * FRACTION, start.made * FRACTION
    for _ in range(sweeps):
        changed = False
        for first in range(0, levels.shape[1], BLOCK):
            block = slice(first, first + BLOCK)
            slopes, own = wanted[:, block] - made[:, block], levels[:, block]
            change = _choose(rows.gram[:, block, block], slopes, own, diagonal[:, block], low, high)
            if change.any():
                changed = True
                made += rows.gram[:, :, block] @ change
        if not changed:
            break
    return Levels(levels / FRACTION, made / FRACTION)


def _choose(gram: Array, left: Array, levels: Array, diagonal: Array, low: int, high: int) -> Array:
    """Chooses the levels of some rows, one row after the other, in place; returns by how much they changed."""
    before = levels.copy()
    for row in range(levels.shape[1]):
        best = left[:, row] / diagonal[:, row, None]
        best += levels[:, row]
        best *= 1 / FRACTION
        np.rint(best, out=best)
        np.maximum(best, low, out=best)
        np.minimum(best, high, out=best)
        best *= FRACTION
        left[:, row + 1 :] -= gram[:, row + 1 :, row, None] * (best - levels[:, row])[:, None]
        levels[:, row] = best
    return levels - before


def better(rows: Rows, steps: Array, one: Levels, other: Levels) -> Levels:
    """Of each output those of two levels that have the smaller error; the first where both have the same."""
    take = (_error(rows, steps, one) <= _error(rows, steps, other))[:, None]
    return Levels(np.where(take, one.values, other.values), np.where(take, one.made, other.made))


def _error(rows: Rows, steps: Array, levels: Levels) -> Array:
    """The error of each output, but for what no level changes: float64 of shape (groups, outputs)."""
    curved = np.ldexp((levels.values * levels.made).sum(axis=1), rows.exponent)
    error: Array = steps * (steps * curved - 2 * (levels.values * rows.target).sum(axis=1))
    return error


def best_steps(rows: Rows, levels: Levels, steps: Array) -> Array:
    """The step of each output for the least error with these levels: float64 of shape (groups, outputs).

    Outputs whose levels are all zero keep their `steps`, and so do those whose best one is far off.
    """
    made = (levels.values * levels.made).sum(axis=1)
    found = np.ldexp((levels.values * rows.target).sum(axis=1), -rows.exponent) / np.where(made > 0, made, 1)
    near = (made > 0) & (found > steps / 2) & (found < steps * 2)
    return np.where(near, found, steps)
