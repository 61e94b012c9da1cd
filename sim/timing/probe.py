"""Observers of a run. They receive every event and wait, and can change nothing; without one, nothing is recorded.

Units write what they do into a log, in a few integers; NumPy makes of it what observers receive, a block at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from acortex.sim.timing.tally import Log
from acortex.sim.timing.unit import Unit

Rows = NDArray[np.int64]


class Observer(Protocol):
    """Receives events and waits one by one, soon after they were simulated, in the order in which they were.

    All are integers: cycles, numbers of units, kinds, causes and layers, and the event's energy in attojoules.
    """

    def emit(
        self, start: int, duration: int, unit: int, kind: int, count: int, pc: int, layer: int, inference: int,
        energy_aj: int, /
    ) -> None:  # fmt: skip
        """Receives an event."""

    def wait(self, start: int, duration: int, unit: int, cause: int, pc: int, layer: int, inference: int, /) -> None:
        """Receives a wait."""


class Listener(Protocol):
    """Receives them in blocks, as acortex.traces.TraceWriter does: arrays of shape (fields, rows)."""

    def events(self, rows: Rows) -> None:
        """Receives events: a row for each argument of `Observer.emit`."""

    def waits(self, rows: Rows) -> None:
        """Receives waits: a row for each argument of `Observer.wait`."""


class OneByOne:
    """Gives an observer each event and wait of a block."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def events(self, rows: Rows) -> None:
        """Gives events."""
        for row in rows.T.tolist():
            self._observer.emit(*row)

    def waits(self, rows: Rows) -> None:
        """Gives waits."""
        for row in rows.T.tolist():
            self._observer.wait(*row)


class Logged(Protocol):
    """Rows in the order in which they were logged, whose columns are made as they are needed, for some at a time."""

    waits: NDArray[np.bool_]
    """Of each row whether it is a wait."""

    def fill(self, chosen: Rows, columns: Sequence[Rows]) -> None:
        """Fills columns of the rows at some places, which rise.

        They are start, duration, kind (of a wait ~cause), count, unit, and of the instruction address, layer and
        inference.
        """


class Delivery:
    """Gives listeners rows in the order in which they were logged, events and waits apart.

    What they receive at once ends where they have received a whole number of `BLOCK` events, or of waits. So a trace,
    which writes blocks of as many rows, is the same however many rows come at a time.
    """

    def __init__(self, listeners: Sequence[Listener], price: Sequence[int]) -> None:
        self._listeners = listeners
        self._price = np.array(price, dtype=np.int64)
        self._events = self._waits = 0

    def give(self, rows: Logged) -> None:
        """Gives rows."""
        events, waits = np.flatnonzero(~rows.waits), np.flatnonzero(rows.waits)
        ends = {len(rows.waits)}
        ends.update((events[_whole(len(events), self._events) - 1] + 1).tolist())
        ends.update((waits[_whole(len(waits), self._waits) - 1] + 1).tolist())
        cuts = sorted(ends)
        parts = (np.split(places, np.searchsorted(places, cuts[:-1])) for places in (events, waits))
        for some_events, some_waits in zip(*parts, strict=True):
            self._give_events(rows, some_events)
            self._give_waits(rows, some_waits)
        self._events += len(events)
        self._waits += len(waits)

    def _give_events(self, rows: Logged, chosen: Rows) -> None:
        if len(chosen):
            found = np.empty((9, len(chosen)), np.int64)
            start, duration, unit, kind, count, *context, energy = found
            rows.fill(chosen, (start, duration, kind, count, unit, *context))
            np.multiply(count, self._price[kind], out=energy)
            for listener in self._listeners:
                listener.events(found)

    def _give_waits(self, rows: Logged, chosen: Rows) -> None:
        if len(chosen):
            found = np.empty((8, len(chosen)), np.int64)
            start, duration, unit, cause, *context, count = found
            rows.fill(chosen, (start, duration, cause, count, unit, *context))
            np.invert(cause, out=cause)
            for listener in self._listeners:
                listener.waits(found[:7])


BLOCK = 65_536
"""Rows of a block of a trace."""


def _whole(count: int, before: int) -> Rows:
    """After how many of `count` rows, with those that came before, a multiple of `BLOCK` is reached."""
    return np.arange(before // BLOCK + 1, (before + count) // BLOCK + 1) * BLOCK - before


LEAST = 1 << 12
"""How many rows of a log are given at once, but for the last ones: fewer cost more to give than to make."""


class Probe:
    """The log of some units, and the listeners that receive it.

    `price` is the energy of one count of each kind, in attojoules.
    """

    def __init__(self, units: Sequence[Unit], listeners: Sequence[Listener], price: Sequence[int]) -> None:
        self._units = units if listeners else ()
        self._delivery = Delivery(listeners, price)
        self._log = self._new_log()

    def _new_log(self) -> Log:
        log = Log()
        for unit in self._units:
            unit.attach(log)
        return log

    def due(self) -> bool:
        """Whether so much has been logged since the last time that it is worth giving."""
        return len(self._log) >= LEAST

    def publish(self) -> None:
        """Gives the listeners what was logged since the last time."""
        log, self._log = self._log, self._new_log()
        if log.rows:
            places, rows = log.places_table(), log.table().T
            self._delivery.give(_Columns(np.stack([*rows[:4], *places[rows[4], :4].T])))


class _Columns:
    """Rows of which all columns are there: int64 of shape (8, rows)."""

    def __init__(self, columns: Rows) -> None:
        self._columns = columns
        self.waits = columns[2] < 0

    def fill(self, chosen: Rows, columns: Sequence[Rows]) -> None:
        """Takes them."""
        for column, out in zip(self._columns, columns, strict=True):
            column.take(chosen, out=out, mode="clip")
