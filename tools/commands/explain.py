"""`acortex explain`: the rules that hold a program to its chip without time, each with an example and its mend."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from acortex.tools.console.output import console, format_option, print_json, show

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.isa.rules import Rule


@click.command()
@click.argument("code", required=False)
@format_option
def explain(code: str | None, form: str) -> None:
    """Explain a rule of the chip by the code of its error, such as R703, or list them all."""
    from acortex.sim.functional.rules.book import book, find

    rules = [find(code)] if code else None
    if form == "json":
        print_json(book(rules))
    else:
        show(console(), _explained(rules[0]) if rules else _overview())


def _overview() -> Iterator[RenderableType]:
    """The codes and titles of all rules, by what they are about."""
    from rich.table import Table
    from rich.text import Text

    from acortex.isa.rules import ABOUT
    from acortex.sim.functional.rules.book import RULE_BOOK

    for about, meaning in ABOUT.items():
        yield Text.assemble((about, "bold"), f": {meaning}")
        table = Table.grid(padding=(0, 2, 0, 0))
        for rule in RULE_BOOK.values():
            if rule.about == about:
                table.add_row(Text(f"  {rule.code}", style="cyan"), Text(rule.title))
        yield table
    yield Text("\nacortex explain CODE explains one", style="dim")


def _explained(rule: Rule) -> Iterator[RenderableType]:
    """One rule: its title, what its error says, and the lines of its example that break it and mend it."""
    from rich.padding import Padding
    from rich.text import Text

    from acortex.sim.functional.rules.book import NO_EXAMPLE, difference

    yield Text.assemble((rule.code, "bold cyan"), " ", (rule.title, "bold"))
    yield Padding(Text(rule.message), (0, 0, 0, 2))
    if rule.hint:
        yield Padding(Text(f"hint: {rule.hint}", style="cyan"), (0, 0, 0, 2))
    changes = difference(rule)
    if not changes:
        yield Padding(Text(NO_EXAMPLE, style="dim"), (1, 0, 0, 2))
        return
    styles = {"-": "red", "+": "green", "@": "dim"}
    lines = [Text(line, style=styles.get(line[0], "")) for line in changes.splitlines()]
    yield Padding(Text("\n").join(lines), (1, 0, 0, 2))
