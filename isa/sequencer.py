"""What the controller does, without a clock: registers, hardware loops, and the instructions that agents receive.

Both executors walk a program with a `Sequencer`: each step carries out one instruction. The controller's own change the
registers; the others come back as a `Dispatch`, with every operand that a loop moves already resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa import rules
from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.windows import Window
from acortex.isa.codec import decode
from acortex.isa.operands import ACTIVATIONS, AGENTS, HOST_COUNT, NO_LABEL, NO_LOOP, PACKED
from acortex.isa.program import Program
from acortex.isa.rules import ProgramError as ProgramError
from acortex.isa.rules import Rule
from acortex.isa.table import LOOP, ROWS, InstructionRow
from acortex.wording import count

Register = TypeVar("Register")


@dataclass(frozen=True, slots=True)
class Stream:
    """A walk over words of main memory in up to four dimensions, axis 0 the fastest."""

    base: int
    extents: tuple[int, int, int, int] = (1, 1, 1, 1)
    strides: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def size(self) -> int:
        """How many words the walk visits."""
        a, b, c, d = self.extents
        return a * b * c * d

    def addresses(self) -> NDArray[np.int64]:
        """The words' addresses in the order of the walk: int64 of shape (size,)."""
        walk = np.array([self.base], dtype=np.int64)
        for extent, stride in zip(self.extents, self.strides, strict=True):
            if extent > 1:
                walk = (np.arange(extent, dtype=np.int64)[:, None] * stride + walk).reshape(-1)
        return walk

    def bounds(self) -> tuple[int, int]:
        """The lowest and the highest address that the walk visits."""
        reaches = [(extent - 1) * stride for extent, stride in zip(self.extents, self.strides, strict=True)]
        return self.base + sum(min(reach, 0) for reach in reaches), self.base + sum(max(reach, 0) for reach in reaches)


class Dispatch(NamedTuple):
    """One instruction on its way to an agent, resolved.

    `pc` is its address, `ops` its operands by name, `layer` is 0 for none, else one more than the index into the
    program's layer names; `inference` counts from 0 (-1 for none). `stream`, `quantiser` and `group` are there
    where the instruction names one. `serial` is its place in the order of issue.
    """

    pc: int
    row: InstructionRow
    ops: Any
    agent: str
    layer: int
    inference: int
    stream: Stream | None
    quantiser: Quantiser | None
    other: Quantiser | None
    window: Window | None
    group: int
    serial: int = -1


