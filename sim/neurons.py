"""The neurons and their ADCs in time: one shared ramp converts the 64 outputs of a column of arrays at once.

Tile columns of a group that share converters or bus segments are converted one after the other. The sampled sums are
held until the last conversion has ended.
"""

from __future__ import annotations

from collections.abc import Sequence

from acortex.isa.sequencer import Dispatch
from acortex.sim.array import Operation
from acortex.sim.energy import INDEX as KIND
from acortex.sim.kernel import CAUSE, Agent, Channel, Site

CONVERT = KIND["neurons.convert"]
SUMS, OUTPUT_FULL = CAUSE["sums"], CAUSE["output_full"]


class Neurons(Agent):
    """The agent that converts sampled sums to words of codes."""

    def __init__(
        self, site: Site, path: str, rank: int, samples: Channel, receivers: Sequence[Channel], conversion_cycles: int
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

    def work(self, now: int) -> bool:
        """Converts the next turn of outputs, once there is a sample and room for all its words."""
        if not self.remaining:
            return True
        if not self._samples.ready(now, self):
            self.block(now, SUMS)
            return False
        operation: Operation = self._samples.head()
        if self._round or self._receiver.room(now, sum(operation.group.words), self):
            self._convert(now, operation)
        else:
            self.block(now, OUTPUT_FULL)
        return False

    def _convert(self, now: int, operation: Operation) -> None:
        group = operation.group
        if self._round == 0:
            self._receiver.reserve(sum(group.words))
        self.act(now, self._cycles, CONVERT, group.rounds[self._round])
        for _ in range(group.words[self._round]):
            self._receiver.put(self.since, True, places=0)
        self._round += 1
        if self._round == len(group.rounds):
            self._round = 0
            self._samples.take()
            self._samples.free(self.since)
            self.remaining -= 1
        self.alarm.at(self.since)
