"""Shapes know where they lie."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from itertools import pairwise
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.tools.drawing.letters import width_of
from acortex.tools.drawing.scene import Box, Cells, Line, Mark, Picture, Rect, Text, centred, paragraph

NUMBERS = st.floats(-1000, 1000)
PLACES = st.tuples(NUMBERS, NUMBERS)


@given(PLACES, PLACES, PLACES, PLACES)
def test_boxes_meet_both_ways_and_what_holds_meets(
    one: tuple[float, float], two: tuple[float, float], three: tuple[float, float], four: tuple[float, float]
) -> None:
    a, b = Line((one, two)).box, Line((three, four)).box
    assert a.meets(b) == b.meets(a)
    if a.holds(b) and b.left < b.right and b.top < b.bottom:
        assert a.meets(b)
    assert a.holds(a)


def test_boxes_that_touch_do_not_meet() -> None:
    left, right = Box(0, 0, 10, 10), Box(10, 0, 20, 10)
    assert not left.meets(right)
    assert left.meets(Box(9, 9, 12, 12))
    assert not left.holds(Box(9, 9, 12, 12))


def test_shapes_lie_where_they_say() -> None:
    assert Rect(1, 2, 3, 4, "#ffffff").box == Box(1, 2, 4, 6)
    assert Cells(((1, 2, 3, 4), (10, 0, 1, 1)), "#ffffff").box == Box(1, 0, 11, 6)
    assert Line(((5, 1), (0, 3))).box == Box(0, 1, 5, 3)
    assert Mark(10, 20, "circle", "#ffffff", 6).box == Box(7, 17, 13, 23)


@pytest.mark.parametrize(("anchor", "left"), [("start", 100.0), ("middle", 80.0), ("end", 60.0)])
def test_a_text_lies_by_its_anchor(anchor: str, left: float) -> None:
    text = Text(100, 50, "word", 12, anchor)  # type: ignore[arg-type]  # from a list of parameters
    half = width_of("word", 12) / 2
    assert text.box.left == pytest.approx({100.0: 100, 80.0: 100 - half, 60.0: 100 - 2 * half}[left])
    assert text.box.right - text.box.left == pytest.approx(2 * half)
    assert text.box.top < 50 < text.box.bottom, "letters such as p reach below the line"


def test_a_text_in_the_middle_of_a_box_lies_within_it() -> None:
    box = Box(100, 100, 200, 130)
    text = centred(box, "conv1", 14, bold=True)
    assert box.holds(text.box)
    assert (text.box.left + text.box.right) / 2 == pytest.approx(150)
    assert (text.box.top + text.box.bottom) / 2 == pytest.approx(115, abs=1.5)


def test_lines_of_a_paragraph_do_not_touch() -> None:
    lines = paragraph(10, 20, ["gjpqy", "ÄÖÜ(|", "third"], 11)
    for above, below in pairwise(lines):
        assert above.box.bottom <= below.box.top + 0.01
    assert lines[0].y == 20


@given(PLACES, PLACES, st.floats(0.5, 10))
def test_the_head_of_an_arrow_ends_where_the_line_does(
    start: tuple[float, float], end: tuple[float, float], width: float
) -> None:
    line = Line((start, end), width=width, arrow=True)
    tip, one, other = line.head
    assert tip == end
    long = hypot(end[0] - start[0], end[1] - start[1])
    if long > 1:
        assert hypot(one[0] - other[0], one[1] - other[1]) == pytest.approx(max(7.0, 2 * width), rel=1e-6)
        assert hypot(one[0] - tip[0], one[1] - tip[1]) == pytest.approx(hypot(other[0] - tip[0], other[1] - tip[1]))


def test_the_shaft_ends_below_the_head() -> None:
    line = Line(((0, 0), (100, 0)), width=3, arrow=True)
    assert line.shaft == ((0, 0), (93, 0))
    assert Line(((0, 0), (100, 0))).shaft == ((0, 0), (100, 0))


def test_a_picture_lists_its_texts_and_stays_as_it_is() -> None:
    texts = (Text(0, 10, "a"), Text(0, 30, "b"))
    made = Picture(100, 50, "t", (texts[0], Rect(0, 0, 1, 1, "#000000"), texts[1]))
    assert made.texts == [*texts]
    with pytest.raises(FrozenInstanceError):
        made.width = 3  # type: ignore[misc]  # that is what is tested
