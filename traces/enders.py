"""What ended each wait of a trace: the event of another unit that let it end, as far as its hand-overs know."""

from __future__ import annotations

from typing import NamedTuple

from acortex.traces.critical import Step, Walk, has_path
from acortex.traces.endings import HandOver
from acortex.traces.file.reader import Trace
from acortex.traces.rows.by_time import Row

MOST_WAITS = 1 << 17
"""Waits of a trace up to which each is looked at: some seconds."""


class Ended(NamedTuple):
    """A wait, the event that ended it, and what the unit began then: an event, or its next wait; None for nothing."""

    wait: Row
    by: Row
    then: Row | None


class Enders(Walk):
    """A walk that keeps the row that the last step led to."""

    found: Row | None = None

    def of(self, wait: Row) -> Row | None:
        """The event that ended a wait; None where none of another unit did, or where a trace does not show it."""
        self.found = None
        self._first(wait, wait.name, wait.end)
        return self.found if self.found is not None and self.found.event else None

    def _to(self, hand_over: HandOver, row: Row, found: Row, now: int) -> Step:
        self.found = found
        return super()._to(hand_over, row, found, now)

    def _now(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        """A unit acted in a way that no row shows: there is none to name."""
        return None


def enders(trace: Trace) -> list[Ended]:
    """The waits of a trace that an event of another unit ended, each with that event.

    None of a trace that does not hold every event of its run, for then another may have; and none where there are more
    than MOST_WAITS waits.
    """
    if not has_path(trace) or len(trace.waits) > MOST_WAITS:
        return []
    walk, header, found = Enders(trace), trace.header, []
    for row in trace.waits:
        if row.duration:
            unit, end = header.units[row.unit], row.start + row.duration
            wait = Row(unit, row.start, end, False, header.causes[row.cause], row.pc, row.layer, row.inference)
            by = walk.of(wait)
            if by is not None and by.unit != wait.unit:
                found.append(Ended(wait, by, walk.rows.started(unit, end)))
    return found
