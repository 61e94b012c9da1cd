"""Encoding and decoding of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import AcortexError
from acortex.isa.codec import Instruction, as_text, decode, encode
from acortex.isa.table import MNEMONICS, ROWS


@st.composite
def instructions(draw: st.DrawFn) -> Instruction:
    row = draw(st.sampled_from(ROWS))
    return Instruction(row, {one.name: draw(st.integers(one.kind.low, one.kind.high)) for one in row.operands})


@given(instructions())
def test_decoding_undoes_encoding(instruction: Instruction) -> None:
    assert decode(encode(instruction.row, instruction.values)) == instruction


@given(st.integers(0, 2**64 - 1))
def test_a_word_that_decodes_is_the_only_one_of_its_instruction(word: int) -> None:
    try:
        instruction = decode(word)
    except AcortexError:
        return
    assert encode(instruction.row, instruction.values) == word


def test_operands_left_out_take_their_defaults() -> None:
    assert decode(encode(MNEMONICS["feed"], {"positions": 1, "words": 2})).values == {
        "positions": 1,
        "words": 2,
        "tail": 64,
        "fill": 0,
        "keep": 0,
    }


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (0, "word 0x0000000000000000: no instruction has opcode 0x00"),
        (0xFF << 56, "word 0xff00000000000000: no instruction has opcode 0xff"),
        (0x01 << 56 | 5, "word 0x0100000000000005: nop does not use bits 0x5, which must be 0"),
        (0x18 << 56 | 12 << 52, "word 0x18c0000000000000: signal's agent is 12, allowed is 0 to 10"),
        (0x0B << 56 | 9 << 52, "word 0x0b90000000000000: inference's by is 9, allowed is 0 to 7 or none"),
    ],
)
def test_a_word_that_no_instruction_has(word: int, message: str) -> None:
    with pytest.raises(AcortexError) as caught:
        decode(word)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"positions": 1}, "feed needs operand 'words'"),
        ({"positions": 1, "words": 1, "tial": 3}, "feed has no operand 'tial'"),
        ({"positions": 0, "words": 1}, "feed: positions is 0, allowed is 1 to 1048576"),
        ({"positions": 1, "words": 1, "tail": 65}, "feed: tail is 65, allowed is 1 to 64"),
    ],
)
def test_values_that_make_no_word(values: dict[str, int], message: str) -> None:
    with pytest.raises(AcortexError) as caught:
        encode(MNEMONICS["feed"], values)
    assert str(caught.value) == message


def test_text_leaves_out_defaults_and_names_numbers_that_stand_side_by_side() -> None:
    rect = encode(MNEMONICS["rect"], {"group": 3, "column": 4, "row": 5, "height": 2})
    assert as_text(decode(rect)) == "rect g3, column=4, row=5, height=2"
    assert as_text(decode(encode(MNEMONICS["multiply"], {"group": 0, "positions": 9}))) == "multiply g0, 9"


def test_text_names_what_numbers_of_tables_stand_for() -> None:
    layer = decode(encode(MNEMONICS["layer"], {"layer": 1}))
    assert as_text(layer, {"layer": {1: "conv1"}}) == "layer conv1"
    assert as_text(layer, {"layer": {1: "res2a/branch1"}}) == 'layer "res2a/branch1"'
    assert as_text(layer) == "layer 1"


def test_the_one_number_beside_a_name_needs_no_name_of_its_own() -> None:
    assert as_text(decode(encode(MNEMONICS["work"], {"part": 1, "operations": 5}))) == "work 1, 5"
