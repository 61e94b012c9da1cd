"""Two sequences side by side: which items are the same in both, with as few insertions and removals as possible.

The greedy algorithm of E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), with a bound on its
steps: sequences that have little in common need too many, and are not matched at all.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence

MOST_STEPS = 10_000_000
"""Steps after which a search is given up: about two seconds."""
MOST_EDITS = 1_500
"""Insertions and removals after which a search is given up: their square is held in memory."""

Match = tuple[int, int]
"""The positions of an item in both sequences."""


def matches(left: Sequence[Hashable], right: Sequence[Hashable], most_steps: int = MOST_STEPS) -> list[Match] | None:
    """The positions of equal items in rising order, most of them; None where a search would take too many steps."""
    shorter = min(len(left), len(right))
    head = next((at for at in range(shorter) if left[at] != right[at]), shorter)
    rest = shorter - head
    tail = next((at for at in range(rest) if left[-1 - at] != right[-1 - at]), rest)
    middle = _middle(left[head : len(left) - tail], right[head : len(right) - tail], most_steps)
    if middle is None:
        return None
    ends = [(len(left) - at, len(right) - at) for at in range(tail, 0, -1)]
    return [*((at, at) for at in range(head)), *((head + x, head + y) for x, y in middle), *ends]


def _middle(left: Sequence[Hashable], right: Sequence[Hashable], most_steps: int) -> list[Match] | None:
    """The matches of two sequences of which neither the first nor the last items are the same."""
    if not left or not right:
        return []
    rounds = _rounds(left, right, most_steps)
    return None if rounds is None else _walked_back(rounds, len(left), len(right))


def _rounds(left: Sequence[Hashable], right: Sequence[Hashable], most_steps: int) -> list[array[int]] | None:
    """For each number of edits the furthest position on each diagonal (left minus right), up to the end of both.

    With n edits the diagonals from -n to n in steps of 2 can be reached, and have a place each.
    """
    rounds: list[array[int]] = []
    steps = 0
    for edits in range(len(left) + len(right) + 1):
        reached = array("l")
        for diagonal in range(-edits, edits + 1, 2):
            first = _entry(rounds, edits, diagonal)
            x, y = first, first - diagonal
            while x < len(left) and y < len(right) and left[x] == right[y]:
                x, y = x + 1, y + 1
            reached.append(x)
            steps += x - first + 1
            if x >= len(left) and diagonal == len(left) - len(right):
                return [*rounds, reached]
        if steps > most_steps or edits == MOST_EDITS:
            break
        rounds.append(reached)
    return None


def _entry(rounds: list[array[int]], edits: int, diagonal: int) -> int:
    """Where a diagonal is entered: one removal after the diagonal below it, or one insertion after the one above."""
    if not edits:
        return 0
    before = rounds[edits - 1]
    place = (diagonal + edits) // 2  # of the diagonal above; that below is one before it
    removed = before[place - 1] + 1 if place else -1
    return max(removed, before[place] if place < edits else -1)


def _walked_back(rounds: list[array[int]], x: int, y: int) -> list[Match]:
    """The matches on the way that reached the end of both."""
    found: list[Match] = []
    for edits in range(len(rounds) - 1, -1, -1):
        diagonal = x - y
        first = _entry(rounds, edits, diagonal)
        found += [(at, at - diagonal) for at in range(x - 1, first - 1, -1)]
        if edits:
            place = (diagonal + edits) // 2
            removed = place > 0 and rounds[edits - 1][place - 1] + 1 == first
            x, y = (first - 1, first - diagonal) if removed else (first, first - diagonal - 1)
    return found[::-1]
