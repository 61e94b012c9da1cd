"""What a program needs of a chip, instruction by instruction, held against what the chip has, before a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from acortex.errors import AcortexError, raise_all
from acortex.isa.codec import Instruction, decode
from acortex.isa.places import place
from acortex.isa.program import Program
from acortex.isa.rules import NO_INSTRUCTION, Change, Example, Rule, add
from acortex.isa.table import MNEMONICS, ROWS, InstructionRow
from acortex.sim.chip.specs import CODE_BITS, SETTINGS, Chip
from acortex.wording import run_of

WORDS_PER_KB = 32
"""Words of 256 bits in a KB of main memory."""

WORD_CODE = 2**CODE_BITS - 1
"""The largest code that a channel of a memory word holds, 4 bits."""


class LimitError(AcortexError):
    """A program that needs more than its chip has."""


def _row(
    code: str, title: str, message: str, hint: str, *changes: Change, common: tuple[Change, ...] = (),
    settings: tuple[str, ...] = (),
) -> Rule:  # fmt: skip
    example = Example(changes, common, settings=settings)
    return add(Rule(code, title, "limits", LimitError, message, hint, example))


_MEMORY = ("group    g0", ".memory 31, 1\n.row " + "1, " * 63 + "1\ngroup    g0")

INSTRUCTIONS = _row(
    "R201", "The instruction memory holds the program",
    "the program has {size} instructions, {over} more than the instruction memory of {chip} holds",
    "use hardware loops, or a chip with instruction_memory.words={size}",
    ("endinference\nhalt", "endinference\n" + "nop\n" * 120 + "halt"),
)  # fmt: skip
TENSOR_BITS = _row(
    "R202", "The codes of a tensor fit a channel",
    "tensor {name} has codes of {bits} bits; {chip} allows up to {most}, the width of a channel of a word",
    "declare it with bits={most}", (".input   x, shape=2", ".input   x, shape=2, bits=5"),
)  # fmt: skip
MEMORY_WORDS = _row(
    "R203", "Main memory holds what it holds from the beginning",
    "initial memory fills {words}, and {chip} has 0 to {most}",
    "lower its address, or take a chip with more memory.capacity_kb",
    (".memory 31, 1", ".memory 32, 1"), common=(_MEMORY,),
)  # fmt: skip
MEMORY_CODE = _row(
    "R204", "Initial memory holds codes of a channel",
    "initial memory holds code {code}; {chip} allows up to {most}, the highest code of a 4-bit channel of a word",
    "lower it",
    (".row 1, ", ".row 16, "), common=(_MEMORY,),
)  # fmt: skip


class Limit(NamedTuple):
    """One limit of an operand: its rule, the instruction and the operand, what the chip allows, and what a value needs.

    `setting` is the path of the setting that raises the limit, empty for none; `needed` is its least value that allows
    a value of the operand.
    """

    rule: Rule
    mnemonic: str
    operand: str
    allowed: Callable[[Chip], int]
    setting: str
    needed: Callable[[int], int]

    def broken(self, where: str, mnemonic: str, value: int, chip: Chip) -> AcortexError:
        """The error of a value beyond the limit; its hint proposes no chip that there cannot be."""
        facts = {"mnemonic": mnemonic, "value": value, "chip": chip.name, "allowed": self.allowed(chip)}
        needed = self.needed(value)
        error = self.rule.broken(where, **facts, needed=needed)
        if self.setting and needed > (most := SETTINGS[self.setting].high or needed):
            error.hint = f"lower it: {self.setting} is {most} at most"
        return error


def _limit(
    code: str, mnemonic: str, operand: str, allowed: Callable[[Chip], int], setting: str, what: str, *changes: Change,
    common: tuple[Change, ...] = (), settings: tuple[str, ...] = (), needed: Callable[[int], int] = int,
) -> Limit:  # fmt: skip
    """A row of the table, and that of its rule."""
    hint = f"lower it, or take a chip with {setting}={{needed}} at least" if setting else "lower it"
    message = f"{{mnemonic}}: {operand} is {{value}}; {{chip}} allows up to {{allowed}}, {what}"
    rule = _row(
        code,
        f"The operand {operand} of {mnemonic} is {what} at most",
        message,
        hint,
        *changes,
        common=common,
        settings=settings,
    )
    return Limit(rule, mnemonic, operand, allowed, setting, needed)


_SLIDE: tuple[Change, ...] = (
    ("read     d0\nfeed     1, 1, tail=2", "window w0, 1, 1, 1\nborder w0, 1, 1\nfetch d0, w0\nslide d0, w0, tail=2"),
)
_DAC = "the highest code of a 4-bit DAC"

LIMITS = (
    _limit("R211", "quant", "high", lambda chip: 2**chip.neurons.bits - 1, "neurons.bits",
           "the highest code of its converters", ("high=7", "high=15"), common=(("zero=5", "zero=5, high=7"),),
           settings=("neurons.bits=3",), needed=int.bit_length),
    _limit("R213", "feed", "fill", lambda chip: WORD_CODE, "", _DAC, ("tail=2", "tail=2, fill=16")),
    _limit("R214", "slide", "fill", lambda chip: WORD_CODE, "", _DAC, ("tail=2", "tail=2, fill=16"), common=_SLIDE),
    _limit("R215", "border", "value", lambda chip: WORD_CODE, "", _DAC,
           ("border w0, 1, 1", "border w0, 1, 1, value=16"), common=_SLIDE),
    _limit("R216", "feed", "words", lambda chip: chip.buffer.words, "buffer.words", "the words that its buffer holds",
           ("feed     1, 1", "feed     1, 300")),
    _limit("R217", "base", "address", lambda chip: chip.memory_words - 1, "memory.capacity_kb",
           "its last word of main memory", ("base     d1, 1", "base     d1, 99"),
           needed=lambda value: value // WORDS_PER_KB + 1),
)  # fmt: skip


def check(program: Program, chip: Chip) -> None:
    """Raises LimitError, or ManyErrors where there are several, for what a program needs beyond its chip."""
    errors = [*_too_large(program, chip), *_tensors(program, chip), *_memory(program, chip)]
    errors += _instructions(program, chip)
    raise_all(errors)


def _instructions(program: Program, chip: Chip) -> Iterator[AcortexError]:
    """What instructions need beyond the chip, one error for each limit, at the first place that needs most."""
    beyond: dict[Limit, list[tuple[int, int]]] = {}
    for pc, word in enumerate(program.words):
        try:
            instruction = decode(int(word))
        except AcortexError as error:
            yield NO_INSTRUCTION.broken(place(program, pc), reason=error.message)
            continue
        for limit, value in _beyond(instruction, chip):
            beyond.setdefault(limit, []).append((value, pc))
    for limit, found in beyond.items():
        value, pc = max(found, key=lambda one: one[0])
        mnemonic = decode(int(program.words[pc])).row.mnemonic
        broken = limit.broken(place(program, pc), mnemonic, value, chip)
        broken.also = tuple(place(program, other) for _, other in found if other != pc)
        yield broken


def _too_large(program: Program, chip: Chip) -> Iterator[AcortexError]:
    size, room = len(program.words), chip.instruction_memory.words
    if size > room:
        yield INSTRUCTIONS.broken(program.name, size=size, over=size - room, chip=chip.name)


def _tensors(program: Program, chip: Chip) -> Iterator[AcortexError]:
    """The codes of inputs and outputs fit the channels of a memory word."""
    most = WORD_CODE.bit_length()
    for tensor in (*program.inputs, *program.outputs):
        if tensor.bits > most:
            yield TENSOR_BITS.broken(program.name, name=tensor.name, bits=tensor.bits, chip=chip.name, most=most)


def _memory(program: Program, chip: Chip) -> Iterator[AcortexError]:
    """The initial memory fits the chip's, and its codes the channels."""
    for table in program.memory:
        where, most = str(table.line), chip.memory_words - 1
        if table.end - 1 > most:
            yield MEMORY_WORDS.broken(
                where, words=run_of("word", table.address, table.end - 1), chip=chip.name, most=most
            )
        if (code := int(table.values.max())) > WORD_CODE:
            yield MEMORY_CODE.broken(where, code=code, chip=chip.name, most=WORD_CODE)


def _limits_of(row: InstructionRow) -> list[Limit]:
    """The limits of an instruction: its own, and those of the same operand of another, of the same kind."""
    own = [limit for limit in LIMITS if limit.mnemonic == row.mnemonic]
    named = {limit.operand for limit in own}
    return own + [limit for limit in LIMITS if limit.operand not in named and _is_alike(row, limit)]


def _is_alike(row: InstructionRow, limit: Limit) -> bool:
    """Whether an instruction has an operand of the name and kind that a limit of another is about."""
    operand = row.by_name.get(limit.operand)
    return operand is not None and operand.kind is MNEMONICS[limit.mnemonic].by_name[limit.operand].kind


_LIMITS = {row.mnemonic: _limits_of(row) for row in ROWS}


def _beyond(instruction: Instruction, chip: Chip) -> Iterator[tuple[Limit, int]]:
    """The first limit that an instruction goes beyond, and the value of the operand."""
    for limit in _LIMITS[instruction.row.mnemonic]:
        value = instruction[limit.operand]
        if value > limit.allowed(chip):
            yield limit, value
            return
