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
