"""The usual form of a source as changes of its lines, so that a cursor stays where it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from acortex.isa.asm.formatter import formatted
from acortex.tools.editor.index import lines_of


class Edit(NamedTuple):
    """A text in the place of another: from a line and column up to another, from 0."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


def changes(text: str, first: int = 0, last: int | None = None) -> Iterator[Edit]:
    """What brings a text into its usual form; of the lines `first` to `last` alone, if they are given."""
    before, after = lines_of(text), formatted(text).split("\n")[:-1]
    for number, (old, new) in enumerate(zip(before, after, strict=False)):
        if old != new and first <= number and (last is None or number <= last):
            yield Edit((number, 0), (number, len(old)), new)
    end = len(before) - 1, len(before[-1])
    if last is not None and last < end[0]:
        return
    if len(before) == len(after):  # the last line has no end
        yield Edit(end, end, "\r\n" if "\r\n" in text else "\n")
    elif before[len(after) :] != [""]:  # empty lines at the end
        yield Edit((len(after), 0), end, "")
