"""`acortex reproduce`: the source paper's figures, ours beside theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from acortex.tools import files
from acortex.tools.console import console, print_json, show
from acortex.tools.progress import ProgressBar

if TYPE_CHECKING:
    from acortex.tools.fig7b import Measured
    from acortex.tools.results import Reproduction

COLUMNS = {"inception_v1": "inception_v1", "resnet_152": "resnet152", "gnmt": "gnmt"}
"""The networks of Fig. 7b by the names of its columns, with those of the zoo."""

BESIDE = "resnet152_as_tabulated"
LARGEST = "acortex_gnmt"


@click.command()
@click.argument("figure", type=click.Choice(["fig7b"]))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Text for people, JSON for programs, or Markdown for a page.",
)
@click.option("--plot", metavar="FILE.svg", type=click.Path(), help="Draw the figure here; needs acortex[plots].")
def reproduce(figure: str, form: str, plot: str | None) -> None:
    """Print a figure of the source paper with ours beside it: fig7b, the table of three networks on their chips.

    Compiles and simulates each network; takes about a minute.
    """
    if plot:
        files.check_writable(plot)
    runs, beside, largest = runs_of_fig7b()
    if plot:
        from acortex.tools.fig7b_plot import draw

        files.write(plot, draw(runs))
    if form == "json":
        print_json(report(runs, beside, largest))
        return
    from acortex.tools import report_fig7b as pages

    if form == "markdown":
        click.echo(pages.markdown(runs, beside, largest))
    else:
        show(console(), pages.parts(runs, beside, largest))


def report(runs: dict[str, Measured], beside: Measured, largest: dict[str, Measured]) -> Reproduction:
    """Rows of the paper's three networks, fitted constants, and two tables beside them."""
    from acortex.tools import fig7b
    from acortex.tools.results import Reproduction

    return Reproduction(
        rows=fig7b.rows(runs),
        fitted=fig7b.constants(runs),
        resnet152_as_tabulated=fig7b.beside(runs, beside),
        largest_chip=fig7b.on_largest(runs, largest),
    )


def runs_of_fig7b() -> tuple[dict[str, Measured], Measured, dict[str, Measured]]:
    """The networks on their own chips, the tabulated ResNet on that of ResNet, and the smaller two on the largest."""
    with ProgressBar("networks") as bar:
        bar(0, len(COLUMNS) + 3)
        done = 0

        def measured(name: str, chip: str | None = None) -> Measured:
            nonlocal done
            found = measure(name, chip)
            done += 1
            bar(done, len(COLUMNS) + 3)
            return found

        runs = {column: measured(name) for column, name in COLUMNS.items()}
        beside = measured(BESIDE)
        largest = {column: measured(COLUMNS[column], LARGEST) for column in ("inception_v1", "resnet_152")}
    return runs, beside, largest


def measure(name: str, chip: str | None = None) -> Measured:
    """Compiles a network of the zoo for a chip, its own unless told, and simulates one inference's time and energy."""
    from acortex.programs import zoo
    from acortex.programs.graph import Product, Recurrent
    from acortex.sim.run import run
    from acortex.sim.specs import load_chip
    from acortex.tools.compiled import compiled_network
    from acortex.tools.fig7b import Measured

    chip = chip or zoo.entry(name).chip
    compiled = compiled_network(name, chip)
    layers = compiled.plan.graph.layers
    parameters = sum(layer.weights.size for layer in layers if isinstance(layer, Product | Recurrent))
    simulated = run(compiled.program, load_chip(chip), values=False)
    return Measured(simulated.report, compiled.report, int(parameters))
