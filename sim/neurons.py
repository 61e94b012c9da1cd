"""The neurons and their ADCs in time: one shared ramp converts the 64 outputs of a column of arrays at once.

Tile columns of a group that share converters or bus segments are converted one after the other. The sampled sums are
held until the last conversion has ended.
"""

from __future__ import annotations

from collections.abc import Sequence

from acortex.isa.sequencer import Dispatch
from acortex.sim.array import Operation, Samples
from acortex.sim.energy import INDEX as KIND
from acortex.sim.kernel import CAUSE, NOTHING, Agent, Channel, Site

CONVERT = KIND["neurons.convert"]
SUMS, OUTPUT_FULL = CAUSE["sums"], CAUSE["output_full"]


class Neurons(Agent):
    """The agent that converts sampled sums to words of codes."""

    def __init__(
        self,
        site: Site,
        path: str,
        rank: int,
        samples: Channel | Samples,
        receivers: Sequence[Channel],
        conversion_cycles: int,
    ) -> None:
        super().__init__(site, path, rank)
        self._samples = samples
        self._receivers = receivers
        self._receiver = receivers[0]
        self._cycles = conversion_cycles
        self._round = 0

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to convert for one of the receivers."""
        self.remaining = dispatch.ops.positions
        self._receiver = self._receivers[dispatch.ops.to]
        self.looks_ahead = dispatch.ops.to == 0  # the vector agent's stream has another producer

    def missing(self, now: int) -> int:
        """A sample, and room for all its words before the first of its turns."""
        if not self._samples.ready(now, self):
            return SUMS
        operation: Operation = self._samples.head()
        if self._round or self._receiver.room(now, operation.group.all_words, self):
            return NOTHING
        return OUTPUT_FULL

    def step(self, now: int) -> None:
        """Converts the next turn of outputs."""
        operation: Operation = self._samples.head()
        group = operation.group
        if self._round == 0:
            self._receiver.reserve(group.all_words)
        self.act(now, self._cycles, CONVERT, group.rounds[self._round])
        for _ in range(group.words[self._round]):
            self._receiver.put(self.since, True, places=0)
        self._round += 1
        if self._round == len(group.rounds):
            self._round = 0
            self._samples.take()
            self._samples.free(self.since)
            self.remaining -= 1
