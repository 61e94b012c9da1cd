"""Panels of bars that begin at nothing, each with its value behind it: shares of a whole, largest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from acortex.tools.drawing.letters import shortest, width_of
from acortex.tools.drawing.palette import DIM, INK, Look
from acortex.tools.drawing.scene import Box, Line, Mark, Rect, Shape, Text

ROW = 26.0
"""The height of a bar with what is free below it."""

HEAD = 44.0
"""The height of a panel's title and of the line below it."""

SIZE = 12.0


@dataclass(frozen=True)
class Share:
    """A bar: its name, its share of the whole (0 to 1), its value in words, and another's share beside it, or None."""

    name: str
    share: float
    value: str
    look: Look
    other: float | None = None


@dataclass(frozen=True)
class Panel:
    """Bars under a title, and a line below that says what the whole is."""

    title: str
    whole: str
    shares: Sequence[Share]


def height_of(panel: Panel) -> float:
    """How high a panel is."""
    return HEAD + ROW * len(panel.shares)


def bars(panel: Panel, box: Box) -> Iterator[Shape]:
    """The shapes of a panel within a box: names at the left, bars, values behind them.

    The longest bar is as long as there is room; `other` is a diamond on the same scale.
    """
    width = box.right - box.left
    yield Text(box.left, box.top + 14, shortest(panel.title, width, 15, True), 15, bold=True)
    yield Text(box.left, box.top + 32, shortest(panel.whole, width, SIZE), SIZE, colour=DIM)
    names = min(max((width_of(one.name, SIZE) for one in panel.shares), default=0.0), 0.36 * width)
    values = max((width_of(one.value, SIZE) for one in panel.shares), default=0.0)
    start = box.left + names + 10
    longest = max((max(one.share, one.other or 0.0) for one in panel.shares), default=0.0)
    scale = max(box.right - values - 14 - start, 8.0) / (longest or 1.0)
    for number, one in enumerate(panel.shares):
        y = box.top + HEAD + ROW * number
        end = start + one.share * scale
        yield Text(start - 8, y + 15, shortest(one.name, names, SIZE), SIZE, "end")
        yield Rect(start, y + 3, end - start, ROW - 8, *_filled(one.look), tip=f"{one.name}: {one.value}")
        marks = [] if one.other is None else [_other(one.name, one.other, start + one.other * scale, y)]
        yield from marks
        yield Text(max([end, *(mark.x + 5 for mark in marks)]) + 6, y + 15, one.value, SIZE, colour=DIM)
    yield Line(((start, box.top + HEAD), (start, box.top + height_of(panel) - 4)), INK, 1.0)


def _other(name: str, share: float, x: float, y: float) -> Mark:
    """Another's share as a diamond on the bar."""
    return Mark(x, y + 3 + (ROW - 8) / 2, "diamond", INK, 9, f"{name}, printed: {share:.1%}")


def _filled(look: Look) -> tuple[str, str, bool]:
    return look.colour, "", look.hatched
