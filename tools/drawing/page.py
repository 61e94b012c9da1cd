"""The page around a drawing: its title above, and below it a caption that says what to see."""

from __future__ import annotations

from collections.abc import Iterable

from acortex.tools.drawing.letters import shortest, wrapped
from acortex.tools.drawing.palette import DIM, INK
from acortex.tools.drawing.scene import Picture, Shape, Text, paragraph

MARGIN = 24.0
"""What is left free around everything."""

TOP = 70.0
"""Where what is drawn begins, below title and subtitle."""

TITLE, SUBTITLE, CAPTION = 18.0, 12.0, 13.0
"""Sizes of letters."""

LONGEST_LINE = 1100.0
"""The longest line of a caption on a wide page."""


def page(title: str, subtitle: str, shapes: Iterable[Shape], width: float, bottom: float, caption: str) -> Picture:
    """A picture of a width whose drawing ends at `bottom`."""
    room = width - 2 * MARGIN
    lines = wrapped(caption, min(room, LONGEST_LINE), CAPTION)
    y = bottom + 28
    return Picture(
        width,
        round(y + len(lines) * CAPTION * 1.35 + MARGIN - 12),
        f"{title}: {caption}",
        (
            Text(MARGIN, 34, shortest(title, room, TITLE, True), TITLE, bold=True),
            Text(MARGIN, 53, shortest(subtitle, room, SUBTITLE), SUBTITLE, colour=DIM),
            *shapes,
            *paragraph(MARGIN, y, lines, CAPTION, INK),
        ),
    )
