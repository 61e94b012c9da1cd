"""Rules that a program must keep on any chip: where instructions may stand, where jumps may lead, what is begun first.

They read decoded instructions, so that an assembled text and a loaded container pass the same gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from acortex.isa.codec import Instruction
from acortex.isa.operands import ACTIVATIONS, NO_LOOP


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule: the instruction's index, the operand that is to blame (or ""), what is wrong, what to do."""

    index: int
    operand: str
    message: str
    hint: str = ""


Checked = Sequence[Instruction | None]
"""A program's instructions; None stands for one that could not be read, of which nothing is concluded."""


def check(instructions: Checked, tables: Mapping[str, int]) -> list[Problem]:
    """All broken rules, in the order of the instructions. `tables` gives the number of names of each table."""
    problems = [
        *_placement(instructions),
        *_ending(instructions),
        *_jumps(instructions),
        *_loops(instructions),
        *_quantisers(instructions),
        *_codings(instructions),
        *_tables(instructions, tables),
    ]
    return sorted(problems, key=lambda problem: problem.index)


def _of(instructions: Checked, *mnemonics: str) -> Iterator[tuple[int, Instruction]]:
    """The instructions with one of these mnemonics, with their indices."""
    for index, instruction in enumerate(instructions):
        if instruction is not None and instruction.row.mnemonic in mnemonics:
            yield index, instruction


def _start(instructions: Checked) -> int | None:
    """The index of the first `start`."""
    return next((index for index, _ in _of(instructions, "start")), None)


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
        if row.mnemonic == "start":
            yield Problem(index, "", "a second `start`: set-up has ended already")
        elif row.setup is True and index > start:
            yield Problem(index, "", f"`{row.mnemonic}` belongs to set-up", "move it before `start`")
        elif row.setup is False and index < start:
            yield Problem(index, "", f"`{row.mnemonic}` belongs to the run", "move it after `start`")


def _ending(instructions: Checked) -> Iterator[Problem]:
    """The last instruction is `halt`: the controller must not run off the end."""
    if instructions and instructions[-1] is not None and instructions[-1].row.mnemonic != "halt":
        yield Problem(len(instructions) - 1, "", "the program does not end with `halt`", "add `halt` as its last line")


def _jumps(instructions: Checked) -> Iterator[Problem]:
    """A jump leads to an instruction, on its own side of `start`."""
    start = _start(instructions)
    for index, instruction in _of(instructions, "next"):
        target = instruction["target"]
        if target >= len(instructions):
            message = f"the jump leads to address {target}, outside the program"
            yield Problem(index, "target", message, f"addresses are 0 to {len(instructions) - 1}")
        elif start is not None and (target == start or (target < start) != (index < start)):
            yield Problem(index, "target", "the jump crosses `start`", "a loop lies wholly in set-up or in the run")


def _loops(instructions: Checked) -> Iterator[Problem]:
    """A loop register is begun, further up, before it is counted or used."""
    begun: set[int] = set()
    for index, instruction in enumerate(instructions):
        if instruction is None:
            return
        if instruction.row.mnemonic == "loop":
            begun.add(instruction["loop"])
            continue
        for operand in instruction.row.operands:
            register = instruction[operand.name] if operand.kind.name in ("by", "loop") else NO_LOOP
            if register != NO_LOOP and register not in begun:
                message = f"no loop begins register l{register} above this line"
                yield Problem(index, operand.name, message, f"put `loop l{register}, COUNT` before it")


def _quantisers(instructions: Checked) -> Iterator[Problem]:
    """A quantiser's range holds its zero, and codes below zero where sums may be negative."""
    for index, quantiser in _of(instructions, "quant"):
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
    for index, convert in _of(instructions, "convert"):
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
