"""Places as the protocol counts them, and as the assembler does."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acortex.isa.asm.formatter import formatted
from acortex.tools.editor.forms import changes
from acortex.tools.editor.index import lines_of
from acortex.tools.editor.positions import UTF8, UTF16, UTF32, Positions, column_of, units_of

LETTERS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)


@pytest.mark.parametrize(
    ("encoding", "units"), [(UTF8, [0, 1, 3, 6, 10, 11]), (UTF16, [0, 1, 2, 3, 5, 6]), (UTF32, [0, 1, 2, 3, 4, 5])]
)
def test_units_of_letters_that_take_one_to_four_bytes(encoding: str, units: list[int]) -> None:
    line = "aé€😀b"
    assert [units_of(line, column, encoding) for column in range(6)] == units
    assert [column_of(line, unit, encoding) for unit in units] == list(range(6))


@given(LETTERS, st.sampled_from([UTF8, UTF16, UTF32]))
def test_a_column_and_back_is_the_same(line: str, encoding: str) -> None:
    assert (
        units_of(line, len(line), encoding)
        == len(line.encode({UTF8: "utf-8", UTF16: "utf-16-le", UTF32: "utf-32-le"}[encoding]))
        // {UTF8: 1, UTF16: 2, UTF32: 4}[encoding]
    )
    for column in range(len(line) + 1):
        assert column_of(line, units_of(line, column, encoding), encoding) == column


@pytest.mark.parametrize(("units", "column"), [(-1, 0), (3, 3), (4, 3), (5, 4), (99, 5)])
def test_units_inside_of_a_letter_or_behind_the_line_are_the_place_before(units: int, column: int) -> None:
    assert column_of("aé€😀b", units, UTF16) == column


def test_a_carriage_return_alone_ends_a_line_of_the_protocol() -> None:
    positions = Positions(lines_of("ab\rcd\nef\r\ng"))
    assert positions.lines == ["ab\rcd", "ef", "g"]
    assert positions.outward(0, 4) == (1, 1)
    assert positions.outward(1, 1) == (2, 1)
    assert positions.inward(1, 1) == (0, 4)
    assert positions.inward(2, 2) == (1, 2)
    assert positions.inward(3, 0) == (2, 0)
    assert positions.inward(99, 0) == (2, 1)


@given(st.text("ab\r\n😀", max_size=20))
def test_every_place_of_a_text_comes_back(text: str) -> None:
    lines = lines_of(text)
    positions = Positions(lines)
    for number, line in enumerate(lines):
        for column in range(len(line) + 1):
            assert positions.inward(*positions.outward(number, column)) == (number, column)


def test_places_that_are_none_are_the_nearest() -> None:
    assert Positions([]).inward(3, 3) == (0, 0)
    assert Positions([]).outward(0, 0) == (0, 0)
    assert Positions(["ab"]).inward(-1, 4) == (0, 0)
    assert Positions(["ab"]).inward(7, 0) == (0, 2)


def applied(text: str, first: int = 0, last: int | None = None) -> str:
    """A text with its changes."""
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    for edit in sorted(changes(text, first, last), reverse=True):
        start, end = starts[edit.start[0]] + edit.start[1], starts[edit.end[0]] + edit.end[1]
        text = text[:start] + edit.text + text[end:]
    return text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "lines",
    [
        [""],
        [],
        ["nop", ""],
        ["nop"],
        ["a: nop ;x", " .equ  A,1", ""],
        ["nop", "", "", ""],
        ["", "", ""],
        ["\t", "nop "],
    ],
)
def test_the_changes_of_a_text_make_its_usual_form(lines: list[str], end: str) -> None:
    text = end.join(lines)
    assert applied(text).replace("\r\n", "\n") == formatted(text)
    assert list(changes(applied(text))) == []
    if end == "\r\n" and len(lines) > 1 and formatted(text):
        assert applied(text).count("\r\n") == applied(text).count("\n")


@given(st.text('a: nop;x,\n\r\t"\\é', max_size=30))
def test_the_changes_of_any_text_make_its_usual_form(text: str) -> None:
    assume(not text.endswith("\r"))  # which is the end of a line for the protocol, and nothing for the assembler
    assert applied(text).replace("\r\n", "\n") == formatted(text)


def test_a_part_of_a_text_takes_its_usual_form_alone() -> None:
    text = "nop\nnop\nnop\n\n\n"
    assert applied(text, 1, 1) == "nop\n        nop\nnop\n\n\n"
    assert applied(text, 2, 9) == "nop\nnop\n        nop\n"
