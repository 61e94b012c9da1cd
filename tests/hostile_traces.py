"""Traces of a run with something changed in them and every checksum right again: food for readers."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np

from acortex.traces.file import blocks, columns
from acortex.traces.file.blocks import BlockType

VALUES: tuple[Any, ...] = (
    0, 1, -1, 2, 7, 255, 65_536, 2**31, 2**40 + 1, 2**62, 2**63 - 1, -(2**63), 2**63, 2**64, 10**300, 0.5, -0.0, 1e308,
    float("nan"), float("inf"), True, None, "", "x", "a b", "a\tb\n", "\0", "é" * 400, b"\xff", [], [1], {}, {"a": 1},
    {b"k": 2}, [[[[]]]], "-", "controller", "memory.read",
)  # fmt: skip
"""What is put in the place of anything."""


@dataclass
class Parts:
    """A trace taken apart: header, summary and index as plain data, and its blocks of rows as columns."""

    header: Any
    rows: list[tuple[int, dict[str, Any]]]
    summary: Any


def take_apart(data: bytes) -> Parts:
    """The parts of a finished trace."""
    at, found, rows = len(blocks.MAGIC), {}, []
    while (block := blocks.parse_frame(data[at : at + blocks.FRAME_BYTES], at)) is not None:
        body = data[at + blocks.FRAME_BYTES : block.end]
        if block.type in (BlockType.EVENTS, BlockType.WAITS):
            plain = blocks.unpack(body)
            rows.append((block.type, {column[0]: _values(column, block.rows) for column in plain["columns"]}))
            rows[-1][1]["prices_aj"] = plain.get("prices_aj")
        else:
            found[block.type] = blocks.unpack_compressed(body)
        at = block.end
        if block.type == BlockType.INDEX:
            break
    return Parts(found[BlockType.HEADER], rows, found[BlockType.SUMMARY])


def _values(column: list[Any], rows: int) -> np.ndarray:
    return columns.unpack(column, rows)


def put_together(parts: Parts, lie: Callable[[list[list[int]]], Any] = lambda index: index) -> bytes:
    """The file of parts, with right checksums; `lie` changes its index."""
    out = bytearray(blocks.MAGIC + blocks.frame(0, 0, _plain(parts.header)))
    index = []
    for type_, row in parts.rows:
        names = [name for name in row if name != "prices_aj"]
        count = len(row[names[0]]) if names else 0
        packed = [columns.pack(name, row[name], delta=name == "start") for name in names]
        body = blocks.pack({"prices_aj": row["prices_aj"], "columns": packed})
        start = row.get("start", np.zeros(1, dtype=np.int64))
        length = row.get("span", row.get("duration", np.zeros_like(start)))
        ends = [a + b for a, b in zip(start.tolist(), length.tolist(), strict=False)]
        index.append([len(out), int(type_), count, min(start.tolist(), default=0), max(ends, default=0)])
        out += blocks.frame(type_, count, body)
    out += blocks.frame(BlockType.SUMMARY, 0, _plain(parts.summary))
    offset = len(out)
    out += blocks.frame(BlockType.INDEX, 0, _plain({"blocks": lie(index)}))
    return bytes(out + blocks.trailer(offset))


def _plain(plain: Any) -> bytes:
    try:
        return blocks.pack_compressed(plain)
    except (OverflowError, struct.error):  # an integer that msgpack has no form for
        return columns.compress(msgpack.packb(None))


def mutant(parts: Parts, rng: random.Random) -> bytes:
    """The file of a trace in which one to three things are wrong."""
    copy = Parts(_copy(parts.header), [(type_, _copy(row)) for type_, row in parts.rows], _copy(parts.summary))
    lie: Callable[[list[list[int]]], Any] = lambda index: index  # noqa: E731
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        what = rng.choice(("header", "rows", "rows", "summary", "index"))
        if what == "header":
            copy.header = _changed(copy.header, rng)
        elif what == "summary":
            copy.summary = _changed(copy.summary, rng)
        elif what == "index":
            lie = lambda index: _changed(index, rng)  # noqa: E731
        else:
            _change_rows(copy, rng)
    return put_together(copy, lie)


def _copy(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {key: _copy(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_copy(value) for value in plain]
    return plain.copy() if isinstance(plain, np.ndarray) else plain


def _changed(plain: Any, rng: random.Random, depth: int = 0) -> Any:
    """Plain data with one thing in it changed, left out or said twice."""
    if isinstance(plain, dict) and plain and (depth == 0 or rng.random() < 0.8):
        key = rng.choice(list(plain))
        if rng.random() < 0.1:
            return {name: value for name, value in plain.items() if name != key}
        return {**plain, key: _changed(plain[key], rng, depth + 1)}
    if isinstance(plain, list) and plain and rng.random() < 0.8:
        at = rng.randrange(len(plain))
        if rng.random() < 0.2:
            return [*plain[:at], *plain[at + 1 :]]
        if rng.random() < 0.2:
            return [*plain[: at + 1], *plain[rng.randrange(len(plain)) :]]
        return [*plain[:at], _changed(plain[at], rng, depth + 1), *plain[at + 1 :]]
    if type(plain) is int and rng.random() < 0.5:
        return plain + rng.choice((-1, 1, 1000, -1000, 10**6))
    return rng.choice(VALUES)


def _change_rows(parts: Parts, rng: random.Random) -> None:
    """One value of a row, a whole column, the order of rows, or the columns that there are."""
    _, row = rng.choice(parts.rows)
    names = [name for name in row if name != "prices_aj"]
    name, how = rng.choice(names), rng.randrange(8)
    at = rng.randrange(len(row[name]))
    if how < 4:
        row[name][at] = _int64(rng)
    elif how == 4:
        row[name][:] = _int64(rng)
    elif how == 5:
        order = np.array(_shuffled(len(row[name]), rng))
        for each in names:
            row[each] = row[each][order]
    elif how == 6:
        row["prices_aj"] = _changed(row["prices_aj"], rng, 1)
    else:
        del row[name]


def _int64(rng: random.Random) -> int:
    return rng.choice([value for value in VALUES if type(value) is int and -(2**63) <= value < 2**63] + [3, 40, 10**6])


def _shuffled(count: int, rng: random.Random) -> Sequence[int]:
    return rng.sample(range(count), count)
