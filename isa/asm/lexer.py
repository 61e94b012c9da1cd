"""The words of the assembly language: one master expression cuts a line into tokens with their places."""

from __future__ import annotations

import re

from acortex.isa.asm.diagnostics import Mistake

Token = tuple[str, str, int]
"""A token: its kind (a group of the master expression), its text, and its column from 0. Plain, for speed."""

MAX_DIGITS = 80
"""The longest number that is read at all."""

MASTER = re.compile(
    r"""(?P<name>[A-Za-z_][A-Za-z0-9_.]*)
    |   (?P<decimal>[0-9]+(?:(?:\.[0-9]+)+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)(?![A-Za-z0-9_.]))
    |   (?P<number>(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|[0-9][0-9_]*)(?![A-Za-z0-9_]))
    |   (?P<op><<|>>|//|/\^|[-+*/%()=,:|])
    |   (?P<comment>[;\#].*)
    |   (?P<shape>[0-9]+(?:x[0-9]+)+(?![A-Za-z0-9_]))
    |   (?P<string>"[^"\\\x00-\x1f\x7f]*")
    |   (?P<directive>\.[A-Za-z_][A-Za-z0-9_]*)
    |   (?P<malformed>[0-9][A-Za-z0-9_]*)
    |   (?P<bad>[^ \t])
    """,
    re.VERBOSE | re.ASCII,
)
"""Matches the next word of a line; the group that matched is its kind."""


def tokens_of(line: str) -> list[Token]:
    """The tokens of one line, without its comment.

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
    return tokens


def _bad(match: re.Match[str]) -> Mistake:
    text, column = match[0], match.start()
    if match.lastgroup == "malformed":
        return Mistake(f"`{text[:40]}` is not a number", column, len(text), "numbers are 10, 0x1f, 0b101, 65_536")
    if text == '"':
        return Mistake("this string has no end", column, 1, 'close it with " on the same line; it may not hold \\')
    return Mistake(f"unexpected character {text!a}", column, 1, "comments begin with ; or #")


def number_of(token: Token) -> int:
    """The value of a number token. Raises Mistake where it is malformed or absurdly long."""
    _, text, column = token
    if len(text) > MAX_DIGITS:
        raise Mistake(f"a number of {len(text)} digits is too large", column, len(text))
    digits = text.replace("_", "")
    try:
        return int(digits, 16 if digits[1:2] in ("x", "X") else 2 if digits[1:2] in ("b", "B") else 10)
    except ValueError:
        raise Mistake(f"`{text}` is not a number", column, len(text)) from None
