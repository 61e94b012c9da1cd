"""`acortex optimise`: searches chips for the best ones."""

from __future__ import annotations

import click

from acortex.tools.commands.sweep import exit_code_of, processors, working_on
from acortex.tools.console.manners import say
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.ranges import TRIALS, WORKERS


@click.command()
@click.argument("spec", metavar="SPEC.toml", type=click.Path())
@click.option("-o", "--output", "folder", metavar="DIR", required=True, type=click.Path(), help="Keep results here.")
@click.option("--trials", metavar="N", type=TRIALS, default=100, show_default=True, help="Points to try.")
@click.option("--workers", metavar="N", type=WORKERS, help="Processes that work; else one per processor.")
@click.option("--scheduler", metavar="ADDRESS", help="Work on a scheduler of dask.distributed: tcp://127.0.0.1:8786.")
@format_option
def optimise(spec: str, folder: str, trials: int, workers: int | None, scheduler: str | None, form: str) -> int:
    """Search the axes of a sweep for the points that are best in several numbers at once.

    `objectives` of SPEC.toml names the numbers: latency_s and energy_j, unless it says otherwise. A search that was
    ended goes on with the same command, until DIR has so many trials. `acortex sweep show DIR` shows them again.
    """
    from acortex.tools.sweep.optimising import optimise as search
    from acortex.tools.sweep.spec import read_spec
    from acortex.tools.views.sweep import parts

    read = read_spec(spec)
    with working_on(workers or processors(), scheduler, workers is not None, "searching") as (many, executor, bar):
        report = search(read, folder, trials=trials, workers=many, executor=executor, progress=bar, say=say)
    if form == "json":
        print_json(report)
    else:
        show(console(), parts(report))
    return exit_code_of(report)
