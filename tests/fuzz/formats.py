"""Mutants of files that have checksums or a schema: containers, traces, networks, and the words of a program."""

from __future__ import annotations

import hashlib
import random
import struct
import zlib
from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np

from .mutants import bytes_mutant, value_changed


def container_mutant(data: bytes, rng: random.Random) -> bytes:
    """A container whose map, arrays or header is changed, most often with its checksum right again."""
    body = data[:-32]
    how = rng.randrange(10)
    if how == 0:
        return bytes_mutant(data, rng)
    body = _map_changed(body, rng) if how < 7 else bytes_mutant(body, rng)
    return body + hashlib.sha256(body).digest()


def _map_changed(body: bytes, rng: random.Random) -> bytes:
    """The body of a container with something else in its map; body as it is where it has none that can be read."""
    try:
        start = 11 + body[10]
        (size,) = struct.unpack_from("<I", body, start)
        plain = msgpack.unpackb(body[start + 4 : start + 4 + size])
        for _ in range(rng.choice((1, 1, 2))):
            plain = value_changed(plain, rng)
        packed = msgpack.packb(plain)
    except Exception:  # not ours to word: the mutant of a mutant need not be a container
        return bytes_mutant(body, rng)
    return body[:start] + struct.pack("<I", len(packed)) + packed + body[start + 4 + size :]


def words_mutant(data: bytes, rng: random.Random) -> bytes:
    """Words of instructions, eight bytes each, with bits turned, fields of others, and some exchanged."""
    words = np.frombuffer(data[: len(data) // 8 * 8], np.uint64).copy()
    if not len(words):
        return rng.randbytes(8)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, other = rng.randrange(len(words)), rng.randrange(len(words))
        how = rng.randrange(4)
        if how == 0:
            words[at] ^= np.uint64(1 << rng.randrange(64))
        elif how == 1:
            mask = np.uint64((1 << rng.randrange(1, 57)) - 1)
            words[at] = (words[at] & ~mask) | (words[other] & mask)
        elif how == 2:
            words[[at, other]] = words[[other, at]]
        else:
            words = np.delete(words, at) if len(words) > 1 else words
            at = 0
    return words.tobytes()


def trace_mutant(data: bytes, rng: random.Random) -> bytes:
    """A trace with some of its rows or tables changed and its checksums right again, or with bytes changed."""
    from hostile_traces import mutant, take_apart

    if rng.random() < 0.2:
        return bytes_mutant(data, rng)
    try:
        return mutant(take_apart(data), rng)
    except Exception:  # the mutant of a mutant need not be a trace
        return bytes_mutant(data, rng)


def network_mutant(data: bytes, rng: random.Random) -> bytes:
    """A model with one to three of its fields changed, or with bytes changed."""
    import model_mutations
    import onnx

    if rng.random() < 0.15:
        return bytes_mutant(data, rng)
    model: Any = onnx.ModelProto()
    draw = np.random.default_rng(rng.randrange(2**32))
    try:
        model.ParseFromString(data)
        for _ in range(rng.choice((1, 1, 2, 3))):
            places = list(model_mutations.fields(model))
            deep = [place for place in places if place[1].type in model_mutations.NUMBERS]
            message, field = rng.choice(deep if deep and rng.random() < 0.7 else places)
            model_mutations.change(draw, message, field, places)
        made: bytes = model.SerializeToString()
    except Exception:  # the mutant of a mutant need not be a model
        return bytes_mutant(data, rng)
    return made


def checksum(data: bytes) -> int:
    """A number that depends on all bytes of a case: what is drawn for a case is drawn of it."""
    return zlib.crc32(data)
