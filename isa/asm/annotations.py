"""What a source says beside its instructions: labels, comments, and lines as they were written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from acortex.isa.program import Program

_COMMENT = re.compile(r"\s*[;#]\s?(.*)")


@dataclass(frozen=True, slots=True)
class Annotations:
    """Of a program, by the addresses of its instructions: labels, the lines that made them, and comments above."""

    labels: Mapping[int, str] = field(default_factory=dict)
    behind: Mapping[int, str] = field(default_factory=dict)
    above: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def said_by(program: Program, text: str) -> Annotations:
    """What a source says, of which this is the text and this the program that it makes.

    Comments above an instruction are those of the source itself, not of what it includes.
    """
    labels: dict[int, str] = {}
    for name, address in program.targets.items():
        labels.setdefault(address, name)
    behind = {address: " ".join(line.text.split()) for address, line in enumerate(program.lines)}
    return Annotations(labels, behind, dict(_above(program, text.split("\n"))))


def _above(program: Program, lines: list[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The lines of nothing but a comment above each instruction, each told once."""
    own = program.lines[-1].file if program.lines else ""
    last = 0
    for address, line in enumerate(program.lines):
        if line.file != own or line.number <= last:
            continue  # a macro or a repetition made it: its lines stand elsewhere
        yield address, _comments(lines[last : line.number - 1])
        last = line.number


def _comments(lines: list[str]) -> tuple[str, ...]:
    """The comments of lines that hold nothing else."""
    return tuple(one[1].rstrip() for one in map(_COMMENT.fullmatch, lines) if one)
