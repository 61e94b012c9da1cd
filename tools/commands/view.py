"""`acortex view`: what each instruction of a program, or of a recorded run, did and waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from acortex.errors import UsageError
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar, Working
from acortex.tools.console.ranges import CYCLES, INFERENCES
from acortex.tools.console.selection import Selection, selection_options
from acortex.tools.console.spool import open_trace, spool
from acortex.tools.open.chip_options import chip_option, set_option
from acortex.tools.open.programs import program_argument

if TYPE_CHECKING:
    from acortex.traces.file.reader import Trace
    from acortex.traces.instructions.totals import Sort

TRACES = (".actrace", ".part")
"""How the name of a recorded run ends."""

MOST_CYCLES = 1_000_000
"""Cycles of a program that are simulated, unless more are asked for."""

SORTS = ("critical", "busy", "waiting", "energy", "times", "line")

COLUMNS = 240
"""Columns of a view at most: strips have as many marks as a terminal has room for."""

rows_option = click.option("--rows", metavar="N", type=CYCLES, help="So many executions have a row; else 32.")
sort_option = click.option("--sort", type=click.Choice(SORTS), help="The order of the sums; else critical.")


@click.command()
@program_argument
@click.option("--input", "inputs", metavar="X", type=click.Path(), help="Run on these: .npy, or .npz by input name.")
@click.option("--inferences", metavar="N", type=INFERENCES, help="Simulate so many, whatever inputs there are.")
@chip_option
@set_option
@click.option("--max-cycles", metavar="N", type=CYCLES, help=f"Simulate so many cycles; else {MOST_CYCLES:,} at most.")
@selection_options()
@rows_option
@sort_option
@format_option
def view(program: str, form: str, rows: int | None, sort: Sort | None, chosen: Selection, **how: Any) -> None:
    """Show each instruction: when it was issued, what it waited for and what ended that, and what it cost.

    PROGRAM is FILE.s, FILE.acx, FILE.onnx or zoo:NAME, whose time is simulated; or RUN.actrace, an earlier run.
    """
    print_view(_recorded(program, how), chosen, rows, sort, form)


def print_view(trace: Trace, chosen: Selection, rows: int | None, sort: Sort | None, form: str) -> None:
    """Prints the view of a part of a trace."""
    from acortex.tools.views.instructions import bins_for, view_parts
    from acortex.traces.instructions.view import BINS, ROWS, view_of

    out = console(widest=COLUMNS)
    with Working("looking at instructions"):
        bins = BINS if form == "json" else bins_for(out.width)
        report = view_of(trace, chosen.of(trace), rows=rows or ROWS, bins=bins, sort=sort or "critical")
    if form == "json":
        print_json(report)
    else:
        show(out, view_parts(report, out.width))


def _recorded(program: str, how: dict[str, Any]) -> Trace:
    """The trace of an earlier run, or of one that is made now."""
    if not program.endswith(TRACES):
        return _simulated(program, **how)
    given = [name for name, value in how.items() if value]
    if given:
        option = {"inputs": "--input", "settings": "--set"}.get(given[0], f"--{given[0].replace('_', '-')}")
        raise UsageError(f"{option} is for a program, and {program} is a recorded run", hint="leave one of them out")
    return open_trace(program)


def _simulated(
    program: str,
    inputs: str | None,
    inferences: int | None,
    chip: str | None,
    settings: tuple[str, ...],
    max_cycles: int | None,
) -> Trace:
    """Simulates the time of a program, and opens the trace of that."""
    from acortex.sim.inputs import HostData
    from acortex.sim.tracing import Tracing
    from acortex.tools.api import prepare
    from acortex.tools.open.arrays import read_arrays
    from acortex.traces.file.reader import open as open_file

    if inputs and inferences:
        raise UsageError("--inferences is for a run without --input", hint="leave one of them out")
    given = read_arrays(inputs) if inputs else None
    made, path = prepare(program, chip, settings=settings, inputs=given), spool("run.actrace")
    if inferences:
        made = replace(made, host=HostData({}, inferences, None))  # time does not depend on what the inputs are
    with ProgressBar("simulating") as bar:
        made.time(trace=Tracing(path), max_cycles=max_cycles or MOST_CYCLES, progress=bar)
    return open_file(path)
