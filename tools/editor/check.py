"""What is wrong with a program, and what is hardly meant, for the files of an editor: by the line that somebody wrote.

The mistakes of the assembler (A), the rules of the chip (R) and the findings of the linter (L) become one type.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.asm.assembler import Assembly, assembly_of
from acortex.isa.files import Shelf
from acortex.isa.language.diagnostics import Diagnostic
from acortex.isa.language.source import Source
from acortex.isa.lint.columns import in_line, pointed
from acortex.isa.lint.rows import HINTS, Finding
from acortex.isa.program import Program
from acortex.tools.console.error_report import PLACE, SAME
from acortex.tools.editor.sources import is_uri
from acortex.tools.editor.words import line_of, word_at
from acortex.wording import suggested

MOST_STEPS = 200_000
"""Instructions of a run that a program is held to rules for, while it is typed."""

MOST_PLACES = 200
"""Places of one mistake that are shown."""


class Span(NamedTuple):
    """A part of a line: its file, the line and the columns from 0, the last one behind it."""

    file: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake, a broken rule or a finding: where, its code, what it says, and further places that it is about.

    `near` are words that may have been meant in its place.
    """

    span: Span
    code: str
    message: str
    hint: str = ""
    related: tuple[tuple[Span, str], ...] = ()
    near: tuple[str, ...] = ()

    @property
    def is_warning(self) -> bool:
        """Whether it is legal."""
        return self.code.startswith("L")

    @property
    def is_note(self) -> bool:
        """Whether it is no mistake."""
        return self.code in HINTS


@dataclass
class Checked:
    """What a check of a root found: its problems by file, the program if there is one, and where its lines stand."""

    root: str
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    """By the key of each file that was read, those without problems too."""
    program: Program | None = None
    addresses: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    """The instructions of each line, by file and line from 0."""
    labels: Mapping[str, int] = field(default_factory=dict)


def check(root: str, text: str, texts: Mapping[str, str]) -> Checked:
    """Assembles a root and lints it. `texts` stand in the place of files, by their real paths.

    Raises nothing but faults of acortex itself.
    """
    shelf = Shelf(None if is_uri(root) else Path(root).parent, {}, texts)
    file = os.path.basename(root.rpartition(":")[2]) or "untitled" if is_uri(root) else root
    checked = Checked(root)
    try:
        assembly = assembly_of(text, file, shelf)
    except AcortexError as error:  # what is too long is not read at all
        checked.problems[root] = [Problem(Span(root, 0, 0, 0), error.code, error.message, error.hint)]
        return checked
    places = _Places(root, file, assembly.source)
    checked.problems = {key: [] for key in places.keys.values()}
    for problem in _problems(assembly, places, checked, text):
        checked.problems.setdefault(problem.span.file, []).append(problem)
    return checked


def _problems(assembly: Assembly, places: _Places, checked: Checked, text: str) -> Iterator[Problem]:
    """All problems of an assembly; of one without mistakes also those of its program."""
    try:
        assembly.report.finish()
    except ManyErrors as many:
        yield from (problem for error in many.errors for problem in places.problems(error))
        return
    except AcortexError as error:
        yield from places.problems(error)
        return
    program = checked.program = assembly.program()
    for pc, statement in enumerate(assembly.parsed.instructions):
        origin = assembly.source.origin(statement.line)
        checked.addresses.setdefault((places.key(origin.file), origin.line - 1), []).append(pc)
    checked.labels = {name: pc for name, pc in program.targets.items() if "@" not in name}
    yield from (problem for error in linted(program, text, places.file) for problem in places.problems(error))


def linted(program: Program, text: str, file: str) -> Sequence[AcortexError]:
    """What the linter says of a program and its text."""
    from acortex.isa.lint.names import unused_names
    from acortex.sim.lint import lint

    try:
        found: Sequence[AcortexError] = lint(program, steps=MOST_STEPS)
    except ManyErrors as many:
        found = many.errors
    except AcortexError as error:
        found = [error]
    return [*found, *unused_names(text, file)]


