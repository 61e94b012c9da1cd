"""Places of a text as the protocol counts them, and as the assembler does.

The protocol counts columns in units of an encoding, UTF-16 unless both sides agree on another, and takes a carriage
return alone for the end of a line. The assembler counts characters, and lines by line feeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

UTF8, UTF16, UTF32 = "utf-8", "utf-16", "utf-32"


def units_of(line: str, column: int, encoding: str) -> int:
    """The units of a line before a column."""
    if encoding == UTF32 or line.isascii():
        return min(column, len(line))
    before = line[:column]
    if encoding == UTF8:
        return len(before.encode("utf-8", "surrogatepass"))
    return len(before) + sum(letter > "\uffff" for letter in before)


def column_of(line: str, units: int, encoding: str) -> int:
    """The column of a line behind so many units; inside of a character that before it, and at most the line's end."""
    if encoding == UTF32 or line.isascii():
        return max(min(units, len(line)), 0)
    width = 0
    for column, letter in enumerate(line):
        wide = len(letter.encode("utf-8", "surrogatepass")) if encoding == UTF8 else 1 + (letter > "\uffff")
        if width + wide > units:
            return column
        width += wide
    return len(line)


@dataclass(frozen=True)
class Positions:
    """The places of a text of some lines, without the ends of these."""

    lines: Sequence[str]
    encoding: str = UTF16

    def outward(self, line: int, column: int) -> tuple[int, int]:
        """The line and the units of the protocol for a place."""
        if not self._has_returns:
            text = self.lines[line] if line < len(self.lines) else ""
            return line, units_of(text, column, self.encoding)
        text = self.lines[line] if line < len(self.lines) else ""
        above = line + sum(one.count("\r") for one in self.lines[:line])
        parts = text[:column].split("\r")
        return above + len(parts) - 1, units_of(parts[-1], len(parts[-1]), self.encoding)

    def inward(self, line: int, units: int) -> tuple[int, int]:
        """The place for a line and units of the protocol; behind the last line the text's end."""
        if line < 0:
            return 0, 0
        if not self._has_returns:
            if line >= len(self.lines):
                return max(len(self.lines) - 1, 0), len(self.lines[-1]) if self.lines else 0
            return line, column_of(self.lines[line], units, self.encoding)
        for number, text in enumerate(self.lines):
            parts = text.split("\r")
            if line < len(parts):
                start = sum(len(part) + 1 for part in parts[:line])
                return number, start + column_of(parts[line], units, self.encoding)
            line -= len(parts)
        return len(self.lines) - 1, len(self.lines[-1])

    @cached_property
    def _has_returns(self) -> bool:
        return any("\r" in line for line in self.lines)
