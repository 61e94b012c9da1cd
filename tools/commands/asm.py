"""`acortex asm`: from source to an assembled program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from acortex.tools.console import files
from acortex.tools.console.output import format_option, print_json
from acortex.tools.open.programs import files_of, open_source
from acortex.wording import count as number_of

if TYPE_CHECKING:
    from acortex.isa.program import Program
    from acortex.tools.results import AsmReport, AssembledProgram


@click.command()
@click.argument("source", metavar="SRC.s", type=click.Path())
@click.option("-o", "--output", metavar="OUT.acx", type=click.Path(), help="Write the assembled program here.")
@click.option("--listing", metavar="FILE", type=click.Path(), help="Write addresses, words and source lines here.")
@format_option
def asm(source: str, output: str | None, listing: str | None, form: str) -> None:
    """Assemble a program and report every mistake in it.

    Without -o it only checks. `-` is stdin or stdout.
    """
    from acortex.isa import container
    from acortex.isa.asm import disassembler

    json = ("--format json", files.STANDARD if form == "json" else None)
    files.check_apart(files_of(source), (("-o", output), ("--listing", listing), json))
    program = open_source(source)
    if output:
        files.write(output, container.dumps(program))
    if listing:
        files.write(listing, disassembler.listing(program))
    if form == "json":
        print_json(_report(program, output, listing))
    elif files.STANDARD not in (output, listing):
        written = f" -> {output}" if output else ""
        words, matrices = len(program.words), number_of(len(program.weights), "matrix", "matrices")
        click.echo(f"{program.name}: {number_of(words, 'instruction')}, {matrices}{written}")


def assembled(program: Program) -> AssembledProgram:
    """What a program is, in a report."""
    from acortex.isa.container import sha256
    from acortex.tools.results import AssembledProgram

    return AssembledProgram(
        name=program.name,
        sha256=sha256(program),
        instructions=len(program.words),
        chip=program.chip,
        matrices=len(program.weights),
    )


def _report(program: Program, output: str | None, listing: str | None) -> AsmReport:
    """What was assembled, and which files were written of it."""
    from acortex.tools.results import AsmReport

    return AsmReport(program=assembled(program), output=output, listing=listing)
