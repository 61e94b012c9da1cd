"""Chrome trace events: a process for each unit, a thread for each lane, times in microseconds with three decimals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acortex.traces.export.slices import DETAILS, Slices, slices
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints


def write(trace: Trace, path: Path) -> None:
    """One event on each line, so that the file can be searched."""
    header = trace.header
    about = {"program": header.program, "chip": header.chip, "clock_ns": header.clock_ns, "complete": trace.complete}
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"displayTimeUnit": "ns",\n"otherData": {json.dumps(about)},\n"traceEvents": [')
        separator = "\n"
        for unit, name in enumerate(header.units):
            file.write(separator + json.dumps(_named(unit, name)))
            separator = ",\n"
        lines = _Lines(header)
        for some in slices(trace):
            file.write(separator + ",\n".join(lines.of(some)))
            separator = ",\n"
        file.write("\n]}\n")


def _named(unit: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": "process_name", "pid": unit + 1, "args": {"name": name}}


_EVENT = '{"ph": "X", "pid": %d, "tid": %d, "ts": %s, "dur": %s, "name": %s, "args": {"layer": %s, "source": %s, '
_EXACT = ", ".join(f'"{name}": %d' for name in DETAILS) + "}}"


class _Lines:
    """The lines of slices. Names are written as JSON once each."""

    def __init__(self, header: TraceHeader) -> None:
        self._kinds = [json.dumps(kind.name) for kind in header.kinds]
        self._layers = [json.dumps(name) for name in header.layers]
        self._sources = [json.dumps(name) for name in (*header.lines, "-")]  # a pc of -1 is the last

    def of(self, some: Slices) -> Iterator[str]:
        """A line for each slice."""
        named = (
            [table[at] for at in some[name].tolist()]
            for name, table in (("kind", self._kinds), ("layer", self._layers), ("pc", self._sources))
        )
        times = _microseconds(some["start_ns"]), _microseconds(some["end_ns"] - some["start_ns"])
        exact = (some[name].tolist() for name in DETAILS)
        columns = ((some["unit"] + 1).tolist(), some["lane"].tolist(), *times, *named, *exact)
        return map((_EVENT + _EXACT).__mod__, zip(*columns, strict=True))


def _microseconds(ns: Ints) -> list[str]:
    """Exactly ns / 1000, which a binary fraction would not be."""
    whole, rest = (part.tolist() for part in (abs(ns) // 1000, abs(ns) % 1000))
    texts = list(map("%d.%03d".__mod__, zip(whole, rest, strict=True)))
    for at in (ns < 0).nonzero()[0].tolist():
        texts[at] = f"-{texts[at]}"
    return texts
