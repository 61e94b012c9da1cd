"""The events of a trace as slices of real time in lanes, block by block: what Chrome and Perfetto draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from acortex.traces.lanes import lanes, nanoseconds
from acortex.traces.reader import Trace


class Slice(NamedTuple):
    """One event: where it is drawn, when in ns, and what it says."""

    unit: int
    lane: int
    start_ns: int
    end_ns: int
    name: str
    details: dict[str, Any]


def slices(trace: Trace) -> Iterator[Slice]:
    """All events by unit, lane and start: slices of a lane follow each other. `details` has the exact integers."""
    header, events = trace.header, trace.events
    lane = lanes(events["start"], events["duration"], events["unit"])
    order = np.lexsort((events["start"] + events["duration"], events["start"], lane, events["unit"]))
    clock_ns = header.exact_clock_ns()
    start_ns = nanoseconds(events["start"], clock_ns)
    end_ns = nanoseconds(events["start"] + events["duration"], clock_ns)
    numbers = [events[name] for name in ("unit", "kind", "layer", "pc", *_DETAILS)]
    step = 65_536
    for at in range(0, len(order), step):
        part = order[at : at + step]
        columns = [column[part].tolist() for column in (lane, start_ns, end_ns, *numbers)]
        for place, begin, end, unit, kind, layer, pc, *exact in zip(*columns, strict=True):
            details = {"layer": header.layers[layer], "source": header.source(pc)}
            details.update(zip(_DETAILS, exact, strict=True))
            yield Slice(unit, place, begin, end, header.kinds[kind].name, details)


_DETAILS = ("inference", "start", "duration", "count", "energy_aj")
