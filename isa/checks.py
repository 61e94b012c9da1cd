"""Rules that a program must keep on any chip: where instructions may stand, where jumps may lead, what is begun first.

They read decoded instructions, so that an assembled text and a loaded container pass the same gate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from acortex.isa.codec import Instruction
from acortex.isa.language import program as row_of
from acortex.isa.operands import ACTIVATIONS, NO_LABEL, NO_LOOP
from acortex.isa.rules import Facts, Rule
from acortex.isa.table import HALT, LAG, LOOP, NEXT, START


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule: the index of the instruction, the operand at fault (or ""), the rule's row, and what it says.

    `see` are other instructions that it is about: what is to be seen there, and the index.
    """

    index: int
    operand: str
    row: Rule
    facts: Facts = field(default_factory=dict)
    see: tuple[tuple[str, int], ...] = ()

    @property
    def message(self) -> str:
        """What is wrong."""
        return self.row.message.format(**self.facts)


@dataclass(frozen=True, slots=True)
class Address:
    """The place of an instruction in a message: its address, where no source gives its line."""

    index: int

    def __str__(self) -> str:
        return f"address {self.index}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The places of instructions from the first to the last."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"addresses {self.first} to {self.last}"


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
        *_lags(instructions, nest),
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


def _first(instructions: Checked, effect: str, operand: str) -> dict[int, int]:
    """For each register that an operand names, the first instruction of an effect that does."""
    return {one[operand]: index for index, one in reversed([*_of(instructions, effect)])}


def _start(instructions: Checked) -> int | None:
    """The index of the first `start`."""
    return next((index for index, _ in _of(instructions, START)), None)


def _placement(instructions: Checked) -> Iterator[Problem]:
    """Set-up comes before `start`, the run after it, and there is one `start`."""
    start = _start(instructions)
    if start is None:
        if instructions and None not in instructions:
            yield Problem(len(instructions) - 1, "", row_of.NO_START)
        return
    for index, instruction in enumerate(instructions):
        if instruction is None or index == start:
            continue
        row = instruction.row
        if row.effect == START:
            yield Problem(index, "", row_of.SECOND_START, see=(("the first `start`", start),))
        elif row.setup is True and index > start:
            yield Problem(index, "", row_of.SET_UP, {"mnemonic": row.mnemonic}, (("the `start`", start),))
        elif row.setup is False and index < start:
            yield Problem(index, "", row_of.RUN, {"mnemonic": row.mnemonic}, (("the `start`", start),))


def _ending(instructions: Checked) -> Iterator[Problem]:
    """The last instruction is `halt`: the controller must not run off the end."""
    if instructions and instructions[-1] is not None and instructions[-1].row.effect != HALT:
        yield Problem(len(instructions) - 1, "", row_of.NO_HALT)


def _jumps(instructions: Checked, nest: _Nest) -> Iterator[Problem]:
    """A jump leads into the body of its own loop, on its own side of `start`."""
    start = _start(instructions)
    for index, instruction in _of(instructions, NEXT):
        wrong = _jump_fault(nest, start, index, instruction)
        if wrong:
            yield wrong


def _jump_fault(nest: _Nest, start: int | None, index: int, jump: Instruction) -> Problem | None:
    """What is wrong with one jump."""
    target = jump["target"]
    if target >= nest.size:
        return Problem(index, "target", row_of.OUTSIDE, {"target": target, "last": nest.size - 1})
    if start is not None and (target == start or (target < start) != (index < start)):
        return Problem(index, "target", row_of.CROSSES, see=(("the `start`", start),))
    begin = nest.closes.get(index)
    if begin is None:
        return None
    if start is not None and begin < start < index:
        return Problem(index, "loop", row_of.BEFORE_START, {"loop": jump["loop"]}, (("the loop", begin),))
    return _body_fault(nest, begin, index, jump)


def _body_fault(nest: _Nest, begin: int, index: int, jump: Instruction) -> Problem | None:
    """What is wrong with a jump that does not lead into the body of its loop, or leads into a loop inside."""
    target, see = jump["target"], (("the loop", begin),)
    if not begin < target <= index:
        facts = {"target": Address(target), "loop": jump["loop"], "body": Addresses(begin + 1, index)}
        return Problem(index, "target", row_of.BODY, facts, see)
    if nest.within[target] != begin:
        return Problem(index, "target", row_of.INNER, see=(("the inner loop", nest.within[target]),))
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
            self.problems.append(Problem(index, "loop", row_of.NEVER_CLOSED, {"loop": register}))

    def _begin(self, index: int, register: int) -> None:
        if register in self._open:
            self._again[register] += 1
            see = (("the outer loop", self._open[register]),)
            self.problems.append(Problem(index, "loop", row_of.BEGUN_AGAIN, {"loop": register}, see))
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
            see = ((f"the loop of l{register}", begin), (f"the loop of l{inner}", self._open[inner]))
            self.problems.append(Problem(index, "loop", row_of.CROSSING, {"loop": register, "inner": inner}, see))


