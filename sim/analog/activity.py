"""Energy of arrays that depends on data: how much current their cells draw for the codes that come in.

The activity of an array is the sum of code times |level| over all its cells: proportional to the charge that a product
draws from the inputs, since one cell of each pair conducts and the other is off. It is a whole number, and every sum
of it is exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.integer[Any]]


def array_activity(codes: Whole, weights: Whole, *, side: int = 64) -> NDArray[np.int64]:
    """The activity of each array for each position: int64 of shape (..., arrays down, arrays across).

    `codes` have shape (..., rows), `weights` are levels of shape (rows, columns); an array holds `side` rows and
    columns, the last ones fewer. Raises ValueError.
    """
    loads = _loads(codes, weights, side)
    wide = codes.astype(np.int64)
    tops = range(0, len(weights), side)
    return np.stack([wide[..., top : top + side] @ loads[top : top + side] for top in tops], axis=-2)


def layer_activity(codes: Whole, weights: Whole) -> int:
    """The activity of all arrays of a layer over all positions; what comes in is that of `array_activity`."""
    loads = _loads(codes, weights, weights.shape[-1])[:, 0]
    per_row = codes.reshape(-1, len(weights)).sum(axis=0, dtype=np.int64)
    return sum(code * load for code, load in zip(per_row.tolist(), loads.tolist(), strict=True))


def activity_by_layer(products: Iterable[tuple[str, Whole, Whole]]) -> dict[str, int]:
    """The activity of each layer, of products as (layer, codes, weights); those of one layer are added up."""
    found: dict[str, int] = {}
    for layer, codes, weights in products:
        found[layer] = found.get(layer, 0) + layer_activity(codes, weights)
    return found


def per_activity(fixed_aj: int, operations: int, activity: int) -> Fraction:
    """The price of one unit of activity in aJ: such that `operations` of `activity` in all cost the fixed price each.

    `fixed_aj` is the price of an array operation where data do not matter, and stays the mean of the operations that
    it was found on. Raises ValueError.
    """
    if operations < 1 or activity < 1:
        raise ValueError(f"per_activity: {activity} of activity in {operations} operations: both are at least 1")
    return Fraction(fixed_aj * operations, activity)


def energy_aj(activity: int, price: Fraction) -> int:
    """The energy of some activity in whole aJ, rounded once, ties to even."""
    return round(activity * price)


def _loads(codes: Whole, weights: Whole, side: int) -> NDArray[np.int64]:
    """The sum of |level| over the columns of each array, for each row: int64 of shape (rows, arrays across)."""
    if weights.ndim != 2 or codes.shape[-1:] != weights.shape[:1] or not weights.size:
        raise ValueError(
            f"activity: codes of shape {codes.shape} for weights of shape {weights.shape}: (..., rows), (rows, columns)"
        )
    if codes.size and codes.min() < 0:
        raise ValueError(f"activity: a code of {codes.min()}: codes are not below 0")
    levels = np.abs(weights.astype(np.int64))
    loads: NDArray[np.int64] = np.add.reduceat(levels, np.arange(0, weights.shape[1], side), axis=1)
    return loads
