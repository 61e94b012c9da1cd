"""Whether a program orders its agents, decided anew: by the sets of instructions that are known to have ended.

A token carries the set that its maker knew; what takes items knows what those knew that gave them. The first await that
nothing can satisfy, or the first access that an earlier one is not known to precede, is what a diagnosis must name.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.chip.specs import Chip
from judge.counting import VECTOR, fetched, fetches, group_counts, image, slid, stepwise, walk
from judge.coverage import SWITCHES, SYNCS, known
from judge.plans import WORD

Known = frozenset[int]
Finding = tuple[str, int]
"""What is wrong, and the address of the instruction that shows it.

An await is `forever`, a token `shared`, a `stream` mixed; an access is a `race`, `outside` memory, or of an `unwritten`
word.
"""


ACCESSES = ("read", "fetch", "operand", "output", "input", "write")
"""Instructions that access main memory."""

FOLLOWED = dict.fromkeys((*SYNCS, *SWITCHES, "program", *ACCESSES, "feed", "slide", "multiply", "convert", *VECTOR))
"""Instructions whose items and accesses are known here."""


@dataclass
class Given:
    """Items of a pipe: how many are left, what their giver knew as it began and with its last, and how many go now."""

    count: int
    start: Known
    end: Known
    taken: int = 0


@dataclass
class Token:
    """Who makes a token and who takes it, and what each one made carries."""

    makers: set[str] = field(default_factory=set)
    takers: set[str] = field(default_factory=set)
    made: deque[Known] = field(default_factory=deque)


class Ordering:
    """Follows a program in its own order."""

    def __init__(self, program: Program, chip: Chip, inferences: int) -> None:
        self.sequencer = Sequencer(program, inferences)
        self.chip = chip
        self.known: defaultdict[str, Known] = defaultdict(frozenset)
        self.tokens: defaultdict[int, Token] = defaultdict(Token)
        self.pipes: defaultdict[str, deque[Given]] = defaultdict(deque)
        self.accesses: defaultdict[int, list[tuple[int, str, bool]]] = defaultdict(list)
        self.loaded = {word for table in program.memory for word in range(table.address, table.end)}
        self.groups: deque[int] = deque()
        self.number = 0
        self.streamer: tuple[int, str] | None = None
        """Which instruction of whom gave the vector agent words last."""

    def find(self) -> Finding | None:
        """The first thing that is wrong with the order of a program that is right otherwise."""
        while self.sequencer.state != "halted":
            dispatch = self.sequencer.step()
            if dispatch is not None:
                self.number += 1
                wrong = self.follow(dispatch)
                if wrong:
                    return wrong, dispatch.pc
        return None

    def follow(self, d: Dispatch) -> str:
        """One instruction; what is wrong with it, if anything."""
        known(FOLLOWED, d, "judge/ordering.py")
        mine = frozenset([self.number])
        if d.row.mnemonic in ("signal", "await"):
            return self.synchronise(d, mine)
        taken = [self.take(pipe, count, keep=bool(d.row.mnemonic == "feed" and d.ops.keep)) for pipe, count in takes(d)]
        begun = self.begun(d, taken)
        wrong = self.access(d, begun)
        if wrong:
            return wrong
        ended = self.known[d.agent].union(mine, *(run.end for runs in taken for run in runs if not run.count))
        self.known[d.agent] = ended
        given = self.gives(d)
        if "stream" in dict(given) and not self.may_stream(d, begun):
            return "stream"
        when_given = self.with_last(d, begun, taken[0]) if d.row.mnemonic == "pool" else ended
        for pipe, count in given:
            self.pipes[pipe].append(Given(count, begun, when_given))
        return ""

    def begun(self, d: Dispatch, taken: list[list[Given]]) -> Known:
        """What is known as an instruction begins: all before it in its queue, and what the first item it takes tells.

        A slide whose first position needs no word begins without one.
        """
        at_once = d.row.mnemonic == "slide" and not next(image(slid, d))[0]
        return self.known[d.agent].union(*(runs[0].start for runs in taken[:1] if runs and not at_once))

    def access(self, d: Dispatch, begun: Known) -> str:
        """The words of main memory that an instruction accesses; what is wrong with that, if anything."""
        words, writes = touches(d)
        if d.row.mnemonic in ACCESSES and not all(0 <= word < self.chip.memory_words for word in walk(d.stream)):
            return "outside"  # of a fetch the whole image, whatever the window needs of it
        if any(self.races(d.agent, writes, earlier, begun) for word in words for earlier in self.accesses[word]):
            return "race"
        if not writes and not all(self.holds(word) for word in words):
            return "unwritten"
        for word in set(words):
            self.accesses[word].append((self.number, d.agent, writes))
        return ""

    def races(self, agent: str, writes: bool, earlier: tuple[int, str, bool], begun: Known) -> bool:
        """Whether nothing orders an access behind an earlier one of another agent, one of them a write."""
        number, other, wrote = earlier
        return other != agent and (writes or wrote) and number not in begun

    def may_stream(self, d: Dispatch, begun: Known) -> bool:
        """Whether the last that gave the vector agent words was of this agent, or has ended."""
        mixed = self.streamer is not None and self.streamer[1] != d.agent and self.streamer[0] not in begun
        self.streamer = (self.number, d.agent)
        return not mixed

    def holds(self, word: int) -> bool:
        """Whether a word of memory was written, or is there from the beginning."""
        return word in self.loaded or any(wrote for _, _, wrote in self.accesses[word])

    def with_last(self, d: Dispatch, begun: Known, runs: list[Given]) -> Known:
        """What is known as a pool gives its last word: it has ended only if no word arrives after that."""
        steps = stepwise(d)
        gave = max(index for index, (_, gives) in enumerate(steps) if gives)
        arrived = sum(took for took, _ in steps[: gave + 1])
        if arrived == sum(took for took, _ in steps):
            return self.known[d.agent]
        for run in runs:
            arrived -= run.taken
            if arrived >= 0 and not run.count:
                begun |= run.end
        return begun

    def synchronise(self, d: Dispatch, mine: Known) -> str:
        """A token made or taken."""
        token = self.tokens[d.ops.token]
        if d.row.mnemonic == "signal":
            token.makers.add(d.agent)
            self.known[d.agent] |= mine
            token.made.append(self.known[d.agent])
            return "shared" if len(token.makers) > 1 else ""
        if not token.made:
            return "forever"
        token.takers.add(d.agent)
        if len(token.takers) > 1:
            return "shared"
        self.known[d.agent] = self.known[d.agent] | token.made.popleft() | mine
        return ""

    def take(self, pipe: str, count: int, *, keep: bool) -> list[Given]:
        """The runs of items that an instruction takes, each with 0 left where it took the last."""
        runs, held = [], self.pipes[pipe]
        place = 0
        while count:
            run = held[place]
            part = min(count, run.count)
            count -= part
            left = Given(run.count - part, run.start, run.end, part)
            runs.append(left)
            if keep:
                place += 1
            elif left.count:
                held[0] = left
            else:
                held.popleft()
        return runs

    def gives(self, d: Dispatch) -> list[tuple[str, int]]:
        """What an instruction hands on: a pipe, and how many items; nothing where there are none."""
        mnemonic, ops = d.row.mnemonic, d.ops
        if mnemonic in ("read", "fetch", "operand"):
            return some(reads_into(d), len(touches(d)[0]))
        if mnemonic in ("feed", "slide"):
            return [("vectors", ops.positions if mnemonic == "feed" else d.window.positions)]  # type: ignore[union-attr]
        if mnemonic == "multiply":
            self.groups.extend([d.group] * ops.positions)
            return [("sums", ops.positions)]
        if mnemonic == "convert":
            return [("stream" if ops.to else "codes", sum(self.codes_of_next() for _ in range(ops.positions)))]
        if d.agent == "vector":
            return some("results", sum(gives for _, gives in stepwise(d)))
        return []

    def codes_of_next(self) -> int:
        """The codes that leave the neurons for the oldest sample."""
        turns = group_counts(self.sequencer.groups[self.groups.popleft()], self.chip).turns
        return sum(len(turn.leaving) for turn in turns)


def some(pipe: str, count: int) -> list[tuple[str, int]]:
    """Items for a pipe, where there are any."""
    return [(pipe, count)] if count else []


def reads_into(d: Dispatch) -> str:
    """The pipe of an instruction that reads memory."""
    if d.row.mnemonic == "operand":
        return "operand"
    return "stream" if d.row.mnemonic == "read" and d.ops.to else "words"


def takes(d: Dispatch) -> list[tuple[str, int]]:
    """What an instruction takes from pipes."""
    mnemonic, ops = d.row.mnemonic, d.ops
    if mnemonic == "feed":
        return [("words", ops.positions * ops.words)]
    if mnemonic == "slide":
        count = sum(1 for _ in image(fetched, d))
        return [("words", count)] if count else []
    if mnemonic == "multiply":
        return [("vectors", ops.positions)]
    if mnemonic == "convert":
        return [("sums", ops.positions)]
    if mnemonic == "write":
        assert d.stream is not None
        depth = d.stream.extents[0]
        count = d.stream.size // depth * (depth - (ops.shift + ops.tail > WORD))
        return [("results" if ops.source else "codes", count)]
    if d.agent == "vector" and mnemonic != "getstate":
        count = sum(took for took, _ in stepwise(d))
        return [("stream", count)] + [("operand", count)] * (mnemonic in ("add", "mul"))
    return []


def touches(d: Dispatch) -> tuple[list[int], bool]:
    """The words of main memory that an instruction accesses, and whether it writes them."""
    if d.row.mnemonic not in ACCESSES:
        return [], False
    return list(fetches(d) if d.window else walk(d.stream)), d.row.mnemonic in ("input", "write")
