"""The rows of a sweep as a table in Parquet, by duckdb."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import acortex
from acortex import safe_files
from acortex.errors import UsageError
from acortex.safe_files import reason
from acortex.tools.sweep.axes import Given
from acortex.tools.sweep.metrics import ENDS, UNCERTAIN
from acortex.tools.sweep.results import SweepRow
from acortex.traces.file.dataframes import bounded, duckdb_module

NAME = "runs.parquet"

TYPES = {
    "key": "VARCHAR", "program": "VARCHAR", "chip": "VARCHAR", "status": "VARCHAR", "error": "VARCHAR",
    "cycles": "BIGINT", "latency_s": "DOUBLE", "energy_j": "DOUBLE", "energy_aj": "DECIMAL(38,0)", "power_w": "DOUBLE",
    "area_mm2": "DOUBLE", "accuracy": "DOUBLE", "inferences": "BIGINT", "inference_latency_s": "DOUBLE",
    "inferences_per_s": "DOUBLE", "throughput_ops_per_s": "DOUBLE", "efficiency_ops_per_j": "DOUBLE",
    **{f"{name}_p{end}": "DOUBLE" for name in UNCERTAIN for end in ENDS},
    "late_reads": "BIGINT", "cpu_s": "DOUBLE",
}  # fmt: skip
"""The columns of each table but for the axes, and their types; `acortex` and `numpy` are the versions that worked.

Attojoules are a decimal number: of the whole numbers of Parquet none is long enough.
"""

FIRST = 3
"""Columns that stand before the axes."""


def check() -> None:
    """Raises MissingExtra where no table could be written."""
    duckdb_module()


def write(folder: Path, names: Sequence[str], rows: Sequence[SweepRow]) -> str:
    """Writes the table of a sweep whole, and returns its path. Raises UsageError where it cannot be written."""
    path = folder / NAME
    axes = [name for name in names if name not in TYPES]
    kinds = {name: _type([row.axes[name] for row in rows]) for name in axes}
    own = list(TYPES.items())
    columns = dict([*own[:FIRST], *kinds.items(), *own[FIRST:], ("acortex", "VARCHAR"), ("numpy", "VARCHAR")])
    with TemporaryDirectory(prefix="acortex-") as spool, bounded() as connected:
        lines = Path(spool, "rows.jsonl")
        lines.write_text("".join(_lines(rows, axes)), encoding="utf-8")
        try:
            with safe_files.writing(path) as part:
                relation = connected.read_json(str(lines), columns=columns, format="newline_delimited")
                relation.write_parquet(str(part), compression="zstd")
        except (OSError, duckdb_module().Error) as error:
            told = reason(error) if isinstance(error, OSError) else str(error)
            raise UsageError(f"cannot be written: {told}", where=str(path)) from None
    return str(path)


def _lines(rows: Sequence[SweepRow], axes: Sequence[str]) -> Iterator[str]:
    versions = {"acortex": acortex.__version__, "numpy": np.__version__}
    for row in rows:
        fields = {name: row[name] for name in TYPES} | {name: row.axes[name] for name in axes}
        yield json.dumps(fields | versions, ensure_ascii=False, allow_nan=False) + "\n"


def _type(values: Sequence[Given]) -> str:
    """The type of a column: the narrowest that holds all values of an axis."""
    kinds = {type(value) for value in values}
    if kinds <= {bool}:
        return "BOOLEAN"
    if kinds <= {int}:
        return "BIGINT"
    return "DOUBLE" if kinds <= {int, float} else "VARCHAR"
