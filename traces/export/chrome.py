"""Chrome trace events: a process for each unit, a thread for each lane, times in microseconds.

Times have as many decimals as keep every cycle apart: three, or six or nine where a cycle is shorter than 1 ns. The
waits of a unit are a process beside it, each named by its cause; layers and inferences are one process each. A
flow leads from the event that ended a wait to what the unit began then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from acortex.traces.covers import covers
from acortex.traces.export.slices import DETAILS, Drawing, Slices
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.rows.real_time import unit_of


def write(trace: Trace, path: Path) -> None:
    """One event on each line, so that the file can be searched."""
    header = trace.header
    about = {
        "program": header.program,
        "chip": header.chip,
        "clock_ns": header.clock_ns,
        "resolution": f"1 {unit_of(header.exact_clock_ns()).name}",
        **covers(trace),
    }
    drawing = Drawing(trace)
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"displayTimeUnit": "ns",\n"otherData": {json.dumps(about, default=dict)},\n"traceEvents": [')
        separator = "\n"
        for track, name in enumerate(drawing.tracks):
            if drawing.used[track]:
                file.write(separator + json.dumps(_named(track, name)))
                separator = ",\n"
        lines = _Lines(header, drawing)
        for some in drawing.slices():
            file.write(separator + ",\n".join(chain(lines.of(some), lines.flows(some))))
            separator = ",\n"
        file.write("\n]}\n")


def _named(track: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": "process_name", "pid": track + 1, "args": {"name": name}}


_EVENT = '{"ph": "X", "pid": %d, "tid": %d, "ts": %s, "dur": %s, "name": %s, "args": {"layer": %s, "source": %s, '


_FLOW = '{"ph": "%s", "pid": %d, "tid": %d, "ts": %s, "id": %d, "cat": "wait", "name": "ended a wait"}'


class _Lines:
    """The lines of slices. Names are written as JSON once each."""

    def __init__(self, header: TraceHeader, drawing: Drawing) -> None:
        self._names = [json.dumps(name) for name in drawing.names]
        self._layers = [json.dumps(name) for name in header.layers]
        self._sources = [_said(header, pc) for pc in (*range(len(header.lines)), -1)]  # a pc of -1 is the last
        self._flows = drawing.flows
        self._per_us = 1000 * unit_of(header.exact_clock_ns()).per_ns

    def of(self, some: Slices) -> Iterator[str]:
        """A line for each slice."""
        named = (
            [table[at] for at in some[name].tolist()]
            for name, table in (("name", self._names), ("layer", self._layers), ("pc", self._sources))
        )
        times = self._microseconds(some["begin"]), self._microseconds(some["end"] - some["begin"])
        details = [name for name in DETAILS if name in some]
        exact = (some[name].tolist() for name in details)
        columns = ((some["track"] + 1).tolist(), some["lane"].tolist(), *times, *named, *exact)
        line = _EVENT + ", ".join(f'"{name}": %d' for name in details) + "}}"
        return map(line.__mod__, zip(*columns, strict=True))

    def flows(self, some: Slices) -> Iterator[str]:
        """The ends of flows at these slices: from what ended a wait to what then began."""
        at = some["flow"].nonzero()[0]
        columns = (some["track"][at] + 1).tolist(), some["lane"][at].tolist(), self._microseconds(some["begin"][at])
        for place, pid, tid, time in zip(some["flow"][at].tolist(), *columns, strict=True):
            for what, numbers in zip(("s", 'f", "bp": "e'), self._flows[place], strict=True):
                for number in numbers:
                    yield _FLOW % (what, pid, tid, time, number)

    def _microseconds(self, time: Ints) -> list[str]:
        """Exactly, which a binary fraction would not be."""
        whole, rest = (part.tolist() for part in (abs(time) // self._per_us, abs(time) % self._per_us))
        digits = len(str(self._per_us)) - 1
        texts = list(map(f"%d.%0{digits}d".__mod__, zip(whole, rest, strict=True)))
        for at in (time < 0).nonzero()[0].tolist():
            texts[at] = f"-{texts[at]}"
        return texts


def _said(header: TraceHeader, pc: int) -> str:
    """The source line of an instruction and, where the trace has it, its text, as JSON."""
    source = json.dumps(header.source(pc))
    known = 0 <= pc < len(header.instructions)
    return f'{source}, "text": {json.dumps(header.instructions[pc])}' if known else source
