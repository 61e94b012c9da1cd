"""`acortex isa`: the instruction reference, made from the instruction table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from acortex.tools.console import console, format_option, print_json


@click.command()
@click.argument("mnemonic", required=False)
@format_option
def isa(mnemonic: str | None, form: str) -> None:
    """Explain an instruction, or list them all by agent."""
    from acortex.isa.manual import reference

    rows = reference(mnemonic)
    if form == "json":
        print_json({"schema": "acortex.isa/1", "instructions": rows})
    elif mnemonic:
        _explain(rows[0])
    else:
        _overview(rows)


def _overview(rows: Sequence[dict[str, Any]]) -> None:
    """One table an agent: syntax and the first sentence of what it does."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    for agent in dict.fromkeys(row["agent"] for row in rows):
        out.print(Text(f"\n{AGENT_TITLES.get(agent, agent.replace('_', ' '))}", style="bold"))
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=13)
        table.add_column()
        for row in rows:
            if row["agent"] == agent:
                table.add_row(
                    Text(f"  {row['mnemonic']}", style="cyan"), row["doc"].partition(": ")[0].partition(". ")[0]
                )
        out.print(table)
    out.print(Text("\nacortex isa MNEMONIC explains one.", style="dim"))


AGENT_TITLES = {"any": "any agent, named by the instruction"}


def _explain(row: dict[str, Any]) -> None:
    """One instruction: syntax, meaning, operands with their ranges, an example and its word."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    out = console()
    out.print(Text(row["syntax"], style="bold cyan"))
    out.print(Padding(Text(row["doc"]), (0, 0, 1, 2)))
    facts = Table.grid(padding=(0, 2))
    facts.add_row("  carried out by", AGENT_TITLES.get(row["agent"], row["agent"]))
    facts.add_row("  opcode", f"{row['opcode']:#04x}")
    facts.add_row("  time", row["timing"])
    facts.add_row("  allowed", _WHERE[row["setup"]])
    out.print(facts)
    if row["operands"]:
        out.print(_operands(row["operands"]))
    out.print(Text(f"\n  example  {_example(row['example'])}"))


_WHERE = {True: "before `start`", False: "after `start`", None: "anywhere"}


def _example(example: Any) -> str:
    """The example pair of an instruction as one line."""
    source, word = example
    return f"{source}    ; {word:#018x}"


def _operands(operands: Sequence[dict[str, Any]]) -> Any:
    """A table of operands: bits of the word, range, default, meaning."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title=None)
    for heading, justify in (
        ("  operand", "left"),
        ("bits", "right"),
        ("range", "right"),
        ("default", "right"),
        ("", "left"),
    ):
        table.add_column(heading, justify=justify, header_style="dim")  # type: ignore[arg-type]  # rich's literal
    for one in operands:
        top = one["shift"] + one["bits"] - 1
        table.add_row(
            f"  {one['name']}",
            f"{top}:{one['shift']}",
            _range(one),
            _default(one),
            one["doc"],
        )
    return table


def _range(operand: dict[str, Any]) -> str:
    """What an operand may be."""
    if operand["choices"]:
        return " ".join(operand["choices"])
    return f"{operand['low']}..{operand['high']}"


def _default(operand: dict[str, Any]) -> str:
    """What an operand is when left out; empty where it may not be."""
    value = operand["default"]
    if value is None:
        return ""
    return str(operand["choices"][value] if operand["choices"] else value)
