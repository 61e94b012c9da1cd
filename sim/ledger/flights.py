"""When each inference of a run was in flight, and which of them had finished as the run was stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from acortex.intervals import Span
from acortex.isa.arithmetic.tensors import words_of
from acortex.isa.program import Program
from acortex.sim.chip.prices import INDEX
from acortex.sim.timing.tally import Tally

HOST_OUT = INDEX["host.out"]


class Flight(NamedTuple):
    """An inference in flight from cycle `start` to `end` - 1; one under way is there up to the end of the run."""

    inference: int
    start: int
    end: int
    finished: bool


def flights(program: Program, tally: Tally, cycles: int, stopped: bool) -> list[Flight]:
    """Every inference that has begun, by index: between the host's words; without such, as long as its layers.

    A run of `cycles` that went to its end has finished all of them, and is one inference where it names none. In one
    that was stopped an inference has finished once all words of the program's outputs have reached the host.
    """
    spans = _spans(tally)
    if not stopped:
        whole = spans or {0: (0, cycles)}
        return [Flight(index, start, min(end, cycles), True) for index, (start, end) in sorted(whole.items())]
    finished = set(_finished(program, tally))
    return [
        Flight(index, start, min(end, cycles) if index in finished else cycles, index in finished)
        for index, (start, end) in sorted(spans.items())
    ]


def _spans(tally: Tally) -> dict[int, Span]:
    """The first and last cycle of each inference that is known so far."""
    spans = {index: (start, end) for index, (start, end) in tally.inferences.items() if index >= 0}
    for (_, index), (start, end) in tally.layers.items():
        if index >= 0 and index not in tally.inferences:
            before = spans.get(index, (start, end))
            spans[index] = (min(start, before[0]), max(end, before[1]))
    return spans


def _finished(program: Program, tally: Tally) -> Iterator[int]:
    """The inferences whose outputs are all with the host: each has one word for each of its tensors' words."""
    wanted = sum(map(words_of, program.outputs))
    given: Counter[int] = Counter()
    for (kind, _, index), count in tally.counts.items():
        if kind == HOST_OUT:
            given[index] += count
    return (index for index, words in given.items() if wanted and words >= wanted)


def finished_macs(macs: Mapping[tuple[int, int], int], inferences: Sequence[Flight]) -> int | None:
    """The multiply-accumulates of finished inferences, of those by (layer, inference); None where none has finished."""
    ended = {one.inference for one in inferences if one.finished}
    return sum(count for (_, index), count in macs.items() if index in ended) if ended else None
