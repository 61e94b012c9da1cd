"""A trace as a DataFrame: documented columns and types, names in place of positions, and no more rows than fit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acortex.errors import MissingExtra, UsageError
from acortex.traces.file import table

from ..conftest import HEADER, MakeTrace, Rows

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "notebook.md"


@pytest.fixture(autouse=True)
def _pandas() -> None:
    pytest.importorskip("pandas")


def types(frame: object) -> dict[str, str]:
    """The type of each column."""
    return {name: str(kind) for name, kind in frame.dtypes.items()}  # type: ignore[attr-defined]


def documented() -> dict[str, str]:
    """The columns and types in the table of the manual."""
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (int64|category) \|", PAGE.read_text(), re.MULTILINE)
    return {name: kind for names, kind in rows for name in re.findall(r"\w+", names)}


@pytest.mark.parametrize("level", ["events", "instructions"])
def test_columns_and_types_are_those_of_the_manual(make_trace: MakeTrace, rows: tuple[Rows, Rows], level: str) -> None:
    trace, said = make_trace(*rows, level=level), documented()
    coarse = {"span", "merged"} if level != "events" else set[str]()
    assert types(trace.to_pandas()) == {
        name: kind for name, kind in said.items() if name not in {"span", "merged"} - coarse
    }
    of_waits = types(trace.waits.to_pandas())
    assert set(of_waits) == set(types(trace.to_pandas())) - {"kind", "count", "energy_aj"} | {"cause"}
    assert of_waits["cause"] == "category"


def test_rows_have_the_names_that_the_header_has(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    trace = make_trace(*rows)
    frame = trace.to_pandas()
    assert len(frame) == len(trace)
    for event, row in zip(trace, frame.itertuples(), strict=True):
        assert (row.unit, row.kind) == (HEADER.units[event.unit], HEADER.kinds[event.kind].name)
        assert (row.layer, row.source) == (HEADER.layers[event.layer], HEADER.source(event.pc))
        assert (row.start, row.duration, row.energy_aj) == (event.start, event.duration, event.energy_aj)


def test_lines_that_stand_twice_are_one_category(make_trace: MakeTrace) -> None:
    lines = tuple("a.s:1" for _ in HEADER.lines)
    trace = make_trace(
        [(0, 1, 0, 0, 1, 0, 0, 0, 0), (1, 1, 0, 0, 1, 1, 0, 0, 0), (2, 1, 0, 0, 1, -1, 0, 0, 0)], lines=lines
    )
    assert list(trace.to_pandas().source) == ["a.s:1", "a.s:1", "-"]


def test_an_empty_trace_is_a_frame_without_rows(make_trace: MakeTrace) -> None:
    frame = make_trace([]).to_pandas()
    assert len(frame) == 0 and "source" in frame.columns


def test_more_rows_than_fit_are_refused_and_a_part_is_not(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = make_trace(*rows)
    monkeypatch.setattr(table, "MOST_FRAME_ROWS", 3)
    with pytest.raises(UsageError, match=r"(?s)are too many for a DataFrame.*select\(window="):
        trace.to_pandas()
    assert 0 < len(trace.select(window=(0, 1)).to_pandas()) <= 3


def test_without_pandas_the_extra_is_named(make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"a pandas DataFrame needs an optional package\n.*acortex\[all\]"):
        make_trace([]).to_pandas()
