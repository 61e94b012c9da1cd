"""`acortex history`: when a number moved, in which commit or on which chip file, and by what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.console.manners import warn
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar

if TYPE_CHECKING:
    from acortex.tools.history.results import HistoryReport


@click.command("history")
@click.argument("source", metavar="DIR|A..B|CHIPS")
@click.option("--range", "span", metavar="A..B", help="Of a folder of goldens: these commits alone.")
@click.option(
    "--program", "programs", metavar="P", multiple=True, help="Run this at the commits, or on the chips. Repeatable."
)
@click.option("--chip", "chips", metavar="CHIP", multiple=True, help="On this chip; else its own. Repeatable.")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="A setting over each chip. Repeatable.")
@click.option("--repository", metavar="DIR", help="The repository of A..B; else that of the current folder.")
@click.option("--all", "each", is_flag=True, help="Run at each commit; else ranges are halved where their ends differ.")
@click.option(
    "-o", "--output", "kept", metavar="DIR", type=click.Path(), help="Keep results here, and go on from them."
)
@format_option
def history(
    source: str,
    span: str | None,
    programs: tuple[str, ...],
    chips: tuple[str, ...],
    settings: tuple[str, ...],
    repository: str | None,
    each: bool,
    kept: str | None,
    form: str,
) -> int:
    """Show when a number moved, in which commit, and by which setting or instruction.

    DIR is a folder of goldens in a git repository, such as tests/timing: their past values are read, and nothing runs.
    With A..B each --program is run at commits of the repository, with its files as they were. A commit of acortex runs
    its own sources: give ranges that you trust. CHIPS is a folder of chip files: each --program is run on one after
    the other, by name.
    """
    given = {"--chip": chips, "--set": settings, "--repository": repository, "--all": each, "--output": kept}
    if programs:
        if span:
            raise UsageError("--range is for a folder of goldens", hint="write A..B in place of DIR")
        if Path(source).is_dir():
            _check_of_chips([name for name, value in given.items() if value and name != "--set"])
            report = _of_chips(source, programs, settings)
        else:
            report = _of_programs(source, programs, chips, settings, repository, each, kept)
    else:
        _check_of_goldens(source, [name for name, value in given.items() if value])
        from acortex.tools.history.following import of_goldens

        report = of_goldens(source, span or "HEAD")
    if form == "json":
        print_json(report)
    else:
        from acortex.tools.history.views import parts

        show(console(), parts(report), whole=True)
    return _exit_code_of(report)


def _exit_code_of(report: HistoryReport) -> int:
    """1 where nothing has a number, which is said, else 0."""
    if any(point.cycles is not None for one in report.series for point in one.points):
        return 0
    warn("nothing ran, on any of them" if report.of == "chips" else "nothing ran, at any commit")
    return 1


def _of_programs(
    span: str,
    programs: tuple[str, ...],
    chips: tuple[str, ...],
    settings: tuple[str, ...],
    repository: str | None,
    each: bool,
    kept: str | None,
) -> HistoryReport:
    from acortex.tools.history.following import of_programs

    with ProgressBar("going through commits") as bar:
        return of_programs(
            span, programs, chips,
            folder=repository or ".", settings=settings, kept=kept, each=each, progress=bar,
        )  # fmt: skip


def _of_chips(folder: str, programs: tuple[str, ...], settings: tuple[str, ...]) -> HistoryReport:
    from acortex.tools.history.following import of_chips

    with ProgressBar("going through chips") as bar:
        return of_chips(folder, programs, settings=settings, progress=bar)


def _check_of_chips(useless: list[str]) -> None:
    """Refuses what is for commits."""
    if useless:
        hint = "in a folder of chip files each program is run on every one of them"
        raise UsageError(f"{useless[0]} is for a range of commits", hint=hint)


def _check_of_goldens(source: str, useless: list[str]) -> None:
    """Refuses what needs a program."""
    if useless:
        raise UsageError(f"{useless[0]} is for --program", hint="goldens are read as they were, and nothing is run")
    if ".." in source.strip("./") and not Path(source).exists():
        hint = "add --program P, or name a folder of goldens and give --range"
        raise UsageError(f"a range of commits needs a program: {source}", hint=hint)
