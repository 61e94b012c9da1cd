"""`acortex trace report`: one HTML page of a run, or of two and what they differ in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.tools.console.progress import ProgressBar, Working
from acortex.tools.console.selection import Selection, selection_options
from acortex.tools.console.spool import Spooled, open_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acortex.sim.advice.results import WhatIf
    from acortex.traces.file.reader import Trace


@click.command("report")
@click.argument("path", metavar="RUN.actrace", type=Spooled())
@click.argument("other", metavar="[B.actrace]", type=Spooled(), required=False)
@click.option(
    "-o", "--output", metavar="FILE.html", type=click.Path(), required=True, help="Write it here; - is stdout."
)
@click.option(
    "--what-if", "tries", is_flag=True, help="Simulate the run with each setting one step better, and show it."
)
@click.option("--program", metavar="PROGRAM", help="The program, for --what-if; else what the trace names.")
@selection_options()
def report(path: str, other: str | None, output: str, tries: bool, program: str | None, chosen: Selection) -> None:
    """Write one HTML page about a run, or a part of it; about two runs, what they differ in, too.

    The page holds all that it needs: what limited the run, energy, waits, power and memory over time, a timeline down
    to single events, and each instruction with what it waited for. It opens in any browser and loads nothing.
    """
    _check(other, tries, program)
    files.check_apart((("RUN.actrace", path), ("B.actrace", other)), (("-o", output),))
    if output != files.STANDARD:
        files.check_writable(output)
    paths = [one for one in (path, other) if one]
    traces = [open_trace(one) for one in paths]
    write(
        [(Path(one).name, trace) for one, trace in zip(paths, traces, strict=True)],
        output,
        _measured(traces[0], program) if tries else None,
        chosen,
    )


def _check(second: str | None, tries: bool, program: str | None) -> None:
    """Refuses options that contradict each other, before any file is read."""
    if second and tries:
        raise UsageError("--what-if is for one run", hint="leave it out, or give one trace")
    if program and not tries:
        raise UsageError("--program is for --what-if", hint="give that too, or leave it out")


def _measured(trace: Trace, program: str | None) -> WhatIf:
    """What each setting one step better takes."""
    from acortex.sim.advice.what_if import what_if
    from acortex.sim.ledger.reprice import recorded_chip
    from acortex.tools.open.recorded import recorded_program
    from acortex.traces.critical import check_path

    check_path(trace)
    found = recorded_program(trace, recorded_chip(trace), program)
    with ProgressBar("trying settings") as bar:
        return what_if(trace, found, progress=bar)


def write(
    traces: Sequence[tuple[str, Trace]],
    output: str,
    measured: WhatIf | None = None,
    chosen: Selection = Selection(),  # noqa: B008  # frozen
) -> None:
    """Writes the page of one trace, or of two, each with the name to show, or of the part that is chosen."""
    from acortex.tools.report.model import page_of
    from acortex.tools.report.render import render, require_jinja

    require_jinja()
    with ProgressBar("looking at waits") as bar:
        page = page_of(traces, measured, bar, chosen.of)
    with Working("writing the report"):
        text = render(page)
    files.write(output, text)
