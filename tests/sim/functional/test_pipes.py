"""Pipes between agents: runs of items are cut and taken as single items would be, one by one."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import pytest

from acortex.sim.functional.pipes import ItemRun, Pipe, needed

BEGUN: Any = object()
TAKER: Any = "taker"


def run(name: Any, count: int, *, last: bool = True) -> ItemRun:
    """Items that an instruction of some name gave."""
    return ItemRun(count, name, BEGUN, BEGUN, last)


def told(runs: list[ItemRun]) -> list[tuple[Any, int, bool]]:
    return [(one.dispatch, one.count, one.last) for one in runs]


def pipe_of(*runs: ItemRun) -> Pipe:
    pipe = Pipe()
    for one in runs:
        pipe.put(one)
    return pipe


def test_items_leave_in_the_order_in_which_they_were_given() -> None:
    pipe = pipe_of(run("a", 2), run("b", 1), run("c", 3))
    assert pipe.held == 6
    assert told(pipe.take(3)) == [("a", 2, True), ("b", 1, True)]
    assert (pipe.held, told(list(pipe.runs))) == (3, [("c", 3, True)])


def test_an_instruction_that_gave_nothing_is_not_waited_for() -> None:
    pipe = pipe_of(run("a", 0), run("b", 1))
    assert (pipe.held, told(list(pipe.runs))) == (1, [("b", 1, True)])


@pytest.mark.parametrize("last", [True, False])
def test_only_the_end_of_a_run_that_is_cut_says_that_it_is_the_last(last: bool) -> None:
    pipe = pipe_of(run("a", 5, last=last))
    assert told(pipe.take(2)) == [("a", 2, False)]
    assert told(pipe.take(2)) == [("a", 2, False)]
    assert told(pipe.take(1)) == [("a", 1, last)]
    assert (pipe.held, list(pipe.runs)) == (0, [])


def test_what_is_left_of_a_run_knows_how_many_are_gone_and_who_took_the_last_of_them() -> None:
    pipe = pipe_of(run("a", 5))
    pipe.take(2, "one")  # type: ignore[arg-type]
    assert [(left.count, left.taken, left.taker) for left in pipe.runs] == [(3, 2, "one")]
    (piece,) = pipe.take(1, "other")  # type: ignore[arg-type]
    assert (piece.taken, piece.taker) == (2, "one")
    assert [(left.count, left.taken, left.taker) for left in pipe.runs] == [(2, 3, "other")]


def test_a_run_that_is_taken_whole_stays_as_it_is() -> None:
    given = run("a", 2)
    assert pipe_of(given).take(2, TAKER)[0] is given


def test_nothing_is_taken_from_an_empty_pipe() -> None:
    pipe = Pipe()
    assert pipe.take(0) == []
    with pytest.raises(IndexError):
        pipe.take(1)


def test_who_looks_takes_nothing() -> None:
    pipe = pipe_of(run("a", 2), run("b", 2))
    before = list(pipe.runs)
    assert told(pipe.look(3)) == [("a", 2, True), ("b", 1, False)]
    assert (list(pipe.runs), pipe.held) == (before, 4)


class Item(NamedTuple):
    """A single item: which instruction gave it, and whether it is the last that this one gave."""

    giver: int
    last: bool


def items_of(runs: list[ItemRun]) -> list[Item]:
    return [Item(int(str(one.dispatch)), one.last and at == one.count - 1) for one in runs for at in range(one.count)]


@pytest.mark.parametrize("seed", range(20))
def test_a_pipe_is_a_queue_of_single_items(seed: int) -> None:
    rng = random.Random(seed)
    pipe, plain = Pipe(), []
    for giver in range(60):
        if rng.random() < 0.5:
            given = run(giver, rng.randrange(6), last=rng.random() < 0.5)
            pipe.put(given)
            plain += items_of([given])
        else:
            count = rng.randint(0, len(plain))
            assert items_of(pipe.look(count)) == plain[:count]
            assert items_of(pipe.take(count, TAKER)) == plain[:count]
            plain = plain[count:]
        assert (items_of(list(pipe.runs)), pipe.held) == (plain, len(plain))


@pytest.mark.parametrize(
    ("unneeded", "left"),
    [
        (0, [("a", 2, True), ("b", 3, True)]),
        (1, [("a", 2, True), ("b", 2, False)]),
        (2, [("a", 2, True), ("b", 1, False)]),
        (3, [("a", 2, True)]),
        (4, [("a", 1, False)]),
        (5, []),
    ],
)
def test_what_an_instruction_needs_is_all_but_the_end_of_what_it_takes(
    unneeded: int, left: list[tuple[str, int, bool]]
) -> None:
    assert told(needed([run("a", 2), run("b", 3)], unneeded)) == left
