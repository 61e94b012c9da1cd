"""Weights as pairs of cells: one cell of a pair carries what is positive, the other what is negative.

Cells are conductances in levels, of shape (..., 2, rows, columns). Leading axes are chips; axis -3 is the two cells of
a pair, the positive one first. One level is the step between neighbouring states of a cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def split(weights: Array, levels: float = 8, floor: float = 0.0) -> Array:
    """The cells that hold weights (..., rows, columns) within -levels to levels; (..., 2, rows, columns).

    A cell that is off has the conductance `floor`, in levels; a cell that is on has `floor` more than its weight. So
    the difference of a pair is the weight, whatever the floor. The result has the weights' type if that is float32 or
    float64; whole numbers give float32. A weight out of range is a ValueError.
    """
    weights = np.asarray(weights)
    if weights.dtype not in (np.float32, np.float64):
        weights = weights.astype(np.float32)
    if not 0 <= floor < np.inf:
        raise ValueError(f"the floor of cells is {floor} levels; it must be 0 or more")
    outside = ~(np.abs(weights) <= levels)
    if outside.any():
        place = tuple(int(index) for index in np.argwhere(outside)[0])
        raise ValueError(
            f"weight {weights[place]} at {place} is not within -{levels} to {levels}; scale or clip weights"
        )
    cells = np.stack([np.maximum(weights, 0), np.maximum(-weights, 0)], axis=-3)
    cells += floor
    return cells


def join(cells: Array) -> Array:
    """The weights (..., rows, columns) that cells (..., 2, rows, columns) hold: the difference of each pair."""
    _check(cells)
    return np.asarray(cells[..., 0, :, :] - cells[..., 1, :, :])


def to_crossbar(cells: Array) -> Array:
    """Cells (..., 2, rows, columns) as they lie in a crossbar (..., rows, 2 * columns): pairs side by side."""
    _check(cells)
    return np.moveaxis(cells, -3, -1).reshape(*cells.shape[:-3], cells.shape[-2], 2 * cells.shape[-1])


def from_crossbar(crossbar: Array) -> Array:
    """The cells (..., 2, rows, columns) of a crossbar (..., rows, 2 * columns): the inverse of `to_crossbar`."""
    if crossbar.ndim < 2 or crossbar.shape[-1] % 2:
        raise ValueError(f"a crossbar of shape {crossbar.shape} holds no pairs: its columns are not even in number")
    apart = crossbar.reshape(*crossbar.shape[:-1], crossbar.shape[-1] // 2, 2)
    return np.ascontiguousarray(np.moveaxis(apart, -1, -3))


def floor_of(levels: float, on_off: float) -> float:
    """The conductance in levels of a cell that is off, where the largest is `on_off` times as large.

    The largest is `levels` above the least: floor = levels / (on_off - 1), and 0 where `on_off` is infinite.
    """
    if not on_off > 1:
        raise ValueError(f"the ratio of on to off is {on_off}; it must be above 1")
    return levels / (on_off - 1)


def _check(cells: Array) -> None:
    if cells.ndim < 3 or cells.shape[-3] != 2:
        raise ValueError(f"cells of shape {cells.shape} are no pairs: their shape is (..., 2, rows, columns)")
