"""Errors with a place in the source: how they are collected, all in one pass, and how they read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from acortex.errors import AcortexError, ManyErrors

MAX_ERRORS = 100
"""After this many the assembler stops looking: a file that is no program would give one a line."""

_FEW, _SOME = 20, 500
"""Of how many names all are compared with a mistyped one, and how many are looked at to choose so few."""

_WINDOW = 100
"""How many characters of a long source line are shown around the place."""


class Diagnostic(AcortexError):
    """One mistake in a source text: the line, a caret under the place, and what to do.

    `line` and `column` count from 1, in characters; `source` is the line's text, `length` how much of it is meant.
    """

    def __init__(
        self, message: str, *, file: str, line: int, column: int, length: int = 1, source: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, where=f"{file}:{line}:{column}", hint=hint)
        self.file = file
        self.line = line
        self.column = column
        self.length = length
        self.source = source

    def __str__(self) -> str:
        text, column = _window(self.source, self.column)
        shown = "".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in text)
        indent = "".join("\t" if letter == "\t" else " " for letter in shown[: column - 1])
        caret = "^" + "~" * (min(self.length, len(shown) - column + 1) - 1)
        number = str(self.line)
        advice = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.where}: {self.message}\n  {number} | {shown}\n  {' ' * len(number)} | {indent}{caret}{advice}"


def _window(text: str, column: int) -> tuple[str, int]:
    """The part of a line around a column, and the column in it."""
    if len(text) <= 2 * _WINDOW:
        return text, column
    start = max(0, column - 1 - _WINDOW // 2)
    head = "..." if start else ""
    tail = "..." if start + _WINDOW < len(text) else ""
    return f"{head}{text[start : start + _WINDOW]}{tail}", column - start + len(head)


@dataclass(frozen=True, slots=True)
class Source:
    """A source text: the name of its file and its lines."""

    file: str
    lines: tuple[str, ...]


class Mistake(Exception):
    """What is wrong with a few characters of one line; whoever knows the line reports it.

    An empty message stands for the consequence of a mistake that is reported already. `line` is 0 where the line is the
    one being read.
    """

    def __init__(self, message: str, column: int = 0, length: int = 1, hint: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.length = length
        self.hint = hint
        self.line = line


class TooManyErrors(Exception):
    """Ends a pass that has found `MAX_ERRORS` mistakes."""


class Report:
    """Collects the mistakes of one assembly."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.errors: list[Diagnostic] = []

    def add(self, line: int, mistake: Mistake) -> None:
        """Records a mistake, in this line (from 1) unless it names another; its column counts from 0."""
        if not mistake.message:
            return
        line = mistake.line or line
        lines = self.source.lines
        self.errors.append(
            Diagnostic(
                mistake.message,
                file=self.source.file,
                line=line,
                column=mistake.column + 1,
                length=mistake.length,
                source=lines[line - 1] if line <= len(lines) else "",
                hint=mistake.hint,
            )
        )
        if len(self.errors) >= MAX_ERRORS:
            raise TooManyErrors

    def finish(self) -> None:
        """Raises what was found, in the order of the text, and nothing where nothing was."""
        if self.errors:
            self.errors.sort(key=lambda error: (error.line, error.column))
            ordered: list[AcortexError] = [*self.errors]
            if len(ordered) >= MAX_ERRORS:
                ordered.append(AcortexError(f"more than {MAX_ERRORS - 1} errors: the rest is not shown"))
            raise ManyErrors(ordered)


def near(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """A hint that suggests the known name most like an unknown one, or says `otherwise`."""
    known = list(names)
    if len(known) > _FEW:
        close = [other for other in known if abs(len(other) - len(name)) < 3]
        known = sorted(close[:_SOME], key=lambda other: -_shared(name, other))[:_FEW]
    found = difflib.get_close_matches(name[:80], known, n=1)
    return f"did you mean `{found[0]}`?" if found else otherwise


def _shared(name: str, other: str) -> int:
    """How many characters stand at the same place in two names, from either end: cheap, unlike difflib."""
    ends = ((name, other), (name[::-1], other[::-1]))
    return sum(letter == twin for one, another in ends for letter, twin in zip(one, another, strict=False))


def spoken(names: Iterable[str]) -> str:
    """A list as a sentence has it: "a, b or c"."""
    *rest, last = names
    return f"{', '.join(rest)} or {last}" if rest else last
