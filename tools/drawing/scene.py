"""A picture as plain data: shapes on a page, in pixels from its top left corner.

What draws a picture decides nothing, so that what a picture promises can be held to its shapes: labels that do not
overlap, and nothing beyond the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot
from typing import Literal, NamedTuple, TypeAlias

from acortex.tools.drawing.letters import LINE, width_of
from acortex.tools.drawing.palette import DIM, INK


class Box(NamedTuple):
    """A rectangle along the axes: its left, top, right and bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether both have an area in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: Box) -> bool:
        """Whether the other one lies within it."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom


@dataclass(frozen=True)
class Rect:
    """A filled rectangle; `tip` is what a browser says under the pointer."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str = ""
    hatched: bool = False
    tip: str = ""

    @property
    def box(self) -> Box:
        """Where it lies."""
        return Box(self.x, self.y, self.x + self.width, self.y + self.height)


@dataclass(frozen=True)
class Cells:
    """Many rectangles of one look, each as x, y, width and height."""

    places: tuple[tuple[float, float, float, float], ...]
    fill: str
    hatched: bool = False
    tip: str = ""

    @property
    def box(self) -> Box:
        """What lies around all of them."""
        edges = [Box(x, y, x + width, y + height) for x, y, width, height in self.places]
        left, top = min(edge.left for edge in edges), min(edge.top for edge in edges)
        return Box(left, top, max(edge.right for edge in edges), max(edge.bottom for edge in edges))


@dataclass(frozen=True)
class Line:
    """A line through points; `arrow` ends it with a head."""

    points: tuple[tuple[float, float], ...]
    colour: str = INK
    width: float = 1.0
    dashed: bool = False
    arrow: bool = False
    tip: str = ""

    @property
    def head(self) -> tuple[tuple[float, float], ...]:
        """The corners of the arrow's head: its tip first."""
        (x, y), (to_x, to_y) = self.points[-2:]
        long = max(7.0, 2.0 * self.width)
        away = hypot(to_x - x, to_y - y) or 1.0
        ahead, aside = (to_x - x) / away * long, (to_y - y) / away * long
        return (
            (to_x, to_y),
            (to_x - ahead - aside / 2, to_y - aside + ahead / 2),
            (
                to_x - ahead + aside / 2,
                to_y - aside - ahead / 2,
            ),
        )

    @property
    def shaft(self) -> tuple[tuple[float, float], ...]:
        """Its points without what the arrow's head covers."""
        if not self.arrow:
            return self.points
        _, (x, y), (other_x, other_y) = self.head
        return (*self.points[:-1], ((x + other_x) / 2, (y + other_y) / 2))

    @property
    def box(self) -> Box:
        """What lies around its points."""
        xs, ys = zip(*self.points, strict=True)
        return Box(min(xs), min(ys), max(xs), max(ys))


MarkShape = Literal["circle", "square", "diamond"]


@dataclass(frozen=True)
class Mark:
    """A point of a chart: its middle, its shape and its size across."""

    x: float
    y: float
    shape: MarkShape
    fill: str
    size: float = 9.0
    tip: str = ""

    @property
    def box(self) -> Box:
        """Where it lies."""
        half = self.size / 2
        return Box(self.x - half, self.y - half, self.x + half, self.y + half)


Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Text:
    """A line of text, which begins, has its middle, or ends at `x`; its letters stand on `y`."""

    x: float
    y: float
    text: str
    size: float = 12.0
    anchor: Anchor = "start"
    bold: bool = False
    colour: str = INK

    @property
    def box(self) -> Box:
        """Where it lies at most: as wide as in the widest of the fonts."""
        width = width_of(self.text, self.size, self.bold)
        left = self.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
        bottom = self.y + self.size * (LINE - 0.93)
        return Box(left, bottom - self.size * LINE, left + width, bottom)


Shape: TypeAlias = Rect | Cells | Line | Mark | Text


@dataclass(frozen=True)
class Picture:
    """Shapes, those drawn last on top, on a page of a size in pixels; `title` is for those who cannot see it."""

    width: float
    height: float
    title: str
    shapes: tuple[Shape, ...]

    @property
    def texts(self) -> list[Text]:
        """The labels of the picture."""
        return [one for one in self.shapes if isinstance(one, Text)]


def centred(box: Box, text: str, size: float = 12.0, *, colour: str = INK, bold: bool = False) -> Text:
    """A text in the middle of a box."""
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return Text(x, y + 0.36 * size, text, size, "middle", bold, colour)


def paragraph(x: float, y: float, lines: Iterable[str], size: float = 12.0, colour: str = DIM) -> list[Text]:
    """Lines below each other; the first one stands on `y`."""
    return [Text(x, y + number * size * 1.35, line, size, colour=colour) for number, line in enumerate(lines)]
