"""The loop over the host's inferences is found in a program, with the number of turns after which it repeats."""

from __future__ import annotations

import pytest

from acortex.isa.asm.assembler import assemble
from acortex.isa.sequencer import Sequencer
from acortex.sim.functional.host_loop import HostLoop, count_of, host_loop

TEXT = """
.program one
.input x, shape=64
start
{before}
loop l0, host
turn: inference l0
{body}
input x, d0
endinference
next l0, turn
{behind}
halt
"""


def found(body: str = "base d0, 0", before: str = "", behind: str = "") -> HostLoop | None:
    """The loop of a program with some lines in its body, before it and behind it."""
    return host_loop(assemble(TEXT.format(body=body, before=before, behind=behind)))


def test_the_loop_is_named_by_its_register_and_its_two_ends() -> None:
    assert found() == HostLoop(register=0, opens=1, closes=6, period=1)


@pytest.mark.parametrize(
    ("body", "period"),
    [
        ("base d0, 0, by=l0, stride=1, ring=3", 3),
        ("base d0, 0, by=l0, stride=1, ring=4\nbase d1, 8, by=l0, stride=2, ring=6", 12),
        ("base d0, 0, by=l0, stride=0", 1),
        ("base d0, 0, by=l0, stride=1", None),
        ("disconnect g0, by=l0, step=1", None),  # groups stand in no ring
        ("disconnect g0, by=l0, step=0", 1),
        ("loop l1, 2\nagain: base d0, 0, by=l1, stride=1\nnext l1, again", 1),
    ],
)
def test_the_period_is_that_of_all_rings_together(body: str, period: int | None) -> None:
    loop = found(body)
    assert loop is not None
    assert loop.period == period


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("loop l1, 2\nouter: nop", "next l1, outer"),
        ("", "loop l0, host\nmore: nop\nnext l0, more"),
        ("", "loop l0, 2\nmore: nop\nnext l0, more"),
    ],
)
def test_no_loop_is_the_one_where_another_is_around_it_or_has_its_register(before: str, behind: str) -> None:
    assert found(before=before, behind=behind) is None


def test_a_loop_whose_every_turn_begins_with_it_is_around_it() -> None:
    text = TEXT.replace("loop l0, host", "loop l1, 2\nouter: loop l0, host")
    assert host_loop(assemble(text.format(body="nop", before="", behind="next l1, outer"))) is None


def test_a_program_without_a_loop_over_inferences_has_none() -> None:
    assert host_loop(assemble(".program none\nstart\nloop l0, 3\nturn: nop\nnext l0, turn\nhalt\n")) is None


def test_the_turn_is_that_of_the_sequencer() -> None:
    program = assemble(TEXT.format(body="base d0, 0", before="", behind=""))
    loop, sequencer = host_loop(program), Sequencer(program, 3)
    assert loop is not None
    turns = []
    while sequencer.state != "halted":
        if sequencer.pc == loop.closes:
            turns.append(count_of(sequencer, loop))
        sequencer.step()
    assert turns == [0, 1, 2]


def test_the_first_line_of_the_loop_has_its_part_in_the_period() -> None:
    first = TEXT.replace("turn: inference l0", "turn: base d0, 0, by=l0, stride=1, ring=3\ninference l0")
    loop = host_loop(assemble(first.format(body="nop", before="", behind="")))
    assert loop is not None and loop.period == 3


def lag(register: str, of: str, turns: int, at: int) -> str:
    """A line that lags, which leaves a line out in the first turns."""
    return f"lag {register}, {of}, {turns}, past{at}\nnop\npast{at}: nop"


@pytest.mark.parametrize(
    ("lags", "lagging", "settled"),
    [
        ([("l1", "l0", 2)], {1}, 2),
        ([("l1", "l0", 0)], {1}, 0),
        ([("l1", "l0", 1), ("l2", "l0", 3)], {1, 2}, 3),
        ([("l1", "l0", 3), ("l1", "l0", 1)], {1}, 3),
        ([("l1", "l0", 1), ("l1", "l0", 3)], {1}, 3),
    ],
)
def test_turns_are_alike_once_no_lag_leaves_anything_out(
    lags: list[tuple[str, str, int]], lagging: set[int], settled: int
) -> None:
    loop = found("\n".join(lag(*one, at) for at, one in enumerate(lags)))
    assert loop is not None
    assert (loop.lagging, loop.settled) == (lagging, settled)


def test_a_stream_that_follows_a_lagging_register_has_its_ring_in_the_period() -> None:
    ring = "base d0, 0, by=l1, stride=1, ring=5"
    loop = found(f"{lag('l1', 'l0', 1, 0)}\n{ring}")
    assert loop is not None and loop.period == 5
    loop = found(f"{lag('l1', 'l0', 1, 0)}\nbase d0, 0, by=l1, stride=1")
    assert loop is not None and loop.period is None


def test_a_register_that_lags_behind_two_loops_is_followed_in_neither() -> None:
    other = f"loop l2, 2\nagain: nop\n{lag('l1', 'l2', 1, 1)}\nnext l2, again"
    assert found(f"{lag('l1', 'l0', 1, 0)}\n{other}") is None
    assert found(other) is not None
