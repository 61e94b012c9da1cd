"""What `acortex trace top` prints for people, made from its result alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from acortex.tools.views.tables import instruction, number_table, part_line
from acortex.traces.results_of_tops import CostSums, Others, TraceTop
from acortex.units import percent, scaled
from acortex.wording import UNKNOWN, count, layer_name

WORDS = {"cycles": "busy cycles", "energy": "energy", "waits": "cycles of waiting"}
"""What each ranking goes by."""


def top_parts(report: TraceTop) -> Iterator[RenderableType]:
    """The dearest instructions, then the dearest layers."""
    whole = report.whole
    yield from part_line(report.covers)
    yield Text(f"What takes the most {WORDS[report.by]}", "bold")
    yield Text(f"  all units together: {whole.busy:,} cycles busy, {whole.waiting:,} cycles waiting,")
    yield Text(f"  {scaled(whole.energy_j, 'J')} without leakage\n")
    if report.instructions is None:
        yield Text("Which instruction took it is not known: a row of this trace is of all those of a layer.\n")
    instructions = [(instruction(row.line, row.text), row) for row in report.instructions or ()]
    yield from _table("Instruction", instructions, report.other_instructions, whole)
    layers = [(layer_name(row.name), row) for row in report.layers]
    yield from _table("Layer", layers, report.other_layers, whole)


def _table(
    title: str, rows: Sequence[tuple[str, CostSums]], others: Others | None, whole: CostSums
) -> Iterator[RenderableType]:
    """Rows with their sums, each with its part of the whole, and all others as the last."""
    rest = [(count(others.rows, "other"), others)] if others and others.rows else []
    if not rows and not rest:
        return
    table = number_table(title, "busy", "", "waiting", "", "energy", "")
    for name, row in [*rows, *rest]:
        table.add_row(f"  {name}", *_amounts(row, whole))
    yield table
    yield Text()


def _amounts(row: CostSums, whole: CostSums) -> Iterator[str]:
    """Busy cycles, cycles of waiting and energy, each with its part of the whole."""
    amounts = (
        (f"{row.busy:,}", row.busy, whole.busy),
        (f"{row.waiting:,}", row.waiting, whole.waiting),
        (scaled(row.energy_j, "J"), row.energy_aj, whole.energy_aj),
    )
    for told, part, all_of_it in amounts:
        yield told
        yield percent(part, all_of_it) if all_of_it else UNKNOWN
