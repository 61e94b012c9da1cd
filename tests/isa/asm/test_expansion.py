"""Included files, macros, repetitions and conditions: the words they make, and what is said of their lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import acortex
from acortex.errors import ManyErrors
from acortex.isa.asm.assembler import MAX_MADE, assemble, assemble_file
from acortex.isa.asm.expansion import is_needed
from acortex.isa.asm.formatter import formatted
from acortex.isa.language.diagnostics import Diagnostic
from acortex.isa.topics import TOPICS

STREAM = ".macro stream number, first, words=1\nbase \\number, 2 * \\first\ndim \\number, 0, \\words\n.endm\n"


def words(body: str, above: str = "") -> list[int]:
    """The words of some instructions of a run."""
    return assemble(f"{above}start\n{body}\nhalt\n").words.tolist()


def mistakes(source: str) -> list[Diagnostic]:
    """The mistakes of a source."""
    with pytest.raises(ManyErrors) as caught:
        assemble(source, file="p.s")
    return [error for error in caught.value.errors if isinstance(error, Diagnostic)]


def only(source: str) -> Diagnostic:
    """The one mistake of a source."""
    (found,) = mistakes(source)
    return found


# What is read ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        ("stream d3, 5", "base d3, 10\ndim d3, 0, 1"),
        ("stream d3, 5, 7", "base d3, 10\ndim d3, 0, 7"),
        ("stream first=5, number=d3", "base d3, 10\ndim d3, 0, 1"),
        ("stream d3, 1 + 1", "base d3, 4\ndim d3, 0, 1"),  # one operand, not 2 * 1 + 1
        ("stream d3, (1 + 1), words=2 * 3", "base d3, 4\ndim d3, 0, 6"),
    ],
)
def test_a_call_is_its_lines_with_the_arguments(call: str, meant: str) -> None:
    assert words(call, STREAM) == words(meant)


def test_a_label_before_a_call_is_that_of_its_first_instruction() -> None:
    assert words("loop l0, 3\nagain: stream d1, 2\nnext l0, again", STREAM) == words(
        "loop l0, 3\nagain: base d1, 4\ndim d1, 0, 1\nnext l0, again"
    )


def test_parameters_join_names_and_part_from_letters() -> None:
    body = ".rept 2, i\nbase d\\i, at\\i\\()x\n.endr"
    assert words(body, ".equ at0x, 5\n.equ at1x, 6\n") == words("base d0, 5\nbase d1, 6")


def test_macros_call_macros_and_defaults_may_be_empty() -> None:
    above = f"{STREAM}.macro two a, rest=\nstream d1, \\a \\rest\nstream d2, \\a\n.endm\n"
    assert words("two 3\ntwo 4, + 1", above) == words(
        "base d1, 6\ndim d1, 0, 1\nbase d2, 6\ndim d2, 0, 1\nbase d1, 10\ndim d1, 0, 1\nbase d2, 8\ndim d2, 0, 1"
    )


def test_a_macro_that_calls_itself_ends_by_its_condition() -> None:
    above = ".macro count n\n.if \\n > 0\nbase d1, \\n\ncount \\n - 1\n.endif\n.endm\n"
    assert words("count 3", above) == words("base d1, 3\nbase d1, 2\nbase d1, 1")


def test_local_names_are_those_of_one_call() -> None:
    above = ".macro wait turns\n.local again\nloop l1, \\turns\nagain: nop\nnext l1, again\n.endm\n"
    assert words("wait 2\nwait 3", above) == words("loop l1, 2\na: nop\nnext l1, a\nloop l1, 3\nb: nop\nnext l1, b")


def test_a_local_name_may_be_an_argument() -> None:
    above = ".macro end label\nnext l1, \\label\n.endm\n.macro wait\n.local a\nloop l1, 2\na: nop\nend a\n.endm\n"
    assert words("wait\nwait", above) == words("loop l1, 2\na: nop\nnext l1, a\nloop l1, 2\nb: nop\nnext l1, b")


def test_local_names_of_a_repetition_are_those_of_a_turn() -> None:
    body = ".rept 2\n.local a\nloop l1, 2\na: nop\nnext l1, a\n.endr"
    assert words(body) == words("loop l1, 2\na: nop\nnext l1, a\nloop l1, 2\nb: nop\nnext l1, b")


@pytest.mark.parametrize(
    ("value", "meant"), [(0, "base d1, 9"), (1, "base d1, 1"), (2, "base d1, 2"), (3, "base d1, 9")]
)
def test_a_condition_reads_the_first_part_that_holds(value: int, meant: str) -> None:
    body = ".if N == 1\nbase d1, 1\n.elif N == 2 && 1\nbase d1, 2\n.else\nbase d1, 9\n.endif"
    assert words(body, f".equ N, {value}\n") == words(meant)


def test_conditions_lie_in_each_other_and_what_they_leave_out_is_not_read() -> None:
    body = '.if 0\n.if 1\n$ no text at all\n.else\n.error "no"\n.endif\n.else\n.if 1\nnop\n.endif\n.endif'
    assert words(body) == words("nop")


def test_ifdef_knows_constants_and_macros_above_it() -> None:
    body = ".ifdef A\nbase d1, 1\n.endif\n.ifndef B\nbase d1, 2\n.endif\n.ifdef stream\nbase d1, 3\n.endif\n.equ B, 1"
    assert words(body, f"{STREAM}.equ A, 1\n") == words("base d1, 1\nbase d1, 2\nbase d1, 3")


def test_align_puts_nops() -> None:
    assert words("nop\n.align 4\nbase d1, 0\n.align 1") == words("nop\nnop\nnop\nbase d1, 0")


@pytest.mark.parametrize("number", [1, 2, 4095, 4096])
def test_align_takes_up_to_4096(number: int) -> None:
    assert words(f".align {number}\nnop") == words("nop\n" * (1 + (-1) % number))


@pytest.mark.parametrize("number", [0, -1, 4097])
def test_align_takes_nothing_beyond(number: int) -> None:
    assert only(f"start\n.align {number}\nhalt").message == f".align is {number}, allowed is 1 to 4096"


def test_names_for_registers_stand_in_conditions_of_names_alone() -> None:
    assert words("base image, 3", ".name image, d4\n") == words("base d4, 3")


def test_rows_of_data_may_be_made() -> None:
    text = ".weights w, 2x3\n.rept 2, i\n.row \\i, 1 + \\i, 5\n.endr\nstart\nhalt\n"
    assert np.array_equal(assemble(text).weights[0].values, [[0, 1, 5], [1, 2, 5]])


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 999), st.integers(1, 9)), min_size=1, max_size=8))
def test_calls_make_the_words_of_their_lines(calls: list[tuple[int, int, int]]) -> None:
    made = "\n".join(f"stream d{number}, {first}, {extent}" for number, first, extent in calls)
    meant = "\n".join(f"base d{number}, {2 * first}\ndim d{number}, 0, {extent}" for number, first, extent in calls)
    assert words(made, STREAM) == words(meant)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=3))
def test_repetitions_in_each_other_are_all_their_turns(counts: list[int]) -> None:
    names = "abc"[: len(counts)]
    sums = " + ".join(f"\\{name}" for name in names)
    body = "".join(f".rept {n}, {name}\n" for n, name in zip(counts, names, strict=True)) + f"base d1, {sums}\n"
    sums_of = [0]
    for n in counts:
        sums_of = [one + turn for one in sums_of for turn in range(n)]
    assert words(body + ".endr\n" * len(counts)) == words("\n".join(f"base d1, {one}" for one in sums_of))


def test_a_text_without_any_of_this_is_not_read_twice() -> None:
    assert not is_needed([".program p", "; .macro", "start", ".row 1, 2", "a: halt"])
    assert is_needed(["a: .rept 2"])


@pytest.mark.parametrize(
    ("expression", "value"),
    [("3 < 4", 1), ("4 <= 3", 0), ("3 == 3 && 2 != 2", 0), ("0 || 1 + 1 == 2", 1), ("!0 + !5", 1), ("-1 < 0", 1),
     ("1 << 2 > 3", 1), ("2 > 1 || 1 / 1", 1), ("!(1 == 2)", 1), ("5 >= 5", 1)],
)  # fmt: skip
def test_comparisons_are_0_or_1(expression: str, value: int) -> None:
    assert words(f"base d1, {expression}") == words(f"base d1, {value}")


# Lines and their origins ----------------------------------------------------------------------------------------------


def test_a_program_keeps_the_line_that_was_written_and_the_text_that_was_read() -> None:
    program = assemble(f"{STREAM}start\nstream d3, 5\nhalt", file="p.s")
    assert [(str(line), line.text) for line in program.lines] == [
        ("p.s:5", "start"), ("p.s:2", "base d3, 2 * 5"), ("p.s:3", "dim d3, 0, 1"), ("p.s:7", "halt"),
    ]  # fmt: skip


def test_a_mistake_in_a_macro_names_its_line_what_was_read_and_the_call() -> None:
    found = only(f"{STREAM}start\nstream d32, 5\nhalt")
    assert (found.line, found.column, found.length) == (2, 6, len("\\number"))
    assert found.source == "base \\number, 2 * \\first"
    assert [(note.message, note.line) for note in found.notes] == [
        ("read as `base d32, 2 * 5`", 2), ("in the macro `stream`, called here", 6),
    ]  # fmt: skip
    assert found.others == (("p.s", 3, 5),)


def test_columns_behind_a_parameter_are_those_of_the_text() -> None:
    found = only(".macro m a\nbase d1, \\a + MISSING\n.endm\nstart\nm 123456789\nhalt")
    assert (found.line, found.column, found.length) == (2, len("base d1, \\a + ") + 1, len("MISSING"))


def test_columns_of_parameters_within_parameters_are_those_of_the_text() -> None:
    text = ".macro m a\n.rept 1, i\nbase d1, \\a + \\i + \\a + MISSING\n.endr\n.endm\nstart\nm 12345\nhalt"
    found = only(text)
    assert (found.line, found.column) == (3, len("base d1, \\a + \\i + \\a + ") + 1)
    assert found.notes[0].message == "read as `base d1, 12345 + 0 + 12345 + MISSING`"


def test_local_names_are_said_without_their_marks() -> None:
    found = only(".macro m\n.local a\na: nop\na: nop\n.endm\nstart\nm\nhalt")
    assert found.message == "`a` is already defined, in line 3"


def test_a_long_chain_of_calls_is_shown_by_its_ends() -> None:
    found = only(".macro m\nm\n.endm\nstart\nm\nhalt")
    assert found.code == "A910"
    assert len(found.notes) == 6
    assert found.notes[-1].line == 5
    assert "58 more links" in found.notes[3].message


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project: a source, and a folder with two more."""
    (tmp_path / "kernels").mkdir()
    (tmp_path / "main.s").write_text('.include "kernels/a.s"\nstart\nstream d1, STEP\nhalt\n')
    (tmp_path / "kernels" / "a.s").write_text(f'.include "b.s"\n{STREAM}')
    (tmp_path / "kernels" / "b.s").write_text(".equ STEP, 3\n")
    return tmp_path


