"""The buffer in time: words arrive from memory, and leave as the input vectors of groups."""

from __future__ import annotations

from acortex.isa.semantics import slide_of
from acortex.isa.sequencer import Dispatch
from acortex.sim.energy import INDEX as KIND
from acortex.sim.kernel import CAUSE, NOTHING, Agent, Channel, Site

SLIDE = KIND["buffer.slide"]
WORDS, WINDOWS = CAUSE["words"], CAUSE["windows"]


class Buffer(Agent):
    """The agent that makes input vectors of the words in the buffer, one a cycle.

    A vector names words in place: those that no later vector needs are freed when the array latches have taken it.
    """

    def __init__(self, site: Site, path: str, rank: int, words: Channel, vectors: Channel) -> None:
        super().__init__(site, path, rank)
        self._words = words
        self._vectors = vectors
        self._new: list[int] = []
        self._freed: list[int] = []
        self._keep = False
        self._held = 0
        """Words that the instruction has seen and keeps: they stand before those that its next vector needs."""

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to make vectors: each takes new words from the stream, and frees some after its load."""
        self._held = 0
        self._keep = dispatch.window is None and bool(dispatch.ops.keep)
        if dispatch.window is None:
            self.remaining = dispatch.ops.positions
            self._new = self._freed = [dispatch.ops.words] * self.remaining
        else:
            windows = slide_of(dispatch)
            self.remaining = windows.window.positions
            self._new, self._freed = windows.new.tolist(), windows.freed.tolist()

    def missing(self, now: int) -> int:
        """The words that the next vector adds, and a place for it."""
        needed = self._new[-self.remaining]
        if needed and not self._words.ready(now, self, self._held + needed):
            return WORDS
        if not self._vectors.room(now, 1, self):
            return WINDOWS
        return NOTHING

    def step(self, now: int) -> None:
        """Makes the next vector."""
        needed = self._new[-self.remaining]
        self.act(now, 1, SLIDE, needed)
        if self._keep:
            self._held += needed
            self._vectors.put(now + 1, 0)
        else:
            self._words.take_many(needed)
            self._vectors.put(now + 1, self._freed[-self.remaining])
        self.remaining -= 1
