"""Where maps lie in main memory: each from the pass that first writes it to the one that last reads it.

A word may be given to another map once its last reader has ended. That needs no token: what a pass writes comes after
all that it read, and passes write in order. Inputs and outputs keep their words, so that the host works beside the
chip; where that takes too many, other maps take those of inputs once they are read, and the host waits for a turn's
end.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from acortex.errors import AcortexError
from acortex.isa.machine import Machine
from acortex.programs.mapping.exchanges import Exchange
from acortex.programs.mapping.passes import Layout, Pass

WORD_BYTES = 32
"""Bytes of a word of main memory: 64 channels of 4 bits."""

PLACES = 2
"""Inferences whose inputs, and outputs, may be in memory at once, where there is room."""


class MemoryFull(AcortexError):
    """A network whose maps do not fit main memory."""


class MapLifetime(NamedTuple):
    """A map's life: its words, the pass that first writes it, the last that uses it."""

    name: str
    words: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """The first word of every map, and how many words are in use at most.

    `rings` has the maps of inputs and outputs that keep their words, with the number of places that each has, an
    inference each, one after the other.
    """

    address: dict[str, int]
    rings: dict[str, int]
    peak: int
    least: int
    """The words that would do."""
    spans: tuple[MapLifetime, ...]
    lent: bool = False
    """Whether other maps take the words of inputs: the host may write the next ones when a turn has ended."""


def plan_memory(
    passes: Sequence[Pass | Exchange],
    layouts: dict[str, Layout],
    inputs: Sequence[str],
    outputs: Sequence[str],
    machine: Machine,
    constants: Sequence[str] = (),
) -> MemoryPlan:
    """Gives every map its words.

    Inputs and outputs have words of their own, for two inferences if they fit, so that the host works beside the chip;
    so have `constants`, which are there from the start. Where that does not fit, inputs lend their words once they are
    read. Raises MemoryFull where nothing fits, saying what memory is needed.
    """
    plans = list(_plans(passes, layouts, inputs, outputs, constants))
    least = min(plans, key=lambda plan: plan.peak)
    for plan in plans:
        if plan.peak <= machine.memory_words:
            return replace(plan, least=least.peak)
    fixed = {name: layouts[name].size for name in (*inputs, *outputs)}
    raise MemoryFull(
        f"the network's maps take {least.peak} words of main memory at once, and {machine.name} has"
        f" {machine.memory_words}: {_busiest(least, fixed)}",
        hint=f"take a chip with memory.capacity_kb={kilobytes(least.peak)}",
    )


def _plans(
    passes: Sequence[Pass | Exchange],
    layouts: dict[str, Layout],
    inputs: Sequence[str],
    outputs: Sequence[str],
    constants: Sequence[str],
) -> Iterator[MemoryPlan]:
    """Plans for a network, from the fastest to the smallest."""
    fixed = (*inputs, *outputs)
    yield _plan(passes, layouts, fixed, constants, PLACES)
    yield _plan(passes, layouts, fixed, constants, 1)
    kept = tuple(name for name in outputs if name not in inputs)
    yield replace(_plan(passes, layouts, kept, constants, 1, lent=inputs), lent=True)


def least_memory(
    passes: Sequence[Pass | Exchange],
    layouts: dict[str, Layout],
    inputs: Sequence[str],
    outputs: Sequence[str],
    constants: Sequence[str],
) -> int:
    """The words of main memory that a network needs."""
    return min(plan.peak for plan in _plans(passes, layouts, inputs, outputs, constants))


def kilobytes(words: int) -> int:
    """The memory that holds a number of words, in KB."""
    return -(-words * WORD_BYTES // 1024)


def _busiest(plan: MemoryPlan, fixed: Mapping[str, int]) -> str:
    words = {span.name: span.words for span in plan.spans} | dict(fixed)
    largest = sorted(words, key=lambda name: -words[name])[:3]
    return ", ".join(f"{name} takes {words[name]}" for name in largest)


def _spans(passes: Sequence[Pass | Exchange], layouts: dict[str, Layout]) -> list[MapLifetime]:
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for index, step in enumerate(passes):
        used = [source.layout.name for sources in step.reads().values() for source in sources]
        for name in used + [sink.layout.name for sink in step.writes()]:
            first.setdefault(name, index)
            last[name] = index
    return [MapLifetime(name, layouts[name].size, first[name], last[name]) for name in first]


def _plan(
    passes: Sequence[Pass | Exchange],
    layouts: dict[str, Layout],
    fixed: Sequence[str],
    constants: Sequence[str],
    places: int,
    lent: Sequence[str] = (),
) -> MemoryPlan:
    own = {name: layouts[name].size for name in fixed}
    spans = [span for span in _spans(passes, layouts) if span.name not in own and span.name not in constants]
    # The host writes all inputs before the first pass, however late one is read.
    spans = [span._replace(first=0) if span.name in lent else span for span in spans]
    address: dict[str, int] = {}
    begin = 0
    for name, size in own.items():
        address[name] = begin
        begin += size * places
    for name in constants:
        address[name] = begin
        begin += layouts[name].size
    # First fit depends on the order, and none is best for each network: the largest first, the earliest, the longest.
    orders: tuple[Callable[[MapLifetime], tuple[int, ...]], ...] = (
        lambda span: (-span.words, span.first),
        lambda span: (span.first, -span.words),
        lambda span: (span.first - span.last, -span.words),
    )
    tried = [_allocate(sorted(spans, key=order), begin) for order in orders]
    peak, found = min(tried, key=lambda result: result[0])
    return MemoryPlan(address | found, dict.fromkeys(own, places), peak, peak, tuple(spans))


def _allocate(spans: Iterable[MapLifetime], begin: int) -> tuple[int, dict[str, int]]:
    """First fit: each map at the lowest address where no other one lives at the same time."""
    placed: list[tuple[int, MapLifetime]] = []
    peak = begin
    for span in spans:
        address = begin
        for other_address, other in placed:  # by address, so the first gap is the lowest
            if other.first <= span.last and span.first <= other.last:
                if address + span.words <= other_address:
                    break
                address = max(address, other_address + other.words)
        insort(placed, (address, span))
        peak = max(peak, address + span.words)
    return peak, {span.name: address for address, span in placed}
