"""The buffer in time: words arrive from memory, and leave as the input vectors of groups."""

from __future__ import annotations

from acortex.isa.sequencer import Dispatch
from acortex.sim.energy import INDEX as KIND
from acortex.sim.kernel import CAUSE, Agent, Channel, Site

SLIDE = KIND["buffer.slide"]
WORDS, WINDOWS = CAUSE["words"], CAUSE["windows"]


class Buffer(Agent):
    """The agent that makes input vectors of the words in the buffer, one a cycle.

    A vector names words in place: they are freed when the array latches have taken them.
    """

    def __init__(self, site: Site, path: str, rank: int, words: Channel, vectors: Channel) -> None:
        super().__init__(site, path, rank)
        self._words = words
        self._vectors = vectors
        self._depth = 0

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to make vectors."""
        self.remaining = dispatch.ops.positions
        self._depth = dispatch.ops.words

    def work(self, now: int) -> bool:
        """Makes the next vector, once its words are here and a place for a vector is free."""
        if not self.remaining:
            return True
        if not self._words.ready(now, self, self._depth):
            self.block(now, WORDS)
        elif not self._vectors.room(now, 1, self):
            self.block(now, WINDOWS)
        else:
            self.act(now, 1, SLIDE, self._depth)
            self._words.take_many(self._depth)
            self._vectors.put(now + 1, self._depth)
            self.remaining -= 1
            self.alarm.at(now + 1)
        return False
