"""Writes a trace while the simulation runs: rows are collected, and become a block of columns when there are 65,536."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from acortex import safe_files
from acortex.errors import AcortexError, UsageError
from acortex.traces.file import blocks, columns
from acortex.traces.file.blocks import ROWS, BlockType
from acortex.traces.file.bodies import body_of
from acortex.traces.file.merge import Batch, Filter, Merger, columns_of
from acortex.traces.file.schema import EVENT_FIELDS, LEVELS, WAIT_FIELDS, TraceHeader, header_to_plain

_REFERENCES = ("unit", "kind", "cause", "layer")


class TraceFailed(UsageError):
    """The trace cannot be written any further. The run that it is of may go on without."""


class TraceWriter:
    """A trace that grows as PATH.part and becomes PATH at `finish`; what is in it stays readable whatever happens.

    `emit` records an event and `wait` a wait, `events` and `waits` many at once: cycles, attojoules, and positions in
    the header's tables, each an int64; rows may come in any order. `level` is "events", "instructions" (one row
    per instruction, inference, unit and kind) or "layers" (one row per layer, inference, unit and kind). Leaving the
    `with` block, or `abort`, without `finish` keeps PATH.part. A second writer of the same PATH is refused. Where the
    disk is full, rows are dropped from then on, `failure` says why, and `finish` raises.
    """

    def __init__(self, path: str | os.PathLike[str], header: TraceHeader, level: str = "events") -> None:
        if level not in LEVELS:
            raise UsageError(f"a trace has no level {level!r}", hint=f"levels are {', '.join(LEVELS)}")
        self.path = Path(path)
        self.part = Path(safe_files.part_of(path))
        self.failure = ""
        """Why the trace is not written any further: a full disk, for example. What is in PATH.part stays readable."""
        self._header = replace(header, level=level)
        self._sizes = header.table_sizes()
        self._filter = Filter(self._header)
        self._index: list[list[int]] = []
        self._end = 0
        self._file: BinaryIO | None = _create(path, self.part)
        with suppress(TraceFailed):
            self._write(blocks.MAGIC)
            self._block(BlockType.HEADER, 0, blocks.pack_compressed(header_to_plain(self._header)))
        self._events = _Stage(self, BlockType.EVENTS, EVENT_FIELDS, level)
        self._waits = _Stage(self, BlockType.WAITS, WAIT_FIELDS, level)

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def emit(
        self, start: int, duration: int, unit: int, kind: int, count: int, pc: int, layer: int, inference: int,
        energy_aj: int,
    ) -> None:  # fmt: skip
        """Records an event."""
        self._record(self._events.add, (start, duration, unit, kind, count, pc, layer, inference, energy_aj))

    def wait(self, start: int, duration: int, unit: int, cause: int, pc: int, layer: int, inference: int) -> None:
        """Records a wait."""
        self._record(self._waits.add, (start, duration, unit, cause, pc, layer, inference))

    def events(self, rows: Batch) -> None:
        """Records events: an array of shape (fields, rows), the fields as `emit` names them."""
        self._record(self._events.extend, rows)

    def waits(self, rows: Batch) -> None:
        """Records waits, likewise."""
        self._record(self._waits.extend, rows)

    def _record(self, take: Callable[[Any], None], what: Any) -> None:
        """Records something; nothing any more once the file could not be written."""
        if not self.failure:
            with suppress(TraceFailed):
                take(what)

    def finish(self, summary: dict[str, Any]) -> None:
        """Writes what is left, the summary (plain data) and the index, and gives the file its name.

        The summary's `cycles`, where it has them, is the length of the run: 0 to 2^63 - 1. Raises TraceFailed where the
        trace could not be written, now or before.
        """
        if not 0 <= summary.get("cycles", 0) < 1 << 63:
            raise AcortexError(f"a run of {summary['cycles']} cycles cannot be recorded", hint="0 to 2^63 - 1 can")
        try:
            if self.failure:
                raise self._failed()
            self._drain()
            more = self._digest()
            self._block(BlockType.SUMMARY, 0, blocks.pack_compressed(summary))
            offset = self._end
            self._block(BlockType.INDEX, 0, blocks.pack_compressed({"blocks": self._index, **more}))
            self._write(blocks.trailer(offset))
            self._rename()
        finally:
            self._close()

    def _digest(self) -> dict[str, int]:
        """Appends a long trace's digest, made of the file itself; gives what the index says of it."""
        from acortex.traces.file import digest, reader  # most traces are short, and need neither

        if self._header.level != "events" or sum(rows for _, _, rows, _, _ in self._index) < digest.LARGE:
            return {}
        trace = reader.open(self.part)
        found = digest.merged(trace.events, trace.waits)
        if found is None:
            return {}
        interval, bodies = found
        for type_, some in bodies.items():
            for rows, body in some:
                self._block(type_, rows, body)
        return {"interval": interval}

    def _rename(self) -> None:
        """Gives the file its name, while it is still held: no other process can take it for a left one in between."""
        if os.name == "nt":
            self._close()  # an open file cannot be renamed there
        try:
            target = os.path.realpath(self.path)
            with suppress(FileNotFoundError):
                safe_files.keep_mode(self.part, os.stat(target))
            os.replace(self.part, target)
        except OSError as error:
            raise self._fail(error) from error

    def abort(self) -> None:
        """Writes what is buffered as a last block and leaves PATH.part; does nothing after `finish`."""
        if self._file is None:
            return
        try:
            self._truncate()
            with suppress(TraceFailed):
                self._drain()
        finally:
            self._close()

    def _truncate(self) -> None:
        """Removes half a block, which a write that failed or was interrupted leaves."""
        with suppress(OSError):
            os.truncate(self.part, self._end)
            if self._file is not None and not self.failure:
                self._file.seek(self._end)

    def _fail(self, error: OSError) -> TraceFailed:
        self.failure = f"cannot be written ({error.strerror})"
        self._truncate()
        return self._failed()

    def _failed(self) -> TraceFailed:
        return TraceFailed(self.failure, where=str(self.part))

    def _drain(self) -> None:
        self._events.flush()
        self._waits.flush()

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def write_rows(self, type_: BlockType, fields: Sequence[str], batch: Batch) -> None:
        """Appends one block of 1 to 65,536 rows; for this module's own use."""
        row = columns_of(batch, fields)
        self._check(row)
        first, last = int(row["start"].min()), columns.last_end(row["start"], row.get("span", row["duration"]))
        entry = [self._end, int(type_), batch.shape[1], first, last]
        self._block(type_, batch.shape[1], body_of(row, len(self._header.kinds)))
        self._index.append(entry)

    def _check(self, row: dict[str, Batch]) -> None:
        """A position that no table has or a negative duration is the caller's mistake: better here than in a reader."""
        for name in (name for name in _REFERENCES if name in row):
            low, high = int(row[name].min()), int(row[name].max())
            if low < 0 or high >= self._sizes[name]:
                wrong = low if low < 0 else high
                raise AcortexError(f"a traced row has {name} {wrong}, the header has {self._sizes[name]} of them")
        low, high = int(row["pc"].min()), int(row["pc"].max())
        if low < -1 or high >= self._sizes["pc"]:
            wrong = low if low < -1 else high
            raise AcortexError(f"a traced row has pc {wrong}, the header has {self._sizes['pc']} lines")
        if int(row["duration"].min()) < 0:
            raise AcortexError(f"a traced row lasts {int(row['duration'].min())} cycles")

    def _block(self, type_: BlockType, rows: int, body: bytes) -> None:
        self._write(blocks.frame(type_, rows, body))

    def _write(self, data: bytes) -> None:
        if self._file is None:
            raise UsageError("is closed: nothing can be written to it", where=str(self.path))
        if self.failure:
            raise self._failed()
        try:
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]  # a disk that becomes full takes a part first
        except OSError as error:
            raise self._fail(error) from error
        self._end += len(data)


