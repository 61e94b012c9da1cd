"""The usual form of a source: what it looks like, that it stays, and that the words of the program do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.asm.disassembler import disassemble
from acortex.isa.asm.formatter import formatted
from acortex.isa.container import sha256
from acortex.programs.shipped import FOLDER

SOURCES = sorted(FOLDER.glob("*.s"))


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("start\n", "        start\n"),
        ("a:b: nop;x\n", "a: b:   nop                                     ;x\n"),
        ("long_label:nop", "long_label: nop\n"),
        ("multiply g0,5", "        multiply g0, 5\n"),
        ("base d1,2*3 ,by=l0, stride = -1", "        base    d1, 2 * 3, by=l0, stride=-1\n"),
        (".equ N,(1+ -2)*-(3<<2)/^4", "        .equ    N, (1 + -2) * -(3 << 2) /^ 4\n"),
        (".if !A&&B==2||C>=-1", "        .if     !A && B == 2 || C >= -1\n"),
        (".input x,shape=K x 3|784", "        .input  x, shape=K x 3|784\n"),
        (".macro m a,b=2", "        .macro  m a, b=2\n"),
        ("d\\i: base d\\i\\()x, 2*\\first", "d\\i:    base    d\\i\\()x, 2 * \\first\n"),
        ('.blob "a;b"   ; c', '        .blob   "a;b"                           ; c\n'),
        ("; at the left\n   ; within", "; at the left\n        ; within\n"),
        ("base $1,  2 ; as it is  ", "base $1,  2 ; as it is\n"),
        ("nop\r\n\r\n\n\n", "        nop\n"),
        ("", ""),
        ("row:", "row:\n"),
    ],
)
def test_each_line_has_its_form(written: str, form: str) -> None:
    assert formatted(written) == form
    assert formatted(form) == form


@pytest.mark.parametrize(
    ("long", "own", "other"), [(46, 49, 49), (47, 49, 49), (48, 57, 57), (55, 57, 57), (56, 58, 49), (57, 59, 49)]
)
def test_comments_stand_in_column_49_or_57_by_the_longest_line_that_is_not_beyond(
    long: int, own: int, other: int
) -> None:
    """A line of so many characters, and a short one; longer than 55 it moves no other comment."""
    text = formatted(f"feed {'1' * (long - 16)} ; far\nnop ; near\n")
    assert [line.index(";") + 1 for line in text.splitlines()] == [own, other]


def test_comments_of_a_paragraph_stand_below_each_other() -> None:
    wide = "        dim     d0, axis=1, extent=SIDE, stride=1"
    assert formatted(f"nop ; a\n{wide} ; b\n\nnop ; c\n").splitlines() == [
        f"{'        nop':<56}; a", f"{wide:<56}; b", "", f"{'        nop':<48}; c",
    ]  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_programs_have_their_form_and_keep_their_words(path: Path) -> None:
    text = path.read_text()
    assert formatted(text) == text
    squeezed = "\n".join(" ".join(line.split()) for line in text.splitlines())
    assert sha256(assemble(formatted(squeezed), folder=FOLDER)) == sha256(assemble(text, folder=FOLDER))


def test_a_disassembled_program_keeps_its_words() -> None:
    program = assemble_file(FOLDER / "conv3x3.s")
    assert sha256(assemble(formatted(disassemble(program)))) == sha256(program)


PARTS = [
    "base",
    "d1",
    "1",
    "2",
    "(",
    ")",
    "+",
    "-",
    "*",
    "<<",
    "<",
    "=",
    "==",
    ",",
    "|",
    "!",
    "a",
    ":",
    '"s"',
    ".row",
    "\\p",
    "x",
]


@given(st.lists(st.tuples(st.sampled_from(PARTS), st.sampled_from(["", " ", "  ", "\t"])), max_size=12))
def test_formatting_twice_changes_nothing_more(parts: list[tuple[str, str]]) -> None:
    once = formatted("".join(text + space for text, space in parts))
    assert formatted(once) == once


@given(st.text('ab1 =<>!|&(),;:.\\"\t', max_size=30))
def test_any_text_has_a_form_that_stays(text: str) -> None:
    assert formatted(formatted(text)) == formatted(text)