class Sequencer:
    """Walks a program: the controller's registers and its program counter.

    `inferences` is what the host has, the count of a loop over `host`. A step past the program's end, a jump out of it,
    and a register used before it is set raise ProgramError at the line of the instruction.
    """

    def __init__(self, program: Program, inferences: int) -> None:
        self.program = program
        self.inferences = inferences
        self.pc = 0
        self.state = "running"
        """`running`; `started` after a step over `start`, until the next step; `halted`."""
        self.layer = 0
        self.inference = -1
        self.serial = 0
        """How many instructions have been carried out."""
        self.counts = [-1] * 8
        self._bounds = [0] * 8
        self._began = [0] * 8
        self.streams: dict[int, Stream] = {}
        self.quantisers: dict[int, Quantiser] = {}
        self.windows: dict[int, Window] = {}
        self.groups: dict[int, GroupPlan] = {}
        self._decoded = [self._prepare(pc) for pc in range(len(program.words))]
        self._counted = {ops.loop for row, ops, _ in self._decoded if row.effect == LOOP}
        """The registers that loops count with; no other instruction sets them."""

    def _prepare(self, pc: int) -> _Prepared:
        try:
            return _prepared(int(self.program.words[pc]))
        except AcortexError as error:
            raise self.error(rules.NO_INSTRUCTION, pc, reason=error.message) from None

    def error(self, rule: Rule, pc: int | None = None, **facts: object) -> AcortexError:
        """The error of a rule that is broken at an instruction, by default the current one."""
        pc = self.pc if pc is None else pc
        lines = self.program.lines
        return rule.broken(str(lines[pc]) if pc < len(lines) else f"instruction {pc}", **facts)

    @property
    def in_program(self) -> bool:
        """Whether there is a next instruction."""
        return self.pc < len(self._decoded)

    def rows(self) -> list[InstructionRow]:
        """The row of each instruction of the program."""
        return [row for row, _, _ in self._decoded]

    @property
    def context(self) -> tuple[int, int, int, int]:
        """The address, layer and inference of the next instruction, and its place in the order of issue."""
        return self.pc, self.layer, self.inference, self.serial

    def agent(self) -> str:
        """The agent that the next instruction is for; "controller" for the controller's own."""
        row, ops, _ = self._decoded[self.pc]
        return AGENTS[ops.agent] if row.agent == "any" else row.agent

    def step(self) -> Dispatch | None:
        """Carries out the next instruction; an agent's comes back resolved."""
        if self.pc >= len(self._decoded):
            raise self.error(rules.PAST_END, max(self.pc - 1, 0), last=len(self._decoded) - 1)
        self.state = "running"
        row, ops, action = self._decoded[self.pc]
        self._row = row
        result = action(self, ops)
        self.pc += 1
        self.serial += 1
        return result

    STATE = (
        "pc", "state", "layer", "inference", "serial", "counts", "_bounds", "_began",
        "streams", "quantisers", "windows", "groups",
    )  # fmt: skip
    """The attributes that decide what comes next; the others are settings, or follow from them."""

    def snapshot(self) -> tuple[Any, ...]:
        """The registers, as values that change no more: for `restore` of a sequencer of the same program."""
        values = (getattr(self, name) for name in self.STATE)
        return tuple(
            tuple(value.items()) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value
            for value in values
        )

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Sets the registers to what they were."""
        for name, value in zip(self.STATE, snapshot, strict=True):
            now = getattr(self, name)
            setattr(self, name, type(now)(value) if isinstance(now, (dict, list)) else value)

    # What an agent receives -------------------------------------------------------------------------------------

    def _dispatch(self, ops: Any) -> Dispatch:
        row = self._row
        needs = _NEEDS[row.mnemonic]
        return Dispatch(
            self.pc,
            row,
            ops,
            AGENTS[ops.agent] if row.agent == "any" else row.agent,
            self.layer,
            self.inference,
            self._named(self.streams, ops.stream, "stream d") if needs.stream else None,
            self._named(self.quantisers, ops.quantiser, "quantiser q") if needs.quantiser else None,
            self._second(ops, needs) if needs.second else None,
            self._named(self.windows, ops.window, "window w") if needs.window else None,
            self._group(ops) if needs.group else -1,
            self.serial,
        )

    def _second(self, ops: Any, needs: _Needs) -> Quantiser | None:
        """The other quantiser of an instruction that names two, where it has use for it."""
        if needs.every and not ops.every:
            return None
        return self._named(self.quantisers, getattr(ops, needs.second), "quantiser q")

    def _named(self, registers: dict[int, Register], number: int, kind: str) -> Register:
        if number not in registers:
            raise self.error(rules.NOT_SET, register=f"{kind}{number}", setter=_SETTERS[kind])
        return registers[number]

    def _group(self, ops: Any) -> int:
        by = getattr(ops, "by", NO_LOOP)
        number: int = ops.group + (ops.step * self._count(by) if by != NO_LOOP else 0)
        if number not in self.groups:
            raise self.error(rules.NO_GROUP, group=number)
        return number

    def _count(self, loop: int) -> int:
        if self.counts[loop] < 0:
            raise self.error(rules.NO_COUNT, loop=loop)
        return self.counts[loop]

    # The controller's own ---------------------------------------------------------------------------------------

    def _nop(self, ops: object) -> None:
        pass

    def _halt(self, ops: object) -> None:
        self.state = "halted"

    def _start(self, ops: object) -> None:
        self.state = "started"

    def _loop(self, ops: Any) -> None:
        self.counts[ops.loop] = 0
        self._bounds[ops.loop] = self.inferences if ops.count == HOST_COUNT else ops.count
        self._began[ops.loop] = self.pc

    def _next(self, ops: Any) -> None:
        count = self._count(ops.loop) + 1
        # A target inside the loop's own body: that every loop ends follows from this.
        if not self._began[ops.loop] < ops.target <= self.pc:
            raise self.error(
                rules.JUMP, target=ops.target, loop=ops.loop, first=self._began[ops.loop] + 1, last=self.pc
            )
        if count < self._bounds[ops.loop]:
            self.counts[ops.loop] = count
            self.pc = ops.target - 1

    def _lag(self, ops: tuple[int, int, int, int]) -> None:
        register, of, turns, until = ops
        if register in self._counted:  # that every loop ends follows from this
            raise self.error(rules.COUNTS, register=register)
        turn = self._count(of)
        if turn < turns:
            if until == NO_LABEL:
                raise self.error(rules.NO_TURN, loop=of, turn=turn, turns=count(turns, "turn"))
            if until <= self.pc:
                raise self.error(rules.ONWARD, target=until, place=self.pc)
            self.pc = until - 1
        self.counts[register] = max(turn - turns, -1)
        self._bounds[register] = max(self._bounds[of] - turns, 0)

    def _base(self, ops: Any) -> None:
        address = ops.address
        if ops.by != NO_LOOP:
            count = self._count(ops.by)
            address += ops.stride * (count % ops.ring if ops.ring else count)
        self.streams[ops.stream] = Stream(address)

    def _advance(self, ops: Any) -> None:
        stream = self._named(self.streams, ops.stream, "stream d")
        self.streams[ops.stream] = replace(stream, base=stream.base + ops.stride * self._count(ops.by))

    def _dim(self, ops: Any) -> None:
        stream = self._named(self.streams, ops.stream, "stream d")
        axis = ops.axis
        self.streams[ops.stream] = Stream(
            stream.base,
            (*stream.extents[:axis], ops.extent, *stream.extents[axis + 1 :]),
            (*stream.strides[:axis], ops.stride, *stream.strides[axis + 1 :]),
        )

    def _quant(self, ops: Any) -> None:
        activation = ACTIVATIONS[ops.activation]
        self.quantisers[ops.quantiser] = Quantiser(ops.multiplier, ops.shift, ops.zero, ops.low, ops.high, activation)

    def _gain(self, ops: Any) -> None:
        quantiser = self._named(self.quantisers, ops.quantiser, "quantiser q")
        self.quantisers[ops.quantiser] = replace(quantiser, gain=ops.gain)

    def _tune(self, ops: Any) -> None:
        quantiser = self._named(self.quantisers, ops.quantiser, "quantiser q")
        constants = self.program.constants[ops.constants]
        self.quantisers[ops.quantiser] = replace(quantiser, constants=constants, tuned=self.pc)

    def _window(self, ops: Any) -> None:
        self.windows[ops.window] = Window(
            ops.kernel_y, ops.kernel_x, ops.stride_y, ops.stride_x, ops.dilation_y, ops.dilation_x, ops.width,
            int(PACKED[ops.packed]), apart=bool(ops.apart),
        )  # fmt: skip

    def _border(self, ops: Any) -> None:
        self.windows[ops.window] = replace(
            self._named(self.windows, ops.window, "window w"),
            rows=ops.rows, columns=ops.columns, top=ops.top, left=ops.left, value=ops.value,
        )  # fmt: skip

    def _layer(self, ops: Any) -> None:
        self.layer = ops.layer + 1

    def _endlayer(self, ops: object) -> None:
        self.layer = 0

    def _inference(self, ops: Any) -> None:
        self.inference = self._count(ops.by) if ops.by != NO_LOOP else 0
        if self.inference >= self.inferences:
            raise self.error(rules.PAST_HOST, inference=self.inference, last=self.inferences - 1)

    def _endinference(self, ops: object) -> None:
        self.inference = -1

    def _begin_group(self, ops: Any) -> None:
        if ops.group in self.groups:
            raise self.error(rules.GROUP_TWICE, group=ops.group)
        self.groups[ops.group] = GroupPlan(self.pc, ops.rows, ops.columns, ())

    def _rect(self, ops: Any) -> None:
        if ops.group not in self.groups:
            raise self.error(rules.RECT_FIRST, group=ops.group)
        plan = self.groups[ops.group]
        rect = (ops.column, ops.row, ops.height, ops.width)
        self.groups[ops.group] = replace(plan, rects=(*plan.rects, rect), pcs=(*plan.pcs, self.pc))


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """A group as its instructions describe it, not yet held against a chip.

    `rects` are (column, row, height, width), in arrays; `pc` is the address of its `group`, `pcs` those of its `rect`s.
    """

    pc: int
    rows: int
    columns: int
    rects: tuple[tuple[int, int, int, int], ...]
    pcs: tuple[int, ...] = ()


class _Needs(NamedTuple):
    """Which registers an instruction names; `second` is the operand that names another quantiser, "" for none."""

    stream: bool
    quantiser: bool
    second: str
    every: bool
    window: bool
    group: bool


def _needs(row: InstructionRow) -> _Needs:
    names = row.by_name
    other = (name for name, one in names.items() if one.kind.name == "quantiser" and name != "quantiser")
    found = ("stream" in names, "quantiser" in names, next(other, ""), "every" in names)
    return _Needs(*found, "window" in names, "group" in names)


_NEEDS = {row.mnemonic: _needs(row) for row in ROWS}

_Control = Callable[[Sequencer, Any], Dispatch | None]
_Prepared = tuple[InstructionRow, Any, _Control]

_SETTERS = {"stream d": "base", "quantiser q": "quant", "window w": "window"}

CONTROL: dict[str, _Control] = {
    "nop": Sequencer._nop,
    "halt": Sequencer._halt,
    "start": Sequencer._start,
    "loop": Sequencer._loop,
    "next": Sequencer._next,
    "lag": Sequencer._lag,
    "base": Sequencer._base,
    "dim": Sequencer._dim,
    "advance": Sequencer._advance,
    "quant": Sequencer._quant,
    "gain": Sequencer._gain,
    "tune": Sequencer._tune,
    "window": Sequencer._window,
    "border": Sequencer._border,
    "layer": Sequencer._layer,
    "endlayer": Sequencer._endlayer,
    "inference": Sequencer._inference,
    "endinference": Sequencer._endinference,
    "group": Sequencer._begin_group,
    "rect": Sequencer._rect,
}


def _operand_tuple(row: InstructionRow) -> Any:
    return NamedTuple("Operands", [(operand.name, int) for operand in row.operands])


_OPERANDS = {row.mnemonic: _operand_tuple(row) for row in ROWS}


@lru_cache(maxsize=1 << 16)
def _prepared(word: int) -> _Prepared:
    """A word as a step needs it: its row, its operands, and what carries it out. A run needs each several times."""
    instruction = decode(word)
    row = instruction.row
    return row, _OPERANDS[row.mnemonic](**instruction.values), CONTROL.get(row.mnemonic, Sequencer._dispatch)


def operands_of(row: InstructionRow, values: Mapping[str, int]) -> tuple[int, ...]:
    """The operands of an instruction by name, as a dispatch has them."""
    made: tuple[int, ...] = _OPERANDS[row.mnemonic](**values)
    return made


_unbound = {row.mnemonic for row in ROWS if row.agent == "controller"} ^ set(CONTROL)
if _unbound:
    raise AssertionError(f"instructions of the controller without a rule, or rules without an instruction: {_unbound}")
