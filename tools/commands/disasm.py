"""`acortex disasm`: from an assembled program back to source."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.commands.asm import assembled
from acortex.tools.console import files
from acortex.tools.console.output import format_option, print_json
from acortex.tools.open.programs import files_of, open_container

if TYPE_CHECKING:
    from acortex.isa.asm.annotations import Annotations
    from acortex.isa.program import Program
    from acortex.tools.results import Disassembly


@click.command()
@click.argument("program", metavar="OUT.acx", type=click.Path())
@click.option("-o", "--output", metavar="OUT.s", type=click.Path(), help="Write the text here; else to stdout.")
@click.option("--addresses", is_flag=True, help="Behind each instruction its address, its word and its line.")
@click.option("--comments", is_flag=True, help="Labels, lines and comments of its source, which lies beside it.")
@click.option(
    "--source", metavar="SRC.s", type=click.Path(), help="The source for --comments, where it lies elsewhere."
)
@click.option("--no-data", is_flag=True, help="Leave out weights, samples and other data: a text to read alone.")
@format_option
def disasm(
    program: str, output: str | None, addresses: bool, comments: bool, source: str | None, no_data: bool, form: str
) -> None:
    """Print the source of an assembled program.

    The text stands alone (weights and samples are in it) and assembles back to the same words, unless --no-data leaves
    the data out. A container holds no labels and no comments: --comments takes them from its source, as long as that
    still makes the same program.
    """
    from acortex.isa.asm.disassembler import disassemble

    json = ("--format json", files.STANDARD if form == "json" else None)
    given = (("OUT.acx", program), *(files_of(source, "--source") if source else ()))
    files.check_apart(given, (("-o", output), json))
    loaded = open_container(program)
    said = _annotations(loaded, source or _beside(loaded, program)) if comments or source else None
    text = disassemble(loaded, addresses=addresses, data=not no_data, source=said)
    if output or form != "json":
        files.write(output or files.STANDARD, text)
    if form == "json":
        print_json(_report(loaded, text, output))


def _beside(program: Program, path: str) -> str:
    """The source of a container, in its folder. Raises UsageError where it is not there."""
    name = os.path.basename(program.lines[-1].file) if program.lines else ""
    found = os.path.join(os.path.dirname(path), name)
    if not name or not os.path.isfile(found):
        hint = "name it: `--source SRC.s`"
        raise UsageError(
            f"its source {name} does not lie beside it" if name else "it names no source", where=path, hint=hint
        )
    return found


def _annotations(program: Program, source: str) -> Annotations:
    """What the source of a program says. Raises UsageError where it makes another program now."""
    from acortex.isa.asm.annotations import said_by
    from acortex.isa.asm.assembler import assemble_file
    from acortex.isa.container import sha256

    made = replace(assemble_file(source), name=program.name)  # a source that names none is called like its file
    if sha256(made) != sha256(program):
        hint = "it was changed since: assemble it again, or leave the comments out"
        raise UsageError("this source makes another program than the container holds", where=source, hint=hint)
    return said_by(made, Path(source).read_text(encoding="utf-8-sig"))


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
