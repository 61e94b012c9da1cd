"""Reads a trace: `open(path)` checks every block and gives NumPy columns, made as they are asked for.

A finished file must be right to the last byte. An unfinished one (a run still going, a crash, a cut) is read up to its
last complete block, and `trace.complete` and `trace.lost` say so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from acortex import safe_files
from acortex.errors import UsageError
from acortex.traces import blocks
from acortex.traces.blocks import FRAME_BYTES, MAGIC, TRAILER_BYTES, Block, BlockType
from acortex.traces.schema import EVENT_FIELDS, MERGED_FIELDS, NAME, WAIT_FIELDS, TraceHeader, header_from_plain
from acortex.traces.table import Event, Ints, Select, StoredBlock, Table, Wait, Window

CLAIMS = ((256, 1 << 22), (64, 1 << 27))
"""Rows that a file may claim: so many a byte, or so many in all."""


@dataclass(frozen=True)
class Trace:
    """A trace: its header, the tables `events` and `waits`, and what its writer said at the end.

    `len`, iteration, `trace["start"]` and `select` are those of `events`. `summary` is None in an unfinished file.
    `lost` says in words what is missing, "" if nothing.
    """

    path: Path
    bytes: int
    header: TraceHeader
    events: Table[Event]
    waits: Table[Wait]
    summary: dict[str, Any] | None
    complete: bool
    lost: str

    @property
    def cycles(self) -> int:
        """Cycles of the run: as the summary says, or up to the last cycle of any row."""
        stated = (self.summary or {}).get("cycles")
        return stated if isinstance(stated, int) else max(self.events.end_cycle(), self.waits.end_cycle())

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __getitem__(self, name: str) -> Ints:
        return self.events[name]

    def select(self, **wanted: Any) -> Table[Event]:
        """The events that match; see `Table.select`."""
        return self.events.select(**wanted)

    def to_pandas(self) -> Any:
        """The events as a pandas DataFrame."""
        return self.events.to_pandas()

    def to_duckdb(self) -> Any:
        """The events as a duckdb relation."""
        return self.events.to_duckdb()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The events as an Arrow stream."""
        return self.events.__arrow_c_stream__(requested_schema)


def open(path: str | os.PathLike[str]) -> Trace:
    """Opens a trace, whole or unfinished (a PATH.part too); UsageError where it is none or is damaged."""
    path = Path(path)
    try:
        with safe_files.open_file(path) as file:
            return _open(path, file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=str(path)) from error


class _Found(NamedTuple):
    """The blocks of a file that are whole, where the next would begin, and why it does not ("" at the end)."""

    blocks: list[Block]
    end: int
    wrong: str


def _open(path: Path, file: BinaryIO, size: int) -> Trace:
    if file.read(len(MAGIC)) != MAGIC:
        raise UsageError(f"is not a trace that begins with {NAME!r}", where=str(path))
    index_offset = _index_offset(file, size)
    finished = index_offset is not None
    found = _scan(file, size - TRAILER_BYTES if finished else size)
    if finished and not found.wrong and found.blocks[-1:] and found.blocks[-1].offset != index_offset:
        found = found._replace(wrong="the trailer does not point to the index")
    if finished and found.wrong:
        raise _damaged(path, found.end, found.wrong)
    if not found.blocks or found.blocks[0].type != BlockType.HEADER:
        raise UsageError(f"the trace ends within its header ({size} bytes)", where=str(path))
    _check_claim(path, sum(block.rows for block in found.blocks), size)
    header = header_from_plain(_plain(path, file, found.blocks[0]), str(path))
    summary, ranges = _ending(path, file, found) if finished else (None, {})
    event_blocks, wait_blocks = (_stored(path, found, type_, ranges) for type_ in (BlockType.EVENTS, BlockType.WAITS))
    events = Table(header, _fields(header, EVENT_FIELDS), Event, event_blocks, Select())
    waits = Table(header, _fields(header, WAIT_FIELDS), Wait, wait_blocks, Select())
    return Trace(path, size, header, events, waits, summary, finished, "" if finished else _lost(found, size))


def _check_claim(path: Path, rows: int, size: int) -> None:
    """Refuses a file that claims more rows than any of its size could hold: to go through them would take for ever."""
    for a_byte, most in CLAIMS:
        if rows > max(most, a_byte * size):
            raise UsageError(
                f"claims {rows} rows in {size} bytes, more than any trace of that size has",
                where=str(path),
                hint="it was not written by this program",
            )


