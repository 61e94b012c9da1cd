"""Lanes in which a unit's events do not overlap, which the formats of timelines share."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from acortex.traces.file.table import Ints


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
