"""The neurons and their ADCs in time: one shared ramp converts the 64 outputs of a column of arrays at once.

Tile columns of a group that share converters or bus segments are converted one after the other. The sampled sums are
held until the last conversion has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acortex.isa.semantics import CELL, moves
from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.timing.array import Operation, Samples
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import CAUSE, NOTHING
from acortex.sim.timing.snapshot import NUMBER, Roles
from acortex.sim.timing.unit import Agent, Ports, Site

CONVERT = KIND["neurons.convert"]
SUMS, OUTPUT_FULL = CAUSE["sums"], CAUSE["output_full"]


@dataclass(frozen=True)
class NeuronsPorts(Ports):
    """`samples` are held by the frames; `receivers` take words of codes, by the pipes of their flows."""

    samples: Channel[Operation] | Samples
    receivers: Mapping[str, Channel[bool]]


@dataclass(frozen=True)
class NeuronsSpec:
    """The cycles of one conversion."""

    conversion_cycles: int


class Neurons(Agent):
    """The agent that converts sampled sums to words of codes."""

    executes = ("position",)
    takes, gives = frozenset({"sums"}), frozenset({"neurons", "vector"})
    causes = Agent.causes | {SUMS, OUTPUT_FULL}

    roles = Roles(
        spec=("_cycles",),
        ports=("_samples", "_receivers"),
        state={"_round": NUMBER},
        derived=("_receiver",),
    )
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, spec: NeuronsSpec, ports: NeuronsPorts) -> None:
        ports.check(path)
        super().__init__(site, path, rank)
        self._samples = ports.samples
        self._receivers = ports.receivers
        self._receiver = next(iter(ports.receivers.values()))
        self._cycles = spec.conversion_cycles
        self._round = 0
        """The turn of the current sample's outputs that comes next."""

    def bind(self, dispatch: Dispatch) -> None:
        """Chooses the receiver of the words."""
        gives = moves(dispatch, CELL).gives
        self._receiver = self._receivers[gives]
        self.looks_ahead = gives != "vector"  # the vector agent's stream has another producer

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to convert the sums of each position."""
        self.remaining = moves(dispatch, CELL).taken

    def missing(self, now: int) -> int:
        """A sample, and room for all its words before the first of its turns."""
        if not self._samples.ready(now, self):
            return SUMS
        group, _ = self._samples.head()
        if self._round or self._receiver.room(now, group.all_words, self):
            return NOTHING
        return OUTPUT_FULL

    def step(self, now: int) -> None:
        """Converts the next turn of outputs."""
        group, _ = self._samples.head()
        if self._round == 0:
            self._receiver.reserve(group.all_words)
        self.act(now, self._cycles, CONVERT, group.rounds[self._round])
        put, seen = self._receiver.put, self.since
        for _ in range(group.words[self._round]):
            put(seen, True, 0)
        self._round += 1
        if self._round == len(group.rounds):
            self._round = 0
            self._samples.take()
            self._samples.free(self.since)
            self.remaining -= 1
