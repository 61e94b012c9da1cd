"""Macros: their parameters, the values that a call gives them, and lines in which these stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from acortex.isa.asm.lexer import Token, place_of
from acortex.isa.asm.parser import Argument, at_commas, bind, is_reserved
from acortex.isa.language import macros as rows
from acortex.isa.language.diagnostics import Mistake
from acortex.isa.language.source import Edit, before
from acortex.isa.table import MNEMONICS

_PARAMETER = re.compile(r"\\([A-Za-z_][A-Za-z0-9_]*|\(\))", re.ASCII)
"""A parameter in a line; `\\()` parts one from the letters behind it."""

_BINDS = frozenset("+-*/%^<>&!")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line to be read: where it stands, its text, and which parts of that took the places of parameters."""

    file: str
    name: str
    number: int
    text: str
    edits: tuple[Edit, ...] = ()
    original: str | None = None
    known: tuple[str, ...] = ()
    """The parameters that there are."""

    @property
    def written(self) -> str:
        """The text of the file."""
        return self.text if self.original is None else self.original


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro: its parameters with their defaults, None where a call has to give a value, and its lines.

    `line` is where it is defined, among those that were read.
    """

    name: str
    parameters: Mapping[str, str | None]
    body: Sequence[SourceLine]
    line: int

    def values(self, head: Token, arguments: Sequence[Argument], text: str) -> dict[str, str]:
        """What a call gives each parameter: the text of an argument, or its default."""
        given = bind(head, list(arguments), tuple(self.parameters))
        missing = [name for name, default in self.parameters.items() if default is None and name not in given]
        if missing:
            known = ", ".join(self.parameters)
            raise Mistake(rows.LACKS, place_of([head]), macro=self.name, fields=", ".join(missing), known=known)
        return {
            name: _text(given[name], text) if name in given else str(self.parameters[name]) for name in self.parameters
        }


def macro_of(head: Token, rest: list[Token], text: str, body: Sequence[SourceLine], line: int) -> Macro:
    """A macro from its first line: `.macro NAME PARAMETER, PARAMETER=DEFAULT`, the comma behind NAME as one likes."""
    if not rest or rest[0][0] != "name":
        raise Mistake(rows.HEADER, place_of([head]))
    name = rest[0][1]
    if name in MNEMONICS or is_reserved(name):
        raise Mistake(rows.TAKEN, place_of(rest[:1]), name=name, reason="it is a word of the language")
    parameters: dict[str, str | None] = {}
    behind = rest[2:] if len(rest) > 1 and rest[1][1] == "," else rest[1:]
    for parameter, default in _declared(head, behind, text):
        if parameter[1] in parameters:
            raise Mistake(rows.AGAIN, place_of([parameter]), name=parameter[1])
        parameters[parameter[1]] = default
    return Macro(name, parameters, body, line)


def _declared(head: Token, tokens: list[Token], text: str) -> list[tuple[Token, str | None]]:
    """The parameters of a macro, each with its default; `NAME=` has an empty one."""
    found: list[tuple[Token, str | None]] = []
    for part in at_commas(tokens) if tokens else ():
        plain = bool(part) and part[0][0] == "name" and "." not in part[0][1]
        if not plain or (len(part) > 1 and part[1][1] != "="):
            raise Mistake(rows.HEADER, place_of(part or [head]))
        found.append((part[0], None if len(part) == 1 else _text(part[2:], text)))
    return found


def _text(tokens: Sequence[Token], text: str) -> str:
    """The text of some tokens of a line, with the marks of local names."""
    found: list[str] = []
    end = None
    for _, token, column in tokens:
        if end is not None:
            found.append(text[end:column])
        found.append(token)
        # A mark stands in the text where it came with a parameter, and not where the line gave the name one.
        end = column + len(token if text.startswith(token, column) else token.partition("@")[0])
    return "".join(found)


def marked(token: Token, names: Mapping[str, str]) -> Token:
    """A token with the mark of a local name, where it is one."""
    if token[0] == "name" and token[1] in names:
        return token[0], names[token[1]], token[2]
    return token


def substitute(line: SourceLine, values: Mapping[str, str]) -> SourceLine:
    """A line with the values of parameters in their places. Others stay as they are.

    A value of several words that stands beside an operator is put into parentheses, so that it stays one operand.
    """
    if "\\" not in line.text:
        return line
    known = (*line.known, *values)
    out: list[str] = []
    edits: list[Edit] = []
    moves: list[tuple[int, int]] = []
    end, length = 0, 0
    for match in _PARAMETER.finditer(line.text):
        value = "" if match[1] == "()" else values.get(match[1])
        if value is None:
            continue
        if " " in value and _is_operand(line.text, match.start(), match.end()):
            value = f"({value})"
        out += (line.text[end : match.start()], value)
        start = length + match.start() - end
        length, end = start + len(value), match.end()
        first, span = before(line.edits, match.start(), match.end() - match.start())
        edits.append((start, length, first, first + span))
        moves.append((match.start(), length - match.end()))
    text = "".join((*out, line.text[end:]))
    original = line.written if edits else line.original
    return SourceLine(line.file, line.name, line.number, text, _merged(line.edits, edits, moves), original, known)


def _merged(old: Sequence[Edit], new: Sequence[Edit], moves: Sequence[tuple[int, int]]) -> tuple[Edit, ...]:
    """All edits of a line: those that were made before, each moved by what now stands in front of it, and the new."""
    moved = []
    for start, end, first, last in old:
        shift = next((by for place, by in reversed(moves) if place < start), 0)
        moved.append((start + shift, end + shift, first, last))
    return tuple(sorted((*moved, *new)))


def _is_operand(text: str, start: int, end: int) -> bool:
    """Whether what stands between two places has an operator before it or behind it."""
    before, behind = text[:start].rstrip(), text[end:].lstrip()
    compared = before.endswith(("==", "!=", "<=", ">=")) or behind.startswith("==")
    return before[-1:] in _BINDS or behind[:1] in _BINDS or compared or "|" in (before[-1:], behind[:1])
