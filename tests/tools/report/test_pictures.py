"""Bars, areas and roofs: shapes that add up, lie within their picture and do not cover each other."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.tools.report.pictures import (
    COLOURS,
    LETTER,
    LOOKS,
    PLOT,
    UNNAMED,
    WIDTH,
    look_of,
    roofline,
    stack,
    stacked,
    treemap,
)
from acortex.tools.report.shares import RoofPoint, Roofs
from acortex.traces.display.colours import LOOK_OF_COMPONENTS

AMOUNTS = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=12)


@given(AMOUNTS)
def test_tiles_have_the_areas_of_their_amounts_and_fill_the_picture(amounts: list[float]) -> None:
    tiles = treemap([(str(at), amount, "") for at, amount in enumerate(amounts)], 640, 240)
    scale = 640 * 240 / sum(amounts)
    by_name = {tile.name: tile for tile in tiles}
    for at, amount in enumerate(amounts):
        tile = by_name[str(at)]
        assert tile.width * tile.height == pytest.approx(amount * scale, abs=8)  # sides are rounded to a hundredth
        assert tile.x >= 0 and tile.y >= 0
        assert tile.x + tile.width <= 640.1 and tile.y + tile.height <= 240.1


@given(AMOUNTS)
def test_tiles_do_not_cover_each_other(amounts: list[float]) -> None:
    tiles = treemap([(str(at), amount, "") for at, amount in enumerate(amounts)], 640, 240)
    for one, two in combinations(tiles, 2):
        across = min(one.x + one.width, two.x + two.width) - max(one.x, two.x)
        down = min(one.y + one.height, two.y + two.height) - max(one.y, two.y)
        assert across < 0.05 or down < 0.05


def test_what_has_no_area_has_no_tile() -> None:
    assert treemap([("a", 0.0, "")], 100, 100) == []
    assert [tile.name for tile in treemap([("a", 0.0, ""), ("b", 2.0, "")], 100, 100)] == ["b"]


@given(AMOUNTS)
def test_a_stack_is_as_long_as_its_whole(amounts: list[float]) -> None:
    found = stacked([(0, amount, "") for amount in amounts], sum(amounts))
    assert found[-1].x + found[-1].width == pytest.approx(WIDTH, abs=0.1)
    for before, after in pairwise(found):
        assert before.x + before.width == pytest.approx(after.x, abs=0.02)


def test_a_stack_of_nothing_has_no_segment() -> None:
    assert stacked([(0, 0.0, "")], 0.0) == []
    assert stack(("a",), [], look_of, lambda _name, _amount: "").bars == []


def test_a_picture_says_how_many_rows_it_leaves_out() -> None:
    rows = [(f"layer {at}", {"buses": 1.0}, ()) for at in range(20)]
    found = stack(("layer", ""), rows, look_of, lambda name, amount: f"{name} {amount}")
    assert len(found.bars) == 16
    assert found.more == "and 4 rows more, in the table"


def test_components_have_looks_of_their_own() -> None:
    assert len(set(LOOK_OF_COMPONENTS.values())) == len(LOOK_OF_COMPONENTS)
    assert UNNAMED not in LOOK_OF_COMPONENTS.values()
    assert all(look < LOOKS for look in LOOK_OF_COMPONENTS.values())
    assert look_of("flux_capacitor") == UNNAMED


def test_two_looks_of_one_colour_differ_by_their_texture() -> None:
    textures: dict[int, set[int]] = {}
    for look in LOOK_OF_COMPONENTS.values():
        seen = textures.setdefault(look % len(COLOURS), set())
        assert look // len(COLOURS) not in seen
        seen.add(look // len(COLOURS))


ROOFS = Roofs(ops_per_s=1e12, bytes_per_s=1e10)


@given(st.lists(st.tuples(st.floats(1e-3, 1e6), st.floats(1.0, 1e12)), min_size=1, max_size=30))
def test_points_lie_within_the_plot_and_labels_do_not_meet(places: list[tuple[float, float]]) -> None:
    found = roofline(ROOFS, [RoofPoint(f"layer{at}", *place) for at, place in enumerate(places)], lambda one: one.name)
    left, top, right, bottom = PLOT
    for dot in found.dots:
        assert left - 0.1 <= dot.x <= right + 0.1 and top - 0.1 <= dot.y <= bottom + 0.1
    boxes = []
    for dot in found.dots:
        if dot.label:
            wide = LETTER * len(dot.label)
            begin = dot.label_x - {"start": 0.0, "middle": wide / 2, "end": wide}[dot.anchor]
            boxes.append((begin, dot.label_y, begin + wide))
    for one, two in combinations(boxes, 2):
        assert one[2] <= two[0] + 0.01 or two[2] <= one[0] + 0.01 or abs(one[1] - two[1]) >= 14.9


def test_a_point_in_a_corner_of_the_plot_has_its_label() -> None:
    layers = [RoofPoint("output", 1.2, 1.05e9), RoofPoint("input", 1.2, 9.5e11), RoofPoint("hidden", 950.0, 1.05e9)]
    found = roofline(ROOFS, [RoofPoint("whole run", 50.0, 5e9), *layers], lambda one: one.name)
    assert [dot.label for dot in found.dots] == ["whole run", "output", "input", "hidden"]
    letters = [RoofPoint("whole run", 2.08, 3.7e9), RoofPoint("hidden", 5.0, 3.21e9), RoofPoint("output", 1.25, 1.04e9)]
    found = roofline(Roofs(ops_per_s=3.67e12, bytes_per_s=8.96e9), letters, lambda one: one.name)
    assert [dot.label for dot in found.dots] == ["whole run", "hidden", "output"]


def test_the_roof_bends_where_memory_no_longer_limits() -> None:
    assert ROOFS.ridge == 100
    found = roofline(ROOFS, [RoofPoint("run", 10.0, 1e10)], lambda one: one.name)
    (x0, y0), (x1, y1), (x2, y2) = found.roof
    assert x0 < x1 < x2 and y0 > y1 == y2


def test_the_longest_of_stacked_bars_is_that_of_the_largest_sum() -> None:
    """What is 0 has no place in a bar, and none in the legend."""
    rows = [("x", {"buses": 1.0, "dacs": 3.0, "leakage": 0.0}, ("4",)), ("y", {"dacs": 2.0, "arrays": 0.0}, ("2",))]
    found = stack(("name", "", "sum"), rows, look_of, lambda part, amount: f"{part} {amount:g}", name=str.upper)
    assert [[(one.x, one.width, one.told) for one in bar.segments] for bar in found.bars] == [
        [(0.0, 250.0, "buses 1"), (250.0, 750.0, "dacs 3")],
        [(0.0, 500.0, "dacs 2")],
    ]
    assert found.legend == sorted((LOOK_OF_COMPONENTS[name], name.upper()) for name in ("buses", "dacs"))
    wider = stack(("name", "", "sum"), rows, look_of, lambda part, amount: "", whole=8.0)
    assert [sum(one.width for one in bar.segments) for bar in wider.bars] == [500.0, 250.0]


@pytest.mark.parametrize(
    ("ops_per_byte", "ops_per_s", "begin"),
    [(0.001, 1e11, "bottom"), (0.5, 1e6, "left"), (500.0, 1e11, "bottom"), (0.01, 1e7, "left")],
)
def test_the_roof_begins_where_it_enters_the_plot(ops_per_byte: float, ops_per_s: float, begin: str) -> None:
    """At the left of it, or where axes of high rates cut its slope off below."""
    left, top, right, bottom = PLOT
    roof = roofline(Roofs(1e12, 1e9), [RoofPoint("run", ops_per_byte, ops_per_s)], lambda point: "").roof
    assert all(left <= x <= right and top <= y <= bottom for x, y in roof)
    x, y = roof[0]
    assert (y if begin == "bottom" else x) == (bottom if begin == "bottom" else left)
