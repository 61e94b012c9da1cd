"""Pictures as SVG and PNG: well formed, the same each time, drawn where the shapes say, and no markup from names."""

from __future__ import annotations

import builtins
import re
from importlib import util
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import numpy as np
import picture_rules as rules
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import MissingExtra, UsageError
from acortex.tools.drawing.png import MOST_PIXELS, png
from acortex.tools.drawing.scene import Cells, Line, Mark, Picture, Rect, Shape, Text
from acortex.tools.drawing.svg import svg
from acortex.tools.drawing.write import check_form, encoded

SHAPES: tuple[Shape, ...] = (
    Rect(10, 10, 80, 40, "#0072b2", tip="a part"),
    Rect(100, 10, 40, 40, "#e69f00", "#57606a", hatched=True),
    Cells(((10, 60, 20, 20), (50, 60, 20, 20)), "#009e73"),
    Cells(((80, 60, 20, 20),), "#d55e00", hatched=True, tip="hatched"),
    Line(((10, 95), (60, 95), (60, 110)), "#1f2328", 2),
    Line(((70, 95), (130, 95)), "#57606a", 2, dashed=True, arrow=True, tip="an arrow"),
    *(Mark(20 + 30 * at, 125, shape, "#cc79a7", 12) for at, shape in enumerate(("circle", "square", "diamond"))),
    Text(10, 145, "letters & <b>more</b>", 12, bold=True),
)
PICTURE = Picture(160, 160, "a picture", SHAPES)


def elements(picture: Picture, name: str) -> list[ElementTree.Element]:
    return [*ElementTree.fromstring(svg(picture)).iter(f"{rules.SVG}{name}")]


def pixels(picture: Picture) -> Any:
    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.open(BytesIO(png(picture))).convert("RGB")).astype(int)


def colour_at(found: Any, x: float, y: float) -> str:
    red, green, blue = found[round(2 * y), round(2 * x)]
    return f"#{red:02x}{green:02x}{blue:02x}"


def test_an_svg_has_each_shape_at_its_place() -> None:
    page, part, other = (
        elements(PICTURE, "rect")[0],
        *(one for one in elements(PICTURE, "rect") if one.get("x") in ("10", "100")),
    )
    assert page.get("width") == "100%"
    assert [part.get(name) for name in ("x", "y", "width", "height", "fill")] == ["10", "10", "80", "40", "#0072b2"]
    assert other.get("fill") == "url(#he69f00)"
    assert other.get("stroke") == "#57606a"


def test_an_svg_has_a_pattern_for_each_hatched_colour_alone() -> None:
    assert {one.get("id") for one in elements(PICTURE, "pattern")} == {"he69f00", "hd55e00"}
    assert "<defs>" not in svg(Picture(10, 10, "t", (Rect(0, 0, 1, 1, "#000000"),)))


def test_all_that_is_referred_to_is_there_and_nothing_is_fetched() -> None:
    text = svg(PICTURE)
    assert set(re.findall(r"url\(#(\w+)\)", text)) == set(re.findall(r'id="(\w+)"', text))
    assert "href" not in text
    assert "script" not in text
    assert text.count("http") == 1, "the name of the format"


def test_tips_are_titles_of_their_shapes() -> None:
    tips = {"".join(one.itertext()) for one in ElementTree.fromstring(svg(PICTURE)).iter(f"{rules.SVG}title")}
    assert tips == {"a picture", "a part", "hatched", "an arrow"}


def test_an_arrow_has_a_head_and_dashes() -> None:
    text = svg(PICTURE)
    assert 'd="M130 95L123 98.50L123 91.50z" fill="#57606a"' in text.replace("98.5L", "98.50L").replace(
        "91.5z", "91.50z"
    )
    assert text.count("stroke-dasharray") == 1


@given(st.text(st.characters(exclude_categories=[]), max_size=40))
def test_any_name_becomes_text(name: str) -> None:
    text = svg(Picture(100, 100, name, (Text(0, 20, name), Rect(0, 0, 1, 1, "#ffffff", tip=name))))
    (found,) = rules.texts_of(text)
    legal = "".join(
        one if one >= " " and not "\ud800" <= one <= "\udfff" and one not in "\ufffe\uffff" else "\ufffd"
        for one in name
    )
    assert found == legal
    text.encode()


