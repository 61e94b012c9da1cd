"""The edit script: as short as the longest common subsequence allows, whatever the sequences."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.traces.edit_script import matches

WORDS = st.lists(st.sampled_from("abc"), max_size=14)


def longest(left: list[str], right: list[str]) -> int:
    """The length of the longest common subsequence, by the table that every textbook has."""
    row = [0] * (len(right) + 1)
    for x in left:
        before, row = row, [0]
        for at, y in enumerate(right):
            row.append(before[at] + 1 if x == y else max(before[at + 1], row[-1]))
    return row[-1]


@given(WORDS, WORDS)
def test_as_many_items_are_matched_as_can_be(left: list[str], right: list[str]) -> None:
    found = matches(left, right)
    assert found is not None
    assert len(found) == longest(left, right)
    assert all(left[x] == right[y] for x, y in found)
    assert all(x < u and y < v for (x, y), (u, v) in pairwise(found))


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ("", "", []),
        ("", "ab", []),
        ("ab", "ab", [(0, 0), (1, 1)]),
        ("ab", "axxb", [(0, 0), (1, 3)]),
        ("axb", "ab", [(0, 0), (2, 1)]),
        ("aaa", "aa", [(0, 0), (1, 1)]),
        ("abc", "xyz", []),
    ],
)
def test_small_ones(left: str, right: str, found: list[tuple[int, int]]) -> None:
    assert matches(left, right) == found


def test_a_full_memory_of_instructions_takes_no_time() -> None:
    left = [str(at % 7) for at in range(65_536)]
    right = [*left[:9], "x", *left[9:40_000], "y", *left[40_500:]]
    began = time.process_time()
    found = matches(left, right)
    assert found is not None
    assert len(found) == 65_536 - 500
    assert time.process_time() - began < 30


def test_what_has_nothing_in_common_is_given_up() -> None:
    left, right = list(range(60_000)), list(range(60_000, 120_000))
    assert matches(left, right, most_steps=10_000) is None
