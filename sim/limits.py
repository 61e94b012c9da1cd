"""What a program asks of a chip, instruction by instruction, held against what the chip has, before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.codec import Instruction, decode
from acortex.isa.program import Program
from acortex.isa.semantics import Flow, Shape, vector_words
from acortex.isa.sequencer import Dispatch
from acortex.sim.pipes import ITEMS, TAKERS
from acortex.sim.specs import Chip
from acortex.wording import count

WORD_CODE = 15
"""The largest code that a channel of a memory word holds, 4 bits."""

MAX_STREAM = 1 << 22
"""Words that one instruction visits at most: four times as many as a program can address."""

MAX_GIVEN = 1 << 23
"""Words that the items take which one instruction gives, 512 MB at most; a column's sum takes four codes' room."""

MAX_POSITIONS = 1 << 20
"""Positions of a window that one instruction goes through at most: as many as one multiply takes."""


class LimitError(AcortexError):
    """A program that asks for more than its chip has."""


class Limit(NamedTuple):
    """One limit: the operand that is held to it, what the chip allows, the setting that says so, and why."""

    mnemonic: str
    operand: str
    allowed: Callable[[Chip], int]
    setting: str
    what: str


LIMITS = (
    Limit("quant", "high", lambda chip: 2**chip.neurons.bits - 1, "neurons.bits", "the highest code of its converters"),
    Limit("quant", "high", lambda chip: WORD_CODE, "", "the highest code of a 4-bit channel of a word"),
    Limit("feed", "fill", lambda chip: WORD_CODE, "", "the highest code of a 4-bit DAC"),
    Limit("slide", "fill", lambda chip: WORD_CODE, "", "the highest code of a 4-bit DAC"),
    Limit("border", "value", lambda chip: WORD_CODE, "", "the highest code of a 4-bit DAC"),
    Limit("feed", "words", lambda chip: chip.buffer.words, "buffer.words", "the words that its buffer holds"),
    Limit("base", "address", lambda chip: chip.memory_words - 1, "memory.capacity_kb", "its last word of main memory"),
)


def too_much(dispatch: Dispatch, flow: Flow, shape: Shape | None, waiting: int) -> tuple[str, str] | None:
    """What is wrong, and what helps, where an instruction gives more items to a pipe than anything could hold.

    `waiting` are those that wait there already. No chip comes near these bounds; an executor that goes through a
    program in its order must have them, for it holds at once all that is given and not taken.
    """
    one, several = ITEMS[flow.gives]
    words = flow.given * _words_each(dispatch, flow, shape)
    if words > MAX_GIVEN:
        return (
            f"the {several} that {dispatch.row.mnemonic} gives take {words:,} words, and those of one instruction take"
            f" at most {MAX_GIVEN:,}",
            "give fewer, and put the instruction into a loop",
        )
    if waiting + flow.given > MAX_STREAM:
        return (
            f"with these {count(waiting + flow.given, one, several)} wait to be taken, and at most {MAX_STREAM:,} may",
            f"take them with {TAKERS[flow.gives]} before more are given",
        )
    return None


def _words_each(dispatch: Dispatch, flow: Flow, shape: Shape | None) -> int:
    """The room of how many words an item takes that an instruction gives."""
    if flow.gives == "vectors":
        return vector_words(dispatch)
    return 4 * shape.column_words if flow.gives == "sums" and shape is not None else 1


def check(program: Program, chip: Chip) -> None:
    """Raises LimitError, or ManyErrors where there are several, for what a program asks beyond its chip."""
    errors = [*_too_large(program, chip), *_tensors(program, chip), *_memory(program, chip)]
    for pc, word in enumerate(program.words):
        try:
            instruction = decode(int(word))
        except AcortexError as error:
            errors.append(LimitError(error.message, where=str(program.lines[pc])))
            continue
        errors.extend(_beyond(instruction, chip, str(program.lines[pc])))
    if errors:
        raise errors[0] if len(errors) == 1 else ManyErrors(errors)


def _too_large(program: Program, chip: Chip) -> Iterator[AcortexError]:
    size, room = len(program.words), chip.instruction_memory.words
    if size > room:
        yield LimitError(
            f"the program has {size} instructions, {size - room} more than the instruction memory of {chip.name} holds",
            where=program.name,
            hint=f"use hardware loops, or a chip with instruction_memory.words={size}",
        )


def _tensors(program: Program, chip: Chip) -> Iterator[AcortexError]:
    """The codes of inputs and outputs fit the channels of a memory word."""
    for tensor in (*program.inputs, *program.outputs):
        if (1 << tensor.bits) - 1 > WORD_CODE:
            yield LimitError(
                f"tensor {tensor.name} has codes of {tensor.bits} bits; {chip.name} allows up to"
                f" {WORD_CODE.bit_length()}, the width of a channel of a word",
                where=program.name,
                hint=f"declare it with bits={WORD_CODE.bit_length()}",
            )


def _memory(program: Program, chip: Chip) -> Iterator[AcortexError]:
    """The initial memory fits the chip's, and its codes the channels."""
    for table in program.memory:
        where = str(table.line)
        if table.end > chip.memory_words:
            yield LimitError(
                f"initial memory fills words {table.address} to {table.end - 1}, and {chip.name} has 0 to"
                f" {chip.memory_words - 1}",
                where=where,
                hint="lower its address, or take a chip with more memory.capacity_kb",
            )
        if int(table.values.max()) > WORD_CODE:
            yield LimitError(
                f"initial memory holds code {table.values.max()}; {chip.name} allows up to {WORD_CODE}, the highest"
                " code of a 4-bit channel of a word",
                where=where,
                hint="lower it",
            )


def _beyond(instruction: Instruction, chip: Chip, where: str) -> Iterator[AcortexError]:
    for limit in LIMITS:
        if instruction.row.mnemonic == limit.mnemonic:
            value, allowed = instruction[limit.operand], limit.allowed(chip)
            if value > allowed:
                yield LimitError(
                    f"{limit.mnemonic}: {limit.operand} is {value}; {chip.name} allows up to {allowed}, {limit.what}",
                    where=where,
                    hint=f"lower it, or take a chip with a larger {limit.setting}" if limit.setting else "lower it",
                )
                return
