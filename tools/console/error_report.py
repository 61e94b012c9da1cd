"""Errors for programs: `acortex.error/1`, which a command that fails prints on stdout with --format json."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress

from acortex.errors import AcortexError
from acortex.isa.language.diagnostics import Diagnostic
from acortex.isa.program import TYPED
from acortex.tools.console.output import print_json
from acortex.tools.results import ErrorNote, ErrorReport, ErrorRow

PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?")
"""A place in a file, as errors write it."""

SAME = "the same is wrong here"
"""What a note says of a further place of the same mistake."""

SOURCES = (".s", ".asm")
"""The names of sources, which programs keep when the file is long gone."""

FILES = (".s", ".acx", ".onnx", ".toml", ".npy", ".npz", ".actrace", ".part", ".json")
"""The names of files that may not be there."""


def print_errors(errors: Sequence[AcortexError], given: Sequence[str] = ()) -> None:
    """Prints errors as one document; a reader that went away has the exit code."""
    with suppress(OSError):
        print_json(error_report(errors, given))


def error_report(errors: Sequence[AcortexError], given: Sequence[str] = ()) -> ErrorReport:
    """Errors as a document.

    A program keeps the name of its source without the folder; among the words of a command line, `given`, stands where
    the file is. No file is named that is not there.
    """
    return ErrorReport(errors=[_row(one, given) for one in errors])


def _row(error: AcortexError, given: Sequence[str]) -> ErrorRow:
    exact = error if isinstance(error, Diagnostic) else None
    file, line, column = (exact.file, exact.line, exact.column) if exact else _place(error.where, given)
    length = exact.length if exact else error.length
    return ErrorRow(
        code=error.code or None,
        message=error.message,
        where=error.where or None,
        file=file,
        line=line,
        column=column,
        end_column=column + length if column and length else None,
        hint=error.hint or None,
        notes=[
            *(_notes(exact) if exact else map(_part, error.parts)),
            *(() if exact else (_same(place, given) for place in error.also)),
            *(_note(message, where, given) for message, where in error.places),
        ],
    )


def _found(file: str, given: Sequence[str]) -> str | None:
    """The path of a source that a program names; None where it is nowhere to be found."""
    if not file.endswith(SOURCES) or os.path.isabs(file) or os.path.exists(file):
        return file
    # An included file is named from the folder of the source that includes it.
    beside = (os.path.join(os.path.dirname(one), file) for one in given if one.endswith(SOURCES))
    return next(filter(os.path.exists, beside), None if os.path.basename(file) == file else file)


def _place(where: str, given: Sequence[str]) -> tuple[str | None, int | None, int | None]:
    """The file, line and column that a place names."""
    if where.startswith("<") and not where.startswith(TYPED):
        return None, None, None  # the text of a compiled network is in no file
    if found := PLACE.fullmatch(where):
        if (file := _found(found["file"], given)) is None:
            return None, None, None
        column = found["column"]
        return file, int(found["line"]), int(column) if column else None
    return (where if os.path.exists(where) or where.endswith(FILES) else None), None, None


def _part(text: str) -> ErrorNote:
    """One of many things that an error is about, such as a node of a network."""
    return ErrorNote(message=text, file=None, line=None, column=None)


def _same(where: str, given: Sequence[str]) -> ErrorNote:
    """A further place of the same error."""
    found = _note(SAME, where, given)
    return found if found.file else _part(f"{SAME}: {where}")


def _note(message: str, where: str, given: Sequence[str]) -> ErrorNote:
    """A further place that an error names itself."""
    file, line, column = _place(where, given)
    return ErrorNote(message=message, file=file, line=line, column=column)


def _notes(error: Diagnostic) -> list[ErrorNote]:
    """Further places that the error is about, and those where the same is wrong."""
    seen = [ErrorNote(message=note.message, file=note.file, line=note.line, column=note.column) for note in error.notes]
    same = [ErrorNote(message=SAME, file=file, line=line, column=column) for file, line, column in error.others]
    return seen + same
