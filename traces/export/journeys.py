"""Which event handed its item to which: from the word that a fetch reads over the array to the word that is written.

A stage takes items in the order in which the stage before it gave them, so within one layer of one inference the i-th
event of a stage belongs to the i-th of the next one, where both have equally many. Where they do not (a pool gives
fewer words than it takes), or where an event would begin before what it takes was there, nothing is said of this pair
of stages.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints

MOST_ROWS = 1 << 17
"""Events that hand something over, up to which each is looked at: a picture with more arrows shows none of them."""

STAGES = (
    ("main_memory/read", "memory.read"),
    ("buses/down", "bus.down"),
    ("buffer", "buffer.slide"),
    ("vmm/load", "vmm.load"),
    ("vmm/frame", "vmm.frame"),
    ("neurons", "neurons.convert"),
    ("buses/up", "bus.up"),
    ("vector", "vector.step"),
    ("main_memory/write", "memory.write"),
)
"""Unit and kind of the events that an item passes, in order. A stage that a layer does not have is passed over."""

_GATHERS = "buffer.slide"
"""Takes as many words as its count says, of which the last lets it go on; a count of 0 takes none."""

_CROSSES, _WRITTEN, _MADE = "bus.up", "memory.write", "neurons.convert"
"""A word crosses the bus as it is written: it goes from the conversion to both, for an arrow needs a time to cross."""


class Passed(NamedTuple):
    """An event of a unit, by its place in the header."""

    unit: int
    start: int
    duration: int


class _Rows(NamedTuple):
    """The events of a stage: by layer and inference, and in the order of time within each; `taken` are their counts."""

    kind: str
    unit: int
    key: Ints
    start: Ints
    duration: Ints
    taken: Ints


def journeys(trace: Trace) -> Iterator[tuple[Passed, Passed]]:
    """The pairs of events of which one handed an item to the other, stage by stage.

    None of a trace that lacks events of its run, and none where there are more than MOST_ROWS.
    """
    for there in _by_layer(_stages(trace)):
        for before, after in _neighbours(there):
            yield from _pairs(before, after)


def _by_layer(stages: list[_Rows]) -> Iterator[list[_Rows]]:
    """The stages that each layer of each inference has."""
    if sum(len(stage.key) for stage in stages) <= MOST_ROWS:
        parts = [_by_key(stage) for stage in stages]
        for key in sorted(set().union(*parts)):
            yield [part[key] for part in parts if key in part]


def _neighbours(there: list[_Rows]) -> Iterator[tuple[_Rows, _Rows]]:
    """Stages of which one gives what the other takes."""
    for before, after in pairwise(there):
        if (before.kind, after.kind) != (_CROSSES, _WRITTEN):
            yield before, after
        else:
            yield from ((made, after) for made in there if made.kind == _MADE)


def _stages(trace: Trace) -> list[_Rows]:
    """The events of each stage that the trace has."""
    header = trace.header
    wanted = _places(header) if header.level == "events" and not header.filters else []
    found: list[list[Ints]] = [[np.zeros((4, 0), dtype=np.int64)] for _ in wanted]
    for chunk in trace.events.chunks("unit", "kind", "layer", "inference", "start", "duration", "count"):
        key = (chunk["inference"] + 1) * len(header.layers) + chunk["layer"]
        rows = np.stack([key, chunk["start"], chunk["duration"], chunk["count"]])
        for (_, unit, kind), some in zip(wanted, found, strict=True):
            some.append(rows[:, (chunk["unit"] == unit) & (chunk["kind"] == kind)])
    return [_sorted(name, unit, np.hstack(some)) for (name, unit, _), some in zip(wanted, found, strict=True)]


def _places(header: TraceHeader) -> list[tuple[str, int, int]]:
    """The kind of each stage, and the places of its unit and kind in the header; a stage that is not there has none."""
    kinds, units = [kind.name for kind in header.kinds], list(header.units)
    return [(kind, units.index(unit), kinds.index(kind)) for unit, kind in STAGES if unit in units and kind in kinds]


def _sorted(kind: str, unit: int, rows: Ints) -> _Rows:
    key, start, duration, count = rows[:, np.lexsort((rows[2], rows[1], rows[0]))]
    return _Rows(kind, unit, key, start, duration, count)


def _by_key(stage: _Rows) -> dict[int, _Rows]:
    """The events of a stage, by layer and inference."""
    keys, first = np.unique(stage.key, return_index=True)
    borders = [*first.tolist(), len(stage.key)]
    return {
        int(key): _Rows(stage.kind, stage.unit, *(column[begin:end] for column in stage[2:]))
        for key, (begin, end) in zip(keys, pairwise(borders), strict=True)
    }


def _pairs(before: _Rows, after: _Rows) -> Iterator[tuple[Passed, Passed]]:
    """The pairs of two stages that follow each other; none where that is not certain."""
    if after.kind == _GATHERS:
        taken, to = np.cumsum(after.taken), np.flatnonzero(after.taken > 0)
        if not len(to) or taken[-1] != len(before.key):
            return
        come = taken[to] - 1  # the last word that a vector needed
    else:
        if len(before.key) != len(after.key):
            return
        come = to = np.arange(len(after.key))
    if bool(np.all(before.start[come] + np.maximum(before.duration[come], 1) <= after.start[to])):
        for one, two in zip(come.tolist(), to.tolist(), strict=True):
            yield _passed(before, one), _passed(after, two)


def _passed(rows: _Rows, at: int) -> Passed:
    return Passed(rows.unit, int(rows.start[at]), int(rows.duration[at]))
