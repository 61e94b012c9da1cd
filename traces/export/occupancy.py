"""What lies between units, from a trace: things that one kind of event made and another has not yet taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints


class Between(NamedTuple):
    """A place between two units: things appear as an event of kind `made` ends, and go as one of kind `taken` does.

    `counted` says whether the one that takes has as many as its count says, or one per event. `at_end` says whether
    they go as that event ends (latches keep a vector until they are loaded), or as it begins.
    """

    name: str
    unit: str
    made: str
    taken: str
    counted: bool
    at_end: bool


PLACES = (
    Between("words in the buffer", "words", "bus.down", "buffer.slide", True, False),
    Between("vectors in the buffer", "vectors", "buffer.slide", "vmm.load", False, True),
    Between("loaded latches", "loads", "vmm.load", "vmm.frame", False, True),
)
"""Places whose content follows from a trace: words that no vector has taken, vectors and loads (docs/timing.md)."""


def occupancies(trace: Trace) -> Iterator[tuple[Between, Ints, Ints]]:
    """For each place with events in the trace: the rising cycles in which its content changes, and the content."""
    header = trace.header
    if header.level != "events" or header.filters:
        return
    kinds = [kind.name for kind in header.kinds]
    for place in PLACES:
        if place.made not in kinds or place.taken not in kinds:
            continue
        cycles, change = _changes(trace, place, kinds.index(place.made), kinds.index(place.taken))
        if len(cycles):
            yield place, cycles, np.cumsum(change)


def _changes(trace: Trace, place: Between, made: int, taken: int) -> tuple[Ints, Ints]:
    """The rising cycles in which the content of a place changes, and by how much."""
    nothing = np.zeros(0, dtype=np.int64)
    appear, go, less = [nothing], [nothing], [nothing]
    for chunk in trace.events.chunks("kind", "start", "duration", "count"):
        makes, takes = chunk["kind"] == made, chunk["kind"] == taken
        end = chunk["start"] + chunk["duration"]
        appear.append(end[makes])
        go.append((end if place.at_end else chunk["start"])[takes])
        less.append(chunk["count"][takes] if place.counted else np.ones(len(go[-1]), dtype=np.int64))
    first, moved = np.concatenate(appear), np.concatenate(go)
    cycles, at = np.unique(np.concatenate((first, moved)), return_inverse=True)
    change = np.zeros(len(cycles), dtype=np.int64)
    np.add.at(change, at, np.concatenate((np.ones(len(first), dtype=np.int64), -np.concatenate(less))))
    return cycles, change
