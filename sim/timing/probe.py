"""Observers of a run. They receive every event and wait, and can change nothing; without one, nothing is recorded.

Units write what they do into a log, in a few integers; NumPy makes of it what observers receive, a block at a time.
"""

from __future__ import annotations

import struct
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


class Probe:
    """The log of some units, and the listeners that receive it.

    `price` is the energy of one count of each kind, in attojoules.
    """

    def __init__(self, units: Sequence[Unit], listeners: Sequence[Listener], price: Sequence[int]) -> None:
        self._units = units if listeners else ()
        self._listeners = listeners
        self._price = np.array(price, dtype=np.int64)
        self._log = self._new_log()

    def _new_log(self) -> Log:
        log = Log()
        for unit in self._units:
            unit.attach(log)
        return log

    def publish(self) -> None:
        """Gives the listeners what was logged since the last time."""
        log, self._log = self._log, self._new_log()
        places, events, waits = _rows(log.places, 4), _rows(log.events, 5), _rows(log.waits, 4)
        if len(events):
            start, duration, kind, count, place = events.T
            unit, *context = places[place].T
            rows = np.stack([start, duration, unit, kind, count, *context, count * self._price[kind]])
            for listener in self._listeners:
                listener.events(rows)
        if len(waits):
            start, duration, cause, place = waits.T
            unit, *context = places[place].T
            rows = np.stack([start, duration, unit, cause, *context])
            for listener in self._listeners:
                listener.waits(rows)


def _rows(flat: list[int], fields: int) -> Rows:
    """Integers in rows of so many fields; packing them takes half the time of np.array."""
    return np.frombuffer(struct.pack(f"={len(flat)}q", *flat), dtype=np.int64).reshape(-1, fields)
