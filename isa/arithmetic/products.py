"""Products of codes and weights in floats that hold every sum exactly: as fast as NumPy multiplies, and integers.

Weights stay int8 in memory and become floats as they are needed. For few vectors that is done a few rows at a time, in
a processor's cache, and takes no longer than to read floats from memory. For one vector it takes longer than to
multiply: then weights become numbers of 16 bits, as far as these hold the sums of some rows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import EXACT

Array = NDArray[Any]

LARGEST_CODE = 255
"""What a byte holds at most: every input is taken for it."""

BLOCK = 1 << 18
"""Codes of vectors, or weights, that are multiplied at a time: as many as stay in a processor's cache."""

FEWEST = 256
"""Vectors that are multiplied at a time, at least."""

MANY = 32
"""From so many vectors on weights become floats once, for all rows: to add up the sums of parts would take longer."""


SHORT = (1 << 15) - 1
"""The largest sum that 16 bits hold."""

SHORT_BLOCK = 1 << 20
"""Weights that become numbers of 16 bits at a time."""

SHORTEST = 32
"""Rows whose sums 16 bits have to hold: of fewer, to add up the sums of parts would take longer."""

FEW_ROWS = 1 / 4
"""Where at most this share of a matrix's rows holds weights other than 0, the others are left out of its products."""


class ExactWeights(NamedTuple):
    """Whole weights of shape (rows, columns), and the type of floats that holds every sum of theirs exactly.

    `rows` are the codes of a vector that they are multiplied with, in the order of their rows; None for all. `peak` is
    the largest magnitude among them; 0 where it is not known.
    """

    values: Array
    kind: type[np.float32] | type[np.float64]
    rows: NDArray[np.intp] | None = None
    peak: int = 0


def exact_weights(values: Array) -> ExactWeights:
    """Weights for `product`: float32 where every sum stays below 2^24, else float64.

    A float32 holds every integer below 2^24, and products of float32 are ten times as fast as those of integers. The
    largest weight settles it for most matrices: only where it could be too large are the columns added up.
    """
    rows = _few_rows(values)
    if rows is not None:
        values = values[rows]
    peak = max(int(values.max(initial=0)), -int(values.min(initial=0)))
    worst = len(values) * peak
    if worst * LARGEST_CODE >= EXACT:
        worst = int(np.abs(values.astype(np.int64)).sum(axis=0).max(initial=0))
    return ExactWeights(values, np.float32 if worst * LARGEST_CODE < EXACT else np.float64, rows, peak)


def _few_rows(values: Array) -> NDArray[np.intp] | None:
    """The rows with a weight other than 0, where these are few, as under a window over an image of three colours."""
    most = int(len(values) * FEW_ROWS)
    if np.count_nonzero(values[:, 0]) > most:  # so it is with most matrices: one column says it
        return None
    rows = np.flatnonzero(values.any(axis=1))
    return rows if 0 < len(rows) <= most else None


def product(vectors: Array, weights: ExactWeights) -> Array:
    """Sums of codes times weights, exact whole numbers: of the weights' `kind`, of shape (..., columns).

    `vectors` are of shape (..., rows of the group).
    """
    used, values = weights.rows, weights.values
    if used is not None:
        vectors = vectors[..., used]
    lanes, vectors = vectors.shape[:-1], vectors.reshape(-1, len(values))
    depth = _short_depth(vectors, weights)
    sums = _sums(vectors, values, weights.kind) if depth < SHORTEST else _sums_of_one(vectors, values, depth)
    return sums.astype(weights.kind, copy=False).reshape(*lanes, values.shape[1])


def _short_depth(vectors: Array, weights: ExactWeights) -> int:
    """How many rows of weights are multiplied at a time with a lone vector in 16 bits, which hold every sum of these.

    0 where there are several vectors, or the weights' peak is not known.
    """
    if len(vectors) != 1 or not weights.peak:
        return 0
    rows, columns = weights.values.shape
    largest = max(int(vectors.max(initial=0)), 1) * weights.peak
    depth: int = min(SHORT // largest, SHORT_BLOCK // columns, rows)
    return depth


def _sums_of_one(vectors: Array, values: Array, depth: int) -> NDArray[np.int64]:
    """The sums of a lone vector, of shape (1, columns)."""
    codes = vectors[0].astype(np.int16)
    short = np.empty((depth, values.shape[1]), np.int16)
    sums = np.zeros(values.shape[1], np.int64)
    for top in range(0, len(values), depth):
        wide = short[: len(values) - top]
        np.copyto(wide, values[top : top + depth])
        sums += np.einsum("r,rc->c", codes[top : top + depth], wide)
    return sums[None]


def _sums(vectors: Array, values: Array, kind: type[np.float32] | type[np.float64]) -> Array:
    """The sums of vectors, of shape (vectors, columns): in floats, some rows and some vectors at a time."""
    rows, columns = values.shape
    sums = np.empty((len(vectors), columns), kind)
    depth = rows if len(vectors) >= MANY else min(max(BLOCK // columns, 1), rows)
    height = max(BLOCK // depth, FEWEST)
    floats = np.empty((depth, columns), kind)  # one for all parts: new memory costs as much as to fill it
    for top in range(0, rows, depth):
        wide = floats[: rows - top]
        np.copyto(wide, values[top : top + depth])
        for at in range(0, len(vectors), height):
            part: Array = vectors[at : at + height, top : top + depth].astype(kind, copy=False)
            if top:
                sums[at : at + height] += part @ wide
            else:
                np.matmul(part, wide, out=sums[at : at + height])
    return sums
