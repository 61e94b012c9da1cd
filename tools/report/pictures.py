"""Bars, areas and roofs of a page as plain shapes, which its templates draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import log10

from acortex.tools.drawing.scene import Box
from acortex.tools.report.shares import RoofPoint, Roofs
from acortex.traces.display.colours import COLOURS, LOOK_OF_COMPONENTS
from acortex.wording import count as number_of

WIDTH = 1000.0
"""The length of a bar that fills its place; the browser stretches it."""

TEXTURES = 4
"""Plain, then strokes and dots, so that no two of LOOKS differ by colour alone where colours come again."""

LOOKS = len(COLOURS) * TEXTURES

UNNAMED = 23
"""The look of a component that this version does not know."""

MOST_BARS = 16
"""Rows of a picture; the table beside it has all."""


@dataclass(frozen=True)
class Segment:
    """A part of a bar: from `x`, so long, in one of LOOKS, and what it says under the pointer."""

    x: float
    width: float
    look: int
    told: str


@dataclass(frozen=True)
class Bar:
    """A row of a picture: its name, its segments, and the cells to their right."""

    name: str
    segments: list[Segment]
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Bars:
    """A picture of bars under headings, with what its looks mean, and how many rows are left out."""

    head: tuple[str, ...]
    bars: list[Bar]
    legend: list[tuple[int, str]] = field(default_factory=list)
    more: str = ""


def look_of(component: str) -> int:
    """The look of a component."""
    return LOOK_OF_COMPONENTS.get(component, UNNAMED)


def stacked(parts: Iterable[tuple[int, float, str]], whole: float) -> list[Segment]:
    """Segments one after another, each a look, an amount and words; `whole` fills the bar."""
    found, x = [], 0.0
    for look, amount, told in parts:
        width = WIDTH * amount / whole if whole else 0.0
        if width > 0:
            found.append(Segment(round(x, 2), round(width, 2), look, told))
        x += width
    return found


Row = tuple[str, Mapping[str, float], tuple[str, ...]]
"""A name, amounts by what they are of, and cells."""


def stack(
    head: tuple[str, ...],
    rows: Sequence[Row],
    look: Callable[[str], int],
    told: Callable[[str, float], str],
    whole: float | None = None,
    name: Callable[[str], str] = str,
) -> Bars:
    """A picture of stacked bars, the longest as long as `whole`, else as the longest there is."""
    shown = rows[:MOST_BARS]
    longest = whole or max((sum(parts.values()) for _, parts, _ in shown), default=0)
    bars = [
        Bar(name, stacked(((look(part), amount, told(part, amount)) for part, amount in parts.items()), longest), cells)
        for name, parts, cells in shown
    ]
    parts = dict.fromkeys(part for _, amounts, _ in shown for part, amount in amounts.items() if amount)
    legend = sorted((look(part), name(part)) for part in parts)
    left = len(rows) - len(shown)
    return Bars(head, bars, legend, f"and {number_of(left, 'row')} more, in the table" if left else "")


@dataclass(frozen=True)
class Tile:
    """A rectangle of a treemap, its look, its name, and its amount in words."""

    x: float
    y: float
    width: float
    height: float
    look: int
    name: str
    told: str


def treemap(parts: Sequence[tuple[str, float, str]], width: float, height: float) -> list[Tile]:
    """Rectangles whose areas are amounts, as near to squares as a row allows (Bruls, Huizing and van Wijk 2000)."""
    rest = sorted((part for part in parts if part[1] > 0), key=lambda part: -part[1])
    scale = width * height / sum(part[1] for part in rest) if rest else 0.0
    found, x, y = [], 0.0, 0.0
    while rest:
        side = min(width - x, height - y)
        row = 1
        while row < len(rest) and _worst(rest[: row + 1], scale, side) <= _worst(rest[:row], scale, side):
            row += 1
        some, rest = rest[:row], rest[row:]
        area = sum(amount for _, amount, _ in some) * scale
        across = width - x >= height - y
        deep, at = area / side, 0.0
        for name, amount, told in some:
            long = amount * scale / deep
            left, top, wide, high = (x, y + at, deep, long) if across else (x + at, y, long, deep)
            place = (round(left, 2), round(top, 2), round(wide, 2), round(high, 2))
            found.append(Tile(*place, look_of(name), name, told))
            at += long
        x, y = (x + deep, y) if across else (x, y + deep)
    return found


def _worst(row: Sequence[tuple[str, float, str]], scale: float, side: float) -> float:
    """The least square-like of some rectangles side by side: its longer side over its shorter."""
    areas = [amount * scale for _, amount, _ in row]
    deep = sum(areas) / side
    return max(max(area / deep**2, deep**2 / area) for area in areas)


@dataclass(frozen=True)
class Dot:
    """A point of the roofline, with what it says under the pointer; `label` is empty where there is no room."""

    x: float
    y: float
    label: str
    told: str
    whole: bool
    label_x: float = 0.0
    label_y: float = 0.0
    anchor: str = "start"


@dataclass(frozen=True)
class Roofline:
    """The roofs as a line, points under them, and marks of both axes, at which each is."""

    roof: list[tuple[float, float]]
    dots: list[Dot]
    x_marks: list[tuple[float, int]]
    y_marks: list[tuple[float, int]]


PLOT = (70.0, 16.0, 620.0, 290.0)
"""The left, the top, the right and the bottom of a roofline within its picture."""

BEYOND = 0.1
"""How far the axes go on beyond the bend of the roofs at least, in powers of ten."""

LETTER, LINE = 7.2, 15.0
"""The width of a letter of a label and the height of its line, about."""


def _dot(x: float, y: float, name: str, told: str, whole: bool, taken: list[Box]) -> Dot:
    """A point with its label where there is room: beside it, below, above, or, in a corner of the plot, aslant."""
    wide, (left, top, right, bottom) = LETTER * len(name), PLOT
    for dx, dy, anchor, shift in (
        (10, 4, "start", 0.0),
        (-10, 4, "end", 1.0),
        (0, 20, "middle", 0.5),
        (0, -11, "middle", 0.5),
        (10, -2, "start", 0.0),
        (-10, -2, "end", 1.0),
        (6, -9, "start", 0.0),
        (-6, -9, "end", 1.0),
        (6, 18, "start", 0.0),
        (-6, 18, "end", 1.0),
    ):
        begin = x + dx - shift * wide
        box = Box(begin, y + dy - LINE + 3, begin + wide, y + dy + 3)
        inside = left < box.left and box.right < right and top < box.top and box.bottom < bottom
        if inside and not any(box.meets(other) for other in taken):
            taken.append(box)
            return Dot(x, y, name, told, whole, x + dx, y + dy, anchor)
    return Dot(x, y, "", told, whole)


def roofline(roofs: Roofs, points: Sequence[RoofPoint], told: Callable[[RoofPoint], str]) -> Roofline:
    """Points under the roofs, on axes by powers of ten."""
    left, top, right, bottom = PLOT
    xs = [log10(point.ops_per_byte) for point in points] + [log10(roofs.ridge) + BEYOND]
    ys = [log10(point.ops_per_s) for point in points] + [log10(roofs.ops_per_s) + BEYOND]
    low_x, high_x = _decades(xs)
    low_y, high_y = _decades(ys)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            round(left + (x - low_x) / (high_x - low_x) * (right - left), 1),
            round(bottom - (y - low_y) / (high_y - low_y) * (bottom - top), 1),
        )

    flat, slope = log10(roofs.ops_per_s), log10(roofs.bytes_per_s)
    begin = max(low_x, low_y - slope)
    roof = [place(begin, slope + begin), place(log10(roofs.ridge), flat), place(high_x, flat)]
    dots, taken = [], [*_along(roof)]
    points_at = len(taken)
    for point in points:
        x, y = place(log10(point.ops_per_byte), log10(point.ops_per_s))
        taken.append(Box(x - 6, y - 6, x + 6, y + 6))
    for at, point in enumerate(points):
        box = taken[points_at + at]
        x, y = box.left + 6, box.top + 6
        dots.append(_dot(x, y, point.name, told(point), at == 0, taken))
    marks_x = [(place(power, low_y)[0], power) for power in range(low_x, high_x + 1)]
    marks_y = [(place(low_x, power)[1], power) for power in range(low_y, high_y + 1)]
    return Roofline(roof, dots, marks_x, marks_y)


def _along(line: Sequence[tuple[float, float]]) -> Iterator[Box]:
    """Small boxes along a line, which no label may cover."""
    for (x, y), (to_x, to_y) in pairwise(line):
        for step in range(41):
            at_x, at_y = x + (to_x - x) * step / 40, y + (to_y - y) * step / 40
            yield Box(at_x - 2, at_y - 2, at_x + 2, at_y + 2)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around some logarithms, at least one apart."""
    low, high = int(min(values) // 1), int(-(-max(values) // 1))
    return low, max(high, low + 1)
