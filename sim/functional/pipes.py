"""The pipes between agents: which instruction gave what, in the order in which it is taken. No values."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from acortex.isa.sequencer import Dispatch
from acortex.sim.functional.happens_before import VectorClock


@dataclass(frozen=True, slots=True)
class ItemRun:
    """Items of a pipe that one instruction gave: how many, and which instruction gave them.

    `start` and `end` are the vector clocks with which that instruction began and ended; `last` is whether these are
    its last items. Of those that it gave first, `taken` are gone: `taker` took the last of these.
    """

    count: int
    dispatch: Dispatch
    start: VectorClock
    end: VectorClock
    last: bool
    taken: int = 0
    taker: Dispatch | None = None


@dataclass
class Pipe:
    """The items between two agents, in the order in which they were given."""

    runs: deque[ItemRun] = field(default_factory=deque)
    held: int = 0

    def put(self, run: ItemRun) -> None:
        """Adds items behind all others. An empty run is left out: the next taker would wait for it without reason."""
        if run.count:
            self.runs.append(run)
            self.held += run.count

    def look(self, count: int) -> list[ItemRun]:
        """The next `count` items, which stay where they are."""
        runs, held = self.runs.copy(), self.held
        taken = self.take(count)
        self.runs, self.held = runs, held
        return taken

    def take(self, count: int, taker: Dispatch | None = None) -> list[ItemRun]:
        """The next `count` items, for a `taker`; a run that is larger is cut, and only its end carries `last`."""
        self.held -= count
        taken = []
        while count:
            run = self.runs.popleft()
            if run.count > count:
                left = replace(run, count=run.count - count, taken=run.taken + count, taker=taker)
                self.runs.appendleft(left)
                run = replace(run, count=count, last=False)
            taken.append(run)
            count -= run.count
        return taken


def needed(runs: list[ItemRun], unneeded: int) -> list[ItemRun]:
    """Items that an instruction takes, less the last `unneeded` of them: whole runs, or parts without their end."""
    left = sum(run.count for run in runs) - unneeded
    found = []
    for run in runs:
        if left > 0:
            found.append(run if run.count <= left else replace(run, count=left, last=False))
        left -= run.count
    return found


ITEMS = {
    "buffer": ("word in the buffer", "words in the buffer"),
    "vectors": ("input vector", "input vectors"),
    "sums": ("position of sums", "positions of sums"),
    "neurons": ("converted word", "converted words"),
    "vector": ("word at the vector agent", "words at the vector agent"),
    "operand": ("operand word at the vector agent", "operand words at the vector agent"),
    "results": ("word that the vector agent made", "words that the vector agent made"),
}
"""What a pipe holds, as errors call one of it and several."""

TAKERS = {
    "buffer": "feed or slide",
    "vectors": "multiply",
    "sums": "convert",
    "neurons": "write",
    "vector": "a vector instruction",
    "operand": "add or mul",
    "results": "write with source=vector",
}
"""What takes a pipe's items."""
