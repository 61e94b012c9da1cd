"""`acortex schema`: the JSON Schema of every versioned result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.schemas import SCHEMAS, find, listed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.tools.results import SchemaList


def _complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Completes the name of a schema."""
    return [one.name for one in SCHEMAS if one.name.startswith(incomplete)]


@click.command()
@click.argument("name", required=False, shell_complete=_complete)
@format_option
def schema(name: str | None, form: str) -> None:
    """List the schemas of all results, or print the JSON Schema of one.

    NAME is a short name such as run, or a whole one such as acortex.run/1. What --format json prints of any command
    validates against its schema.
    """
    if name is not None:
        click.echo(json.dumps(find(name).type().json_schema(), indent=2, ensure_ascii=False))
    elif form == "json":
        print_json(listed())
    else:
        show(console(), [_table(listed())])


def _table(found: SchemaList) -> RenderableType:
    """A row for each schema: its name, what it is, and where it is met."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("name", style="cyan", no_wrap=True)
    table.add_column("what it is")
    table.add_column("where it is met", style="dim")
    for row in found.schemas:
        table.add_row(row.name, row.what, row.command or row.file)
    return table
