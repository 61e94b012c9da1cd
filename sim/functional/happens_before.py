"""Happens-before: what is known to have ended as an instruction begins, whatever the timing.

Agents run at the same time. Two accesses to one word of main memory, one of them a write, must be ordered: by one
agent's queue, by tokens, or because one instruction ends only after another that fed it. The check walks the program in
program order with a vector clock for each agent (Mattern 1989): the instructions that have ended, in every execution,
before its next one begins. An instruction that takes the last item of another begins after this one has ended, with one
exception: a `pool` whose windows leave out the end of the image gives its last word while words still arrive.
docs/soundness.md says for each instruction what follows from its items. Initial words of main memory count as written
before everything.
Two agents give words to the vector agent: the words of the one must be ordered behind those of the other, because the
channel between them takes words as they arrive. The check reads neither time nor values, so its answer holds for every
chip. This file keeps the clocks; sim/functional/rules/order.py has the rules that read them.
"""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.operands import AGENTS
from acortex.isa.places import place
from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch

NUMBER = {agent: number for number, agent in enumerate(AGENTS)}

Ints = NDArray[np.int64]

VectorClock = list[int]
"""For each agent, the last of its instructions known to have ended; -1 for none."""


class OrderError(AcortexError):
    """A program whose agents are not ordered where they must be."""


@dataclass
class Token:
    """The tokens of one number: the agents that signal and await them, and the clocks of those not taken yet."""

    maker: str
    made_by: Dispatch
    left: deque[VectorClock] = field(default_factory=deque)
    taker: str = ""
    taken: int = 0


class Conflict(NamedTuple):
    """Two accesses to a word that nothing orders: the word, and of the earlier one the agent, the address of its
    instruction, and the number of this among those of its agent.
    """

    word: int
    agent: int
    pc: int
    number: int


class HappensBefore:
    """A vector clock for each agent, kept instruction by instruction. Plain data: the rules of order read it."""

    def __init__(self, program: Program, words: int) -> None:
        self.known: list[VectorClock] = [[-1] * len(AGENTS) for _ in AGENTS]
        self.history = [array("i") for _ in AGENTS]
        """The address of each instruction of an agent: a loop may go through tens of millions."""
        self.tokens: dict[int, Token] = {}
        self.writes: dict[int, Ints] = {}
        self.reads: dict[int, Ints] = {}
        """For each agent that accesses main memory the last of its instructions that did so to each word; -1 for none.
        """
        self.streamer: Dispatch | None = None
        self.streamed = -1
        """The last instruction that gave words to the vector agent, and its number among those of its agent."""
        self.left = self.worked = -1
        """The last instruction that gave the host words, and that with which it worked, among those of their agents."""
        self.left_of = self.worked_of = -1
        """The inferences of the two."""
        self.loaded = np.zeros(words, dtype=np.bool_)
        """Which words main memory holds from the beginning."""
        for table in program.memory:
            self.loaded[table.address : table.end] = True
        self._program = program
        self._words = words

    def where(self, dispatch: Dispatch) -> str:
        """The source line of an instruction, and its layer in a compiled network."""
        return place(self._program, dispatch.pc)

    # Clocks -----------------------------------------------------------------------------------------------------

    def begin(self, dispatch: Dispatch, fed: Sequence[VectorClock]) -> VectorClock:
        """The clock before the first access of this instruction.

        `fed` are the clocks with which the producers of its first items began: it cannot access memory before it has
        an item of each.
        """
        known = self.known[NUMBER[dispatch.agent]]
        return list(map(max, known, *fed)) if fed else known

    def end(self, dispatch: Dispatch, fed: Sequence[VectorClock] = ()) -> VectorClock:
        """The clock after this instruction: `fed` are the clocks after the producers whose last items it has taken."""
        agent = NUMBER[dispatch.agent]
        known = self.known[agent]
        known = list(map(max, known, *fed)) if fed else known.copy()
        known[agent] = len(self.history[agent])
        self.history[agent].append(dispatch.pc)
        self.known[agent] = known
        return known

    def so_far(self, start: VectorClock, fed: Sequence[VectorClock]) -> VectorClock:
        """The clock as an instruction gives its last item before it ends: that of its begin, merged with `fed`."""
        return list(map(max, start, *fed)) if fed else start

    def signal(self, dispatch: Dispatch) -> None:
        """Makes a token that carries the clock of its agent."""
        token = self.tokens.setdefault(dispatch.ops.token, Token(dispatch.agent, dispatch))
        token.left.append(self.end(dispatch))

    def wait(self, dispatch: Dispatch) -> None:
        """Takes a token, and merges the clock that it carries into the agent's own."""
        token = self.tokens[dispatch.ops.token]
        token.taker = dispatch.agent
        self.end(dispatch, [token.left.popleft()])
        token.taken += 1

    def never_awaited(self) -> list[tuple[int, Dispatch]]:
        """Tokens that no agent takes, each with the first instruction that makes it."""
        return [(number, token.made_by) for number, token in sorted(self.tokens.items()) if not token.taken]

    def give_stream(self, dispatch: Dispatch) -> None:
        """Notes the last instruction that gave words to the vector agent; it has ended."""
        self.streamer, self.streamed = dispatch, len(self.history[NUMBER[dispatch.agent]]) - 1

    def leave(self, inference: int) -> None:
        """Notes the last instruction that gave the host words, and of which inference; it has ended."""
        self.left, self.left_of = len(self.history[NUMBER["host_out"]]) - 1, inference

    def work(self, dispatch: Dispatch) -> None:
        """Notes that the host works."""
        self.end(dispatch)
        self.worked, self.worked_of = len(self.history[NUMBER[dispatch.agent]]) - 1, dispatch.inference

    # Words ------------------------------------------------------------------------------------------------------

    def access(self, dispatch: Dispatch, addresses: Ints, table: dict[int, Ints]) -> None:
        """Notes in `reads` or `writes` that the agent's next instruction accesses these words."""
        agent = NUMBER[dispatch.agent]
        if agent not in table:
            table[agent] = np.full(self._words, -1, dtype=np.int64)
        table[agent][addresses] = len(self.history[agent])

    def conflict(self, agent: str, addresses: Ints, known: VectorClock, table: dict[int, Ints]) -> Conflict | None:
        """An access of another agent in `table` to one of these words that may not have ended yet, or None."""
        for other, latest in table.items():
            if other == NUMBER[agent] or not len(addresses):
                continue
            seen = latest[addresses]
            if seen.max() > known[other]:
                place = int(np.argmax(seen > known[other]))
                number = int(seen[place])
                return Conflict(int(addresses[place]), other, self.history[other][number], number)
        return None

    def unwritten(self, addresses: Ints) -> int | None:
        """The first of these words that was never written, or None."""
        missing = ~self.loaded[addresses]
        for latest in self.writes.values():
            missing &= latest[addresses] < 0
        return int(addresses[int(np.argmax(missing))]) if missing.any() else None


@dataclass
class ProgramOrder:
    """The order of the program: the place in it of each access to memory, by agent, and what gives to the vector agent.

    Filled by the functional executor, instruction by instruction.
    """

    accesses: defaultdict[str, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("q")))
    given: list[tuple[Dispatch, int]] = field(default_factory=list)
    _next: int = 0

    def access(self, agent: str) -> None:
        """Notes that the next instruction of the program that accesses main memory is one of this agent."""
        self.accesses[agent].append(self._next)
        self._next += 1

    def give(self, dispatch: Dispatch, words: int) -> None:
        """Notes the next instruction that gives words to the vector agent, and how many."""
        self.given.append((dispatch, words))
