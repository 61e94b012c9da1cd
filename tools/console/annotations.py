"""Mistakes of sources in forms that other tools show: SARIF 2.1.0 logs, and the annotations of GitHub's actions.

SARIF: https://docs.oasis-open.org/sarif/sarif/v2.1.0. A log has `version` and `runs`, a run its `tool`, a result its
`message`; rules of the tool stand beside the results that name them by `ruleIndex`. The logs of all examples of the
language's diagnostics were held to the standard's JSON Schema: places of a result, for one, stand in it once each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

from acortex import __version__
from acortex.errors import AcortexError
from acortex.isa.lint.rows import HINTS
from acortex.tools.console.error_report import SAME, error_report

if TYPE_CHECKING:
    from acortex.isa.rules import Rule
    from acortex.tools.results import ErrorNote, ErrorRow

Node = dict[str, object]
"""An object of a SARIF log."""

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}
"""What GitHub reads as the end of a property or of a line, and how it is written."""


def sarif(errors: Sequence[AcortexError], rules: Mapping[str, Rule]) -> Node:
    """Errors as a SARIF log of one run; none makes a log without results. Columns count characters."""
    rows = list(_placed(errors))
    codes = list(dict.fromkeys(row.code for row in rows if row.code in rules))
    driver = {"name": "acortex", "version": __version__, "rules": [_rule(rules[code]) for code in codes if code]}
    run: Node = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(row, codes) for row in rows],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _placed(errors: Sequence[AcortexError]) -> Iterator[ErrorRow]:
    """The errors; one that is found at several places is an error at each of them."""
    for row in error_report(errors).errors:
        notes = [note for note in row.notes if note.message != SAME]
        yield row.model_copy(update={"notes": notes})
        for note in row.notes:
            if note.message == SAME:
                yield row.model_copy(update={"line": note.line, "column": note.column, "end_column": None, "notes": []})


def _rule(rule: Rule) -> Node:
    """The row of a code as a reporting descriptor."""
    found: Node = {"id": rule.code, "shortDescription": {"text": rule.title}}
    return {**found, "help": {"text": f"acortex explain {rule.code}"}}


def level_of(row: ErrorRow) -> str:
    """How serious an error is: what the linter finds is a warning, and what another order would save a note."""
    code = row.code or ""
    return "note" if code in HINTS else "warning" if code.startswith("L") else "error"


def _result(row: ErrorRow, codes: Sequence[str | None]) -> Node:
    """An error as a result. What names no file has no location."""
    text = row.message if row.file or not row.where else f"{row.where}: {row.message}"
    found: Node = {"level": level_of(row), "message": {"text": f"{text}. Hint: {row.hint}" if row.hint else text}}
    if row.code in codes:
        found = {"ruleId": row.code, "ruleIndex": codes.index(row.code), **found}
    if row.file:
        found["locations"] = [_location(row.file, row.line, row.column, row.end_column)]
    if row.notes:
        places = [_note(note) for note in row.notes if note.file]
        found["relatedLocations"] = [place for at, place in enumerate(places) if place not in places[:at]]
    return found


def _note(note: ErrorNote) -> Node:
    return {**_location(note.file or "", note.line, note.column, None), "message": {"text": note.message}}


def _location(file: str, line: int | None, column: int | None, end: int | None) -> Node:
    """A place: the file as a URI reference, and a region where a line is known."""
    physical: Node = {"artifactLocation": {"uri": _uri(file)}}
    if line is not None:
        region = {"startLine": line, "startColumn": column, "endColumn": end}
        physical["region"] = {name: value for name, value in region.items() if value is not None}
    return {"physicalLocation": physical}


def _uri(file: str) -> str:
    """A path as a URI: relative as it was given, absolute with its scheme."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/")


def github(errors: Sequence[AcortexError]) -> Iterator[str]:
    """Errors as workflow commands: ::error file=F,line=L,col=C,endColumn=E,title=CODE::TEXT, a line each."""
    for row in _placed(errors):
        end = None if row.end_column is None else row.end_column - 1  # GitHub's last column is meant itself
        places = {"file": row.file, "line": row.line, "col": row.column, "endColumn": end, "title": row.code}
        given = ",".join(f"{name}={_escaped(str(value), _PROPERTY)}" for name, value in places.items() if value)
        text = f"{row.message}\nhint: {row.hint}" if row.hint else row.message
        text = text if row.file or not row.where else f"{row.where}: {text}"
        level = level_of(row).replace("note", "notice")  # as GitHub calls it
        yield f"::{level} {given}::{_escaped(text, _DATA)}".replace(f"::{level} ::", f"::{level}::")


def _escaped(text: str, letters: Mapping[str, str]) -> str:
    return "".join(letters.get(letter, letter) for letter in text)
