"""Rules that a program must keep on any chip: where instructions may stand, where jumps may lead, what is begun first.

They read decoded instructions, so that an assembled text and a loaded container pass the same gate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from acortex.isa.codec import Instruction
from acortex.isa.operands import ACTIVATIONS, NO_LOOP
from acortex.isa.table import HALT, LOOP, NEXT, START


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule: the index of the instruction, the operand at fault (or ""), the message, the hint."""

    index: int
    operand: str
    message: str
    hint: str = ""


Checked = Sequence[Instruction | None]
"""A program's instructions; None stands for one that could not be read, of which nothing is concluded."""


def check(instructions: Checked, tables: Mapping[str, int]) -> list[Problem]:
    """All broken rules, in the order of the instructions. `tables` gives the number of names of each table."""
    nest = _Nest(instructions)
    problems = [
        *_placement(instructions),
        *_ending(instructions),
        *_jumps(instructions, nest),
        *_loops(instructions, nest),
        *_quantisers(instructions),
        *_codings(instructions),
        *_tables(instructions, tables),
    ]
    return sorted(problems, key=lambda problem: problem.index)


def _of(instructions: Checked, effect: str) -> Iterator[tuple[int, Instruction]]:
    """The instructions with an effect, with their indices."""
    for index, instruction in enumerate(instructions):
        if instruction is not None and instruction.row.effect == effect:
            yield index, instruction


def _with(instructions: Checked, *operands: str) -> Iterator[tuple[int, Instruction]]:
    """The instructions that have all of these operands, with their indices."""
    for index, instruction in enumerate(instructions):
        if instruction is not None and instruction.row.by_name.keys() >= set(operands):
            yield index, instruction


def _start(instructions: Checked) -> int | None:
    """The index of the first `start`."""
    return next((index for index, _ in _of(instructions, START)), None)


def _placement(instructions: Checked) -> Iterator[Problem]:
    """Set-up comes before `start`, the run after it, and there is one `start`."""
    start = _start(instructions)
    if start is None:
        if instructions and None not in instructions:
            hint = "put `start` where set-up (groups, weights, quantisers) ends and the run begins"
            yield Problem(len(instructions) - 1, "", "the program has no `start`", hint)
        return
    for index, instruction in enumerate(instructions):
        if instruction is None or index == start:
            continue
        row = instruction.row
        if row.effect == START:
            yield Problem(index, "", "a second `start`: set-up has ended already")
        elif row.setup is True and index > start:
            yield Problem(index, "", f"`{row.mnemonic}` belongs to set-up", "move it before `start`")
        elif row.setup is False and index < start:
            yield Problem(index, "", f"`{row.mnemonic}` belongs to the run", "move it after `start`")


def _ending(instructions: Checked) -> Iterator[Problem]:
    """The last instruction is `halt`: the controller must not run off the end."""
    if instructions and instructions[-1] is not None and instructions[-1].row.effect != HALT:
        yield Problem(len(instructions) - 1, "", "the program does not end with `halt`", "add `halt` as its last line")


_ONE_SIDE = "a loop lies wholly in set-up or in the run"


def _jumps(instructions: Checked, nest: _Nest) -> Iterator[Problem]:
    """A jump leads into the body of its own loop, on its own side of `start`."""
    start = _start(instructions)
    for index, instruction in _of(instructions, NEXT):
        wrong = _jump_fault(nest, start, index, instruction)
        if wrong:
            yield Problem(index, *wrong)


def _jump_fault(nest: _Nest, start: int | None, index: int, jump: Instruction) -> tuple[str, str, str] | None:
    """What is wrong with one jump: the operand, a message, a hint."""
    target = jump["target"]
    if target >= nest.size:
        message = f"the jump leads to address {target}, outside the program"
        return "target", message, f"addresses are 0 to {nest.size - 1}"
    if start is not None and (target == start or (target < start) != (index < start)):
        return "target", "the jump crosses `start`", _ONE_SIDE
    begin = nest.closes.get(index)
    if begin is None:
        return None
    if start is not None and begin < start < index:
        return "loop", f"the loop of l{jump['loop']} begins before `start`", _ONE_SIDE
    return _body_fault(nest, begin, index, jump)


def _body_fault(nest: _Nest, begin: int, index: int, jump: Instruction) -> tuple[str, str, str] | None:
    """What is wrong with a jump that does not lead into the body of its loop, or leads into a loop inside."""
    target = jump["target"]
    if not begin < target <= index:
        message = f"next jumps to {target}, outside the body of l{jump['loop']}, which is {begin + 1} to {index}"
        return "target", message, "jump to a label between the loop and its next"
    if nest.within[target] != begin:
        return "target", "the jump leads into an inner loop, past its beginning", "jump to its `loop`, or above it"
    return None


