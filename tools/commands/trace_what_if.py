"""`acortex trace what-if`: what a recorded run would take with each setting one step better."""

from __future__ import annotations

import click

from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar
from acortex.tools.console.spool import Spooled


@click.command("what-if")
@click.argument("path", metavar="RUN.actrace", type=Spooled())
@click.option(
    "--program", metavar="PROGRAM", help="The program of the run, as `acortex run` takes it; else what its trace names."
)
@click.option("--setting", "settings", metavar="PATH", multiple=True, help="Try this one: memory.ports. Repeatable.")
@format_option
def what_if(path: str, program: str | None, settings: tuple[str, ...], form: str) -> None:
    """Simulate a recorded run with each setting one step better: what it gains, beside what it could gain at most.

    A delay is made a cycle shorter, what there are several of is doubled, what is off is on; then each pair of the
    three best. Time alone is simulated. A run that becomes slower says which wait grew, and what holds it.
    """
    from acortex.sim.advice.what_if import what_if as try_settings
    from acortex.sim.ledger.reprice import recorded_chip
    from acortex.tools.open.recorded import recorded_program
    from acortex.tools.views.what_if import what_if_parts
    from acortex.traces.critical import check_path
    from acortex.traces.file.reader import open as open_trace

    trace = open_trace(path)
    check_path(trace)
    found = recorded_program(trace, recorded_chip(trace), program)
    with ProgressBar("trying settings") as bar:
        report = try_settings(trace, found, settings=settings, progress=bar)
    if form == "json":
        print_json(report)
    else:
        show(console(), what_if_parts(report), whole=True)
