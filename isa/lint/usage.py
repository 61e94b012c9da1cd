"""What a program uses: one walk over it, without values and without a clock, that notes what is set, made and read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.tensors import MAX_WORDS
from acortex.isa.codec import Instruction, decode
from acortex.isa.flows import MEANINGS, example_flows
from acortex.isa.machine import CHANNELS
from acortex.isa.operands import HOST_COUNT, NO_LOOP
from acortex.isa.program import Program
from acortex.isa.rules import PAST_HOST, ProgramError
from acortex.isa.semantics import MAKE_TOKEN, TAKE_TOKEN, moves, visited
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.isa.table import LAG, ROWS, WRITE_GROUP

MOST_INFERENCES = 1 << 16
"""Inferences that a program may name by their numbers, beyond what the host of its samples has."""

MOST_VISITED = 4 * MAX_WORDS
"""Words that one instruction visits at most: a rule of the chip refuses more, so that they are not walked through."""

TURNS = 2
"""Inferences that are walked through: the second shows what the first left behind."""

SETTERS = {"stream": "base", "quantiser": "quant", "window": "window"}
"""What gives a register of each kind a new value; other instructions of the controller change it."""

PREFIX = {"stream": "d", "quantiser": "q", "window": "w", "by": "l"}

ACCESSES = {
    row.mnemonic: (any(flow.reads for flow in flows), any(flow.writes for flow in flows))
    for row in ROWS
    if row.mnemonic in MEANINGS and (flows := list(example_flows(row)))
}
"""Whether an instruction reads, and whether it writes main memory."""


@dataclass(slots=True)
class Register:
    """A value of a register: where it was set, and whether anything used it."""

    kind: str
    number: int
    pc: int
    used: bool = False
    again: int = -1
    """Where it was set again; -1 for nowhere."""


@dataclass(slots=True)
class Tokens:
    """The tokens of one number: where they are met first, and how many are signalled and awaited in all."""

    pc: int
    agent: str
    made: int = 0
    taken: int = 0
    awaited: int = -1
    """Where they are awaited first; -1 for nowhere."""


class Loop(NamedTuple):
    """A loop of the text: its `loop`, its `next`, its register, and how often it runs; -1 for once per inference."""

    pc: int
    end: int
    register: int
    turns: int


class Usage:
    """What a walk over a program found. `of` walks."""

    def __init__(self, program: Program, inferences: int) -> None:
        self.program = program
        self.inferences = inferences
        self.instructions = [decode(int(word)) for word in program.words]
        self.complete = True
        """Whether the walk came to the end of the program."""
        self.executed = np.zeros(len(self.instructions), dtype=np.bool_)
        self.registers: list[Register] = []
        self.tokens: dict[int, Tokens] = {}
        self.multiplied: set[int] = set()
        self.groups: dict[int, int] = {}
        """The address of the `group` of each group."""
        self.programmed: dict[int, int] = {}
        """The address of the `program` of each group."""
        self.unread: dict[int, list[int]] = {}
        """For each instruction that brings an input in, the words of the tensor that nothing reads."""
        self.over: dict[int, int] = {}
        """For each instruction that writes words, the first other one that writes such a word again; for a piece of the
        initial memory, by its number from -1 down, the first that does."""
        self.wrote: dict[int, bool] = {}
        """The instructions that write words of main memory, by address, and whether any of these was read."""
        self.loaded_read: set[int] = set()
        """Pieces of the initial memory of which a word was read."""
        self._current: dict[tuple[str, int], Register] = {}
        self._built: dict[int, set[int]] = defaultdict(set)

    @classmethod
    def of(cls, program: Program, inferences: int | None = None, steps: int | None = None) -> Usage:
        """Walks through a program, for as many inferences as the host has, and through so many `steps` at most.

        Without a number these are two where a loop goes through all of the host's, or one where it goes through one
        alone, or as many as it names. Raises the errors of the sequencer for a program that breaks its rules.
        """
        if inferences is not None:
            return cls(program, inferences)._walk(steps)
        inferences = _inferences(program)
        while True:
            try:
                return cls(program, inferences)._walk(steps)
            except ProgramError as error:
                if error.code == PAST_HOST.code and inferences < MOST_INFERENCES:
                    inferences *= 2  # the program names inferences by number
                elif inferences in {TURNS, _inferences(program)} - {1}:
                    inferences = 1
                else:
                    raise

    def loops(self) -> Iterator[Loop]:
        """The loops of the text, in the order of their ends."""
        open_: dict[int, int] = {}
        for pc, one in enumerate(self.instructions):
            if one.row.mnemonic == "loop":
                open_[one["loop"]] = pc
            elif one.row.mnemonic == "next":
                begin = open_[one["loop"]]
                count = self.instructions[begin]["count"]
                yield Loop(begin, pc, one["loop"], -1 if count == HOST_COUNT else count)

    def counts(self, loop: Loop) -> bool:
        """Whether an instruction of the program uses the register of a loop."""
        for one in self.instructions:
            if one.values.get("by", NO_LOOP) == loop.register:
                return True
            if one.row.effect == LAG and one["of"] == loop.register:
                return True
        return False

    def unreached(self) -> list[int]:
        """The instructions that nothing leads to: not those that a `lag` leaves out for want of inferences."""
        reached = self.executed.copy()
        for pc, one in enumerate(self.instructions):
            if one.row.effect == LAG and reached[pc]:
                reached[pc : one["until"]] = True
        return np.flatnonzero(~reached).tolist()

    # The walk -----------------------------------------------------------------------------------------------------

    def _walk(self, steps: int | None) -> Usage:
        """Notes what each instruction does, in the order of the program."""
        sequencer = Sequencer(self.program, self.inferences)
        words = _Words(self)
        while sequencer.state != "halted":
            if sequencer.serial == steps:
                self.complete = False
                return self
            pc = sequencer.pc
            one = self.instructions[pc] if pc < len(self.instructions) else None
            dispatch = sequencer.step()
            assert one is not None  # a step past the end is an error
            self.executed[pc] = True
            if dispatch is None:
                self._set(one, pc)
            else:
                self._use(one, dispatch)
                words.access(dispatch)
        self.groups = {number: plan.pc for number, plan in sequencer.groups.items()}
        words.finish()
        return self

    def _set(self, one: Instruction, pc: int) -> None:
        """An instruction of the controller: the registers that it sets or changes."""
        for name, operand in one.row.by_name.items():
            kind = operand.kind.name
            if name == "by" and (index := self._current.get((name, one[name]))):
                index.used = True
            elif one.row.mnemonic == SETTERS.get(kind):
                self._begin(kind, one[name], pc)
        if one.row.effect == LAG:
            self._begin("by", one["register"], pc)

    def _begin(self, kind: str, number: int, pc: int) -> None:
        """A register has a new value."""
        if before := self._current.get((kind, number)):
            before.again = pc
        self._current[kind, number] = Register(kind, number, pc)
        self.registers.append(self._current[kind, number])

    def _use(self, one: Instruction, dispatch: Dispatch) -> None:
        """An instruction of an agent: registers that it names, and tokens."""
        for name, operand in one.row.by_name.items():
            register = self._current.get((operand.kind.name, one[name]))
            absent = name == "then" and not one["every"]  # its default is the number of a quantiser
            if register is not None and not absent:
                register.used = True
        effect = one.row.effect
        if effect in (MAKE_TOKEN, TAKE_TOKEN):
            tokens = self.tokens.setdefault(dispatch.ops.token, Tokens(dispatch.pc, dispatch.agent))
            tokens.made += effect == MAKE_TOKEN
            tokens.taken += effect == TAKE_TOKEN
            if effect == TAKE_TOKEN and tokens.awaited < 0:
                tokens.awaited = dispatch.pc
        if effect == WRITE_GROUP:
            self.programmed[dispatch.group] = dispatch.pc
        if dispatch.group >= 0 and moves(dispatch).gives == "sums":
            self.multiplied.add(dispatch.group)


def _inferences(program: Program) -> int:
    """How many inferences are walked through at first: two where a loop goes through all that the host has.

    Where registers lag behind that loop, there are enough of them that no `lag` of the last turn leaves out anything.
    """
    given = [len(array) for array in program.samples.values()]
    behind = [-1]
    looped = False
    for one in map(decode, program.words.tolist()):
        looped |= one.values.get("count", -1) == HOST_COUNT
        if one.row.effect == LAG:
            behind.append(one["turns"])
    if not looped:
        return max(given, default=1)
    return max(TURNS, max(behind) + 1) if len(behind) > 1 else min([*given, TURNS])


class _Words:
    """The words of main memory: who wrote each last, so that a read says whose result it reads."""

    def __init__(self, usage: Usage) -> None:
        self.usage = usage
        self.writer = np.zeros(0, dtype=np.int64)
        """One more than the address of the instruction that wrote a word last; below 0 a piece of initial memory."""
        self.read = np.zeros(len(usage.instructions) + len(usage.program.memory) + 1, dtype=np.bool_)
        self.place = np.zeros(0, dtype=np.int64)
        """Which word of its tensor an input has brought to each address."""
        self.inputs: dict[int, NDArray[np.bool_]] = {}
        """For each instruction that brings an input in, which words of the tensor are read."""
        self.wrote: set[int] = set()
        self.under: dict[int, set[int]] = defaultdict(set)
        """For each instruction that writes a part of a word those whose other parts stay in it."""
        for number, table in enumerate(usage.program.memory, 1):
            self._reach(table.end)
            self.writer[table.address : table.end] = -number

    def access(self, dispatch: Dispatch) -> None:
        """An instruction that reads or writes main memory."""
        reads, writes = ACCESSES.get(dispatch.row.mnemonic, (False, False))
        if not (reads or writes) or dispatch.stream is None:
            return
        if dispatch.window is None and dispatch.stream.size > MOST_VISITED:
            return
        addresses = visited(dispatch)
        if not len(addresses) or addresses.min() < 0:
            return
        self._reach(int(addresses.max()) + 1)
        before: NDArray[np.int64] = self.writer[addresses]
        if reads:
            self.read[before] = True
        if self.inputs and (reads or _partial(dispatch)):  # what is under a part of a word counts as read
            self._read_inputs(addresses, before)
        if writes:
            if _partial(dispatch):
                self.under[dispatch.pc + 1].update(np.unique(before).tolist())
            self._write(dispatch, addresses, before)

    def _read_inputs(self, addresses: NDArray[np.int64], before: NDArray[np.int64]) -> None:
        """Notes which words of inputs are read."""
        for writer, read in self.inputs.items():
            read[self.place[addresses[before == writer]]] = True

    def _write(self, dispatch: Dispatch, addresses: NDArray[np.int64], before: NDArray[np.int64]) -> None:
        """Notes who wrote words last."""
        for other in np.unique(before[before != 0]).tolist():
            if other != dispatch.pc + 1:
                self.usage.over.setdefault(other - (other > 0), dispatch.pc)
        if "tensor" in dispatch.row.by_name:
            known = self.inputs.get(dispatch.pc + 1, np.zeros(0, dtype=np.bool_))
            self.inputs[dispatch.pc + 1] = np.pad(known, (0, max(len(addresses) - len(known), 0)))
            self.place[addresses] = np.arange(len(addresses))
        self.writer[addresses] = dispatch.pc + 1
        self.wrote.add(dispatch.pc)

    def finish(self) -> None:
        """Who reads a word of several writers reads the parts of all of them."""
        left = [one for one in self.under if self.read[one]]
        while left:
            for other in self.under.get(left.pop(), ()):
                if not self.read[other]:
                    self.read[other] = True
                    left.append(other)
        pieces = len(self.usage.program.memory)
        self.usage.wrote = {pc: bool(self.read[pc + 1]) for pc in sorted(self.wrote)}
        self.usage.unread = {pc - 1: np.flatnonzero(~read).tolist() for pc, read in self.inputs.items()}
        self.usage.loaded_read = {number for number in range(1, pieces + 1) if self.read[-number]}

    def _reach(self, words: int) -> None:
        if words > len(self.writer):
            more = np.zeros(max(words, 2 * len(self.writer)), dtype=np.int64)
            more[: len(self.writer)] = self.writer
            self.writer = more
            place = np.zeros(len(more), dtype=np.int64)
            place[: len(self.place)] = self.place
            self.place = place


def _partial(dispatch: Dispatch) -> bool:
    """Whether an instruction leaves channels of a word as they were."""
    ops = dispatch.ops
    return getattr(ops, "shift", 0) != 0 or getattr(ops, "tail", CHANNELS) != CHANNELS
