"""`acortex chip show`: a chip's settings, areas and floor plan, with a program's groups on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.commands.chip_technologies import not_stated
from acortex.tools.console import files
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.open.chip_options import chip_argument, chip_files, set_option, written
from acortex.tools.open.programs import files_of
from acortex.units import percent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.sim.chip.buses import GroupRoute
    from acortex.sim.chip.groups import Group
    from acortex.sim.chip.results import ChipReport, GroupOnChip
    from acortex.sim.chip.specs import Chip
    from acortex.sim.functional.configuration import Configuration


FREE = "free: moves time and has no price. `acortex chip schema --text` says what each setting moves."
"""What the mark of a free setting means."""


@click.command("show")
@chip_argument
@set_option
@click.option("--program", metavar="PROGRAM", help="Draw the groups of this program.")
@click.option("--group", metavar="gN", help="Of them draw this one alone, and its way to the neurons.")
@click.option("--svg", metavar="FILE", type=click.Path(), help="Draw the floor plan into this file.")
@format_option
def show_chip(
    chip: str, settings: tuple[str, ...], program: str | None, group: str | None, svg: str | None, form: str
) -> None:
    """Show a chip's settings with units and sources, its areas and its floor plan.

    With --program only the floor plan is shown, with the arrays of the program's groups.
    """
    from acortex.sim.chip.area import chip_report
    from acortex.sim.chip.specs import load_chip

    read = (*chip_files("CHIP", chip), *(files_of(program) if program else ()))
    files.check_apart(read, (("--svg", svg), ("--format json", files.STANDARD if form == "json" else None)))
    loaded = load_chip(chip, settings)
    configuration = _configuration(loaded, program, group)
    groups, route, plans = _groups(configuration, program, group)
    report = chip_report(loaded, plans)
    if svg:
        files.write(svg, _svg(loaded, configuration, groups, route is not None))
    if svg == files.STANDARD:
        return
    if form == "json":
        print_json(report)
        return
    out = console()
    parts = _drawing(loaded, groups, route, out.width) if groups else _parts(loaded, report, out.width)
    show(out, parts)


def _configuration(loaded: Chip, program: str | None, group: str | None) -> Configuration | None:
    """How a program sets the chip up; a network is compiled for it. None without a program."""
    if program is None:
        if group is not None:
            raise UsageError("--group draws a group of a program", hint="name the program with --program")
        return None
    from acortex.sim.functional.configuration import configure
    from acortex.tools.open.programs import open_program

    return configure(open_program(program, loaded, weights=False), loaded)


def _groups(
    configuration: Configuration | None, program: str | None, name: str | None
) -> tuple[list[Group], GroupRoute | None, list[GroupOnChip] | None]:
    """The groups to draw, the route of the one that was named, and what the report says of them."""
    if configuration is None:
        return [], None, None
    numbers = sorted(configuration.groups) if name is None else [_named(name, configuration, program or "")]
    groups = [configuration.groups[number] for number in numbers]
    route = configuration.route(numbers[0]) if name else None
    return groups, route, [_plan(configuration, group) for group in groups]


def _svg(loaded: Chip, configuration: Configuration | None, groups: list[Group], routed: bool) -> str:
    """The floor plan as `acortex draw floorplan` has it."""
    from acortex.tools.drawing.floorplan import BARE, floorplan
    from acortex.tools.drawing.routes import route_of
    from acortex.tools.drawing.subjects import plan_of
    from acortex.tools.drawing.svg import svg

    if configuration is None:
        return svg(floorplan(loaded, BARE))
    route = route_of(groups[0], configuration.buses) if routed else None
    return svg(floorplan(loaded, plan_of(configuration, groups), route))


def _named(name: str, configuration: Configuration, program: str) -> int:
    """The number of the group that `--group` names."""
    known = [f"g{number}" for number in sorted(configuration.groups)]
    if name not in known:
        few = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
        raise UsageError(f"{program} has no group {name}", hint=f"its groups are {few}")
    return int(name[1:])


def _plan(configuration: Configuration, group: Group) -> GroupOnChip:
    """A group: its matrix, its rectangles and what it claims of the buses."""
    from acortex.sim.chip.results import GroupOnChip, Rectangle

    route = configuration.route(group.number)
    return GroupOnChip(
        group=group.number,
        rows=group.rows,
        columns=group.columns,
        arrays=group.arrays,
        rectangles=[
            Rectangle(column=rect.column, row=rect.row, height=rect.height, width=rect.width) for rect in group.rects
        ],
        segments=len(route.segments),
        length_mm=float(route.length_mm),
        turns=route.rounds,
    )


def _label(loaded: Chip) -> str:
    """A chip's name, and the settings that were laid over it."""
    from acortex.documents import chip_label
    from acortex.sim.chip.overrides import overrides

    return chip_label(loaded.name, overrides(loaded))


def _drawing(loaded: Chip, groups: list[Group], route: GroupRoute | None, width: int) -> Iterator[RenderableType]:
    """The floor plan with groups, and what the marks mean."""
    from rich.text import Text

    from acortex.sim.chip.floorplan_text import key, route_key, text

    yield Text(_label(loaded), style="bold cyan")
    yield Text(text(loaded, width, groups, route), no_wrap=True)
    yield Text(f"\n{key(loaded, groups, width)}", no_wrap=True)
    if route is not None:
        yield Text(route_key(groups[0], route))


def _parts(loaded: Chip, report: ChipReport, width: int) -> Iterator[RenderableType]:
    """A chip from the outside in: name, areas, floor plan, settings."""
    from rich.text import Text

    from acortex.sim.chip.floorplan_text import text

    yield Text(_label(loaded), style="bold cyan")
    yield Text(f"{loaded.description}\n", style="dim")
    yield Text(f"{report.arrays:,} arrays, {report.area_mm2:.4f} mm2\n", style="bold")
    yield _areas(report)
    yield Text(f"\n{text(loaded, width)}\n")
    yield from _settings(loaded, report)


def _areas(report: ChipReport) -> RenderableType:
    """Area by component, largest first."""
    from rich.bar import Bar
    from rich.table import Table

    from acortex.wording import plain

    table = Table.grid(padding=(0, 2, 0, 0))
    areas = report.area_by_component_mm2
    for name, area in sorted(areas.items(), key=lambda item: -item[1]):
        bar = Bar(max(areas.values()), 0, area, width=30, color="blue")
        table.add_row(f"  {plain(name)}", bar, f"{area:.4f} mm2", percent(area, report.area_mm2))
    return table


def _settings(loaded: Chip, report: ChipReport) -> Iterator[RenderableType]:
    """Every setting that is stated: path, value, unit and source; the free and the unsourced are marked."""
    from rich.table import Table
    from rich.text import Text

    from acortex.sim.chip.chip_files import has_source
    from acortex.sim.chip.specs import SETTINGS

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("setting", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit", max_width=8)
    table.add_column("source", style="dim")
    for path, setting in SETTINGS.items():
        if loaded.value(path) is None:
            continue
        source = Text(loaded.sources.get(path, ""))
        source.append("" if has_source(source.plain) else " (no source)", "yellow")
        source.append(" (free)" if setting.free else "", "yellow")
        table.add_row(Text(path, "cyan"), written(loaded.value(path)), setting.unit, source)
    yield table
    yield from not_stated(report.not_stated)
    yield Text(f"\n{FREE}", style="dim")
