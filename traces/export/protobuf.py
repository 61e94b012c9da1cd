"""Protobuf messages by the thousand: fields of all of them at once, in NumPy, as a table of bytes with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.traces.file.table import AnyInts, Ints


class Piece(NamedTuple):
    """A piece of each of n messages: bytes of shape (n or 1, width), of which the first `size` of each count."""

    data: NDArray[np.uint8]
    size: Ints


def constant(data: bytes) -> Piece:
    """The same bytes in every message."""
    return Piece(np.frombuffer(data, dtype=np.uint8)[None, :], np.array([len(data)], dtype=np.int64))


def varint(values: Ints) -> Piece:
    """Integers as varints; a negative one takes ten bytes, as an int64 field has it."""
    rest = values.astype(np.uint64)
    top = int(rest.max(initial=0))
    width = max(-(-top.bit_length() // 7), 1)
    data = np.empty((len(values), width), dtype=np.uint8)
    size = np.ones(len(values), dtype=np.int64)
    for at in range(width):
        data[:, at] = rest & 0x7F
        rest >>= np.uint64(7)
        more = rest != 0
        data[more, at] |= 0x80
        size += more
    return Piece(data, size)


def lookup(table: Sequence[bytes], at: AnyInts) -> Piece:
    """Bytes by their place in a table; -1 is the last."""
    places, which = np.unique(at, return_inverse=True)
    some = [table[place] for place in places.tolist()]
    size = np.array([len(entry) for entry in some], dtype=np.int64)
    padded = np.array(some, dtype=f"S{max(int(size.max(initial=0)), 1)}")
    return Piece(padded.view(np.uint8).reshape(len(some), -1)[which], size[which])


def length(*pieces: Piece) -> Ints:
    """The bytes that pieces take in each message together."""
    whole: Ints = np.sum(np.broadcast_arrays(*(piece.size for piece in pieces)), axis=0)
    return whole


def joined(pieces: Sequence[Piece], rows: int) -> bytes:
    """The messages one after another, each its pieces in order."""
    width = sum(piece.data.shape[1] for piece in pieces)
    data, taken = np.empty((rows, width), dtype=np.uint8), np.empty((rows, width), dtype=bool)
    first = 0
    for piece in pieces:
        place = slice(first, first + piece.data.shape[1])
        data[:, place] = piece.data
        taken[:, place] = np.arange(piece.data.shape[1]) < piece.size[:, None]
        first = place.stop
    return data[taken].tobytes()


def tag(field: int, wire: int = 2) -> bytes:
    """What stands before a field: 0 for a varint, 2 for bytes, which are a text or a message."""
    return _varint(field << 3 | wire)


def nested(field: int, content: bytes) -> bytes:
    """A field that holds a text or a message."""
    return tag(field) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))
