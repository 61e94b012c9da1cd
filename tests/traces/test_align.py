"""Two programs side by side: equal words are the same program; of others, what was inserted, removed or changed."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.traces.align import Alignment, Listing, align
from acortex.traces.diff import diff
from acortex.traces.edit_script import matches

FIRST = (
    "start", "loop l0, 4", "layer 0", "read d0", "convert q0, 4", "layer 1", "read d0", "endlayer", "next l0, 2",
    "halt",
)  # fmt: skip
LAYERS = ("-", "conv", "dense")


def program(instructions: tuple[str, ...], file: str = "one.s", layers: tuple[str, ...] = LAYERS) -> Listing:
    return Listing(instructions, [f"{file}:{number}" for number in range(1, len(instructions) + 1)], layers)


def changes(second: tuple[str, ...], layers: tuple[str, ...] = LAYERS) -> list[tuple[str, ...]]:
    """What was done to FIRST: kind, lines and texts, as far as there are any."""
    found = align(program(FIRST), program(second, "two.s", layers)).changes()
    assert found is not None
    return [tuple(value for value in one.as_dict().values() if value is not None) for one in found]


def test_equal_words_are_the_same_program_whatever_their_names() -> None:
    found = align(program(FIRST), program(FIRST, "two.s", ("-", "a", "b")))
    assert (found.same, found.changes(), found.layers) == (True, [], LAYERS)
    assert found.identities(True).tolist() == [*range(10), 20]
    assert (found.b.source(4), found.second(4)) == ("two.s:5", 4)


@pytest.mark.parametrize(
    ("at", "new", "told"),
    [
        (0, ("nop",), ("inserted", "two.s:1", "nop")),  # the jump moves with its target
        (2, ("nop",), ("inserted", "two.s:3", "nop")),  # within the loop, and the jump goes to it
        (4, ("nop",), ("inserted", "two.s:5", "nop")),
        (9, ("nop",), ("inserted", "two.s:10", "nop")),
    ],
)
def test_an_inserted_instruction_is_all_that_is_said(at: int, new: tuple[str, ...], told: tuple[str, ...]) -> None:
    moved = f"next l0, {2 + (at < 2)}"
    second = tuple(moved if text.startswith("next") else text for text in (*FIRST[:at], *new, *FIRST[at:]))
    assert changes(second) == [told]


def test_a_removed_and_a_changed_instruction_have_their_own_lines() -> None:
    second = (*FIRST[:3], "convert q0, 5", *FIRST[5:])
    assert changes(second) == [
        ("removed", "one.s:4", "read d0"),
        ("changed", "one.s:5", "two.s:4", "convert q0, 4", "convert q0, 5"),
    ]


def test_what_stands_in_the_place_of_another_is_a_change() -> None:
    second = (*FIRST[:4], "nop", "nop", *FIRST[5:])
    assert changes(second) == [
        ("changed", "one.s:5", "two.s:5", "convert q0, 4", "nop"),
        ("inserted", "two.s:6", "nop"),
    ]


def test_a_jump_to_elsewhere_is_a_change() -> None:
    second = (*FIRST[:8], "next l0, 3", FIRST[9])
    assert changes(second) == [("changed", "one.s:9", "two.s:9", "next l0, 2", "next l0, 3")]


def test_layers_are_the_same_by_name_whatever_their_number() -> None:
    second = (*FIRST[:2], "layer 0", "layer 1", *FIRST[3:5], "layer 2", *FIRST[6:])
    assert changes(second, ("-", "new", "conv", "dense")) == [("inserted", "two.s:3", "layer 0")]


def test_a_renamed_layer_is_no_change() -> None:
    assert changes(("nop", *FIRST), ("-", "conv", "fc"))[0] == ("inserted", "two.s:1", "nop")
    assert align(program(FIRST), program(("nop", *FIRST), layers=("-", "conv", "fc"))).layers == LAYERS


def test_numbers_lead_back_to_both_programs() -> None:
    second = ("nop", *FIRST[:4], "convert q0, 5", *FIRST[5:])
    found = align(program(FIRST), program(second, "two.s"))
    numbers = found.identities(True).tolist()
    assert [found.first(number) for number in numbers] == [None, *range(10), None]
    assert [found.second(number) for number in numbers] == [*range(11), None]
    assert [found.second(number) for number in found.identities(False).tolist()] == [*range(1, 11), None]


def test_programs_with_nothing_in_common_are_matched_between_their_layer_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(left: Any, right: Any, most: int = 0) -> Any:
        return None if len(left) > 6 else matches(left, right)

    monkeypatch.setattr("acortex.traces.align.matches", short)
    assert changes(("nop", *FIRST[:2], *FIRST[2:5], "nop", *FIRST[5:])) == [
        ("inserted", "two.s:1", "nop"),
        ("inserted", "two.s:7", "nop"),
    ]


def test_programs_without_texts_are_matched_by_their_lines() -> None:
    a, b = Listing((), ["p.s:1", "p.s:2", "p.s:4"], ("-",)), Listing((), ["p.s:1", "p.s:3", "p.s:4"], ("-",))
    found: Alignment = align(a, b)
    assert (found.changes(), found.identities(True).tolist()) == (None, [0, 4, 2, 6])
    assert align(a, Listing((), ["q.s:1", "q.s:2", "q.s:3"], ("-",)), equal=True).same


# In a diff


def header(instructions: tuple[str, ...], file: str, sha: str, layers: tuple[str, ...] = LAYERS) -> dict[str, Any]:
    lines = tuple(program(instructions, file).lines)
    return {"instructions": instructions, "lines": lines, "program_sha256": sha, "layers": layers}


def event(start: int, pc: int, duration: int = 2) -> tuple[int, ...]:
    return (start, duration, 0, 0, 1, pc, 1, 0, 5)


def test_a_diff_of_equal_words_is_equal_whatever_files_lines_and_layers_are_called(make_trace: Any) -> None:
    a = make_trace([event(0, 2), event(9, 5)], name="a", **header(FIRST, "one.s", "1"))
    b = make_trace([event(0, 2), event(9, 5)], name="b", **header(FIRST, "two.s", "2", ("-", "x", "y")))
    found = diff(a, b)
    assert (found.equal, found.changed.program, found.by_instruction) == (True, [], [])
    assert [row.name for row in found.by_layer] == list(LAYERS)


def test_a_diff_of_two_programs_finds_the_same_instruction_slower(make_trace: Any) -> None:
    a = make_trace([event(0, 2), event(9, 6)], name="a", **header(FIRST, "one.s", "1"))
    b = make_trace([event(0, 3), event(9, 7, duration=3)], name="b", **header(("nop", *FIRST), "two.s", "2"))
    parted = diff(a, b).first_divergence
    assert parted is not None and parted.a is not None and parted.b is not None
    assert (parted.a.source, parted.b.source, parted.a.text, parted.b.text) == (
        "one.s:7",
        "two.s:8",
        "read d0",
        "read d0",
    )
    for pair, lines, busy in (((a, b), ("one.s:7", "two.s:8"), [2, 3]), ((b, a), ("two.s:8", "one.s:7"), [3, 2])):
        (moved,) = diff(*pair).by_instruction
        assert (moved.line, moved.source_a, moved.source_b, moved.text) == (lines[0], *lines, "read d0")
        assert moved.busy == busy


@pytest.mark.parametrize("turned", [False, True])
def test_what_only_one_program_has_is_where_they_part(make_trace: Any, turned: bool) -> None:
    longer = (*FIRST[:3], "nop", *FIRST[3:])
    one = make_trace([event(0, 2), event(2, 3)], name="a", **header(FIRST, "one.s", "1"))
    two = make_trace([event(0, 2), event(2, 3), event(4, 4)], name="b", **header(longer, "two.s", "2"))
    found = diff(*((two, one) if turned else (one, two)))
    parted = found.first_divergence
    assert parted is not None
    assert (parted.cycle, parted.source, parted.text, parted.instruction) == (2, "two.s:4", "nop", 3)
    beside = parted.b if turned else parted.a
    assert beside is not None and (beside.cycle, beside.source, beside.text) == (2, "one.s:4", "read d0")
    assert found.changed.program is not None
    assert [change.kind for change in found.changed.program] == ["removed" if turned else "inserted"]
    alone = next(row for row in found.by_instruction if row.text == "nop")
    assert (alone.line, [alone.source_a, alone.source_b]) == ("two.s:4", [None, "two.s:4"][:: -1 if turned else 1])


def test_a_changed_instruction_is_one_row(make_trace: Any) -> None:
    second = (*FIRST[:4], "convert q0, 5", *FIRST[5:])
    a = make_trace([event(0, 4)], name="a", **header(FIRST, "one.s", "1"))
    b = make_trace([event(1, 4, duration=3)], name="b", **header(second, "two.s", "2"))
    found = diff(a, b)
    (moved,) = found.by_instruction
    assert (moved.text, moved.busy) == ("convert q0, 4 -> convert q0, 5", [2, 3])
    parted = found.first_divergence
    assert parted is not None and parted.b is not None and parted.b.text == "convert q0, 5"


def test_settings_that_differ_are_named_also_where_only_one_chip_has_them(make_trace: Any) -> None:
    a = make_trace([event(0, 2)], name="a", config={"clock_ns": 1.5, "memory": {"banks": 4, "type": "edram"}})
    b = make_trace([event(0, 2)], name="b", config={"clock_ns": 1.5, "memory": {"banks": 8}, "host": {"idle": [1]}})
    assert diff(a, b).changed.as_dict()["settings"] == [
        {"path": "memory.banks", "a": 4, "b": 8},
        {"path": "memory.type", "a": "edram", "b": None},
        {"path": "host.idle", "a": None, "b": "[1]"},
    ]
