"""CSV: one row per event, with names in place of positions."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from acortex.traces.file.dataframes import name_tables
from acortex.traces.file.reader import Trace


def write(trace: Trace, path: Path) -> None:
    """The columns of the trace, then `source` and `component`."""
    header = trace.header
    tables = name_tables(header)
    components = [kind.component for kind in header.kinds]
    fields = trace.events.fields
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow((*fields, "source", "component"))
        for chunk in trace.events.chunks():
            columns: list[list[Any]] = []
            for name in fields:
                values = chunk[name].tolist()
                columns.append([tables[name][value] for value in values] if name in tables else values)
            columns.append([header.source(pc) for pc in chunk["pc"].tolist()])
            columns.append([components[kind] for kind in chunk["kind"].tolist()])
            rows.writerows(zip(*columns, strict=True))
