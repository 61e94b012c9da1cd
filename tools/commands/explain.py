"""`acortex explain`: the codes of errors in programs, each with an example and its mend.

A codes are diagnostics of the assembler, R codes are rules that hold a program to its chip without time, L codes are
warnings of the linter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    """Explain the code of an error, such as A201 or R703; list those that begin so (R7), or all."""
    from acortex.sim.functional.rules.book import book, find

    rules = find(code) if code else None
    if form == "json":
        print_json(book(rules))
    else:
        show(console(), _overview() if not rules else _explained(rules[0]) if len(rules) == 1 else _listed(rules))


def _overview() -> Iterator[RenderableType]:
    """The codes and titles of all diagnostics and rules, by what they are about."""
    from rich.text import Text

    from acortex.isa.language.book import LANGUAGE_BOOK
    from acortex.isa.language.row import ABOUT as LANGUAGE
    from acortex.isa.lint.rows import ABOUT as LINT
    from acortex.isa.lint.rows import FINDINGS
    from acortex.isa.rules import ABOUT
    from acortex.sim.functional.rules.book import RULE_BOOK

    yield Text("diagnostics of the assembler\n", style="bold cyan")
    yield from _family(LANGUAGE, LANGUAGE_BOOK)
    yield Text("\nrules of the chip\n", style="bold cyan")
    yield from _family(ABOUT, RULE_BOOK)
    yield Text("\nwarnings of the linter\n", style="bold cyan")
    yield from _family(LINT, FINDINGS)
    yield Text("\nacortex explain CODE explains one", style="dim")


def _family(abouts: Mapping[str, str], rows: Mapping[str, Rule]) -> Iterator[RenderableType]:
    """The rows of a family of codes, a table for each thing that they are about."""
    from rich.table import Table
    from rich.text import Text

    for about, meaning in abouts.items():
        yield Text.assemble((about, "bold"), f": {meaning}")
        table = Table.grid(padding=(0, 2, 0, 0))
        for rule in rows.values():
            if rule.about == about:
                table.add_row(Text(f"  {rule.code}", style="cyan"), Text(rule.title))
        yield table


def _listed(rules: Iterable[Rule]) -> Iterator[RenderableType]:
    """Rows with one beginning, for a reader who knows the family and not the code."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for rule in rules:
        table.add_row(Text(f"  {rule.code}", style="cyan"), Text(rule.title))
    yield table
    yield Text("\nacortex explain CODE explains one", style="dim")


def _explained(rule: Rule) -> Iterator[RenderableType]:
    """One rule: its title, what its error says, and the lines of its example that break it and mend it."""
    from rich.padding import Padding
    from rich.text import Text

    from acortex.isa.language.book import beside
    from acortex.isa.rules import difference
    from acortex.sim.functional.rules.book import no_example

    yield Text.assemble((rule.code, "bold cyan"), " ", (rule.title, "bold"))
    yield Padding(Text(rule.message), (0, 0, 0, 2))
    if rule.hint:
        yield Padding(Text(f"hint: {rule.hint}", style="cyan"), (0, 0, 0, 2))
    changes = difference(rule)
    if not changes:
        yield Padding(Text(no_example(rule), style="dim"), (1, 0, 0, 2))
        return
    if rule.example.arrays:
        yield Padding(Text(beside(rule), style="dim"), (1, 0, 0, 2))
    styles = {"-": "red", "+": "green", "@": "dim"}
    lines = [Text(line, style=styles.get(line[0], "")) for line in changes.splitlines()]
    yield Padding(Text("\n").join(lines), (1, 0, 0, 2))
