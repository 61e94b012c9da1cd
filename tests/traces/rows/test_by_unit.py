"""Rows by unit: which units are held at once, and how many bytes a column needs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from acortex.traces.file.table import Ints
from acortex.traces.rows import by_unit
from acortex.traces.rows.by_unit import Extent, extent, gather, groups

from ..conftest import MakeTrace, pipeline


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([3, 4, 3], [(0, 3)]),  # as many as may be held
        ([3, 4, 4], [(0, 2), (2, 3)]),
        ([11, 1, 9, 1], [(0, 1), (1, 3), (3, 4)]),  # one unit may have more
        ([1, 11, 1], [(0, 1), (1, 2), (2, 3)]),
        ([0, 0, 5, 0], [(0, 4)]),
        ([10, 0, 0, 1, 0], [(0, 3), (3, 5)]),
        ([10, 0], [(0, 2)]),
        ([0, 0], []),
        ([], []),
    ],
)
def test_neighbours_are_held_together_as_far_as_there_is_room(
    rows: list[int], found: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert by_unit.GROUP == 2_097_152
    monkeypatch.setattr(by_unit, "GROUP", 10)
    assert [(units.start, units.stop) for units in groups(np.array(rows, dtype=np.int64))] == found


def columns(chunk: Mapping[str, Ints]) -> dict[str, Ints]:
    """A column that both tables have, one below zero, and one above."""
    return {"unit": chunk["unit"], "low": -chunk["start"] - 5, "high": chunk["start"] + 5}


def test_an_extent_counts_rows_by_unit_and_has_the_bounds_of_each_column(make_trace: MakeTrace) -> None:
    events, waits = pipeline(20)
    trace = make_trace(events, waits)
    found = extent((trace.events, trace.waits), columns)
    rows = [*((start, unit) for start, _, unit, *_ in events), *((start, unit) for start, _, unit, *_ in waits)]
    starts = [start for start, _ in rows]
    assert found.rows.tolist() == [sum(unit == at for _, unit in rows) for at in range(5)]
    assert found.bounds == {"unit": (0, 4), "low": (-max(starts) - 5, 0), "high": (0, max(starts) + 5)}
    assert extent((trace.events,), columns).rows.sum() == 100


@pytest.mark.parametrize(
    ("bounds", "kind"), [((0, 127), "i1"), ((0, 128), "i2"), ((-129, 0), "i2"), ((0, 2**31), "i8"), (None, "i1")]
)
def test_a_column_takes_the_fewest_bytes(bounds: tuple[int, int] | None, kind: str) -> None:
    made = Extent(np.array([2, 3]), {"x": bounds} if bounds else {}).empty("x")
    assert (made.dtype, len(made)) == (np.dtype(kind), 5)


def test_the_rows_of_some_units_come_in_the_order_of_the_file(make_trace: MakeTrace) -> None:
    events, waits = pipeline(20)
    trace = make_trace(events, waits)
    found = gather((trace.events, trace.waits), range(1, 3), columns)
    wanted = [(unit, start + 5) for start, _, unit, *_ in [*events, *waits] if unit in (1, 2)]
    assert list(zip(found["unit"].tolist(), found["high"].tolist(), strict=True)) == wanted
    assert gather((trace.waits,), range(3, 5), columns) == {}
