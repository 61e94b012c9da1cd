"""Two programs of one network side by side: which source line of the one is which of the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader

MOST_LINES = 20_000
"""Instructions up to which programs are compared one by one."""


def align(a: Trace, b: Trace) -> Trace:
    """The trace `b` with the source lines of `a` where an instruction is the same, in the same place of the same layer.

    A line that only `b` has keeps its name, followed by "(second)" where `a` has another line of that name. Traces of
    one program, or of a version that did not record instructions, come back as they are.
    """
    if a.header.program_sha256 == b.header.program_sha256 or not (a.header.instructions and b.header.instructions):
        return b
    return replace(b, header=replace(b.header, lines=tuple(_lines(a.header, b.header))))


def _lines(a: TraceHeader, b: TraceHeader) -> list[str]:
    """The line of each instruction of the second program, in the names of the first where they match."""
    taken = set(a.lines)
    lines = [f"{line} (second)" if line in taken else line for line in b.lines]
    for mine, theirs in _matches(a, b):
        lines[theirs] = a.lines[mine]
    return lines


def _matches(a: TraceHeader, b: TraceHeader) -> Iterator[tuple[int, int]]:
    """Pairs of program counters of equal instructions, layer by layer, then line by line where those differ."""
    if max(len(a.instructions), len(b.instructions)) > MOST_LINES:
        return
    places = dict(_layers(a))
    for name, theirs in _layers(b):
        mine = places.get(name)
        if mine is None:
            continue
        left, right = ([header.instructions[at] for at in part] for header, part in ((a, mine), (b, theirs)))
        for block in SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
            for step in range(block.size):
                yield mine[block.a + step], theirs[block.b + step]


def _layers(header: TraceHeader) -> Iterator[tuple[str, Sequence[int]]]:
    """The program counters of each stretch of a program: named by the layer mark that it begins with, and how often."""
    marks = [at for at, text in enumerate(header.instructions) if re.match(r"(end)?layer\b", text)]
    seen: dict[str, int] = {}
    for first, last in zip([0, *marks], [*marks, len(header.instructions)], strict=True):
        if first == last:
            continue
        name = _layer_name(header, header.instructions[first]) if first in marks else "-"
        seen[name] = seen.get(name, 0) + 1
        yield f"{name} {seen[name]}", range(first, last)


def _layer_name(header: TraceHeader, text: str) -> str:
    """The name of a layer by its mark, which has its number; the mark's text for the end of one."""
    number = re.fullmatch(r"layer (\d+)", text)
    return header.layers[int(number[1]) + 1] if number and int(number[1]) + 1 < len(header.layers) else text
