"""Results on stdout: JSON for programs, tables for people."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from acortex.documents import Result

F = TypeVar("F", bound=Callable[..., Any])

PIPED_WIDTH = 100
"""Columns of a report that goes into a file or a pipe."""

NARROWEST = 40
"""Columns of a report at least, however narrow the terminal."""

WIDEST = 110
"""Columns that a report takes at most: a wider terminal makes bars longer, not the text better."""


def form_option(*more: str, help: str) -> Callable[[F], F]:
    """The option `--format` of a command with more forms than text and JSON; the command gets it as `form`."""
    forms = click.Choice(["text", "json", *more])
    return click.option("--format", "form", type=forms, default="text", show_default=True, help=help)


format_option = form_option(help="Text for people or JSON for programs.")
"""The option `--format` of most commands."""


def print_json(report: Result) -> None:
    """Prints a result as JSON: its schema first, then the version of the program that made it."""
    click.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False, allow_nan=False))


def console(*, err: bool = False, widest: int = WIDEST) -> Console:
    """Where a report for people goes: coloured on a terminal, plain text in a pipe, at most `widest` columns."""
    from rich.console import Console

    made = Console(stderr=err, highlight=False, emoji=False, markup=False)
    made.width = max(NARROWEST, min(made.width if made.is_terminal else _piped_width(), widest))
    return made


def _piped_width() -> int:
    """The width that the environment sets, where that is a number."""
    asked = os.environ.get("COLUMNS", "")
    return int(asked) if re.fullmatch(r"[0-9]{1,9}", asked) else PIPED_WIDTH


UNBOUNDED = 1_000_000
"""Columns of what is printed whole: more than any line has."""


def show(out: Console, parts: Iterable[RenderableType], *, whole: bool = False) -> None:
    """Prints a report's parts, without the spaces that tables leave at the ends of lines.

    With `whole` nothing is wrapped or cut unless it goes to a terminal: other programs read it line by line.
    """
    from rich.text import Text

    if whole and not out.is_terminal:
        out.width = UNBOUNDED
    with out.capture() as capture:
        for part in parts:
            out.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))  # a path stays whole
    lines = (line.rstrip() for line in capture.get().splitlines())
    click.echo("\n".join(lines), file=out.file, color=out.is_terminal and not os.environ.get("NO_COLOR"))
