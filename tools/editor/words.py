"""Lines of a source in words, whatever they hold: the labels, the head and the arguments of each.

The assembler stops at a line that it cannot read. An editor goes on: what is no word is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from acortex.isa.asm.lexer import MASTER

PARAMETER = re.compile(r"\\(?:([A-Za-z_][A-Za-z0-9_]*)|\(\))", re.ASCII)
"""A parameter of a macro, or what parts one from the letters behind it."""

GLUED, TEXT = "glued", "text"
"""The kinds of words and of strings that hold parameters; other kinds are those of the assembler."""

_PARAMETER = r"\\(?:[A-Za-z_][A-Za-z0-9_]*|\(\))"
WORD = re.compile(
    rf"(?P<glued>[A-Za-z0-9_.]*+(?:{_PARAMETER}[A-Za-z0-9_.]*)+)"
    r'|(?P<text>"[^"\x00-\x1f\x7f]*\\[^"\x00-\x1f\x7f]*")'
    rf"|{MASTER.pattern}",
    MASTER.flags,
)
"""The assembler's expression, behind words and strings that hold parameters."""

MAX_LINE = 20_000
"""Characters of a line that are looked at: twice what the assembler reads."""


class Word(NamedTuple):
    """A word of a line: its kind, its text, and its column from 0."""

    kind: str
    text: str
    column: int

    @property
    def end(self) -> int:
        """The column behind it."""
        return self.column + len(self.text)


class Argument(NamedTuple):
    """What stands between two commas: the word before `=` where there is one, the words of the value, and its place."""

    name: Word | None
    words: tuple[Word, ...]
    start: int
    end: int


class Line(NamedTuple):
    """A line: its labels, its mnemonic, macro or directive, its arguments, and its comment."""

    labels: tuple[Word, ...]
    head: Word | None
    arguments: tuple[Argument, ...]
    comment: Word | None
    words: tuple[Word, ...]

    @property
    def end(self) -> int:
        """The column behind the statement."""
        return self.words[-1].end if self.words else 0


def words_of(line: str) -> Iterator[Word]:
    """All words of a line, those too that the assembler refuses; the last may be its comment."""
    for match in WORD.finditer(line):
        yield Word(match.lastgroup or "", match[0], match.start())


@lru_cache(maxsize=1 << 16)
def line_of(text: str) -> Line:
    """A line in parts. Lines that did not change since the last time are not cut anew."""
    words = tuple(words_of(text[:MAX_LINE]))
    comment = words[-1] if words and words[-1].kind == "comment" else None
    words = tuple(word for word in words if word.kind not in ("bad", "malformed", "comment"))
    start = 0
    while start + 1 < len(words) and words[start].kind in ("name", GLUED) and words[start + 1].text == ":":
        start += 2
    if start == len(words):
        return Line(words[:start:2], None, (), comment, words)
    head = words[start] if words[start].kind in ("name", "directive", GLUED) else None
    return Line(words[:start:2], head, tuple(_arguments(words[start + 1 :], len(text))) if head else (), comment, words)


def _arguments(words: tuple[Word, ...], end: int) -> Iterator[Argument]:
    """The arguments of a statement, empty ones as well."""
    part: list[Word] = []
    start = words[0].column if words else end
    for word in words:
        if word.text == ",":
            yield _argument(part, start, word.column)
            part, start = [], word.end
        else:
            part.append(word)
    if words:
        yield _argument(part, start, words[-1].end)


def _argument(words: list[Word], start: int, end: int) -> Argument:
    if len(words) > 1 and words[1].text == "=" and words[0].kind == "name":
        return Argument(words[0], tuple(words[2:]), start, end)
    return Argument(None, tuple(words), start, end)


def parameters_of(word: Word) -> Iterator[Word]:
    """The parameters in a word, each by its name, at the place of that name."""
    for match in PARAMETER.finditer(word.text):
        if match[1]:
            yield Word("name", match[1], word.column + match.start(1))


def word_at(words: tuple[Word, ...], column: int) -> Word | None:
    """The word at a column, or the one that ends there; names go before what stands beside them."""
    near = [word for word in words if word.column <= column <= word.end]
    return next((word for word in near if word.kind not in ("op", "comment")), near[0] if near else None)
