"""Loops: what their registers hold, in and after them, and how they may lie in each other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from acortex.errors import ManyErrors, UsageError
from acortex.isa.asm.assembler import assemble
from acortex.isa.container import dumps, loads
from acortex.isa.sequencer import Sequencer

HOST = 3


def addresses(*lines: str) -> list[int]:
    """The addresses that the reads of a program begin at; the lines stand behind `start`, at address 1."""
    sequencer = Sequencer(assemble("\n".join(("start", *lines, "halt"))), HOST)
    found = []
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is not None and dispatch.stream is not None:
            found.append(dispatch.stream.base)
    return found


def look(register: int) -> tuple[str, str]:
    """Lines that read at the address that a loop register holds."""
    return f"base d0, 0, by=l{register}, stride=1", "read d0"


@pytest.mark.parametrize(("count", "last"), [("1", 0), ("4", 3), ("host", HOST - 1)])
def test_a_register_keeps_the_count_of_the_last_turn(count: str, last: int) -> None:
    assert addresses(f"loop l2, {count}", "nop", "next l2, 2", *look(2)) == [last]


def test_an_inner_register_is_0_again_at_each_turn_and_keeps_its_last_count_between() -> None:
    inner = ("loop l1, 3", "top: nop", "next l1, top", *look(1))
    assert addresses("loop l0, 2", "turn: nop", *inner, "next l0, turn") == [2, 2]
    assert addresses("loop l1, 3", "nop", "next l1, 2", "loop l0, 2", "turn: nop", *look(1), "loop l1, 2", "top: nop",
                     "next l1, top", "next l0, turn") == [2, 1]  # fmt: skip


def test_a_loop_begun_a_second_time_counts_from_0() -> None:
    first = ("loop l0, 3", "nop", "next l0, 2")
    assert addresses(*first, "loop l0, 2", "again: nop", *look(0), "next l0, again", *look(0)) == [0, 1, 1]


def test_a_register_outlives_start() -> None:
    text = "loop l3, 5\na: nop\nnext l3, a\nstart\nbase d0, 0, by=l3, stride=1\nread d0\nhalt"
    sequencer = Sequencer(assemble(text), HOST)
    bases = [found.stream.base for found in iter_dispatches(sequencer) if found.stream]
    assert bases == [4]


def test_after_a_loop_groups_and_inferences_go_by_the_last_count() -> None:
    groups = "".join(f"group g{number}, 1, 1\nrect g{number}, {number}, 0\n" for number in range(3))
    text = f"{groups}start\nloop l0, 3\na: nop\nnext l0, a\ninference l0\nmultiply g0, 1, by=l0, step=1\nhalt"
    (found,) = iter_dispatches(Sequencer(assemble(text), HOST))
    assert (found.inference, found.group) == (2, 2)


def iter_dispatches(sequencer: Sequencer) -> Iterator:  # type: ignore[type-arg]  # dispatches, whose operands are Any
    """What the agents of a program receive."""
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is not None:
            yield dispatch


# How loops lie --------------------------------------------------------------------------------------------------------


def complaints(*lines: str) -> list[str]:
    """What is wrong with a program; its first line is line 1."""
    with pytest.raises(ManyErrors) as caught:
        assemble("\n".join((*lines, "halt")))
    return [f"{error.where.removeprefix('<text>:')} {error.message} | {error.hint}" for error in caught.value.errors]


CLOSE = "end its body with `next l0, LABEL`, LABEL at the first line below the loop"
ONE_SIDE = "a loop lies wholly in set-up or in the run"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("start", "loop l0, 2", "nop"), [f"2:6 the loop of l0 is never closed | {CLOSE}"]),
        (("loop l0, 1", "start"), [f"1:6 the loop of l0 is never closed | {CLOSE}"]),
        (
            ("start", "loop l0, 2", "a: nop", "next l0, a", "loop l0, 2"),
            [f"5:6 the loop of l0 is never closed | {CLOSE}"],
        ),
        (
            ("start", "loop l0, 2", "a: nop", "next l0, a", "next l0, a"),
            ["5:6 the loop of l0 has ended already | begin another one: `loop l0, COUNT`"],
        ),
        (
            ("start", "loop l0, 3", "a: nop", "loop l1, 2", "b: nop", "next l0, a", "next l1, b"),
            ["6:6 the loop of l0 is closed while that of l1, begun inside it, is open | close l1 above"],
        ),
        (
            ("start", "loop l0, 3", "a: nop", "loop l0, 2", "b: nop", "next l0, b", "next l0, a"),
            ["4:6 l0 is begun again inside its own loop | take another register for the inner loop"],
        ),
        (
            ("start", "loop l0, 3", "a: loop l1, 2", "b: nop", "next l1, b", "next l0, b"),
            ["6:10 the jump leads into an inner loop, past its beginning | jump to its `loop`, or above it"],
        ),
        (
            ("start", "a: nop", "loop l0, 3", "nop", "next l0, a"),
            [
                "5:10 next jumps to line 2, outside the body of l0, lines 4 to 5"
                " | jump to a label between the loop and its next"
            ],
        ),
        (
            ("start", "a: loop l0, 3", "nop", "next l0, a"),
            [
                "4:10 next jumps to line 2, outside the body of l0, lines 3 to 4"
                " | jump to a label between the loop and its next"
            ],
        ),
        (
            ("loop l0, 3", "start", "a: nop", "next l0, a"),
            [f"4:6 the loop of l0 begins before `start` | {ONE_SIDE}"],
        ),
        (
            ("start", "loop l0, 3", "a: nop", "lag l1, l0, 1, a", "next l0, a"),
            [
                "4:16 lag leads to line 3, which is not below it | name a label below it, in the body of the same loop,"
                " or the `next` of that"
            ],
        ),
        (
            ("start", "loop l0, 3", "a: lag l1, l0, 1, a", "next l0, a"),
            [
                "3:19 lag leads to line 3, which is not below it | name a label below it, in the body of the same loop,"
                " or the `next` of that"
            ],
        ),
        (
            ("start", "loop l0, 3", "a: lag l1, l0, 1, b", "loop l2, 2", "b: nop", "next l2, b", "next l0, a"),
            [
                "3:19 lag leads to line 5, which is in another loop | name a label below it, in the body of the same"
                " loop, or the `next` of that"
            ],
        ),
        (
            ("start", "loop l0, 3", "a: lag l1, l0, 1, b", "next l0, a", "b: nop"),
            [
                "3:19 lag leads to line 5, which is outside its loop | name a label below it, in the body of the same"
                " loop, or the `next` of that"
            ],
        ),
        (
            ("loop l0, 3", "a: nop", "next l0, a", "lag l1, l0, 1, b", "start", "b: nop"),
            [f"4:16 the jump crosses `start` | {ONE_SIDE}"],
        ),
        (
            ("start", "loop l0, 3", "a: lag l1, l0, 1, 99", "next l0, a"),
            [
                "3:19 the jump leads to address 99, outside the program | jump to a label in the body of the loop;"
                " addresses are 0 to 4"
            ],
        ),
        (
            ("start", "loop l0, 3", "a: lag l0, l0, 1", "next l0, a"),
            ["3:8 l0 is set by lag, and counts a loop | take another register for the lag"],
        ),
        (
            ("start", "lag l1, l0, 1", "loop l0, 3", "a: nop", "next l0, a"),
            ["2:9 no loop begins register l0 above this line | put `loop l0, COUNT` before it"],
        ),
        (
            ("start", "loop l0, 3", "a: lag l1, l0, 0", "lag l2, l1, 0", "next l0, a", "inference l1"),
            ["4:9 l1 is set by lag, not by a loop | name the register with which the loop counts"],
        ),
        (
            ("start", "loop l0, 3", "a: inference l1", "lag l1, l0, 0", "next l0, a"),
            ["3:14 l1 is set by a lag below this line | put the lag above this line"],
        ),
        (("loop l0, 3", "a: nop", "start", "next l0, a"), [f"4:10 the jump crosses `start` | {ONE_SIDE}"]),
    ],
)
def test_loops_that_are_refused(lines: tuple[str, ...], expected: list[str]) -> None:
    assert complaints(*lines) == expected


def test_a_jump_may_lead_to_an_inner_loop_or_past_one() -> None:
    inner = ("loop l1, 2", "b: nop", "next l1, b")
    assert addresses("loop l0, 2", *inner, *look(1), "next l0, 2") == [1, 1]
    assert addresses("loop l0, 2", *inner, "c: nop", *look(1), "next l0, c") == [1, 1]


# A second sequencer ---------------------------------------------------------------------------------------------------


@dataclass
class Block:
    """A loop: its register and count, what stands in its body, and from which part of it on later turns begin."""

    register: int
    count: int
    body: list[Block | int] = field(default_factory=list)
    again: int = 0


class Reader:
    """Runs blocks as the manual tells it: a loop is a loop of Python, its register a place in a list."""

    def __init__(self) -> None:
        self.registers = [0] * 8
        self.seen: list[int] = []

    def run(self, parts: list[Block | int]) -> None:
        for part in parts:
            if isinstance(part, int):
                self.seen.append(self.registers[part])
            else:
                for turn in range(part.count or HOST):
                    self.registers[part.register] = turn
                    self.run(part.body[part.again if turn else 0 :])


def draw(chance: random.Random, taken: frozenset[int], depth: int) -> list[Block | int]:
    """Random looks at registers and loops with free registers."""
    parts: list[Block | int] = []
    for _ in range(chance.randint(1, 4)):
        if depth and chance.random() < 0.6:
            register = chance.choice([number for number in range(8) if number not in taken])
            block = Block(register, chance.choice([0, 1, 2, 3]))
            block.body = draw(chance, taken | {register}, depth - 1)
            block.again = chance.randrange(len(block.body))
            parts.append(block)
        else:
            parts.append(chance.randrange(8))
    return parts


def written(parts: list[Block | int], lines: list[str]) -> None:
    """Blocks as lines of assembly."""
    for part in parts:
        if isinstance(part, int):
            lines += look(part)
            continue
        lines.append(f"loop l{part.register}, {part.count or 'host'}")
        written(part.body[: part.again], lines)
        label = f"at_{len(lines)}"
        lines.append(f"{label}:")
        written(part.body[part.again :], lines)
        lines.append(f"next l{part.register}, {label}")


@pytest.mark.parametrize("seed", range(60))
def test_random_loops_count_as_those_of_another_language(seed: int) -> None:
    parts = draw(random.Random(seed), frozenset(), 3)
    lines: list[str] = []
    for register in range(8):
        lines += [f"loop l{register}, 1", f"r{register}: nop", f"next l{register}, r{register}"]
    written(parts, lines)
    reader = Reader()
    reader.run(parts)
    assert addresses(*lines) == reader.seen


def test_a_container_is_held_to_the_same_rules() -> None:
    program = assemble("start\nloop l0, 1\nnop\nnext l0, 2\nhalt", file="p.s")
    words = program.words.copy()
    words[3] = words[2]
    with pytest.raises(UsageError, match=r"breaks a rule: p\.s:2: the loop of l0 is never closed"):
        loads(dumps(replace(program, words=words)))
