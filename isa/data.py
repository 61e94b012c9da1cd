"""Data inside a program's text and container: weights packed four bits each, arrays as printable blobs."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.operands import KINDS

WEIGHT_LOW, WEIGHT_HIGH = -8, 7
"""The range of a weight: four bits, two's complement."""

OFFSET_LIMIT = 1 << 31
"""The range of a neuron's offset, either way."""

MULTIPLIER_HIGH = KINDS["multiplier"].high

TYPES = (
    "bool",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float16",
    "float32",
    "float64",
)
"""The element types of a program's own data."""


BLOCK = 1 << 16
"""Pairs of weights that are packed at a time: they stay in a processor's cache."""


def pack_weights(values: NDArray[np.int8]) -> bytes:
    """Weights in row-major order, two per byte, the first in the low half; an odd one leaves the last half 0."""
    flat = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    if len(flat) % 2:
        flat = np.append(flat, np.uint8(0))
    pairs = flat.view("<u2")  # the first of two is the low byte: whole registers at a time, unlike steps of two
    packed = np.empty(len(pairs), np.uint8)
    for start in range(0, len(pairs), BLOCK):
        some = pairs[start : start + BLOCK]
        packed[start : start + BLOCK] = some & 0x000F | some >> 4 & 0x00F0
    return packed.tobytes()


def unpack_weights(data: bytes, shape: tuple[int, int]) -> NDArray[np.int8]:
    """What `pack_weights` packed, read-only; `data` has exactly the bytes of this shape."""
    pairs = _PAIRS[np.frombuffer(data, dtype=np.uint8)]
    pairs.setflags(write=False)
    return pairs.view(np.int8)[: shape[0] * shape[1]].reshape(shape)


def _pairs() -> NDArray[np.uint16]:
    """The two weights that each packed byte stands for, the first in the low byte."""
    codes = np.arange(256, dtype=np.uint8)
    weights = np.stack([codes & 15, codes >> 4], axis=1)
    return ((weights ^ 8).view(np.int8) - np.int8(8)).view("<u2").reshape(256)


_PAIRS = _pairs()


def packed_size(shape: tuple[int, int]) -> int:
    """How many bytes `pack_weights` makes of a matrix."""
    return (shape[0] * shape[1] + 1) // 2


def constants_fault(values: NDArray[Any]) -> str:
    """What is wrong with constants of shape (columns, 2): the first that is out of its range; empty where none is."""
    low, high = np.array([-OFFSET_LIMIT, 1]), np.array([OFFSET_LIMIT, MULTIPLIER_HIGH])
    wrong = np.argwhere((values < low) | (values > high))
    if not len(wrong):
        return ""
    column, part = wrong[0]
    what = ("offset", "multiplier")[part]
    return f"the {what} of column {column} is {values[column, part]}, allowed is {low[part]} to {high[part]}"


def to_blob(data: bytes) -> str:
    """Bytes as printable text: zlib, then base64."""
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def from_blob(text: str, size: int) -> bytes:
    """The `size` bytes of a blob. Raises AcortexError where it is damaged or holds another number of bytes."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise AcortexError(
            "the blob is damaged", hint="a blob is base64 text of zlib data, as disasm writes it"
        ) from None
    if len(data) != size or not unpacker.eof:
        more = "more than " if len(data) > size else ""
        raise AcortexError(f"the blob holds {more}{min(len(data), size)} bytes, {size} are needed")
    return data
