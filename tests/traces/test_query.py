"""SQL, Arrow and pandas see the trace's own numbers, and SQL can touch nothing else."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from acortex.errors import MissingExtra, UsageError
from acortex.traces import query as queries
from acortex.traces.file import dataframes
from acortex.traces.file.reader import Trace
from acortex.traces.query import query

from .conftest import HEADER, MakeTrace, Rows

pytest.importorskip("duckdb")


@pytest.fixture
def trace(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> Trace:
    return make_trace([*rows[0], (9, 1, 0, 0, 1, -1, 0, -1, 5)], rows[1])


def test_a_group_by_gives_exact_sums_by_name(trace: Trace) -> None:
    answer = query(trace, "SELECT unit, sum(energy_aj) AS energy FROM events GROUP BY unit ORDER BY unit")
    expected = {unit: int(trace.select(unit=unit)["energy_aj"].sum()) for unit in HEADER.units}
    assert answer.columns == ("unit", "energy")
    assert dict(answer.rows) == expected


def test_sums_beyond_63_bits_are_exact(make_trace: MakeTrace) -> None:
    trace = make_trace([(at, 1, 0, 0, 1, 0, 0, 0, 2**62) for at in range(4)])
    assert query(trace, "SELECT sum(energy_aj) FROM events").rows == [(2**64,)]


def test_what_json_does_not_have_becomes_a_number_or_a_text(trace: Trace) -> None:
    sql = (
        "SELECT 1.5, 2::DECIMAL(9, 2), DATE '2020-02-01', [0.5], {'a': 1.5}, 'nan'::DOUBLE, '-inf'::DOUBLE, NULL, true"
    )
    rows = query(trace, sql).rows
    assert rows == [(1.5, 2, "2020-02-01", [0.5], {"a": 1.5}, None, None, None, True)]
    assert json.loads(json.dumps(rows)) == [list(rows[0])]


def test_source_lines_and_waits_have_names(trace: Trace) -> None:
    sources = query(trace, "SELECT DISTINCT source FROM events ORDER BY source").rows
    assert [source for (source,) in sources] == sorted((*HEADER.lines, "-"))
    causes = query(trace, "SELECT DISTINCT cause FROM waits").rows
    assert {cause for (cause,) in causes} <= set(HEADER.causes)


@pytest.mark.parametrize("table", ["units", "layers", "lines", "kinds"])
def test_names_stand_at_their_places_in_the_header(trace: Trace, table: str) -> None:
    names = [kind.name for kind in HEADER.kinds] if table == "kinds" else getattr(HEADER, table)
    assert query(trace, f"SELECT id, name FROM {table} ORDER BY id").rows == list(enumerate(names))


def test_kinds_join_by_name(trace: Trace) -> None:
    sql = "SELECT component, sum(count) FROM events JOIN kinds ON kind = name GROUP BY ALL ORDER BY ALL"
    assert query(trace, sql).rows[0] == ("arrays", 80)


def test_names_with_quotes_survive(make_trace: MakeTrace) -> None:
    trace = make_trace([(0, 1, 0, 0, 1, 0, 1, 0, 0)], layers=("-", "it's; DROP TABLE events --"))
    assert query(trace, "SELECT layer FROM events").rows == [("it's; DROP TABLE events --",)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", "the query failed: Parser Error"),
        ("SELECT nothing FROM events", "the query failed: Binder Error"),
        ("SELECT * FROM read_csv('{file}')", "the query failed: Permission Error"),
        ("COPY events TO '{file}'", "the query failed: Permission Error"),
        ("SET enable_external_access = true", "the query failed: Invalid Input Error"),
        ("", "the statement gives no rows\n  hint: begin with SELECT"),
    ],
)
def test_what_sql_may_not_do_is_one_clear_error(trace: Trace, tmp_path: Path, sql: str, message: str) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a\n1\n")
    with pytest.raises(UsageError) as caught:
        query(trace, sql.format(file=file))
    assert str(caught.value).startswith(message)
    assert file.read_text() == "a\n1\n"


def test_a_signal_ends_a_query_that_goes_on_and_on(trace: Trace) -> None:
    many = "WITH RECURSIVE t AS (SELECT 1 a UNION ALL SELECT a + 1 FROM t WHERE a < 50000000) SELECT count(*) FROM t"
    ending = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    before = time.process_time()
    ending.start()
    with pytest.raises(KeyboardInterrupt):
        query(trace, many)
    assert time.process_time() - before < 5  # all of it takes minutes


def test_arrow_readers_see_the_rows(trace: Trace) -> None:
    nanoarrow = pytest.importorskip("nanoarrow")
    read = nanoarrow.ArrayStream(trace).read_all()
    rows = list(read.iter_tuples())
    assert len(rows) == len(trace)
    assert [row[8] for row in rows] == trace["energy_aj"].tolist()
    assert rows[0][2] == "main_memory.read"


def test_pandas_has_names_as_categories(trace: Trace) -> None:
    pytest.importorskip("pandas")
    frame = trace.to_pandas()
    assert frame["energy_aj"].tolist() == trace["energy_aj"].tolist()
    assert frame["unit"].cat.categories.tolist() == list(HEADER.units)
    assert frame["source"].iloc[-1] == "-"
    assert trace.waits.to_pandas()["cause"].notna().all()


def test_a_selection_is_handed_over_as_selected(trace: Trace) -> None:
    assert trace.select(unit="vmm").to_duckdb().aggregate("count(*)").fetchall() == [(20,)]


def test_a_trace_is_an_arrow_stream_of_its_events_and_is_read_in_chunks_of_them(trace: Trace) -> None:
    pytest.importorskip("duckdb")
    assert 'object "arrow_array_stream"' in repr(trace.__arrow_c_stream__())
    assert [chunk["start"].tolist() for chunk in trace.chunks("start")] == [trace["start"].tolist()]


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ("duckdb", 'SQL or Parquet needs an optional package\n  hint: pip install "acortex[query]"'),
        ("pandas", 'a pandas DataFrame needs an optional package\n  hint: pip install "acortex[all]"'),
    ],
)
def test_without_the_package_the_extra_is_named(
    trace: Trace, monkeypatch: pytest.MonkeyPatch, package: str, message: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra) as caught:
        trace.to_pandas() if package == "pandas" else trace.to_duckdb()
    assert str(caught.value) == message


# --- what a query may take --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT list(repeat('x', 100000) || i) FROM range(100000) t(i)", "the query needs more than 512MB of memory"),
        ("SELECT 9223372036854775807 + max(start) + 1 FROM events", "the query failed: Out of Range Error"),
        ("SELECT CAST(unit AS INTEGER) FROM events", "the query failed: Conversion Error"),
        ("SELECT error('no')", "the query failed: Invalid Input Error: no"),
        ("SELECT 1; SELECT 2", "the query has more than one statement\n  hint: give one SELECT"),
        ("SELECT '\udcff'", "the query is not UTF-8 text"),
        ("SELECT i FROM range(2000000) t(i)", "the answer has more than 1048576 values"),
    ],
)
def test_work_that_fails_is_one_error(trace: Trace, sql: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        query(trace, sql)
    assert str(caught.value).startswith(message)
    assert "\n  hint: " in str(caught.value)


@pytest.mark.parametrize(("number", "columns"), [(12, 1), (13, 1), (4, 3), (5, 3), (1, 12), (1, 13)])
def test_values_of_an_answer_are_its_rows_times_its_columns(
    trace: Trace, number: int, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_VALUES", 12)
    sql = f"SELECT {', '.join(['i'] * columns)} FROM range({number}) t(i)"
    if number * columns <= 12:
        assert query(trace, sql).rows == [(row,) * columns for row in range(number)]
    else:
        with pytest.raises(UsageError, match="the answer has more than 12 values"):
            query(trace, sql)


@pytest.mark.slow
def test_what_does_not_fit_into_memory_goes_to_a_folder_that_is_removed(
    trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataframes, "MEMORY", "40MB")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    sql = "SELECT sum(n) FROM (SELECT row_number() OVER (ORDER BY i * 7919 % 100003, i) AS n FROM range(3000000) t(i))"
    assert query(trace, sql).rows == [(4500001500000,)]
    assert list(tmp_path.glob("acortex-*")) == list(tmp_path.glob(".tmp")) == []
    with pytest.raises(UsageError, match="no"):
        query(trace, "SELECT error('no')")
    assert list(tmp_path.glob("acortex-*")) == []