class _Nest:
    """How the loops of a program lie in each other, up to the first instruction that could not be read.

    `closes` gives for each `next` the index of the `loop` whose body it ends, None where that loop is wrong itself;
    `within` gives for each instruction the index of the innermost loop whose body holds it, -1 for none.
    """

    def __init__(self, instructions: Checked) -> None:
        self.size = len(instructions)
        self.closes: dict[int, int | None] = {}
        self.within: list[int] = []
        self.problems: list[Problem] = []
        self._open: dict[int, int] = {}
        """The loops that are not closed yet, the innermost last: the index of each by its register."""
        self._again: Counter[int] = Counter()
        """How many loops of each register are begun inside its own; theirs are the next ends of it."""
        for index, instruction in enumerate(instructions):
            if instruction is None:
                return
            self.within.append(next(reversed(self._open.values()), -1))
            if instruction.row.effect == LOOP:
                self._begin(index, instruction["loop"])
            elif instruction.row.effect == NEXT:
                self._end(index, instruction["loop"])
        for register, index in self._open.items():
            hint = f"end its body with `next l{register}, LABEL`, LABEL at the first line below the loop"
            self.problems.append(Problem(index, "loop", f"the loop of l{register} is never closed", hint))

    def _begin(self, index: int, register: int) -> None:
        if register in self._open:
            self._again[register] += 1
            message = f"l{register} is begun again inside its own loop"
            self.problems.append(Problem(index, "loop", message, "take another register for the inner loop"))
        else:
            self._open[register] = index

    def _end(self, index: int, register: int) -> None:
        """Closes the loop of a register. Loops inside that are still open cross it, and stay open."""
        if self._again[register]:
            self._again[register] -= 1
            self.closes[index] = None
            return
        begin = self._open.get(register)
        if begin is None:
            return
        inner = next(reversed(self._open))
        del self._open[register]
        self.closes[index] = begin if inner == register else None
        if inner != register:
            message = f"the loop of l{register} is closed while that of l{inner}, begun inside it, is open"
            self.problems.append(Problem(index, "loop", message, f"close l{inner} above"))


def _loops(instructions: Checked, nest: _Nest) -> Iterator[Problem]:
    """Loops lie in each other or apart, each is closed, and a register is begun above what counts or uses it."""
    yield from nest.problems
    begun: set[int] = set()
    for index, instruction in enumerate(instructions[: len(nest.within)]):
        if instruction is None:
            return
        effect = instruction.row.effect
        if effect == LOOP:
            begun.add(instruction["loop"])
        elif effect == NEXT and instruction["loop"] in begun and index not in nest.closes:
            message = f"the loop of l{instruction['loop']} has ended already"
            yield Problem(index, "loop", message, f"begin another one: `loop l{instruction['loop']}, COUNT`")
        else:
            yield from _unset(index, instruction, begun)


def _unset(index: int, instruction: Instruction, begun: set[int]) -> Iterator[Problem]:
    """Operands that name a loop register which no loop above has begun."""
    for operand in instruction.row.operands:
        register = instruction[operand.name] if operand.kind.name in ("by", "loop") else NO_LOOP
        if register != NO_LOOP and register not in begun:
            message = f"no loop begins register l{register} above this line"
            yield Problem(index, operand.name, message, f"put `loop l{register}, COUNT` before it")


def _quantisers(instructions: Checked) -> Iterator[Problem]:
    """A quantiser's range holds its zero, and codes below zero where sums may be negative."""
    for index, quantiser in _with(instructions, "low", "zero", "high"):
        low, zero, high = quantiser["low"], quantiser["zero"], quantiser["high"]
        if low > high:
            yield Problem(index, "low", f"low is {low}, above high, which is {high}")
        elif not low <= zero <= high:
            yield Problem(index, "zero", f"zero is {zero}, outside low to high, {low} to {high}")
        elif ACTIVATIONS[quantiser["activation"]] == "none" and zero == low:
            message = f"zero equals low, {low}: negative sums cannot be told from zero"
            yield Problem(index, "zero", message, "say activation=relu, or raise zero")


def _codings(instructions: Checked) -> Iterator[Problem]:
    """A second coding is another one, and says which words it is for."""
    for index, convert in _with(instructions, "quantiser", "then", "every"):
        if convert["then"] and not convert["every"]:
            yield Problem(index, "then", "`then` codes no word without `every`", "say every=4 for each fourth word")
        elif convert["every"] and convert["then"] == convert["quantiser"]:
            message = f"both codings are q{convert['then']}"
            yield Problem(index, "every", message, "name another quantiser with then=, or leave out every")


def _tables(instructions: Checked, tables: Mapping[str, int]) -> Iterator[Problem]:
    """The number of a table operand is in its table."""
    for index, instruction in enumerate(instructions):
        for operand in instruction.row.operands if instruction else ():
            size = tables.get(operand.kind.table)
            value = instruction.values[operand.name] if instruction else 0
            if size is not None and value >= size:
                message = f"{operand.name} is number {value} of a table of {size}"
                yield Problem(index, operand.name, message)
