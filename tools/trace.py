"""`acortex trace`: looks into what a run left behind."""

from __future__ import annotations

from typing import Any

import click

from acortex.tools.console import console, format_option, print_json, show
from acortex.tools.manners import Group

trace_argument = click.argument("path", metavar="RUN.actrace", type=click.Path())


@click.group(cls=Group)
def trace() -> None:
    """Look into traces: what is in one, where time and energy went, what two differ in."""


@trace.command("info")
@trace_argument
@format_option
def info(path: str, form: str) -> None:
    """Say what a trace holds: program, chip, events, whether it is complete."""
    from acortex.tools.report_trace import info_parts
    from acortex.traces.info import info as describe
    from acortex.traces.reader import open as open_trace

    _answer(describe(open_trace(path)), form, info_parts)


@trace.command("stats")
@trace_argument
@format_option
def stats(path: str, form: str) -> None:
    """Add up a trace: time and energy by component, unit, layer and source line."""
    from acortex.tools.report_trace import stats_parts
    from acortex.traces.reader import open as open_trace
    from acortex.traces.stats import stats as add_up

    _answer(add_up(open_trace(path)), form, stats_parts)


@trace.command("show")
@trace_argument
@click.option("--from", "first", metavar="CYCLE", type=int, help="The first cycle shown.")
@click.option("--to", "end", metavar="CYCLE", type=int, help="The cycle before which the picture ends.")
@click.option(
    "--by", type=click.Choice(["layer", "kind"]), default="layer", show_default=True, help="What colours mean."
)
def timeline(path: str, first: int | None, end: int | None, by: Any) -> None:
    """Draw a timeline: units as rows, time from left to right."""
    from acortex.traces.reader import open as open_trace
    from acortex.traces.show import render

    opened = open_trace(path)
    window = None if first is None and end is None else (first or 0, opened.cycles if end is None else end)
    out = console()
    show(out, [render(opened, window=window, width=out.width, colour_by=by)])


@trace.command("diff")
@click.argument("first", metavar="A.actrace", type=click.Path())
@click.argument("second", metavar="B.actrace", type=click.Path())
@click.option(
    "--rtol-energy", type=click.FloatRange(min=0), default=0.0, help="Relative tolerance of an event's energy."
)
@format_option
def diff(first: str, second: str, rtol_energy: float, form: str) -> int:
    """Compare two traces: where they part, and what moved. Exits with 1 where they differ."""
    from acortex.tools.report_diff import diff_parts
    from acortex.traces.diff import diff as compare
    from acortex.traces.reader import open as open_trace

    report = compare(open_trace(first), open_trace(second), rtol_energy=rtol_energy)
    _answer(report, form, diff_parts)
    return 0 if report["equal"] else 1


def _answer(report: dict[str, Any], form: str, parts: Any) -> None:
    """Prints a report in the form that was asked for."""
    if form == "json":
        print_json(report)
    else:
        show(console(), parts(report))
