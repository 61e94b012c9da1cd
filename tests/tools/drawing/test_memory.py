"""The map of main memory: held to the report of the run, and to programs whose memory one knows."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import picture_rules as rules
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from acortex.isa import assemble_file
from acortex.programs.shipped import FOLDER
from acortex.sim.inputs import HostData
from acortex.sim.results import timed
from acortex.sim.run import Prepared, prepare
from acortex.tools.drawing.memory import CELL_PX, COLUMNS, HEIGHT, ROWS, WIDTH, grid, memory, runs
from acortex.tools.drawing.residents import INITIAL, Residents, residents
from acortex.tools.drawing.scene import Cells, Line, Picture, Rect
from acortex.tools.drawing.stages import stages
from acortex.tools.drawing.svg import svg
from acortex.tools.open.programs import open_program


@cache
def ready(name: str, inferences: int = 1) -> Prepared:
    made = prepare(open_program(name, weights=False))
    return replace(made, host=HostData({}, inferences, None))


@cache
def held(name: str, inferences: int = 1) -> Residents:
    return residents(ready(name, inferences), COLUMNS)


PROGRAMS = [
    "zoo:digits_mlp",
    "zoo:digits_cnn",
    "zoo:lstm",
    pytest.param("zoo:inception_v1", marks=pytest.mark.slow),
    "zoo:gnmt",
]


@pytest.mark.parametrize("name", PROGRAMS)
def test_words_are_live_as_the_report_counts_them(name: str) -> None:
    found, report = held(name), timed(ready(name).time().report)
    full = report.occupancy
    assert found.cycles == report.cycles
    assert found.peak_words == full.peak_words
    assert found.peak_cycle == full.peak_cycle
    assert len(set(found.words.tolist())) == full.written_words
    assert (found.ends - found.starts).sum() / found.cycles == pytest.approx(full.mean_words)
    assert max(found.live) == full.peak_words
    assert found.capacity == full.capacity_words


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_of_a_word_follow_each_other(name: str) -> None:
    found = held(name)
    order = np.lexsort((found.starts, found.words))
    words, starts, ends = found.words[order], found.starts[order], found.ends[order]
    same = words[1:] == words[:-1]
    assert (starts[1:][same] >= ends[:-1][same]).all()
    assert (found.ends >= found.starts).all()
    assert found.starts.min() >= 0 and found.ends.max() <= found.cycles


def test_the_words_of_the_digits_are_where_the_source_says() -> None:
    found = held("zoo:digits_mlp", 3)
    by_owner = {
        found.names[owner]: set(found.words[found.owners == owner].tolist()) for owner in set(found.owners.tolist())
    }
    assert by_owner["image"] == set(range(13))
    assert by_owner["hidden"] == {13}
    assert len(by_owner["output"]) == 3
    assert (found.inferences, len(found.words)) == (3, 3 * (13 + 1 + 1))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_map_keeps_the_rules(name: str) -> None:
    picture = memory(name, "a chip", held(name))
    rules.check(picture)
    assert svg(picture) == svg(memory(name, "a chip", held(name)))


def test_several_inferences_keep_the_rules() -> None:
    rules.check(memory("digits", "chip", held("zoo:digits_mlp", 3)))


def made(rows: list[tuple[int, int, int, int]], cycles: int = 100, names: tuple[str, ...] = ("a", "b")) -> Residents:
    """Values as word, start, end and owner."""
    words, starts, ends, owners = (
        (np.array(column, np.int64) for column in zip(*rows, strict=True)) if rows else (np.zeros(0, np.int64),) * 4
    )
    live = [3] * 10
    return Residents(cycles, 1.0, 64, 1, names, words, starts, ends, owners, 3, cycles // 2, live)


def test_cells_have_the_layer_that_is_live() -> None:
    found = made([(0, 0, 50, 0), (1, 50, 100, 1)])
    cells = grid(found, 2, stages(["a", "b"]))
    assert cells.shape == (2, COLUMNS)
    half = COLUMNS // 2
    assert (cells[0, :half] == 0).all() and (cells[0, half:] == -1).all()
    assert (cells[1, :half] == -1).all() and (cells[1, half:] == 1).all()


def test_bars_of_what_is_in_use_are_shares_of_memory_and_the_caption_tells_who_held_it_for_longest() -> None:
    """Three words of 64 at once, of 16 addresses; b wrote more often than a, and for a shorter time."""
    picture = memory("p", "chip", made([(0, 0, 90, 0), (15, 0, 5, 1), (15, 10, 15, 1)]))
    bars = [one for one in picture.shapes if isinstance(one, Rect) and one.height == 8]
    assert [one.width / bars[0].width for one in bars] == pytest.approx([1, 3 / 64, 1, 16 / 64])
    told = " ".join(one.text for one in picture.texts)
    assert "with 4.7 % of its words. Values of a take most of it over time, 90.0 %." in told


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [(0, 2, 0, 0), (0, 3, 0, 1), (1, 2, 0, 0), (3, 3, 1, 1), (3, 5, 1, 2), (837, 840, 418, 419)],
)
def test_a_value_has_each_cell_of_its_life_also_those_that_it_fills_in_part(
    start: int, end: int, first: int, last: int
) -> None:
    """Of two cycles a cell."""
    (row,) = grid(made([(0, start, end, 0)], 2 * COLUMNS), 1, stages(["a", "b"]))
    assert np.flatnonzero(row == 0).tolist() == list(range(first, last + 1))


def test_a_short_life_is_not_hidden_by_a_long_one() -> None:
    rows = [(word, 0, 100, 0) for word in range(2 * ROWS)] + [(1, 40, 41, 1)]
    cells = grid(made(rows), 2 * ROWS, stages(["a", "b"]))
    assert len(cells) == ROWS
    assert (cells == 1).any()


@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 98), st.integers(0, 60), st.integers(0, 1)),
        min_size=1,
        max_size=40,
    )
)
def test_every_value_is_seen_or_lies_under_a_shorter_one(rows: list[tuple[int, int, int, int]]) -> None:
    found = made([(word, start, min(start + long + 1, 100), owner) for word, start, long, owner in rows])
    words = int(found.words.max()) + 1
    cells = grid(found, words, stages(["a", "b"]))
    for word, start in zip(found.words.tolist(), found.starts.tolist(), strict=True):
        assert cells[word * len(cells) // words, start * COLUMNS // 100] >= 0


@given(arrays(np.int32, st.tuples(st.integers(1, 9), st.integers(1, 12)), elements=st.integers(-1, 2)))
def test_rectangles_are_the_grid_again(cells: np.ndarray[tuple[int, int], np.dtype[np.int32]]) -> None:
    again = np.full_like(cells, -1)
    for stage, places in runs(cells).items():
        for x, y, wide, tall in places:
            assert (again[y : y + tall, x : x + wide] == -1).all(), "each cell once"
            again[y : y + tall, x : x + wide] = stage
    assert (again == cells).all()


def test_rectangles_below_each_other_are_one() -> None:
    assert runs(np.zeros((5, 7), np.int32)) == {0: [(0, 0, 7, 5)]}


def plot(picture: Picture) -> Rect:
    return next(one for one in picture.shapes if isinstance(one, Rect) and one.width == WIDTH and one.height == HEIGHT)


def test_cells_lie_in_the_plot_with_the_first_word_at_the_bottom() -> None:
    picture = memory("two", "chip", made([(0, 0, 50, 0), (1, 50, 100, 1)]))
    sheet = plot(picture).box
    first, second = (one for one in picture.shapes if isinstance(one, Cells))
    assert first.box.bottom == pytest.approx(sheet.bottom)
    assert second.box.top == pytest.approx(sheet.top)
    assert first.box.left == pytest.approx(sheet.left) and second.box.right == pytest.approx(sheet.right)
    assert first.box.right == pytest.approx(sheet.left + COLUMNS // 2 * CELL_PX)


def test_the_peak_is_marked_and_said() -> None:
    picture = memory("two", "chip", made([(0, 0, 100, 0)]))
    (line,) = [one for one in picture.shapes if isinstance(one, Line) and one.dashed]
    assert line.points[0][0] == pytest.approx((plot(picture).box.left + plot(picture).box.right) / 2)
    assert any(one.text.startswith("most: 3 words, 4.7 %") for one in picture.texts)


@pytest.mark.parametrize("at", [0, 1, 50, 99])
def test_the_mark_of_the_peak_is_readable_wherever_it_is(at: int) -> None:
    picture = memory("two", "chip", replace(made([(0, 0, 100, 0)]), peak_cycle=at))
    rules.check(picture)


def test_a_run_that_writes_nothing_says_so() -> None:
    picture = memory("none", "chip", replace(made([]), peak_words=0, live=[]))
    rules.check(picture)
    assert picture.texts[-1].text == "none writes nothing into main memory."


def test_one_cycle_and_one_word_are_a_map() -> None:
    rules.check(memory("one", "chip", replace(made([(0, 0, 1, 0)], cycles=1), peak_cycle=0, live=[1], peak_words=1)))


def test_many_layers_are_taken_together() -> None:
    names = tuple(f"conv{number // 10}_{number}" for number in range(100))
    found = made([(number, 0, 100, number) for number in range(100)], names=names)
    picture = memory("many", "chip", found)
    rules.check(picture)
    assert any(one.text == "conv3 (10 layers)" for one in picture.texts)


def test_what_memory_holds_at_first_is_named_first() -> None:
    assert held("zoo:digits_mlp").names[0] == INITIAL


def test_each_input_and_each_layer_has_a_name_in_the_order_of_the_program() -> None:
    found = residents(prepare(assemble_file(FOLDER / "vector_add.s")), COLUMNS)
    assert found.names == [INITIAL, "a", "b", "sum"]
    assert sorted(set(found.owners.tolist())) == [1, 2, 3]


@pytest.mark.parametrize("windows", [1, 7, 100, 396, 397, 1000])
def test_words_that_are_live_are_told_in_so_many_windows_at_most(windows: int) -> None:
    found = residents(prepare(assemble_file(FOLDER / "vector_add.s")), windows)
    assert len(found.live) <= windows and max(found.live) == found.peak_words
