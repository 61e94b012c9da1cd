"""A source text as the assembler reads it: its lines, and where each of them stands.

Lines that macros, repetitions and included files make have numbers of their own, one after the other. An Origin for
each says what stands in which file, so that a message names the line that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from acortex.isa.program import Line
from acortex.wording import count

MAX_FILE_NAME = 255
"""The longest name of a file that a program keeps."""

SHOWN = 3
"""Links at each end of a chain of calls that a message shows."""

Place = tuple[int, int]
"""A place in a line: its column, from 0, and how many characters are meant."""

Edit = tuple[int, int, int, int]
"""A parameter that was replaced: where its value begins and ends in the line as read, and where the parameter does in
the file, from 0.
"""


@dataclass(frozen=True, slots=True)
class Note:
    """A further place that a mistake is about, such as the first definition of a name; line and column from 1.

    Without a `file` the line is one of the source as it is read; line 0 is that of the mistake itself.
    """

    message: str
    line: int
    column: int = 1
    file: str = ""


@dataclass(frozen=True, slots=True)
class Via:
    """Why a line is read: the `.include`, the call or the `.rept` that brought it, and why that one is."""

    note: Note
    above: Via | None = None
    depth: int = 1

    def notes(self) -> Iterator[Note]:
        """The chain, the innermost link first; of a long one its two ends."""
        links: list[Note] = []
        link: Via | None = self
        while link is not None:
            links.append(link.note)
            link = link.above
        left_out = len(links) - 2 * SHOWN
        yield from links if left_out <= 0 else links[:SHOWN]
        if left_out > 0:
            last = links[-SHOWN]
            message = f"behind {count(left_out, 'more link')}, {last.message}"
            yield Note(message, last.line, last.column, last.file)
            yield from links[1 - SHOWN :]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a line stands that is read: its file, its number and its text there."""

    file: str
    name: str
    line: int
    text: str
    edits: tuple[Edit, ...] = ()
    via: Via | None = None

    def place(self, column: int, length: int) -> Place:
        """The place in the file of a place in the line as read."""
        return before(self.edits, column, length)


@lru_cache(maxsize=16)
def _name_of(file: str) -> str:
    """The name of a file as its lines are shown with it: each of thousands asks for it."""
    return shown_name(Path(file).name)


@dataclass(slots=True)
class Source:
    """A source text: the name of its file, its lines as they are read, and their origins where these differ."""

    file: str
    lines: Sequence[str]
    origins: list[Origin] | None = field(default=None)

    @property
    def name(self) -> str:
        """The file's name without its folders, as text that any file and terminal takes."""
        return _name_of(self.file)

    def origin(self, line: int) -> Origin:
        """Where a line stands, counted from 1."""
        if self.origins is not None and line <= len(self.origins):
            return self.origins[line - 1]
        return Origin(self.file, self.name, line, self.lines[line - 1] if line <= len(self.lines) else "")

    def is_marked(self, line: int) -> bool:
        """Whether the text of a line may hold marks of local names."""
        return self.origins is not None and bool(self.origins[line - 1].edits)

    def spoken(self, line: int) -> str:
        """A line in the words of a message: with its file where that is another one."""
        origin = self.origin(line)
        return f"line {origin.line}" if origin.file == self.file else f"line {origin.line} of {origin.name}"

    def kept(self, line: int) -> Line:
        """A line as a program keeps it: where it stands, and what it says with the values of parameters."""
        text = self.lines[line - 1].strip()
        if self.origins is None:
            return Line(self.name, line, text)
        origin = self.origins[line - 1]
        return Line(origin.name, origin.line, text)

    def beside(self, line: int, name: str) -> str:
        """The name of a file that a line names, from the folder of the source."""
        return beside(self.origins[line - 1].name, name) if self.origins is not None else name

    def note(self, note: Note) -> Note:
        """A note at the place that somebody wrote."""
        if note.file:
            return note
        origin = self.origin(note.line)
        return Note(note.message, origin.line, origin.place(note.column - 1, 1)[0] + 1, origin.file)


def before(edits: Sequence[Edit], column: int, length: int) -> Place:
    """Where a place of a line was before its edits: that of the parameter, where it lies in the value of one."""
    shift = 0
    for start, end, there, there_end in edits:
        if column < start:
            break
        if column < end:
            return there, there_end - there
        shift = there_end - end
    return max(column + shift, 0), length


def beside(name: str, other: str) -> str:
    """The name of a file that another file names, from the folder of the source."""
    parts: list[str] = []
    for part in (*PurePosixPath(name).parent.parts, *PurePosixPath(other).parts):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return other if other.startswith("/") else "/".join(parts)


def shown_name(name: str) -> str:
    """The name of a file, as text that any file and terminal takes."""
    return name.encode("utf-8", "replace").decode("utf-8")[:MAX_FILE_NAME]
