"""Whether a program orders its agents: happens-before, whatever the timing.

Agents run at the same time. Two accesses to one word of main memory, one of them a write, must be ordered: by one
agent's queue, by tokens, or because one instruction ends only after another that fed it. The check walks the program
in program order with a vector clock for each agent (Mattern 1989): what it knows to have ended before its next
instruction begins. An instruction that takes the last item of another knows that this one has ended, with one
exception: a `pool` whose windows leave out the end of the image gives its last word while words still arrive.
docs/soundness.md says for each instruction what follows from its items.
What main memory holds from the beginning is written before everything. Two agents give words to the vector agent, and
what one of them gives must be ordered behind what the other gave, for words have no other order there.
It never looks at time or values, and holds for every chip.
"""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.codec import decode
from acortex.isa.operands import AGENTS, MOST_TOKENS
from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch

NUMBER = {agent: number for number, agent in enumerate(AGENTS)}

Clock = list[int]
"""For each agent, the last of its instructions known to have ended; -1 for none."""


class OrderError(AcortexError):
    """A program whose agents are not ordered where they must be."""


@dataclass
class _Token:
    """A token's side of the story: who makes it and who takes it, and what each one that is left carries."""

    maker: str
    made_by: Dispatch
    left: deque[Clock] = field(default_factory=deque)
    taker: str = ""
    taken: int = 0


