"""The events of a trace as slices of real time in lanes, some units at a time: what Chrome and Perfetto draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from acortex.traces.export.lanes import lanes, nanoseconds
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints
from acortex.traces.rows.by_unit import extent, gather, groups

Slices = dict[str, Ints]
"""Columns of slices: those of the events, the `lane` of each in its unit, and `start_ns` and `end_ns`."""

DETAILS = ("inference", "start", "duration", "count", "energy_aj")
"""The columns that a slice says exactly."""

_COLUMNS = ("unit", "kind", "layer", "pc", *DETAILS)
_STEP = 1 << 15


def slices(trace: Trace) -> Iterator[Slices]:
    """All events by unit, lane and start, a step at a time: slices of a lane follow each other."""
    clock_ns = trace.header.exact_clock_ns()
    tables = (trace.events,)
    for units in groups(extent(tables, lambda chunk: {}).rows):
        rows = gather(tables, units, _kept)
        end = rows["start"] + rows["duration"]
        rows["lane"] = lanes(rows["start"], rows["duration"], rows["unit"])
        order = np.lexsort((end, rows["start"], rows["lane"], rows["unit"]))
        for at in range(0, len(order), _STEP):
            some = {name: column[order[at : at + _STEP]] for name, column in rows.items()}
            some["start_ns"] = nanoseconds(some["start"], clock_ns)
            some["end_ns"] = nanoseconds(some["start"] + some["duration"], clock_ns)
            yield some


def _kept(chunk: Mapping[str, Ints]) -> dict[str, Ints]:
    return {name: chunk[name] for name in _COLUMNS}
