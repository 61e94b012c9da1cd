"""What is known of a program as it is walked, and of one instruction: the plain data that rules read."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Program
from acortex.isa.semantics import Flow, Shape
from acortex.isa.sequencer import Dispatch
from acortex.sim.bus import Segment
from acortex.sim.configuration import Configuration
from acortex.sim.order import Clock, HappensBefore
from acortex.sim.pipes import Pipe, Run
from acortex.sim.specs import Chip


class Known:
    """A program on a chip, up to some instruction: what pipes hold, what was written, which groups are connected.

    `given` tells for each output, by name, of which inferences the host has it: bool of shape (inferences,).
    """

    def __init__(self, program: Program, chip: Chip, inferences: int) -> None:
        self.program = program
        self.chip = chip
        self.inferences = inferences
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

    def line(self, dispatch: Dispatch) -> str:
        """The source line of an instruction."""
        return str(self.program.lines[dispatch.pc])


NOWHERE = np.zeros(0, dtype=np.int64)
"""The words that an instruction visits which does not access main memory."""

NO_FLOW = Flow()


@dataclass(slots=True)
class Situation:
    """One instruction, and what is known as it is executed; what is found out on the way is filled in.

    `shape` is the matrix that it works with, `flow` what it moves, `addresses` the words of main memory that it
    visits, `runs` what it takes from pipes, `start` what is known to have ended before its first access.
    """

    known: Known
    dispatch: Dispatch
    shape: Shape | None = None
    flow: Flow = NO_FLOW
    addresses: NDArray[np.int64] = field(default_factory=lambda: NOWHERE)
    runs: list[Run] = field(default_factory=list)
    start: Clock = field(default_factory=list)

    @property
    def mnemonic(self) -> str:
        """The instruction's name, as messages give it."""
        return self.dispatch.row.mnemonic
