"""Bugs planted in what skips are found: each by a program that is named, as it is run here."""

from __future__ import annotations

import ast
from functools import cache

import pytest
from timed_chips import NAMES, Runs, of_ours

from acortex.sim.timing import skipping
from judge.aimed import BUSY, CONTENDED, stuck_as_a_frame_waits, stuck_as_the_controller_waits
from judge.blind import reborn
from judge.in_turn import AIMED
from judge.planted_skips import BUGS, FOUND_BY, NOT_FOUND, planted, text_of
from judge.skips import Seen, cases, differences, differences_of, forgetting, runs_of, seen

CHIPS = {
    "": (),
    "busy": BUSY,
    "contended": CONTENDED,
    "crowded": (*BUSY, "memory.access_cycles=6", "memory.bank_cycles=6"),
}
STUCK = {
    "stuck as a frame waits": stuck_as_a_frame_waits(20),
    "stuck as the controller waits": stuck_as_the_controller_waits(20),
}

FAILURES = (AssertionError, LookupError, TypeError, AttributeError, ValueError, StopIteration, RuntimeError)
"""What a run may raise that has a bug."""


@cache
def program(name: str) -> tuple[Runs, Seen]:
    """A program by its name: one that aims, one of ours, or that of a seed; behind `on` its chip."""
    kind, _, chip = name.partition(" on ")
    if kind in STUCK:
        runs = STUCK[kind].runs()
    elif kind in NAMES:
        runs = of_ours(kind, CHIPS[chip], 12)
    elif kind.startswith("seed "):
        found = runs_of([*cases(int(kind.split()[1]))][0 if kind.endswith("few") else -1])
        assert found is not None
        runs = found
    else:
        runs = AIMED[kind].runs(*CHIPS[chip])
    return runs, seen(runs, False)


@pytest.mark.parametrize("bug", BUGS, ids=[name for name, *_ in BUGS])
def test_the_text_that_a_bug_replaces_stands_in_its_module(bug: tuple[str, str, str, str]) -> None:
    _, module, text, instead = bug
    changed = text_of(module).replace(text, instead, 1)
    assert changed != text_of(module)
    ast.parse(changed)


def test_each_bug_has_what_finds_it() -> None:
    assert sorted([*FOUND_BY, *NOT_FOUND]) == sorted(name for name, *_ in BUGS)


def wrong(runs: Runs, whole: Seen) -> list[str]:
    """What is wrong with a run as it skips, as it forgets what it saw, or as its chip is set up anew at each look."""
    ticks = (
        50 + len(whole.rows[0].T) // 4
    )  # each is many events, as a run forgets sixteen: none that is right needs more
    try:
        found = differences_of(runs, whole=whole, ticks=ticks)[0]
        for eager in () if found else (False, True):
            with forgetting():
                found += differences(whole, seen(runs, True, eager=eager, ticks=ticks))
        with reborn():
            return found or differences(whole, seen(runs, True, eager=True, ticks=len(whole.rows[0].T)))
    except FAILURES as failed:
        return [repr(failed)]


@pytest.mark.slow
@pytest.mark.sampled(14)
@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug[0] in FOUND_BY], ids=lambda bug: bug[0])
def test_a_planted_bug_is_found(bug: tuple[str, str, str, str]) -> None:
    runs, whole = program(FOUND_BY[bug[0]])
    with planted(bug):
        assert wrong(runs, whole)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", sorted(set(FOUND_BY.values())))
def test_without_a_bug_nothing_is_found(name: str) -> None:
    before = skipping.Skipper
    with planted(("nothing", "skipping", "KEPT = 4", "KEPT = 4")):
        assert skipping.Skipper is not before
        assert wrong(*program(name)) == []
