"""What every picture must keep: labels apart, nothing beyond the page, letters that stand out from what is below."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from xml.etree import ElementTree

from acortex.sim.chip.specs import Chip
from acortex.sim.functional.configuration import configure
from acortex.tools.drawing.floorplan import Plan
from acortex.tools.drawing.palette import PAPER, contrast
from acortex.tools.drawing.scene import Box, Cells, Line, Picture, Rect, Shape, Text
from acortex.tools.drawing.subjects import plan_of
from acortex.tools.open.programs import open_program

ROOM = 0.25
"""Pixels that boxes may share: less than anyone sees."""

LEAST_CONTRAST = 3.0
"""What WCAG 2 asks of large letters and of graphics; for small ones see test_palette."""

SVG = "{http://www.w3.org/2000/svg}"


def shrunk(box: Box) -> Box:
    """A box without what may touch another."""
    return Box(box.left + ROOM, box.top + ROOM, box.right - ROOM, box.bottom - ROOM)


def overlapping(picture: Picture) -> list[tuple[str, str]]:
    """The pairs of labels that lie on each other."""
    texts = [one for one in picture.texts if one.text]
    return [(one.text, other.text) for one, other in combinations(texts, 2) if shrunk(one.box).meets(shrunk(other.box))]


def outside(picture: Picture) -> list[Shape]:
    """The shapes that reach beyond the page."""
    sheet = Box(-ROOM, -ROOM, picture.width + ROOM, picture.height + ROOM)
    return [one for one in picture.shapes if not sheet.holds(one.box)]


def ground(picture: Picture, text: Text) -> str:
    """The colour on which a label lies: that of the last rectangle or cell drawn before it that holds its middle."""
    box = text.box
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    colour = PAPER
    for shape in picture.shapes[: picture.shapes.index(text)]:
        if isinstance(shape, Rect) and shape.box.holds(Box(x, y, x, y)):
            colour = shape.fill
        if isinstance(shape, Cells):
            held = any(left <= x <= left + wide and top <= y <= top + high for left, top, wide, high in shape.places)
            colour = shape.fill if held else colour
    return colour


def faint(picture: Picture) -> list[str]:
    """The labels that do not stand out from what they lie on; those on a mark of their own are left out."""
    numbers = {"1", "2", "3", "4"}  # of a route: white on the dark mark that test_routes looks at
    return [
        one.text
        for one in picture.texts
        if contrast(one.colour, ground(picture, one)) < LEAST_CONTRAST and not (one.text in numbers and one.bold)
    ]


def crossed(picture: Picture) -> list[str]:
    """The bold labels of things over which a wide line is drawn after them."""
    found = []
    for at, text in enumerate(picture.shapes):
        if isinstance(text, Text):
            later = [one for one in picture.shapes[at:] if isinstance(one, Line) and one.width > 1]
            boxes = [Line(pair).box for one in later for pair in zip(one.points, one.points[1:], strict=False)]
            found += [text.text for box in boxes if shrunk(text.box).meets(box)]
    return found


def check(picture: Picture) -> None:
    """Holds a picture to all rules."""
    assert overlapping(picture) == []
    assert outside(picture) == []
    assert faint(picture) == []
    assert picture.title.strip()
    assert picture.texts[0].text, "it has a title"
    assert picture.texts[-1].text.rstrip().endswith((".", "!")), "it ends with a caption"


def texts_of(svg: str) -> list[str]:
    """The labels of an SVG, which must be XML."""
    return ["".join(one.itertext()) for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def plan(reference: str, chip: Chip) -> Plan:
    """A program on a chip as floor plans show it."""
    configuration = configure(open_program(reference, chip, weights=False), chip)
    return plan_of(configuration, [configuration.groups[number] for number in sorted(configuration.groups)])


def boxes_apart(boxes: Sequence[Box]) -> bool:
    """Whether no two boxes share more than an edge."""
    return not any(shrunk(one).meets(shrunk(other)) for one, other in combinations(boxes, 2))