def test_files_are_named_from_the_folder_of_the_file_that_includes_them(project: Path) -> None:
    program = assemble_file(project / "main.s")
    assert program.words.tolist() == words("base d1, 6\ndim d1, 0, 1")
    assert [str(line) for line in program.lines] == ["main.s:2", "kernels/a.s:3", "kernels/a.s:4", "main.s:4"]


def test_data_files_are_named_from_there_too(project: Path) -> None:
    np.savez(project / "kernels" / "w.npz", w=np.full((2, 2), 5, np.int8))
    (project / "kernels" / "b.s").write_text('.equ STEP, 3\n.weights w, 2x2, file="w.npz", key=w\n')
    assert assemble_file(project / "main.s").weights[0].values.tolist() == [[5, 5], [5, 5]]


def test_a_file_may_lie_above_the_including_one_but_not_above_the_source(project: Path) -> None:
    (project / "shared.s").write_text(".equ STEP, 3\n")
    (project / "kernels" / "a.s").write_text(f'.include "../shared.s"\n{STREAM}')
    assert len(assemble_file(project / "main.s").words) == 4
    (project / "kernels" / "a.s").write_text('.include "../../outside.s"\n')
    with pytest.raises(ManyErrors, match=r'kernels/a.s:1:10: .* "../outside.s" lies outside the folder of the source'):
        assemble_file(project / "main.s")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('.include "main.s"', '"main.s" includes itself'),
        ('.include "kernels/c.s"', '"c.s" includes itself'),
        ('.include "none.s"', "the file cannot be included: No such file or directory"),
        ('.include "/etc/hostname"', "outside the folder of the source"),
        ('.include "kernels"', "the file cannot be included"),
        ('.include "binary.s"', "byte 0 is not UTF-8 text"),
        (".include kernels", "`.include` takes a file in quotes"),
    ],
)
def test_what_cannot_be_included_is_one_mistake(project: Path, text: str, message: str) -> None:
    (project / "kernels" / "a.s").write_text('.include "c.s"\n')
    (project / "kernels" / "c.s").write_text('.include "a.s"\n')
    (project / "binary.s").write_bytes(b"\xff\xfe")
    (project / "main.s").write_text(f"{text}\nstart\nmissing d1\nhalt\n")
    with pytest.raises(ManyErrors) as caught:
        assemble_file(project / "main.s")
    (error,) = caught.value.errors
    assert message in error.message


