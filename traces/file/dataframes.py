"""Rows handed to other tools: pandas, duckdb, and whatever reads Arrow streams. Each is imported where it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import MissingExtra
from acortex.traces.file.schema import TraceHeader

Columns = Mapping[str, NDArray[np.signedinteger[Any]]]

MEMORY = "512MB"
"""What a database takes of memory for one answer, beside the rows themselves; beyond, it works on disk."""

SPILL = "8GB"
"""What it takes of the disk, in a temporary folder that goes with it."""


def optional(module: str, feature: str, extra: str) -> Any:
    """A module of an optional package; MissingExtra, which says what needs it and how to get it, without."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(feature, extra) from error


def duckdb_module() -> Any:
    """The duckdb package; MissingExtra without it."""
    return optional("duckdb", "SQL or Parquet", "query")


_OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def connection(**settings: str) -> Any:
    """A database in memory that never downloads an extension, and leaves no file in the working folder."""
    return duckdb_module().connect(":memory:", config={**_OFFLINE, "temp_directory": "", **settings})


@contextmanager
def bounded() -> Iterator[Any]:
    """A database that takes MEMORY and SPILL at most, for as long as it is needed."""
    with TemporaryDirectory(prefix="acortex-") as folder:
        settings = {"memory_limit": MEMORY, "temp_directory": folder, "max_temp_directory_size": SPILL}
        connected = connection(**settings)
        try:
            yield connected
        finally:
            connected.close()


def to_pandas(columns: Columns, header: TraceHeader) -> Any:
    """A pandas DataFrame; units, kinds, causes, layers and source lines (`source`) as categories, all else int64."""
    pandas = optional("pandas", "a pandas DataFrame", "all")
    tables = name_tables(header)
    frame: dict[str, Any] = {}
    for name, values in columns.items():
        frame[name] = pandas.Categorical.from_codes(values, tables[name]) if name in tables else values
    lines = [header.source(pc) for pc in (*range(len(header.lines)), -1)]  # of -1 the last: what is of no instruction
    names = {line: at for at, line in enumerate(dict.fromkeys(lines))}
    codes = np.array([names[line] for line in lines])
    frame["source"] = pandas.Categorical.from_codes(codes[columns["pc"]], list(names))
    return pandas.DataFrame(frame)


def to_duckdb(columns: Columns, header: TraceHeader, *, connected: Any = None, name: str = "rows") -> Any:
    """A duckdb relation over NumPy columns of any width; names in place of positions, source lines as `source`."""
    connected = connected or connection()
    connected.register(f"raw_{name}", dict(columns))
    tables = name_tables(header)
    shown = [
        f"{_lookup(tables[column], f'{column}::BIGINT')} AS {column}"
        if column in tables
        else f"{column}::BIGINT AS {column}"
        for column in columns
    ]
    line = f"CASE WHEN pc < 0 THEN {len(header.lines)} ELSE pc::BIGINT END"
    shown.append(f"{_lookup([*header.lines, '-'], line)} AS source")
    return connected.sql(f"SELECT {', '.join(shown)} FROM raw_{name}")


def name_tables(header: TraceHeader) -> dict[str, list[str]]:
    """The names behind each referring column."""
    kinds = [kind.name for kind in header.kinds]
    return {"unit": list(header.units), "kind": kinds, "cause": list(header.causes), "layer": list(header.layers)}


def _lookup(names: list[str], position: str) -> str:
    """SQL for a name by its position. A literal list is looked up row by row, so the order of rows stays."""
    texts = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return f"([{texts}]::VARCHAR[])[({position}) + 1]"
