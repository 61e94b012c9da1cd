"""What ended a wait, one after another by the walk of the critical path: the obvious version of `traces/enders.py`."""

from __future__ import annotations

from typing import NamedTuple

from acortex.traces.critical import WAITING, Segment, Step, Walk
from acortex.traces.endings import HandOver
from acortex.traces.file.reader import Trace
from acortex.traces.rivals import Holders
from acortex.traces.rows.by_time import Row


class Walked(NamedTuple):
    """How a wait ended, by which unit, and for which instruction."""

    how: str
    unit: str
    pc: int


class ShownEnders(Walk):
    """A walk that keeps the row that the last step led to, of those that a trace shows."""

    found: Row | None = None

    def of(self, wait: Row) -> Row | None:
        """The event of another unit that ended a wait."""
        self.found = None
        self._first(wait, wait.name, wait.end)
        return self.found if self.found and self.found.event and self.found.unit != wait.unit else None

    def _to(self, hand_over: HandOver, row: Row, found: Row, now: int) -> Step:
        self.found = found
        return super()._to(hand_over, row, found, now)

    def _now(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        return None


class WalkedEnders(ShownEnders):
    """The same with instructions that were taken, and with what held what was waited for."""

    taken: Row | None = None

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        self._holders = Holders(self.rows, trace.header)

    def ended(self, wait: Row) -> Walked | None:
        """What ended a wait; None where its own time did, or nothing that a trace shows."""
        self.taken = None
        self.of(wait)
        if self.taken is not None:
            return Walked("taken", self.taken.unit, self.taken.pc)
        if self.found is not None:
            return None if self.found.unit == wait.unit else Walked("ended", self.found.unit, self.found.pc)
        one = Segment(wait.start, wait.end, wait.unit, WAITING, wait.name, wait.pc, wait.layer, wait.inference)
        held = [holder for holder, _ in self._holders.during(one)]
        return Walked("held", self._holders.agent(held[-1]), held[-1].pc) if held else None

    def _now(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        units = self.takers(row.unit, row.pc) if hand_over.same else ()
        if len(units) == 1:
            at = self._when(hand_over, now)
            self.taken = self.rows.started(units[0], at) or Row(units[0], at, at, False, "", -1, 0, -1)
        return Walk._now(self, hand_over, row, now)
