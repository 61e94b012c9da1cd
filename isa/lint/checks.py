"""The checks of the linter: each reads what a walk noted, and gives the places and the facts of its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from acortex.errors import AcortexError
from acortex.isa.arithmetic.tensors import words_of
from acortex.isa.lint import rows
from acortex.isa.lint.usage import PREFIX, Usage
from acortex.isa.operands import MOST_TOKENS
from acortex.isa.places import place
from acortex.isa.program import Program
from acortex.isa.rules import Facts, Rule
from acortex.wording import count, run_of


@dataclass(frozen=True, slots=True)
class Found:
    """A finding: its row, the facts of its message, and the instruction that it is about; -1 for the whole program.

    `word` is what of that instruction it is about, "" for its mnemonic; `see` are further instructions: what is to be
    seen there, and where. `declared` is the directive and the name of a declaration.
    """

    rule: Rule
    facts: Facts
    pc: int = -1
    word: str = ""
    see: tuple[tuple[str, int], ...] = ()
    declared: tuple[str, str] | None = None
    where: str = ""
    """Where it is, of what is no instruction."""


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
    where = str(place(program, found.pc)) if found.pc >= 0 else found.where or program.name
    error = found.rule.broken(where, **found.facts)
    assert isinstance(error, rows.Finding)
    error.word, error.declared = found.word, found.declared
    error.places = tuple((message, str(place(program, pc))) for message, pc in found.see if pc >= 0)
    return error


def _results(usage: Usage) -> Iterator[Found]:
    for pc, read in usage.wrote.items():
        one = usage.instructions[pc]
        tensor = usage.program.inputs[one["tensor"]] if "tensor" in one.row.by_name else None
        if read and tensor is not None:
            yield from _unread_part(usage, tensor.name, pc)
        if read:
            continue
        see = (("its words are written over here", usage.over.get(pc, -1)),)
        if tensor is not None:
            yield Found(rows.UNREAD_INPUT, {"name": tensor.name}, pc, tensor.name, see)
        else:
            yield Found(rows.UNREAD, {"mnemonic": one.row.mnemonic}, pc, see=see)


def _unread_part(usage: Usage, name: str, pc: int) -> Iterator[Found]:
    """Words of an input of which others are read. What the compiler lays out is meant: a stride leaves words out."""
    unread = usage.unread.get(pc, [])
    if not unread or usage.program.lines[pc].compiled:
        return
    first, last = unread[0], unread[-1]
    said = run_of("word", first, last)
    if last - first + 1 > len(unread):
        said = f"{len(unread):,} words, of them {first} and {last},"
    size = count(words_of(next(one for one in usage.program.inputs if one.name == name)), "word")
    yield Found(rows.UNREAD_PART, {"words": said, "name": name, "size": size}, pc, name)


def _memory(usage: Usage) -> Iterator[Found]:
    for number, table in enumerate(usage.program.memory, 1):
        if number not in usage.loaded_read:
            words = run_of("word", table.address, table.end - 1)
            see = (("written over here", usage.over.get(-number, -1)),)
            yield Found(rows.UNREAD_MEMORY, {"words": words}, see=see, where=str(table.line))


def _tokens(usage: Usage) -> Iterator[Found]:
    left = {number for number, tokens in usage.tokens.items() if tokens.taken and tokens.made > tokens.taken}
    further = _further(usage) if left else None
    for number, tokens in usage.tokens.items():
        if not tokens.taken:
            yield Found(rows.NEVER_AWAITED, {"agent": tokens.agent, "token": number}, tokens.pc, f"t{number}")
        elif further is not None and number in left:
            more = further.tokens[number]
            made, taken = more.made - tokens.made, more.taken - tokens.taken
            if made > taken:
                said = {"made": count(made, "time"), "taken": count(taken, "time") if taken else "never"}
                see = (("it is awaited here", tokens.awaited),)
                facts = {"token": number, **said, "most": MOST_TOKENS}
                yield Found(rows.GROWS, facts, tokens.pc, f"t{number}", see)


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
            name, again = f"{PREFIX[register.kind]}{register.number}", register.again
            see = (("it is set again here", again),) if again != register.pc else ()  # not in its own next turn
            yield Found(rows.UNUSED, {"register": name}, register.pc, name, see)


def _loops(usage: Usage) -> Iterator[Found]:
    for loop in usage.loops():
        name, see = f"l{loop.register}", (("the end of its body", loop.end),)
        body = usage.instructions[loop.pc + 1 : loop.end]
        if all(one.row.mnemonic == "nop" for one in body):
            said = "its body is empty" if not body else "its body is nothing but `nop`"
            yield Found(rows.IDLE, {"loop": loop.register, "body": said}, loop.pc, name, see)
        elif loop.turns == 1 and not usage.counts(loop):
            yield Found(rows.ONCE, {"loop": loop.register}, loop.pc, name, see)


def _unreached(usage: Usage) -> Iterator[Found]:
    left = usage.unreached()
    for pc in left:
        if pc - 1 not in left:
            run = next(number for number, one in enumerate(range(pc, pc + len(left) + 1)) if one not in left)
            see = (("the program ends here", pc - 1),)
            yield Found(rows.UNREACHED, {"count": count(run, "instruction")}, pc, see=see)


def _groups(usage: Usage) -> Iterator[Found]:
    for number, pc in usage.groups.items():
        if number not in usage.multiplied:
            see = (("its weights are written here", usage.programmed.get(number, -1)),)
            yield Found(rows.NOT_MULTIPLIED, {"group": number}, pc, f"g{number}", see)


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
                yield Found(rows.NOT_NAMED, {"what": what, "name": name}, word=name, declared=(table, name))


CHECKS: tuple[Callable[[Usage], Iterator[Found]], ...] = (
    _results, _memory, _tokens, _registers, _loops, _unreached, _groups, _declarations,
)  # fmt: skip
