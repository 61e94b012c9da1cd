"""The vector agent in time: what it does to words on their way into memory, and to the states of recurrent cells.

It sits on the memory's side of the data bus. Words come from the neurons, over the bus, or from memory; an operand
always comes from memory. One operation on one word takes `step` cycles.
"""

from __future__ import annotations

import numpy as np

from acortex.isa.semantics import MEANINGS, Flow
from acortex.isa.sequencer import Dispatch
from acortex.sim.energy import INDEX as KIND
from acortex.sim.kernel import CAUSE, NOTHING, Agent, Channel, Site
from acortex.sim.memory import Client, DataBus, Fabric

STEP = KIND["vector.step"]
STREAM, OPERAND, RESULTS, BUS = CAUSE["stream"], CAUSE["operand"], CAUSE["results_full"], CAUSE["bus"]


class Vector(Client):
    """The agent that works on a stream of words; asks for the bus where a word comes from the neurons."""

    at_port = False
    hear = Agent.hear  # it lacks more than its turn

    def __init__(
        self,
        site: Site,
        path: str,
        rank: int,
        fabric: Fabric,
        bus: DataBus,
        stream: Channel,
        operand: Channel,
        results: Channel,
        step_cycles: int,
    ) -> None:
        super().__init__(site, path, rank, fabric)
        self.bus = bus
        self._stream = stream
        self._operand = operand
        self._results = results
        self._step_cycles = step_cycles
        self._takes = True
        self._operands = False
        self._gives: list[int] = []
        self._arrived = False

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to work on a stream: what each word that arrives makes ready."""
        flow = MEANINGS[dispatch.row.mnemonic].flow(dispatch, None)
        self.remaining = flow.taken or flow.given
        self._takes = flow.taken > 0
        self._operands = flow.operands > 0
        self._gives = _in_turns(flow) if dispatch.window is None else completed(dispatch)

    def missing(self, now: int) -> int:
        """The next word, its operand, room for what it makes; then the bus, for a word from the neurons."""
        if self._takes and not self._stream.ready(now, self):
            return STREAM
        if self._operands and not self._operand.ready(now, self):
            return OPERAND
        if not self._results.room(now, self._gives[-self.remaining], self):
            return RESULTS
        if self._takes and not self._arrived and self._stream.head():
            self.ask(now, now + 1, BUS)
            return BUS
        return NOTHING

    def granted(self, now: int) -> None:
        """The word crosses the bus, and then there is nothing more to wait for."""
        assert self.bus is not None
        self._arrived = True
        self.block(now, BUS)
        self.hear(self.bus.carry(now, self.context))

    def step(self, now: int) -> None:
        """Works on the next word."""
        self._arrived = False
        self.act(now, self._step_cycles, STEP, 1)
        if self._takes:
            self._stream.take()
            self._stream.free(self.since)
        if self._operands:
            self._operand.take()
            self._operand.free(self.since)
        for _ in range(self._gives[-self.remaining]):
            self._results.put(self.since, False)
        self.remaining -= 1


def _in_turns(flow: Flow) -> list[int]:
    """For each step how many words it gives: the last of as many as a word takes gives it."""
    if not flow.given:
        return [0] * flow.taken
    return ([0] * (flow.taken // flow.given - 1) + [1]) * flow.given


def completed(dispatch: Dispatch) -> list[int]:
    """For each word of an image that arrives, how many pooled words it completes: those whose window ends with it."""
    assert dispatch.window is not None and dispatch.stream is not None
    window = dispatch.window
    depth, columns, rows, _ = dispatch.stream.extents

    def last(positions: int, stride: int, before: int, kernel: int, dilation: int, size: int) -> np.ndarray:
        return np.clip(np.arange(positions) * stride - before + (kernel - 1) * dilation, 0, size - 1)

    y = last(window.rows, window.stride_y, window.top, window.kernel_y, window.dilation_y, rows)
    x = last(window.columns, window.stride_x, window.left, window.kernel_x, window.dilation_x, columns)
    counts = np.zeros((rows, columns), dtype=np.int64)
    np.add.at(counts, (np.repeat(y, len(x)), np.tile(x, len(y))), 1)
    gives: list[int] = np.repeat(counts.reshape(-1), depth).tolist()
    return gives
