"""All rows of a trace, events and waits, by unit and time: what a unit did just before a cycle."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints
from acortex.traces.rows.by_unit import extent, gather, groups

_COLUMNS = ("start", "end", "code", "pc", "layer", "inference")


class Row(NamedTuple):
    """An event or a wait: its unit, its cycles start to end - 1, and the kind of event or the cause of the wait."""

    unit: str
    start: int
    end: int
    event: bool
    name: str
    pc: int
    layer: int
    inference: int


class Rows:
    """The rows of each unit in the order of their starts, found by cycle. A row takes about 12 bytes."""

    def __init__(self, trace: Trace) -> None:
        header = trace.header
        self._names = [*(kind.name for kind in header.kinds), *header.causes]
        self._kinds = len(header.kinds)
        self._lines = len(header.lines)
        self.units = header.units
        self._place = {unit: at for at, unit in enumerate(header.units)}
        self._work: dict[int, list[int]] = {}
        # The memory of an array gives plain integers, much faster than the array does.
        self._column: list[Any] = [column.data for column in self._sorted(trace)]

    def _sorted(self, trace: Trace) -> list[np.ndarray]:
        """The columns, by unit, start and end; they are gathered from a few units at a time."""
        tables = (trace.events, trace.waits)
        found = extent(tables, self._columns)
        self._first = [0, *np.cumsum(found.rows).tolist()]
        columns = {name: found.empty(name) for name in _COLUMNS}
        for units in groups(found.rows):
            rows = gather(tables, units, self._columns)
            self._note_work(rows)
            order = np.lexsort((rows["end"], rows["start"], rows["unit"]))
            place = slice(self._first[units.start], self._first[units.stop])
            for name, column in columns.items():
                column[place] = rows.pop(name)[order]
        return list(columns.values())

    def _columns(self, chunk: Mapping[str, Ints]) -> dict[str, Ints]:
        """What is kept of a chunk of events or waits; causes are counted on after the kinds."""
        code = chunk["kind"] if "kind" in chunk else chunk["cause"] + self._kinds
        same = {name: chunk[name] for name in ("unit", "start", "pc", "layer", "inference")}
        return {**same, "code": code, "end": chunk["start"] + chunk["duration"]}

    def _note_work(self, rows: Mapping[str, Ints]) -> None:
        """Notes which units had events for each instruction."""
        events = rows["code"] < self._kinds
        keys = rows["unit"][events] * (self._lines + 1) + rows["pc"][events] + 1
        for key in np.flatnonzero(np.bincount(keys)).tolist():
            unit, pc = divmod(key, self._lines + 1)
            self._work.setdefault(pc - 1, []).append(unit)

    def before(self, unit: str, cycle: int) -> Row | None:
        """What the unit did in the cycle before this one; None where it was idle. Of several, what began last."""
        at = self._last(unit, cycle)
        return None if at is None or self._column[1][at] < cycle else self._row(unit, at)

    def ended(self, unit: str, cycle: int) -> Row | None:
        """The event of the unit whose end is this cycle, if there is one."""
        row = self.before(unit, cycle)
        return row if row is not None and row.event and row.end == cycle else None

    def started(self, unit: str, cycle: int) -> Row | None:
        """The event or wait of the unit that begins in this cycle, if there is one."""
        at = self._last(unit, cycle + 1)
        return None if at is None or self._column[0][at] != cycle else self._row(unit, at)

    def within(self, unit: str, start: int, end: int) -> Iterator[Row]:
        """What the unit did in the cycles from start to end - 1, last first."""
        at = self._last(unit, end)
        first = self._first[self._place[unit]]
        while at is not None and at >= first and self._column[1][at] > start:
            yield self._row(unit, at)
            at -= 1

    def idle_since(self, unit: str, cycle: int) -> int:
        """The end of the last row of the unit before a cycle, 0 for none."""
        at = self._last(unit, cycle)
        return 0 if at is None else min(self._column[1][at], cycle)

    def last_unit(self, end: int = 1 << 62) -> str:
        """The unit whose last row ends last, up to a cycle; of several one that ends with an event, then the first."""
        best, found = (-1, False), self.units[0] if self.units else "-"
        for unit in self.units:
            at = self._last(unit, end)
            if at is not None and (key := (min(self._column[1][at], end), self._column[2][at] < self._kinds)) > best:
                best, found = key, unit
        return found

    def agents_of(self, pc: int) -> list[str]:
        """The units that had events for an instruction."""
        return [self.units[at] for at in self._work.get(pc, ())]

    def _last(self, unit: str, cycle: int) -> int | None:
        """The last row of the unit that begins before a cycle."""
        place = self._place.get(unit)
        if place is None:
            return None
        low, high = self._first[place : place + 2]
        at = bisect_left(self._column[0], cycle, low, high) - 1
        return at if at >= low else None

    def _row(self, unit: str, at: int) -> Row:
        start, end, code, pc, layer, inference = self._column
        what = code[at]
        return Row(unit, start[at], end[at], what < self._kinds, self._names[what], pc[at], layer[at], inference[at])
