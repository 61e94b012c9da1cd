"""The checks of the linter: each reads what a walk noted, and gives the places and the facts of its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from acortex.errors import AcortexError
from acortex.isa.lint import rows
from acortex.isa.lint.usage import PREFIX, Usage
from acortex.isa.operands import MOST_TOKENS
from acortex.isa.places import place
from acortex.isa.program import Program
from acortex.isa.rules import Facts, Rule
from acortex.wording import count


@dataclass(frozen=True, slots=True)
class Found:
    """A finding: its row, the facts of its message, and the instruction that it is about; -1 for the whole program."""

    rule: Rule
    facts: Facts
    pc: int = -1


def lint(program: Program, inferences: int | None = None) -> list[rows.Finding]:
    """What is legal in a program and hardly meant, in the order of its instructions.

    The program is walked through once, for as many `inferences` as are given, else for two at most where that is
    enough: data never steer it. Raises the errors of a program
    that breaks a rule of the instruction set.
    """
    return findings(Usage.of(program, inferences))


def findings(usage: Usage) -> list[rows.Finding]:
    """What a walk shows to be legal and hardly meant, in the order of the program's instructions."""
    found = [one for check in CHECKS for one in check(usage)]
    return [_said(usage.program, one) for one in sorted(found, key=lambda one: one.pc)]


def _said(program: Program, found: Found) -> rows.Finding:
    where = str(place(program, found.pc)) if found.pc >= 0 else program.name
    error = found.rule.broken(where, **found.facts)
    assert isinstance(error, rows.Finding)
    error.code = found.rule.code
    return error


def _results(usage: Usage) -> Iterator[Found]:
    for pc, read in usage.wrote.items():
        if read:
            continue
        one = usage.instructions[pc]
        if "tensor" in one.row.by_name:
            name = usage.program.inputs[one["tensor"]].name
            yield Found(rows.UNREAD_INPUT, {"name": name}, pc)
        else:
            yield Found(rows.UNREAD, {"mnemonic": one.row.mnemonic}, pc)


def _memory(usage: Usage) -> Iterator[Found]:
    for number, table in enumerate(usage.program.memory, 1):
        if number not in usage.loaded_read:
            yield Found(rows.UNREAD_MEMORY, {"first": table.address, "last": table.end - 1})


def _tokens(usage: Usage) -> Iterator[Found]:
    left = {number for number, tokens in usage.tokens.items() if tokens.taken and tokens.made > tokens.taken}
    further = _further(usage) if left else None
    for number, tokens in usage.tokens.items():
        if not tokens.taken:
            yield Found(rows.NEVER_AWAITED, {"agent": tokens.agent, "token": number}, tokens.pc)
        elif further is not None and number in left:
            more = further.tokens[number]
            made, taken = more.made - tokens.made, more.taken - tokens.taken
            if made > taken:
                said = {"made": count(made, "time"), "taken": count(taken, "time") if taken else "never"}
                yield Found(rows.GROWS, {"token": number, **said, "most": MOST_TOKENS}, tokens.pc)


def _further(usage: Usage) -> Usage | None:
    """The same walk with one inference more; None where the program has not as many."""
    try:
        return Usage.of(usage.program, usage.inferences + 1)
    except AcortexError:
        return None


def _registers(usage: Usage) -> Iterator[Found]:
    used = {register.pc for register in usage.registers if register.used}
    said: set[int] = set()
    for register in usage.registers:
        if register.pc not in used | said:
            said.add(register.pc)
            yield Found(rows.UNUSED, {"register": f"{PREFIX[register.kind]}{register.number}"}, register.pc)


def _loops(usage: Usage) -> Iterator[Found]:
    for loop in usage.loops():
        body = usage.instructions[loop.pc + 1 : loop.end]
        if all(one.row.mnemonic == "nop" for one in body):
            said = "its body is empty" if not body else "its body is nothing but `nop`"
            yield Found(rows.IDLE, {"loop": loop.register, "body": said}, loop.pc)
        elif loop.turns == 1 and not usage.counts(loop):
            yield Found(rows.ONCE, {"loop": loop.register}, loop.pc)


def _unreached(usage: Usage) -> Iterator[Found]:
    passed = set(usage.passed_over())
    left = [pc for pc, executed in enumerate(usage.executed.tolist()) if not executed and pc not in passed]
    for pc in left:
        if pc - 1 not in left:
            run = next(number for number, one in enumerate(range(pc, pc + len(left) + 1)) if one not in left)
            yield Found(rows.UNREACHED, {"count": count(run, "instruction")}, pc)


def _groups(usage: Usage) -> Iterator[Found]:
    for number, pc in usage.groups.items():
        if number not in usage.multiplied:
            yield Found(rows.NOT_MULTIPLIED, {"group": number}, pc)


def _declarations(usage: Usage) -> Iterator[Found]:
    named = {
        (operand.kind.table, one[name])
        for one in usage.instructions
        for name, operand in one.row.by_name.items()
        if operand.kind.table
    }
    program = usage.program
    tables = {
        "weights": ("the matrix", [one.name for one in program.weights]),
        "constants": ("the table", [one.name for one in program.constants]),
        "input": ("the input", [one.name for one in program.inputs]),
        "layer": ("the layer", program.layers),
        "part": ("the part of the host", [one.name for one in program.parts]),
    }
    by_host = program.parts and "input"  # a part takes inputs by their names, which stand in its model
    for table, (what, names) in tables.items():
        for number, name in enumerate(names):
            if (table, number) not in named and table != by_host:
                yield Found(rows.NOT_NAMED, {"what": what, "name": name})


CHECKS: tuple[Callable[[Usage], Iterator[Found]], ...] = (
    _results, _memory, _tokens, _registers, _loops, _unreached, _groups, _declarations,
)  # fmt: skip
