"""What `acortex trace what-if` prints for people, made from `acortex.what-if/1` alone."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.sim.advice.results import Slower, Value, WhatIf, WhatIfRow
from acortex.tools.views.tables import instruction, number_table
from acortex.units import percent, scaled


def what_if_parts(report: WhatIf) -> Iterator[RenderableType]:
    """A row for each setting and pair that was tried, those without effect in one line, and the slower in words."""
    energy = scaled(report.energy_j, "J")
    yield Text(f"{report.program} on {report.chip}: {report.cycles:,} cycles, {energy}\n", "bold")
    told = [row for row in report.rows if row.cycles != row.cycles_before or row.energy_j != report.energy_j]
    pairs = [row for row in told if isinstance(row.to, list)]
    yield _table([row for row in told if row not in pairs], "One setting, one step better", "from", "to")
    if pairs:
        yield Text()
        yield _table(pairs, "Two of the best")
    same = [row.path for row in report.rows if row not in told]
    if same:
        yield Text(f"\nNo cycle and no energy: {', '.join(same)}.")
    yield from _slower(report)
    if report.contention:
        yield Text(
            f"\nEach bound counts {report.contention:,} cycles of waits for ports, banks and lanes, which another"
        )
        yield Text("order of grants could gain. A dash stands where the critical path bounds nothing.")


def _table(rows: list[WhatIfRow], title: str, *values: str) -> Table:
    """A row for each; the values only under headings for them."""
    table = number_table(title, *values, "cycles", "gained", "", "at most", "energy")
    for row in rows:
        gained = row.cycles_before - row.cycles
        bound = "-" if row.bound is None else f"{row.bound:,}"
        spent = (f"{row.cycles:,}", f"{gained:,}", percent(gained, row.cycles_before), bound)
        changed = (_value(row.from_), _value(row.to)) if values else ()
        table.add_row(f"  {row.path}", *changed, *spent, scaled(row.energy_j, "J"))
    return table


def _value(value: Value | list[Value]) -> str:
    """A setting's value, as `--set` takes it."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _slower(report: WhatIf) -> Iterator[RenderableType]:
    """What became slower, although its setting is better, and the wait that grew most."""
    rows = [row for row in report.rows if row.cycles > row.cycles_before]
    if rows:
        yield Text("\nSlower, though better", "bold")
    for row in rows:
        yield Text(f"  {row.path}: {row.cycles - row.cycles_before:,} cycles more")
        yield Text("    no wait for a port, a bank or a lane grew" if row.slower is None else _grown(row.slower))


def _grown(wait: Slower) -> str:
    before, after = wait.cycles
    holder = "" if wait.held_by == "-" else f",\n    held by {wait.held_by} ({instruction(wait.line, wait.text)})"
    return f"    {wait.unit} waits {after:,} cycles for {wait.name}, before {before:,}{holder}"
