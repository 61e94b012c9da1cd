"""Breakpoints on lines that call a macro, repeat lines or include a file: the first instruction that they make."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

import acortex
from acortex.errors import UsageError
from acortex.isa import assemble, assemble_file, container

TEXT = """\
        .chip   acortex_digits
        .macro  twice first
        base    \\first, 0
        base    \\first, 1
        .endm
        .macro  nothing
        .endm
        quant   q1, 1, 3, zero=5
        quant   q2, 1, 3, zero=5
        .rept   1
        quant   q0, 1, 3, zero=5
        .endr
        start
        nop
        twice   d0
        nothing
        .rept   2, turn
        twice   d\\turn
        .endr
        halt
"""


def debugger(text: str = TEXT) -> acortex.Debugger:
    return acortex.debug(assemble(text, file="calls.s"))


def issues(place: str) -> list[str]:
    """The instructions at which a breakpoint stops a run."""
    session = debugger()
    session.break_at(place)
    found = []
    stop = session.run()
    while stop.state == "running" and stop.next is not None:
        found.append(f"{stop.next.line} {stop.next.text}")
        stop = session.go_on()
    return found


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("15", ["3 base d0, 0"]),
        ("calls.s:15", ["3 base d0, 0"]),
        ("17", ["3 base d0, 0"]),
        ("18", ["3 base d0, 0", "3 base d1, 0"]),
        ("3", ["3 base d0, 0", "3 base d0, 0", "3 base d1, 0"]),
        ("14", ["14 nop"]),
    ],
)
def test_a_line_of_a_call_stops_at_the_first_instruction_that_it_makes(place: str, expected: list[str]) -> None:
    assert issues(place) == expected


def test_a_breakpoint_on_a_call_says_where_it_begins() -> None:
    session = debugger()
    assert session.break_at(15).about == "calls.s:15 (begins at calls.s:3)"
    assert session.break_at(3).about == "calls.s:3"
    assert session.until(18).cycle < session.until(20).cycle


@pytest.mark.parametrize(
    ("place", "message", "hint"),
    [
        ("16", "line 16 of calls.s has no instruction", "the next is line 17: base d0, 0"),
        ("6", "line 6 of calls.s has no instruction", "the next is line 8: quant q1, 1, 3, zero=5"),
        ("10", "calls.s:10 belongs to the set-up", "the first instruction after it is line 14: nop"),
        ("21", "calls.s has no instruction at line 21 or below it", "the last is at 20"),
    ],
)
def test_a_call_that_makes_nothing_to_stop_at_is_refused(place: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        debugger().break_at(place)
    assert (caught.value.message.startswith(message), caught.value.hint) == (True, hint)


def test_an_included_file_stops_where_it_begins(tmp_path: Path) -> None:
    (tmp_path / "body.s").write_text("nop\nnop\n")
    (tmp_path / "main.s").write_text('.chip acortex_digits\nstart\nnop\n.include "body.s"\nhalt\n')
    session = acortex.debug(assemble_file(tmp_path / "main.s"))
    assert session.break_at("main.s:4").about == "main.s:4 (begins at body.s:1)"


def test_a_line_without_a_file_is_of_the_file_with_most_instructions(tmp_path: Path) -> None:
    """It is not the one that the program begins in; a hint names the last line of the file that was meant."""
    (tmp_path / "head.s").write_text('.chip acortex_digits\nstart\n.include "body.s"\nhalt\n')
    (tmp_path / "body.s").write_text("\n\n\nnop\nnop\nnop\n\n\nnop\n")
    session = acortex.debug(assemble_file(tmp_path / "head.s"))
    assert session.break_at(9).about == "body.s:9"
    assert session.break_at("head.s:4").about == "head.s:4"
    with pytest.raises(UsageError, match=r"head\.s has no instruction at line 5 or below it") as caught:
        session.break_at("head.s:5")
    assert caught.value.hint == "the last is at 4"
    with pytest.raises(UsageError, match=r"line 3 of body\.s has no instruction") as caught:
        session.break_at("body.s:3")
    assert caught.value.hint == "the next is line 4: nop"


@pytest.mark.parametrize(("label", "there"), [("at_0", True), ("at_5", True), ("at_6", False), ("at_x", False)])
def test_labels_of_the_disassembler_name_the_instructions_that_there_are(label: str, there: bool) -> None:
    session = acortex.debug(assemble(".chip acortex_digits\nstart\nnop\nnop\nnop\nnop\nhalt\n"))
    with nullcontext() if there else pytest.raises(UsageError, match=f"called '{label}'"):
        assert session.listing(label)[-1].place is not None
    if there:
        assert [one.place.pc for one in session.listing(label, 0)] == [int(label[3:])]


def test_an_assembled_program_has_no_lines_of_calls() -> None:
    session = acortex.debug(container.loads(container.dumps(assemble(TEXT, file="calls.s"))))
    with pytest.raises(UsageError, match=r"line 15 of calls\.s has no instruction"):
        session.break_at("calls.s:15")
