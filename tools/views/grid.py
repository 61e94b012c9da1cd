"""Rows of texts in columns of a line's width: what is long is cut, and what nothing can cut stays whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

GAP = 2
"""Blanks between columns."""

LEAST = 8
"""Cells that a column which is cut keeps."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, its cells, and whether they are numbers (to the right) or may be cut."""

    heading: str
    cells: Sequence[str]
    number: bool = False
    cut: bool = False

    @property
    def width(self) -> int:
        """The cells that its widest text takes."""
        return max(cell_len(text) for text in (self.heading, *self.cells))


def lines(columns: Sequence[Column], width: int) -> Iterator[str]:
    """The headings, then each row, as lines of at most so many cells where columns that may be cut allow it."""
    widths = _widths(columns, width)
    for row in zip(*((one.heading, *one.cells) for one in columns), strict=True):
        cells = (_cell(text, at, one) for text, at, one in zip(row, widths, columns, strict=True))
        yield (" " * GAP).join(cells).rstrip()


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """The width of each column: the widest of those that may be cut gives way, cell by cell."""
    widths = [one.width for one in columns]
    over = sum(widths) + GAP * (len(widths) - 1) - width
    for _ in range(over):
        at = max((at for at, one in enumerate(columns) if one.cut), key=lambda at: widths[at], default=None)
        if at is None or widths[at] <= LEAST:
            break
        widths[at] -= 1
    return widths


def _cell(text: str, width: int, column: Column) -> str:
    """A text in its cells."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - size) + text if column.number else text + " " * (width - size)
