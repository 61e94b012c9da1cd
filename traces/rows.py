"""All rows of a trace, events and waits, by unit and time: what was a unit doing just before a cycle?"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import NamedTuple

import numpy as np

from acortex.traces.reader import Trace

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
    """The rows of each unit in the order of their starts, found by cycle."""

    def __init__(self, trace: Trace) -> None:
        header = trace.header
        self._names = [*(kind.name for kind in header.kinds), *header.causes]
        self._kinds = len(header.kinds)
        self.units = header.units
        self._place = {unit: at for at, unit in enumerate(header.units)}
        parts = []
        for table, group, base in ((trace.events, "kind", 0), (trace.waits, "cause", self._kinds)):
            column = {"code": table[group] + base, "end": table["start"] + table["duration"]}
            parts.append(np.stack([table["unit"], *(column[n] if n in column else table[n] for n in _COLUMNS)]))
        rows = np.concatenate(parts, axis=1)
        rows = rows[:, np.lexsort((rows[2], rows[1], rows[0]))]
        self._first = np.searchsorted(rows[0], np.arange(len(header.units) + 1)).tolist()
        self._column = [array("q", np.ascontiguousarray(row).tobytes()) for row in rows[1:]]
        self._work = _instructions(rows, self._kinds)

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

    def idle_since(self, unit: str, cycle: int) -> int:
        """The end of the last row of the unit before a cycle, 0 for none."""
        at = self._last(unit, cycle)
        return 0 if at is None else min(self._column[1][at], cycle)

    def last_unit(self) -> str:
        """The unit whose last row ends last; of equals one that ends with an event, then the first."""
        best, found = (-1, False), self.units[0] if self.units else "-"
        for unit in self.units:
            at = self._last(unit, 1 << 62)
            if at is not None and (key := (self._column[1][at], self._column[2][at] < self._kinds)) > best:
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
        start, end, code, pc, layer, inference = (column[at] for column in self._column)
        return Row(unit, start, end, code < self._kinds, self._names[code], pc, layer, inference)


def _instructions(rows: np.ndarray, kinds: int) -> dict[int, list[int]]:
    """The units that had events for each instruction."""
    events = rows[:, rows[3] < kinds]
    found: dict[int, list[int]] = {}
    for unit, pc in np.unique(events[[0, 4]], axis=1).T.tolist():
        found.setdefault(pc, []).append(unit)
    return found
