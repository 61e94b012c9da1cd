"""Passes that come again become hardware loops: the steps of a sequence, in whatever order schedule has them.

Passes are written down one after the other first, with what they wait for. A run of passes that comes again and again,
alike but for where its streams begin, is then written once, as the body of a loop whose count moves the streams. So the
steady part of recurrent layers side by side is one body, and what leads in and out stays as it is; what a program does
is the same with loops and without.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from acortex.programs.mapping.passes import Pass, Sink, Source
from acortex.programs.mapping.schedule import Schedule

End = Source | Sink
"""What a pass reads or writes in main memory."""

LEAST_SAVED = 4
"""Passes that a loop must save: it has instructions of its own."""


@dataclass(frozen=True)
class Section:
    """Passes `first` to `first + count - 1`, and as many behind them for each further one of `turns`.

    `moves` has for each of the `count` passes the words by which its streams move in a turn, by what the first turn
    reads and writes. A section of one turn is no loop.
    """

    first: int
    count: int = 1
    turns: int = 1
    moves: tuple[Mapping[End, int], ...] = field(default=({},))


def straight(passes: Sequence[Pass]) -> list[Section]:
    """Each pass by itself: no loops."""
    return [Section(index) for index in range(len(passes))]


def rolled(passes: Sequence[Pass], order: Schedule, breaks: Collection[int] = ()) -> list[Section]:
    """The passes with loops where they come again; before those that `breaks` names the host works."""
    line = _Line(passes, order, breaks)
    found: list[Section] = []
    at = 0
    while at < len(passes):
        section = line.section(at)
        found.append(section)
        at += section.count * section.turns
    return found


class _Line:
    """The passes in a line: what is alike has equal numbers in `kinds`, `places` has the first word of each stream."""

    def __init__(self, passes: Sequence[Pass], order: Schedule, breaks: Collection[int]) -> None:
        self.passes = passes
        tokens = (tuple(map(tuple, both)) for both in zip(order.before, order.after, strict=True))
        numbers: dict[Hashable, int] = {}
        keys = (
            (_kind(step), around, index if index in breaks else -1)
            for index, (step, around) in enumerate(zip(passes, tokens, strict=True))
        )
        self.kinds = [numbers.setdefault(key, len(numbers)) for key in keys]
        self.places = [tuple(map(first_word, ends_of(step))) for step in passes]
        self.again = _again(self.kinds)

    def section(self, at: int) -> Section:
        """The section that begins with a pass."""
        count = self.again[at] - at
        if count > 0:
            turns, strides = self._turns(at, count)
            if (turns - 1) * count >= LEAST_SAVED:
                body = self.passes[at : at + count]
                moves = [dict(zip(ends_of(step), by, strict=True)) for step, by in zip(body, strides, strict=True)]
                return Section(at, count, turns, tuple(moves))
        return Section(at)

    def _turns(self, at: int, count: int) -> tuple[int, list[tuple[int, ...]]]:
        """How often `count` passes come one behind the other from `at` on, and how far each stream moves in a turn."""
        strides = [self._moved(at + index, at + index + count) for index in range(self._left(at, count))]
        turns, there = 1, at + count
        while self._left(there, count) == count and all(
            self.kinds[at + index] == self.kinds[there + index]
            and self._moved(there + index - count, there + index) == strides[index]
            and _consistent(self.passes[at + index], strides[index])
            for index in range(count)
        ):
            turns, there = turns + 1, there + count
        return turns, strides

    def _left(self, at: int, count: int) -> int:
        return max(min(count, len(self.passes) - at), 0)

    def _moved(self, first: int, later: int) -> tuple[int, ...]:
        if later >= len(self.places):
            return ()
        return tuple(b - a for a, b in zip(self.places[first], self.places[later], strict=False))


def _again(kinds: Sequence[int]) -> list[int]:
    """For each pass the next one of its kind; 0 for none."""
    nearest: dict[int, int] = {}
    found = [0] * len(kinds)
    for index in range(len(kinds) - 1, -1, -1):
        found[index] = nearest.get(kinds[index], 0)
        nearest[kinds[index]] = index
    return found


def _consistent(step: Pass, strides: Sequence[int]) -> bool:
    """Whether streams of a pass that begin alike move alike: they are told apart by where they begin."""
    moves: dict[End, int] = {}
    return all(moves.setdefault(end, by) == by for end, by in zip(ends_of(step), strides, strict=True))


def ends_of(step: Pass) -> Iterator[End]:
    """All that a pass reads and writes in memory."""
    for sources in step.reads().values():
        yield from sources
    yield from step.writes()


def first_word(end: End) -> int:
    """The first word, counted from the map's."""
    return end.offset if isinstance(end, Source) else (end.pixel or 0) * end.layout.words


def _kind(step: Pass) -> Hashable:
    """All about a pass but where its streams begin; parts that passes share are told apart by identity."""
    stage, begin = step.stage, step.begin
    return (
        step.layers,
        step.multiply,
        step.cell,
        stage and (stage.layer, stage.words, stage.height, stage.width, stage.operand is None, stage.swapped),
        begin and (begin.zero, begin.unit),
        step.state and step.state[1],
        len(step.more),
        tuple(map(_shape, ends_of(step))),
    )


def _shape(end: End) -> Hashable:
    """All about a stream but where it begins."""
    size = (end.layout.name, end.word, end.words, end.tail)
    if isinstance(end, Source):
        return (*size, end.height, end.width)
    return (*size, end.shift, end.pixel is None, end.phase)
