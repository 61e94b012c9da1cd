"""Registers that lag: the ends of their range, nested loops, each instruction that takes one, and each refusal.

What they hold is compared with loops of Python, which know no jump: see `Reader`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.asm.assembler import assemble
from acortex.isa.asm.disassembler import disassemble
from acortex.isa.language.diagnostics import Diagnostic
from acortex.isa.sequencer import Sequencer

HOST = 5
MOST = 127


def refusals(*lines: str) -> list[str]:
    """What is wrong with a program: "code line:column message | hint", then its notes."""
    with pytest.raises(ManyErrors) as caught:
        assemble("\n".join((*lines, "halt")))
    found = []
    for error in caught.value.errors:
        assert isinstance(error, Diagnostic)
        notes = "".join(f" | note {note.line}:{note.column} {note.message}" for note in error.notes)
        found.append(f"{error.code} {error.where.removeprefix('<text>:')} {error.message} | {error.hint}{notes}")
    return found


def seen(*lines: str, inferences: int = HOST) -> list[tuple[str, int, int, int]]:
    """What agents get: a mnemonic, the address of its stream or -1, its group or -1, and its inference or -1."""
    groups = [
        line for group in range(13) for line in (f"group g{group}, 1, 1", f"rect g{group}, column={group}, row=0")
    ]
    sequencer = Sequencer(assemble("\n".join((*groups, "start", *lines, "halt"))), inferences)
    found = []
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is not None:  # an instruction of an agent
            base = dispatch.stream.base if dispatch.stream is not None else -1
            found.append((dispatch.row.mnemonic, base, dispatch.group, dispatch.inference))
    return found


# The range of turns ---------------------------------------------------------------------------------------------------

LOOK = ("base d0, 0, by=l1, stride=1", "read d0")


@pytest.mark.parametrize("turns", [0, 1, 2, 63, 64, 126, MOST])
def test_a_lag_of_each_number_of_turns_begins_with_turn_0(turns: int) -> None:
    lines = ("loop l0, 130", f"a: lag l1, l0, {turns}, past", *LOOK, "past: next l0, a")
    assert [base for _, base, _, _ in seen(*lines)] == list(range(130 - turns))


@pytest.mark.parametrize("turns", [1, 2, MOST])
def test_a_loop_with_as_many_turns_as_the_lag_never_has_such_a_turn(turns: int) -> None:
    lines = ("a: lag l1, l0, {}, past", *LOOK, "past: next l0, a")
    assert seen(f"loop l0, {turns}", lines[0].format(turns), *lines[1:]) == []
    assert len(seen(f"loop l0, {turns + 1}", lines[0].format(turns), *lines[1:])) == 1


@pytest.mark.parametrize("inferences", [1, 2, 3, HOST])
def test_a_prologue_and_an_epilogue_give_each_inference_each_layer(inferences: int) -> None:
    """Three layers, two turns apart at most: what the loop leaves out behind its end stands below it."""
    body = ["inference l0", "signal read, t0", "endinference"]
    for layer in (1, 2):
        body += [f"lag l{layer}, l0, {layer}, past{layer}", f"inference l{layer}", f"await write, t{layer}"]
        body += ["endinference", f"past{layer}: nop"]
    found = seen("loop l0, host", "a: nop", *body, "next l0, a", inferences=inferences)
    for mnemonic, late in (("signal", 0), ("await", 1), ("await", 2)):
        assert found.count((mnemonic, -1, -1, 0)) >= (inferences > late)
    assert len(found) == inferences + max(inferences - 1, 0) + max(inferences - 2, 0)


def test_two_registers_lag_behind_one_loop_and_one_behind_two() -> None:
    lines = ("loop l0, 4", "a: lag l1, l0, 1, b", *LOOK, "b: lag l2, l0, 3, c", "base d0, 100, by=l2, stride=1")
    assert [base for _, base, _, _ in seen(*lines, "read d0", "c: next l0, a")] == [0, 1, 2, 100]
    inner = ("loop l2, 3", "b: lag l1, l2, 2, c", *LOOK, "c: next l2, b")
    lines = ("loop l0, 2", "a: lag l1, l0, 1, d", *LOOK, "d: nop", *inner, "next l0, a")
    assert [base for _, base, _, _ in seen(*lines)] == [0, 0, 0]


# Each instruction that takes one --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("base d0, 7, by=l1, stride=-2", "read d0"), [("read", base, -1, -1) for base in (7, 5, 3)]),
        (("base d0, 7, by=l1, stride=9, ring=2", "read d0"), [("read", base, -1, -1) for base in (7, 16, 7)]),
        (("base d0, 7", "advance d0, l1, 4", "read d0"), [("read", base, -1, -1) for base in (7, 11, 15)]),
        (("inference l1", "signal read, t0"), [("signal", -1, -1, index) for index in (0, 1, 2)]),
        (("multiply g6, 1, by=l1, step=3",), [("multiply", -1, group, -1) for group in (6, 9, 12)]),
        (("connect g6, by=l1, step=-1",), [("connect", -1, group, -1) for group in (6, 5, 4)]),
        (("disconnect g6, by=l1, step=1",), [("disconnect", -1, group, -1) for group in (6, 7, 8)]),
    ],
)
def test_each_instruction_with_a_loop_register_takes_one_that_lags(
    lines: tuple[str, ...], expected: list[tuple[str, int, int, int]]
) -> None:
    end = "endinference" if lines[0].startswith("inference") else "nop"
    assert seen("loop l0, 4", "a: lag l1, l0, 1, past", *lines, end, "past: next l0, a") == expected


# Where a label may stand ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        ("loop l0, 2", "a: lag l1, l0, 1, past", "past: next l0, a"),  # the `next` of its loop
        ("loop l0, 2", "a: lag l1, l0, 1, past", "past: nop", "next l0, a"),  # the line below
        ("loop l0, 2", "a: lag l1, l0, 1, past", "nop", "past: loop l2, 2", "b: nop", "next l2, b", "next l0, a"),
        ("loop l0, 2", "a: nop", "next l0, a", "lag l1, l0, 1, past", "nop", "past:"),  # the `halt`, in no loop
        ("loop l0, 2", "a: lag turns=1, of=l0, register=l1, until=past", "past: next l0, a"),
        ("loop l0, 2", "nop", "a: lag l1, l0, 0, past", "past: next l0, a"),
    ],
)
def test_a_label_may_stand_anywhere_below_in_the_same_body(lines: tuple[str, ...]) -> None:
    program = assemble("\n".join(("start", *lines, "halt")))
    assert seen(*lines) == []
    assert assemble(disassemble(program)).words.tolist() == program.words.tolist()


def test_a_loop_that_lies_between_a_lag_and_its_label_is_left_out_as_one() -> None:
    inner = ("loop l2, 3", "b: base d0, 10, by=l2, stride=1", "read d0", "next l2, b")
    lines = ("loop l0, 3", "a: lag l1, l0, 2, past", *inner, "past: next l0, a")
    assert [base for _, base, _, _ in seen(*lines)] == [10, 11, 12]


def test_turns_that_begin_below_a_lag_keep_what_it_set_first() -> None:
    """A `next` that leads below the lag: the register holds what turn 0 made of it."""
    lines = ("loop l0, 3", "lag l1, l0, 0", "a: nop", *LOOK, "next l0, a")
    assert [base for _, base, _, _ in seen(*lines)] == [0, 0, 0]
    with pytest.raises(AcortexError, match=r"l1 is used before a loop sets it\n  hint: .*or set it with lag"):
        seen("loop l0, 3", "lag l1, l0, 1, a", "nop", "a: nop", *LOOK, "next l0, a")


# Refusals -------------------------------------------------------------------------------------------------------------

BELOW = "name a label below it, in the body of the same loop, or the `next` of that"
NEEDS = "`acortex isa lag` lists its operands"
TURNS = "by how many turns it is behind; 0: not at all"
OF = "the register of the loop, which is open or has ended"
REGISTER = "the register that is set: one that no `loop` of the program begins"
LISTS = "its operands are register, of, turns, until"


def no_loop(place: str, register: int) -> str:
    return f"A710 {place} no loop begins register l{register} above this line | put `loop l{register}, COUNT` before it"


def lag_of_lag(place: str, register: int, lag: str = "") -> str:
    note = f" | note {lag} the lag" if lag else ""
    return f"A713 {place} l{register} is set by lag, not by a loop | name the register with which the loop counts{note}"


LAG_BELOW = "A714 3:19 l1 is set by a lag below this line | put the lag above this line | note 4:1 the lag"

IN_A_LOOP = {
    "lag l1, l0, 128": ["A309 3:16 `turns` is 128, allowed is 0 to 127 | turns of a loop"],
    "lag l1, l0, -1": ["A309 3:16 `turns` is -1, allowed is 0 to 127 | turns of a loop"],
    "lag l1, l0": [f"A307 3:4 `lag` needs operand `turns`, {TURNS} | {NEEDS}"],
    "lag l1": [
        f"A307 3:4 `lag` needs operand `of`, {OF} | {NEEDS}",
        f"A307 3:4 `lag` needs operand `turns`, {TURNS} | {NEEDS}",
    ],
    "lag": [
        f"A307 3:4 `lag` needs operand `register`, {REGISTER} | {NEEDS}",
        f"A307 3:4 `lag` needs operand `of`, {OF} | {NEEDS}",
        f"A307 3:4 `lag` needs operand `turns`, {TURNS} | {NEEDS}",
    ],
    "lag l8, l0, 1": ["A308 3:8 `register` takes a loop register (l0 to l7), not `l8` | "],
    "lag d1, l0, 1": ["A308 3:8 `register` takes a loop register (l0 to l7), not `d1` | "],
    "lag l1, 0, 1": ["A308 3:12 `of` takes a loop register (l0 to l7), not `0` | "],
    "lag l1, l0, 1, nowhere": [
        "A201 3:19 no constant or label is called `nowhere` | define it: .equ NAME, EXPRESSION"
    ],
    "lag l1, l0, 1, until=a": [
        f"A711 3:25 lag leads to line 3, which is not below it | {BELOW} | note 3:4 where it leads to"
    ],
    "lag l1, l0, 1, 4, 4": [f"A303 3:22 `lag` takes at most 4 operands | {LISTS}"],
    "lag l1, l0, 1, 0": [
        "A309 3:19 `until` is 0, allowed is 1 to 65535 or none | an instruction further down, or none"
    ],
    "lag l1, l0, 1, 65536": [
        "A309 3:19 `until` is 65536, allowed is 1 to 65535 or none | an instruction further down, or none"
    ],
    "lag l1, l0, 1, 5": [
        "A701 3:19 the jump leads to address 5, outside the program | jump to a label in the body of the loop;"
        " addresses are 0 to 4"
    ],
    "lag l1, l0, 1, 4": [
        f"A711 3:19 lag leads to line 5, which is outside its loop | {BELOW} | note 5:1 where it leads to"
    ],
    "lag l1, l0, 1, step=2": [f"A305 3:19 `lag` has no operand `step` | {LISTS}"],
    "lag l1, l0, 1, until=3, until=3": [
        "A306 3:28 operand `until` is given twice | leave one of them out | note 3:25 the first one"
    ],
    "lag l1, l0, host": ["A201 3:16 no constant or label is called `host` | define it: .equ NAME, EXPRESSION"],
    "LAG l1, l0, 1": ["A208 3:4 no instruction is called `LAG` | did you mean `lag`? words are written in lower case"],
    "lag l0, l0, 1": ["A712 3:8 l0 is set by lag, and counts a loop | take another register for the lag"
                      " | note 2:1 the loop"],
    "lag l1, l1, 0": [lag_of_lag("3:12", 1)],
    "lag l1, l7, 0": [no_loop("3:12", 7)],
}  # fmt: skip
"""What is refused between `loop l0, 3` and its `next`, and how."""


@pytest.mark.parametrize("lag", IN_A_LOOP)
def test_a_lag_that_is_refused_in_a_loop(lag: str) -> None:
    assert refusals("start", "loop l0, 3", f"a: {lag}", "next l0, a") == IN_A_LOOP[lag]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("start", "lag l1, l0, 1"), [no_loop("2:9", 0)]),
        (("lag l1, l0, 1", "start"), [no_loop("1:9", 0)]),
        (("start", "lag l1, l0, 1, b", "loop l0, 2", "a: nop", "next l0, a", "b: nop"), [no_loop("2:9", 0)]),
        (("start", "loop l0, 3", "a: lag l1, l0, 0", "next l1, a", "next l0, a"), [lag_of_lag("4:6", 1, "3:4")]),
        (("start", "loop l0, 3", "a: lag l1, l0, 0", "next l0, a", "next l1, a"), [lag_of_lag("5:6", 1, "3:4")]),
        (("start", "loop l0, 3", "a: base d0, 0, by=l1", "lag l1, l0, 0", "next l0, a"), [LAG_BELOW]),
        (("start", "loop l0, 3", "a: lag l1, l0, 0", "lag l2, l1, 0", "next l0, a"), [lag_of_lag("4:9", 1, "3:4")]),
        (
            ("start", "loop l0, 3", "a: nop", "next l0, a", "loop l1, 2", "b: lag l1, l0, 0", "next l1, b"),
            ["A712 6:8 l1 is set by lag, and counts a loop | take another register for the lag | note 5:1 the loop"],
        ),
        (
            ("start", "loop l0, 3", "loop l2, 2", "b: lag l1, l0, 1, past", "next l2, b", "past: next l0, 2"),
            [f"A711 4:19 lag leads to line 6, which is outside its loop | {BELOW} | note 6:7 where it leads to"],
        ),
        (
            ("start", "loop l0, 3", "a: lag l1, l0, 1, p", "loop l2, 2", "p: nop", "next l2, p", "next l0, a"),
            [f"A711 3:19 lag leads to line 5, which is in another loop | {BELOW} | note 5:4 where it leads to"],
        ),
        (
            ("start", "loop l0, 3", "a: lag l1, l0, 1, p", "loop l2, 2", "b: nop", "p: next l2, b", "next l0, a"),
            [f"A711 3:19 lag leads to line 6, which is in another loop | {BELOW} | note 6:4 where it leads to"],
        ),
        (
            ("start", "loop l0, 3", "a: lag l1, l0, 1, p", "next l0, a", "loop l2, 2", "p: nop", "next l2, p"),
            [f"A711 3:19 lag leads to line 6, which is in another loop | {BELOW} | note 6:4 where it leads to"],
        ),
        (
            ("loop l0, 3", "a: nop", "next l0, a", "lag l1, l0, 1, s", "s: start"),
            ["A702 4:16 the jump crosses `start` | a loop lies wholly in set-up or in the run"
             " | note 5:4 the `start`"],
        ),
    ],
)  # fmt: skip
def test_a_lag_that_is_refused_where_it_stands(lines: tuple[str, ...], expected: list[str]) -> None:
    assert refusals(*lines) == expected


# Loops of Python ------------------------------------------------------------------------------------------------------


@dataclass
class Loop:
    """A loop: its register, its count, and its body."""

    register: int
    count: int
    body: list[Part] = field(default_factory=list)


@dataclass
class Lag:
    """What is done where a loop has come so far: for the turn before, whose number a register of its own holds."""

    register: int
    of: int
    turns: int
    body: list[Part] = field(default_factory=list)


Part = Loop | Lag | int


class Reader:
    """Does what the manual says, without a jump: what is read is the count of a register."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.seen: list[int] = []

    def run(self, parts: list[Part]) -> None:
        for part in parts:
            if isinstance(part, int):
                self.seen.append(self.counts[part])
            elif isinstance(part, Loop):
                for turn in range(part.count or HOST):
                    self.counts[part.register] = turn
                    self.run(part.body)
            elif self.counts[part.of] >= part.turns:
                self.counts[part.register] = self.counts[part.of] - part.turns
                self.run(part.body)


