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


class Delivery:
    """Gives listeners rows in the order in which they were logged, events and waits apart.

    What they receive at once ends where they have received a whole number of `BLOCK` events, or of waits. So a trace,
    which writes blocks of as many rows, is the same however many rows come at a time.
    """

    def __init__(self, listeners: Sequence[Listener], price: Sequence[int]) -> None:
        self._listeners = listeners
        self._price = np.array(price, dtype=np.int64)
        self._events = self._waits = 0

    def give(self, rows: Rows, context: Rows) -> None:
        """Gives rows of the shape (5, rows): start, duration, kind (of a wait ~cause), count, unit.

        `context` has address, layer and inference of the instruction of each.
        """
        is_wait = rows[2] < 0
        waits = np.cumsum(is_wait)
        events = np.arange(1, len(waits) + 1) - waits
        cuts = {*_multiples(events, self._events), *_multiples(waits, self._waits), len(waits)}
        begin = 0
        for end in sorted(cuts):
            if begin < end:
                self._part(rows[:, begin:end], context[:, begin:end], is_wait[begin:end])
            begin = end
        if len(waits):
            self._events += int(events[-1])
            self._waits += int(waits[-1])

    def _part(self, rows: Rows, context: Rows, is_wait: NDArray[np.bool_]) -> None:
        events, waits = np.flatnonzero(~is_wait), np.flatnonzero(is_wait)
        if len(events):
            found = _taken(rows, context, (0, 1, 4, 2, 3), events, 9)
            np.multiply(found[4], self._price[found[3]], out=found[8])
            for listener in self._listeners:
                listener.events(found)
        if len(waits):
            found = _taken(rows, context, (0, 1, 4, 2), waits, 7)
            np.invert(found[3], out=found[3])
            for listener in self._listeners:
                listener.waits(found)


def _taken(rows: Rows, context: Rows, order: Sequence[int], chosen: Rows, fields: int) -> Rows:
    """Some rows as listeners receive them: fields in their order, then the context, then room for what follows."""
    found = np.empty((fields, len(chosen)), np.int64)
    for number, out in enumerate(found[: len(order) + 3]):
        column = rows[order[number]] if number < len(order) else context[number - len(order)]
        column.take(chosen, out=out, mode="clip")
    return found


BLOCK = 65_536
"""Rows of a block of a trace."""


def _multiples(counted: Rows, before: int) -> list[int]:
    """Where a running count, with what was counted before, reaches a multiple of `BLOCK`: after so many rows."""
    last = before + int(counted[-1]) if len(counted) else before
    whole = np.arange(before // BLOCK + 1, last // BLOCK + 1) * BLOCK - before
    found: list[int] = (np.searchsorted(counted, whole) + 1).tolist()
    return found


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
        return len(self._log.rows) >= 5 * LEAST

    def publish(self) -> None:
        """Gives the listeners what was logged since the last time."""
        log, self._log = self._log, self._new_log()
        if log.rows:
            places, rows = rows_of(log.places, 5), rows_of(log.rows, 5).T
            context = places[rows[4]].T
            self._delivery.give(np.stack([*rows[:4], context[0]]), context[1:4])


def rows_of(flat: list[int], fields: int) -> Rows:
    """Integers in rows of so many fields; np.array would look at all of them first, for what they are."""
    return np.fromiter(flat, np.int64, len(flat)).reshape(-1, fields)
