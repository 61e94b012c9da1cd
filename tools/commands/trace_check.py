"""`acortex trace check`: holds a run against its golden, for projects without pytest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from acortex.tools.console import files
from acortex.tools.console.output import form_option, print_json
from acortex.tools.console.spool import Spooled

if TYPE_CHECKING:
    from acortex.tools.results import CheckReport
    from acortex.traces.file.reader import Trace
    from acortex.traces.golden import Golden


@click.command("check")
@click.argument("path", metavar="RUN.actrace", type=Spooled())
@click.argument("golden", metavar="GOLDEN.json", type=click.Path())
@click.option("--update", is_flag=True, help="Write the golden, and say what changed.")
@click.option(
    "--tolerance",
    "given",
    metavar="NAME=RELATIVE",
    multiple=True,
    help="Let a metric, or all below a name, differ by so much of itself: energy_aj=1e-6. Repeatable.",
)
@click.option("--before", metavar="OLD.actrace", type=Spooled(), help="The golden's run: says where the two part.")
@form_option("github", help="Text for people, JSON for programs, or a mark in a pull request.")
def check(path: str, golden: str, update: bool, given: tuple[str, ...], before: str | None, form: str) -> int:
    """Hold a run against a golden: exits with 1 where any cycle, count or attojoule differs, faster ones too."""
    from acortex.sim.ledger.reprice import completed
    from acortex.tools.goldens import check as checking
    from acortex.traces.file.reader import open as open_trace
    from acortex.traces.golden import check_tolerances
    from acortex.traces.golden import golden as measure

    files.check_apart((("RUN.actrace", path), ("--before", before)), (("--update", golden if update else None),))
    run = completed(open_trace(path))
    recorded = checking.replaced_golden(golden) if update else checking.read_golden(golden)
    allowed = checking.tolerances(given)
    measured = measure(run)
    if recorded is None:
        check_tolerances(allowed, measured)
        return _make(run, measured, golden, form)
    report = checking.check(
        run,
        recorded,
        golden,
        tolerances=allowed,
        reference=completed(open_trace(before)) if before else None,
        measured=measured,
    )
    written = update and checking.write_golden(Path(golden), measured)
    _print(report.model_copy(update={"written": written}), form)
    if written:
        click.echo(f"{golden}: updated", err=form != "text")
    return 0 if report.equal or update else 1


def _print(report: CheckReport, form: str) -> None:
    from acortex.tools.goldens import check as checking

    if form == "json":
        print_json(report)
    elif form == "github":
        click.echo(checking.github(report), nl=not report.equal)
    else:
        click.echo("\n".join(checking.lines(report)))


def _make(run: Trace, measured: Golden, golden: str, form: str) -> int:
    """Writes a golden that is not there yet; with --format json the report says that the run equals it."""
    from acortex.tools.goldens import check as checking

    checking.write_golden(Path(golden), measured)
    if form == "json":
        equal = checking.check(run, measured, golden, measured=measured)
        print_json(equal.model_copy(update={"written": True}))
    click.echo(f"{golden}: written, {run.cycles} cycles", err=form != "text")
    return 0