class _Stage:
    """The way of rows to the file: collected to a block, filtered, merged to the level, and written."""

    def __init__(self, writer: TraceWriter, type_: BlockType, fields: Sequence[str], level: str) -> None:
        self._writer = writer
        self._type = type_
        self._fields = fields
        self._filter = writer._filter
        self._merger = None if level == "events" else Merger(fields, level, ROWS)
        self._singles: list[tuple[int, ...]] = []
        self._batches: list[Batch] = []
        self._held = 0

    def add(self, row: tuple[int, ...]) -> None:
        """Takes one row."""
        self._singles.append(row)
        if len(self._singles) == ROWS:
            self._take_singles()

    def extend(self, batch: Batch) -> None:
        """Takes rows that have come together; writes what fills a block."""
        self._take_singles()
        self._batches.append(batch)
        self._held += batch.shape[1]
        while self._held >= ROWS:
            self._cut()

    def flush(self) -> None:
        """Writes all that is held."""
        self._take_singles()
        if self._held:
            self._cut()
        if self._merger is not None:
            self._write(self._merger, self._merger.flush())

    def _take_singles(self) -> None:
        singles, self._singles = self._singles, []
        if singles:
            self.extend(np.array(singles, dtype=np.int64).T)

    def _cut(self) -> None:
        """Takes a block's rows, or all where there are fewer, out of what is held."""
        held = self._batches[0] if len(self._batches) == 1 else np.concatenate(self._batches, axis=1)
        self._batches = [held[:, ROWS:]] if held.shape[1] > ROWS else []
        self._held = held.shape[1] - min(ROWS, held.shape[1])
        self._take(np.ascontiguousarray(held[:, :ROWS]))

    def _take(self, batch: Batch) -> None:
        self._writer._check(columns_of(batch, self._fields))
        if self._filter.active:
            batch = self._filter.keep(batch, self._fields)
        if not batch.shape[1]:
            return
        if self._merger is None:
            self._writer.write_rows(self._type, self._fields, batch)
            return
        self._write(self._merger, self._merger.add(batch))

    def _write(self, merger: Merger, batches: list[Batch]) -> None:
        for batch in batches:
            self._writer.write_rows(self._type, merger.fields, batch)


def _create(path: str | os.PathLike[str], part: Path) -> BinaryIO:
    """The file that grows. One that a killed run left is taken over, one that another run writes is not."""
    old = _replaced(path)
    try:
        return safe_files.create_locked(part, 0o666 if old is None else stat.S_IMODE(old.st_mode) | stat.S_IWUSR)
    except BlockingIOError:
        raise _held(part) from None
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=str(part)) from error


def _replaced(path: str | os.PathLike[str]) -> os.stat_result | None:
    """What the trace will replace, None for nothing; a device or a folder cannot be replaced."""
    try:
        old = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(old.st_mode):
        raise UsageError("is no file that a trace could become", where=str(path), hint="give a file name")
    return old


def check_free(path: str | os.PathLike[str]) -> None:
    """Raises the UsageError of TraceWriter before the run begins: the path is no file, or another run is writing it."""
    _replaced(path)
    if safe_files.is_held(part := safe_files.part_of(path)):
        raise _held(part)


def _held(part: str | Path) -> UsageError:
    return UsageError("another run is writing it", where=str(part), hint="let it end, or give --trace another name")
