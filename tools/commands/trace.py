"""`acortex trace`: looks into what a run left behind."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from acortex.errors import UsageError
from acortex.tools.commands.trace_check import check
from acortex.tools.commands.trace_critical import critical
from acortex.tools.commands.trace_diff import diff
from acortex.tools.commands.trace_report import report
from acortex.tools.commands.trace_reprice import reprice
from acortex.tools.commands.trace_top import top
from acortex.tools.commands.trace_what_if import what_if
from acortex.tools.commands.view import print_view, rows_option, sort_option
from acortex.tools.console import files
from acortex.tools.console.manners import Group, warn
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import Working
from acortex.tools.console.selection import Selection, selection_options
from acortex.tools.console.spool import Spooled, open_trace, spool

if TYPE_CHECKING:
    from acortex.documents import Result
    from acortex.traces.instructions.totals import Sort

WIDEST = 1000
"""Columns of a timeline at most."""

DETAILS = ("layers", "instructions", "events")

trace_argument = click.argument("path", metavar="RUN.actrace", type=Spooled())


@click.group(cls=Group)
def trace() -> None:
    """Look into traces: what is in one, where time and energy went, what two differ in."""


@trace.command("info")
@trace_argument
@format_option
def info(path: str, form: str) -> None:
    """Say what a trace holds: program, chip, events, whether it is complete."""
    from acortex.tools.views.trace import info_parts
    from acortex.traces.file.reader import open as open_file
    from acortex.traces.info import info as describe

    _answer(describe(open_file(path)), form, info_parts)


@trace.command("stats")
@trace_argument
@selection_options()
@format_option
def stats(path: str, form: str, chosen: Selection) -> None:
    """Add up a trace: time and energy by component, unit, layer and source line."""
    from acortex.tools.views.trace import stats_parts
    from acortex.traces.stats import stats as add_up

    trace = chosen.open(path)
    with Working("adding up"):
        found = add_up(trace)
    _answer(found, form, stats_parts)


@trace.command("show")
@trace_argument
@selection_options("--to")
@click.option(
    "--by", type=click.Choice(["layer", "kind"]), default="layer", show_default=True, help="What colours mean."
)
@click.option("--instructions", is_flag=True, help="Show instructions as rows, as `acortex view` does.")
@rows_option
@sort_option
@format_option
def timeline(
    path: str, by: Any, instructions: bool, rows: int | None, sort: Sort | None, form: str, chosen: Selection
) -> None:
    """Draw a timeline: units, or with --instructions instructions, as rows, time from left to right."""
    if instructions:
        print_view(open_trace(path), chosen, rows, sort, form)
        return
    if rows is not None or sort is not None:
        raise UsageError("--rows and --sort are for --instructions", hint="give that, too, or leave them out")
    from acortex.tools.views.tables import part_line
    from acortex.traces.file.reader import open as open_file
    from acortex.traces.show import picture, shown
    from acortex.traces.show import report as drawn_report

    trace = open_file(path)
    cut = chosen.window(trace)
    window = cut and (max(cut[0], 0), min(cut[1], max(trace.cycles, 1)))
    rest = replace(chosen, first=None, end=None).of(trace)  # all that goes on in the window is drawn, as a whole
    if form == "json":
        print_json(drawn_report(rest, window=window, colour_by=by))
        return
    out = console(widest=WIDEST)  # a timeline is the better for each column
    drawn = picture(rest, window=window, width=out.width, colour_by=by)
    show(out, [*part_line(shown(rest, window)), drawn])


def _formats(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Completes the name of a format."""
    from acortex.traces.export.registry import exporters

    return [name for name in exporters() if name.startswith(incomplete)]


class FormatOption(click.Option):
    """An option whose help lists the registered formats; they are looked up only for help."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help, as click prints them."""
        from acortex.traces.export.registry import exporters

        formats = "; ".join(f"{one.name}: {one.description}" for one in exporters().values())
        return "--to FORMAT", f"{self.help} {formats}.  [required]"


@trace.command("export")
@trace_argument
@click.option(
    "--to", "target", metavar="FORMAT", cls=FormatOption, required=True, shell_complete=_formats, help="One of"
)
@click.option("-o", "--output", metavar="FILE", type=click.Path(), required=True, help="Write it here; - is stdout.")
@click.option("--detail", type=click.Choice(DETAILS), help="One row per event, or per instruction or layer of a unit.")
@selection_options()
def export(path: str, target: str, output: str, detail: str | None, chosen: Selection) -> None:
    """Write a trace in a format that other tools read.

    A viewer may be slow with millions of events: `--detail instructions` writes what each unit did for each
    instruction as one row.
    """
    from tempfile import TemporaryDirectory

    from acortex.traces.coarser import coarser
    from acortex.traces.export.registry import export as write

    files.check_apart((("RUN.actrace", path),), (("-o", output),))
    made = spool("export") if output == files.STANDARD else output
    trace = chosen.open(path)
    with TemporaryDirectory() as folder, Working(f"writing {target}"):
        shown = coarser(trace, detail, Path(folder) / "coarser.actrace") if detail else trace
        write(shown, target, made)
        size = os.path.getsize(made)
    if made != output:
        files.copy_to_stdout(made)
    _say_detail(target, size, len(shown.events), shown.header.level)


LARGE = 60_000_000
"""Bytes of an export that viewers load slowly."""


def _say_detail(target: str, size: int, rows: int, level: str) -> None:
    """Says on stderr how much detail a large export has, and how to have less."""
    if size > LARGE and level == "events":
        hint = "--detail instructions makes a smaller one"
        warn(f"the export to {target} has {size / 1e6:,.0f} MB: each of {rows:,} events; {hint}")


@trace.command("query")
@trace_argument
@click.argument("sql", metavar="SQL")
@selection_options()
@format_option
def query(path: str, sql: str, form: str, chosen: Selection) -> None:
    """Query a trace in SQL: the tables are events, waits, units, kinds, layers and lines."""
    from acortex.tools.views.trace import query_parts
    from acortex.traces.covers import covers
    from acortex.traces.query import query as ask
    from acortex.traces.results import QueryAnswer

    trace = chosen.open(path)
    with Working("querying"):
        answer = ask(trace, sql)
    rows = [list(row) for row in answer.rows]
    _answer(QueryAnswer(**covers(trace), columns=list(answer.columns), rows=rows), form, query_parts)


def _answer(found: Result, form: str, parts: Any) -> None:
    """Prints a report in the requested form."""
    if form == "json":
        print_json(found)
    else:
        show(console(), parts(found), whole=True)


trace.add_command(check)
trace.add_command(report)
trace.add_command(reprice)
trace.add_command(critical)
trace.add_command(diff)
trace.add_command(top)
trace.add_command(what_if)
