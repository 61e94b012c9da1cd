"""What the timeline formats share: real time, and lanes in which a unit's events do not overlap."""

from __future__ import annotations

from fractions import Fraction
from heapq import heappop, heappush

import numpy as np

from acortex.traces.file.table import Ints
from acortex.traces.file.validation import TraceError


def nanoseconds(cycles: Ints, clock_ns: Fraction) -> Ints:
    """Cycles as whole ns, each rounded once (half up) from the exact product."""
    up, down = clock_ns.numerator, clock_ns.denominator
    largest = max(abs(int(cycles.min(initial=0))), int(cycles.max(initial=0)))
    if 2 * up * largest + down < 1 << 63:
        whole: Ints = (2 * up * cycles + down) // (2 * down)
        return whole
    exact = [(2 * up * cycle + down) // (2 * down) for cycle in cycles.tolist()]
    if any(abs(ns) >= 1 << 63 for ns in exact):
        raise TraceError(f"the trace has cycle {largest}, and so times of 2^63 ns or more", hint="no format has such")
    return np.array(exact, dtype=np.int64)


def lanes(start: Ints, duration: Ints, unit: Ints) -> Ints:
    """A lane for each event, from 0 in every unit: the lowest in which nothing else is under way.

    Events are placed by start, the longer first, so the number of lanes is the greatest number of events at once.
    """
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
