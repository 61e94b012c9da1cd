"""`acortex trace top`: the instructions and layers of a run that cost most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import Working
from acortex.tools.console.ranges import Whole
from acortex.tools.console.selection import Selection, selection_options
from acortex.tools.console.spool import Spooled

if TYPE_CHECKING:
    from acortex.traces.results_of_tops import By

RANKINGS = ("cycles", "energy", "waits")
"""The names of `acortex.traces.top.MEASURES`, which help shows before that is loaded."""

MOST_ROWS = 1 << 16


@click.command("top")
@click.argument("path", metavar="RUN.actrace", type=Spooled())
@click.option(
    "--by",
    type=click.Choice(RANKINGS),
    default="cycles",
    show_default=True,
    help="What counts: busy cycles, energy without leakage, or cycles of waiting.",
)
@click.option("-n", "rows", type=Whole(1, MOST_ROWS), default=10, show_default=True, help="How many of each.")
@selection_options()
@format_option
def top(path: str, by: By, rows: int, form: str, chosen: Selection) -> None:
    """List the instructions and the layers that cost most, each with its part of the whole.

    The rows of a table and its last line, all others, add up to the whole.
    """
    from acortex.tools.views.trace_top import top_parts
    from acortex.traces.top import top as ranked

    trace = chosen.open(path)
    with Working("adding up"):
        found = ranked(trace, by, rows)
    if form == "json":
        print_json(found)
    else:
        show(console(), top_parts(found), whole=True)
