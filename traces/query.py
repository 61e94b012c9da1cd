"""SQL over a trace, by duckdb: the tables `events`, `waits`, `units`, `kinds`, `layers` and `lines`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np

from acortex.errors import UsageError
from acortex.traces import handover
from acortex.traces.reader import Trace


@dataclass(frozen=True)
class Answer:
    """The columns and rows of a query, as values that JSON has; integers are exact."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def query(trace: Trace, sql: str) -> Answer:
    """Runs one SQL statement; it can read nothing but the trace and write nothing.

    `events` and `waits` have names in place of positions, and `source`. A wrong statement is a UsageError with duckdb's
    own explanation; MissingExtra without duckdb.
    """
    connected = _load(trace)
    try:
        answer = connected.sql(sql)
        if answer is None:
            raise UsageError("the statement gives no rows", hint="begin with SELECT")
        return Answer(tuple(answer.columns), [tuple(map(_plain, row)) for row in answer.fetchall()])
    except handover.duckdb_module().Error as error:
        tables = "tables are events, waits, units, kinds, layers, lines; `DESCRIBE events` shows columns"
        raise UsageError(f"the query failed: {error}", hint=tables) from error


def _plain(value: Any) -> Any:
    """A value as JSON has it: a decimal number as an integer or a float, NaN as None, dates and the like as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    return value if isinstance(value, int | str | None) else str(value)


def _load(trace: Trace) -> Any:
    connected = handover.connection()
    header = trace.header
    for name, table in (("events", trace.events), ("waits", trace.waits)):
        handover.to_duckdb(table.columns(), header, connected=connected, name=name).create_view(name)
    _small_table(connected, "units", {"name": header.units})
    _small_table(connected, "layers", {"name": header.layers})
    _small_table(connected, "lines", {"name": header.lines})
    kinds = [asdict(kind) for kind in header.kinds]
    names = ("name", "unit", "description", "component")
    _small_table(connected, "kinds", {name: [kind[name] for kind in kinds] for name in names})
    connected.execute("SET enable_external_access = false")
    connected.execute("SET lock_configuration = true")
    return connected


def _small_table(connected: Any, name: str, columns: dict[str, Any]) -> None:
    """A table of texts with their positions as `id`."""
    rows = len(next(iter(columns.values())))
    arrays = {column: np.array(values, dtype=object) for column, values in columns.items()}
    connected.register(name, {"id": np.arange(rows), **arrays})
