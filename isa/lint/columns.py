"""Where in its line a finding stands: programs keep the lines of their sources, but not how these are indented."""

from __future__ import annotations

import re
from collections.abc import Sequence

from acortex.errors import AcortexError
from acortex.isa.lint.rows import Finding

_HEAD = re.compile(r"\s*(?:[A-Za-z_][\w.]*[ \t]*:[ \t]*)*(\.?[A-Za-z_][\w.]*)?", re.ASCII)
"""The labels of a line, then its mnemonic or its directive."""

_CODE = re.compile(r'(?:"[^"]*"|[^;#"])*')
_PLACE = re.compile(r"(.+):(\d+)")


def in_line(text: str, word: str = "") -> tuple[int, int]:
    """The column of a word in a line, from 1, and its length; of the mnemonic where the line has no such word."""
    code = match[0] if (match := _CODE.match(text)) else ""
    found = word and re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", code)
    if not found:
        head = _HEAD.match(code)
        assert head is not None  # every part of it may be missing
        return (head.start(1) + 1, head.end(1) - head.start(1)) if head[1] else (1, len(code.rstrip()))
    return found.start() + 1, len(word)


def pointed(error: AcortexError, file: str, texts: Sequence[str]) -> None:
    """Gives an error in a source, whose lines are given, the column of what it is about, and a declaration its line."""
    number = _line(error, file, texts)
    if 1 <= number <= len(texts):
        column, error.length = in_line(texts[number - 1], error.word if isinstance(error, Finding) else "")
        error.where = f"{file}:{number}:{column}"


def _line(error: AcortexError, file: str, texts: Sequence[str]) -> int:
    """The line of an error in a file, from 1; 0 where it has none there."""
    if isinstance(error, Finding) and error.declared is not None:
        return declaration(texts, *error.declared)
    place = _PLACE.fullmatch(error.where)
    return int(place[2]) if place and place[1] == file else 0


def declaration(texts: Sequence[str], directive: str, name: str) -> int:
    """The line of a declaration, from 1; 0 where none is found: a macro may have made it."""
    pattern = re.compile(rf'[^;#"]*\.{directive}\s+"?{re.escape(name)}"?(?![\w.])')
    return next((number for number, text in enumerate(texts, 1) if pattern.match(text)), 0)
