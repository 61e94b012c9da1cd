"""Columns of texts in a line's width: who gives way, and by how much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from acortex.tools.views.grid import LEAST, Column, lines

NAMES = Column("name", ["a rather long name", "short"], cut=True)
NUMBERS = Column("n", ["1", "12,345"], number=True)


def test_numbers_are_to_the_right_and_names_to_the_left() -> None:
    assert list(lines([NAMES, NUMBERS], 40)) == [
        "name                     n",
        "a rather long name       1",
        "short               12,345",
    ]


def test_what_may_be_cut_gives_way() -> None:
    assert list(lines([NAMES, NUMBERS], 20)) == [
        "name               n",
        "a rather lo…       1",
        "short         12,345",
    ]


def test_a_number_is_never_cut() -> None:
    found = list(lines([NAMES, NUMBERS], 3))
    assert found[1] == f"{'a rathe…':{LEAST}}       1"


def test_the_widest_gives_way_first() -> None:
    other = Column("other", ["of eleven c", ""], cut=True)
    assert list(lines([NAMES, other], 24))[1] == "a rather l…  of eleven c"


@given(
    st.lists(st.tuples(st.text("ab█ö漢", max_size=20), st.text("ab█ö漢", max_size=20)), min_size=1, max_size=5),
    st.integers(1, 60),
)
def test_lines_are_as_wide_as_they_may_be(rows: list[tuple[str, str]], width: int) -> None:
    columns = [Column("one", [row[0] for row in rows], cut=True), Column("two", [row[1] for row in rows], cut=True)]
    found = list(lines(columns, width))
    assert len(found) == len(rows) + 1
    assert all(cell_len(line) <= max(width, 2 * LEAST + 2) for line in found)


def test_columns_of_different_lengths_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        list(lines([NAMES, Column("n", ["1"])], 40))
