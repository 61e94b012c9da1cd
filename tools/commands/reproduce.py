"""`acortex reproduce`: the source paper's figures, ours beside theirs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.tools.console.output import console, form_option, print_json, show
from acortex.tools.console.progress import ProgressBar

if TYPE_CHECKING:
    from acortex.tools.paper.figures.figure import Figure

FIGURES = ("fig2", "fig3", "fig4", "fig5", "fig6", "fig7b", "fig7c")

WITH_MNIST = ("fig5",)
"""The figures that take a user's digits."""


@click.command()
@click.argument("figure", type=click.Choice(FIGURES), metavar="FIGURE")
@form_option("markdown", help="Text for people, JSON for programs, or Markdown for a page.")
@click.option("--plot", metavar="FILE.svg", type=click.Path(), help="Draw the figure here; needs acortex[plots].")
@click.option("--mnist", metavar="DIR", type=click.Path(), help="fig5: the full MNIST test set, as IDX files.")
def reproduce(figure: str, form: str, plot: str | None, mnist: str | None) -> None:
    """Print a figure of the source paper with ours beside it.

    \b
    fig2: seven kinds of analog multipliers, ranked
    fig3: half-selected cells of passive crossbars
    fig4: letters on two passive crossbars, and a pattern of ten levels
    fig5: handwritten digits on a classifier in 180-nm flash
    fig6: a chip that is made for one network
    fig7b: the table of three networks on their chips
    fig7c: GNMT on a chip with digital units

    Compiles and simulates what the figure takes: seconds, for fig4, fig5 and fig7b about a minute.
    """  # noqa: D301  # click wants the character itself
    if plot:
        from acortex.tools.paper.svg import require_matplotlib

        require_matplotlib()
        files.check_writable(plot)
    if mnist and figure not in WITH_MNIST:
        raise UsageError(f"{figure} takes no digits", hint=f"--mnist goes with {' and '.join(WITH_MNIST)}")
    if figure == "fig7b":
        _fig7b(form, plot)
    else:
        _demonstrator(_made(figure, mnist), form, plot)


def _made(name: str, mnist: str | None) -> Figure:
    from acortex.tools.paper.figures.figure import Options
    from acortex.tools.paper.figures.registry import demonstrator

    with ProgressBar(name) as bar:
        return demonstrator(name).made(Options(Path(mnist) if mnist else None), bar)


def _demonstrator(figure: Figure, form: str, plot: str | None) -> None:
    from acortex.tools.paper.figures import view

    if plot:
        files.write(plot, figure.picture())
    if form == "json":
        print_json(figure.report())
    elif form == "markdown":
        click.echo(view.markdown(figure))
    else:
        show(console(), view.parts(figure))


def _fig7b(form: str, plot: str | None) -> None:
    from acortex.tools.paper import report
    from acortex.tools.paper.measure import reproduction, runs_of_fig7b

    runs = runs_of_fig7b()
    if plot:
        from acortex.tools.paper.fig7b_plot import draw

        files.write(plot, draw(runs.own))
    if form == "json":
        print_json(reproduction(runs))
    elif form == "markdown":
        click.echo(report.markdown(runs))
    else:
        show(console(), report.parts(runs))
