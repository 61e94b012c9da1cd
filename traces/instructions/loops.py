"""The loops of a run, found from the order of issue: a jump back ends a turn, and its target begins the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acortex.traces.file.table import Ints
from acortex.traces.instructions.numbering import Executions

MOST_LOOPS = 8
"""Loops that are looked at: those in which most instructions are issued."""


class Loop(NamedTuple):
    """A loop: the addresses of its first and last instruction, its turns, and its longest stay.

    `ends` has the executions of its last instruction in that stay, one for each turn, and `first` is the execution with
    which the stay begins.
    """

    head: int
    tail: int
    turns: int
    entered: int
    first: int
    ends: Ints


def loops_of(executions: Executions) -> list[Loop]:
    """The loops with most instructions, in the order of the program."""
    pcs = executions.pc
    jumps = np.flatnonzero(pcs[1:] <= pcs[:-1])
    pairs, turns = np.unique(np.stack((pcs[jumps + 1], pcs[jumps])), axis=1, return_counts=True)
    size = (pairs[1] - pairs[0] + 1) * turns
    chosen = np.sort(np.argsort(-size, kind="stable")[:MOST_LOOPS])
    return [_loop(pcs, *pairs[:, at].tolist()) for at in chosen.tolist()]


def _loop(pcs: Ints, head: int, tail: int) -> Loop:
    """A loop and its longest stay, of equals the last."""
    ends = np.flatnonzero(pcs == tail)
    jumps = np.append(pcs, -1)[ends + 1] == head
    stays = np.cumsum(np.concatenate(([False], ~jumps[:-1])))
    sizes = np.bincount(stays)
    longest = len(sizes) - 1 - int(sizes[::-1].argmax())
    own = ends[stays == longest]
    heads = np.flatnonzero(pcs[: own[0] + 1] == head)
    first = int(heads[-1]) if len(heads) else 0
    return Loop(head, tail, len(ends), len(sizes), first, own)
