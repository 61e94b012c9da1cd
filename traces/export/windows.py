"""Power and the occupancy of main memory over time, as the report in a trace's summary has them, window by window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from acortex.traces.file.reader import Trace


class Windows(NamedTuple):
    """Whole numbers in windows of equal width, from cycle 0: attojoules of energy, or words that are in use."""

    name: str
    cycles: int
    values: list[int]


LONGEST, MOST = 1 << 40, 1 << 20
"""Cycles of a window and windows of a run, at most: a report has about a thousand."""

POWER, MEMORY = "power", "main memory in use"

_SERIES = ((POWER, "power", "windows_aj"), (MEMORY, "memory", "windows_words"))


def windows(trace: Trace) -> Iterator[Windows]:
    """What the summary of a trace holds of them: nothing of a part of a run, and nothing where it is malformed."""
    if trace.header.filters:
        return
    for name, section, series in _SERIES:
        found = (trace.summary or {}).get(section)
        if isinstance(found, Mapping):
            cycles, values = found.get("window_cycles"), found.get(series)
            if isinstance(cycles, int) and 0 < cycles <= LONGEST and isinstance(values, list) and values:
                whole = [value for value in values if type(value) is int]  # True is none
                if len(whole) == len(values) <= MOST:
                    yield Windows(name, cycles, whole)
