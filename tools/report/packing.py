"""Columns of integers as bytes that a browser unpacks: smallest base, narrowest width, deflate, base64.

A column is values, or their differences; either less the least of them, in 0, 1, 2, 4 or 8 bytes each, little-endian.
`static/data.js` is the reader; `unpacked` is the same in Python, for tests.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from acortex.traces.file.table import Ints

LEVEL = 9
"""How hard deflate tries: a page is written once."""


@dataclass(frozen=True)
class Column:
    """Where a column lies among the bytes, and how to read it."""

    name: str
    rows: int
    delta: bool
    base: int
    width: int
    offset: int
    small: bool
    """Whether all values fit into signed integers of 32 bits, which a browser reads faster."""


@dataclass(frozen=True)
class Packed:
    """Columns, and their bytes after deflate and base64."""

    columns: list[Column]
    text: str

    def plain(self) -> list[dict[str, object]]:
        """The columns as JSON has them."""
        return [asdict(one) for one in self.columns]


def packed(columns: Mapping[str, Ints], delta: frozenset[str] = frozenset()) -> Packed:
    """Packs columns, those named in `delta` by their differences; the first difference is from 0."""
    found, pieces, offset = [], [], 0
    for name, values in columns.items():
        small = not len(values) or (int(values.min()) >= -(1 << 31) and int(values.max()) < 1 << 31)
        values = np.diff(values, prepend=0) if name in delta else values
        base = int(values.min()) if len(values) else 0
        top = int(values.max()) - base if len(values) else 0
        width = next((width for width in (0, 1, 2, 4) if top < 1 << 8 * width), 8)
        piece = (values - base).astype(f"<u{width}").tobytes() if width else b""
        found.append(Column(name, len(values), name in delta, base, width, offset, small))
        pieces.append(piece)
        offset += len(piece)
    return Packed(found, deflated(b"".join(pieces)))


def deflated(data: bytes) -> str:
    """Bytes as base64 of deflate: no character of it is markup."""
    return base64.b64encode(zlib.compress(data, LEVEL)).decode("ascii")


def inflated(text: str) -> bytes:
    """The bytes of `deflated`."""
    return zlib.decompress(base64.b64decode(text))


def document(plain: object) -> str:
    """A JSON document as a page carries it. Integers stay exact; what is no number is refused."""
    return deflated(json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())


def unpacked(columns: list[dict[str, object]], text: str) -> dict[str, Ints]:
    """The values of packed columns, as the page reads them."""
    data, found = inflated(text), {}
    for one in (Column(**row) for row in columns):  # type: ignore[arg-type]
        if one.width:
            values = np.frombuffer(data, f"<u{one.width}", one.rows, one.offset).astype(np.int64)
        else:
            values = np.zeros(one.rows, np.int64)
        values = values + one.base
        found[one.name] = np.cumsum(values) if one.delta else values
    return found
