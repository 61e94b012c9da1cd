"""Rows that are alike: their order, and where those begin that are equal, held to the plainest way to find them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.alike import grouped

KEYS = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 2), st.integers(-5, 1 << 40)), max_size=30)


@pytest.mark.parametrize("high", [1, 1 << 30])
@given(KEYS)
def test_rows_are_in_order_and_equal_ones_as_they_came(high: int, rows: list[tuple[int, ...]]) -> None:
    """With keys so large that 64 bits do not hold all of them in one number, too."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T * np.array([[high], [1], [high >> 10 or 1]])
    expected = sorted(range(len(rows)), key=lambda row: rows[row])
    order, begins = grouped(*columns)
    assert order.tolist() == expected
    found = [rows[row] for row in expected]
    assert begins.tolist() == [place for place, row in enumerate(found) if not place or row != found[place - 1]]