class OrderCheck:
    """Follows a program instruction by instruction, and raises OrderError at the first that breaks an order."""

    def __init__(self, program: Program, words: int) -> None:
        self._program = program
        self._known: list[Clock] = [[-1] * len(AGENTS) for _ in AGENTS]
        self._history = [array("i") for _ in AGENTS]
        """The address of each instruction of an agent: a loop may go through tens of millions."""
        self._tokens: dict[int, _Token] = {}
        self._writes: dict[int, NDArray[np.int64]] = {}
        self._reads: dict[int, NDArray[np.int64]] = {}
        self._words = words
        self._streamer: Dispatch | None = None
        self._streamed = -1
        """Who gave the vector agent words last, and which of its agent's instructions that was."""
        self._loaded = np.zeros(words, dtype=np.bool_)
        for table in program.memory:
            self._loaded[table.address : table.end] = True

    def where(self, dispatch: Dispatch) -> str:
        """The source line of an instruction."""
        return str(self._program.lines[dispatch.pc])

    # Order ------------------------------------------------------------------------------------------------------

    def begin(self, dispatch: Dispatch, fed: Sequence[Clock]) -> Clock:
        """What is known to have ended before the first access of this instruction.

        `fed` is what those knew as they began that gave its first items: without them there is nothing to access.
        """
        known = self._known[NUMBER[dispatch.agent]]
        return list(map(max, known, *fed)) if fed else known

    def end(self, dispatch: Dispatch, fed: Sequence[Clock] = ()) -> Clock:
        """What is known when this instruction has ended: `fed` knew as they ended, and gave it their last items."""
        agent = NUMBER[dispatch.agent]
        known = self._known[agent]
        known = list(map(max, known, *fed)) if fed else known.copy()
        known[agent] = len(self._history[agent])
        self._history[agent].append(dispatch.pc)
        self._known[agent] = known
        return known

    def so_far(self, start: Clock, fed: Sequence[Clock]) -> Clock:
        """What is known when an instruction gives its last item and goes on: as it began, and of `fed` by then."""
        return list(map(max, start, *fed)) if fed else start

    def signal(self, dispatch: Dispatch) -> None:
        """Makes a token that carries what its agent knows."""
        number = dispatch.ops.token
        token = self._tokens.setdefault(number, _Token(dispatch.agent, dispatch))
        if token.maker != dispatch.agent:
            raise OrderError(
                f"token t{number} is signalled by {dispatch.agent} here, and by {token.maker} at"
                f" {self.where(token.made_by)}: which of them an await takes would depend on time",
                where=self.where(dispatch),
                hint="use a token of its own for each pair of agents",
            )
        if len(token.left) == MOST_TOKENS:
            raise OrderError(
                f"token t{number} is signalled {MOST_TOKENS + 1:,} times more often than it is awaited; its counter"
                f" holds {MOST_TOKENS:,}",
                where=self.where(dispatch),
                hint="await it as often as it is signalled, or leave the signal out",
            )
        token.left.append(self.end(dispatch))

    def wait(self, dispatch: Dispatch) -> None:
        """Takes a token: all that its maker knew is known from here on."""
        number = dispatch.ops.token
        token = self._tokens.get(number)
        if token is None or not token.left:
            taken = "the signal before it is" if token and token.taken == 1 else "all signals before it are"
            already = f"{taken} taken" if token else "no signal stands before it"
            raise OrderError(
                f"{dispatch.agent} awaits token t{number} for ever: {already}",
                where=self.where(dispatch),
                hint=f"signal t{number} before this line, in the order of the program",
            )
        if token.taker not in ("", dispatch.agent):
            raise OrderError(
                f"token t{number} is awaited by {dispatch.agent} here, and by {token.taker} elsewhere:"
                " which of them takes it would depend on time",
                where=self.where(dispatch),
                hint="use a token of its own for each pair of agents",
            )
        token.taker = dispatch.agent
        self.end(dispatch, [token.left.popleft()])
        token.taken += 1

    def never_awaited(self) -> list[tuple[int, Dispatch]]:
        """Tokens that nobody takes, each with the first instruction that makes it."""
        return [(number, token.made_by) for number, token in sorted(self._tokens.items()) if not token.taken]

    def give_stream(self, dispatch: Dispatch, known: Clock) -> None:
        """Holds who gives words to the vector agent against who gave before: its words come in one order only."""
        giver = self._streamer
        if giver is not None and giver.agent != dispatch.agent and known[NUMBER[giver.agent]] < self._streamed:
            raise OrderError(
                f"{dispatch.row.mnemonic} gives words to the vector agent, as {giver.row.mnemonic} does at"
                f" {self.where(giver)}, and nothing orders the two: which come first would depend on time",
                where=self.where(dispatch),
                hint=f"signal a token from {giver.agent} after that line, and await it in {dispatch.agent} before this"
                " one",
            )
        self._streamer, self._streamed = dispatch, len(self._history[NUMBER[dispatch.agent]]) - 1

    # Words ------------------------------------------------------------------------------------------------------

    def read(self, dispatch: Dispatch, addresses: NDArray[np.int64], known: Clock) -> None:
        """Holds a read against every write of its words: each written, and ordered before it."""
        if not len(addresses):  # a window that nowhere reaches the image
            return
        self._hold(dispatch, addresses, self._writes, "written by", known)
        written = [writes[addresses] for writes in self._writes.values()]
        newest = np.maximum.reduce(written) if written else np.full(len(addresses), -1)
        unwritten = (newest < 0) & ~self._loaded[addresses]
        if unwritten.any():
            word = int(addresses[int(np.argmax(unwritten))])
            raise OrderError(
                f"{dispatch.row.mnemonic} reads word {word} of main memory, which was never written",
                where=self.where(dispatch),
                hint="check the stream's base, extents and strides, and that what writes it stands before this line",
            )
        self._note(dispatch, addresses, self._reads)

    def write(self, dispatch: Dispatch, addresses: NDArray[np.int64], known: Clock) -> None:
        """Holds a write against every earlier access to its words."""
        self._hold(dispatch, addresses, self._writes, "written by", known)
        self._hold(dispatch, addresses, self._reads, "read by", known)
        self._note(dispatch, addresses, self._writes)

    def _note(self, dispatch: Dispatch, addresses: NDArray[np.int64], table: dict[int, NDArray[np.int64]]) -> None:
        agent = NUMBER[dispatch.agent]
        if agent not in table:
            table[agent] = np.full(self._words, -1, dtype=np.int64)
        table[agent][addresses] = len(self._history[agent])

    def _hold(
        self,
        dispatch: Dispatch,
        addresses: NDArray[np.int64],
        table: dict[int, NDArray[np.int64]],
        how: str,
        known: Clock,
    ) -> None:
        for agent, latest in table.items():
            if agent == NUMBER[dispatch.agent]:
                continue
            seen = latest[addresses]
            if seen.max() > known[agent]:
                place = int(np.argmax(seen > known[agent]))
                self._race(dispatch, int(addresses[place]), agent, self._history[agent][int(seen[place])], how)

    def _race(self, dispatch: Dispatch, word: int, agent: int, other: int, how: str) -> None:
        verb = "writes" if dispatch.row.mnemonic in ("input", "write") else "reads"
        mnemonic = decode(int(self._program.words[other])).row.mnemonic
        raise OrderError(
            f"{dispatch.row.mnemonic} {verb} word {word} of main memory, which is {how} {mnemonic} at"
            f" {self._program.lines[other]}, and nothing orders the two",
            where=self.where(dispatch),
            hint=f"signal a token from {AGENTS[agent]} after that line, and await it in {dispatch.agent} before this"
            " one",
        )


@dataclass
class ProgramOrder:
    """The order of the program: the place in it of each access to memory, by agent, and who gives to the vector agent.

    Filled by the functional executor, instruction by instruction.
    """

    accesses: defaultdict[str, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("q")))
    given: list[tuple[Dispatch, int]] = field(default_factory=list)
    _next: int = 0

    def access(self, agent: str) -> None:
        """The next instruction of the program that walks over main memory is one of this agent."""
        self.accesses[agent].append(self._next)
        self._next += 1

    def give(self, dispatch: Dispatch, words: int) -> None:
        """The next that gives words to the vector agent, and how many."""
        self.given.append((dispatch, words))
