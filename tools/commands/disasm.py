"""`acortex disasm`: from an assembled program back to source."""

from __future__ import annotations

import click

from acortex.tools.console import files
from acortex.tools.open.programs import open_container


@click.command()
@click.argument("program", metavar="OUT.acx", type=click.Path())
@click.option("-o", "--output", metavar="OUT.s", type=click.Path(), default="-", help="Write the text here.")
def disasm(program: str, output: str) -> None:
    """Print the source of an assembled program.

    The text stands alone (weights and samples are in it) and assembles back to the same words.
    """
    from acortex.isa.asm.disassembler import disassemble

    files.check_apart((("OUT.acx", program),), (("-o", output),))
    files.write(output, disassemble(open_container(program)))
