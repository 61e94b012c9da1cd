"""All rows of a trace, events and waits, by unit and time: what a unit did just before a cycle."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.traces.file.reader import Trace
from acortex.traces.file.table import AnyInts, Ints
from acortex.traces.rows.by_unit import extent, gather, groups

_COLUMNS = ("start", "end", "code", "pc", "layer", "inference")

Mask = NDArray[np.bool_]

NONE = -1
"""In the place of a row: there is none."""


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
        columns = self._sorted(trace)
        self.start, self.end, self.code, self.pc = columns[:4]
        """Of each row; codes are kinds of events, and counted on after them causes of waits."""
        # The memory of an array gives plain integers, much faster than the array does.
        self._column: list[Any] = [column.data for column in columns]

    def _sorted(self, trace: Trace) -> list[AnyInts]:
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
        return None if at is None or self._column[1][at] < cycle else self._of(unit, at)

    def ended(self, unit: str, cycle: int) -> Row | None:
        """The event of the unit whose end is this cycle, if there is one."""
        row = self.before(unit, cycle)
        return row if row is not None and row.event and row.end == cycle else None

    def started(self, unit: str, cycle: int) -> Row | None:
        """The event or wait of the unit that begins in this cycle, if there is one."""
        at = self._last(unit, cycle + 1)
        return None if at is None or self._column[0][at] != cycle else self._of(unit, at)

    def within(self, unit: str, start: int, end: int) -> Iterator[Row]:
        """What the unit did in the cycles from start to end - 1, last first."""
        at = self._last(unit, end)
        first = self._first[self._place[unit]]
        while at is not None and at >= first and self._column[1][at] > start:
            yield self._of(unit, at)
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

    def _of(self, unit: str, at: int) -> Row:
        start, end, code, pc, layer, inference = self._column
        what = code[at]
        return Row(unit, start[at], end[at], what < self._kinds, self._names[what], pc[at], layer[at], inference[at])

    # Many at once: rows are their places by unit, start and end --------------------------------------------------

    def row(self, at: int) -> Row:
        """The row at a place."""
        return self._of(self.units[bisect_right(self._first, at) - 1], at)

    def unit_of(self, rows: Ints) -> Ints:
        """The numbers of the units of rows."""
        found: Ints = np.searchsorted(self._first, rows, side="right") - 1
        return found

    def waits(self) -> Ints:
        """All waits that last."""
        return np.flatnonzero((self.code >= self._kinds) & (self.end > self.start))

    def are_events(self, rows: Ints) -> Mask:
        """Which rows are events; what is NONE is none."""
        found: Mask = (rows != NONE) & (self.code[rows] < self._kinds)
        return found

    def ended_at(self, unit: str, cycles: Ints, kinds: Collection[str] = ()) -> Ints:
        """The event of the unit, of some kinds or of any, that ends in each cycle; NONE where there is none."""
        at = self.over_at(unit, cycles)
        return np.where(self._are(at, kinds) if kinds else self.are_events(at), at, NONE)

    def over_at(self, unit: str, cycles: Ints) -> Ints:
        """The event or wait of the unit, the last to begin before each cycle, if it ends then; else NONE."""
        at = self._last_of(unit, cycles)
        return np.where((at != NONE) & (self.end[at] == cycles), at, NONE)

    def started_at(self, unit: str, cycles: Ints) -> Ints:
        """The event or wait of the unit that begins in each cycle; NONE where there is none."""
        at = self._last_of(unit, cycles + 1)
        return np.where((at != NONE) & (self.start[at] == cycles), at, NONE)

    def begun_at(self, unit: str, cycles: Ints, kinds: Collection[str]) -> Ints:
        """The event of the unit, of some kinds, that begins in each cycle; NONE where there is none."""
        at = self.started_at(unit, cycles)
        return np.where(self._are(at, kinds), at, NONE)

    def are_waits_for(self, rows: Ints, cause: str) -> Mask:
        """Which rows are waits for a cause; what is NONE is none."""
        return self._coded(rows, [at for at in range(self._kinds, len(self._names)) if self._names[at] == cause])

    def _are(self, rows: Ints, kinds: Collection[str]) -> Mask:
        """Which rows are events of some kinds; what is NONE is none."""
        return self._coded(rows, [at for at in range(self._kinds) if self._names[at] in kinds])

    def _coded(self, rows: Ints, codes: Sequence[int]) -> Mask:
        found: Mask = (rows != NONE) & np.isin(self.code[rows], codes)
        return found

    def _last_of(self, unit: str, cycles: Ints) -> Ints:
        """The last row of the unit that begins before each cycle, NONE where none does."""
        place = self._place[unit]
        low, high = self._first[place : place + 2]
        at = np.searchsorted(self.start[low:high], cycles) + low - 1
        return np.where(at >= low, at, NONE)
