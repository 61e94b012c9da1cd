"""Axes, keys and pages: round marks, labels apart, texts that fit."""

from __future__ import annotations

from itertools import pairwise
from math import floor, log10, ulp

import picture_rules as rules
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acortex.tools.drawing.chart import Scale, across, frame, marks, up
from acortex.tools.drawing.column import SWATCH, Column
from acortex.tools.drawing.page import LONGEST_LINE, MARGIN, page
from acortex.tools.drawing.palette import look
from acortex.tools.drawing.scene import Box, Line, Picture, Rect, Text

SPANS = st.tuples(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))


@given(SPANS, st.integers(2, 12))
def test_marks_are_round_within_and_few(span: tuple[float, float], most: int) -> None:
    low, high = span[0], span[0] + span[1]
    found = marks(low, high, most)
    assert len(found) <= most
    rounded = 1e-6 * span[1] + 4 * ulp(max(abs(low), abs(high)))
    assert all(low - rounded <= one <= high + rounded for one in found)
    steps = {round(after - before, 9) for before, after in pairwise(found)}
    for step in steps:
        if step > 1e-3:
            lead = step / 10 ** floor(log10(step) + 1e-9)
            assert any(lead == pytest.approx(one, rel=1e-3) for one in (1, 2, 2.5, 5, 10))


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 0.3, [0, 0.1, 0.2, 0.3]),
        (-0.3, 0.6, [-0.2, 0, 0.2, 0.4, 0.6]),
        (-90, 24, [-75, -50, -25, 0]),
        (5, 5, [5]),
    ],
)
def test_marks_of_known_spans(low: float, high: float, found: list[float]) -> None:
    assert marks(low, high) == pytest.approx(found)


def test_a_scale_maps_its_ends() -> None:
    scale = Scale(-10, 30, 100, 500)
    assert [scale.at(value) for value in (-10, 0, 30)] == [100, 200, 500]
    assert Scale(3, 3, 100, 500).at(3) == 100


@given(SPANS, st.floats(120, 900))
def test_labels_of_an_axis_stand_apart(span: tuple[float, float], width: float) -> None:
    box = Box(100, 50, 100 + width, 250)
    shapes = (
        *across(box, Scale(span[0], span[0] + span[1], box.left, box.right), "{:,.3f} us".format, "time"),
        frame(box),
    )
    texts = Picture(2000, 400, "t", shapes).texts
    assert rules.boxes_apart([one.box for one in texts])


@example((536870912.0, 1e-06), 308.0)  # as short as numbers can be apart there
@given(SPANS, st.floats(40, 500))
def test_labels_of_an_upright_axis_stand_apart(span: tuple[float, float], height: float) -> None:
    box = Box(200, 50, 400, 50 + height)
    scale = Scale(span[0], span[0] + span[1], box.bottom, box.top)
    shapes = tuple(up(box, scale, "{:,.0f}".format, "words"))
    assert rules.boxes_apart([one.box for one in shapes if isinstance(one, Text)])


def test_grid_lines_lie_in_the_chart() -> None:
    box = Box(100, 50, 300, 250)
    lines = [one for one in across(box, Scale(0, 7, 100, 300), str) if isinstance(one, Line)]
    assert len(lines) > 2
    assert all(box.holds(one.box) for one in lines)


TEXTS = st.text(st.characters(codec="ascii", min_codepoint=32), max_size=60)


@given(st.lists(st.tuples(st.sampled_from(["key", "bar", "stroke", "heading", "text", "mark"]), TEXTS), max_size=20))
def test_a_column_keeps_to_its_width(entries: list[tuple[str, str]]) -> None:
    column = Column(40, 60, 200)
    for what, text in entries:
        {
            "key": lambda: column.key(look(3), text, "12.3 %"),  # noqa: B023  # called at once
            "bar": lambda: column.bar(text, 0.4, "40 %", "#0072b2"),  # noqa: B023
            "stroke": lambda: column.stroke("#0072b2", text, "3 mm"),  # noqa: B023
            "heading": lambda: column.heading(text),  # noqa: B023
            "text": lambda: column.text(text),  # noqa: B023
            "mark": lambda: column.mark("circle", "#0072b2", text),  # noqa: B023
        }[what]()
    sheet = Box(39.9, 55, 240.1, column.y + 5)
    assert all(sheet.holds(one.box) for one in column.shapes)
    assert rules.boxes_apart([one.box for one in column.shapes if isinstance(one, Text) and one.text])


def test_a_bar_is_as_long_as_its_share() -> None:
    column = Column(0, 0, 200)
    column.bar("half", 0.5, "50 %", "#0072b2")
    column.bar("none", 0.0, "0 %", "#0072b2")
    column.bar("more than all", 1.7, "170 %", "#0072b2")
    assert [one.width for one in column.shapes if isinstance(one, Rect)] == [200, 100, 200, 200, 200]


def test_a_key_shows_its_look() -> None:
    column = Column(0, 0, 200)
    column.key(look(9), "hatched")
    (swatch,) = [one for one in column.shapes if isinstance(one, Rect)]
    assert (swatch.width, swatch.hatched, swatch.fill) == (SWATCH, True, look(9).colour)


@given(TEXTS, TEXTS, st.text(st.characters(codec="ascii", min_codepoint=32), max_size=400), st.floats(300, 3000))
def test_a_page_holds_title_and_caption(title: str, subtitle: str, caption: str, width: float) -> None:
    made = page(title, subtitle, [], width, 200, caption)
    assert rules.outside(made) == []
    assert rules.overlapping(made) == []
    assert all(one.box.right - one.box.left <= LONGEST_LINE for one in made.texts[2:])


def test_a_caption_stands_below_the_drawing() -> None:
    made = page("t", "s", [Rect(MARGIN, 80, 100, 120, "#000000")], 400, 200, "What to see.")
    assert made.texts[-1].box.top > 200
    assert made.height < 270
    assert made.title == "t: What to see."
