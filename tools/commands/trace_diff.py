"""`acortex trace diff`: whether two traces are equal, where they part, and what moved."""

from __future__ import annotations

import click

from acortex.tools.console.output import console, form_option, print_json, show
from acortex.tools.console.progress import Working
from acortex.tools.console.ranges import TOLERANCE
from acortex.tools.console.spool import Spooled, open_trace


@click.command("diff")
@click.argument("first", metavar="A.actrace", type=Spooled())
@click.argument("second", metavar="B.actrace", type=Spooled())
@click.option(
    "--rtol-energy", metavar="RELATIVE", type=TOLERANCE, default=0.0, help="Relative tolerance of an event's energy."
)
@form_option(
    "markdown", "html", help="Text for people, JSON for programs, Markdown for a pull request, or one HTML file."
)
def diff(first: str, second: str, rtol_energy: float, form: str) -> int:
    """Compare two traces: where they part, and what moved. Exits with 1 where they differ.

    They may come from different chips, or from different programs of one network: those are aligned by their
    instructions, whatever their files, names and lines. What differs in settings and instructions is named first.
    """
    from acortex.sim.ledger.reprice import completed
    from acortex.traces.diff import diff as compare

    traces = completed(open_trace(first)), completed(open_trace(second))
    with Working("comparing"):
        report = compare(*traces, rtol_energy=rtol_energy)
    if form == "json":
        print_json(report)
    elif form == "text":
        from acortex.tools.views.diff import diff_parts

        show(console(), diff_parts(report), whole=True)
    else:
        from acortex.tools.views.diff_documents import markdown, page

        click.echo((markdown if form == "markdown" else page)(report, (first, second)), nl=False)
    return 0 if report.equal else 1
