"""Rows that are alike: their order by some columns of integers, and where those begin that are equal in all of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def grouped(*keys: Ints) -> tuple[Ints, Ints]:
    """The order of rows by `keys`, int64 of shape (rows,) each, of which the first counts most, and where others begin.

    Equal rows keep their order. In it, a row at one of the places returned second is the first of those like it.

    One number for each row says all, where 64 bits are enough: with the row's own place in its lowest bits, to sort the
    numbers gives the order, in half the time and less that an order of equals takes.
    """
    rows = len(keys[0])
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    lows = [int(key.min()) for key in keys]
    sizes = [int(key.max()) - low + 1 for key, low in zip(keys, lows, strict=True)]
    bits = rows.bit_length()
    if math.prod(sizes) << bits >= 1 << 63:
        order: Ints = np.lexsort(keys[::-1])
        return order, begins(*(key[order] for key in keys))
    whole = np.zeros(rows, np.int64)
    for key, low, size in zip(keys, lows, sizes, strict=True):
        whole *= size
        whole += key
        whole -= low
    whole <<= bits
    whole += np.arange(rows)
    whole.sort(kind="stable")
    order = whole & ((1 << bits) - 1)
    whole >>= bits
    return order, begins(whole)


def begins(*columns: Ints) -> Ints:
    """Where rows begin that differ from the one before in any of the columns, int64 of shape (rows,) each."""
    differs = np.ones(len(columns[0]), bool)
    differs[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return np.flatnonzero(differs)
