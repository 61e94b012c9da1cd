"""What is gathered before it is written: filters at their ends, one row per key, and sums that stay exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acortex.traces.file.columns import last_end
from acortex.traces.file.merge import SAFE, Filter, Merger
from acortex.traces.file.schema import EVENT_FIELDS
from acortex.traces.file.validation import TraceError, check_plain, limits

from ..conftest import HEADER

AT = {name: place for place, name in enumerate(EVENT_FIELDS)}


def batch(*events: dict[str, int]) -> np.ndarray:
    """Events by what they have beside zeros, as columns."""
    rows = np.zeros((len(EVENT_FIELDS), len(events)), np.int64)
    for column, event in enumerate(events):
        for name, value in event.items():
            rows[AT[name], column] = value
    return rows


@pytest.mark.parametrize(
    ("filters", "kept"),
    [({"from_cycle": 5}, [5, 6]), ({"to_cycle": 5}, [4]), ({"from_cycle": 5, "to_cycle": 6}, [5]), ({}, [4, 5, 6])],
)
def test_a_filter_keeps_its_first_cycle_and_not_its_last(filters: dict[str, int], kept: list[int]) -> None:
    known = Filter(replace(HEADER, filters=filters))
    found = known.keep(batch({"start": 4}, {"start": 5}, {"start": 6}), EVENT_FIELDS)
    assert found[AT["start"]].tolist() == kept
    assert known.active is bool(filters)


def test_rows_are_written_once_there_are_more_than_the_limit() -> None:
    merger = Merger(EVENT_FIELDS, "instructions", 3)
    for pc in range(3):
        assert merger.add(batch({"pc": pc, "start": 10 - pc, "duration": pc})) == []
    (written, rest) = merger.add(batch({"pc": 3, "start": 9, "duration": 1}))
    assert written[AT["start"]].tolist() == [8, 9, 9]
    assert written[AT["pc"]].tolist() == [2, 1, 3]  # of equals, the first key
    assert rest[AT["pc"]].tolist() == [0]
    assert merger.flush() == []


def test_one_key_is_one_row_from_its_first_start_to_its_last_end() -> None:
    merger = Merger(EVENT_FIELDS, "instructions", 9)
    merger.add(batch({"start": 7, "duration": 2, "count": 3}, {"start": 4, "duration": 1, "count": 5}))
    merger.add(batch({"start": 9, "duration": 6, "count": 1}, {"start": 1, "duration": 1, "unit": 1}))
    (rows,) = merger.flush()
    told = dict(zip(merger.fields, rows.tolist(), strict=True))
    assert (told["unit"], told["start"], told["duration"]) == ([1, 0], [1, 4], [1, 9])
    assert (told["count"], told["span"], told["merged"]) == ([0, 9], [1, 11], [1, 3])


def test_sums_of_large_rows_stay_exact() -> None:
    merger, large = Merger(EVENT_FIELDS, "instructions", 9), 3 << 60
    written = [*merger.add(batch({"energy_aj": large})), *merger.add(batch({"energy_aj": large}))]
    written += [*merger.add(batch({"energy_aj": large})), *merger.flush()]
    assert [rows[AT["energy_aj"]].tolist() for rows in written] == [[large]] * 3


def test_a_row_that_is_no_safe_sum_by_itself_is_written_as_it_is() -> None:
    merger = Merger(EVENT_FIELDS, "instructions", 9)
    merger.add(batch({"start": 1, "energy_aj": 5}))
    before, alone = merger.add(batch({"start": 2, "energy_aj": int(SAFE)}))
    assert [rows[AT["energy_aj"]].tolist() for rows in (before, alone)] == [[5], [1 << 62]]


# Bounds ---------------------------------------------------------------------------------------------------------------


def test_the_last_end_is_exact_where_the_greatest_start_and_length_just_leave_64_bits() -> None:
    assert last_end(np.array([(1 << 63) - 1, 0]), np.array([1, 0])) == 1 << 63


def test_the_first_row_that_ends_too_late_is_named_and_not_one_that_ends_with_the_run() -> None:
    rows = {"start": np.array([15, 15]), "span": np.array([5, 6])}
    with pytest.raises(TraceError) as caught:
        limits({"pc": 1}, 20).check(rows, ["start"], "here")
    assert str(caught.value).startswith("here: the trace is malformed: row 1 ends in cycle 21")


def test_maps_nest_as_deep_as_lists() -> None:
    plain: object = 1
    for _ in range(32):
        plain = {"a": plain}
    check_plain(plain, "settings", "here")
    with pytest.raises(TraceError, match=r"settings\.a\.a is nested deeper than 32"):
        check_plain({"a": plain}, "settings", "here")


def test_a_program_counter_has_the_text_of_its_instruction() -> None:
    header = replace(HEADER, instructions=("start", "halt"))
    assert [header.text(pc) for pc in (-1, 0, 1, 2)] == ["", "start", "halt", ""]
