"""What `acortex trace diff` prints for people, made from `acortex.diff/1` alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.tools.report_trace import number_table
from acortex.tools.trace_critical import told
from acortex.units import joules, scaled

Report = Mapping[str, Any]

MOST = 8
"""Rows of a table of what moved."""


def diff_parts(report: Report) -> Iterator[RenderableType]:
    """Whether two traces are equal; if not, totals, where they part, and what moved, most first."""
    if report["equal"]:
        yield Text(f"equal: {report['cycles'][0]:,} cycles, {report['events'][0]:,} events", "green")
        return
    yield Text("different", "bold red")
    totals = number_table("total", "a", "b", "change")
    totals.add_row("  cycles", *_cycles(report["cycles"]))
    totals.add_row("  energy", *_energy(report["energy_j"]))
    yield totals
    if report["first_divergence"]:
        yield from _divergence(report["first_divergence"])
    yield from _moved("critical path", report["critical"], ("unit", "what", "name"), "cycles")
    yield from _moved("layer, cycles in flight", report["by_layer"], ("name",), "cycles")
    yield from _moved("unit, waiting cycles", report["by_unit"], ("name",), "waiting")
    yield from _moved("wait", report["by_wait"], ("unit", "cause"), "cycles")
    yield from _moved("source line, busy cycles", report["by_instruction"], ("line",), "busy")
    yield from _moved("component, energy", report["by_component"], ("name",), "energy_j")


def _divergence(found: Report) -> Iterator[RenderableType]:
    """The first row that only one of the traces has, beside the other's, after the last ones in common."""
    yield Text.assemble(
        ("\nfirst difference", "bold"),
        f" at cycle {found['cycle']:,} in ",
        (found["unit"], "cyan"),
        f", {found['source']}",
    )
    table = Table.grid(padding=(0, 2, 0, 0))
    rows = [*(("both", row) for row in found["before"]), ("a", found["a"]), ("b", found["b"])]
    for whose, row in rows:
        style = "dim" if whose == "both" else ""
        table.add_row(f"  {whose}", *(_event(row) if row else ("nothing like it",)), style=style)
    yield table
    for whose, chain in chains(found, "a", "b"):
        yield Text(f"  led to {whose} by {chain}")


def chains(found: Report, *names: str) -> Iterator[tuple[str, str]]:
    """What led to the row of each trace, with cycles, by the name of the trace; nothing where a trace does not tell."""
    for name, chain in zip(names, found.get("led_to", ()), strict=False):
        if chain:
            yield name, ", ".join(f"{one['unit']} {told(one)} (+{one['duration']})" for one in chain)


def _event(row: Report) -> tuple[str, ...]:
    """An event or a wait as the cells of one line."""
    span = f"{row['cycle']:,}+{row['duration']:,}"
    return (span, row["unit"], row["kind"], f"x{row['count']}", row["source"], scaled(joules(row["energy_aj"]), "J"))


def _moved(title: str, rows: Sequence[Report], keys: Sequence[str], number: str) -> Iterator[RenderableType]:
    """The rows in which one number differs, the largest change first."""
    changed = sorted(
        (row for row in rows if row[number][0] != row[number][1]), key=lambda row: -abs(row[number][1] - row[number][0])
    )
    if not changed:
        return
    yield Text()
    table = number_table(title, "a", "b", "change")
    for row in changed[:MOST]:
        cells = _energy(row[number]) if number == "energy_j" else _cycles(row[number])
        table.add_row("  " + ": ".join(str(row[key]) for key in keys), *cells)
    yield table
    if len(changed) > MOST:
        yield Text(f"  and {len(changed) - MOST} more", "dim")


def _cycles(pair: Sequence[int]) -> tuple[str, str, str]:
    """Two counts and their difference."""
    return f"{pair[0]:,}", f"{pair[1]:,}", f"{pair[1] - pair[0]:+,}"


def _energy(pair: Sequence[float]) -> tuple[str, str, str]:
    """Two energies in joules and their difference."""
    sign = "+" if pair[1] > pair[0] else ""
    return scaled(pair[0], "J"), scaled(pair[1], "J"), sign + scaled(pair[1] - pair[0], "J")
