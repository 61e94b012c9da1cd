"""The registry of exports: a format is one small file with an EXPORTER, and one line here.

Installed packages may add their own under the entry point group "acortex.exporters".
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from acortex import safe_files
from acortex.errors import UsageError
from acortex.traces.export import chrome, csv_rows, konata, parquet, perfetto, vcd
from acortex.traces.export.stats_text import write as write_stats
from acortex.traces.file.reader import Trace
from acortex.traces.file.validation import TraceError
from acortex.wording import did_you_mean

GROUP = "acortex.exporters"


@dataclass(frozen=True)
class Exporter:
    """A format that a trace can be written in: `write(trace, path)` makes the whole file."""

    name: str
    suffix: str
    description: str
    write: Callable[[Trace, Path], None]


BUILT_IN = (
    Exporter("csv", ".csv", "one row per event, with names, for spreadsheets", csv_rows.write),
    Exporter("chrome", ".json", "Chrome trace events, for chrome://tracing and Perfetto", chrome.write),
    Exporter("perfetto", ".pftrace", "Perfetto protobuf: units, lanes, energy counters", perfetto.write),
    Exporter("vcd", ".vcd", "value change dump, for waveform viewers", vcd.write),
    Exporter("konata", ".kanata", "Kanata log: instructions through units, for the viewer Konata", konata.write),
    Exporter("stats", ".txt", "statistics with units and descriptions, as gem5's stats.txt", write_stats),
    Exporter("parquet", ".parquet", "one row per event, with names, for data frames and SQL", parquet.write),
)


def exporters() -> dict[str, Exporter]:
    """All exporters by name; a plugin that cannot be loaded is a warning."""
    found = {exporter.name: exporter for exporter in BUILT_IN}
    for entry in sorted(entry_points(group=GROUP)):
        try:
            exporter = entry.load()
        except Exception as error:  # a plugin may fail in any way
            warnings.warn(f"the exporter {entry.name!r} ({entry.value}) cannot be loaded: {error}", stacklevel=2)
            continue
        found.setdefault(exporter.name, exporter)
    return found


def export(trace: Trace, name: str, path: str | os.PathLike[str]) -> None:
    """Writes the trace to `path` in the format `name`, whole or not at all."""
    known = exporters()
    if name not in known:
        hint = did_you_mean(name, known, f"formats are {', '.join(known)}")
        raise UsageError(f"there is no export to {name!r}", hint=hint)
    if safe_files.identity(path) == safe_files.identity(trace.path):
        raise UsageError("is the trace itself", where=str(path), hint="give the export a name of its own")
    try:
        with safe_files.writing(path) as part:
            known[name].write(trace, part)
    except TraceError as error:
        raise error if error.where else TraceError(error.message, where=str(trace.path), hint=error.hint) from None
    except OSError as error:
        raise UsageError(f"cannot be written ({error.strerror})", where=str(path)) from error
