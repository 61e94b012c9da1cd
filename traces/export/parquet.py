"""Parquet, by duckdb: one row per event, with names in place of positions."""

from __future__ import annotations

from pathlib import Path

from acortex.errors import UsageError
from acortex.traces.file.dataframes import bounded, duckdb_module, to_duckdb
from acortex.traces.file.reader import Trace


def write(trace: Trace, path: Path) -> None:
    """The rows of `trace.to_duckdb()`."""
    columns = trace.events.compact(*trace.events.fields)
    with bounded() as connected:
        rows = to_duckdb(columns, trace.header, connected=connected)
        try:
            rows.write_parquet(str(path), compression="zstd")
        except duckdb_module().Error as error:
            raise UsageError(f"cannot be written ({error})", where=str(path)) from error
