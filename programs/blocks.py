"""Large matrices a part at a time, so that what is computed of a part stays in a processor's cache."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

TURNED = 1 << 15
"""Bytes that are turned from columns to rows at a time: they stay in the nearest cache."""

FEWEST = 8
"""Columns that are turned at a time, where their rows are many."""

FEW = 16
"""One run for so many rows at least makes it worth while to copy runs."""


def even_parts(count: int, most: int) -> list[slice]:
    """Parts of so many columns, each of `most` at most, as even as can be.

    No part of several is a lone column where `most` is 3 or more: NumPy adds up the numbers of a lone column in another
    order than those of one among others.
    """
    parts = max(-(-count // most), 1)
    return [slice(start, end) for start, end in pairwise(count * part // parts for part in range(parts + 1))]


def runs(places: Array) -> Iterator[tuple[int, int]]:
    """Where places that follow each other begin and end among all of them: (first, past the last)."""
    breaks = [0, *(np.flatnonzero(np.diff(places) != 1) + 1).tolist(), len(places)]
    return pairwise(breaks)


def put_rows(target: Array, rows: Array, source: Array) -> None:
    """Copies a matrix into such rows of one that lies by rows."""
    found = list(runs(rows))
    if len(found) * FEW > len(rows):
        target[rows] = source
        return
    for start, end in found:
        put(target[rows[start] : rows[start] + end - start], source[start:end])


def put(target: Array, source: Array) -> None:
    """Copies a matrix into one that lies by rows, a few columns at a time where the source lies by columns."""
    rows, columns = source.shape
    if source.strides[0] >= source.strides[1]:
        target[...] = source
        return
    width = max(TURNED // max(rows * source.itemsize, 1), FEWEST)
    for start in range(0, columns, width):
        target[:, start : start + width] = source[:, start : start + width]
