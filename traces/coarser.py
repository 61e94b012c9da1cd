"""A trace with less detail: a row for each instruction or layer on a unit, as `acortex run --trace-level` writes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from acortex.errors import UsageError
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EVENT_FIELDS, WAIT_FIELDS
from acortex.traces.file.writer import TraceWriter


def coarser(trace: Trace, level: str, path: Path) -> Trace:
    """Writes a trace at another level of detail to `path`, and opens it; one that has that level is itself.

    Rows and sums are those of a run with that level. Raises UsageError for a trace that has less detail than `level`.
    """
    if level == trace.header.level:
        return trace
    if trace.header.level != "events":
        raise UsageError(
            f"has the detail {trace.header.level}, and {level} is asked for",
            where=str(trace.path),
            hint="a run with --trace-level events has what each level needs",
        )
    whole = replace(trace.header, filters={})  # what is left out already is no filter of the writer
    with TraceWriter(path, whole, level) as writer:
        for rows in trace.events.chunks(*EVENT_FIELDS):
            writer.events(np.stack([rows[name] for name in EVENT_FIELDS]))
        for rows in trace.waits.chunks(*WAIT_FIELDS):
            writer.waits(np.stack([rows[name] for name in WAIT_FIELDS]))
        if trace.summary is not None:
            writer.finish(trace.summary)
    made = reader.open(path if trace.summary is not None else writer.part)
    return replace(made, header=replace(made.header, filters=trace.header.filters))
