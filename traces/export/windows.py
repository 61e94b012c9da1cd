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
    for name, section, series in _SERIES if not trace.header.filters else ():
        found = _read((trace.summary or {}).get(section), series)
        if found is not None:
            yield Windows(name, *found)


def _read(section: object, series: str) -> tuple[int, list[int]] | None:
    """The width of the windows and the values of a series, None where either is malformed."""
    cycles, values = (section.get("window_cycles"), section.get(series)) if isinstance(section, Mapping) else (0, ())
    if not (isinstance(cycles, int) and 0 < cycles <= LONGEST and isinstance(values, list)):
        return None
    whole = [value for value in values if type(value) is int]  # True is none
    return (cycles, whole) if whole and len(whole) == len(values) <= MOST else None
