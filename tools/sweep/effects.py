"""Which axis of a sweep moves what: shares of the variance of a number, alone and two together.

The share of an axis is the variance of the means over its values, of the whole variance (a first-order Sobol index). Of
a grid it is exact. Of drawn points, values are taken together in classes, and what chance alone would show is taken off
(the epsilon squared of an analysis of variance; Kelley 1935).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from acortex.tools.sweep.axes import Given
from acortex.tools.sweep.metrics import Metric
from acortex.tools.sweep.results import SweepEffect, SweepRow

CLASSES = 8
"""Classes that the values of an axis are taken together in, where points are drawn."""

DRAWS_PER_STEP = 3
"""Draws for each step that is fitted to them: fewer would fit chance."""

FEWEST = 3
"""Points without which nothing can be said."""

Floats = NDArray[np.float64]


def effects(
    rows: Sequence[SweepRow], axes: Sequence[Sequence[str]], metrics: Sequence[Metric], grid: bool
) -> list[SweepEffect]:
    """The share of each axis, and of each two where the points are a whole `grid`, in each metric that varies.

    `axes` has the names of each axis; only points that ran count. Of a grid with gaps it is a part without any: else
    an axis that failures depend on would be given what others move. A number that is above 0 everywhere is taken by
    its logarithm, since settings multiply.
    """
    found: list[SweepEffect] = []
    for metric in metrics:
        known = _known(rows, axes, metric, grid)
        y = np.array([row[metric.name] for row in known], np.float64)
        if len(known) >= FEWEST and np.ptp(y):
            most = CLASSES if len(axes) == 1 else max(2, min(CLASSES, len(known) // 2))
            groups = {", ".join(names): _classes([_value(row, names) for row in known], grid, most) for names in axes}
            found += _of_metric(np.log(y) if y.min() > 0 else y, groups, metric, grid)
    return found


def share_of(values: Floats, y: Floats) -> float:
    """The share of the variance of y that numbers explain which were drawn for it, one for each; 0 where y is even."""
    y = np.log(y) if y.min() > 0 else y
    return _share(y, _classes([(one,) for one in values.tolist()], False), False) if np.ptp(y) else 0.0


def chance_of(samples: int) -> float:
    """The share in so many samples that chance alone hardly exceeds: four deviations of that of a number drawn for y
    that does not move it.
    """
    return min(1.0, 4 * sqrt(2 * (CLASSES - 1)) / samples)


def fewest_draws(delays: int) -> int:
    """The draws of so many delays from which on their shares are told: fewer would divide what chance did."""
    return DRAWS_PER_STEP * delays


def shares_of(drawn: Mapping[str, Floats], y: Floats) -> dict[str, float]:
    """The same of numbers of which there are few, that y goes over in turn: a sum of steps over their classes is fitted
    to the means of its turns, so that what some of them have in common by chance is no share of the wrong one.
    """
    y = np.log(y) if y.min() > 0 else y
    number = min(map(len, drawn.values()), default=0)
    if not np.ptp(y) or not number:
        return dict.fromkeys(drawn, 0.0)
    means = y[: len(y) // number * number].reshape(-1, number).mean(axis=0)
    classes = max(2, min(CLASSES, 1 + number // (DRAWS_PER_STEP * len(drawn))))
    steps = {name: _steps(values, classes) for name, values in drawn.items()}
    fitted, noise = _fitted(means - means.mean(), list(steps.values()))
    found = (part.var() - noise * one.shape[1] for part, one in zip(fitted, steps.values(), strict=True))
    return {name: min(1.0, max(0.0, float(part / y.var()))) for name, part in zip(steps, found, strict=True)}


def _steps(values: Floats, classes: int) -> Floats:
    """A column for each class of numbers but the first: which of them it holds, less the mean."""
    group = _classes([(one,) for one in values.tolist()], False, classes)
    held: Floats = (group[:, None] == np.arange(1, group.max() + 1)).astype(np.float64)
    held -= held.mean(axis=0)
    return held


def _fitted(y: Floats, parts: Sequence[Floats]) -> tuple[list[Floats], float]:
    """What each part of columns gives to y by least squares, and what chance gives to the variance for a column."""
    columns = np.hstack(parts)
    weights, _, _, _ = np.linalg.lstsq(columns, y)
    rest = y - columns @ weights
    free = max(1, len(y) - 1 - columns.shape[1])
    at = np.cumsum([0, *(part.shape[1] for part in parts)])
    fitted = [part @ weights[low:high] for part, low, high in zip(parts, at[:-1], at[1:], strict=True)]
    return fitted, float(rest @ rest) / free / len(y)


def _known(rows: Sequence[SweepRow], axes: Sequence[Sequence[str]], metric: Metric, grid: bool) -> list[SweepRow]:
    """The points of which a number is known; of a grid with gaps those of a part without any."""
    kept = np.array([row.status == "done" and row[metric.name] is not None for row in rows], bool)
    if grid and axes and not kept.all():
        kept = _whole([_classes([_value(row, names) for row in rows], grid) for names in axes], kept)
    return [row for row, is_kept in zip(rows, kept, strict=True) if is_kept]


def _whole(places: Sequence[NDArray[np.int64]], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows of a part of a grid that has no gap: without the values of axes at which most is not `known`."""
    kept = np.ones(len(known), bool)
    while not known[kept].all():
        worst = (0.0, 0, 0, 0)
        for axis, place in enumerate(places):
            sizes = np.bincount(place[kept])
            gaps = np.bincount(place[kept], ~known[kept])
            for value in np.flatnonzero(gaps):
                worst = max(worst, (gaps[value] / sizes[value], -int(sizes[value]), -axis, -int(value)))
        kept &= places[-worst[2]] != -worst[3]
    return kept


def _of_metric(y: Floats, groups: Mapping[str, NDArray[np.int64]], metric: Metric, grid: bool) -> Iterator[SweepEffect]:
    """The shares in one metric, alone and of a grid in pairs. Nothing of an axis that does not move, nor of one of
    several whose value is another at each point drawn: it has all that the others move.
    """
    each = len(y) - 1 if not grid and len(groups) > 1 else len(y)
    groups = {name: group for name, group in groups.items() if 0 < np.ptp(group) < each}
    alone = {name: _share(y, group, grid) for name, group in groups.items()}
    for name, share in alone.items():
        yield SweepEffect(metric=metric.name, axes=[name], share=share, points=len(y))
    if grid:
        for one, other in combinations(groups, 2):
            both = _share(y, groups[one] * (groups[other].max() + 1) + groups[other], grid)
            share = max(0.0, both - alone[one] - alone[other])
            yield SweepEffect(metric=metric.name, axes=[one, other], share=share, points=len(y))


def _value(row: SweepRow, names: Sequence[str]) -> Hashable:
    return tuple(row.axes.get(name, row.program) for name in names)


def _classes(values: Sequence[Hashable], grid: bool, classes: int = CLASSES) -> NDArray[np.int64]:
    """The class of each value: its own, or of numbers that were drawn, one of some that hold equally many."""
    place = {value: at for at, value in enumerate(dict.fromkeys(values))}
    if grid or len(place) <= classes or not all(map(_is_number, place)):
        return np.array([place[value] for value in values], np.int64)
    numbers = np.array([one[0] for one in values], np.float64)  # type: ignore[index]  # a row of one number
    ranks = numbers.argsort(kind="stable").argsort(kind="stable")
    return ranks * classes // len(numbers)


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
