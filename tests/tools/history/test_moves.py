"""Halving, and what neighbours say: held against a look at every commit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from acortex.tools.history.git import Commit
from acortex.tools.history.moves import differ, halved, series_of
from acortex.tools.history.states import State

COMMITS = [Commit(f"{at:040x}", "2026-01-02T03:04:05+00:00", f"step {at}") for at in range(40)]


class Known:
    """Cycles of each commit in order, None for one that does not run; counts what is looked at."""

    name, chip = "a.s", None

    def __init__(self, cycles: list[int | None]) -> None:
        self.cycles = cycles
        self.looked: list[int] = []

    def state(self, commit: Commit) -> State:
        at = COMMITS.index(commit)
        self.looked.append(at)
        return State(commit, error="fails") if self.cycles[at] is None else State(commit, golden(self.cycles[at]))

    @property
    def halved(self) -> list[State]:
        return halved(COMMITS[: len(self.cycles)], self.state)

    @property
    def all(self) -> list[State]:
        return [self.state(one) for one in COMMITS[: len(self.cycles)]]


def golden(cycles: int | None, **more: Any) -> dict[str, Any]:
    return {"schema": "acortex.golden/1", "cycles": cycles, "energy_aj": {"buses": 2, "dacs": 3}, "layers": {}, **more}


@given(st.lists(st.none() | st.integers(1, 3), min_size=1, max_size=len(COMMITS)))
def test_every_move_that_halving_finds_is_one_and_none_is_seen_twice(cycles: list[int | None]) -> None:
    known = Known(cycles)
    found = series_of(known, known.halved).moves
    assert len(known.looked) == len(set(known.looked))
    every = series_of(known, Known(cycles).all).moves
    assert all(one in every for one in found)
    assert (found == []) == (not differ(known.state(COMMITS[0]), known.state(COMMITS[len(cycles) - 1])))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=len(COMMITS)).map(sorted))
def test_where_numbers_only_rise_halving_finds_all(cycles: list[int]) -> None:
    known = Known(list(cycles))
    assert series_of(known, known.halved).moves == series_of(known, Known(list(cycles)).all).moves


def test_one_change_among_many_is_found_in_a_few_looks() -> None:
    known = Known([5] * 29 + [7] * 11)
    (move,) = series_of(known, known.halved).moves
    assert (move.subject, move.cycles, move.energy_aj, move.numbers) == ("step 29", [5, 7], [5, 5], 1)
    assert move.since == COMMITS[28].name
    assert len(known.looked) <= 8  # both ends, and log2 of 39


def test_changes_that_cancel_are_missed_by_halving_alone() -> None:
    known = Known([5, 5, 7, 5])
    assert series_of(known, known.halved).moves == []
    assert [one.cycles for one in series_of(known, known.all).moves] == [[5, 7], [7, 5]]


def test_a_commit_that_does_not_run_is_a_move_without_numbers() -> None:
    known = Known([5, None, None, 6])
    moves = series_of(known, known.all).moves
    assert [(one.cycles, one.numbers, one.changed, one.cause) for one in moves] == [
        ([5, None], 0, None, "no numbers: fails"),
        ([None, 6], 0, None, "numbers again; before: fails"),
    ]
    assert [point.error for point in series_of(known, known.all).points] == [None, "fails", "fails", None]


def test_a_cause_is_a_setting_or_an_instruction_and_else_the_simulator() -> None:
    first, second = COMMITS[:2]
    base = golden(5, settings={"memory.ports": 1}, instructions=["nop", "halt"])
    pairs = {
        "memory.ports 1 -> 2": golden(6, settings={"memory.ports": 2}, instructions=["nop", "halt"]),
        "removed nop": golden(6, settings={"memory.ports": 1}, instructions=["halt"]),
        "the same settings and instructions": golden(6, settings={"memory.ports": 1}, instructions=["nop", "halt"]),
        "settings and instructions of the golden unknown": golden(6),
    }
    for cause, after in pairs.items():
        (move,) = series_of(Known([]), [State(first, base), State(second, after)]).moves
        assert move.cause == cause


def test_other_names_of_layers_move_nothing() -> None:
    base = golden(5, instructions=["halt"]) | {"layers": {"a": 3, "-": 2}}
    renamed = base | {"layers": {"b": 3, "-": 2}}
    states = [State(one, content) for one, content in zip(COMMITS, (base, renamed), strict=False)]
    assert not any(differ(*pair) for pair in pairwise(states))


def test_a_golden_without_energy_has_none() -> None:
    assert State(COMMITS[0], {"cycles": 3}).energy_aj is None
    assert State(COMMITS[0], error="fails").cycles is None


def test_commits_that_fail_for_different_reasons_agree() -> None:
    one, other, known = (State(COMMITS[0], error="a"), State(COMMITS[1], error="b"), State(COMMITS[2], golden(3)))
    assert not differ(one, other) and differ(one, known) and differ(known, other)
    assert series_of(Known([]), [one, other, known]).moves[0].commit == COMMITS[2].name
