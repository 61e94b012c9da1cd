"""A column of headings, keys and bars beside a drawing, filled from the top down; every line is cut to fit."""

from __future__ import annotations

from collections.abc import Iterable

from acortex.tools.drawing.letters import shortest, width_of, wrapped
from acortex.tools.drawing.palette import DIM, EMPTY, INK, RULE, Look
from acortex.tools.drawing.scene import Line, Mark, MarkShape, Rect, Shape, Text, paragraph

SIZE, HEAD = 12.0, 13.0
"""Sizes of letters: of lines, and of headings."""

STEP = 19.0
"""From one line to the next."""

SWATCH = 13.0
"""The side of a key's sample."""


class Column:
    """A column from `y` on, which grows downwards. `shapes` are what it holds, `y` where it ends."""

    def __init__(self, x: float, y: float, width: float) -> None:
        self.x = x
        self.y = y
        self.width = width
        self.shapes: list[Shape] = []

    def heading(self, text: str) -> None:
        """A title over what follows."""
        self.shapes.append(Text(self.x, self.y + HEAD, shortest(text, self.width, HEAD, True), HEAD, bold=True))
        self.y += STEP + 4

    def key(self, look: Look, text: str, value: str = "") -> None:
        """What a fill means, and a value at the right."""
        self.shapes.append(Rect(self.x, self.y + 1, SWATCH, SWATCH, look.colour, RULE, look.hatched))
        self._line(self.x + SWATCH + 7, text, value)

    def stroke(self, line: str, text: str, value: str = "", *, dashed: bool = False) -> None:
        """What a line of a colour means."""
        y = self.y + SWATCH / 2 + 1
        self.shapes.append(Line(((self.x, y), (self.x + 18, y)), line, 2.2, dashed))
        self._line(self.x + 25, text, value)

    def mark(self, shape: MarkShape, colour: str, text: str) -> None:
        """What a mark of a chart means."""
        self.shapes.append(Mark(self.x + SWATCH / 2, self.y + SWATCH / 2 + 1, shape, colour))
        self._line(self.x + SWATCH + 7, text, "")

    def bar(self, text: str, share: float, value: str, colour: str) -> None:
        """A share of a whole as a bar below its name and its value."""
        self._line(self.x, text, value)
        self.shapes.append(Rect(self.x, self.y - 2, self.width, 8, EMPTY))
        if share > 0:
            self.shapes.append(Rect(self.x, self.y - 2, self.width * min(share, 1.0), 8, colour))
        self.y += 14

    def text(self, text: str) -> None:
        """Words that are wrapped."""
        self.lines(wrapped(text, self.width, 11))

    def lines(self, lines: Iterable[str]) -> None:
        """Lines of lesser words."""
        held = list(lines)
        self.shapes += paragraph(self.x, self.y + 11, held, 11)
        self.y += len(held) * 11 * 1.35 + 4

    def gap(self, height: float = 12.0) -> None:
        """Leaves room."""
        self.y += height

    def _line(self, x: float, text: str, value: str) -> None:
        taken = width_of(value, SIZE) + 8 if value else 0.0
        fits = shortest(text, self.x + self.width - x - taken, SIZE)
        self.shapes.append(Text(x, self.y + SIZE, fits, SIZE, colour=INK))
        if value:
            self.shapes.append(Text(self.x + self.width, self.y + SIZE, value, SIZE, "end", colour=DIM))
        self.y += STEP
