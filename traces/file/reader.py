"""Reads a trace: `open(path)` checks every block and gives NumPy columns, made at their first use.

A finished file must be right to the last byte. An unfinished one (a run still going, a crash, a cut) is read up to its
last complete block, and `trace.complete` and `trace.lost` say so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from acortex import safe_files
from acortex.errors import UsageError
from acortex.traces.file import blocks
from acortex.traces.file.blocks import FRAME_BYTES, MAGIC, TRAILER_BYTES, Block, BlockType
from acortex.traces.file.coverage import narrowed, told
from acortex.traces.file.digest import FIELDS, SHORTEST, WIDEST, Digest, check, made, of_blocks
from acortex.traces.file.schema import EVENT_FIELDS, MERGED_FIELDS, NAME, WAIT_FIELDS, TraceHeader, header_from_plain
from acortex.traces.file.table import Event, Ints, StoredBlock, Table, Wait, Window
from acortex.traces.file.validation import MOST, Limits, TraceError, check_plain, limits, malformed

DENSEST = 64
"""Rows for each byte of a file up to which it is not doubted; long regular runs have about 20."""

FEW_ROWS = 1 << 20
"""Rows that a file may have however short it is."""


@dataclass(frozen=True, repr=False)
class Trace:
    """A trace: its header, the tables `events` and `waits`, and what its writer said at the end.

    `len`, iteration and `trace["start"]` are those of `events`; `select` gives a part of both tables.
    `summary` is None in an unfinished file.
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
    digest: Digest | None = None
    """The same rows with less detail, where the file of a long run has that; of a selection by unit and layer, too."""
    whole: Trace | None = None
    """Of a selection, the trace that it was chosen from; None of a trace as its file has it."""

    @property
    def cycles(self) -> int:
        """Cycles of the run: as the summary says, or up to the last cycle of any row."""
        stated = (self.summary or {}).get("cycles")
        return stated if isinstance(stated, int) else max(self.events.end_cycle(), self.waits.end_cycle())

    def __repr__(self) -> str:
        header, part = self.header, f", part={self.part!r}" if self.part else ""
        of = "of_" if self.whole else ""  # how many rows a selection has is not known before all are looked at
        rows = f"{of}events={self.events.stored_rows:,}"
        return f"Trace({str(self.path)!r}, program={header.program!r}, chip={header.chip!r}, {rows}{part})"

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __getitem__(self, name: str) -> Ints:
        return self.events[name]

    @property
    def missing(self) -> str:
        """What is missing of the run after its last row: why the file or the run ended too early, "" if neither did."""
        stopped = (self.summary or {}).get("stopped")
        return self.lost or (f"the run was stopped {str(stopped).removeprefix('stopped ')}" if stopped else "")

    @property
    def part(self) -> str:
        """In words which part of its run a trace holds, "" for all of it: every event, from begin to end."""
        return told(self.header.level, self.missing, self.header.filters)

    def select(self, **wanted: Any) -> Trace:
        """A part of the trace, a trace itself: events and waits that match, see `Table.select`. A kind has no waits.

        Rows that lie in the window at least partly are there as a whole.
        """
        events = self.events.select(**wanted)
        of_waits = {name: value for name, value in wanted.items() if name != "kind"}
        waits = self.waits.select(**of_waits)
        if wanted.get("kind") is not None:
            waits = waits.select(inference=())
        header = replace(self.header, filters=narrowed(self.header, wanted))
        whole = {name for name, value in wanted.items() if value is not None} <= {"unit", "layer"}
        digest = self.digest.select(wanted.get("unit"), wanted.get("layer")) if self.digest and whole else None
        return replace(self, header=header, events=events, waits=waits, digest=digest, whole=self.whole or self)

    def chunks(self, *names: str) -> Iterator[dict[str, Ints]]:
        """The events, some at a time; see `Table.chunks`."""
        return self.events.chunks(*names)

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
    """Opens a trace, whole or unfinished (a PATH.part too); TraceError where it is none, or is damaged or malformed."""
    try:
        path = Path(path)
    except TypeError:
        raise UsageError(f"a trace is the path of a file, and {type(path).__name__} was given") from None
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
        raise TraceError(f"is not a trace that begins with {NAME!r}", where=str(path))
    found, finished = _found(path, file, size)
    _check_blocks(path, found, size)
    header = header_from_plain(_plain(path, file, found.blocks[0]), str(path))
    ending = _ending(path, file, found) if finished else _Ending(None, {})
    limit = limits(header.table_sizes(), ending.cycles)
    late = next((offset for offset, (_, end) in ending.ranges.items() if end > limit.end), None)
    if late is not None:
        end = ending.ranges[late][1]
        what = f"the index has a block whose rows end in cycle {end}, which must be {limit.end} at most"
        raise malformed(what, _where(path, found, late))
    stored = {type_: _stored(path, found, type_, ending.ranges) for type_ in (BlockType.EVENTS, BlockType.WAITS)}
    events = Table(header, _fields(header, EVENT_FIELDS), Event, stored[BlockType.EVENTS], limit)
    waits = Table(header, _fields(header, WAIT_FIELDS), Wait, stored[BlockType.WAITS], limit)
    lost = "" if finished else _lost(found, size)
    trace = Trace(path, size, header, events, waits, ending.summary, finished, lost)
    return trace if ending.interval is None else replace(trace, digest=_digest(trace, found, ending.interval, limit))


