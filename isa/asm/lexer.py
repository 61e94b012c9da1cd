"""The words of the assembly language: one master expression cuts a line into tokens with their places."""

from __future__ import annotations

import re
from collections.abc import Sequence

from acortex.isa.language import text as row_of
from acortex.isa.language.diagnostics import Mistake
from acortex.isa.language.source import Place

Token = tuple[str, str, int]
"""A token: its kind (a group of the master expression), its text, and its column from 0. Plain, for speed."""

MAX_DIGITS = 80
"""The longest number that is read at all."""

MASTER = re.compile(
    r"""(?P<name>[A-Za-z_][A-Za-z0-9_.]*(?:@[0-9]+)?)
    |   (?P<decimal>[0-9]+(?:(?:\.[0-9]+)+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)(?![A-Za-z0-9_.]))
    |   (?P<number>(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|[0-9][0-9_]*)(?![A-Za-z0-9_]))
    |   (?P<op><<|>>|//|/\^|[=!<>]=|&&|\|\||[-+*/%()=,:|<>!])
    |   (?P<comment>[;\#].*)
    |   (?P<shape>(?:[0-9]+(?:x[0-9]+)+|[1-9][0-9]*(?:x[A-Za-z0-9_.]+)+)(?![A-Za-z0-9_]))
    |   (?P<string>"[^"\\\x00-\x1f\x7f]*")
    |   (?P<directive>\.[A-Za-z_][A-Za-z0-9_]*)
    |   (?P<malformed>[0-9][A-Za-z0-9_]*)
    |   (?P<bad>[^ \t])
    """,
    re.VERBOSE | re.ASCII,
)
"""Matches the next word of a line; the group that matched is its kind. A name may end in a mark, @ and a number: it
tells the local names of one call of a macro from those of another, and stands in no text that somebody wrote.
"""


def tokens_of(line: str, marked: bool = False) -> list[Token]:
    """The tokens of one line, without its comment; `marked` says that names may have marks.

    Raises Mistake at the first character that begins no token.
    """
    tokens: list[Token] = []
    add = tokens.append
    for match in MASTER.finditer(line):
        kind = match.lastgroup
        if kind == "comment":
            break
        if kind == "bad" or kind == "malformed":
            raise _bad(match)
        add((kind, match[0], match.start()))  # type: ignore[arg-type]  # every alternative is a named group
    if not marked and "@" in line:
        for kind, text, column in tokens:
            if kind == "name" and "@" in text:
                raise Mistake(row_of.CHARACTER, (column + text.index("@"), 1), text="@")
    return tokens


def _bad(match: re.Match[str]) -> Mistake:
    text, column = match[0], match.start()
    if match.lastgroup == "malformed":
        return Mistake(row_of.NOT_A_NUMBER, (column, len(text)), text=text[:40])
    if text == '"':
        return Mistake(row_of.OPEN_STRING, (column, 1))
    return Mistake(row_of.CHARACTER, (column, 1), near=_NO_BRACKETS if text in "[]{}" else None, text=text)


_NO_BRACKETS = "the language has no brackets: a shape is C x R x K, an operand stands behind a comma".format


def number_of(token: Token) -> int:
    """The value of a number token. Raises Mistake where it is malformed or absurdly long."""
    _, text, column = token
    if len(text) > MAX_DIGITS:
        raise Mistake(row_of.LONG_NUMBER, (column, len(text)), digits=len(text))
    digits = text.replace("_", "")
    try:
        return int(digits, 16 if digits[1:2] in ("x", "X") else 2 if digits[1:2] in ("b", "B") else 10)
    except ValueError:
        raise Mistake(row_of.NOT_A_NUMBER, (column, len(text)), text=text) from None


def place_of(tokens: Sequence[Token]) -> Place:
    """The place of some tokens of a line, from the first to the last."""
    (_, _, first), (_, text, last) = tokens[0], tokens[-1]
    return first, last + len(text) - first
