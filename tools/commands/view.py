"""`acortex view`: what each instruction of a program, or of a recorded run, did and waited for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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

TRACES = (".actrace", ".actrace.part")
"""How the name of a recorded run ends."""

MOST_CYCLES = 1_000_000
"""Cycles of a program that are simulated, unless more are asked for."""

SORTS = ("critical", "busy", "waiting", "energy", "times", "line")

COLUMNS = 240
"""Columns of a view at most: strips have as many marks as a terminal has room for."""

rows_option = click.option("--rows", metavar="N", type=CYCLES, help="So many executions have a row; else 32.")
sort_option = click.option("--sort", type=click.Choice(SORTS), help="The order of the sums; else critical.")


@dataclass(frozen=True)
class _How:
    """How a program is simulated; None and nothing are as its run would be."""

    inputs: str | None
    inferences: int | None
    chip: str | None
    settings: tuple[str, ...]
    max_cycles: int | None

    def given(self) -> str:
        """The first option that was given, "" for none."""
        options = {
            "--input": self.inputs,
            "--inferences": self.inferences,
            "--chip": self.chip,
            "--set": self.settings,
            "--max-cycles": self.max_cycles,
        }
        return next((name for name, value in options.items() if value), "")


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
def view(
    program: str, inputs: str | None, inferences: int | None, chip: str | None, settings: tuple[str, ...],
    max_cycles: int | None, chosen: Selection, rows: int | None, sort: Sort | None, form: str,
) -> None:  # fmt: skip
    """Show each instruction: when it was issued, what it waited for and what ended that, and what it cost.

    PROGRAM is FILE.s, FILE.acx, FILE.onnx or zoo:NAME, whose time is simulated; or RUN.actrace, an earlier run. Loops
    are shown with the time that a turn takes once turns repeat, and what bounds it (docs/view.md).
    """
    how = _How(inputs, inferences, chip, settings, max_cycles)
    if program.endswith(TRACES):
        if given := how.given():
            raise UsageError(f"{given} is for a program, and {program} is a recorded run", hint="leave one of them out")
        trace = open_trace(program)
    else:
        trace = _simulated(program, how)
    print_view(trace, chosen, rows, sort, form, program)


def print_view(trace: Trace, chosen: Selection, rows: int | None, sort: Sort | None, form: str, name: str = "") -> None:
    """Prints the view of a part of a trace, `name` to its user."""
    from acortex.sim.ledger.reprice import completed
    from acortex.tools.views.instructions import bins_for, view_parts
    from acortex.traces.instructions.view import BINS, ROWS, view_of

    out, whole = console(widest=COLUMNS), completed(trace)
    with Working("looking at instructions"):
        bins = BINS if form == "json" else bins_for(out.width)
        report = view_of(whole, chosen.of(whole, name), rows=rows or ROWS, bins=bins, sort=sort or "critical")
    if form == "json":
        print_json(report)
    else:
        show(out, view_parts(report, out.width))


def _simulated(program: str, how: _How) -> Trace:
    """Simulates the time of a program, and opens the trace of that."""
    from acortex.sim.inputs import HostData
    from acortex.sim.tracing import Tracing
    from acortex.tools.api import prepare
    from acortex.tools.open.arrays import read_arrays
    from acortex.traces.file.reader import open as open_file

    if how.inputs and how.inferences:
        raise UsageError("--inferences is for a run without --input", hint="leave one of them out")
    given = read_arrays(how.inputs) if how.inputs else None
    made, path = prepare(program, how.chip, settings=how.settings, inputs=given), spool("run.actrace")
    if how.inferences:
        made = replace(made, host=HostData({}, how.inferences, None))  # time does not depend on what the inputs are
    with ProgressBar("simulating") as bar:
        made.time(trace=Tracing(path), max_cycles=how.max_cycles or MOST_CYCLES, progress=bar, keep_interrupted=True)
    return open_file(path)
