"""Errors with a place in the source: how they are collected, all in one pass, and how they read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from acortex.errors import AcortexError, ManyErrors, more_like_it
from acortex.wording import count

if TYPE_CHECKING:  # rows are made with what stands here
    from acortex.isa.rules import Facts, Rule

MAX_ERRORS = 100
"""So many different errors are shown; the rest is counted. A file that is no program would give one per line."""

MAX_FILE_NAME = 255
"""The longest name of a file that a program keeps."""

LONGEST = 400
"""Characters of a message or a hint that are shown: a name in it may be as long as a line."""

_WINDOW = 100
"""How many characters of a long source line are shown around the place."""


class Diagnostic(AcortexError):
    """One mistake in a source text: the line, a caret under the place, and what to do.

    `line` and `column` count from 1, in characters; `source` is the line's text, `length` how much of it is meant.
    `others` are the places where the same is wrong, further down; `notes` are other places that the mistake is about.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str,
        line: int,
        column: int,
        length: int = 1,
        source: str = "",
        hint: str = "",
        others: tuple[tuple[int, int], ...] = (),
        notes: tuple[Note, ...] = (),
        code: str = "",
    ) -> None:
        super().__init__(message, where=f"{file}:{line}:{column}", hint=hint)
        self.code = code
        self.file = file
        self.line = line
        self.column = column
        self.length = length
        self.source = source
        self.others = others
        self.notes = notes

    def __str__(self) -> str:
        text, column = _window(self.source, self.column)
        shown = "".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in text)
        indent = "".join("\t" if letter == "\t" else " " for letter in shown[: column - 1])
        caret = "^" + "~" * (min(self.length, len(shown) - column + 1) - 1)
        number = str(self.line)
        advice = f"\n  hint: {self.hint}" if self.hint else ""
        lines = f"{self.where}: {self.message}\n  {number} | {shown}\n  {' ' * len(number)} | {indent}{caret}{advice}"
        notes = "".join(f"\n  note: {self.file}:{note.line}:{note.column}: {note.message}" for note in self.notes)
        return lines + notes + more_like_it([f"{self.file}:{line}:{column}" for line, column in self.others])


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

    @property
    def name(self) -> str:
        """The file's name without its folders, as text that any file and terminal takes."""
        return Path(self.file).name.encode("utf-8", "replace").decode("utf-8")[:MAX_FILE_NAME]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


Place = tuple[int, int]
"""A place in a line: its column, from 0, and how many characters are meant."""


@dataclass(frozen=True, slots=True)
class Note:
    """A further place that a mistake is about, such as the first definition of a name; line and column from 1."""

    message: str
    line: int
    column: int = 1


class Mistake(Exception):
    """A mistake in a few characters of one line: a row of the language's diagnostics, and the facts of its message.

    The caller adds the line; `line` is 0 where it is the one being read. `near` finds a better hint than the row has,
    or nothing. It is called as the report ends, when every name is known.
    """

    def __init__(
        self,
        row: Rule,
        place: Place = (0, 1),
        /,
        *,
        near: Callable[[], str] | None = None,
        line: int = 0,
        notes: tuple[Note, ...] = (),
        facts: Facts | None = None,
        **more: object,
    ) -> None:
        facts = {**(facts or {}), **more}
        self.row = row
        self.message = _cut(row.message.format(**facts))
        super().__init__(self.message)
        self.column, self.length = place
        self.line = line
        self.notes = notes
        self._near = near
        self._facts = facts

    @property
    def hint(self) -> str:
        """What to do about it."""
        return _cut((self._near() if self._near else "") or self.row.hint.format(**self._facts))


class Consequence(Mistake):
    """A mistake that follows from another one. It is shown only if no other is reported."""


@dataclass(slots=True)
class _Found:
    """One message: the mistake that gave it first, and its places: line, column and length, from 1."""

    mistake: Mistake
    places: list[tuple[int, int, int]] = field(default_factory=list)


class MistakeLog:
    """Collects the mistakes of one assembly, one entry for each message."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._found: dict[str, _Found] = {}
        self._follows: tuple[int, Mistake] | None = None
        self._left_out = 0

    def __bool__(self) -> bool:
        """Whether anything was reported."""
        return bool(self._found) or self._follows is not None

    def add(self, line: int, mistake: Mistake) -> None:
        """Records a mistake, in this line (from 1) unless it names another; its column counts from 0."""
        line = mistake.line or line
        if isinstance(mistake, Consequence):
            self._follows = self._follows or (line, mistake)
            return
        if mistake.message not in self._found:
            if len(self._found) >= MAX_ERRORS:
                self._left_out += 1
                return
            self._found[mistake.message] = _Found(mistake)
        self._found[mistake.message].places.append((line, mistake.column + 1, mistake.length))

    def finish(self) -> None:
        """Raises what was reported, in the order of the text, and nothing where nothing was.

        What follows from an error that was never reported is an error of its own: so no failure passes in silence.
        """
        if self._follows and not self._found:
            line, mistake = self._follows
            self._found[mistake.message] = _Found(mistake, [(line, mistake.column + 1, mistake.length)])
        if self._found:
            errors = sorted(map(self._diagnostic, self._found.values()), key=lambda error: (error.line, error.column))
            ordered: list[AcortexError] = [*errors]
            if self._left_out:
                ordered.append(AcortexError(f"{count(self._left_out, 'more error')} of other kinds: not shown"))
            raise ManyErrors(ordered)

    def _diagnostic(self, found: _Found) -> Diagnostic:
        """A message at the first of its places."""
        mistake, lines = found.mistake, self.source.lines
        (line, column, length), *others = sorted(found.places)
        return Diagnostic(
            mistake.message,
            file=self.source.file,
            line=line,
            column=column,
            length=length,
            source=lines[line - 1] if line <= len(lines) else "",
            hint=mistake.hint,
            others=tuple((line, column) for line, column, _ in others),
            notes=mistake.notes,
            code=mistake.row.code,
        )
