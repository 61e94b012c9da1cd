"""What `acortex trace diff` prints for people, made from `acortex.diff/1` alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.tools.views.changed import rows
from acortex.tools.views.critical import told
from acortex.tools.views.tables import energies, instruction, number_table
from acortex.traces.covers import in_words
from acortex.traces.results_of_paths import Changed, DiffEvent, Divergence, MovedLine, TraceDiff
from acortex.units import joules, scaled
from acortex.wording import layer_name, plain

T = TypeVar("T", bound=float)

MOST = 8
"""Rows of a table of what moved."""


def diff_parts(report: TraceDiff) -> Iterator[RenderableType]:
    """Whether two traces are equal; if not, totals, where they part, and what moved, most first.

    Which of the two is a part of its run stands before all of it.
    """
    yield from (Text(line, "bold red") for line in partial_sides(report, "a", "b"))
    if report.equal:
        yield Text(f"equal: {report.cycles[0]:,} cycles, {report.events[0]:,} events", "green")
        yield from given(report.changed)
        return
    yield Text("different", "bold red")
    yield from given(report.changed)
    totals = number_table("total", "a", "b", "change")
    totals.add_row("  cycles", *_cycles(report.cycles))
    totals.add_row("  energy", *energies(report.energy_j))
    yield totals
    if report.first_divergence:
        yield from _divergence(report.first_divergence)
    for table in moved(report):
        yield from _table(table)


def partial_sides(report: TraceDiff, *names: str) -> Iterator[str]:
    """For each trace that is not the whole of its run, by the name of the trace, what it holds."""
    for name, part in zip(names, report.covers, strict=True):
        if part is not None:
            yield f"{name} is {in_words(part)}"


def given(changed: Changed) -> Iterator[RenderableType]:
    """The settings and instructions that differ."""
    found = rows(changed)
    if found:
        table = Table.grid(padding=(0, 2, 0, 0))
        for row in found:
            table.add_row(f"  {row[0]}", *row[1:])
        yield table


def _divergence(found: Divergence) -> Iterator[RenderableType]:
    """The first row that only one of the traces has, beside the other's, after the last ones in common."""
    yield Text.assemble(
        ("\nfirst difference", "bold"),
        f" at cycle {found.cycle:,} in ",
        (found.unit, "cyan"),
        f", {place(found)}",
    )
    table = Table.grid(padding=(0, 2, 0, 0))
    sides = [*(("both", row) for row in found.before), ("a", found.a), ("b", found.b)]
    for whose, row in sides:
        style = "dim" if whose == "both" else ""
        table.add_row(f"  {whose}", *(_event(row) if row else ("nothing like it",)), style=style)
    yield table
    for whose, chain in chains(found, "a", "b"):
        yield Text(f"  led to {whose} by {chain}")


def chains(found: Divergence, *names: str) -> Iterator[tuple[str, str]]:
    """What led to the row of each trace, with cycles, by the name of the trace; nothing where it has none."""
    for name, chain in zip(names, found.led_to, strict=False):
        if chain:
            yield name, ", ".join(f"{one.unit} {told(one.what, one.name)} (+{one.duration})" for one in chain)


def _event(row: DiffEvent) -> tuple[str, ...]:
    """An event or a wait as the cells of one line."""
    span = f"{row.cycle:,}+{row.duration:,}"
    return (span, row.unit, row.kind, f"x{row.count}", row.source, row.text, scaled(joules(row.energy_aj), "J"))


def place(found: Divergence) -> str:
    """The instruction at which two traces part, with its lines in both programs."""
    sources = (row.source for row in (found.a, found.b) if row and row.text == found.text)
    return instruction(" / ".join(dict.fromkeys(sources)) or found.source, found.text)


def moved_line(row: MovedLine) -> str:
    """An instruction by its lines in both programs."""
    sources = dict.fromkeys(filter(None, (row.source_a, row.source_b)))
    return instruction(" / ".join(sources) or row.line, row.text)


class Moved(NamedTuple):
    """A table of what moved: numbers of cycles, or of joules, by name; the largest change first."""

    title: str
    rows: Sequence[tuple[str, Sequence[float]]]
    energy: bool = False


def moved(report: TraceDiff) -> Iterator[Moved]:
    """Every table of what moved that has a row, most telling first."""
    path = ((" ".join(dict.fromkeys((row.unit, row.what, row.name))), row.cycles) for row in report.critical)
    tables = (
        Moved("critical path, cycles", changed(path)),
        Moved("layers, cycles in flight", changed((layer_name(row.name), row.cycles) for row in report.by_layer)),
        Moved("units, busy cycles", changed((row.name, row.busy) for row in report.by_unit)),
        Moved("units, waiting cycles", changed((row.name, row.waiting) for row in report.by_unit)),
        Moved("waits, cycles", changed((f"{row.unit} {row.cause}", row.cycles) for row in report.by_wait)),
        Moved("instructions, busy cycles", changed((moved_line(row), row.busy) for row in report.by_instruction)),
        Moved("components, energy", changed((plain(row.name), row.energy_j) for row in report.by_component), True),
    )
    yield from (table for table in tables if table.rows)


def changed(pairs: Iterable[tuple[str, Sequence[T | None]]]) -> list[tuple[str, Sequence[T]]]:
    """The names of pairs of known numbers that differ, with the pairs, the largest change first."""
    known = [(name, [one for one in pair if one is not None]) for name, pair in pairs]
    moved = [(name, pair) for name, pair in known if len(pair) == 2 and pair[0] != pair[1]]
    return sorted(moved, key=lambda row: -abs(row[1][1] - row[1][0]))


def _table(moved: Moved) -> Iterator[RenderableType]:
    """What moved as a table, as many rows as one looks at."""
    cells = energies if moved.energy else _cycles
    yield Text()
    table = number_table(moved.title, "a", "b", "change")
    for name, pair in moved.rows[:MOST]:
        table.add_row(f"  {name}", *cells(pair))
    yield table
    if len(moved.rows) > MOST:
        yield Text(f"  and {len(moved.rows) - MOST} more", "dim")


def _cycles(pair: Sequence[float]) -> tuple[str, str, str]:
    """Two counts and their difference."""
    return f"{pair[0]:,}", f"{pair[1]:,}", f"{pair[1] - pair[0]:+,}"
