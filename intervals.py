"""Unions of intervals of cycles: how long at least one of several things was going on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

Span = tuple[int, int]
"""The first cycle of an interval, and the first cycle after it."""


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same cycles as intervals apart, in order: those that overlap or touch are one, empty ones are left out."""
    ordered = sorted(span for span in spans if span[0] < span[1])
    if len(ordered) < 2:
        return ordered
    start, end = np.array(ordered, dtype=np.int64).T
    reached = np.maximum.accumulate(end)  # with the earliest start first, all before a gap end before it
    gaps = np.flatnonzero(start[1:] > reached[:-1])
    starts, ends = start[np.append(0, gaps + 1)], reached[np.append(gaps, len(end) - 1)]
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def covered(spans: Iterable[Span], since: int = 0) -> int:
    """How many cycles from `since` on lie in at least one of the intervals; set-up comes before cycle 0."""
    return sum(end - start for start, end in joined((max(start, since), end) for start, end in spans))
