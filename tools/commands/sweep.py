"""`acortex sweep`: many runs from one file, and what they say together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.tools.console.manners import Group, say, warn
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar
from acortex.tools.console.ranges import CONSTANTS, DRAWS, WORKERS
from acortex.tools.sweep.metrics import USUAL, metrics_of

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from acortex.tools.sweep.results import SweepReport


SAMPLES = 1000
"""Samples of constants for each point, unless it is said."""


class _Sweep(Group):
    """A command that is a group too: what names no command of its own is the file of a sweep."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the name of the first command before the file of a sweep."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Sweep, subcommand_metavar="SPEC.toml -o DIR | show DIR")
def sweep() -> None:
    """Run a program on many chips: any setting, technology, program or compiler option as an axis.

    SPEC.toml says what moves:

    \b
      program = "zoo:digits_mlp"
      [axes]
      "memory.ports" = [1, 2, 4]
      "clock_ns" = { from = 1.0, to = 4.0, steps = 4 }

    `acortex sweep SPEC.toml -o DIR` writes DIR/runs.parquet, one row per point, and goes on where it was ended.
    Its options: --workers N, --scheduler ADDRESS and --format json, as `acortex sweep SPEC.toml --help` describes them.
    """  # noqa: D301  # click wants the character itself


@sweep.command("run", hidden=True)
@click.argument("spec", metavar="SPEC.toml", type=click.Path())
@click.option("-o", "--output", "folder", metavar="DIR", required=True, type=click.Path(), help="Keep results here.")
@click.option("--workers", metavar="N", type=WORKERS, help="Processes that work; else one per processor.")
@click.option("--scheduler", metavar="ADDRESS", help="Work on a scheduler of dask.distributed: tcp://127.0.0.1:8786.")
@click.option("--uncertain", is_flag=True, help="Draw constants within their spreads: numbers get intervals.")
@click.option("--samples", metavar="N", type=CONSTANTS, help="Samples of constants per point; else 1,000.")
@click.option("--time-samples", metavar="N", type=DRAWS, help="Draws of delays, each simulated; else 100.")
@format_option
def run(
    spec: str,
    folder: str,
    workers: int | None,
    scheduler: str | None,
    uncertain: bool,
    samples: int | None,
    time_samples: int | None,
    form: str,
) -> int:
    """Run the points of a sweep that have no result in DIR yet.

    Each point is a row of DIR/runs.parquet, also one that fails. A sweep that is ended goes on with the same command.
    """
    from acortex.tools.sweep.spec import read_spec
    from acortex.tools.sweep.sweeping import sweep as run_all

    for option, given in (("--samples", samples), ("--time-samples", time_samples)):
        if given is not None and not uncertain:
            raise UsageError(f"{option} is for --uncertain", hint="give that too, or leave it out")
    read = replace(read_spec(spec), samples=(samples or SAMPLES) if uncertain else 0)
    read = read if time_samples is None else replace(read, time_samples=time_samples)
    for one in read.repeated:
        warn(f"{one}: it is run once, and has a row each time")
    with working_on(workers or processors(), scheduler, workers is not None, "sweeping") as (many, executor, bar):
        report = run_all(read, folder, workers=many, executor=executor, progress=bar, say=say)
    if form == "json":
        print_json(report)
    else:
        from acortex.tools.views.sweep import parts

        show(console(), parts(report))
    return exit_code_of(report)


def exit_code_of(report: SweepReport) -> int:
    """1 where every point failed, else 0; says how many did."""
    if report.failed:
        warn(f"{report.failed:,} of {report.points:,} points failed; their rows say why")
    return 1 if report.failed == report.points else 0


@contextmanager
def working_on(
    workers: int, scheduler: str | None, both: bool, what: str
) -> Iterator[tuple[int, Executor | None, ProgressBar]]:
    """What does the work of many runs: so many processes of this machine, or the executor of a scheduler; and its bar.

    Raises UsageError where `both` were asked for.
    """
    if scheduler and both:
        raise UsageError("--workers is for this machine, and a scheduler has its own", hint="leave one of them out")
    with ExitStack() as stack:
        executor: Executor | None = None
        if scheduler:
            from acortex.tools.sweep.cluster import cluster

            executor, workers = stack.enter_context(cluster(scheduler))
        yield workers, executor, stack.enter_context(ProgressBar(what))


@sweep.command("show")
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option("--pareto", metavar="A,B", default=",".join(USUAL), show_default=True, help="The front of these numbers.")
@click.option("--plot", metavar="FILE.svg", type=click.Path(), help="Draw the points here; needs acortex[plots].")
@click.option("--html", metavar="FILE.html", type=click.Path(), help="Write one interactive page; needs [report].")
@format_option
def show_(folder: str, pareto: str, plot: str | None, html: str | None, form: str) -> None:
    """Show what the points of a sweep say: which none beats, and which axis moves what.

    Numbers are the columns of DIR/runs.parquet, such as latency_s, energy_j, area_mm2, power_w and accuracy.
    """
    from acortex.tools.sweep.sweeping import files_of, look

    outputs = (("--plot", plot), ("--html", html), ("--format json", files.STANDARD if form == "json" else None))
    files.check_apart((("a file of the sweep", path) for path in files_of(folder)), outputs)
    for path in filter(None, (plot, html)):
        files.check_writable(path)
    report = look(folder, metrics_of(pareto))
    if html:
        from acortex.tools.report.sweep_page import sweep_page

        files.write(html, sweep_page(report))
    if plot:
        from acortex.tools.views.sweep_plot import draw

        files.write(plot, draw(report))
    if form == "json":
        print_json(report)
        return
    from acortex.tools.views.sweep import parts

    show(console(err=files.STANDARD in (plot, html)), parts(report))


def processors() -> int:
    """The processors that this process may use."""
    found: Sequence[int] = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else ()
    return len(found) or os.cpu_count() or 1
