"""The buffer in time: words arrive from memory, and leave as the input vectors of groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acortex.isa.semantics import moves, slide_of
from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import CAUSE, NOTHING
from acortex.sim.timing.snapshot import NUMBER, Roles
from acortex.sim.timing.unit import Agent, Ports, Site

SLIDE = KIND["buffer.slide"]
WORDS, WINDOWS = CAUSE["words"], CAUSE["windows"]


@dataclass(frozen=True)
class BufferPorts(Ports):
    """`words` come from main memory; `vectors` go to the latches, each with the words that are free after its load."""

    words: Channel[bool]
    vectors: Channel[int]


class Buffer(Agent):
    """The agent that makes input vectors of the words in the buffer, one per cycle.

    A vector names words in place: those that no later vector needs are freed when the array latches have taken it.
    """

    executes = ("position",)
    takes, gives = frozenset({"buffer"}), frozenset({"vectors"})
    causes = Agent.causes | {WORDS, WINDOWS}

    roles = Roles(ports=("_words", "_vectors"), state={"_held": NUMBER}, derived=("_new", "_freed", "_keep"))
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, ports: BufferPorts) -> None:
        ports.check(path)
        super().__init__(site, path, rank)
        self._words = ports.words
        self._vectors = ports.vectors
        self._new: list[int] = []
        self._freed: list[int] = []
        self._keep = False
        self._held = 0
        """Words that the instruction has seen and keeps: they stand before those that its next vector needs."""

    def bind(self, dispatch: Dispatch) -> None:
        """Finds the new words of each vector, and those that are free after its load."""
        flow = moves(dispatch)
        self._keep = flow.keeps
        if dispatch.window is None:
            each, rest = divmod(flow.taken, flow.given)
            self._new = self._freed = [each] * (flow.given - 1) + [each + rest]
            self.row = 0
        else:
            windows = slide_of(dispatch)
            self._new, self._freed = windows.new.tolist(), windows.freed.tolist()
            self.row = dispatch.window.columns
        self.total = len(self._new)

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to make vectors, one for each position."""
        self._held = 0
        self.remaining = len(self._new)

    def missing(self, now: int) -> int:
        """The words that the next vector adds, and a place for it."""
        needed = self._new[-self.remaining]
        if needed and not self._words.ready_many(now, self, self._held + needed):
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
        if self.remaining <= self.look_at and self.skipper is not None:
            self.skipper.stepped(self)

    def columns(self) -> Sequence[Sequence[int]]:
        """The new words of each vector, and those that are free after its load."""
        return (self._new,) if self._new is self._freed else (self._new, self._freed)
