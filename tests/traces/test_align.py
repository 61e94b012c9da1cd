"""Two programs of one network: their source lines are aligned by layer marks and instructions."""

from __future__ import annotations

from typing import Any

from acortex.traces.align import align
from acortex.traces.diff import diff

FIRST = ("start", "layer 0", "read d0", "convert q0, 4", "layer 1", "read d0", "endlayer", "halt")
SECOND = ("start", "nop", "layer 0", "convert q0, 4", "read d0", "write d2", "layer 1", "read d0", "endlayer", "halt")


def header(instructions: tuple[str, ...], file: str, sha: str) -> dict[str, Any]:
    lines = tuple(f"{file}:{number}" for number in range(1, len(instructions) + 1))
    return {"instructions": instructions, "lines": lines, "program_sha256": sha}


def event(start: int, pc: int, duration: int = 2) -> tuple[int, ...]:
    return (start, duration, 0, 0, 1, pc, 1, 0, 5)


def test_equal_instructions_of_a_layer_have_the_line_of_the_first(make_trace: Any) -> None:
    a = make_trace([event(0, 2)], name="a", **header(FIRST, "one.s", "1"))
    b = make_trace([event(0, 3)], name="b", **header(SECOND, "two.s", "2"))
    assert align(a, b).header.lines == (
        "one.s:1",
        "two.s:2",
        "one.s:2",
        "two.s:4",
        "one.s:3",
        "two.s:6",
        "one.s:5",
        "one.s:6",
        "one.s:7",
        "one.s:8",
    )


def test_a_line_of_its_own_is_told_from_one_of_the_same_name(make_trace: Any) -> None:
    a = make_trace([event(0, 2)], name="a", **header(FIRST, "net.s", "1"))
    b = make_trace([event(0, 3)], name="b", **header(SECOND, "net.s", "2"))
    assert align(a, b).header.lines[1] == "net.s:2 (second)"


def test_one_program_is_left_as_it_is(make_trace: Any) -> None:
    a = make_trace([event(0, 2)], name="a", **header(FIRST, "one.s", "1"))
    b = make_trace([event(0, 2)], name="b", **header(FIRST, "two.s", "1"))
    assert align(a, b) is b


def test_a_diff_of_two_programs_finds_the_same_line_slower(make_trace: Any) -> None:
    a = make_trace([event(0, 2), event(9, 5)], name="a", **header(FIRST, "one.s", "1"))
    b = make_trace([event(0, 4), event(9, 7, duration=3)], name="b", **header(SECOND, "two.s", "2"))
    found = diff(a, b)
    assert found["first_divergence"]["source"] == "one.s:6"
    assert [(row["line"], row["busy"]) for row in found["by_instruction"]] == [("one.s:6", [2, 3])]
