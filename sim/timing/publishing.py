"""Gives listeners the rows of a run of which only a part was simulated, in the order in which they would have come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from acortex.sim.chip.groups import GroupTimes
from acortex.sim.timing.array import SWITCHES
from acortex.sim.timing.interrupts import uninterrupted
from acortex.sim.timing.probe import Delivery, Listener
from acortex.sim.timing.record import Copy, Instances, Record, rows_within
from acortex.sim.timing.walk import Walk

Ints = NDArray[np.int64]

ROWS = 1 << 20
"""About how many rows are made at a time."""

LEAST = 1 << 16
"""How many rows of a log are given at once, but for the last ones."""


class Publisher:
    """What `Probe` is for a chip that skips: gives listeners what has been recorded since the last time."""

    def __init__(
        self,
        record: Record,
        walk: Walk,
        groups: Mapping[int, GroupTimes],
        listeners: Sequence[Listener],
        price: Sequence[int],
    ) -> None:
        self._record, self._walk, self._groups = record, walk, groups
        self._observed = bool(listeners)
        self._delivery = Delivery(listeners, price)
        self._published = self._given = 0
        """How many entries of the record, and rows of its log, have been given."""

    def due(self) -> bool:
        """Whether so much has been recorded since the last time that it is worth giving."""
        return self._record.rows - self._given >= LEAST

    def publish(self) -> None:
        """Gives the listeners all that has been recorded and not been given: all of it, whatever the user sends."""
        with uninterrupted():
            first, last = self._published, self._record.cut()
            self._published, self._given = last, self._record.rows
            if self._observed and first < last:
                self._publish(first, last, self._walk.contexts)

    def restart(self) -> None:
        """After the record has begun anew."""
        self._published = self._given = 0

    def _publish(self, first: int, last: int, contexts: Ints) -> None:
        table, edges = self._record.table(), self._record.ranges()
        switches = np.isin(table.kind, list(SWITCHES.values()))
        for begin, end in _parted(self._record.entries, first, last):
            longer = dict(_longer(self._record, begin))
            for came, rows, sizes in self._rows(begin, end, edges):
                found = np.empty((5, len(rows)), np.int64)
                for column, out in zip((table.start, table.duration, table.kind, table.counted), found, strict=False):
                    column.take(rows, out=out, mode="clip")
                table.unit.take(rows, out=found[4], mode="clip")
                found[0] += np.repeat(came.cycles, sizes)
                serial = table.serial[rows]
                serial += np.repeat(came.serials, sizes)
                for row in [row for row in longer if row in rows]:
                    at, cycles = int(np.flatnonzero(rows == row)[0]), longer.pop(row)
                    found[0, at] -= cycles
                    found[1, at] += cycles
                for row in np.flatnonzero(switches[rows]).tolist() if switches.any() else ():
                    found[3, row] = self._segments(int(serial[row]))
                self._delivery.give(found, contexts.take(serial - self._walk.first, axis=1))

    def _segments(self, serial: int) -> int:
        """How many segments a switch joins: that of its own group counts, not of that which it is a copy of."""
        return self._groups[self._walk.dispatch(serial).group].segments

    def _rows(self, first: int, last: int, edges: tuple[Ints, Ints]) -> Iterator[tuple[Instances, Ints, Ints]]:
        """The rows of entries, some at a time: what came, the rows in the log, and how many of them each has.

        `edges` are where the rows of each entry begin and end in the log.
        """
        begins, ends = edges
        came = self._record.instances(first, last)
        total = np.cumsum(ends[came.pieces] - begins[came.pieces])
        cuts = np.searchsorted(total, np.arange(ROWS, int(total[-1]) if len(total) else 0, ROWS)).tolist()
        for at, to in zip([0, *cuts], [*cuts, len(total)], strict=True):
            part = Instances(*(column[at:to] for column in came))
            low, high = begins[part.pieces], ends[part.pieces]
            rows = rows_within(low, high)
            if len(rows):
                yield part, rows, high - low


def _longer(record: Record, number: int) -> tuple[tuple[int, int], ...]:
    one = record.entries[number]
    return one.longer if isinstance(one, Copy) else ()


def _parted(entries: Sequence[object], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Ranges of entries: each copy with longer waits by itself, what lies between together."""
    begin = first
    for number in range(first, last):
        one = entries[number]
        if isinstance(one, Copy) and one.longer:
            if begin < number:
                yield begin, number
            yield number, number + 1
            begin = number + 1
    if begin < last:
        yield begin, last
