"""What `acortex recalibrate` prints for people, made from `acortex.recalibrate/1` alone."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.sim.accuracy.results_of_recalibration import RecalibrationReport, ScaleRow
from acortex.tools.views.tables import number_table
from acortex.units import scaled
from acortex.wording import count

MOST = 40
"""Quantisers that are listed, before the rest is counted."""


def recalibration_parts(report: RecalibrationReport) -> Iterator[RenderableType]:
    """What sums became, which scales were chosen, and what measuring takes."""
    told = f"{count(report.inputs, 'input')} each, seed {report.seed}"
    yield Text.assemble((report.program, "bold cyan"), " measured on ", (count(report.chips, "chip"), "bold cyan"))
    yield Text.assemble("of ", (report.chip, "bold cyan"), f"   {told}\n")
    yield _scales(report.scales[:MOST])
    if len(report.scales) > MOST:
        yield Text(f"  and {len(report.scales) - MOST} more; --format json has all", "dim")
    for row in report.scales:
        if row.left:
            yield Text(f"The scale of {row.where} stays as it is: {row.left}.", "yellow")
    cost = report.cost
    taken = f"{cost.array_operations:,} array operations, {cost.conversions:,} conversions"
    yield Text(f"\nMeasuring takes {scaled(cost.time_s, 's')} for each chip and {scaled(cost.energy_j, 'J')} for all:")
    yield Text(f"{taken}, once.")
    if report.output is None:
        yield Text("Nothing was written: -o OUT.acx writes the program with these scales.", "dim")
    else:
        yield Text(f"The program with these scales: {report.output}.")


def _scales(rows: list[ScaleRow]) -> Table:
    """A row for each quantiser."""
    table = number_table("Layer", "sums shrink to", "least column", "most column", "codes per sum", "now")
    for row in rows:
        now = "as it was" if row.left else f"{row.codes_per_sum:.4g}"
        gains = (f"{100 * gain:.1f} %" for gain in (row.gain, row.gain_least, row.gain_most))
        each = " by column" if row.by_column else ""
        table.add_row(f"  {', '.join(row.layers)}{each}", *gains, f"{row.codes_per_sum_before:.4g}", now)
    return table
