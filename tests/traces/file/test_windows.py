"""Rows of a window and their sums, against plain loops over all rows: at every level, over several blocks."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from acortex.traces.file import writer as writing
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import LEVELS
from acortex.traces.rows.in_flight import Extents
from acortex.traces.stats import Sums, stats

from ..conftest import MakeTrace, Rows, pipeline

WINDOWS = [(0, 1), (3, 9), (50, 51), (50, 120), (119, 10_000), (10_000, 10_001)]


@pytest.fixture(params=LEVELS)
def several(request: pytest.FixtureRequest, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> Trace:
    """A run in blocks of few rows."""
    monkeypatch.setattr(writing, "ROWS", 16)
    events, waits = pipeline(30)
    return make_trace(events, waits, level=request.param, summary={"cycles": 400})


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_has_the_rows_that_lie_in_it_at_least_partly(several: Trace, window: tuple[int, int]) -> None:
    first, end = window
    for table in (several.events, several.waits):
        wanted = [row for row in table if row.start < end and (row.start >= first or row.start + row.span > first)]
        assert list(table.select(window=window)) == wanted


def test_windows_side_by_side_have_every_row_where_it_ends_and_begins(several: Trace) -> None:
    cuts = [0, 7, 31, 64, 65, 200, 500]
    met = Counter(row for window in pairwise(cuts) for row in several.events.select(window=window))
    for row in several.events:
        last = max(row.start + row.span, row.start + 1) - 1
        assert met[row] == sum(first <= last and row.start < end for first, end in pairwise(cuts))


@pytest.mark.parametrize(("row", "selected"), [((0, 5), False), ((0, 6), True), ((9, 3), True), ((10, 3), False)])
def test_a_row_that_ends_with_a_window_or_begins_behind_it_is_none_of_it(
    make_trace: MakeTrace, row: tuple[int, int], selected: bool
) -> None:
    events: Rows = [(*row, 0, 0, 1, 0, 0, 0, 0), (0, 30, 1, 0, 1, 0, 0, 0, 0)]
    found = make_trace(events).events.select(window=(5, 10))
    assert (row in {(one.start, one.duration) for one in found}) is selected


def test_a_merged_row_lies_in_the_window_by_its_span_and_not_by_its_work(make_trace: MakeTrace) -> None:
    events: Rows = [(start, 1, 0, 0, 1, 0, 1, 0, 0) for start in (0, 40)]
    found = make_trace(events, level="layers").select(window=(20, 30))
    assert [(row.start, row.duration, row.span) for row in found.events] == [(0, 2, 41)]


# Sums, whatever the order of the rows


def test_statistics_do_not_hang_on_the_order_of_rows_or_on_blocks(
    make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    events, waits = pipeline(40)
    whole = stats(make_trace(events, waits, summary={"cycles": 500}))
    monkeypatch.setattr(writing, "ROWS", 8)
    for seed in range(3):
        draw = random.Random(seed)
        mixed = [draw.sample(rows, len(rows)) for rows in (events, waits)]
        assert stats(make_trace(*mixed, name=f"mixed{seed}", summary={"cycles": 500})) == whole


@pytest.mark.parametrize("far", [1, 1 << 20])
def test_sums_are_those_of_python_for_large_and_negative_numbers(far: int) -> None:
    draw = random.Random(far)
    sums, wanted = Sums(("a", "b")), Counter[tuple[int, int]]()
    for _ in range(4):
        keys = [draw.randrange(-3, 4) * far for _ in range(50)]
        columns = [[draw.choice((-1, 1)) * draw.getrandbits(draw.choice((3, 31, 33, 62))) for _ in keys] for _ in "ab"]
        sums.add(np.array(keys), {name: np.array(values) for name, values in zip("ab", columns, strict=True)})
        for key, *values in zip(keys, *columns, strict=True):
            for place, value in enumerate(values):
                wanted[key, place] += value
    assert {(key, place): value for key, row in sums.rows.items() for place, value in enumerate(row)} == wanted
    assert sums[12_345] == [0, 0]


def test_an_extent_goes_from_the_first_start_to_the_last_end_of_all_parts() -> None:
    draw = random.Random(5)
    extents, rows = Extents(), []
    for size in (20, 0, 1, 30):
        part = [(draw.randrange(5), start := draw.randrange(100), start + draw.randrange(20)) for _ in range(size)]
        extents.add(*(np.array([row[at] for row in part], dtype=np.int64) for at in range(3)))
        rows += part
    assert extents.rows == {
        key: (min(row[1] for row in rows if row[0] == key), max(row[2] for row in rows if row[0] == key))
        for key in {row[0] for row in rows}
    }