def digested(trace: Trace) -> Digest | None:
    """The digest of a trace, or of a selection: that of its file, else made now; None where there can be none."""
    return trace.digest or made(trace.events, trace.waits)


def _digest(trace: Trace, found: _Found, interval: int, limit: Limits) -> Digest:
    """The digest in a file, held against the rows that it stands for."""
    stored = {type_: _stored(trace.path, found, type_, {}) for type_ in FIELDS}
    digest = of_blocks(trace.header, interval, stored, limit)
    check(digest, trace.events, trace.waits, str(trace.path))
    return digest


def _found(path: Path, file: BinaryIO, size: int) -> tuple[_Found, bool]:
    """The blocks of a file, the header first, and whether the file was finished. The file stands behind MAGIC."""
    index_offset = _index_offset(file, size)
    finished = index_offset is not None
    found = _scan(file, size - TRAILER_BYTES if finished else size)
    if finished and not found.wrong and found.blocks[-1:] and found.blocks[-1].offset != index_offset:
        found = found._replace(wrong="the trailer does not point to the index")
    if finished and found.wrong:
        raise _damaged(path, found.end, found.wrong)
    if not found.blocks or found.blocks[0].type != BlockType.HEADER:
        raise TraceError(f"the trace ends within its header ({size} bytes)", where=str(path))
    return found, finished


def _check_blocks(path: Path, found: _Found, size: int) -> None:
    """Refuses blocks that no writer would have put so, and more rows than a file of this size can hold."""
    for block in found.blocks[1:]:
        if block.type == BlockType.HEADER:
            raise malformed("there is a second header", _where(path, found, block.offset))
        if (block.type in _WITH_ROWS) != bool(block.rows) and block.type in tuple(BlockType):
            raise malformed(f"a block of this type has {block.rows} rows", _where(path, found, block.offset))
    rows, most = sum(block.rows for block in found.blocks), max(FEW_ROWS, DENSEST * size)
    if rows > most:
        raise TraceError(
            f"claims {rows} rows in {size} bytes, and may have {most}: to go through them would take for ever",
            where=str(path),
            hint="it was not written by this program",
        )


_ROWS = (BlockType.EVENTS, BlockType.WAITS)
_WITH_ROWS = (*_ROWS, *FIELDS)


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
    rows = sum(block.rows for block in found.blocks if block.type in _ROWS)
    if not found.wrong:
        return f"the run did not finish: {rows} rows are whole, the summary is missing"
    return f"the last {size - found.end} bytes, from byte {found.end}: {found.wrong}; the {rows} rows before are whole"


