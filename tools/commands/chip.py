"""`acortex chip`: the built-in chips, one chip or two of them, and the schema of chip files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from acortex.tools.commands.chip_show import show_chip
from acortex.tools.commands.chip_technologies import list_technologies
from acortex.tools.console.manners import Group
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.open.chip_options import CHIP, complete, set_option, written

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.sim.chip.results import ChipDiff


@click.group(cls=Group)
def chip() -> None:
    """Look at chips: settings, areas, floor plan, differences."""


@chip.command("list")
@format_option
def list_chips(form: str) -> None:
    """List the built-in chips."""
    from acortex.sim.chip.area import chip_row
    from acortex.sim.chip.results import Chips
    from acortex.sim.chip.specs import chip_names, load_chip

    rows = [chip_row(load_chip(name)) for name in chip_names()]
    if form == "json":
        print_json(Chips(chips=rows))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("chip", style="cyan", no_wrap=True)
    for heading in ("arrays", "memory", "area"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for row in rows:
        sizes = f"{row.arrays:,}", f"{row.memory_kb:,} KB", f"{row.area_mm2:.4g} mm2"
        table.add_row(row.name, *sizes, row.description)
    show(console(), [table])


@chip.command("schema")
@click.option("--text", is_flag=True, help="A table for people.")
def schema(text: bool) -> None:
    """Print the JSON Schema of chip files, for editors that complete and check them.

    For each setting it says what that moves: time, energy, area, capacity (which programs fit), accuracy.
    """
    import json

    from acortex.sim.chip.schema import json_schema

    if text:
        show(console(), [_schema_table()])
    else:
        click.echo(json.dumps(json_schema(), indent=2))


def _schema_table() -> RenderableType:
    """Every setting: what it moves, what is allowed, and what it means."""
    from rich.table import Table

    from acortex.sim.chip.specs import SETTINGS

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("setting", style="cyan", no_wrap=True)
    table.add_column("moves", max_width=14)
    for heading in ("allowed", "what it is"):
        table.add_column(heading)
    for path, setting in SETTINGS.items():
        moves = f"{', '.join(setting.moves) or 'nothing'}{' (free)' if setting.free else ''}"
        table.add_row(path, moves, setting.allowed, setting.description)
    return table


@chip.command("diff")
@click.argument("a", metavar="A", type=CHIP, shell_complete=complete)
@click.argument("b", metavar="B", type=CHIP, shell_complete=complete)
@set_option
@format_option
def diff(a: str, b: str, settings: tuple[str, ...], form: str) -> int:
    """Show in which settings two chips differ; --set changes the second.

    Exits with 0 where they are equal, with 1 where they differ.
    """
    from acortex.sim.chip.comparison import chip_diff
    from acortex.sim.chip.specs import load_chip

    report = chip_diff(load_chip(a), load_chip(b, settings))
    if form == "json":
        print_json(report)
    else:
        show(console(), _difference(report))
    return 0 if report.equal else 1


def _difference(report: ChipDiff) -> Iterator[RenderableType]:
    """The settings that differ, a row each, with where the second chip's come from."""
    from rich.table import Table
    from rich.text import Text

    one, other = report.chips
    if report.equal:
        yield Text(f"equal: {one.name} and {other.name} have the same settings", "green")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("setting", style="cyan", no_wrap=True)
    for chip_ in (one, other):
        table.add_column(chip_.name, justify="right")
    table.add_column("unit", max_width=8)
    table.add_column("source of the second", style="dim")
    for row in report.settings:
        table.add_row(row.path, *map(written, row.values_), row.unit, row.sources[1])
    yield table
    yield Text(f"\narea {one.area_mm2:.4f} mm2 and {other.area_mm2:.4f} mm2", style="bold")


chip.add_command(show_chip)
chip.add_command(list_technologies)