def test_a_mistake_in_an_included_file_shows_the_files_that_led_to_it(project: Path) -> None:
    (project / "kernels" / "b.s").write_text(".equ STEP, 3\n.equ STEP, 4\n")
    with pytest.raises(ManyErrors) as caught:
        assemble_file(project / "main.s")
    (error,) = caught.value.errors
    assert isinstance(error, Diagnostic)
    assert error.where == f"{project}/kernels/b.s:2:6"
    assert error.message == "`STEP` is already defined, in line 1 of kernels/b.s"
    assert [(note.message, note.file, note.line) for note in error.notes] == [
        ("the first definition", f"{project}/kernels/b.s", 1),
        ("included here", f"{project}/kernels/a.s", 1),
        ("included here", f"{project}/main.s", 1),
    ]


# Mistakes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        (".if LABEL\n.endif\nstart\nLABEL: halt", 1, "A905"),
        (".equ N, LABEL\n.if N\n.endif\nstart\nLABEL: halt", 2, "A905"),
        (".if\n.endif\nstart\nhalt", 1, "A916"),
        (".if 1 +\n.endif\nstart\nhalt", 1, "A101"),
        (".rept\n.endr\nstart\nhalt", 1, "A916"),
        (".rept 2, 3\n.endr\nstart\nhalt", 1, "A916"),
        (".rept 2, i, 3\n.endr\nstart\nhalt", 1, "A916"),
        (".if 1\n.else 2\n.endif\n.if 0\n.else 2\n.endif\nstart\nhalt", 5, "A916"),
        (".if 0\n.else\n.elif 1\n.endif\nstart\nhalt", 3, "A904"),
        (".else\nstart\nhalt", 1, "A904"),
        (".endm\nstart\nhalt", 1, "A904"),
        (".macro m\nstart\nhalt", 1, "A903"),
        (".macro 3\n.endm\nstart\nhalt", 1, "A906"),
        (".macro m a b\n.endm\nstart\nhalt", 1, "A906"),
        (".macro m a,\n.endm\nstart\nhalt", 1, "A906"),
        (".macro m\n.endm\n.macro m\n.endm\nstart\nhalt", 3, "A907"),
        (".macro m a\n.endm\nstart\nm 1, 2\nhalt", 4, "A303"),
        (".macro m a\n.endm\nstart\nm b=2\nhalt", 4, "A305"),
        (".macro m a\n.endm\nstart\nm a=1, a=2\nhalt", 4, "A306"),
        ("start\nbase d1, \\a\nhalt\n.rept 0\n.endr", 2, "A908"),
        (".align 0\nstart\nhalt", 1, "A406"),
        (".align\nstart\nhalt", 1, "A916"),
        (".error no\nstart\nhalt", 1, "A916"),
        (".assert\nstart\nhalt", 1, "A916"),
        ('.assert "x"\nstart\nhalt', 1, "A111"),
        (".assert 1, 2\nstart\nhalt", 1, "A916"),
        ('start\na: nop\nb: halt\n.assert b - a == 2, "two"', 4, "A913"),
        (".local a\nstart\nhalt", 1, "A915"),
        (".rept 1\n.local 3\n.endr\nstart\nhalt", 2, "A915"),
        ("start\nbase d1, a@3\nhalt", 2, "A003"),
        ('.rept 1\nbase d1, "\n.endr\nstart\nhalt', 2, "A002"),
    ],
)
def test_each_mistake_is_the_only_one_and_at_its_line(text: str, line: int, code: str) -> None:
    found = only(text)
    assert (found.code, found.line) == (code, line)


