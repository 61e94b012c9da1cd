"""Scales and axes of charts: round marks, grid lines behind, labels that stand apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, floor, log10

from acortex.tools.drawing.letters import shortest, width_of
from acortex.tools.drawing.palette import DIM, INK, RULE
from acortex.tools.drawing.scene import Box, Line, Shape, Text

STEPS = (1, 2, 2.5, 5, 10)
"""Round numbers between powers of ten."""


@dataclass(frozen=True)
class Scale:
    """A linear scale: values from `low` to `high` lie from `start` to `end`, in pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        span = self.high - self.low
        return self.start + (self.end - self.start) * ((value - self.low) / span if span else 0.0)


def marks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, `most` at most."""
    span = high - low
    if not span > 0:
        return [low]
    rough = span / max(most - 1, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(power * one for one in STEPS if power * one >= rough * (1 - 1e-9))
    first = ceil(low / step - 1e-9)
    return [step * number for number in range(first, floor(high / step + 1e-9) + 1)]


def across(box: Box, scale: Scale, told: Callable[[float], str], title: str = "") -> Iterator[Shape]:
    """An axis below a box: grid lines up through it, and the marks that have room beside each other."""
    free = box.left - 40
    for value in marks(scale.low, scale.high):
        x = scale.at(value)
        yield Line(((x, box.top), (x, box.bottom)), RULE, 0.8)
        text = Text(x, box.bottom + 16, told(value), 11, "middle", colour=DIM)
        if text.box.left > free:
            free = text.box.right + 6
            yield text
    if title:
        fits = shortest(title, box.right - box.left + 60, 12)
        yield Text((box.left + box.right) / 2, box.bottom + 35, fits, 12, "middle", colour=INK)


def up(box: Box, scale: Scale, told: Callable[[float], str], title: str = "") -> Iterator[Shape]:
    """An axis at the left of a box, the marks that have room above each other, and its title above."""
    free = box.bottom + 40
    for value in marks(scale.low, scale.high, max(2, int((box.bottom - box.top) / 28))):
        y = scale.at(value)
        yield Line(((box.left, y), (box.right, y)), RULE, 0.8)
        text = Text(box.left - 7, y + 4, told(value), 11, "end", colour=DIM)
        if text.box.bottom < free:
            free = text.box.top
            yield text
    if title:
        yield Text(box.left, box.top - 9, title, 12, bold=True)


def room_for(labels: list[str], size: float = 12.0, most: float = 260.0) -> float:
    """The width that the names of rows need, `most` at most."""
    return min(max((width_of(label, size) for label in labels), default=0.0), most)


def frame(box: Box) -> Line:
    """A line around a chart."""
    left, top, right, bottom = box
    return Line(((left, top), (right, top), (right, bottom), (left, bottom), (left, top)), DIM, 0.8)
