"""Markdown: paragraphs and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import fill

Row = Sequence[str]
"""The cells of a row of a table."""

GLUE = "\u00a0"
"""Stands between a number and its unit while a paragraph is filled: they stay on one line."""

WIDTH = 120
"""Characters of a line of a paragraph."""


def filled(text: str) -> str:
    """A page with paragraphs of lines of at most `WIDTH` characters, and one empty line between each two blocks.

    Tables, headings and indented commands keep their lines.
    """
    blocks = (block.strip("\n").rstrip() for block in re.split(r"\n\s*\n", text))
    return "\n\n".join(_filled(block) for block in blocks if block) + "\n"


def _filled(block: str) -> str:
    if block.startswith(("|", "#", "    ")):
        return block
    together = re.sub(r"(?<=\d) (?=%|(?:[munp]?[sJW]|mm2)\b)", GLUE, " ".join(block.split()))
    return fill(together, WIDTH, break_long_words=False, break_on_hyphens=False).replace(GLUE, " ")


def table(heads: Sequence[str], rows: Iterable[Row]) -> str:
    """A table; columns of numbers, and of "-" where there is none, stand right."""
    body = [list(row) for row in rows]
    columns = zip(*body, strict=True) if body else [()] * len(heads)
    marks = ["---:" if any(map(_number, cells)) and all(map(_fits, cells)) else "---" for cells in columns]
    return "\n".join(f"| {' | '.join(line)} |" for line in (list(heads), marks, *body))


def _number(cell: str) -> bool:
    return cell.lstrip("+-~")[:1].isdigit()


def _fits(cell: str) -> bool:
    return _number(cell) or cell in ("-", "none")
