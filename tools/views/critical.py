"""What `acortex trace critical` prints for people, made from `acortex.critical/1` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from acortex.tools.views.tables import instruction, number_table, part_line
from acortex.traces.results_of_paths import CriticalPath, Rival
from acortex.units import percent

MOST = 12
"""Rows of a table."""


def critical_parts(report: CriticalPath, segments: int) -> Iterator[RenderableType]:
    """Sums along a path of so many segments, and what halving could gain."""
    cycles = report.cycles
    yield from part_line(report.covers)
    yield Text(f"{cycles:,} cycles in {segments:,} segments\n", "bold")
    causes = [(f"{row.unit}  {told(row.what, row.name)}", row.cycles) for row in report.by_cause]
    yield from _sums("What set the length of the run", causes, cycles)
    if report.rivals:
        waits = [(f"{row.unit}  waiting for {row.name},\n    {held(row)}", row.cycles) for row in report.rivals]
        yield from _sums("What held what the path waited for", waits, cycles)
    yield from _sums("Layer", [(row.name, row.cycles) for row in report.by_layer], cycles)
    yield from _sums("Source line", [(instruction(row.line, row.text), row.cycles) for row in report.by_line], cycles)
    if report.halving:
        yield from _halving(report, cycles)


def told(what: str, name: str) -> str:
    """What a unit did or awaited, in words: `what` and `name` of a row of the path."""
    name = name.replace("_", " ")
    words: dict[str, str] = {
        "busy": name,
        "latency": "latency of main memory",
        "waiting": f"waiting for {name}",
        "hand-over": f"hand-over ({name})",
        "idle": "idle",
    }
    return words[what]


def _sums(title: str, rows: Sequence[tuple[str, int]], cycles: int) -> Iterator[RenderableType]:
    """The largest sums of one sort."""
    table = number_table(title, "cycles", "")
    for name, spent in rows[:MOST]:
        table.add_row(f"  {name}", f"{spent:,}", percent(spent, cycles))
    yield table
    if len(rows) > MOST:
        yield Text(f"  and {len(rows) - MOST} more", "dim")
    yield Text()


def held(row: Rival) -> str:
    """What held what a path waited for, and by which instruction."""
    return f"held by {row.held_by} ({instruction(row.line, row.text)})"


def _halving(report: CriticalPath, cycles: int) -> Iterator[RenderableType]:
    """What halving the delays of a unit, or of a part of the chip, could gain; and what another order of grants could.

    The two together are the bound: contention is no unit's own, and so stands once.
    """
    table = number_table("Halving the time of", "on the path", "of its own, at most", "")
    for row in report.halving:
        gain = row.cycles // 2
        table.add_row(f"  {row.name}", f"{row.cycles:,}", f"{gain:,}", percent(gain, cycles))
    yield table
    if report.contention:
        shared = f"{report.contention:,} ({percent(report.contention, cycles)})"
        yield Text(f"\nBeside that {shared} are waits for ports, banks or lanes. Any change can bring about another")
        yield Text("order of grants, which gains at most all of them, or loses: `acortex trace what-if` measures it.")
