"""Containers as someone would forge them who knows how to compute the checksum."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]

from acortex.isa.container import DIGEST, MAGIC, dumps
from acortex.isa.program import Program


def sealed(body: bytes) -> bytes:
    """Bytes with their checksum."""
    return body + hashlib.sha256(body).digest()


def forged(program: Program, change: Callable[[dict[str, Any]], None], more: bytes = b"") -> bytes:
    """A container whose map is changed, with more bytes behind its arrays."""
    data = dumps(program)
    start = len(MAGIC) + 3 + data[len(MAGIC) + 2]
    (size,) = struct.unpack_from("<I", data, start)
    content = msgpack.unpackb(data[start + 4 : start + 4 + size])
    change(content)
    packed = msgpack.packb(content)
    return sealed(data[:start] + struct.pack("<I", len(packed)) + packed + data[start + 4 + size : -DIGEST] + more)