@given(st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_coordinates_are_plain_numbers(x: float, y: float) -> None:
    text = svg(Picture(100, 100, "t", (Line(((x, y), (y, x))), Mark(x, y, "diamond", "#000000"))))
    paths = re.findall(r' d="([^"]*)"', text)
    assert len(paths) == 2
    for number in re.findall(r"[-\d.e+]+", " ".join(paths)):
        assert re.fullmatch(r"-?\d+(\.\d{1,2})?", number)
        assert number != "-0"


def test_bytes_are_the_same_each_time() -> None:
    assert svg(PICTURE) == svg(Picture(160, 160, "a picture", SHAPES))
    assert png(PICTURE) == png(Picture(160, 160, "a picture", SHAPES))


def test_a_png_is_twice_as_large_and_has_the_colours() -> None:
    found = pixels(PICTURE)
    assert found.shape == (320, 320, 3)
    assert colour_at(found, 50, 30) == "#0072b2"
    assert colour_at(found, 20, 70) == colour_at(found, 60, 70) == "#009e73"
    assert colour_at(found, 40, 70) == "#ffffff", "between two cells"
    assert colour_at(found, 30, 95) == "#1f2328"
    assert [colour_at(found, x, 125) for x in (20, 50, 80)] == ["#cc79a7"] * 3


def test_a_hatched_area_has_both_colours_in_a_png() -> None:
    held = pixels(PICTURE)[30:90, 210:270].reshape(-1, 3)
    white, orange = (held > 250).all(1).mean(), (abs(held - (230, 159, 0)) < 4).all(1).mean()
    assert 0.1 < white < 0.8
    assert 0.1 < orange < 0.9


def test_a_text_with_dollars_is_no_formula() -> None:
    assert len(png(Picture(100, 40, "t", (Text(0, 20, "$x^2$ $\\alpha$ %_"),)))) > 100


def test_the_letters_of_a_png_lie_within_their_box() -> None:
    text = Text(30, 50, "Wide gjpq letters", 16, bold=True)
    found = (pixels(Picture(300, 80, "t", (text,))) < 128).all(2)
    rows, columns = np.flatnonzero(found.any(1)) / 2, np.flatnonzero(found.any(0)) / 2
    box = text.box
    assert box.left - 1 <= columns.min() and columns.max() <= box.right + 1
    assert box.top - 1 <= rows.min() and rows.max() <= box.bottom + 1


@pytest.mark.slow
def test_a_huge_picture_has_fewer_pixels() -> None:
    image = pytest.importorskip("PIL.Image")
    image.MAX_IMAGE_PIXELS = None
    made = image.open(BytesIO(png(Picture(12_000, 6_000, "t", ()))))
    assert made.width * made.height <= 1.01 * MOST_PIXELS


@pytest.mark.parametrize(("path", "form"), [("a.svg", ".svg"), ("A.SVG", ".svg"), ("x/b.png", ".png"), ("-", ".svg")])
def test_the_suffix_says_the_form(path: str, form: str) -> None:
    assert check_form(path) == form
    assert encoded(PICTURE, path)[:4] in (b"<svg", b"\x89PNG")


@pytest.mark.parametrize("path", ["a.gif", "a", "a.svg.gz", ".png", "svg", "a.jpg"])
def test_another_suffix_is_refused_with_those_there_are(path: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_form(path)
    assert caught.value.where == path
    assert caught.value.hint == "end the name with .svg or .png"
    assert caught.value.exit_code == 2


def test_png_without_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    known = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == "matplotlib" else known(name, *rest))
    with pytest.raises(MissingExtra) as caught:
        check_form("a.png")
    assert "acortex[plots]" in caught.value.hint
    with pytest.raises(MissingExtra):
        png(PICTURE)


def test_svg_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        assert not name.startswith("matplotlib")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert encoded(PICTURE, "a.svg").startswith(b"<svg")


def test_letters_that_the_font_lacks_are_boxes_and_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    pytest.importorskip("matplotlib")
    names = [Picture(160, 160, "a picture", (Text(10, 80, text, 24),)) for text in ("\u5c64\u65e5", "")]
    written, empty = map(pixels, names)
    assert (written != empty).any()
    assert [str(one.message) for one in recwarn.list if "Glyph" in str(one.message)] == []


@pytest.mark.parametrize(
    ("shape", "attributes"),
    [
        (Rect(1, 2, 30, 4.5, "#010203"), {"x": "1", "y": "2", "width": "30", "height": "4.5", "fill": "#010203"}),
        (Rect(0, 0, 1, 1, "#010203", "#040506", True), {"fill": "url(#h010203)", "stroke": "#040506"}),
        (Cells(((1, 2, 30, 4), (5, 6, 7.25, 8)), "#010203"), {"d": "M1 2h30v4h-30zM5 6h7.25v8h-7.25z"}),
        (Cells(((0, 0, 1, 1),), "#010203", True), {"fill": "url(#h010203)"}),
        (Line(((1, 2), (3, 4), (5.126, -0.001)), "#010203", 2), {"d": "M1 2L3 4L5.13 0", "stroke-width": "2"}),
        (Line(((0, 0), (1, 1)), dashed=True), {"stroke-dasharray": "5 3", "fill": "none"}),
        (Line(((0, 0), (20, 0)), arrow=True), {"d": "M0 0L13 0"}),
        (Mark(10, 20, "circle", "#010203", 6), {"d": "M7 20a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z"}),
        (Mark(10, 20, "square", "#010203", 6), {"d": "M7 17h6v6h-6z"}),
        (Mark(10, 20, "diamond", "#010203", 6), {"d": "M10 17L13 20L10 23L7 20z"}),
        (Text(1, 2, "a", 9, "end", True, "#010203"), {"x": "1", "y": "2", "font-size": "9", "text-anchor": "end",
                                                      "font-weight": "bold", "fill": "#010203"}),
    ],
    ids=lambda one: type(one).__name__ if not isinstance(one, dict) else "",
)  # fmt: skip
def test_a_shape_is_written_with_its_own_numbers(shape: Shape, attributes: dict[str, str]) -> None:
    drawn = ElementTree.fromstring(svg(Picture(50, 50, "t", (shape,))))
    *_, before, found = (one for one in drawn if "defs" not in one.tag)
    if isinstance(shape, Line) and shape.arrow:
        assert found.attrib["d"] == "M20 0L13 3.5L13 -3.5z"
        found = before
    assert {name: found.attrib.get(name) for name in attributes} == attributes