def _loops(instructions: Checked, nest: _Nest) -> Iterator[Problem]:
    """Loops lie in each other or apart, each is closed, and a register is begun above what counts or uses it."""
    yield from nest.problems
    begun: set[int] = set()
    lagging = _first(instructions, LAG, "register")
    for index, instruction in enumerate(instructions[: len(nest.within)]):
        if instruction is None:
            return
        effect = instruction.row.effect
        if effect == LOOP:
            begun.add(instruction["loop"])
        elif effect == NEXT and instruction["loop"] in begun and index not in nest.closes:
            yield Problem(index, "loop", row_of.ENDED, {"loop": instruction["loop"]})
        else:
            yield from _unset(index, instruction, begun, lagging)


def _unset(index: int, instruction: Instruction, begun: set[int], lagging: Mapping[int, int]) -> Iterator[Problem]:
    """Operands that name a loop register which no loop above has begun, and no `lag` where that is enough.

    `lagging` has the first `lag` of each register; to begin a loop with one of these would be wrong, too.
    """
    for name in ("by", "of", "loop"):
        register = instruction.values.get(name, NO_LOOP)
        if register in {*begun, NO_LOOP}:
            continue
        if register not in lagging:
            yield Problem(index, name, row_of.NOT_BEGUN, {"loop": register})
        elif name != "by" or lagging[register] >= index:
            row = row_of.LAG_BELOW if name == "by" else row_of.LAG_OF_LAG
            see = (("the lag", lagging[register]),)
            yield Problem(index, name, row, {"loop": register}, see[lagging[register] == index :])


def _lags(instructions: Checked, nest: _Nest) -> Iterator[Problem]:
    """A `lag` leads onward in the body that it stands in, and sets a register that no loop counts with."""
    counted = _first(instructions, LOOP, "loop")
    start = _start(instructions)
    for index, lag in _of(instructions, LAG):
        if (loop := counted.get(lag["register"])) is not None:
            yield Problem(index, "register", row_of.LAG_COUNTS, {"register": lag["register"]}, (("the loop", loop),))
        wrong = _onward_fault(nest, start, index, lag["until"])
        if wrong and lag["until"] != NO_LABEL:
            yield wrong


def _onward_fault(nest: _Nest, start: int | None, index: int, target: int) -> Problem | None:
    """What is wrong with a place to go on at."""
    if target >= nest.size:
        return Problem(index, "until", row_of.OUTSIDE, {"target": target, "last": nest.size - 1})
    if start is not None and index < start <= target:
        return Problem(index, "until", row_of.CROSSES, see=(("the `start`", start),))
    if target <= index:
        why = "not below it"
    elif target < len(nest.within) and nest.within[target] != nest.within[index]:
        why = "in another loop" if nest.within[target] > index else "outside its loop"
    else:
        return None
    facts = {"target": Address(target), "why": why}
    return Problem(index, "until", row_of.ONWARD, facts, (("where it leads to", target),))


def _quantisers(instructions: Checked) -> Iterator[Problem]:
    """A quantiser's range holds its zero, and codes below zero where sums may be negative."""
    for index, quantiser in _with(instructions, "low", "zero", "high"):
        low, zero, high = quantiser["low"], quantiser["zero"], quantiser["high"]
        facts = {"low": low, "zero": zero, "high": high}
        if low > high:
            yield Problem(index, "low", row_of.LOW_HIGH, facts)
        elif not low <= zero <= high:
            yield Problem(index, "zero", row_of.ZERO, facts)
        elif ACTIVATIONS[quantiser["activation"]] == "none" and zero == low:
            yield Problem(index, "zero", row_of.NO_SIGN, facts)


def _codings(instructions: Checked) -> Iterator[Problem]:
    """A second coding is another one, and says which words it is for."""
    for index, convert in _with(instructions, "quantiser", "then", "every"):
        if convert["then"] and not convert["every"]:
            yield Problem(index, "then", row_of.NO_EVERY)
        elif convert["every"] and convert["then"] == convert["quantiser"]:
            yield Problem(index, "every", row_of.SAME_CODING, {"quantiser": convert["then"]})


def _tables(instructions: Checked, tables: Mapping[str, int]) -> Iterator[Problem]:
    """The number of a table operand is in its table."""
    for index, instruction in enumerate(instructions):
        for operand in instruction.row.operands if instruction else ():
            size = tables.get(operand.kind.table)
            value = instruction.values[operand.name] if instruction else 0
            if size is not None and value >= size:
                facts = {"operand": operand.name, "value": value, "size": size}
                yield Problem(index, operand.name, row_of.TABLE, facts)
