"""`acortex asm`: from source to an assembled program."""

from __future__ import annotations

import click

from acortex.errors import count as number_of
from acortex.tools import files
from acortex.tools.console import format_option, print_json
from acortex.tools.programs import files_of, open_source


@click.command()
@click.argument("source", metavar="SRC.s", type=click.Path())
@click.option("-o", "--output", metavar="OUT.acx", type=click.Path(), help="Write the assembled program here.")
@click.option("--listing", metavar="FILE", type=click.Path(), help="Write addresses, words and source lines here.")
@format_option
def asm(source: str, output: str | None, listing: str | None, form: str) -> None:
    """Assemble a program and report every mistake in it.

    Without -o it only checks. `-` is stdin or stdout.
    """
    from acortex.isa import container, disassembler

    json = ("--format json", files.STANDARD if form == "json" else None)
    files.check_apart(files_of(source), (("-o", output), ("--listing", listing), json))
    program = open_source(source)
    if output:
        files.write(output, container.dumps(program))
    if listing:
        files.write(listing, disassembler.listing(program))
    report = {
        "schema": "acortex.asm/1",
        "program": {
            "name": program.name,
            "sha256": container.sha256(program),
            "instructions": len(program.words),
            "chip": program.chip,
            "matrices": len(program.weights),
        },
        "output": output,
        "listing": listing,
    }
    if form == "json":
        print_json(report)
    elif files.STANDARD not in (output, listing):
        written = f" -> {output}" if output else ""
        words, matrices = len(program.words), number_of(len(program.weights), "matrix", "matrices")
        click.echo(f"{program.name}: {number_of(words, 'instruction')}, {matrices}{written}")
