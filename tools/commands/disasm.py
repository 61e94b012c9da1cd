"""`acortex disasm`: from an assembled program back to source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from acortex.tools.commands.asm import assembled
from acortex.tools.console import files
from acortex.tools.console.output import format_option, print_json
from acortex.tools.open.programs import open_container

if TYPE_CHECKING:
    from acortex.isa.program import Program
    from acortex.tools.results import Disassembly


@click.command()
@click.argument("program", metavar="OUT.acx", type=click.Path())
@click.option("-o", "--output", metavar="OUT.s", type=click.Path(), help="Write the text here; else to stdout.")
@click.option("--addresses", is_flag=True, help="Behind each instruction its address, its word and its line.")
@click.option("--no-data", is_flag=True, help="Leave out weights, samples and other data: a text to read alone.")
@format_option
def disasm(program: str, output: str | None, addresses: bool, no_data: bool, form: str) -> None:
    """Print the source of an assembled program.

    The text stands alone (weights and samples are in it) and assembles back to the same words, unless --no-data leaves
    the data out.
    """
    from acortex.isa.asm.disassembler import disassemble

    json = ("--format json", files.STANDARD if form == "json" else None)
    files.check_apart((("OUT.acx", program),), (("-o", output), json))
    loaded = open_container(program)
    text = disassemble(loaded, addresses=addresses, data=not no_data)
    if output or form != "json":
        files.write(output or files.STANDARD, text)
    if form == "json":
        print_json(_report(loaded, text, output))


def _report(program: Program, text: str, output: str | None) -> Disassembly:
    """The text, and each instruction with its address, its word and its line."""
    from acortex.isa.asm.disassembler import texts
    from acortex.tools.results import DisassembledWord, Disassembly

    rows = zip(program.words, texts(program), program.lines, strict=True)
    return Disassembly(
        program=assembled(program),
        instructions=[
            DisassembledWord(address=address, word=f"{int(word):016x}", text=one, source=str(line))
            for address, (word, one, line) in enumerate(rows)
        ],
        text=text,
        output=output,
    )
