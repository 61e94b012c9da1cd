"""What `acortex trace reprice` prints for people, made from `acortex.reprice/1` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from acortex.sim.chip.results import Reprice
from acortex.tools.views.diff import given
from acortex.tools.views.tables import energies, number_table, part_line
from acortex.units import joules, percent
from acortex.wording import layer_name


def reprice_parts(report: Reprice) -> Iterator[RenderableType]:
    """Energy by component and layer: as recorded, and as priced."""
    yield from part_line(report.covers)
    recorded, priced = report.chip
    yield Text(f"{report.program}: {report.cycles:,} cycles recorded on {recorded}, priced as {priced}", "bold")
    yield from given(report.changed)
    yield Text()
    for heading, rows in (
        ("Component", report.energy_by_component_aj.items()),
        ("Layer", ((layer_name(row.name), row.energy_aj) for row in report.layers)),
    ):
        table = number_table(heading, "recorded", "priced", "change", "")
        for name, pair in rows:
            if any(pair):
                table.add_row(f"  {name.replace('_', ' ')}", *_cells(pair, report.energy_aj[1]))
        yield table
        yield Text()
    table = number_table("Total", "recorded", "priced", "change", "")
    table.add_row("  energy", *_cells(report.energy_aj, report.energy_aj[1]))
    yield table


def _cells(pair: Sequence[int], total: int) -> tuple[str, str, str, str]:
    """Two energies, their difference, and the share of the second."""
    return *energies([joules(energy) for energy in pair]), percent(pair[1], total)
