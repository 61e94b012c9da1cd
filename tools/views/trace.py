"""What `acortex trace info` and `stats` print for people, made from their results alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.tools.views.tables import instruction, number_table, part_line
from acortex.traces.results import (
    ComponentSums,
    KindSums,
    LayerSums,
    LineSums,
    QueryAnswer,
    Totals,
    TraceInfo,
    TraceStats,
    UnitSums,
)
from acortex.units import joules, percent, scaled
from acortex.wording import UNKNOWN, layer_name

MOST = 12
"""Rows of the tables that have one for each instruction or wait."""


def _energy(energy_j: float | None, event_energy_aj: int) -> str:
    """The energy of the run; where rows were left out, that of the events that are there."""
    if energy_j is None:
        return f"{scaled(joules(event_energy_aj), 'J')} of these events, without leakage"
    return f"{scaled(energy_j, 'J')}, leakage included"


def _share(part: float | None, whole: float | None) -> str:
    return UNKNOWN if part is None or whole is None else percent(part, whole)


def _number(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def info_parts(report: TraceInfo) -> Iterator[RenderableType]:
    """What a trace holds."""
    program, chip = report.program, report.chip
    yield from part_line(report.covers)
    yield Text.assemble((program.name, "bold cyan"), " on ", (chip.label, "bold cyan"))
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("  time", f"{report.cycles:,} cycles, {scaled(report.latency_s, 's')}")
    facts.add_row("  energy", _energy(report.energy_j, report.event_energy_aj))
    facts.add_row("  events", f"{report.events:,}, and {report.waits:,} waits")
    facts.add_row("  level", f"{report.level}, {report.rows:,} rows")
    facts.add_row("  size", f"{report.bytes:,} bytes, {_each(report)}")
    facts.add_row("  units", ", ".join(report.units))
    facts.add_row("  layers", ", ".join(map(layer_name, report.layers)))
    facts.add_row("  program", f"{program.instructions} instructions, sha256 {program.sha256[:16]}")
    facts.add_row("  chip", f"sha256 {chip.sha256[:16]}")
    yield facts


def _each(report: TraceInfo) -> str:
    """The bytes of one row."""
    rows = report.rows + report.waits
    return f"{report.bytes / rows:.2f} a row" if rows else "no rows"


def query_parts(report: QueryAnswer) -> Iterator[RenderableType]:
    """The rows of a query."""
    yield from part_line(report.covers)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for number, name in enumerate(report.columns):
        numeric = all(isinstance(row[number], int | float) for row in report.rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in report.rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    yield table


def stats_parts(report: TraceStats) -> Iterator[RenderableType]:
    """Where time and energy went."""
    totals = report.totals
    cycles, energy = _looked_at(report), totals.energy_j
    length = f"{totals.cycles:,} cycles" if cycles == totals.cycles else f"{cycles:,} of {totals.cycles:,} cycles"
    told = _energy(energy, totals.event_energy_aj).removesuffix(", leakage included")
    yield from part_line(report.covers)
    yield Text(f"{totals.events:,} events, {length}, {told}\n", "bold")
    yield from _energies("Component", report.components, energy)
    yield from _energies("Kind of event", report.kinds, energy)
    yield from _units(report.units, cycles)
    yield from _layers(report.layers, totals)
    yield from _places("Longest waits", "waits for", [(row.unit, row.cause, row.cycles) for row in report.waits])
    yield from _lines(report.lines, energy)
    spread = report.latency_percentiles
    if spread is not None:
        latencies = ", ".join(f"{name} {value:,}" for name, value in spread.items())
        yield Text.assemble(("Latency of an inference", "bold"), f"  {latencies} cycles")


def _looked_at(report: TraceStats) -> int:
    """The cycles of the run; where a window of it was selected, those in the window."""
    first, end = (report.covers.from_cycle, report.covers.until_cycle) if report.covers else (None, None)
    whole = report.totals.cycles
    return max(min(whole, whole if end is None else end) - max(first or 0, 0), 0)


def _energies(title: str, rows: Sequence[ComponentSums | KindSums], energy: float | None) -> Iterator[RenderableType]:
    """Rows with events or energy, dearest first; what neither happened nor cost anything is left out."""
    table = number_table(title, "events", "energy", "")
    for row in sorted(rows, key=lambda row: -row.energy_aj):
        if row.events or row.energy_aj:
            share = _share(row.energy_j, energy)
            table.add_row(f"  {row.name}", f"{row.events:,}", scaled(row.energy_j, "J"), share)
    yield table
    yield Text()


def _layers(rows: Sequence[LayerSums], totals: Totals) -> Iterator[RenderableType]:
    """How long each layer was in flight and what it took, leakage included; of a part of a run its events alone."""
    table = number_table("Layer", "events", "cycles", "", "energy", "")
    for row in sorted(rows, key=lambda row: -_layer_aj(row)):
        cycles = _number(row.cycles), _share(row.cycles, totals.cycles)
        energy = scaled(joules(_layer_aj(row)), "J"), _share(row.energy_j, totals.energy_j)
        table.add_row(f"  {layer_name(row.name)}", f"{row.events:,}", *cycles, *energy)
    yield table
    yield Text()


def _layer_aj(row: LayerSums) -> int:
    return row.event_energy_aj if row.energy_aj is None else row.energy_aj


def _units(rows: Sequence[UnitSums], cycles: int) -> Iterator[RenderableType]:
    """What each unit did with its time."""
    table = number_table("Unit", "events", "busy", "waiting", "idle")
    for row in rows:
        shares = (_share(part, cycles) for part in (row.busy, row.waiting, row.idle))
        table.add_row(f"  {row.name}", _number(row.events), *shares)
    yield table
    yield Text()


def _places(title: str, link: str, rows: Sequence[tuple[str, str, int]]) -> Iterator[RenderableType]:
    """Which unit waited for what, longest first."""
    table = number_table(title, "cycles")
    for unit, cause, cycles in rows[:MOST]:
        table.add_row(f"  {unit} {link} {cause.replace('_', ' ')}", f"{cycles:,}")
    yield table
    yield Text()


def _lines(rows: Sequence[LineSums], energy: float | None) -> Iterator[RenderableType]:
    """The source lines that took longest."""
    table = number_table("Source line", "events", "busy", "waiting", "energy", "")
    for row in rows[:MOST]:
        amounts = (f"{part:,}" for part in (row.events, row.busy, row.waiting))
        name = instruction(row.line, row.text)
        table.add_row(f"  {name}", *amounts, scaled(row.energy_j, "J"), _share(row.energy_j, energy))
    yield table
    yield Text()
