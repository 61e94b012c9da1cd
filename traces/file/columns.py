"""One column of 64-bit integers as few bytes, and back: smallest base, narrowest width, zstd.

A column of n values is `[name, first, base, width, data]`. `width` is the bytes of a little-endian unsigned number in
`data` (a zstd frame), 0 where there is none because all are equal. With `first` nil, value[i] = base + number[i], n
numbers; else value[0] = first and value[i] = value[i-1] + base + number[i], n-1 numbers. All sums are modulo 2^64, so
any int64 survives.
"""

from __future__ import annotations

import sys
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 3
Ints = NDArray[np.int64]
Packed = tuple[str, int | None, int, int, bytes]


def compress(data: bytes | memoryview) -> bytes:
    """A zstd frame that states its size."""
    return zstd.compress(data, LEVEL)


def decompress(data: bytes, least: int, most: int) -> bytes:
    """The content of a zstd frame, whose stated size (checked before anything is allocated) lies in least..most."""
    try:
        size = zstd.get_frame_info(data).decompressed_size
        if size is None or not least <= size <= most:
            raise ValueError(f"holds {size} bytes where {least} to {most} fit")
        return zstd.decompress(data)
    except zstd.ZstdError as error:
        raise ValueError(f"is no whole zstd frame ({error})") from error


def last_end(start: Ints, length: Ints) -> int:
    """The greatest start + length; in Python integers only where int64 might not hold it."""
    if int(start.max()) + int(length.max()) < 1 << 63:
        return int((start + length).max())
    return int(max(map(add, start.tolist(), length.tolist())))


def pack(name: str, values: Ints, *, delta: bool = False) -> Packed:
    """A column's smallest form. `delta` suits what mostly rises, like start cycles."""
    # In 64 bits differences may wrap around, here and in `_narrow`; `unpack` wraps them back, so values stay exact.
    if not delta:
        return (name, None, *_narrow(values))
    steps = np.subtract(values[1:], values[:-1])
    return (name, int(values[0]), *_narrow(steps))


def _narrow(values: Ints) -> tuple[int, int, bytes]:
    if not len(values):
        return 0, 0, b""
    base, top = int(values.min()), int(values.max())
    if base == top:
        return base, 0, b""
    width = next(width for width in (1, 2, 4, 8) if top - base < 1 << 8 * width)
    return base, width, compress(np.subtract(values, base).astype(f"<u{width}").data.cast("B"))


def unpack(packed: Any, length: int) -> Ints:
    """The `length` values (at least 1) of a packed column; ValueError where it is not one."""
    _, first, base, width, data = packed
    numbers = length if first is None else length - 1
    if width == 0:
        values = np.full(numbers, base, dtype=np.int64)
    else:
        size = numbers * width
        values = np.frombuffer(decompress(data, size, size), dtype=f"<u{width}").astype(np.int64)
        values += base
    if first is None:
        return values
    return np.cumsum(np.concatenate((np.array([first], dtype=np.int64), values)), dtype=np.int64)


def is_packed(packed: Any) -> bool:
    """Whether this is a packed column, judged by its types and ranges."""
    if not isinstance(packed, list) or len(packed) != 5:
        return False
    name, first, base, width, data = packed
    return (
        isinstance(name, str)
        and (first is None or is_int64(first))
        and is_int64(base)
        and type(width) is int
        and width in (0, 1, 2, 4, 8)
        and isinstance(data, bytes)
    )


def is_int64(value: Any) -> bool:
    """Whether this is an integer of 64 bits."""
    return type(value) is int and -(1 << 63) <= value < 1 << 63
