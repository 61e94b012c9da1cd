"""Gives listeners the rows of a run of which only a part was simulated, in the order in which they would have come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.sim.chip.groups import GroupTimes
from acortex.sim.timing.array import SWITCHES
from acortex.sim.timing.interrupts import uninterrupted
from acortex.sim.timing.probe import Delivery, Listener
from acortex.sim.timing.record import Instances, Record, Table, rows_within
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
        log = _Logged(table, table.kind < 0, np.isin(table.kind, list(SWITCHES.values())), contexts, self._segments)
        longer = np.array(self._record.longer_places(first, last), np.int64).reshape(-1, 2)
        given = 0
        for came, rows, sizes in self._rows(first, last, edges):
            moved = np.repeat(came.cycles, sizes), np.repeat(came.serials - self._walk.first, sizes)
            here = longer[(given <= longer[:, 0]) & (longer[:, 0] < given + len(rows))] - (given, 0)
            self._delivery.give(Came(log, rows, *moved, here))
            given += len(rows)

    def _segments(self, place: int) -> int:
        """How many segments a switch joins, by its place in the walk: those of its own group."""
        return self._groups[self._walk.dispatch(place + self._walk.first).group].segments

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


class _Logged(NamedTuple):
    """What was simulated: rows, which of them are waits and which are switches, and what tells of instructions.

    `contexts` have address, layer and inference of an instruction by its place in the walk, `segments` how many a
    switch joins.
    """

    table: Table
    waits: NDArray[np.bool_]
    switches: NDArray[np.bool_]
    contexts: Ints
    segments: Callable[[int], int]


class Came:
    """Rows of a log as they came: which, by how many `cycles` each was moved, and what makes its instruction a place.

    `places` is added to the instruction of each row, which is then a place in the walk. `longer` has rows (wait, by how
    many cycles it began earlier than what it is a copy of), in order.
    """

    def __init__(self, log: _Logged, rows: Ints, cycles: Ints, places: Ints, longer: Ints) -> None:
        self._log, self._rows, self._cycles, self._places = log, rows, cycles, places
        self._longer = longer
        self.waits = log.waits.take(rows)

    def fill(self, chosen: Ints, columns: Sequence[Ints]) -> None:
        """Moves what was simulated, and gives it the instruction for which it came again."""
        log, rows = self._log, self._rows.take(chosen)
        table = log.table
        for column, out in zip(table[:5], columns, strict=False):
            column.take(rows, out=out, mode="clip")
        start, duration, _, count = columns[:4]
        start += self._cycles.take(chosen)
        place = table.serial.take(rows)
        place += self._places.take(chosen)
        for column, out in zip(log.contexts, columns[5:], strict=True):
            column.take(place, out=out, mode="clip")
        waits, earlier = self._longer.T
        at = np.searchsorted(chosen, waits)
        here = np.flatnonzero(chosen.take(at, mode="clip") == waits)
        row, cycles = at[here], earlier[here]
        start[row] -= cycles
        duration[row] += cycles
        # How many segments a switch joins moves no cycle: those of its own group count, not of that simulated.
        for row in np.flatnonzero(log.switches.take(rows)).tolist():
            count[row] = log.segments(int(place[row]))
