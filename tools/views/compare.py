"""What `acortex run` prints for several chips, made from `acortex.compare/1` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_lowercase

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.documents import Number
from acortex.sim.chip.results import Comparison
from acortex.sim.results import TimedReport, timed
from acortex.tools.views.changed import value_text
from acortex.tools.views.run import partial
from acortex.units import percent, scaled
from acortex.wording import UNKNOWN, plain

BESIDE = 2
"""Chips that stand beside the first one in a table: more come in further tables below."""


def parts(report: Comparison) -> Iterator[RenderableType]:
    """Runs beside each other: what differs, then time, power, area and energy with ratios, then what limited each."""
    names = _names(len(report.chips))
    yield from _stopped(report, report.chips if len(names) == 2 else names)
    yield _heading(report)
    if len(report.chips) > 2:
        yield from (Text(f"  {name}  {chip}") for name, chip in zip(names, report.chips, strict=True))
    yield from _changed(report, names)
    others = range(1, len(names))
    for at in range(0, len(others), BESIDE):
        yield Text()
        yield _beside(report, names, (0, *others[at : at + BESIDE]))
    yield Text("\nThe longest wait, and the busiest unit", "bold")
    for name, chip, run in zip(names, report.chips, report.runs, strict=True):
        yield Text(f"  {chip if len(names) == 2 else name}: {_limit(timed(run))}")


def _names(number: int) -> list[str]:
    """What chips are called where their own names would be too long: a, b, c; after z numbers."""
    return [ascii_lowercase[at] if at < len(ascii_lowercase) else str(at + 1) for at in range(number)]


def _stopped(report: Comparison, names: Sequence[str]) -> Iterator[Text]:
    """The first lines where a run was stopped: which one, why, and what of it there is."""
    for name, covers in zip(names, report.covers, strict=True):
        if covers is not None:
            yield Text.assemble((f"{name}: ", "bold red"), partial(covers))


def _heading(report: Comparison) -> Text:
    """What ran on what."""
    line = Text.assemble((report.program.name, "bold cyan"), " on ")
    if len(report.chips) > 2:
        return line.append(f"{len(report.chips)} chips")
    first, second = report.chips
    return line.append(first, "bold cyan").append(" and ").append(second, "bold cyan")


def _changed(report: Comparison, names: Sequence[str]) -> Iterator[RenderableType]:
    """The settings that differ, each with what every chip has."""
    changed = report.changed
    if not changed.settings:
        yield Text("  the same settings")
    table = Table.grid(padding=(0, 2, 0, 0))
    for one in changed.settings:
        values = [value_text(value) for value in one.values_]
        pairs = [f"{name} {value}" for name, value in zip(names, values, strict=True)]
        table.add_row("  setting", one.path, *([" -> ".join(values)] if len(values) == 2 else [", ".join(pairs)]))
    if changed.settings:
        yield table
    if changed.program is None:
        yield Text("  each chip runs a program that was compiled for it")


def _beside(report: Comparison, names: Sequence[str], chosen: Sequence[int]) -> Table:
    """The quantities of some runs as a table, with ratios to the first."""
    titles = report.chips if len(report.chips) == 2 else names
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    for at in chosen:
        table.add_column(titles[at], justify="right")
        if at:
            table.add_column("ratio" if len(titles) == 2 else f"to {names[0]}", justify="right", no_wrap=True)
    for row in report.rows:
        if not any(row.values_):
            continue
        cells = []
        for at in chosen:
            cells.append(_amount(row.values_[at], row.unit))
            cells += [_ratio(row.ratios[at])] if at else []
        table.add_row(_name(row.name), *cells)
    return table


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"x {ratio:.3f}"


def _name(name: str) -> str:
    """A row's name: a component of the energy stands under it."""
    prefix, dot, component = name.partition(".")
    return f"  {plain(component)}" if dot else prefix


def _amount(value: Number | None, unit: str) -> str:
    """A value with its unit; cycles and areas as they are."""
    if value is None:
        return UNKNOWN
    if unit == "cycles":
        return f"{value:,}"
    return f"{value:.4f} {unit}" if unit == "mm2" else scaled(value, unit)


def _limit(run: TimedReport) -> str:
    """What a run waited for longest, and which of its units was busiest."""
    spent = run.utilisation
    busiest = max(spent, key=lambda unit: spent[unit].busy)
    busy = f"{busiest} busy {percent(spent[busiest].busy, run.cycles)}"
    if not run.waits:
        return busy
    wait = run.waits[0]
    return f"{wait.unit} waited {percent(wait.cycles, run.cycles)} for {wait.cause.replace('_', ' ')}; {busy}"
