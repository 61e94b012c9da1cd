"""Functions of codes, number by number, as tables: what a function makes of every code, looked up.

A code has few values, and an image has many codes: a table of 256 entries costs nothing beside wide integers for each
code of the image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Codes = NDArray[np.uint8]

FEW = 16
"""Codes below this, two of them side by side, are one byte."""

BLOCK = 1 << 18
"""Codes that are computed with at a time where no table holds them all."""


def mapped(function: Callable[..., Array], parts: Sequence[Codes], zeros: Sequence[int]) -> Codes:
    """What a function of one or two arrays of codes, each less its zero code, makes of them: uint8 of their shape.

    The function takes whole numbers and gives codes, in any type, of one shape, and does the same at every place.
    """
    if len(parts) == 1:
        return _looked_up(parts[0], function(np.arange(256) - zeros[0]))
    first, second = parts
    if max(first.max(initial=0), second.max(initial=0)) >= FEW:
        return _computed(function, parts, zeros)
    every = np.arange(FEW)
    table = function(np.repeat(every, FEW) - zeros[0], np.tile(every, FEW) - zeros[1])
    return _looked_up(first * np.uint8(FEW) + second, table)


def _looked_up(codes: Codes, table: Array) -> Codes:
    """The entries of a table of 256, by code. Python's own table of bytes is five times as fast as an index."""
    made = bytearray(codes).translate(table.astype(np.uint8).tobytes())
    return np.frombuffer(made, dtype=np.uint8).reshape(codes.shape)


def _computed(function: Callable[..., Array], parts: Sequence[Codes], zeros: Sequence[int]) -> Codes:
    """The function of the codes themselves, a block at a time: wide numbers of all take eight times their room."""
    flat = [part.reshape(-1) for part in parts]
    made = np.empty(flat[0].shape, dtype=np.uint8)
    for at in range(0, len(made), BLOCK):
        wide = (part[at : at + BLOCK].astype(np.int64) - zero for part, zero in zip(flat, zeros, strict=True))
        made[at : at + BLOCK] = function(*wide)
    return made.reshape(parts[0].shape)
