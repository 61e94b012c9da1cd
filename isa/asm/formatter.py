"""A source in its usual form: columns, spaces and comments, and never another word of the program.

Labels begin a line, statements stand in column 9 and operands behind column 17. Comments behind statements are aligned
within each paragraph, in column 49 or behind the longest of them. Lines that cannot be read stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

INDENT = 8
OPERANDS = 8
COMMENTS = 48
FURTHEST = 56
"""Columns: of statements, of operands behind those, and of comments, at first and at most."""

_WORD = re.compile(
    r"""[ \t]*(?:
        (?P<comment>[;\#].*)
    |   (?P<string>"[^"\x00-\x1f\x7f]*")
    |   (?P<word>(?:[A-Za-z0-9_.]|\\[A-Za-z_][A-Za-z0-9_]*|\\\(\))+)
    |   (?P<op><<|>>|//|/\^|[=!<>]=|&&|\|\||[-+*/%()=,:|<>!])
    )""",
    re.VERBOSE | re.ASCII,
)
JOINED = frozenset(("==", "!=", "<=", ">=", "<<", ">>", "//", "/^", "&&", "||"))
"""Operators that two words would make, were there no space between them."""

Word = tuple[str, str, bool]
"""A word of a line: its kind, its text, and whether a space stands before it."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line in parts: its labels, its statement, its comment, and what it is where it has none of these."""

    labels: str = ""
    statement: str = ""
    comment: str = ""
    whole: str | None = None

    @property
    def code(self) -> str:
        """The line without its comment."""
        if not self.statement:
            return self.labels
        return f"{self.labels:<{INDENT - 1}} {self.statement}" if self.labels else " " * INDENT + self.statement


def formatted(text: str) -> str:
    """The usual form of a source. Formatting it again changes nothing, and it assembles to the same words."""
    lines = [_line(line.rstrip()) for line in text.replace("\r\n", "\n").split("\n")]
    out = [written for paragraph in _paragraphs(lines) for written in _written(paragraph)]
    while out and not out[-1]:
        out.pop()
    return "".join(f"{line}\n" for line in out)


def _line(text: str) -> _Line:
    words = _words(text)
    if words is None:
        return _Line(whole=text)
    comment = words.pop()[1] if words and words[-1][0] == "comment" else ""
    if not words:
        return _Line(whole=(" " * INDENT if text[:1] in (" ", "\t") and comment else "") + comment)
    start = 0
    while len(words) > start + 1 and words[start][0] == "word" and words[start + 1][1] == ":":
        start += 2
    labels = " ".join(f"{word[1]}:" for word in words[:start:2])
    return _Line(labels, _statement(words[start:]), comment)


def _words(text: str) -> list[Word] | None:
    """The words of a line; None where it has anything else."""
    words: list[Word] = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None or match.lastgroup is None:
            return None
        kind = match.lastgroup
        words.append((kind, match[kind], match.start(kind) > at))
        at = match.end()
    return words


def _statement(words: Sequence[Word]) -> str:
    """A mnemonic or directive and its operands."""
    if not words:
        return ""
    operands = "".join(_spaced(words[1:])).rstrip()
    return f"{words[0][1]:<{OPERANDS - 1}} {operands}" if operands else words[0][1]


def _spaced(words: Sequence[Word]) -> Iterator[str]:
    """Operands with a space behind each comma and around each operator that has a value before it."""
    value, before = False, ""
    for kind, text, space in words:
        if text in (",", "=", "|") and kind == "op":
            yield f" {text}" if before[-1:] + text[0] in JOINED else text
            value = False
        elif kind == "op" and text not in ("(", ")") and value:
            yield f" {text} "
            value = False
        else:
            gap = before == "," or (value and space and text != ")") or before[-1:] + text[0] in JOINED
            yield f" {text}" if gap else text
            value = kind != "op" or text == ")"
        before = text


def _paragraphs(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Lines up to the next that is empty or nothing but a comment."""
    paragraph: list[_Line] = []
    for line in lines:
        if line.whole is not None:
            yield paragraph
            yield [line]
            paragraph = []
        else:
            paragraph.append(line)
    yield paragraph


def _written(lines: Sequence[_Line]) -> Iterator[str]:
    """The lines of a paragraph, their comments below each other."""
    lengths = [len(line.code) for line in lines if line.comment]
    column = COMMENTS if all(length < COMMENTS or length >= FURTHEST for length in lengths) else FURTHEST
    for line in lines:
        if line.whole is not None:
            yield line.whole
        elif line.comment:
            yield f"{line.code:<{column - 1}} {line.comment}"
        else:
            yield line.code
