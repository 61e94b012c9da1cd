"""Where the lines of calls begin: the addresses of the first instruction that each call, turn or file has made."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.isa.asm.assembler import assemble, assemble_file


def calls(*lines: str) -> dict[int, tuple[int, ...]]:
    """The addresses by line, of a text in one file."""
    found = assemble("\n".join((*lines, "start", "halt"))).calls
    assert {file for file, _ in found} <= {"<text>"}
    return {line: pcs for (_, line), pcs in found.items()}


MACRO = (".macro two", "nop", "nop", ".endm")


def test_a_text_without_calls_has_none() -> None:
    assert assemble("start\nhalt").calls == {}
    assert calls(*MACRO) == {}


def test_a_call_begins_at_its_first_instruction() -> None:
    assert calls(*MACRO, "two", "nop", "two") == {5: (0,), 7: (3,)}


def test_a_call_of_no_instruction_begins_nowhere() -> None:
    assert calls(".macro nothing", ".equ N, 1", ".endm", "nothing", ".rept 0", "nop", ".endr") == {}


def test_a_repetition_begins_at_its_first_turn_and_its_calls_at_each() -> None:
    assert calls(*MACRO, ".rept 3", "two", ".endr") == {5: (0,), 6: (0, 2, 4)}


def test_a_call_in_a_macro_has_an_address_for_each_call_of_that() -> None:
    outer = (".macro outer", "nop", "two", ".endm")
    assert calls(*MACRO, *outer, "outer", "outer") == {7: (1, 4), 9: (0,), 10: (3,)}


def test_a_call_that_begins_with_a_call_begins_where_that_does() -> None:
    assert calls(*MACRO, ".macro outer", "two", ".endm", "nop", "outer") == {6: (1,), 9: (1,)}


def test_an_included_file_begins_where_its_lines_do_and_has_calls_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "two.s").write_text(".macro two\nnop\nnop\n.endm\n.equ N, 1\ntwo\nnop\n")
    (tmp_path / "main.s").write_text('start\n.include "lib/two.s"\ntwo\nhalt\n')
    assert assemble_file(tmp_path / "main.s").calls == {
        ("main.s", 2): (1,),
        ("lib/two.s", 6): (1,),
        ("main.s", 3): (4,),
    }


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=8))
def test_calls_of_random_repetitions_count_instructions(blocks: list[tuple[int, int]]) -> None:
    """Each block calls a macro of so many instructions so many times: the addresses follow from the counts alone."""
    macros = [line for size in range(3) for line in (f".macro m{size}", *["nop"] * size, ".endm")]
    lines, expected, pc = list(macros), {}, 0
    for turns, size in blocks:
        lines += [f".rept {turns}", f"m{size}", ".endr"]
        begins = [pc + turn * size for turn in range(turns)]
        if begins and size:
            expected |= {len(lines) - 2: tuple(begins[:1]), len(lines) - 1: tuple(begins)}
        pc += turns * size
    assert calls(*lines) == expected


@pytest.mark.parametrize("end", ["", "\r"])
def test_lines_of_both_kinds_of_systems(end: str) -> None:
    text = f"{end}\n".join((*MACRO, "start", "two", "halt"))
    assert assemble(text).calls == {("<text>", 6): (1,)}
