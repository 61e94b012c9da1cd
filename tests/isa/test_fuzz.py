"""Broken sources: whatever a text is, the answer is a program or errors of ours, and errors show their place."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.assembler import assemble
from acortex.isa.diagnostics import Diagnostic
from acortex.isa.directives import DIRECTIVES
from acortex.isa.table import ROWS

SOURCE = """\
.program tiny
.equ N, (2 + 3) * 4 // 2
.input x, shape=4|2x2, encode=binary
.output y, shape=2x1, axes=1.0, packed=2, encode=linear, scale=0.5, zero=1
.weights w, 5x2, macs=8
.row 1, -2
.row 3, 4
.row 5, 6
.row 7, -8
.row 0, 1
.constants c, 2
.row -2147483648, 65536
.row 3, 1
.memory 30, 1
.blob "eNpjZKQMAAAIYABB"
.samples x, shape=1x4
.row 1, 0, 0, 1
.labels shape=1
.row 1
        group g0, 5, 2
        rect g0, column=0, row=0
        program g0, w
        quant q0, N, 1, activation=relu
        tune q0, c
        start
        loop l0, host
top:    inference l0
        base d0, N - 1, by=l0, stride=-1, ring=2
        layer "first layer"
        feed 1, words=1, tail=4, fill=0x3
        convert q0, 1, then=q1, every=2
        next l0, top ; again
        halt
"""

PIECES = '.equ .row .blob x w d0 l0 g0 host none 1 0x10 28x28 "a" " , = : | ( ) + - * / // /^ << ; shape= file='
WORDS = st.sampled_from(
    [
        *DIRECTIVES,
        *(row.mnemonic for row in ROWS),
        *(row.example for row in ROWS),
        *PIECES.split(),
        *("\n", "\t", "\r", "\0", "\u00e9", "\n.row 1,2"),
    ]
)


def answer(text: str) -> None:
    """Assembles a text; what is wrong with it must be said in our words, at a place that exists."""
    try:
        assemble(text)
    except ManyErrors as errors:
        lines = text.split("\n")
        for error in errors.errors:
            assert str(error)
            if isinstance(error, Diagnostic):
                assert 1 <= error.line <= len(lines)
                assert 1 <= error.column <= len(lines[error.line - 1]) + 1
    except AcortexError as error:
        assert str(error)


def test_the_source_is_right() -> None:
    """Or else the tests below would test nothing."""
    assert len(assemble(SOURCE).words) == 14


@pytest.mark.parametrize("letter", ["\0", "9", "x", ",", '"', "\n", "(", "=", ";", "\u2028"])
def test_any_character_replaced(letter: str) -> None:
    for index in range(len(SOURCE)):
        answer(SOURCE[:index] + letter + SOURCE[index + 1 :])


def test_any_truncation() -> None:
    for size in range(len(SOURCE)):
        answer(SOURCE[:size])


def test_any_line_removed_doubled_or_moved() -> None:
    lines = SOURCE.splitlines(keepends=True)
    chance = random.Random(0)
    for index in range(len(lines)):
        answer("".join(lines[:index] + lines[index + 1 :]))
        answer("".join(lines[: index + 1] + lines[index:]))
        answer("".join(chance.sample(lines, len(lines))))


@given(st.lists(WORDS, max_size=30))
def test_any_words_in_any_order(words: list[str]) -> None:
    answer(" ".join(words))


@given(st.text())
def test_any_text(text: str) -> None:
    answer(text)
