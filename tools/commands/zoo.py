"""`acortex zoo`: the built-in networks."""

from __future__ import annotations

import click

from acortex.tools.console.output import console, format_option, print_json


@click.command()
@format_option
def zoo(form: str) -> None:
    """List the built-in networks; `acortex run zoo:NAME` runs one."""
    from acortex.programs.results import Zoo
    from acortex.programs.zoo import names

    found = Zoo.model_validate({"networks": names()})
    if form == "json":
        print_json(found)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for row in found.networks:
        table.add_row(Text(row.name, style="cyan"), row.doc)
    console().print(table)
