"""Half-selected cells of a passive crossbar: thresholds, and how many cells a write disturbs.

Without a transistor for each cell, a pulse of V on one cell leaves a share of V on the others of its row and its
column. A cell whose threshold is below that share is disturbed.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SCHEMES = MappingProxyType({"V/2": 1 / 2, "V/3": 1 / 3, "1T1R": 0.0})
"""Schemes of writing, each with the share of the voltage on half-selected cells; a transistor keeps all of it away."""

LEAST_THRESHOLD = 0.1
"""No threshold is drawn below this, in V."""

MEAN_V = 1.05
"""The mean threshold of the published 20x20 crossbars, in V (Fahimi et al., Scientific Reports 11, 2021)."""

OVERDRIVE_V = 0.3
"""How far a write goes beyond the threshold of its own cell, in V: an assumption of the closed forms."""

POINTS = 4001
"""Points over +-6 sigma at which a mean over thresholds is taken."""


def share_of(scheme: str) -> float:
    """The share of the voltage that half-selected cells see; an unknown scheme is a ValueError."""
    if scheme not in SCHEMES:
        raise ValueError(f"no scheme of writing {scheme!r}; there are {', '.join(SCHEMES)}")
    return SCHEMES[scheme]


def thresholds(noise: Array, mean: float, spread: float) -> Array:
    """Switching thresholds in V, one for each standard normal number: mean * (1 + spread * noise), 0.1 V at least."""
    if not (mean > 0 and 0 <= spread < np.inf):
        raise ValueError(
            f"thresholds of {mean} V with a spread of {spread} are none: the mean is above 0, the spread 0 or more"
        )
    return np.maximum(mean * (1 + spread * noise), LEAST_THRESHOLD)


def disturbed(spread: float, scheme: str = "V/2", mean: float = MEAN_V, overdrive: float = OVERDRIVE_V) -> float:
    """The probability that one write disturbs a half-selected cell, where it is at its own threshold and `overdrive`.

    Both thresholds t are normal with `spread` of the mean: P(f (t1 + overdrive) > t2) =
    Phi((f (mean + overdrive) - mean) / (sigma sqrt(1 + f^2))), with f the scheme's share of the voltage.
    """
    share = share_of(scheme)
    if not share:
        return 0.0
    away = share * (mean + overdrive) - mean
    return _phi(away / (spread * mean * math.sqrt(1 + share * share))) if spread else float(away > 0)


def disturbed_crossbar(
    spread: float,
    rows: int,
    columns: int,
    scheme: str = "V/2",
    mean: float = MEAN_V,
    overdrive: float = OVERDRIVE_V,
) -> float:
    """The share of a crossbar's cells that are disturbed at least once, where each cell is written once.

    A cell of threshold t is half-selected by rows + columns - 2 others, each with the probability p(t) to disturb it:
    the mean over t of 1 - (1 - p(t))^(rows + columns - 2). That by V/3 all the rest see -V/3 is not counted.
    """
    share = share_of(scheme)
    if not share or not spread:
        return disturbed(spread, scheme, mean, overdrive)
    sigma = spread * mean
    z = np.linspace(-6, 6, POINTS)
    weight = np.exp(-z * z / 2)
    safe = np.array([_phi((t / share - mean - overdrive) / sigma) for t in mean + sigma * z])
    return float(weight @ (1 - safe ** (rows + columns - 2)) / weight.sum())


def disturbed_cells(thresholds: Array, scheme: str = "V/2", overdrive: float = OVERDRIVE_V) -> NDArray[np.bool_]:
    """Which cells (..., rows, columns) of crossbars are disturbed at least once, where each is written once.

    The same by simulation: each write is at the cell's own threshold, in V, and `overdrive`.
    """
    share = share_of(scheme)
    if not share:
        return np.zeros(thresholds.shape, np.bool_)
    writes = thresholds + overdrive
    return np.asarray(share * np.maximum(_most_of_others(writes, -1), _most_of_others(writes, -2)) > thresholds)


def _most_of_others(values: Array, axis: int) -> Array:
    """For each value the largest of the others along an axis, -inf where it has none."""
    if values.shape[axis] == 1:
        return np.full(values.shape, -np.inf)
    order = np.sort(values, axis)
    most, next_most = (np.take(order, [at], axis) for at in (-1, -2))
    return np.where(values == most, next_most, most)


def _phi(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
