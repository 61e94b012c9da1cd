"""Errors with a place in the source: how they are collected, all in one pass, and how they read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from acortex.errors import AcortexError, ManyErrors, more_like_it
from acortex.isa.language.source import Note, Place, Source
from acortex.wording import count

if TYPE_CHECKING:  # rows are made with what stands here
    from acortex.isa.rules import Facts, Rule

MAX_ERRORS = 100
"""So many different errors are shown; the rest is counted. A file that is no program would give one per line."""

LONGEST = 400
"""Characters of a message or a hint that are shown: a name in it may be as long as a line."""

_WINDOW = 100
"""How many characters of a long source line are shown around the place."""


class Diagnostic(AcortexError):
    """One mistake in a source text: the line, a caret under the place, and what to do.

    `line` and `column` count from 1, in characters; `source` is the line's text, `length` how much of it is meant.
    `others` are the places where the same is wrong, further down: file, line, column. `notes` are other places that the
    mistake is about, each with its file.
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
        others: tuple[tuple[str, int, int], ...] = (),
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
        notes = "".join(f"\n  note: {note.file}:{note.line}:{note.column}: {note.message}" for note in self.notes)
        return lines + notes + more_like_it([f"{file}:{line}:{column}" for file, line, column in self.others])


def _window(text: str, column: int) -> tuple[str, int]:
    """The part of a line around a column, and the column in it."""
    if len(text) <= 2 * _WINDOW:
        return text, column
    start = max(0, column - 1 - _WINDOW // 2)
    head = "..." if start else ""
    tail = "..." if start + _WINDOW < len(text) else ""
    return f"{head}{text[start : start + _WINDOW]}{tail}", column - start + len(head)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


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

    def stand_in(self, line: int) -> None:
        """Gives notes that have no line that of the mistake."""
        self.notes = tuple(note if note.line else replace(note, line=line) for note in self.notes)

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
        mistake.stand_in(line)
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
            found = sorted(self._found.values(), key=lambda one: min(one.places)[:2])
            ordered: list[AcortexError] = [*map(self._diagnostic, found)]
            if self._left_out:
                ordered.append(AcortexError(f"{count(self._left_out, 'more error')} of other kinds: not shown"))
            raise ManyErrors(ordered)

    def _diagnostic(self, found: _Found) -> Diagnostic:
        """A message at the first of its places."""
        mistake = found.mistake
        (line, column, length), *others = sorted(found.places)
        origin = self.source.origin(line)
        column, length = origin.place(column - 1, length)
        first = (origin.file, origin.line, column + 1)
        return Diagnostic(
            _without_marks(mistake.message),
            file=origin.file,
            line=origin.line,
            column=column + 1,
            length=length,
            source=origin.text,
            hint=_without_marks(mistake.hint),
            others=tuple(place for place in dict.fromkeys(map(self._place, others)) if place != first),
            notes=(
                *self._read_as(line),
                *map(self.source.note, mistake.notes),
                *(origin.via.notes() if origin.via else ()),
            ),
            code=mistake.row.code,
        )

    def _place(self, found: tuple[int, int, int]) -> tuple[str, int, int]:
        """A place as somebody wrote it: file, line and column."""
        line, column, length = found
        origin = self.source.origin(line)
        return origin.file, origin.line, origin.place(column - 1, length)[0] + 1

    def _read_as(self, line: int) -> Iterator[Note]:
        """What a line says once its parameters have their values."""
        origin = self.source.origin(line)
        if origin.edits:
            yield Note(f"read as `{_cut(self.source.lines[line - 1].strip())}`", origin.line, 1, origin.file)


_MARK = re.compile(r"(?<=[A-Za-z0-9_.])@[0-9]+")


def _without_marks(text: str) -> str:
    """A text without what tells the local names of one call of a macro from those of another."""
    return _MARK.sub("", text) if "@" in text else text
