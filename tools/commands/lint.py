"""`acortex lint`: what is wrong with a program, and what is hardly meant, without running it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import click

from acortex.errors import AcortexError, ManyErrors
from acortex.tools.commands.asm import annotated_form
from acortex.tools.console.output import console, form_option, print_json, show
from acortex.tools.console.ranges import INFERENCES, SECONDS
from acortex.tools.open.chip_options import chip_option, set_option
from acortex.tools.open.programs import SOURCES, open_program, program_argument
from acortex.wording import count

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.isa.lint.rows import Finding
    from acortex.tools.results import LintFinding, LintReport

STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}


@click.command()
@program_argument
@chip_option
@set_option
@click.option("--inferences", metavar="N", type=INFERENCES, help="Walk through as many; else two at most.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@click.option("--measure", is_flag=True, help="Also measure what other orders of instructions would save.")
@click.option("--seconds", metavar="S", type=SECONDS, default=20.0, help="Processor time for that; 20 without it.")
@form_option("sarif", "github", help="Text for people, JSON for programs, SARIF, or annotations of GitHub.")
def lint(
    program: str,
    chip: str | None,
    settings: tuple[str, ...],
    inferences: int | None,
    strict: bool,
    measure: bool,
    seconds: float,
    form: str,
) -> int:
    """Find mistakes in a program, and what is legal and hardly meant, without running it.

    Errors are those of the assembler (A) and broken rules of the chip (R); warnings (L) are results that nothing reads,
    tokens that nobody awaits or that pile up, registers, groups and names that nothing uses, loops that do nothing.
    `acortex explain CODE` explains one. Exit code 1 where there is an error. With --measure notes say which other
    place of an instruction saves cycles, and how many: each is simulated, keeps every rule and gives the same outputs.
    """
    found, measured = _found(program, chip, settings, inferences, seconds if measure else None)
    if form in ("sarif", "github"):
        click.echo(annotated_form(form, found), nl=form == "sarif")
    elif form == "json":
        print_json(_report(program, found, measured))
    else:
        show(console(), _parts(program, _report(program, found, measured)), whole=True)
    severities = set(map(_severity, found))
    return int("error" in severities or (strict and "warning" in severities))


def _found(
    program: str, chip: str | None, settings: tuple[str, ...], inferences: int | None, seconds: float | None
) -> tuple[list[AcortexError], str | None]:
    """All that is found, and how much was measured; a file or a chip that cannot be read is the command's error."""
    from acortex.sim.chip.specs import load_chip
    from acortex.sim.lint import lint as of_program
    from acortex.sim.lint import measured

    try:
        opened = open_program(program, chip, settings)
    except AcortexError as error:
        errors = error.errors if isinstance(error, ManyErrors) else [error]
        if not all(one.code for one in errors):
            raise
        return errors, None
    on = load_chip(chip or opened.chip, settings) if chip or settings else None
    found = [*of_program(opened, on, inferences), *_names(program)]
    said = None
    if seconds is not None and not any(_severity(one) == "error" for one in found):
        notes, said = measured(opened, on, seconds)
        found += notes
    texts: dict[str, list[str]] = {}
    for one in found:
        _locate(one, program)
        _point(one, program, texts)
    return found, said


def _point(error: AcortexError, program: str, texts: dict[str, list[str]]) -> None:
    """Gives an error the column of what it is about, where the source is at hand; `texts` keeps what was read."""
    from acortex.isa.language.diagnostics import Diagnostic
    from acortex.isa.lint.columns import pointed

    if isinstance(error, Diagnostic):
        return
    file = error.where.rpartition(":")[0]
    file = file if os.path.isfile(file) else program
    if file not in texts:
        texts[file] = _lines(file)
    pointed(error, file, texts[file])


def _locate(error: AcortexError, program: str) -> None:
    """Gives an error of an assembled program, which keeps the names of its sources alone, their folder."""
    error.where = _beside(error.where, program)
    error.places = tuple((message, _beside(where, program)) for message, where in error.places)


def _beside(where: str, program: str) -> str:
    """A place in a source with the folder that this has."""
    beside = os.path.join(os.path.dirname(program), where)
    return beside if not os.path.isabs(where) and os.path.isfile(beside.partition(":")[0]) else where


def _names(program: str) -> Iterator[Finding]:
    """Names that a source defines and never uses."""
    if program.endswith(SOURCES):
        from pathlib import Path

        from acortex.isa.lint.names import unused_names

        yield from unused_names(Path(program).read_text(encoding="utf-8-sig"), program)


def _severity(error: AcortexError) -> Literal["error", "warning", "note"]:
    from acortex.isa.lint.rows import HINTS

    return "note" if error.code in HINTS else "warning" if error.code.startswith("L") else "error"


def _report(program: str, found: Sequence[AcortexError], measured: str | None) -> LintReport:
    from acortex.tools.console.error_report import error_report
    from acortex.tools.results import LintFinding, LintReport

    rows = error_report(found, [program]).errors if found else []
    return LintReport(
        program=program,
        errors=sum(_severity(one) == "error" for one in found),
        warnings=sum(_severity(one) == "warning" for one in found),
        measured=measured,
        findings=[
            LintFinding(severity=_severity(one), **row.model_dump()) for one, row in zip(found, rows, strict=True)
        ],
    )


def _parts(program: str, report: LintReport) -> Iterator[RenderableType]:
    """The findings in the order of their kinds, each with its line, and how many there are."""
    from rich.text import Text

    texts: dict[str, list[str]] = {}
    for one in report.findings:
        head = Text.assemble(
            (f"{one.where}: " if one.where else ""), (one.severity, STYLES[one.severity]), f": {one.message} "
        )
        yield head.append(f"[{one.code}]" if one.code else "", style="dim")
        if one.file:
            yield from _shown(one, texts.setdefault(one.file, _lines(one.file)))
        if one.hint:
            yield Text(f"  hint: {one.hint}", style="cyan")
        for note in one.notes:
            place = f"{note.file}:{note.line}: " if note.file and note.line else ""
            yield Text(f"  note: {place}{note.message}")
    found = ", ".join((count(report.errors, "error"), count(report.warnings, "warning")))
    notes = len(report.findings) - report.errors - report.warnings
    found += f", {count(notes, 'note')}" if notes else ""
    if report.measured is not None:
        yield Text(f"  {report.measured}")
    yield Text(f"{program}: {found}" if report.findings else f"{program}: nothing found")


def _lines(file: str) -> list[str]:
    """The lines of a source; none of what is no file."""
    from pathlib import Path

    path = Path(file)
    return path.read_text(encoding="utf-8-sig").split("\n") if file.endswith(SOURCES) and path.is_file() else []


def _shown(one: LintFinding, texts: Sequence[str]) -> Iterator[RenderableType]:
    """The line that a finding is about, and a caret where its column is known."""
    from rich.text import Text

    if one.line is None or one.line > len(texts):
        return
    number = str(one.line)
    yield Text(f"  {number} | {texts[one.line - 1]}")
    if one.column:
        length = max((one.end_column or one.column + 1) - one.column, 1)
        yield Text(f"  {' ' * len(number)} | {' ' * (one.column - 1)}^{'~' * (length - 1)}")