def test_a_macro_below_its_call_is_pointed_at() -> None:
    assert only("start\nm\nhalt\n.macro m\nnop\n.endm").hint == (
        "the macro of this name is defined further down, in line 4"
    )


def test_a_failed_assertion_says_what_its_names_are() -> None:
    found = only('.equ A, 3\n.equ B, 2\nstart\nhalt\n.assert A <= B, "A fits B"')
    assert (found.message, found.hint) == ("the assertion does not hold: A fits B", "A is 3, B is 2")


@pytest.mark.parametrize(
    "text",
    [
        ".rept 100000\n.rept 100000\n.endr\n.endr\nstart\nhalt",
        ".macro m\nm\nm\n.endm\nstart\nm\nhalt",
        f".rept {MAX_MADE + 1}\nnop\n.endr\nstart\nhalt",
    ],
)
def test_texts_that_grow_without_end_are_refused(text: str) -> None:
    assert only(text).code in ("A910", "A911")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "made", "fits"), [(400_000, 250_000, True), (400_000, 250_001, False), (10, 250_001, False)]
)
def test_lines_that_are_made_count_beside_those_of_the_source(own: int, made: int, fits: bool) -> None:
    text = f".rept {made}\n\n.endr\nstart\nhalt" + "\n" * own
    if fits:
        assert len(assemble(text).words) == 2
    else:
        assert only(text).code == "A911"


