"""A result in a notebook: its numbers and its trace, in the form in which pieces and pictures take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acortex.errors import UsageError
from acortex.sim.ledger.facts import facts
from acortex.sim.results import RunReport, TimedReport, timed
from acortex.traces.display import pieces
from acortex.traces.display.numbers import LayerNumbers, Numbers, PowerNumbers, UnitNumbers, WaitNumbers
from acortex.traces.display.opened import open as open_trace
from acortex.traces.display.plots import Plots

if TYPE_CHECKING:
    from acortex.traces.file.reader import Trace


def numbers(report: RunReport) -> Numbers:
    """The numbers of a run. Raises UsageError for one whose time was not simulated."""
    if not report.cycles:
        nothing = "took no cycle" if report.cycles == 0 else "simulated no time"
        raise UsageError(f"there is nothing to draw: this run {nothing}", hint="leave out timing=False")
    return _numbers(timed(report))


def _numbers(run: TimedReport) -> Numbers:
    power = run.power
    return Numbers(
        title=_title(run),
        part="" if run.covers is None else run.covers.lost,
        cycles=run.cycles,
        clock_ns=run.clock_ns,
        inferences=len(run.inferences),
        energy_aj=run.energy_aj,
        components=run.energy_by_component_aj,
        layers=[LayerNumbers(row.name, row.cycles, row.energy_aj) for row in run.layers],
        units={name: UnitNumbers(spent.busy, spent.waiting, spent.idle) for name, spent in run.utilisation.items()},
        waits=[WaitNumbers(row.unit, row.cause, row.cycles) for row in run.waits],
        power=PowerNumbers(
            power.window_cycles, power.windows_aj, power.peak_w, power.peak_cycle, power.average_w, power.leakage_w
        ),
    )


def page(report: RunReport) -> str:
    """A run as HTML for a notebook; of one without time the headline numbers that it has."""
    found = numbers(report) if report.cycles else Numbers(_title(report), report.stopped or "", 0, report.clock_ns)
    return pieces.page(found, facts(report))


def plots(report: RunReport) -> Plots:
    """The pictures of a run."""
    return Plots(lambda: numbers(report), lambda: _trace(report))


def _title(report: RunReport) -> str:
    return f"{report.program.name} on {report.chip.label}"


def _trace(report: RunReport) -> Trace:
    if report.trace is None:
        raise UsageError(
            "a timeline needs every event, and this run wrote no trace", hint='give it one: trace="run.actrace"'
        )
    return open_trace(report.trace)