def _fields(header: TraceHeader, fields: tuple[str, ...]) -> tuple[str, ...]:
    return fields if header.level == "events" else (*fields, *MERGED_FIELDS)


def _index_offset(file: BinaryIO, size: int) -> int | None:
    """Where the trailer says that the index is, None without a trailer; the file is left after MAGIC."""
    if size < len(MAGIC) + TRAILER_BYTES:
        return None
    file.seek(size - TRAILER_BYTES)
    offset = blocks.parse_trailer(file.read(TRAILER_BYTES))
    file.seek(len(MAGIC))
    return offset


def _scan(file: BinaryIO, size: int) -> _Found:
    """Walks from block to block, checking each; one body at a time in memory."""
    found: list[Block] = []
    at = len(MAGIC)
    while at < size:
        head = file.read(min(FRAME_BYTES, size - at))
        if len(head) < FRAME_BYTES:
            return _Found(found, at, f"{len(head)} bytes are no block")
        block = blocks.parse_frame(head, at)
        if block is None:
            return _Found(found, at, "no block begins here")
        if block.end > size:
            return _Found(found, at, f"a block of {FRAME_BYTES + block.length} bytes has only {size - at}")
        if blocks.checksum(block.type, block.rows, file.read(block.length)) != block.checksum:
            return _Found(found, at, "the block does not have its checksum")
        found.append(block)
        at = block.end
    return _Found(found, at, "")


def _lost(found: _Found, size: int) -> str:
    rows = sum(block.rows for block in found.blocks)
    if not found.wrong:
        return f"the run did not finish: {rows} rows are whole, the summary is missing"
    return f"the last {size - found.end} bytes, from byte {found.end}: {found.wrong}; the {rows} rows before are whole"


def _ending(path: Path, file: BinaryIO, found: _Found) -> tuple[dict[str, Any], dict[int, Window]]:
    """The summary, and the range of cycles of each block by its offset."""
    last = {block.type: block for block in found.blocks}
    if BlockType.SUMMARY not in last or found.blocks[-1].type != BlockType.INDEX:
        raise _damaged(path, found.end, "the summary or the index is missing")
    summary, index = (_plain(path, file, last[type_]) for type_ in (BlockType.SUMMARY, BlockType.INDEX))
    if not isinstance(summary, dict) or not 0 <= _cycles(summary) < 1 << 63:
        raise _damaged(path, last[BlockType.SUMMARY].offset, "the summary is no map with a number of cycles")
    try:
        ranges = {int(offset): (int(first), int(end)) for offset, _, _, first, end in index["blocks"]}
    except (TypeError, ValueError, KeyError) as error:
        raise _damaged(path, found.blocks[-1].offset, "the index is malformed") from error
    return summary, ranges


def _cycles(summary: dict[str, Any]) -> int:
    """The stated cycles: 0 where none are, -1 where they are no number."""
    cycles = summary.get("cycles", 0)
    return cycles if type(cycles) is int else -1


def _stored(path: Path, found: _Found, type_: BlockType, ranges: dict[int, Window]) -> list[StoredBlock]:
    return [
        StoredBlock(
            block.rows,
            ranges.get(block.offset),
            f"{path}: byte {block.offset}",
            partial(_reread, path, block),
            block.length,
        )
        for block in found.blocks
        if block.type == type_ and block.rows
    ]


def _reread(path: Path, block: Block) -> bytes:
    """A block's body, read when it is needed and checked again: the file may have been replaced since."""
    try:
        with safe_files.open_file(path) as file:
            return _body(path, file, block)
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=str(path)) from error


def _body(path: Path, file: BinaryIO, block: Block) -> bytes:
    file.seek(block.offset + FRAME_BYTES)
    body = file.read(block.length)
    if blocks.checksum(block.type, block.rows, body) != block.checksum:
        raise _damaged(path, block.offset, "the block does not have its checksum")
    return body


def _plain(path: Path, file: BinaryIO, block: Block) -> Any:
    try:
        return blocks.unpack_compressed(_body(path, file, block))
    except ValueError as error:
        raise _damaged(path, block.offset, f"the block {error}") from error


def _damaged(path: Path, at: int, what: str) -> UsageError:
    return UsageError(f"the trace is damaged at byte {at}: {what}", where=str(path), hint="copy it again, or rerun")
