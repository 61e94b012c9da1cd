"""Errors for programs: `acortex.error/1`, which a command that fails prints on stdout with --format json."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress

from acortex.errors import AcortexError
from acortex.isa.asm.diagnostics import Diagnostic
from acortex.tools.console.output import print_json
from acortex.tools.results import ErrorNote, ErrorReport, ErrorRow

PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?")
"""A place in a file, as errors write it."""

FILES = (".s", ".acx", ".onnx", ".toml", ".npy", ".npz", ".actrace", ".part", ".json")
"""The names of files that may not be there."""


def print_errors(errors: Sequence[AcortexError]) -> None:
    """Prints errors as one document; a reader that went away has the exit code."""
    with suppress(OSError):
        print_json(error_report(errors))


def error_report(errors: Sequence[AcortexError]) -> ErrorReport:
    """Errors as a document."""
    return ErrorReport(errors=[_row(one) for one in errors])


def _row(error: AcortexError) -> ErrorRow:
    file, line, column = _place(error.where)
    exact = error if isinstance(error, Diagnostic) else None
    return ErrorRow(
        code=error.code or None,
        message=error.message,
        where=error.where or None,
        file=file,
        line=line,
        column=column,
        end_column=exact.column + exact.length if exact else None,
        hint=error.hint or None,
        notes=[*(_notes(exact) if exact else []), *(_note(*one) for one in error.notes)],
    )


def _place(where: str) -> tuple[str | None, int | None, int | None]:
    """The file, line and column that a place names."""
    if found := PLACE.fullmatch(where):
        column = found["column"]
        return found["file"], int(found["line"]), int(column) if column else None
    return (where if os.path.exists(where) or where.endswith(FILES) else None), None, None


def _note(message: str, where: str) -> ErrorNote:
    """A further place that an error names itself."""
    file, line, column = _place(where)
    return ErrorNote(message=message, file=file, line=line, column=column)


def _notes(error: Diagnostic) -> list[ErrorNote]:
    """The further places where the same is wrong."""
    return [
        ErrorNote(message="the same is wrong here", file=error.file, line=line, column=column)
        for line, column in error.others
    ]
