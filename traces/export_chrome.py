"""Chrome trace events: a process a unit, a thread a lane, times in microseconds with three decimals: real ns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from acortex.traces.reader import Trace
from acortex.traces.slices import Slice, slices


def write(trace: Trace, path: Path) -> None:
    """One event a line, so that the file can be searched."""
    header = trace.header
    about = {"program": header.program, "chip": header.chip, "clock_ns": header.clock_ns, "complete": trace.complete}
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"displayTimeUnit": "ns",\n"otherData": {json.dumps(about)},\n"traceEvents": [')
        separator = "\n"
        for unit, name in enumerate(header.units):
            file.write(separator + json.dumps(_named(unit, name)))
            separator = ",\n"
        for one in slices(trace):
            file.write(separator + _event(one))
            separator = ",\n"
        file.write("\n]}\n")


def _named(unit: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": "process_name", "pid": unit + 1, "args": {"name": name}}


def _event(one: Slice) -> str:
    place = f'"pid": {one.unit + 1}, "tid": {one.lane}'
    time = f'"ts": {_microseconds(one.start_ns)}, "dur": {_microseconds(one.end_ns - one.start_ns)}'
    return f'{{"ph": "X", {place}, {time}, "name": {json.dumps(one.name)}, "args": {json.dumps(one.details)}}}'


def _microseconds(ns: int) -> str:
    """Exactly ns / 1000, which a binary fraction would not be."""
    sign = "-" if ns < 0 else ""
    return f"{sign}{abs(ns) // 1000}.{abs(ns) % 1000:03}"