class _Ending(NamedTuple):
    """What the end of a finished file says: the summary, and the range of cycles of each block by its offset."""

    summary: dict[str, Any] | None
    ranges: dict[int, Window]
    interval: int | None = None
    """Cycles of an interval of the digest, None where the file has none."""

    @property
    def cycles(self) -> int | None:
        """Cycles of the run, None where they are not known."""
        return None if self.summary is None else self.summary.get("cycles")


def _ending(path: Path, file: BinaryIO, found: _Found) -> _Ending:
    last = {block.type: block for block in found.blocks}
    if BlockType.SUMMARY not in last or found.blocks[-1].type != BlockType.INDEX:
        raise _damaged(path, found.end, "the summary or the index is missing")
    for type_ in (BlockType.SUMMARY, BlockType.INDEX):
        if sum(block.type == type_ for block in found.blocks) > 1:
            raise malformed("there is a second summary or index", _where(path, found, last[type_].offset))
    summary, index = (_plain(path, file, last[type_]) for type_ in (BlockType.SUMMARY, BlockType.INDEX))
    if not isinstance(summary, dict) or not 0 <= _cycles(summary) <= MOST:
        raise _damaged(path, last[BlockType.SUMMARY].offset, "the summary is no map with a number of cycles")
    check_plain(summary, "summary", _where(path, found, last[BlockType.SUMMARY].offset))
    where = _where(path, found, found.blocks[-1].offset)
    return _Ending(summary, _ranges(index, found, where), _interval(index, where))


def _interval(index: dict[str, object], where: str) -> int | None:
    """The interval of the digest that an index states."""
    interval = index.get("interval")
    if interval is None or (type(interval) is int and SHORTEST <= interval <= WIDEST):
        return interval
    raise malformed(f"the index has the interval {interval!r:.40}, which must be {SHORTEST} to 2^62", where)


def _ranges(index: Any, found: _Found, where: str) -> dict[int, Window]:
    """The range of cycles of each block, of an index that names exactly the blocks that there are."""
    entries = index.get("blocks") if isinstance(index, dict) else None
    if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
        raise malformed("the index is no list of blocks, each with five numbers", where)
    stored = [[block.offset, block.type, block.rows] for block in found.blocks if block.type in _ROWS]
    if len(stored) != len(entries):
        raise malformed(f"the index has {len(entries)} blocks, the file {len(stored)}", where)
    for entry, block in zip(entries, stored, strict=True):
        if entry[:3] != block:
            told = "offset {}, type {} and {} rows"
            raise malformed(f"the index has a block of {told.format(*entry)}, it is {told.format(*block)}", where)
    return {offset: (first, end) for offset, _, _, first, end in entries}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 5 and all(type(number) is int for number in entry)


def _cycles(summary: dict[str, Any]) -> int:
    """The stated cycles: 0 where none are, -1 where they are no number."""
    cycles = summary.get("cycles", 0)
    return cycles if type(cycles) is int else -1


def _where(path: Path, found: _Found, offset: int) -> str:
    """The place of a block, for errors."""
    number = next(at for at, block in enumerate(found.blocks) if block.offset == offset)
    return f"{path}: block {number}, byte {offset}"


def _stored(path: Path, found: _Found, type_: BlockType, ranges: dict[int, Window]) -> list[StoredBlock]:
    return [
        StoredBlock(
            block.rows,
            ranges.get(block.offset),
            f"{path}: block {number}, byte {block.offset}",
            partial(_reread, path, block),
        )
        for number, block in enumerate(found.blocks)
        if block.type == type_
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


def _damaged(path: Path, at: int, what: str) -> TraceError:
    return TraceError(f"the trace is damaged at byte {at}: {what}", where=str(path), hint="copy it again, or rerun")