def draw(chance: random.Random, known: frozenset[int], counting: frozenset[int], depth: int) -> list[Part]:
    """Random loops with registers 0 to 4, and lags with 5 to 7, behind a loop that is open or has ended."""
    parts: list[Part] = []
    for _ in range(chance.randint(1, 4)):
        kind, free = chance.random(), sorted(set(range(5)) - counting)
        lagging = sorted({5, 6, 7} - known)
        if depth and free and kind < 0.35:
            loop = Loop(chance.choice(free), chance.choice([0, 1, 2, 4]))
            loop.body = draw(chance, known | {loop.register}, counting | {loop.register}, depth - 1)
            parts.append(loop)
            known |= {loop.register}
        elif depth and lagging and (of := sorted(known - {5, 6, 7})) and kind < 0.8:
            lag = Lag(chance.choice(lagging), chance.choice(of), chance.choice([0, 1, 1, 2, 3]))
            lag.body = draw(chance, known | {lag.register}, counting, depth - 1)
            parts.append(lag)
        elif known:
            parts.append(chance.choice(sorted(known)))
    return parts


def written(parts: list[Part], lines: list[str]) -> Iterator[str]:
    """The lines of assembly; `lines` counts labels."""
    for part in parts:
        lines.append("")
        label = f"at_{len(lines)}"
        if isinstance(part, int):
            yield from (f"base d0, 0, by=l{part}, stride=1", "read d0")
        elif isinstance(part, Loop):
            yield from (f"loop l{part.register}, {part.count or 'host'}", f"{label}: nop")
            yield from written(part.body, lines)
            yield f"next l{part.register}, {label}"
        else:
            yield f"lag l{part.register}, l{part.of}, {part.turns}, {label}"
            yield from written(part.body, lines)
            yield f"{label}: nop"


