"""The instruction table: its example pairs, and the layout of a word."""

from __future__ import annotations

import re

import pytest

from acortex.isa.asm.assembler import assemble
from acortex.isa.codec import Instruction, as_text, decode
from acortex.isa.operands import KINDS
from acortex.isa.table import EFFECT_NAMES, MAKE_TOKEN, MNEMONICS, ROWS, TAKE_TOKEN, InstructionRow

DECLARED = (
    ".weights kernel, 1x1\n.row 1\n.constants bias, 1\n.row 0, 1\n"
    ".input image, shape=1\n.output scores, shape=1\n.layer conv1\n.part norm, shape=1\n.row 1\n"
)
NAMES = {
    "weights": {0: "kernel"},
    "constants": {0: "bias"},
    "input": {0: "image"},
    "output": {0: "scores"},
    "layer": {0: "conv1"},
    "part": {0: "norm"},
}


def program_around(row: InstructionRow) -> tuple[str, int]:
    """A legal program that holds a row's example, and the address at which it does."""
    register = re.search(r"\bl[0-7]\b", row.example)
    lines = {
        "start": ["nop", row.example, "nop", "halt"],
        "halt": ["start", "nop", row.example],
        "loop": ["start", row.example, "next l2, 2", "halt"],
        "lag": ["start", "loop l3, 3", row.example, *["nop"] * 6, "next l3, 2", "halt"],
        "next": ["start", "loop l2, 1", *["nop"] * 8, row.example, "halt"],
    }.get(row.mnemonic)
    if lines is None:
        lines = [row.example, "start"] if row.setup else ["start", row.example]
        if register:
            lines[lines.index(row.example) :] = [f"loop {register[0]}, 1", row.example, f"next {register[0]}, 2"]
        lines += ["halt"]
    return "\n".join(lines), lines.index(row.example)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_the_example_assembles_to_its_word(row: InstructionRow) -> None:
    text, address = program_around(row)
    assert f"{assemble(DECLARED + text).words[address]:#x}" == f"{row.word:#x}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_the_word_of_the_example_decodes_to_it(row: InstructionRow) -> None:
    instruction = decode(row.word)
    assert instruction.row is row
    text, address = program_around(row)
    again = text.replace(row.example, as_text(instruction, NAMES))
    assert int(assemble(DECLARED + again).words[address]) == row.word


def test_there_is_one_example_a_row_and_no_two_share_a_word() -> None:
    assert len({row.word for row in ROWS}) == len({row.example for row in ROWS}) == len(MNEMONICS) == len(ROWS)
    assert [row.example.split()[0] for row in ROWS] == list(MNEMONICS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_fields_follow_each_other_from_bit_55_down(row: InstructionRow) -> None:
    place = 56
    for operand in row.operands:
        place -= operand.kind.bits
        assert operand.shift == place
    assert place >= 0


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_keeps_its_extremes(kind) -> None:  # type: ignore[no-untyped-def]  # a row of KINDS
    for value in (kind.low, kind.high, (kind.low + kind.high) // 2):
        field = kind.encode(value)
        assert 0 <= field < 1 << kind.bits
        assert kind.decode(field) == value


def test_words_by_hand() -> None:
    """Two words, put together on paper from the layout in the table's docstring."""
    feed = (0x28 << 56) | ((784 - 1) << 36) | ((9 - 1) << 24) | ((16 - 1) << 18) | (1 << 10)
    operands = {"positions": 784, "words": 9, "tail": 16, "fill": 1, "keep": 0}
    assert decode(feed) == Instruction(MNEMONICS["feed"], operands)
    connect = (0x30 << 56) | (0 << 46) | (3 << 42) | ((-1 & 0x3FF) << 32)
    assert decode(connect) == Instruction(MNEMONICS["connect"], {"group": 0, "by": 3, "step": -1})


def test_every_effect_is_that_of_an_instruction_and_no_other_is() -> None:
    assert {row.effect for row in ROWS if row.effect} == set(EFFECT_NAMES)
    assert {row.effect for row in ROWS if row.timing == "sync"} == {MAKE_TOKEN, TAKE_TOKEN}
