"""How much shorter a run can become at most where one delay or one queue of its chip changes: what its path proves.

Each step of the critical path stands in every run of the same program, whatever the settings: an item is seen after the
event that made it, a unit works on one instruction after the other, a place is free after what freed it. So the run
stays as long as that chain with the shorter delays, but for two things. A wait for a port, a bank or a lane may vanish,
since grants may come in another order. And a wait for a place ends otherwise where there are more places: then the path
bounds nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from acortex.traces.critical import BUSY, IDLE, LATENCY, WAITING, Step, Walk
from acortex.traces.file.reader import Trace
from acortex.traces.rows.by_time import Row

Cut = Callable[[int], int]
"""The cycles by which an event of so many cycles may become shorter, at most."""


@dataclass(frozen=True)
class Change:
    """What a change of a chip can make shorter, or let end sooner.

    Events of `kinds` by `cut`; after them the way of a word by `latency` cycles; waits for the causes `waits`, since
    there is more of what they wait for. Where `rearranges` is set, events of `kinds` may come in another order.
    """

    kinds: tuple[str, ...] = ()
    cut: Cut = field(default=lambda length: 0)
    latency: int = 0
    waits: tuple[str, ...] = ()
    rearranges: bool = False


class _Noting(Walk):
    """A walk that counts the waits, by cause, which it left by what ended them in another unit."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        self.passed: Counter[str] = Counter()

    def _first(self, row: Row, cause: str, now: int) -> Step | None:
        found = super()._first(row, cause, now)
        self.passed[cause] += found is not None
        return found


class Chain:
    """The critical path of a run as far as bounds need it: lengths of events, ways of words, contention."""

    def __init__(self, trace: Trace) -> None:
        walk = _Noting(trace)
        self._events: Counter[tuple[str, int]] = Counter()
        self._words = self._contention = 0
        for one in walk.path():
            if one.what == BUSY:
                self._events[one.name, one.end - one.start] += 1
            elif one.what == LATENCY:
                self._words += 1
            elif one.what in (WAITING, IDLE):
                self._contention += one.end - one.start
        self._passed = walk.passed
        self._cycles = trace.cycles
        self._kinds = _names(trace.events["kind"], [kind.name for kind in trace.header.kinds])
        self._causes = _names(trace.waits["cause"], trace.header.causes)

    def bound(self, changes: Iterable[Change]) -> int | None:
        """The cycles by which the run can be shorter at most after all these changes; None where nothing bounds it."""
        together = [change for change in changes if self._touches(change)]
        if any(map(self._loosens, together)):
            return None
        gain = sum(map(self._shorter, together)) + self._contention if together else 0
        return min(gain, self._cycles)

    def _touches(self, change: Change) -> bool:
        """Whether anything in the run took or awaited what changes; if nothing did, it stays as it is."""
        return bool(self._kinds.intersection(change.kinds) or self._causes.intersection(change.waits))

    def _loosens(self, change: Change) -> bool:
        """Whether a step of the path no longer stands."""
        rearranged = change.rearranges and any(name in change.kinds for name, _ in self._events)
        return rearranged or any(self._passed[cause] for cause in change.waits)

    def _shorter(self, change: Change) -> int:
        events = sum(
            min(change.cut(length), length) * times
            for (name, length), times in self._events.items()
            if name in change.kinds
        )
        return events + change.latency * self._words


def _names(numbers: np.ndarray, names: Iterable[str]) -> set[str]:
    """The names of the numbers that occur."""
    known = list(names)
    return {known[number] for number in np.unique(numbers).tolist()}
