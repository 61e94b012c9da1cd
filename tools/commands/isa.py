"""`acortex isa`: the instruction reference, made from the instruction table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.views.manual_words import ALLOWED, TIMED, TITLES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.isa.results import DirectiveInfo, InstructionInfo, Manual, OperandInfo, TopicInfo

NAME_WIDTH = 14
"""Columns of the names in a list."""


@click.command()
@click.argument("mnemonic", required=False)
@format_option
def isa(mnemonic: str | None, form: str) -> None:
    """Explain an instruction, a directive or a topic, or list them all, instructions by agent."""
    from acortex.isa.manual import manual

    found = manual(mnemonic)
    if form == "json":
        print_json(found)
    elif not mnemonic:
        show(console(), _overview(found))
    elif found.topics:
        show(console(), _explain_topic(found.topics[0]))
    elif found.instructions:
        show(console(), _explain(found.instructions[0]))
    else:
        show(console(), _explain_directive(found.directives[0]))


def _overview(found: Manual) -> Iterator[RenderableType]:
    """One table for each agent: each instruction and what it does; then the directives, and the names of the topics."""
    from rich.text import Text

    for agent in dict.fromkeys(row.agent for row in found.instructions):
        yield Text(_title(agent), style="bold")
        yield _names((row.mnemonic, row.doc) for row in found.instructions if row.agent == agent)
        yield Text()
    yield Text("directives, beside the instructions", style="bold")
    yield _names((row.directive, row.doc) for row in found.directives)
    yield Text(f"\ntopics: {', '.join(row.topic for row in found.topics)}", style="bold")
    yield Text("\nacortex isa NAME explains one", style="dim")


def _names(rows: Iterable[tuple[str, str]]) -> RenderableType:
    """A table of names and what they do."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=NAME_WIDTH)
    table.add_column()
    for name, doc in rows:
        table.add_row(Text(f"  {name}", style="cyan"), doc)
    return table


def _explain_topic(topic: TopicInfo) -> Iterator[RenderableType]:
    """One topic: its paragraphs, then its table."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    yield Text(topic.title, style="bold cyan")
    for paragraph in topic.text:
        yield Padding(Text(paragraph), (0, 0, 1, 2))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan")
    table.add_column()
    for row in topic.rows:
        table.add_row(Text(f"  {row.name}"), Text(row.text))
    yield table


def _explain_directive(row: DirectiveInfo) -> Iterator[RenderableType]:
    """One directive: syntax, meaning, fields."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    yield Text(row.syntax, style="bold cyan")
    yield Padding(Text(row.doc), (0, 0, 1 if row.fields else 0, 2))
    if row.fields:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("  field", no_wrap=True)
        table.add_column("meaning")
        for one in row.fields:
            table.add_row(f"  {one.name}" if one.required else f"  {one.name}=", one.doc)
        yield table


def _title(agent: str) -> str:
    """An agent's name as people write it."""
    return TITLES.get(agent, agent.replace("_", " "))


def _explain(row: InstructionInfo) -> Iterator[RenderableType]:
    """One instruction: syntax, meaning, operands with their ranges, and an example with its word."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    yield Text(row.syntax, style="bold cyan")
    yield Padding(Text(row.doc), (0, 0, 1, 2))
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim")
    facts.add_row("  carried out by", _title(row.agent))
    facts.add_row("  allowed", ALLOWED[row.setup])
    facts.add_row("  time", TIMED[row.timing])
    facts.add_row("  opcode", f"{row.opcode:#04x}")
    facts.add_row("  example", f"{row.example.source}  =  {row.example.word}")
    yield facts
    if row.operands:
        yield Text()
        yield _operands(row.operands)
    if row.refusals:
        yield Text("\n  what must hold, by the code of its error", style="dim")
        yield _names((one.code, f"{one.title}.") for one in row.refusals)


def _operands(operands: Sequence[OperandInfo]) -> RenderableType:
    """A table of operands: how written, what when left out, bits in the word, meaning."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  operand", no_wrap=True)
    table.add_column("written")
    table.add_column("default", no_wrap=True)
    table.add_column("bits", justify="right", no_wrap=True)
    table.add_column("meaning")
    for one in operands:
        bits = f"{one.shift + one.bits - 1}:{one.shift}"
        default = "" if one.default is None else one.default
        table.add_row(f"  {one.name}", one.written, default, bits, one.doc)
    return table
