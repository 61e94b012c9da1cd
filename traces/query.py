"""SQL over a trace, by duckdb: the tables `events`, `waits`, `units`, `kinds`, `layers` and `lines`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np

from acortex.errors import UsageError
from acortex.traces.file import dataframes
from acortex.traces.file.reader import Trace


@dataclass(frozen=True)
class Answer:
    """The columns and rows of a query, as values that JSON has; integers are exact."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


MOST_VALUES = 1 << 20
"""Values of an answer, rows times columns: what fits into a report."""

_STEP = 4096

TABLES = "tables are events, waits, units, kinds, layers, lines; `DESCRIBE events` shows columns"
LESS = "filter or add up the rows, or `acortex trace export --to parquet` for a database of your own"


def query(trace: Trace, sql: str) -> Answer:
    """Runs one SQL statement; it can read nothing but the trace and write nothing.

    `events` and `waits` have names in place of positions, and `source`. A wrong statement, or one whose answer or work
    is too large, is a UsageError with duckdb's own explanation; MissingExtra without duckdb.
    """
    duckdb = dataframes.duckdb_module()
    with dataframes.bounded() as connected:
        try:
            _load(trace, connected)
            return _interruptible(connected, lambda: _answer(connected, sql))
        except duckdb.OutOfMemoryException as error:
            what = f"the query needs more than {dataframes.MEMORY} of memory and {dataframes.SPILL} of disk"
            raise UsageError(f"{what}: {_first_line(error)}", hint=LESS) from error
        except duckdb.Error as error:
            raise UsageError(f"the query failed: {error}", hint=TABLES) from error
        except TypeError as error:  # DuckDB takes a text that no UTF-8 has for no text at all
            raise UsageError("the query is not UTF-8 text", hint=TABLES) from error
        except (ValueError, OverflowError, RuntimeError) as error:  # a value that Python has no form for
            raise UsageError(f"the query's answer cannot be shown: {_first_line(error)}", hint=LESS) from error


INTERRUPTED_S = 0.05
"""Between two interruptions of a query."""


def _answer(connected: Any, sql: str) -> Answer:
    if len(connected.extract_statements(sql)) > 1:
        raise UsageError("the query has more than one statement", hint="give one SELECT")
    answer = connected.execute(sql)
    if answer is None:
        raise UsageError("the statement gives no rows", hint="begin with SELECT")
    columns = tuple(column[0] for column in answer.description)
    return Answer(columns, _rows(answer, len(columns)))


def _interruptible(connected: Any, work: Callable[[], Answer]) -> Answer:
    """What some work of a database gives, in a thread of its own: some of its steps are so long that no signal would be
    seen between them, and a query may have no end.
    """
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(work)
        try:
            return answer.result()
        finally:
            while not answer.done():  # for it may have yet to begin, and hears nothing before
                connected.interrupt()
                wait([answer], INTERRUPTED_S)


def _rows(answer: Any, columns: int) -> list[tuple[Any, ...]]:
    """The rows of an answer, taken a few at a time: an error rather than more than memory holds."""
    rows: list[tuple[Any, ...]] = []
    while some := answer.fetchmany(_STEP):
        rows += [tuple(map(_plain, row)) for row in some]
        if len(rows) * columns > MOST_VALUES:
            raise UsageError(f"the answer has more than {MOST_VALUES} values", hint=LESS)
    return rows


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


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


def _load(trace: Trace, connected: Any) -> None:
    """Makes the tables, and shuts the door to everything else."""
    header = trace.header
    for name, table in (("events", trace.events), ("waits", trace.waits)):
        columns = table.compact(*table.fields)
        dataframes.to_duckdb(columns, header, connected=connected, name=name).create_view(name)
    _small_table(connected, "units", {"name": header.units})
    _small_table(connected, "layers", {"name": header.layers})
    _small_table(connected, "lines", {"name": header.lines})
    kinds = [asdict(kind) for kind in header.kinds]
    names = ("name", "unit", "description", "component")
    _small_table(connected, "kinds", {name: [kind[name] for kind in kinds] for name in names})
    connected.execute("SET enable_external_access = false")
    connected.execute("SET lock_configuration = true")


def _small_table(connected: Any, name: str, columns: dict[str, Any]) -> None:
    """A table of texts with their positions as `id`."""
    rows = len(next(iter(columns.values())))
    arrays = {column: np.array(values, dtype=object) for column, values in columns.items()}
    connected.register(name, {"id": np.arange(rows), **arrays})
