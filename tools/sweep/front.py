"""The points of a sweep that no other beats: a Pareto front."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from acortex.tools.sweep.metrics import Metric
from acortex.tools.sweep.results import ProgramFront, SweepRow


def front(rows: Sequence[SweepRow], metrics: Sequence[Metric]) -> list[int]:
    """The places of the rows that no other row beats, by the first metric from the best on.

    A row beats another that it is as good as everywhere, and better somewhere. Of equal rows the first is taken; rows
    without one of the numbers are left out.
    """
    known = [at for at, row in enumerate(rows) if all(row[one.name] is not None for one in metrics)]
    costs = np.array([[one.cost(rows[at][one.name]) for one in metrics] for at in known], np.float64)
    return [known[at] for at in _unbeaten(costs.reshape(-1, len(metrics)))]


def fronts(rows: Sequence[SweepRow], metrics: Sequence[Metric]) -> list[ProgramFront]:
    """The front of each program alone, in the order of `rows`; nothing where there is but one program."""
    programs = dict.fromkeys(row.program for row in rows)
    found: list[ProgramFront] = []
    for program in programs if len(programs) > 1 else ():
        own = [row for row in rows if row.program == program]
        found.append(ProgramFront(program=program, front=[own[at].key for at in front(own, metrics)]))
    return found


def _unbeaten(costs: NDArray[np.float64]) -> list[int]:
    """The rows that none beats, in the order of their columns: each can only be beaten by one before it."""
    kept: list[int] = []
    for at in np.lexsort((np.arange(len(costs)), *costs.T[::-1])).tolist():
        if not kept or not (costs[kept] <= costs[at]).all(axis=1).any():
            kept.append(at)
    return kept
