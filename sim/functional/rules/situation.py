"""The data that rules read: of a program up to the current instruction, and of this instruction."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from acortex.isa.places import place
from acortex.isa.program import Program
from acortex.isa.semantics import Flow, Shape
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.chip.buses import Segment
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.configuration import Configuration
from acortex.sim.functional.happens_before import HappensBefore, VectorClock
from acortex.sim.functional.pipes import ItemRun, Pipe


class Known:
    """A program on a chip, up to some instruction: what pipes hold, what was written, which groups are connected.

    `given` has for each output, by name, the inferences whose output the host has: bool of shape (inferences,).
    """

    def __init__(self, program: Program, chip: Chip, inferences: int) -> None:
        self.program = program
        self.chip = chip
        self.inferences = inferences
        self.sequencer = Sequencer(program, inferences)
        self.steps = 0
        """How many instructions the controller has gone through since set-up."""
        self.finished = 0
        """How many inferences have handed their last output to the host."""
        self.configuration = Configuration(program, chip)
        self.order = HappensBefore(program, chip.memory_words)
        self.pipes: defaultdict[str, Pipe] = defaultdict(Pipe)
        self.states = np.zeros(chip.vector.state_words, dtype=np.bool_)
        """Which words of the state store were ever written."""
        self.connected: dict[int, Dispatch] = {}
        """The groups that are connected, and the instruction that connected each."""
        self.claims: Counter[Segment] = Counter()
        """How many connected groups hold each bus segment."""
        self.given = {tensor.name: np.zeros(inferences, dtype=np.bool_) for tensor in program.outputs}

    @property
    def complete(self) -> int:
        """For how many inferences, from the first on, every output was given to the host."""
        given = np.logical_and.reduce([*self.given.values(), np.ones(self.inferences, dtype=np.bool_)])
        return self.inferences if given.all() else int(np.argmin(given))

    def shape(self, dispatch: Dispatch, values: bool) -> Shape:
        """The matrix that an instruction works with: of the group that it names, or of the one whose sums come next.

        With its weights where `values` are wanted; of one cell where it works with none.
        """
        if dispatch.group >= 0:
            return self.configuration.shape(dispatch.group, values)
        runs = self.pipes["sums"].runs
        if dispatch.agent == "neurons" and runs:
            return self.configuration.shape(runs[0].dispatch.group, False)
        return Shape(1, 1, None)

    def access(self, dispatch: Dispatch, flow: Flow, addresses: NDArray[np.int64]) -> None:
        """Notes the accesses of an instruction to main memory, and to the state store."""
        if flow.reads:
            self.order.access(dispatch, addresses, self.order.reads)
        if flow.writes:
            self.order.access(dispatch, addresses, self.order.writes)
        if flow.state:
            self.states[dispatch.ops.state : dispatch.ops.state + flow.state] = True

    def connect(self, dispatch: Dispatch) -> None:
        """Notes that a group is connected, and the bus segments that it claims."""
        self.claims.update(self.configuration.route(dispatch.group).segments)
        self.connected[dispatch.group] = dispatch
        self.order.end(dispatch)

    def disconnect(self, dispatch: Dispatch) -> None:
        """Notes that a group is not connected any more."""
        del self.connected[dispatch.group]
        claims = self.claims
        for segment in self.configuration.route(dispatch.group).segments:
            held = claims.pop(segment)
            if held > 1:
                claims[segment] = held - 1
        self.order.end(dispatch)

    def line(self, dispatch: Dispatch) -> str:
        """The source line of an instruction, and its layer in a compiled network."""
        return place(self.program, dispatch.pc)


NOWHERE = np.zeros(0, dtype=np.int64)
"""The words visited by an instruction that does not access main memory."""

NO_FLOW = Flow()


@dataclass(slots=True)
class Situation:
    """One instruction as the rules read it; fields are filled in as its stages compute them.

    `shape` is the matrix that it works with, `flow` what it moves, `addresses` the words of main memory that it
    visits, `runs` what it takes from pipes, `start` the vector clock before its first access.
    """

    known: Known
    dispatch: Dispatch
    shape: Shape | None = None
    flow: Flow = NO_FLOW
    addresses: NDArray[np.int64] = field(default_factory=lambda: NOWHERE)
    runs: list[ItemRun] = field(default_factory=list)
    start: VectorClock = field(default_factory=list)

    @property
    def mnemonic(self) -> str:
        """The instruction's name, as messages give it."""
        return self.dispatch.row.mnemonic
