"""Which axis of a sweep moves what: shares of the variance of a number, alone and two together.

The share of an axis is the variance of the means over its values, of the whole variance (a first-order Sobol index). Of
a grid it is exact. Of drawn points, values are taken together in classes, and what chance alone would show is taken off
(the epsilon squared of an analysis of variance; Kelley 1935).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from acortex.tools.sweep.axes import Given
from acortex.tools.sweep.metrics import Metric
from acortex.tools.sweep.results import SweepEffect, SweepRow

CLASSES = 8
"""Classes that the values of an axis are taken together in, where points are drawn."""

FEWEST = 3
"""Points without which nothing can be said."""

Floats = NDArray[np.float64]


def effects(
    rows: Sequence[SweepRow], axes: Sequence[Sequence[str]], metrics: Sequence[Metric], grid: bool
) -> list[SweepEffect]:
    """The share of each axis, and of each two where the points are a whole `grid`, in each metric that varies.

    `axes` has the names of each axis; only points that ran count. A number that is above 0 everywhere is taken by its
    logarithm, since settings multiply.
    """
    done = [row for row in rows if row.status == "done"]
    found = [_of_metric(done, axes, metric, grid) for metric in metrics]
    return [one for some in found for one in some]


def _of_metric(
    rows: Sequence[SweepRow], axes: Sequence[Sequence[str]], metric: Metric, grid: bool
) -> Iterator[SweepEffect]:
    known = [row for row in rows if row[metric.name] is not None]
    y = np.array([row[metric.name] for row in known], np.float64)
    if len(known) < FEWEST or not np.ptp(y):
        return
    y = np.log(y) if y.min() > 0 else y
    groups = {", ".join(names): _classes([_value(row, names) for row in known], grid) for names in axes}
    alone = {name: _share(y, group, grid) for name, group in groups.items()}
    for name, share in alone.items():
        yield SweepEffect(metric=metric.name, axes=[name], share=share)
    if grid:
        for one, other in combinations(groups, 2):
            both = _share(y, groups[one] * (groups[other].max() + 1) + groups[other], grid)
            yield SweepEffect(metric=metric.name, axes=[one, other], share=max(0.0, both - alone[one] - alone[other]))


def _value(row: SweepRow, names: Sequence[str]) -> Hashable:
    return tuple(row.axes.get(name, row.program) for name in names)


def _classes(values: Sequence[Hashable], grid: bool) -> NDArray[np.int64]:
    """The class of each value: its own, or of numbers that were drawn, one of some that hold equally many."""
    distinct = list(dict.fromkeys(values))
    if grid or len(distinct) <= CLASSES or not all(_is_number(one) for one in distinct):
        place = {value: at for at, value in enumerate(distinct)}
        return np.array([place[value] for value in values], np.int64)
    numbers = np.array([one[0] for one in values], np.float64)  # type: ignore[index]  # a row of one number
    ranks = numbers.argsort(kind="stable").argsort(kind="stable")
    return ranks * CLASSES // len(numbers)


def _is_number(value: Hashable) -> bool:
    given: tuple[Given, ...] = value  # type: ignore[assignment]  # a row of values
    return len(given) == 1 and isinstance(given[0], (int, float)) and not isinstance(given[0], bool)


def _share(y: Floats, group: NDArray[np.int64], grid: bool) -> float:
    """The variance between groups, of the whole; of drawn points without what chance would show."""
    sizes = np.bincount(group)
    means = np.bincount(group, y) / np.maximum(sizes, 1)
    whole = float(((y - y.mean()) ** 2).sum())
    between = float((sizes * (means - y.mean()) ** 2)[sizes > 0].sum())
    groups = int((sizes > 0).sum())
    if not grid and len(y) > groups:
        between -= (groups - 1) * (whole - between) / (len(y) - groups)
    return min(1.0, max(0.0, between / whole))
