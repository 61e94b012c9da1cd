"""`acortex chip`: the built-in chips, one chip's settings, and the schema of chip files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from acortex.tools import files
from acortex.tools.chips import chip_argument, set_option
from acortex.tools.console import console, format_option, print_json, show
from acortex.tools.manners import Group
from acortex.tools.units import percent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.sim.specs import Chip


@click.group(cls=Group)
def chip() -> None:
    """Look at chips: settings, areas, floor plan."""


@chip.command("list")
@format_option
def list_chips(form: str) -> None:
    """List the built-in chips."""
    from acortex.sim.area import total_area
    from acortex.sim.specs import chip_names, load_chip

    chips = [load_chip(name) for name in chip_names()]
    rows = [
        {
            "name": one.name,
            "arrays": one.array_count,
            "memory_kb": one.memory.capacity_kb,
            "area_mm2": float(total_area(one)),
            "description": one.description,
        }
        for one in chips
    ]
    if form == "json":
        print_json({"schema": "acortex.chips/1", "chips": rows})
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("chip", style="cyan", no_wrap=True)
    for heading in ("arrays", "memory", "area"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for row in rows:
        sizes = f"{row['arrays']:,}", f"{row['memory_kb']:,} KB", f"{row['area_mm2']:.4g} mm2"
        table.add_row(str(row["name"]), *sizes, str(row["description"]))
    show(console(), [table])


@chip.command("schema")
def schema() -> None:
    """Print the JSON Schema of chip files, for editors that complete and check them."""
    import json

    from acortex.sim.specs import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@chip.command("show")
@chip_argument
@set_option
@click.option("--svg", metavar="FILE", type=click.Path(), help="Draw the floor plan into this file.")
@format_option
def show_chip(chip: str, settings: tuple[str, ...], svg: str | None, form: str) -> None:
    """Show a chip's settings with units and sources, its areas and its floor plan."""
    from acortex.sim.area import chip_report
    from acortex.sim.floorplan import svg as draw
    from acortex.sim.specs import load_chip

    loaded = load_chip(chip, settings)
    report = chip_report(loaded)
    if svg:
        files.write(svg, draw(loaded))
    if svg == files.STANDARD:
        return
    if form == "json":
        print_json(report)
        return
    out = console()
    show(out, _parts(loaded, report, out.width))


def _parts(loaded: Chip, report: dict[str, Any], width: int) -> Iterator[RenderableType]:
    """A chip from the outside in: name, areas, floor plan, settings."""
    from rich.text import Text

    from acortex.sim.floorplan import text

    yield Text(loaded.name, style="bold cyan")
    yield Text(f"{loaded.description}\n", style="dim")
    yield Text(f"{report['arrays']:,} arrays, {report['area_mm2']:.4f} mm2\n", style="bold")
    yield _areas(report)
    yield Text(f"\n{text(loaded, width)}\n")
    yield from _settings(loaded)


def _areas(report: dict[str, Any]) -> RenderableType:
    """Area by component, largest first."""
    from rich.bar import Bar
    from rich.table import Table

    table = Table.grid(padding=(0, 2, 0, 0))
    areas: dict[str, float] = report["area_by_component_mm2"]
    for name, area in sorted(areas.items(), key=lambda item: -item[1]):
        bar = Bar(max(areas.values()), 0, area, width=30, color="blue")
        table.add_row(f"  {name.replace('_', ' ')}", bar, f"{area:.4f} mm2", percent(area, report["area_mm2"]))
    return table


def _settings(loaded: Chip) -> Iterator[RenderableType]:
    """Every setting: path, value and unit, and where the number comes from."""
    from rich.table import Table
    from rich.text import Text

    from acortex.sim.specs import SETTINGS

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("setting", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit", max_width=8)
    table.add_column("source", style="dim")
    for path, setting in SETTINGS.items():
        section, _, name = path.rpartition(".")
        value = loaded.config[section][name] if section else loaded.config[name]
        table.add_row(Text(path, "cyan"), _written(value), setting.unit, loaded.sources.get(path, ""))
    yield table


def _written(value: Any) -> str:
    """A setting's value as a chip file writes it."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
