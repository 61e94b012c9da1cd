"""Tables of reports for people: names to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.traces.covers import in_words
from acortex.units import scaled
from acortex.wording import UNKNOWN

if TYPE_CHECKING:
    from acortex.traces.results import Covers


def number_table(*headings: str) -> Table:
    """A table whose first column names a row and whose others hold numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(Text(headings[0], "bold"), no_wrap=True, overflow="ellipsis")
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def energies(pair: Sequence[float | None]) -> tuple[str, str, str]:
    """Two energies in joules and their difference, as far as they are known."""
    before, after = pair
    told = [UNKNOWN if one is None else scaled(one, "J") for one in pair]
    if before is None or after is None:
        return told[0], told[1], UNKNOWN
    return told[0], told[1], ("+" if after > before else "") + scaled(after - before, "J")


def instruction(source: str, text: str) -> str:
    """A line with the instruction on it."""
    return f"{source} {text}" if text else source


def part_line(covers: Covers | None) -> Iterator[RenderableType]:
    """The line that says which part of a run the rest is about, where it is not the whole."""
    if line := in_words(covers):
        yield Text(line, "bold red")
