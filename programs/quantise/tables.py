"""Functions of one code as tables, and tables as two products.

    t[x] = t[0] + a_0 x + a_1 max(x - k_1, 0) + ...      or      t[x] = t[0] + d_1 [x >= k_1] + ...

The first product takes each channel apart: a column for each bend or each step of the table. The second puts the table
together with whole weights. Both are exact, so that what comes out is the code that the function gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs import graph as g

Array = NDArray[Any]


def table_of(function: Callable[[Array], Array], source: g.Coding, target: g.Coding) -> Array:
    """The code that a function gives for each code: int64 of shape (2^bits,).

    Where the function has no value, the nearest code with one stands for it.
    """
    numbers = (np.arange(1 << source.bits) - source.zero) * source.scale
    top = (1 << target.bits) - 1
    with np.errstate(all="ignore"):
        made = np.asarray(function(numbers.astype(np.float32)), np.float64)
        codes = np.clip(np.rint(np.clip(made / target.scale, -top, top)) + target.zero, 0, top)
    known = np.flatnonzero(~np.isnan(made))
    if not len(known):
        return np.full(len(numbers), target.zero, np.int64)
    nearest = known[np.abs(known[:, None] - np.arange(len(numbers))).argmin(axis=0)]
    return np.asarray(codes[nearest], np.int64)


def known_between(function: Callable[[Array], Array], source: g.Coding, low: float, high: float) -> bool:
    """Whether a function has a value for each code between two numbers."""
    numbers = (np.arange(1 << source.bits) - source.zero) * source.scale
    inside = numbers[(numbers >= low) & (numbers <= high)]
    with np.errstate(all="ignore"):
        return not bool(np.isnan(function(inside.astype(np.float32))).any())


Column = tuple[int, int]
"""The code from which on a column counts, and its weight."""


def columns_of(table: Array, bits: int) -> tuple[list[Column], bool]:
    """The columns whose sum is a table less its first code, and whether they count steps instead of codes beyond."""
    steps = np.diff(table)
    bends = np.diff(steps, prepend=0)
    counted = [_split([(k + 1, int(d)) for k, d in enumerate(steps) if d], bits)]
    counted.append(_split([(k, int(d)) for k, d in enumerate(bends) if d], bits))
    fewer = len(counted[0]) < len(counted[1])
    return (counted[0] if fewer else counted[1]) or [(0, 0)], fewer


def _split(columns: Sequence[Column], bits: int) -> list[Column]:
    """Columns with weights that a cell can hold, several in the place of one whose weight is larger."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    found = []
    for start, weight in columns:
        while weight:
            part = min(max(weight, low), high)
            found.append((start, part))
            weight -= part
    return found


def table_layers(
    step: tuple[str, str], source: g.View, middle: g.Target, target: g.Target, size: g.Map, table: Array, bits: int
) -> tuple[g.Product, g.Product]:
    """The two products of a table; `step` is its name and operator, `size` has rows, columns and channels, `middle` is
    where the columns of each channel lie, one channel after another.
    """
    columns, counts_steps = columns_of(table, bits)
    channels, width = size.channels, len(columns)
    starts = np.array([start for start, _ in columns], np.int64)
    weights = np.array([weight for _, weight in columns], np.int8)
    top = (1 << bits) - 1
    offset = np.tile(1 - starts if counts_steps else -starts, channels)
    apart = g.Code(1, 0, offset, 0, 0, 1 if counts_steps else top, "relu")
    geometry = g.Geometry(rows=size.height, columns=size.width)
    ones = np.ones((1, 1, 1, channels * width), np.int8)
    together = g.Code(1, 0, int(table[0]), 0, 0, (1 << size.coding.bits) - 1, "relu")
    matrix = np.repeat(weights[:, None], channels, axis=1).reshape(1, 1, width, channels)
    name, op = step
    first = g.Product(f"{name}.apart", op, middle, source, ones, geometry, apart, channels)
    second = g.Product(name, op, target, g.View(middle.map), matrix, geometry, together, channels)
    return first, second
