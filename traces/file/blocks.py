"""The frame around everything in a trace file, and the msgpack inside it. See docs/trace-format.md.

A file is a stream of msgpack objects: MAGIC, then blocks, then the trailer. A block is the array
`[type, rows, checksum, body]` in one fixed width: 17 bytes, then the body.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgpack  # type: ignore[import-untyped]

from acortex.traces.file import columns
from acortex.traces.file.schema import NAME

MAGIC = msgpack.packb(NAME)
ROWS = 65_536
BODY_LIMIT = 64 << 20
PLAIN_RATIO = 256
"""Bytes that one byte of a header, summary or index may unfold to; those of long regular runs do to 60."""
PLAIN_LEAST = 2 << 20
"""Bytes that they may unfold to, however short."""
MOST_OBJECTS = 1 << 25
"""What maps and lists of one body may hold in all, each counted as ten more: 8 bytes of memory each."""
# Frame and body are one msgpack array: 0x94 a list of 4, the type, two uint32 (0xCE), bin32 (0xC6). The trailer is a
# uint64 (0xCF) and a string. So any reader of msgpack can walk a trace, although this one reads the bytes itself.
_FRAME = struct.Struct(">BBBIBIBI")
FRAME_BYTES = _FRAME.size
_TRAILER = struct.Struct(">BQ12s")
TRAILER_BYTES = _TRAILER.size
_END = msgpack.packb("acortex.end")
_BIG = 1  # msgpack extension: an integer beyond 64 bits, in decimal


class BlockType(IntEnum):
    """What a block holds. A reader skips a type that it has no name for."""

    HEADER = 0
    EVENTS = 1
    WAITS = 2
    SUMMARY = 3
    INDEX = 4
    EVENTS_BY_TIME = 5
    WAITS_BY_TIME = 6
    EVENTS_BY_INSTRUCTION = 7
    WAITS_BY_INSTRUCTION = 8


@dataclass(frozen=True)
class Block:
    """Where a block lies: byte `offset` of its frame, its type and rows, checksum, and the `length` of its body."""

    offset: int
    type: int
    rows: int
    checksum: int
    length: int

    @property
    def end(self) -> int:
        """The byte after this block."""
        return self.offset + FRAME_BYTES + self.length


def checksum(type_: int, rows: int, body: bytes) -> int:
    """CRC-32 of type (1 byte), rows and length (4 bytes each, big-endian), then the body."""
    return zlib.crc32(body, zlib.crc32(struct.pack(">BII", type_, rows, len(body))))


def frame(type_: int, rows: int, body: bytes) -> bytes:
    """A whole block."""
    return _FRAME.pack(0x94, type_, 0xCE, rows, 0xCE, checksum(type_, rows, body), 0xC6, len(body)) + body


def parse_frame(head: bytes, offset: int) -> Block | None:
    """The block whose frame these FRAME_BYTES are, or None where they are no frame."""
    array, type_, int_a, rows, int_b, check, bin_, length = _FRAME.unpack(head)
    if (array, int_a, int_b, bin_) != (0x94, 0xCE, 0xCE, 0xC6) or type_ > 0x7F or rows > ROWS or length > BODY_LIMIT:
        return None
    return Block(offset, type_, rows, check, length)


def trailer(index_offset: int) -> bytes:
    """The last bytes of a finished file: the offset of its index, and a word that marks the file as complete."""
    return _TRAILER.pack(0xCF, index_offset, _END)


def parse_trailer(tail: bytes) -> int | None:
    """The offset of the index, or None where these TRAILER_BYTES are no trailer."""
    marker, offset, end = _TRAILER.unpack(tail)
    return offset if (marker, end) == (0xCF, _END) else None


def pack(plain: Any) -> bytes:
    """Plain data as msgpack; integers of any size."""
    return bytes(msgpack.packb(_shrink(plain), default=_number))


def pack_compressed(plain: Any) -> bytes:
    """The body of a header, summary or index block: plain data as msgpack in a zstd frame."""
    return columns.compress(pack(plain))


def unpack(body: bytes) -> Any:
    """What `pack` packed; ValueError for anything else. What it takes of memory is bounded by MOST_OBJECTS."""
    size = len(body)
    limits = {"max_str_len": size, "max_bin_len": size}
    limits |= {f"max_{what}_len": min(size, MOST_OBJECTS // 4) for what in ("array", "map")}
    budget = _Budget()
    hooks = {"ext_hook": _grow, "list_hook": budget.take_list, "object_pairs_hook": budget.take_map}
    try:
        return msgpack.unpackb(body, max_ext_len=4096, **hooks, **limits)
    except (msgpack.exceptions.UnpackException, ValueError, RecursionError, TypeError, MemoryError) as error:
        raise ValueError(f"is not readable msgpack ({str(error) or type(error).__name__})") from error


def unpack_compressed(body: bytes) -> Any:
    """What `pack_compressed` packed; ValueError for anything else."""
    return unpack(columns.decompress(body, 1, min(max(PLAIN_RATIO * len(body), PLAIN_LEAST), BODY_LIMIT)))


class _Budget:
    """Counts what was unpacked: a byte of msgpack can become an object of a hundred."""

    def __init__(self) -> None:
        self._left = MOST_OBJECTS

    def take_list(self, values: list[Any]) -> list[Any]:
        """Takes a list."""
        self._spend(len(values))
        return values

    def take_map(self, pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        """Takes a map; a key may stand in it once."""
        self._spend(3 * len(pairs))
        plain = dict(pairs)
        if len(plain) != len(pairs):
            raise ValueError("a key stands twice in one map")
        return plain

    def _spend(self, objects: int) -> None:
        self._left -= objects + 10
        if self._left < 0:
            raise ValueError(f"more than {MOST_OBJECTS} objects")


def _shrink(plain: Any) -> Any:
    if isinstance(plain, str):
        return plain
    if isinstance(plain, dict):
        return {key: _shrink(value) for key, value in plain.items()}
    if isinstance(plain, (list, tuple)):
        return [_shrink(value) for value in plain]
    if isinstance(plain, int) and not -(1 << 63) <= plain < 1 << 63:
        return msgpack.ExtType(_BIG, b"%d" % plain)
    return plain


def _number(value: Any) -> Any:
    """A NumPy scalar as the number that it is."""
    return value.item()


def _grow(code: int, data: bytes) -> int:
    if code != _BIG:
        raise ValueError(f"unknown extension {code}")
    return int(data)
