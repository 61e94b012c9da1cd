"""States of a walk that follow several counters, and what of two periods is the same. See test_lanes.py, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from acortex.sim.functional.periods import State, alike, same


def state(clocks: list[list[int]], counters: list[int], *, waiting: int = 0, fixed: str = "a") -> State:
    """A state of clocks whose first entry follows the first counter, and so on."""
    follows = np.arange(len(counters))
    held = [np.array(clock, dtype=np.int64) for clock in clocks]
    return State(
        turn=counters[-1], steps=0, finished=0, waiting=waiting, fixed=(fixed,), clocks=held,
        agents=[follows[: len(clock)] for clock in held], counters=np.array(counters, dtype=np.int64),
        given={}, taken={},
    )  # fmt: skip


def moved(before: State, after: State) -> list[list[bool]] | None:
    found = alike(before, after)
    return None if found is None else [entries.tolist() for entries in found]


@pytest.mark.parametrize(
    ("old", "new", "entries"),
    [
        ([9, 9, 9], [12, 10, 10], [True, True, True]),  # as many instructions as their agents carried out, and a turn
        ([9, -1, 9], [12, -1, 10], [True, False, True]),
        ([-1, -1, -1], [-1, -1, -1], [False, False, False]),
        ([9, 9, 9], [11, 10, 10], None),  # one moved on, but by another number
        ([9, 9, 9], [8, 10, 10], None),
    ],
)
def test_each_entry_moves_with_its_counter_or_stays(old: list[int], new: list[int], entries: list[bool] | None) -> None:
    found = moved(state([old], [10, 10, 10]), state([new], [13, 11, 11]))
    assert found == (None if entries is None else [entries])


def test_an_entry_whose_agent_did_nothing_stays() -> None:
    assert moved(state([[4, 9]], [5, 10]), state([[4, 10]], [5, 11])) == [[False, True]]


def test_entries_of_other_counters_are_not_compared() -> None:
    assert moved(state([[7, 8]], [9, 9]), state([[8, 8]], [10, 9])) == [[True, False]]


def test_the_lowest_that_moves_and_the_highest_that_stays_count_in_all_clocks() -> None:
    before, after = state([[9], [5], [7], [3]], [9, 1]), state([[10], [5], [8], [3]], [10, 2])
    assert moved(before, after) == [[True], [False], [True], [False]]
    before, after = state([[9], [5], [4], [3]], [9, 1]), state([[10], [5], [5], [3]], [10, 2])
    assert moved(before, after) is None


@pytest.mark.parametrize(
    "changes", [({"fixed": "b"}, {}), ({}, {"fixed": "b"}), ({"waiting": 1}, {}), ({}, {"waiting": 1})]
)
def test_what_is_fixed_is_equal_and_nothing_waits_in_pipes(changes: tuple[dict[str, Any], dict[str, Any]]) -> None:
    one, two = changes
    assert moved(state([[9]], [9, 1]), state([[10]], [10, 2])) == [[True]]
    assert moved(state([[9]], [9, 1], **one), state([[10]], [10, 2], **two)) is None


def test_two_periods_are_the_same_that_move_the_same_entries() -> None:
    first = [np.array([True, False]), np.array([True])]
    assert same(first, [np.array([True, False]), np.array([True])])
    assert not same(first, [np.array([True, True]), np.array([True])])
    assert not same(first, [np.array([True, False]), np.array([False])])
    assert not same(None, first)