PIECES = [
    ".macro m a, b=2", ".macro k", ".endm", ".rept 2, i", ".rept \\a", ".endr", ".if N", ".elif 0", ".else", ".endif",
    ".ifdef N", ".ifndef m", "m 1", "m a=1 + 1", "m 1, (", "k", "base d1, \\a", "base d\\i, \\b@1", "x\\i: nop",
    "l: nop",
    ".local l", ".equ N, 1", ".equ N, l", ".name q, t1", ".align N", ".error \"no\"", ".assert N == 1", "loop l0, 2",
    "next l0, l", "start", "halt", ".row 1, \\i", ".weights w, 1x2", ".include \"a.s\"", "\\", "a: .rept 2",
    ".chip \\a",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_text_makes_a_program_or_mistakes_with_places(pieces: list[str]) -> None:
    try:
        assemble("\n".join(pieces))
    except ManyErrors as errors:
        assert all(isinstance(error, Diagnostic) and error.code for error in errors.errors)


# The page -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(checkout: Path) -> str:
    """docs/macros.md."""
    return (checkout / "docs" / "macros.md").read_text()


def tiles(page: str) -> str:
    """The program of the page."""
    return page.split("```asm\n")[1].split("```")[0]


def test_the_program_of_the_page_computes_its_tiles(page: str) -> None:
    rng = np.random.default_rng(3)
    w, x = rng.integers(-8, 8, (64, 64)), rng.integers(0, 16, (3, 4, 64)).astype(np.uint8)
    program = assemble(tiles(page), file="tiles.s", arrays={"tiles.npz": {"w": w}})
    sums = x.astype(np.int64) @ w
    codes = np.clip(np.rint(sums / 64).astype(int) + 8, 0, 15)
    found = acortex.run(program, inputs=x)
    assert np.array_equal(np.asarray(found.outputs["y"]).reshape(codes.shape), codes)
    assert formatted(tiles(page)) == tiles(page)


def test_the_mistake_of_the_page_is_what_is_said(page: str) -> None:
    with pytest.raises(ManyErrors) as caught:
        assemble(
            tiles(page).replace("TILES, 4", "TILES, 11"),
            file="tiles.s",
            arrays={"tiles.npz": {"w": np.ones((64, 64), int)}},
        )
    (error,) = caught.value.errors
    assert str(error) in page


def test_parameters_are_replaced_in_quotes_and_in_names_of_files_as_the_manual_says(tmp_path: Path) -> None:
    text = '.macro stop n\n.error "no \\n of d\\n\\()s"\n.endm\n.macro take file\n.include "\\file.s"\n.endm\n'
    (error,) = mistakes(f"{text}stop 7\nstart\nhalt\n")
    assert error.message == "no 7 of d7s"
    (tmp_path / "more.s").write_text("base d1, 5\n")
    (tmp_path / "main.s").write_text(f"{text}start\ntake more\nhalt\n")
    assert assemble_file(tmp_path / "main.s").words.tolist() == words("base d1, 5")
    assert any("also in quotes" in part for part in TOPICS["macros"].text)