@pytest.mark.parametrize("seed", range(80))
def test_random_lags_count_as_loops_of_python(seed: int) -> None:
    parts: list[Part] = [Loop(0, 1), *draw(random.Random(seed), frozenset({0}), frozenset(), 4)]
    reader = Reader()
    reader.run(parts)
    lines = list(written(parts, []))
    assert [base for _, base, _, _ in seen(*lines)] == reader.seen
    program = assemble("\n".join(("start", *lines, "halt")))
    assert assemble(disassemble(program)).words.tolist() == program.words.tolist()


def test_random_lags_are_worth_comparing() -> None:
    lags = [
        line for seed in range(80) for line in written(draw(random.Random(seed), frozenset({0}), frozenset(), 4), [])
    ]
    assert sum(line.startswith("lag") for line in lags) > 150


def hint_of(source: str) -> str:
    with pytest.raises(AcortexError) as caught:
        assemble(source)
    (error,) = caught.value.errors if isinstance(caught.value, ManyErrors) else [caught.value]
    return error.hint


EARLIER = (
    "an earlier turn has a register of its own: `lag {}, {}, {}, until=LABEL`, with a label below it in the same loop"
)


@pytest.mark.parametrize("counted", range(8))
@pytest.mark.parametrize("others", [(), (0,), (0, 1), (0, 1, 2, 3, 4, 5)])
def test_what_a_turn_counted_from_a_register_is_led_to_assembles(counted: int, others: tuple[int, ...]) -> None:
    """The hint names a register that neither a loop nor another lag of the program has, wherever these stand."""
    source = f"start\nloop l{counted}, host\nagain: {{}}\nendinference\npast: next l{counted}, again\n"
    taken = [one for one in others if one != counted]
    source += "".join(f"loop l{one}, 2\ninner{one}: nop\nnext l{one}, inner{one}\n" for one in taken) + "halt\n"
    hint = hint_of(source.format(f"inference by=l{counted} - 2"))
    free = next(one for one in range(8) if one not in {counted, *others})
    assert hint == EARLIER.format(f"l{free}", f"l{counted}", 2)
    lag = hint.split("`")[1].replace("LABEL", "past")
    assemble(source.format(f"{lag}\ninference by=l{free}"))


def test_a_name_of_a_register_leads_to_a_lag_of_that_name() -> None:
    source = ".name now, l0\nstart\nloop now, host\nagain: inference {}\nendinference\nnext now, again\nhalt\n"
    assert hint_of(source.format("now - N")) == EARLIER.format("l1", "now", "N")
    assert hint_of(source.format("now - (1 + 1)")) == EARLIER.format("l1", "now", "TURNS")


def test_without_a_free_register_no_lag_is_proposed() -> None:
    loops = [f"loop l{number}, 2\na{number}: nop\n" for number in range(8)]
    ends = [f"next l{number}, a{number}\n" for number in reversed(range(8))]
    source = "".join(["start\n", *loops, "inference by=l7 - 1\nendinference\n", *ends, "halt\n"])
    assert hint_of(source) == (
        "an earlier turn has a register of its own, and the program uses them all: merge two loops into one"
    )
