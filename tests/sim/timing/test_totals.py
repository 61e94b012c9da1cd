"""The sums of a run: ranges of rows, and works, held to the plainest way to find them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from acortex.sim.timing.record import gathered, rows_within
from acortex.sim.timing.tally import Tally, works_of


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 4)), max_size=12))
def test_ranges_are_taken_one_after_the_other(ranges: list[tuple[int, int]]) -> None:
    begins, sizes = np.array(ranges, dtype=np.int64).reshape(-1, 2).T
    expected = [(row, number) for number, (begin, size) in enumerate(ranges) for row in range(begin, begin + size)]
    rows, owner = gathered(begins, begins + sizes)
    assert list(zip(rows.tolist(), owner.tolist(), strict=True)) == expected
    assert rows_within(begins, begins + sizes).tolist() == rows.tolist()


def test_a_table_of_works_has_columns_with_the_kinds_of_each() -> None:
    found = works_of({(3, 7): (10, 20, ((2, 5), (1, 6))), (4, 7): (0, 1, ((1, 1),))})
    assert [column.tolist() for column in found] == [[3, 4], [7, 7], [10, 0], [20, 1], [0, 2], [2, 1, 1], [5, 6, 1]]
    assert [column.tolist() for column in works_of({})] == [[]] * 7


def test_a_tally_that_was_cleared_has_no_works_left() -> None:
    tally = Tally()
    tally.give(works_of({(3, 7): (10, 20, ((2, 5),))}))
    assert tally.works.unit.tolist() == [3]
    tally.clear()
    assert tally.works.unit.tolist() == []
