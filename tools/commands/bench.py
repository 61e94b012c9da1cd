"""`acortex bench`: how fast the simulator itself is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.tools.results import BenchMachine, BenchRow


@click.command()
@click.option("--quick", is_flag=True, help="Fewer turns and shorter runs: seconds instead of minutes, and less exact.")
@click.option("--only", metavar="PART", multiple=True, help="Measure these parts alone, such as `skipping`.")
@format_option
def bench(form: str, quick: bool, only: tuple[str, ...]) -> None:
    """Measure the simulator's own speed, beside limits measured in the same run.

    Every ratio stands beside the one it should reach. NumPy computes on one core, so that both sides of a ratio do.
    """
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")  # read as NumPy is imported, below
    from acortex.tools.benchmarks import machine, measure, parts
    from acortex.tools.results import BenchReport

    for name in only:
        if name not in parts():
            raise UsageError(f"there is no part {name!r}", where="--only", hint=f"they are {', '.join(parts())}")
    with ProgressBar("benchmarks") as bar:
        rows = list(measure(quick, bar, only))
    report = BenchReport(machine=machine(), rows=[row.judged() for row in rows])
    if form == "json":
        print_json(report)
    else:
        show(console(), _parts(report.machine, report.rows))


def _parts(about: BenchMachine, rows: Sequence[BenchRow]) -> list[RenderableType]:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "value", "", "limit", "ratio", "reach", "holds"):
        table.add_column(name, justify="left" if name in ("", "holds") else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.name,
            _number(row.value),
            Text(row.unit, style="dim"),
            _number(row.limit),
            _number(row.ratio),
            "" if row.reach is None else f"{'<' if row.at_most else '>'} {row.reach:g}",
            {True: Text("yes", style="green"), False: Text("no", style="red"), None: Text("")}[row.holds],
        )
    notes = [f"{row.name}: the limit is {row.against}" for row in rows if row.against]
    return [
        Text.assemble(
            ("the simulator's own speed", "bold"),
            f"   Python {about.python}, NumPy {about.numpy}, {about.processor}, {about.cores} cores",
        ),
        Padding(table, (1, 0, 1, 2), expand=False),
        Text("\n".join(notes), style="dim"),
    ]


def _number(value: float | None) -> str:
    """Three digits or more, without a prefix: the unit stands beside."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
