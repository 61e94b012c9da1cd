"""Value change dump: for each unit what it does, how many events are under way, and what it waits for. Times are ns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from acortex.traces.handover import optional
from acortex.traces.lanes import nanoseconds
from acortex.traces.reader import Trace
from acortex.traces.table import Ints

IDLE = "-"


def write(trace: Trace, path: Path) -> None:
    """Signals UNIT.busy (number of events under way), UNIT.kind and UNIT.waiting (texts), changes by rising time.

    An event of no duration leaves no mark. Time 0 is cycle 0, or the first cycle where a trace begins before it.
    """
    vcd = optional("vcd", "VCD", "vcd")
    header = trace.header
    comment = f"{header.program} on {header.chip}, {header.clock_ns} ns a cycle"
    edges, origin_ns, end_ns = _edges(trace)
    with (
        path.open("w", encoding="utf-8") as file,
        vcd.VCDWriter(file, timescale="1 ns", date="", comment=comment) as out,
    ):
        signals = [_register(out, unit) for unit in header.units]
        for time_ns, unit, values in _states(trace, edges):
            for signal, value in zip(signals[unit], values, strict=True):
                out.change(signal, time_ns - origin_ns, value)
        out.close(end_ns - origin_ns)


def _register(out: Any, unit: str) -> list[Any]:
    """The three signals of a unit, in scopes nested by the dots of its path."""
    busy = out.register_var(unit, "busy", "integer", size=32, init=0)
    return [busy, *(out.register_var(unit, name, "string", init=IDLE) for name in ("kind", "waiting"))]


def _edges(trace: Trace) -> tuple[Ints, int, int]:
    """Begins and ends of all rows by time and unit: (ns, unit, name, +1 or -1), and the first and last ns.

    `name` is a kind, or a cause counted on after the kinds.
    """
    clock_ns = trace.header.exact_clock_ns()
    parts = [np.zeros((0, 4), dtype=np.int64)]
    for table, name, base in ((trace.events, "kind", 0), (trace.waits, "cause", len(trace.header.kinds))):
        lasting = table["duration"] > 0
        start, duration, unit, which = (table[column][lasting] for column in ("start", "duration", "unit", name))
        for cycles, sign in ((start, 1), (start + duration, -1)):
            ns = nanoseconds(cycles, clock_ns)
            parts.append(np.stack((ns, unit, which + base, np.full(len(ns), sign)), axis=1))
    edges = np.concatenate(parts)
    edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
    last = nanoseconds(np.array([trace.cycles]), clock_ns)
    return edges, min(int(edges[:, 0].min(initial=0)), 0), max(int(edges[:, 0].max(initial=0)), int(last[0]))


def _states(trace: Trace, edges: Ints) -> Iterator[tuple[int, int, tuple[int, str, str]]]:
    """Each unit's state after all its edges of one time: how many events, their kinds, the causes of its waits."""
    names = [kind.name for kind in trace.header.kinds] + list(trace.header.causes)
    kinds = len(trace.header.kinds)
    under_way: list[Counter[int]] = [Counter() for _ in trace.header.units]
    for (time_ns, unit), group in groupby(edges.tolist(), key=itemgetter(0, 1)):
        running = under_way[unit]
        for _, _, name, sign in group:
            running[name] += sign
        active = sorted(name for name, number in running.items() if number)
        busy = sum(running[name] for name in active if name < kinds)
        what, why = ("+".join(names[name] for name in active if (name < kinds) is event) for event in (True, False))
        yield time_ns, unit, (busy, what or IDLE, why or IDLE)
