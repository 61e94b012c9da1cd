"""Groups: how rectangles fill a matrix, and the text of every refusal."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import AcortexError
from acortex.sim.chip.groups import Group, Rect, VerticalRun, check_apart, form_group
from acortex.sim.chip.specs import load_chip

DIGITS = load_chip("acortex_digits")  # 2 columns of 8 rows
RESNET = load_chip("acortex_resnet")  # 160 columns of 92 rows


def form(rows: int, columns: int, *rects: Rect, number: int = 3) -> Group:
    return form_group(number, rows, columns, rects, RESNET)


# How rectangles fill a matrix


def test_one_rectangle_holds_its_tiles_in_place() -> None:
    group = form(128, 192, Rect(10, 5, height=2, width=3))
    assert group.tiles == (((10, 5), (11, 5), (12, 5)), ((10, 6), (11, 6), (12, 6)))
    assert (group.tile_rows, group.tile_columns, group.arrays) == (2, 3, 6)


def test_a_matrix_takes_whole_arrays() -> None:
    group = form(65, 1, Rect(0, 0, height=2))
    assert (group.rows, group.columns, group.arrays) == (65, 1, 2)


def test_a_run_goes_on_in_the_next_rectangle() -> None:
    group = form_group(0, 785, 64, [Rect(0, 0, height=8), Rect(1, 0, height=5)], DIGITS)
    assert group.runs == ((VerticalRun(0, 0, 8), VerticalRun(1, 0, 5)),)
    assert group.homes == (0,)
    assert [row[0] for row in group.tiles][7:9] == [(0, 7), (1, 0)]


def test_a_full_run_is_followed_by_the_next_tile_columns() -> None:
    group = form(64, 256, Rect(0, 0, width=3), Rect(20, 9))
    assert group.tiles == (((0, 0), (1, 0), (2, 0), (20, 9)),)
    assert group.homes == (0, 1, 2, 20)


def test_a_wide_run_goes_on_tile_column_by_tile_column() -> None:
    group = form(128, 128, Rect(0, 0, width=2), Rect(4, 7, width=2))
    assert group.runs == ((VerticalRun(0, 0, 1), VerticalRun(4, 7, 1)), (VerticalRun(1, 0, 1), VerticalRun(5, 7, 1)))


@given(heights=st.lists(st.integers(1, 9), min_size=1, max_size=6), width=st.integers(1, 5))
def test_every_tile_has_its_own_array(heights: list[int], width: int) -> None:
    rects = [Rect(width * index, 0, height, width) for index, height in enumerate(heights)]
    group = form(64 * sum(heights), 64 * width, *rects)
    held = [array for row in group.tiles for array in row]
    assert len(held) == len(set(held)) == group.arrays == sum(heights) * width


# What is refused


@pytest.mark.parametrize(
    ("rows", "columns", "rects", "message"),
    [
        (
            64,
            64,
            [Rect(160, 0)],
            "group g3 names the array in column 160, row 0: chip acortex_resnet has columns 0 to 159 and rows 0 to 91\n"
            "  hint: the rectangle takes column 160, row 0; `acortex chip list` shows larger chips",
        ),
        (
            640,
            64,
            [Rect(0, 90, height=10)],
            "group g3 names the array in column 0, row 99: chip acortex_resnet has columns 0 to 159 and rows 0 to 91\n"
            "  hint: the rectangle takes column 0, rows 90 to 99; `acortex chip list` shows larger chips",
        ),
        (
            128,
            128,
            [Rect(0, 0, 2), Rect(0, 1, 2)],
            "group g3 uses the array in column 0, row 1 twice: column 0, rows 0 to 1 and column 0, rows 1 to 2 overlap",
        ),
        (
            192,
            128,
            [Rect(0, 0, 2, 2), Rect(4, 0, 1, 1)],
            "group g3: the rectangle in column 4, row 0 is 1 wide, but continues one that is 2 wide,"
            " of which 1 row of arrays is missing\n  hint: a run goes on in rectangles of equal width",
        ),
        (
            128,
            128,
            [Rect(0, 0), Rect(1, 0, 1, 2)],
            "group g3: the rectangle in columns 1 to 2, row 0 is 2 wide, but continues one that is 1 wide,"
            " of which 1 row of arrays is missing\n  hint: a run goes on in rectangles of equal width",
        ),
        (
            192,
            64,
            [Rect(0, 0, 2), Rect(1, 0, 2)],
            "group g3: the rectangle in column 1, rows 0 to 1 reaches past the matrix, which takes 3 x 1 arrays\n"
            "  hint: at most 1 down and 1 across are left there",
        ),
        (
            64,
            128,
            [Rect(0, 0), Rect(1, 0, 1, 2)],
            "group g3: the rectangle in columns 1 to 2, row 0 reaches past the matrix, which takes 1 x 2 arrays\n"
            "  hint: at most 1 down and 1 across are left there",
        ),
        (
            192,
            128,
            [Rect(0, 0, 2, 2)],
            "group g3: its rectangles hold 4 arrays, its matrix takes 3 x 2 arrays, 6\n"
            "  hint: add a rectangle: 1 down, 2 across, to end the last run",
        ),
        (
            64,
            192,
            [Rect(0, 0)],
            "group g3: its rectangles hold 1 array, its matrix takes 1 x 3 arrays, 3\n"
            "  hint: add a rectangle: 2 more columns of arrays",
        ),
        (
            64,
            64,
            [],
            "group g3: its rectangles hold 0 arrays, its matrix takes 1 x 1 arrays, 1\n"
            "  hint: add a rectangle: 1 more column of arrays",
        ),
    ],
)
def test_a_wrong_group_is_refused(rows: int, columns: int, rects: list[Rect], message: str) -> None:
    with pytest.raises(AcortexError) as caught:
        form(rows, columns, *rects)
    assert str(caught.value) == message


def test_an_array_of_two_groups_is_refused() -> None:
    first, second = form(128, 64, Rect(0, 0, 2), number=1), form(64, 128, Rect(0, 1, 1, 2), number=2)
    with pytest.raises(AcortexError) as caught:
        check_apart([first, second])
    assert str(caught.value) == (
        "groups g1 and g2 both take the array in column 0, row 1\n"
        "  hint: an array holds the weights of one group; `acortex chip show` draws the chip"
    )


@pytest.mark.parametrize(("column", "row"), [(column, row) for column in range(3) for row in range(4)])
def test_groups_are_refused_where_they_share_an_array_and_nowhere_else(column: int, row: int) -> None:
    groups = [form(128, 64, Rect(1, 1, 2), number=1), form(64, 64, Rect(column, row), number=2)]
    shared = column == 1 and row in (1, 2)
    with pytest.raises(AcortexError, match="both take the array") if shared else nullcontext():
        check_apart(groups)
    first, second = ({array for line in group.tiles for array in line} for group in groups)
    assert bool(first & second) == shared


@pytest.mark.parametrize(
    "second", [Rect(c, r, h, w) for c in range(4) for r in range(4) for h in (1, 3) for w in (1, 3)]
)
def test_rectangles_overlap_where_they_share_an_array_whichever_comes_first(second: Rect) -> None:
    def arrays(rect: Rect) -> set[tuple[int, int]]:
        rows = range(rect.row, rect.row + rect.height)
        return {(column, row) for column in range(rect.column, rect.column + rect.width) for row in rows}

    first = Rect(1, 1, 2, 2)
    shared = min(arrays(first) & arrays(second), default=None)
    assert first.common(second) == second.common(first) == shared
    for rects in ((first, second), (second, first)):
        with pytest.raises(AcortexError) as caught:
            form(64, 64, *rects)  # too small for both
        said = f"uses the array in column {shared[0]}, row {shared[1]} twice" if shared else "reaches past the matrix"
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("rect", "hint"),
    [
        (Rect(0, 0, 2, 2), "; the rectangles fit arrays of 64 x 64 cells (arrays.k=64)"),
        (Rect(0, 0, 4, 4), "; the rectangles fit arrays of 32 x 32 cells (arrays.k=32)"),
        (Rect(0, 0, 3, 3), ""),
    ],
)
def test_one_large_rectangle_for_arrays_of_another_side_says_for_which(rect: Rect, hint: str) -> None:
    with pytest.raises(AcortexError) as caught:
        form_group(0, 128, 128, [rect], load_chip("acortex_resnet", ["arrays.k=128"]))
    assert str(caught.value).endswith(f"at most 1 down and 1 across are left there{hint}")
