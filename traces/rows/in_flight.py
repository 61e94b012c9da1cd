"""What was in flight when, found from the rows of a trace as docs/timing.md defines it: layers and inferences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from acortex.intervals import Span, covered
from acortex.traces.endings import issuer
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints

HOST_IN, HOST_OUT = "host.in", "host.out"
"""Events of a word that leaves the host, and of one that comes back."""


class Extents:
    """First start and last end for each key."""

    def __init__(self) -> None:
        self.rows: dict[int, Span] = {}

    def add(self, keys: Ints, start: Ints, end: Ints) -> None:
        """Adds rows to their keys."""
        order = np.argsort(keys, kind="stable")
        names, first = np.unique(keys[order], return_index=True)
        if not len(names):
            return
        starts = np.minimum.reduceat(start[order], first)
        ends = np.maximum.reduceat(end[order], first)
        for name, begin, last in zip(names.tolist(), starts.tolist(), ends.tolist(), strict=True):
            known = self.rows.get(name, (begin, last))
            self.rows[name] = min(known[0], begin), max(known[1], last)


@dataclass
class InFlight:
    """Gathers the spans of layers, of inferences and of their words at the host, chunk by chunk of events.

    Cycles of a merged row go from its first start to its last end, so that every level of detail gives the same.
    """

    header: TraceHeader
    work: Extents = field(default_factory=Extents)
    every: Extents = field(default_factory=Extents)
    came: Extents = field(default_factory=Extents)
    went: Extents = field(default_factory=Extents)

    def add(self, chunk: dict[str, Ints]) -> None:
        """Adds events: the columns unit, kind, layer, inference, start and span."""
        start, inference = chunk["start"], chunk["inference"]
        end, layers = start + chunk["span"], len(self.header.layers)
        working = ~np.isin(chunk["unit"], _places(self.header.units, issuer(self.header.handovers)))
        kinds = [kind.name for kind in self.header.kinds]
        for extents, keys, chosen in (
            (self.work, inference * layers + chunk["layer"], working),
            (self.every, inference, np.ones(len(start), dtype=np.bool_)),
            (self.came, inference, np.isin(chunk["kind"], _places(kinds, HOST_IN))),
            (self.went, inference, np.isin(chunk["kind"], _places(kinds, HOST_OUT))),
        ):
            extents.add(keys[chosen], start[chosen], end[chosen])

    def layers(self, cycles: int) -> list[tuple[Span, int]]:
        """For each layer its first and last cycle, and how many of a run's cycles it is in flight.

        Inferences of a layer that overlap count once; layer 0 is in flight where no other is.
        """
        spans: list[list[Span]] = [[] for _ in self.header.layers]
        for key, span in self.work.rows.items():
            spans[key % len(spans)].append(span)
        outside = cycles - covered(span for some in spans[1:] for span in some)
        return [
            (
                (min((start for start, _ in some), default=0), max((end for _, end in some), default=0)),
                covered(some) if at else outside,
            )
            for at, some in enumerate(spans)
        ]

    def in_layers(self) -> Iterator[tuple[int, int, int]]:
        """When each layer but layer 0 was in flight, for each inference: its number, first cycle, cycle after."""
        layers = len(self.header.layers)
        return ((key % layers, start, end) for key, (start, end) in self.work.rows.items() if key % layers)

    def flown(self) -> Iterator[tuple[int, int, int]]:
        """The inferences that were ever in flight, by their words at the host or by their layers, and when."""
        layers = len(self.header.layers)
        marked = {key // layers for key in self.work.rows if key % layers}
        for index, (start, end) in self.inferences():
            if index >= 0 and (index in marked or index in self.came.rows or index in self.went.rows):
                yield index, start, end

    def inferences(self) -> Iterator[tuple[int, Span]]:
        """Each inference by its index: the span of its words at the host; without such words, that of its layers."""
        marked: dict[int, Span] = {}
        for key, (start, end) in self.work.rows.items():
            index, layer = divmod(key, len(self.header.layers))
            if layer:
                first, last = marked.get(index, (start, end))
                marked[index] = min(first, start), max(last, end)
        for index, span in sorted(self.every.rows.items()):
            words = [rows[index] for rows in (self.came.rows, self.went.rows) if index in rows]
            if words and index >= 0:
                start = min(start for start, _ in words)
                yield index, (start, self.went.rows.get(index, (start, start))[1])
            else:
                yield index, marked.get(index, span) if index >= 0 else span


def _places(names: Iterable[str], name: str) -> NDArray[np.int64]:
    return np.array([at for at, one in enumerate(names) if one == name], dtype=np.int64)
