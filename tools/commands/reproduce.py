"""`acortex reproduce`: the source paper's figures, ours beside theirs."""

from __future__ import annotations

import click

from acortex.tools.console import files
from acortex.tools.console.output import console, form_option, print_json, show


@click.command()
@click.argument("figure", type=click.Choice(["fig7b"]), metavar="FIGURE")
@form_option("markdown", help="Text for people, JSON for programs, or Markdown for a page.")
@click.option("--plot", metavar="FILE.svg", type=click.Path(), help="Draw the figure here; needs acortex[plots].")
def reproduce(figure: str, form: str, plot: str | None) -> None:
    """Print a figure of the source paper with ours beside it: fig7b, the table of three networks on their chips.

    Compiles and simulates each network; takes about a minute.
    """
    from acortex.tools.paper import report
    from acortex.tools.paper.measure import reproduction, runs_of_fig7b

    if plot:
        files.check_writable(plot)
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
