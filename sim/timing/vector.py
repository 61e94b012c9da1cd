"""The vector agent in time: what it does to words on their way into memory, and to the states of recurrent cells.

It sits on the memory's side of the data bus. Words come from the neurons, over the bus, or from memory; an operand
always comes from memory. One operation on one word takes `step` cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.windows import Slide
from acortex.isa.semantics import MEANINGS, Flow, pooling_of
from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import CAUSE, NOTHING
from acortex.sim.timing.memory import Client, DataBus, Fabric
from acortex.sim.timing.snapshot import NUMBER, Roles
from acortex.sim.timing.unit import Agent, Ports, Site

STEP = KIND["vector.step"]
STREAM, OPERAND, RESULTS = CAUSE["stream"], CAUSE["operand"], CAUSE["results_full"]
GRANT, BUS, CROSSING = CAUSE["grant"], CAUSE["bus"], CAUSE["crossing"]

TAKES, GIVES = 1, 2
"""What a step of the agent does: take the next word that arrives, give one that is ready."""


@dataclass(frozen=True)
class VectorPorts(Ports):
    """`stream` has words with whether they come from the neurons, over the bus; `results` go to main memory."""

    fabric: Fabric
    bus: DataBus
    stream: Channel[bool]
    operand: Channel[bool]
    results: Channel[bool]


@dataclass(frozen=True)
class VectorSpec:
    """The cycles of one operation on one word."""

    step_cycles: int


class Vector(Client):
    """The agent that works on a stream of words; requests the bus for a word from the neurons."""

    executes = ("step",)
    takes, gives = frozenset({"", "vector"}), frozenset({"", "results"})
    needs = ()
    causes = Agent.causes | {STREAM, OPERAND, RESULTS, GRANT, BUS, CROSSING}

    roles = Roles(
        spec=("_step_cycles",),
        ports=("_stream", "_operand", "_results"),
        state={"_arrived": NUMBER},
        derived=("_operands", "_steps", "_what"),
    )
    __slots__ = roles.names()

    notify = Agent.notify  # it lacks more than its turn

    def __init__(self, site: Site, path: str, rank: int, spec: VectorSpec, ports: VectorPorts) -> None:
        ports.check(path)
        super().__init__(site, path, rank, ports.fabric)
        self.at_port = False
        self.bus = ports.bus
        self._stream = ports.stream
        self._operand = ports.operand
        self._results = ports.results
        self._step_cycles = spec.step_cycles
        self._operands = False
        self._steps: list[int] = []
        self._what = 0
        """What the next step does: TAKES, GIVES or both."""
        self._arrived = False

    def bind(self, dispatch: Dispatch) -> None:
        """Finds what each step takes and gives."""
        flow = MEANINGS[dispatch.row.mnemonic].flow(dispatch, None)
        self._operands = flow.operands > 0
        self._steps = in_turns(flow) if dispatch.window is None else pooled(dispatch)
        self.total = len(self._steps)
        if self.skipper is not None:
            self._find_rows(dispatch, flow)
        if flow.operands not in (0, len(self._steps)):
            raise AssertionError(f"{dispatch.row.mnemonic}: {self.path} takes an operand for each word, or none")

    def _find_rows(self, dispatch: Dispatch, flow: Flow) -> None:
        """Finds after how many steps what it does may repeat: of a pool after a pixel, and after a row of the image."""
        self.row, self.row_at, self.grain = 0, 0, max(flow.taken // flow.given if flow.given else 1, 1)
        if dispatch.window is not None:
            over = pooling_of(dispatch)
            begins = first_steps(over)[:: over.window.width * over.words].tolist()
            self.grain = over.words
            if len(begins) > 2:
                self.row, self.row_at = begins[2] - begins[1], begins[1]

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to work on a stream, step by step."""
        self.remaining = len(self._steps)

    def missing(self, now: int) -> int:
        """The next word, its operand, room for what it makes; then the bus, for a word from the neurons."""
        self._what = what = self._steps[-self.remaining]
        if what & TAKES and not self._stream.ready(now, self):
            return STREAM
        if self._operands and not self._operand.ready(now, self):
            return OPERAND
        if what & GIVES and not self._results.room(now, 1, self):
            return RESULTS
        if what & TAKES and not self._arrived and self._stream.head():
            self.post(now, now + 1)
            return GRANT
        return NOTHING

    def granted(self, now: int) -> None:
        """The word crosses the bus, and then there is nothing more to wait for."""
        assert self.bus is not None
        self._arrived = True
        self.block(now, CROSSING)
        self.notify(self.bus.carry(now, self.context))

    def step(self, now: int) -> None:
        """Works on the next word."""
        self._arrived = False
        self.act(now, self._step_cycles, STEP, 1)
        if self._what & TAKES:
            self._stream.take()
            self._stream.free(self.since)
        if self._operands:
            self._operand.take()
            self._operand.free(self.since)
        if self._what & GIVES:
            self._results.put(self.since, False)
        self.remaining -= 1
        if self.remaining <= self.look_at and self.skipper is not None:
            self.skipper.stepped(self)

    def columns(self) -> Sequence[Sequence[int]]:
        """What each step does."""
        return (self._steps,)


def in_turns(flow: Flow) -> list[int]:
    """What each step does, of an instruction that is no pool: the last of as many as a word takes gives it."""
    if not flow.taken:
        return [GIVES] * flow.given
    if not flow.given:
        return [TAKES] * flow.taken
    if flow.taken % flow.given:
        raise AssertionError(f"a word is given for a whole number of words, not {flow.given} for {flow.taken}")
    return ([TAKES] * (flow.taken // flow.given - 1) + [TAKES | GIVES]) * flow.given


def pooled(dispatch: Dispatch) -> list[int]:
    """What each step of a pool does: one for each word that arrives, which gives one if it can.

    What a word makes ready beyond that takes steps of their own, before the next word: a step gives at most one.
    """
    over = pooling_of(dispatch)
    ready = _ready(over)
    steps = np.full(int(np.maximum(ready, 1).sum()), GIVES)
    steps[first_steps(over)] = np.where(ready, TAKES | GIVES, TAKES)
    found: list[int] = steps.tolist()
    return found


def first_steps(over: Slide) -> NDArray[np.int64]:
    """The step in which each word arrives."""
    steps = np.maximum(_ready(over), 1)
    found: NDArray[np.int64] = np.cumsum(steps) - steps
    return found


def _ready(over: Slide) -> NDArray[np.int64]:
    """How many words each word that arrives makes ready."""
    return np.bincount(over.ready, minlength=over.height * over.window.width * over.words)
