"""`acortex asm`: from source to an assembled program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from acortex.errors import AcortexError, ManyErrors
from acortex.tools.console import files
from acortex.tools.console.output import form_option, print_json
from acortex.tools.open.programs import files_of, open_source
from acortex.wording import count as number_of

if TYPE_CHECKING:
    from acortex.isa.program import Program
    from acortex.tools.results import AsmReport, AssembledProgram


@click.command()
@click.argument("source", metavar="SRC.s", type=click.Path())
@click.option("-o", "--output", metavar="OUT.acx", type=click.Path(), help="Write the assembled program here.")
@click.option("--listing", metavar="FILE", type=click.Path(), help="Write addresses, words and source lines here.")
@form_option(
    "sarif", "github", help="Text for people, JSON for programs, or mistakes as SARIF or annotations of GitHub."
)
def asm(source: str, output: str | None, listing: str | None, form: str) -> None:
    """Assemble a program and report every mistake in it.

    Without -o it only checks. `-` is stdin or stdout.
    """
    from acortex.isa import container
    from acortex.isa.asm import disassembler

    printed = (f"--format {form}", None if form == "text" else files.STANDARD)
    files.check_apart(files_of(source), (("-o", output), ("--listing", listing), printed))
    with _annotated(form):
        program = open_source(source)
    if output:
        files.write(output, container.dumps(program))
    if listing:
        files.write(listing, disassembler.listing(program))
    if form == "json":
        print_json(_report(program, output, listing))
    elif form == "text" and files.STANDARD not in (output, listing):
        written = f" -> {output}" if output else ""
        words, matrices = len(program.words), number_of(len(program.weights), "matrix", "matrices")
        click.echo(f"{program.name}: {number_of(words, 'instruction')}, {matrices}{written}")


@contextmanager
def _annotated(form: str) -> Iterator[None]:
    """Prints the mistakes of a source for other tools, on stdout; the text for people goes to stderr as ever."""
    if form not in ("sarif", "github"):
        yield
        return
    errors: list[AcortexError] = []
    try:
        yield
    except AcortexError as error:
        errors = error.errors if isinstance(error, ManyErrors) else [error]
        raise
    finally:
        click.echo(annotated_form(form, errors), nl=form == "sarif")


def annotated_form(form: str, errors: Sequence[AcortexError]) -> str:
    """The document of the mistakes: a SARIF log, or a line for each."""
    from acortex.sim.functional.rules.book import ALL
    from acortex.tools.console import annotations

    if form == "sarif":
        return json.dumps(annotations.sarif(errors, ALL), indent=2, ensure_ascii=False)
    return "".join(f"{line}\n" for line in annotations.github(errors))


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
