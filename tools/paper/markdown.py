"""Markdown: paragraphs and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def unwrapped(text: str) -> str:
    """A page with a line for each paragraph, and one empty line between each two blocks."""
    blocks = (block.strip() for block in re.split(r"\n\s*\n", text))
    return "\n\n".join(_one_line(block) for block in blocks if block) + "\n"


def _one_line(block: str) -> str:
    return block if block.startswith("|") else " ".join(block.split())


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; columns of numbers, and of "-" where there is none, stand right."""
    body = [list(row) for row in rows]
    columns = zip(*body, strict=True) if body else [()] * len(heads)
    marks = ["---:" if any(map(_number, cells)) and all(map(_fits, cells)) else "---" for cells in columns]
    return "\n".join(f"| {' | '.join(line)} |" for line in (list(heads), marks, *body))


def _number(cell: str) -> bool:
    return cell.lstrip("+-~")[:1].isdigit()


def _fits(cell: str) -> bool:
    return _number(cell) or cell in ("-", "none")
