"""Instructions and their words: encode, decode, and one instruction as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from acortex.errors import AcortexError
from acortex.isa.names import quoted
from acortex.isa.operands import OperandKind
from acortex.isa.table import OPCODE_BITS, OPCODES, ROWS, WORD_BITS, InstructionRow

Names = Mapping[str, Mapping[int, str]]
"""What the numbers of table operands and targets stand for: by `Kind.table`, the name of each number."""

OPCODE_SHIFT = WORD_BITS - OPCODE_BITS


@dataclass(frozen=True, slots=True)
class Instruction:
    """A decoded instruction: its row of the table, and the values of its operands by name, in the order of the row."""

    row: InstructionRow
    values: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        """The value of an operand."""
        return self.values[name]


def encode(row: InstructionRow, values: Mapping[str, int]) -> int:
    """The word of an instruction. Operands left out take their defaults.

    Raises AcortexError for an operand that is missing, unknown, or out of its range.
    """
    unknown = [name for name in values if name not in row.by_name]
    if unknown:
        raise AcortexError(f"{row.mnemonic} has no operand {unknown[0]!r}")
    word = row.opcode << OPCODE_SHIFT
    for operand in row.operands:
        value = values.get(operand.name, operand.default)
        if value is None:
            raise AcortexError(f"{row.mnemonic} needs operand {operand.name!r}")
        if not operand.kind.low <= value <= operand.kind.high:
            raise AcortexError(f"{row.mnemonic}: {operand.name} is {value}, {allowed(operand.kind)}")
        word |= operand.kind.encode(value) << operand.shift
    return word


_MASKS = {row.opcode: sum(((1 << o.kind.bits) - 1) << o.shift for o in row.operands) for row in ROWS}
"""The bits that the operands of an opcode own."""


@lru_cache(maxsize=1 << 14)
def decode(word: int) -> Instruction:
    """The instruction of a word, which is not to be changed. Raises AcortexError where no instruction has this word.

    A run decodes each word several times: for its limits, its rules and its time.
    """
    row = OPCODES.get(word >> OPCODE_SHIFT)
    if row is None:
        raise AcortexError(f"word {word:#018x}: no instruction has opcode {word >> OPCODE_SHIFT:#04x}")
    stray = word & ((1 << OPCODE_SHIFT) - 1) & ~_MASKS[row.opcode]
    if stray:
        raise AcortexError(f"word {word:#018x}: {row.mnemonic} does not use bits {stray:#x}, which must be 0")
    values = {}
    for operand in row.operands:
        kind = operand.kind
        value = kind.decode(word >> operand.shift & ((1 << kind.bits) - 1))
        if not kind.low <= value <= kind.high:
            raise AcortexError(f"word {word:#018x}: {row.mnemonic}'s {operand.name} is {value}, {allowed(kind)}")
        values[operand.name] = value
    return Instruction(row, MappingProxyType(values))


def allowed(kind: OperandKind) -> str:
    """What a kind may be, as a message ends."""
    words = "".join(f" or {word}" for word, _ in kind.words)
    return f"allowed is {kind.numbers[0]} to {kind.numbers[-1]}{words}"


def as_text(instruction: Instruction, names: Names | None = None) -> str:
    """An instruction as the assembler reads it: defaults left out, and names where bare numbers would say too little.

    `names` turns the numbers of tables (layers, weights, tensors) and labels back into names; without it they stay
    numbers.
    """
    operands = instruction.row.operands
    by_name = sum(1 for operand in operands if operand.default is None and _is_number(operand.kind)) > 1
    parts = []
    named = False
    for operand in operands:
        value = instruction.values[operand.name]
        if value == operand.default:
            continue
        named = named or operand.default is not None or (by_name and _is_number(operand.kind))
        text = operand_text(operand.kind, value, names or {})
        parts.append(f"{operand.name}={text}" if named else text)
    return f"{instruction.row.mnemonic} {', '.join(parts)}".rstrip()


def _is_number(kind: OperandKind) -> bool:
    """Whether a kind is written as a bare number, which says nothing of its meaning."""
    return not (kind.prefix or kind.choices or kind.table)


def operand_text(kind: OperandKind, value: int, names: Names) -> str:
    """One operand's value as the source writes it."""
    for word, meaning in kind.words:
        if value == meaning:
            return word
    if kind.choices:
        return kind.choices[value]
    name = names.get(kind.table, {}).get(value)
    if name is not None:
        return quoted(name)
    return f"{kind.prefix}{value}"
