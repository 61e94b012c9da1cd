"""What the timeline formats share: real time, and lanes in which a unit's events do not overlap."""

from __future__ import annotations

from fractions import Fraction
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from acortex.traces.file.table import Ints
from acortex.traces.file.validation import TraceError


class Unit(NamedTuple):
    """A unit of time: its name, and how many of it are a nanosecond."""

    name: str
    per_ns: int


UNITS = (Unit("ns", 1), Unit("ps", 10**3), Unit("fs", 10**6))


def unit_of(clock_ns: Fraction) -> Unit:
    """The unit that times of a clock are given in: ns where a cycle takes one at least, else the first that is exact.

    In each, rounded times keep every cycle apart: what lasts has a length, and what begins later begins later.
    """
    if clock_ns >= 1:
        return UNITS[0]
    return next((unit for unit in UNITS if (clock_ns * unit.per_ns).denominator == 1), UNITS[-1])


def real_times(cycles: Ints, clock_ns: Fraction) -> Ints:
    """Cycles as whole numbers of the clock's unit of time, each rounded once (half up) from the exact product."""
    unit = unit_of(clock_ns)
    up, down = (clock_ns * unit.per_ns).as_integer_ratio()
    largest = max(abs(int(cycles.min(initial=0))), int(cycles.max(initial=0)))
    if 2 * up * largest + down < 1 << 63:
        whole: Ints = (2 * up * cycles + down) // (2 * down)
        return whole
    exact = [(2 * up * cycle + down) // (2 * down) for cycle in cycles.tolist()]
    if any(abs(time) >= 1 << 63 for time in exact):
        what = f"the trace has cycle {largest}, and so times of 2^63 {unit.name} or more"
        raise TraceError(what, hint="no format has such")
    return np.array(exact, dtype=np.int64)


def lanes(start: Ints, duration: Ints, unit: Ints) -> Ints:
    """A lane for each event, from 0 in every unit: the lowest in which nothing else is under way.

    Events are placed by start, the longer first, so the number of lanes is the greatest number of events at once. An
    event of no duration takes the cycle in which it happens: no two events of a lane begin at once.
    """
    duration = np.maximum(duration, 1)
    lane = np.zeros(len(start), dtype=np.int64)
    for one in np.unique(unit).tolist():
        rows = np.flatnonzero(unit == one)
        rows = rows[np.lexsort((-duration[rows], start[rows]))]
        begin, end = start[rows], start[rows] + duration[rows]
        if len(rows) > 1 and (begin[1:] < np.maximum.accumulate(end)[:-1]).any():
            lane[rows] = _colour(begin.tolist(), end.tolist())
    return lane


def _colour(begin: list[int], end: list[int]) -> list[int]:
    """Lanes of intervals in the order of their begins."""
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    placed = []
    for first, last in zip(begin, end, strict=True):
        while busy and busy[0][0] <= first:
            heappush(free, heappop(busy)[1])
        lane = heappop(free) if free else len(busy)
        heappush(busy, (last, lane))
        placed.append(lane)
    return placed
