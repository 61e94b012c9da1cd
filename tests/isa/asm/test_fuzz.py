"""Broken sources: whatever a text is, the answer is a program that lacks no line, or errors that show their place."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.asm.assembler import assemble
from acortex.isa.asm.directives import DIRECTIVES
from acortex.isa.asm.disassembler import listing
from acortex.isa.container import dumps, loads
from acortex.isa.language.diagnostics import Consequence, Diagnostic, MistakeLog
from acortex.isa.language.source import Source
from acortex.isa.language.text import CONSEQUENCE
from acortex.isa.program import Program
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


def instruction_lines(text: str) -> list[int]:
    """The lines that hold an instruction, found without the assembler: what is left without strings and labels."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        bare = re.split("[;#]", re.sub('"[^"]*"', "S", line))[0].rstrip("\r")
        bare = re.sub(r"^([ \t]*[A-Za-z_][A-Za-z0-9_.]*[ \t]*:)*", "", bare).strip(" \t")
        if bare and not bare.startswith("."):
            found.append(number)
    return found


def lacks_of_program(program: Program, text: str) -> list[str]:
    """What a program lacks: a word for each line that holds an instruction, or a container that is read again."""
    numbers = [line.number for line in program.lines]
    wrong = [] if numbers == instruction_lines(text) else [f"lines {numbers} of {instruction_lines(text)}"]
    sizes = (len(program.words), len(program.lines), listing(program).count("\n") - 1)
    wrong += [] if len(set(sizes)) == 1 else [f"{sizes} words, lines and lines of the listing"]
    return wrong if loads(dumps(program)).lines == program.lines else [*wrong, "its container has other lines"]


def lacks_of_error(error: AcortexError, text: str) -> list[str]:
    """What an error lacks: words, or a place that exists."""
    wrong = [] if str(error) else ["an error without words"]
    if isinstance(error, Diagnostic):
        lines = text.split("\n")
        there = 1 <= error.line <= len(lines) and 1 <= error.column <= len(lines[error.line - 1]) + 1
        wrong += [] if there else [f"no place: {error}"]
    return wrong


def judged(text: str) -> tuple[bool, list[str]]:
    """Assembles a text: whether there is a program, and what the program or the errors lack."""
    try:
        program = assemble(text)
    except ManyErrors as many:
        return False, [lack for error in many.errors for lack in lacks_of_error(error, text)]
    except AcortexError as error:
        return False, lacks_of_error(error, text)
    return True, lacks_of_program(program, text)


def answer(text: str) -> bool:
    """Whether there is a program of a text; fails where that or its errors lack anything."""
    made, lacks = judged(text)
    assert lacks == []
    return made


def test_the_source_is_right() -> None:
    """Or else the tests below would test nothing."""
    assert len(assemble(SOURCE).words) == 14


def test_what_a_program_or_an_error_lacks_is_seen() -> None:
    assert judged(SOURCE) == (True, [])
    assert lacks_of_program(assemble(SOURCE), SOURCE + "nop\n")
    assert lacks_of_error(AcortexError(""), SOURCE)
    assert lacks_of_error(Diagnostic("wrong", file="t.s", line=2, column=9), "start\nnop")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("letter", ["\0", "9", "x", ",", '"', "\n", "(", "=", ";", "\u2028"])
def test_any_character_replaced(letter: str) -> None:
    answers = [answer(SOURCE[:index] + letter + SOURCE[index + 1 :]) for index in range(len(SOURCE))]
    assert not all(answers)  # the first letter of a directive is among those replaced


def test_any_truncation() -> None:
    end = SOURCE.rindex("halt") + len("halt")
    assert [size for size in range(len(SOURCE)) if answer(SOURCE[:size])] == list(range(end, len(SOURCE)))


def test_any_line_removed_doubled_or_moved() -> None:
    lines = SOURCE.splitlines(keepends=True)
    chance = random.Random(0)
    for index in range(len(lines)):
        without = answer("".join(lines[:index] + lines[index + 1 :]))
        assert not (without and lines[index].split()[-1] in ("start", "halt")), "a program has both"
        answer("".join(lines[: index + 1] + lines[index:]))
        answer("".join(chance.sample(lines, len(lines))))


@given(st.lists(WORDS, max_size=30))
def test_any_words_in_any_order(words: list[str]) -> None:
    _, lacks = judged(" ".join(words))
    assert lacks == []


@given(st.text())
def test_any_text(text: str) -> None:
    _, lacks = judged(text)
    assert lacks == []


EQUATES = (
    ".equ N, N + 1",
    ".equ N, -N",
    ".equ N, N",
    ".equ N, M\n.equ M, N",
    ".equ N, M\n.equ M, K\n.equ K, N",
    ".equ N, nowhere",
    ".equ N, 1\n.equ N, 2",
    ".equ N, 1 / 0",
    ".equ N, top\n.equ top, 1",
    ".equ N, (1",
    ".equ N",
    ".equ 5, N",
    ".equ N, N, N",
    ".equ d5, 1",
    ".equ N N",
    ".equ N, 1, value=N",
    ".equ name=N, value=N",
)
"""Constants that have no value, or none that is sure."""

USES = (
    "base d0, N", "loop l1, N\nnop\nnext l1, top", "next l0, N", "dim d0, 0, N", "quant q1, N, 0", "feed N, N, tail=N",
    ".weights v, 1x1, macs=N\n.row 1\nprogram g0, v", ".weights v, NxN\n.row 1\nprogram g0, v",
    ".weights v, 1x1\n.row N\nprogram g0, v", ".input z, shape=N\ninput z, d0",
    ".output z, shape=1, bits=N\noutput z, d0", ".constants k, N\n.row 1, 1\ntune q0, k", ".memory N, 1\n.row 1",
    ".input z, shape=1\n.samples z, shape=1xN\n.row 1\ninput z, d0", "layer N", "read N",
)  # fmt: skip
"""Statements that a constant without a value makes wrong."""


@pytest.mark.parametrize("equate", EQUATES)
@pytest.mark.parametrize("use", USES)
def test_no_line_is_left_out_for_a_constant_without_a_value(equate: str, use: str) -> None:
    """The line of the definition is to blame, and the program is not made."""
    text = SOURCE.replace(".equ N, (2 + 3) * 4 // 2", equate).replace("        halt", f"        {use}\n        halt")
    assert not answer(text)
    with pytest.raises(ManyErrors) as caught:
        assemble(text)
    first = caught.value.errors[0]
    assert isinstance(first, Diagnostic)
    assert 2 <= first.line <= 2 + equate.count("\n") or "already defined" in first.message


@given(st.data())
@settings(max_examples=300)
def test_a_source_with_words_exchanged_makes_all_its_words_or_none(data: st.DataObject) -> None:
    """Words of the text stand for each other: constants for labels, registers for numbers, names for names."""
    words = re.split(r"(\W+)", SOURCE)
    for place in data.draw(st.lists(st.integers(0, len(words) - 1), max_size=3)):
        words[place] = data.draw(st.sampled_from(words))
    _, lacks = judged("".join(words))
    assert lacks == []


def test_what_follows_from_nothing_that_was_reported_is_an_error_itself() -> None:
    report = MistakeLog(Source("t.s", ("start", "nop")))
    report.add(2, Consequence(CONSEQUENCE, (0, 3), reason="the instruction could not be read"))
    with pytest.raises(ManyErrors, match=r"t\.s:2:1: the instruction could not be read"):
        report.finish()
