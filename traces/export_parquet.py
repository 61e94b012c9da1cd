"""Parquet, by duckdb: one row an event, with names in place of positions."""

from __future__ import annotations

from pathlib import Path

from acortex.errors import UsageError
from acortex.traces.handover import duckdb_module
from acortex.traces.reader import Trace


def write(trace: Trace, path: Path) -> None:
    """The rows of `trace.to_duckdb()`."""
    rows = trace.to_duckdb()
    try:
        rows.write_parquet(str(path), compression="zstd")
    except duckdb_module().Error as error:
        raise UsageError(f"cannot be written ({error})", where=str(path)) from error
