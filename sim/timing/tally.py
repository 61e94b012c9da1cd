"""What units did, summed up by layer and inference, and what observed units did, event by event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.sim.timing.snapshot import SPANS, TABLE, WORK, Roles

Ints = NDArray[np.int64]

Work = tuple[int, int, tuple[tuple[int, int], ...]]
"""What a unit did for one instruction: first cycle, cycle after the last, and (kind, count) pairs."""


class Works(NamedTuple):
    """What units did for instructions, in columns of int64.

    `unit`, `serial` (the instruction's place in the order of issue), `first` and `last` have a row for each pair of
    unit and instruction. The kinds of its events, and how much of each it counted, begin at its `begins` in `kinds` and
    `counts`: at least one of each.
    """

    unit: Ints
    serial: Ints
    first: Ints
    last: Ints
    begins: Ints
    kinds: Ints
    counts: Ints


def works_of(work: Mapping[tuple[int, int], Work]) -> Works:
    """The columns of a table by unit and instruction."""
    rows = [(*key, first, last, len(done)) for key, (first, last, done) in work.items()]
    unit, serial, first, last, sizes = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    done = [pair for _, _, pairs in work.values() for pair in pairs]
    kinds, counts = np.array(done, dtype=np.int64).reshape(-1, 2).T
    return Works(unit, serial, first, last, np.cumsum(sizes) - sizes, kinds, counts)


class Tally:
    """What units did for each layer and inference: counts, cycles and spans, summed as instructions end.

    `events` and `counts` are by (kind, layer, inference). `layers` has the first and last cycle of each
    (layer, inference). `macs` is by layer and inference.
    """

    roles = Roles(
        sums={"events": TABLE, "counts": TABLE, "layers": SPANS, "macs": TABLE, "inferences": SPANS, "work": WORK},
        derived=("_works",),
    )

    def __init__(self) -> None:
        self.events: dict[tuple[int, int, int], int] = {}
        self.counts: dict[tuple[int, int, int], int] = {}
        self.layers: dict[tuple[int, int], list[int]] = {}
        self.macs: dict[tuple[int, int], int] = {}
        self.inferences: dict[int, list[int]] = {}
        self.work: dict[tuple[int, int], Work] = {}
        """What each unit did for each instruction, by unit and the instruction's place in the order of issue."""
        self._works: Works | None = None

    @property
    def works(self) -> Works:
        """What each unit did for each instruction, in columns."""
        return works_of(self.work) if self._works is None else self._works

    def give(self, works: Works) -> None:
        """Takes in all that units did for instructions, in columns."""
        self._works = works

    def clear(self) -> None:
        """Forgets all."""
        for table in (self.events, self.counts, self.layers, self.macs, self.inferences, self.work):
            table.clear()
        self._works = None

    def book(self, key: tuple[int, int, int], events: int, count: int) -> None:
        """Books events of a kind, and what they count, for a layer of an inference."""
        self.events[key] = self.events.get(key, 0) + events
        self.counts[key] = self.counts.get(key, 0) + count

    def do(self, key: tuple[int, int], first: int, last: int, done: tuple[tuple[int, int], ...]) -> None:
        """Notes what a unit did for an instruction: one span, even where it worked for another in between."""
        known = self.work.get(key)
        if known is not None:
            first, last, counts = min(first, known[0]), max(last, known[1]), Counter(dict(known[2]))
            counts.update(dict(done))
            done = tuple(counts.items())
        self.work[key] = first, last, done

    def compute(self, context: tuple[int, int, int, int], macs: int) -> None:
        """Books the multiply-accumulates of array operations."""
        key = context[1:3]
        self.macs[key] = self.macs.get(key, 0) + macs

    def span(self, layer: int, inference: int, start: int, end: int) -> None:
        """Stretches a layer's time in an inference over start..end."""
        span = self.layers.setdefault((layer, inference), [start, end])
        span[0] = min(span[0], start)
        span[1] = max(span[1], end)

    def cross(self, inference: int, start: int, end: int | None = None) -> None:
        """One of an inference's words crosses the host's port from `start` on; on its way out, until `end`.

        The words that come in may be booked after some that go out.
        """
        span = self.inferences.setdefault(inference, [start, start])
        span[0] = min(span[0], start)
        if end is not None:
            span[1] = end


row_of = Struct("5q").pack
"""A row of a log: five int64, as NumPy reads them. Integers in a list would take more than twice as much memory."""

ROW_BYTES = len(row_of(0, 0, 0, 0, 0))


class Log:
    """What observed units did and waited for for a while, in the fewest integers: flat rows.

    A *place* is a unit at work for one instruction; the row of its number says the rest.
    """

    def __init__(self) -> None:
        self.rows = bytearray()
        """start, duration, kind, count, place; and so on. A wait has ~cause in place of a kind, and 0 of a count."""
        self.places: list[int] = []
        """unit, pc, layer, inference, place in the order of issue."""

    def __len__(self) -> int:
        return len(self.rows) // ROW_BYTES

    def table(self, begin: int = 0, end: int | None = None) -> NDArray[np.int64]:
        """Rows from one to before another, all without them: int64 of shape (rows, 5), a copy."""
        last = None if end is None else end * ROW_BYTES
        return np.frombuffer(self.rows[begin * ROW_BYTES : last], np.int64).reshape(-1, 5)

    def places_table(self) -> NDArray[np.int64]:
        """The places by their numbers: int64 of shape (places, 5)."""
        return np.fromiter(self.places, np.int64, len(self.places)).reshape(-1, 5)

    def enter(self, unit: int, context: tuple[int, int, int, int]) -> int:
        """The number of a new place."""
        number = len(self.places) // 5
        self.places += unit, *context
        return number
