"""What `acortex run` prints for two chips, made from `acortex.compare/1` alone."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.sim.chip.results import Comparison
from acortex.sim.results import TimedReport, timed
from acortex.tools.views.diff import given
from acortex.tools.views.run import plain
from acortex.units import percent, scaled


def parts(report: Comparison) -> Iterator[RenderableType]:
    """Two runs beside each other: time, power, area and energy with ratios, then what limited each."""
    a, b = report.chips
    yield Text.assemble((report.program.name, "bold cyan"), " on ", (a, "bold cyan"), " and ", (b, "bold cyan"))
    yield from given(report.changed)
    yield Text()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    for name in (a, b):
        table.add_column(name, justify="right")
    table.add_column("ratio", justify="right", no_wrap=True)
    for row in report.rows:
        if any(row.values_):
            ratio = "" if row.ratio is None else f"x {row.ratio:.3f}"
            table.add_row(_name(row.name), *(_amount(value, row.unit) for value in row.values_), ratio)
    yield table
    yield Text("\nThe longest wait, and the busiest unit", "bold")
    for run in report.runs:
        yield Text(f"  {run.chip.name}: {_limit(timed(run))}")


def _name(name: str) -> str:
    """A row's name: a component of the energy stands under it."""
    prefix, dot, component = name.partition(".")
    return f"  {plain(component)}" if dot else prefix


def _amount(value: float, unit: str) -> str:
    """A value with its unit; cycles and areas as they are."""
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
