"""The lexer of Pygments for the assembly language: ```` ```acortex ```` in Markdown, `pygmentize -l acortex`.

Words are cut by the assembler's own expression, so what is an error here is one there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from pygments.lexer import Lexer
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
    _TokenType,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acortex.tools.editor.words import Word

PUNCTUATION = frozenset(",:()|=")

_PLAIN = {"comment": Comment.Single, "string": String, "text": String, "decimal": Number.Float, "shape": Number}

_BROKEN = ("bad", "malformed")

_HEAD = re.compile(r"^[ \t]*(?:[A-Za-z_][\w.]*[ \t]*:[ \t]*)*(\.?[A-Za-z_]\w*)", re.MULTILINE | re.ASCII)


class AcortexLexer(Lexer):
    """Highlights sources of aCortex."""

    name = "aCortex assembly"
    aliases: ClassVar[list[str]] = ["acortex", "acortex-asm"]
    filenames: ClassVar[list[str]] = ["*.s"]
    mimetypes: ClassVar[list[str]] = ["text/x-acortex-asm"]
    url = ""

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """The tokens of a text with their places, which together are the whole text."""
        start = 0
        for line in text.split("\n"):
            at = 0
            for kind, word, column in _highlighted(line):
                if column > at:
                    yield start + at, Whitespace, line[at:column]
                yield start + column, kind, word
                at = column + len(word)
            if at < len(line):
                yield start + at, Whitespace, line[at:]
            start += len(line)
            if start < len(text):
                yield start, Whitespace, "\n"
            start += 1

    @staticmethod
    def analyse_text(text: str) -> float:
        """How much of a text looks like a source: the share of its lines whose first word is one of the language."""
        from acortex.tools.editor.vocabulary import DIRECTIVES, MNEMONICS

        heads = _HEAD.findall(text[:20_000])
        return sum(head in MNEMONICS or head in DIRECTIVES for head in heads) / len(heads) if heads else 0.0


_PARTS = re.compile(r"(\\(?:[A-Za-z_][A-Za-z0-9_]*|\(\)))", re.ASCII)


def _highlighted(line: str) -> Iterator[tuple[_TokenType, str, int]]:
    """The words of a line with their types and columns."""
    from acortex.tools.editor.words import words_of

    words = list(words_of(line))
    head = 0
    while head + 1 < len(words) and words[head][0] in ("name", "glued") and words[head + 1][1] == ":":
        head += 2
    for place, (kind, word, column) in enumerate(words):
        if kind == "glued":
            yield from _parted(word, column)
        elif kind == "name":
            name, mark, rest = word.partition("@")
            yield _named(words, place, head), name, column
            if mark:  # no text may have it
                yield Error, mark + rest, column + len(name)
        else:
            yield _other(kind, word), word, column


def _parted(word: str, column: int) -> Iterator[tuple[_TokenType, str, int]]:
    """A word that parameters are in, part for part."""
    for part in filter(None, _PARTS.split(word)):
        yield Name.Variable if part[0] == "\\" else Number if part[0].isdigit() else Name, part, column
        column += len(part)


def _named(words: Sequence[Word], place: int, head: int) -> _TokenType:
    """The type of a name by where it stands."""
    from acortex.tools.editor.vocabulary import CHOICES, MNEMONICS, OPERANDS, REGISTER

    word = words[place][1]
    if place < head:
        return Name.Label
    if place == head:
        return Keyword if word in MNEMONICS else Name.Function
    if place == head + 1 and words[head][1] == ".macro":
        return Name.Function
    if place + 1 < len(words) and words[place + 1][1] == "=":
        return Name.Attribute if word in OPERANDS else Name.Variable
    if REGISTER.fullmatch(word):
        return Name.Builtin
    if word == "x":
        return Operator.Word
    return Keyword.Constant if word in CHOICES else Name


def _other(kind: str, word: str) -> _TokenType:
    """The type of a word that is no name."""
    from acortex.tools.editor.vocabulary import DIRECTIVES

    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "directive":
        return Keyword.Pseudo if word in DIRECTIVES else Name.Function
    if kind == "number":
        return {"x": Number.Hex, "b": Number.Bin}.get(word[1:2].lower(), Number.Integer)
    if kind in _BROKEN:
        return Error
    return Punctuation if word in PUNCTUATION else Operator
