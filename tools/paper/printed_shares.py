"""What Fig. 7b prints of a run's area and energy, for pictures of a run that is one of its columns."""

from __future__ import annotations

from acortex.sim.results import TimedReport
from acortex.tools.paper.fig7b import COMPONENTS
from acortex.tools.paper.measure import COLUMNS
from acortex.tools.paper.printed import figure_7b


def printed_shares(run: TimedReport) -> dict[str, float]:
    """Shares by "energy.buses" and the like, of the paper's networks on their chips as published; else none."""
    column = _column(run)
    cells = figure_7b()[column] if column else {}
    return {
        f"{family}.{name}": float(cells[f"{family}_pct.{paper}"].value) / 100
        for family in ("area", "energy")
        for paper, name in COMPONENTS.items()
        if f"{family}_pct.{paper}" in cells
    }


def _column(run: TimedReport) -> str | None:
    """The column of a run; None where it is none of theirs, or not as published."""
    from acortex.programs import zoo

    column = next((column for column, network in COLUMNS.items() if network == run.program.name), None)
    if column is None or run.chip.overrides or run.stopped:
        return None
    return column if run.chip.name == zoo.entry(run.program.name).chip else None