class _Places:
    """Where the lines of a source stand in the files of an editor."""

    def __init__(self, root: str, file: str, source: Source) -> None:
        self.root = root
        self.file = file
        self.source = source
        self.keys = {file: root}
        self.shown = {source.name: file}
        """The files by the names that a program keeps of them."""
        for origin in source.origins or ():
            if origin.file not in self.keys:
                self.keys[origin.file] = os.path.realpath(origin.file)
                self.shown[origin.name] = origin.file

    def key(self, file: str) -> str:
        """The key of a file."""
        return self.keys.get(file, self.root)

    @cached_property
    def _lines(self) -> dict[tuple[str, int], str]:
        """The text of each line, by its file and number from 1."""
        if self.source.origins is None:
            return {(self.file, number): line for number, line in enumerate(self.source.lines, 1)}
        return {(one.file, one.line): one.text for one in self.source.origins}

    def problems(self, error: AcortexError) -> Iterator[Problem]:
        """An error as a problem at each of its places."""
        near = tuple(suggested(error.hint))
        if isinstance(error, Diagnostic):
            length = min(error.length, max(len(error.source) - error.column + 1, 1))
            start = error.column - 1
            spans = [Span(self.key(error.file), error.line - 1, start, start + length)]
            spans += (self._word(*place) for place in error.others[:MOST_PLACES])
            notes = [(self._word(note.file, note.line, note.column), note.message) for note in error.notes]
        else:
            self._point(error)
            word = error.word if isinstance(error, Finding) else ""
            spans = list(self._named((error.where, *error.also[:MOST_PLACES]), word)) or [self._whole()]
            notes = [(span, text) for text, where in error.places for span in self._named([where], word)]
            notes += ((spans[0], part) for part in error.parts)
        for span in spans:
            more = [] if span is spans[0] else [(spans[0], SAME)]
            yield Problem(span, error.code, error.message, error.hint, (*notes, *more), near)

    def _point(self, error: AcortexError) -> None:
        """Gives an error the column of what it is about, and one that is about a declaration the line of that."""
        before = error.where
        for name, file in {**self.shown, self.file: self.file}.items():
            if error.where == before:
                pointed(error, name, self._texts[file])

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        """The lines of each file; "" for those that are not read, such as what a condition leaves out."""
        texts: dict[str, list[str]] = {file: [] for file in self.keys}
        for file, number in self._lines:
            lines = texts[file]
            lines += [""] * (number - len(lines))
            lines[number - 1] = self._lines[file, number]
        return texts

    def _named(self, places: Iterable[str], about: str = "") -> Iterator[Span]:
        """What the places that texts name are about: a word, else the mnemonic of their line."""
        for where in places:
            found = PLACE.fullmatch(where.partition(", layer ")[0])
            file = self.shown.get(found["file"], found["file"]) if found else ""
            if found and file in self.keys:
                line = int(found["line"])
                text = self._lines.get((file, line), "")
                yield self._word(file, line, int(found["column"] or in_line(text, about)[0]))

    def _word(self, file: str, line: int, column: int) -> Span:
        """The word at a place, from 1."""
        words = line_of(self._lines.get((file, line), "")).words
        word = next((word for word in words if word.column == column - 1), word_at(words, column - 1))
        start = word.column if word else column - 1
        return Span(self.key(file), line - 1, start, word.end if word else start)

    def _statement(self, file: str, line: int) -> Span:
        """The statement of a line, without its labels and its comment."""
        parts = line_of(self._lines.get((file, line), ""))
        start = parts.head.column if parts.head else 0
        return Span(self.key(file), line - 1, start, max(parts.end, start))

    def _whole(self) -> Span:
        """The place of what is about the whole program: its name, or else its first statement."""
        first = None
        for (file, number), text in self._lines.items():
            head = line_of(text).head
            if file == self.file and head is not None:
                first = first or number
                if head.text == ".program":
                    first = number
                    break
        return self._statement(self.file, first or 1)
