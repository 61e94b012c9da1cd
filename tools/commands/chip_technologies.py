"""`acortex chip technologies`: technologies of main memory and of cells, with what each states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.open.chip_options import written
from acortex.wording import count

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from acortex.sim.chip.results import CellTechnology, Technologies, Technology

UNKNOWN = "-"
"""What stands in a table for something that is not stated."""

KEY = """\
kind: of the multipliers of the source paper's Fig. 1; errors: those stated, of all there are
writing: levels x pulses for each, and how long a pulse and its read take
tuning: how far a written cell ends from its target, or whose statistics say so
`acortex chip technologies NAME` shows every value of a technology with its source."""
"""What the columns of the side-by-side table mean."""


@click.command("technologies")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@format_option
def list_technologies(names: tuple[str, ...], form: str) -> None:
    """List the technologies of main memory and of cells: `memory.type` and `arrays.cell` of a chip file name one.

    With names, show all that these state, with sources.
    """
    from acortex.sim.chip.technology_rows import technology_list

    report = technology_list(names)
    if form == "json":
        print_json(report)
    else:
        show(console(), _details(report) if names else _overview(report))


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in headings:
        table.add_column(heading, no_wrap=bool(heading))
    return table


def _overview(report: Technologies) -> Iterator[RenderableType]:
    """All technologies, a row each; those of cells side by side, too."""
    from rich.text import Text

    table = _table("setting", "technology", "")
    table.columns[1].style = "cyan"
    for row in report.technologies:
        table.add_row(row.setting, row.name, row.description)
    yield table
    yield Text("\nCells: one operation of an array of 64 x 64 (ns, pJ), its area, and how it is written", style="bold")
    yield _cells([(row, row.cells) for row in report.technologies if row.cells is not None])
    yield Text(f"\n{KEY}", style="dim")


def _cells(rows: list[tuple[Technology, CellTechnology]]) -> Table:
    """Technologies of cells beside each other."""
    table = _table("technology", "kind", "inputs", "ns", "pJ", "um2", "writing", "tuning", "errors")
    table.columns[0].style = "cyan"
    for column in (3, 4, 5, 7, 8):
        table.columns[column].justify = "right"
    for row, cells in rows:
        stated = sum(one.path.startswith("errors.") for one in row.states)
        table.add_row(
            row.name,
            cells.kind or UNKNOWN,
            cells.encoding or UNKNOWN,
            f"{cells.frame_ns:g}",
            f"{cells.energy_pj:.4g}",
            f"{cells.area_um2:.0f}",
            f"{cells.levels} x {cells.pulses_per_level}, {(cells.pulse_ns + cells.verify_ns) / 1000:g} us",
            _tuning(cells),
            f"{stated}/{stated + len(row.not_stated)}",
        )
    return table


def _tuning(cells: CellTechnology) -> str:
    """How far written cells end from their targets: a share of those, or by published statistics."""
    if cells.statistics:
        return cells.statistics.rpartition("_")[2]  # reram_wan are those of Wan et al.
    return UNKNOWN if cells.tuning_pct is None else f"{cells.tuning_pct:g} %"


def _details(report: Technologies) -> Iterator[RenderableType]:
    """All that technologies state, one after another."""
    from rich.text import Text

    for index, row in enumerate(report.technologies):
        yield Text(f"{chr(10) if index else ''}{row.name}", style="bold cyan")
        yield Text(f"{row.description}\n", style="dim")
        table = _table("setting", "value", "unit", "source")
        table.columns[0].style, table.columns[3].style = "cyan", "dim"
        table.columns[1].justify, table.columns[3].no_wrap = "right", False
        for one in row.states:
            table.add_row(one.path, written(one.value), one.unit, one.source)
        yield table
        yield from not_stated(row.not_stated)


def not_stated(paths: list[str]) -> Iterator[RenderableType]:
    """One line for the errors that are not stated."""
    from rich.text import Text

    if paths:
        names = ", ".join(path.removeprefix("errors.") for path in paths)
        yield Text(f"\n{count(len(paths), 'error')} not stated, and so not modelled: {names}", style="dim")
