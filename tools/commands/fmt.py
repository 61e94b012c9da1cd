"""`acortex fmt`: a source in its usual form."""

from __future__ import annotations

import sys

import click

from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.wording import count

OTHERS = (".toml", ".json", ".acx", ".onnx", ".actrace", ".npy", ".npz", ".csv", ".html", ".md", ".py")
"""Endings of files that are no sources: a chip, say, would lose its form and keep its name."""


@click.command()
@click.argument("sources", metavar="SRC.s...", type=click.Path(), nargs=-1, required=True)
@click.option("-i", "--in-place", is_flag=True, help="Write each source back where its form changes.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where a source is not in its usual form.")
@click.option("--diff", is_flag=True, help="Print what would change, and write nothing.")
def fmt(sources: tuple[str, ...], in_place: bool, check: bool, diff: bool) -> None:
    """Put a source into its usual form: columns, spaces, comments; never another word of the program.

    Without an option the form goes to stdout. `-` is stdin. Lines that cannot be read stay as they are: `acortex asm`
    says what is wrong with them.
    """
    _check(sources, in_place, check, diff)
    texts = {source: _read(source) for source in sources}
    changed = [source for source, (text, form) in texts.items() if text != form]
    for source, (text, form) in texts.items():
        if diff:
            click.echo("".join(_difference(source, text, form)), nl=False)
        elif in_place and source in changed:
            files.write(source, form)
        elif not in_place and not check:
            files.write(files.STANDARD, form)
    if check:
        for source in changed:
            click.echo(f"{source}: not in its usual form")
        of = count(len(sources), "source")
        hint = f": acortex fmt -i {' '.join(changed)}" if changed else ""
        click.echo(f"{len(changed)} of {of} would change{hint}", err=True)
        sys.exit(1 if changed else 0)


def _check(sources: tuple[str, ...], in_place: bool, check: bool, diff: bool) -> None:
    """Refuses what contradicts itself, and what is no source by its name."""
    for source in sources:
        if source.lower().endswith(OTHERS):
            hint = "this puts the text of programs into its usual form, files such as kernel.s"
            raise UsageError("is not a source", where=source, hint=hint)
    if in_place + check + diff > 1:
        raise UsageError("--in-place, --check and --diff exclude each other", hint="give one of them")
    if in_place and files.STANDARD in sources:
        raise UsageError("stdin cannot be written back", hint="leave out --in-place: the form goes to stdout")
    if len(sources) > 1 and not (in_place or check or diff):
        hint = "give --in-place to write each back, or --check, or --diff"
        raise UsageError(f"{count(len(sources), 'source')} would go to stdout as one text", hint=hint)


def _read(source: str) -> tuple[str, str]:
    """A source as it is, and its usual form."""
    from acortex.isa.asm.assembler import MAX_BYTES
    from acortex.isa.asm.formatter import formatted

    try:
        text = files.read(source, limit=MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"byte {error.start} is not UTF-8 text", where=source, hint="a source is text") from None
    return text, formatted(text)


def _difference(source: str, text: str, form: str) -> list[str]:
    """What changes, as `diff -u` prints it."""
    before, after = text.splitlines(keepends=True), form.splitlines(keepends=True)
    from difflib import unified_diff

    return list(unified_diff(before, after, source, f"{source} (usual form)"))
