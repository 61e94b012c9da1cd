"""Two programs side by side: which instruction of the one is which of the other, and what was changed between them.

Programs of equal words are the same program, whatever their files, names and lines. Others are matched by their words;
where those have too little in common, by their words between layer marks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from acortex.traces.edit_script import MOST_STEPS, Match, matches
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.results_of_paths import ProgramChange

NEXT = re.compile(r"(next l\d+, )(\d{1,9})")
"""An instruction with the address of another one, which moves with it."""
LAYER = re.compile(r"layer (\d{1,9})")
"""An instruction with the number of a layer, of which only the name counts."""
MARK = re.compile(r"(end)?layer\b")
"""An instruction that a stretch of the program begins with."""


class Listing(NamedTuple):
    """A program as a comparison needs it: a text for each word, where each was read from, and the names of layers.

    `lines` is empty where it is not known. `layers` begins with what no layer mark covers.
    """

    instructions: Sequence[str]
    lines: Sequence[str]
    layers: Sequence[str]

    @property
    def size(self) -> int:
        """How many instructions there are."""
        return max(len(self.lines), len(self.instructions))

    def source(self, pc: int) -> str | None:
        """The file:line of an instruction; None where it is not known."""
        return self.lines[pc] if 0 <= pc < len(self.lines) else None

    def text(self, pc: int) -> str:
        """The instruction in assembly; "" where it is not known, and for what no instruction made."""
        return self.instructions[pc] if 0 <= pc < len(self.instructions) else ""


def listing(header: TraceHeader) -> Listing:
    """The program of a trace; without texts where it was written by a version that did not record them."""
    texts = header.instructions if len(header.instructions) == len(header.lines) else ()
    return Listing(texts, header.lines, header.layers)


@dataclass(frozen=True)
class Alignment:
    """Two programs, the positions of equal instructions in rising order, and the layers' names of the second one.

    `known` says whether instructions were compared: where a program has no texts, lines of one name are matched.
    `layers` has a name of the first program where the second has another name for the same layer.
    """

    a: Listing
    b: Listing
    same: bool
    known: bool
    matched: Sequence[Match]
    layers: tuple[str, ...]

    def identities(self, second: bool) -> Ints:
        """A number for each instruction of a program, and for no instruction, which is the last.

        Equal instructions have one number: the position in the first program.
        """
        mine, theirs = self.a.size, self.b.size
        ids = np.arange(theirs if second else mine, dtype=np.int64) + (mine if second else 0)
        if second:
            ids[[y for _, y in self.matched]] = [x for x, _ in self.matched]
        return np.append(ids, mine + theirs)

    @cached_property
    def _seconds(self) -> Mapping[int, int]:
        """The position in the second program of each number that is one of the first program."""
        return {**dict(self.matched), **{x: y for x, y in self.gaps if x is not None and y is not None}}

    @cached_property
    def twins(self) -> Mapping[int, int]:
        """The number of a changed instruction in the first program by its number in the second."""
        return {self.a.size + y: x for x, y in self.gaps if x is not None and y is not None}

    @cached_property
    def gaps(self) -> Sequence[tuple[int | None, int | None]]:
        """Where the programs differ: the positions of a changed instruction, or of one that only one of them has."""
        return tuple(_gaps(self.a, self.b, self.matched)) if not self.same else ()

    def first(self, number: int) -> int | None:
        """The position of an instruction in the first program; None where it has no such."""
        found = self.twins.get(number, number)
        return found if found < self.a.size else None

    def second(self, number: int) -> int | None:
        """The position of an instruction in the second program; None where it has no such."""
        own = number - self.a.size
        return own if 0 <= own < self.b.size else self._seconds.get(number)

    def changes(self) -> list[ProgramChange] | None:
        """The instructions that differ, in their order; None where the programs have no texts to compare."""
        if self.same:
            return []
        return [_change(self.a, self.b, x, y) for x, y in self.gaps] if self.known else None


def align(a: Listing, b: Listing, *, equal: bool = False) -> Alignment:
    """Matches two programs; `equal` says that they are known to have the same words."""
    known = bool(a.instructions and b.instructions)
    texts = (a.instructions, b.instructions) if known else (a.lines, b.lines)
    if (equal and len(texts[0]) == len(texts[1])) or (texts[0] == texts[1] and known):
        layers = a.layers if len(a.layers) == len(b.layers) else b.layers
        each = [(at, at) for at in range(len(texts[0]))]
        return Alignment(a, b, True, known, each, tuple(layers))
    if not known:
        return Alignment(a, b, False, False, matches(*texts) or [], tuple(b.layers))
    layers = _renamed(a.layers, b.layers)
    named = b._replace(layers=layers)
    found = _matched(a, named)
    moved = [pair for pair in found if _means_the_same(a, b, found, pair)]
    return Alignment(a, b, False, True, moved, layers)


def _renamed(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    """The second program's layers by the first one's names, where one of the same number was renamed and none added."""
    if len(before) != len(after):
        return tuple(after)
    gone, known = set(before) - set(after), set(before)
    pairs = zip(before, after, strict=True)
    return tuple(old if name not in known and old in gone else name for old, name in pairs)


def _keys(program: Listing) -> list[str]:
    """Each instruction without what moves as others are inserted."""
    return [_key(program, text) for text in program.instructions]


def _key(program: Listing, text: str) -> str:
    if jump := NEXT.fullmatch(text):
        return jump[1]
    number = LAYER.fullmatch(text)
    if number and int(number[1]) + 1 < len(program.layers):
        return f"layer {program.layers[int(number[1]) + 1]!r}"
    return text


def _matched(a: Listing, b: Listing) -> list[Match]:
    """Pairs of instructions with one key: of the whole programs, or of their stretches where that takes too long."""
    left, right = _keys(a), _keys(b)
    found = matches(left, right)
    return list(_by_layers(left, right)) if found is None else found


def _by_layers(left: Sequence[str], right: Sequence[str]) -> Iterator[Match]:
    """Pairs of equal instructions of stretches that begin with the same mark; of equal lengths item by item at worst.

    A stretch has to come after the last one that was matched.
    """
    theirs = dict(_stretches(right))
    steps, passed = MOST_STEPS // (len(theirs) + 1), -1
    for name, mine in _stretches(left):
        other = theirs.get(name)
        if other is None or other.start < passed:
            continue
        passed = other.stop
        x, y = left[mine.start : mine.stop], right[other.start : other.stop]
        found = matches(x, y, steps)
        if found is None:
            found = [(at, at) for at, (one, two) in enumerate(zip(x, y, strict=False)) if one == two]
        yield from ((mine.start + one, other.start + two) for one, two in found)


def _stretches(keys: Sequence[str]) -> Iterator[tuple[str, range]]:
    """The stretches of a program, each by the layer mark that it begins with and how often that came before."""
    marks = [at for at, key in enumerate(keys) if MARK.match(key)]
    seen: dict[str, int] = {}
    for first, last in zip([0, *marks], [*marks, len(keys)], strict=True):
        if first < last:
            name = keys[first] if MARK.match(keys[first]) else "-"
            seen[name] = seen.get(name, 0) + 1
            yield f"{name} {seen[name]}", range(first, last)


def _means_the_same(a: Listing, b: Listing, found: Sequence[Match], pair: Match) -> bool:
    """Whether two instructions with one key are the same: a jump to what has moved is, one to elsewhere is not."""
    mine, theirs = (NEXT.fullmatch(program.instructions[at]) for program, at in zip((a, b), pair, strict=True))
    if not mine or not theirs or mine[2] == theirs[2]:
        return True
    at = bisect_left(found, (int(mine[2]), -1))
    first = found[at - 1][1] + 1 if at else 0
    last = found[at][1] if at < len(found) else len(b.instructions)
    return first <= int(theirs[2]) <= last


def _gaps(a: Listing, b: Listing, matched: Sequence[Match]) -> Iterator[tuple[int | None, int | None]]:
    """What lies between matches: instructions of one mnemonic are one that was changed, then those side by side."""
    x = y = 0
    for mine, theirs in (*matched, (a.size, b.size)):
        if x < mine or y < theirs:
            yield from _paired(a, b, range(x, mine), range(y, theirs))
        x, y = mine + 1, theirs + 1


def _paired(a: Listing, b: Listing, mine: range, theirs: range) -> Iterator[tuple[int | None, int | None]]:
    """The instructions of a gap in pairs; None beside one that has no partner."""
    left, right = ([one.text(at).partition(" ")[0] for at in part] for one, part in ((a, mine), (b, theirs)))
    x = y = 0
    for one, two in (*(matches(left, right) or []), (len(mine), len(theirs))):
        shared = min(one - x, two - y)
        yield from zip(mine[x : x + shared], theirs[y : y + shared], strict=True)
        yield from ((at, None) for at in mine[x + shared : one])
        yield from ((None, at) for at in theirs[y + shared : two])
        if one < len(mine) and two < len(theirs):
            yield mine[one], theirs[two]
        x, y = one + 1, two + 1


def _change(a: Listing, b: Listing, x: int | None, y: int | None) -> ProgramChange:
    return ProgramChange(
        kind="inserted" if x is None else "removed" if y is None else "changed",
        source_a=None if x is None else a.source(x),
        source_b=None if y is None else b.source(y),
        text_a=None if x is None else a.text(x),
        text_b=None if y is None else b.text(y),
    )
