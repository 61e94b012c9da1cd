"""Statistics of a population: spread, the interval of a mean, the interval of a share."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from acortex.sim.accuracy.results import Spread, YieldRow

STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""The 97.5 % quantile of Student's t for 1 to 30 degrees of freedom."""

NORMAL = 1.959964
"""The same of the normal distribution."""

PARTS = 64
"""Parts of a tally that are kept apart at most, before they are made one."""


class Tally:
    """Numbers of which many are equal, as how often each occurs: what chips say is a few codes, for many chips."""

    def __init__(self) -> None:
        self._parts: list[tuple[NDArray[np.float64], NDArray[np.intp]]] = []

    def add(self, numbers: NDArray[np.float64]) -> None:
        """Counts some more."""
        self._parts.append(np.unique(numbers, return_counts=True))
        if len(self._parts) >= PARTS:
            self._parts = [self.counted()]

    def counted(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """The numbers that there are, rising, and how often each occurs."""
        values, at = np.unique(np.concatenate([one for one, _ in self._parts]), return_inverse=True)
        counts = np.zeros(len(values), np.intp)
        np.add.at(counts, at, np.concatenate([one for _, one in self._parts]))
        return values, counts

    def percentile(self, pct: float) -> float:
        """A percentile as NumPy's `percentile` gives it: between two numbers it follows a line."""
        values, counts = self.counted()
        ends = np.cumsum(counts)
        at = (int(ends[-1]) - 1) * pct / 100
        low = math.floor(at)
        ranks = np.array([low, min(low + 1, int(ends[-1]) - 1)])
        pair = values[np.searchsorted(ends, ranks, side="right")]
        return float(np.percentile(pair, 100 * (at - low)))


def spread_of(right: NDArray[np.int64], inputs: int) -> Spread:
    """The spread of the accuracy of chips, of which each has so many of the inputs right: int64 of shape (chips,)."""
    chips, mean = len(right), int(right.sum()) / (len(right) * inputs)
    sd = float(right.std(ddof=1)) / inputs if chips > 1 else 0.0
    half = quantile_of(chips - 1) * sd / math.sqrt(chips) if chips > 1 else 1.0
    low, median, high = (float(one) / inputs for one in np.percentile(right, (5, 50, 95)))
    return Spread(
        mean=mean,
        sd=sd,
        min=int(right.min()) / inputs,
        p5=low,
        median=median,
        p95=high,
        max=int(right.max()) / inputs,
        ci95=[max(mean - half, 0.0), min(mean + half, 1.0)],
    )


def quantile_of(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, of at least one degree of freedom.

    Beyond the table it is the expansion about the normal quantile (Abramowitz and Stegun 26.7.5), right to 1e-5.
    """
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    z, z2 = NORMAL, NORMAL * NORMAL
    first = z * (z2 + 1) / 4
    second = z * (5 * z2 * z2 + 16 * z2 + 3) / 96
    third = z * (3 * z2 * z2 * z2 + 19 * z2 * z2 + 17 * z2 - 15) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def yield_of(right: NDArray[np.int64], inputs: int, at_least: float) -> YieldRow:
    """The share of chips whose accuracy is at least this, with its interval after Wilson (JASA 22, 1927)."""
    chips = len(right)
    share = float((right / inputs >= at_least).mean())
    z2 = NORMAL * NORMAL
    middle = (share + z2 / (2 * chips)) / (1 + z2 / chips)
    half = NORMAL / (1 + z2 / chips) * math.sqrt(share * (1 - share) / chips + z2 / (4 * chips * chips))
    return YieldRow(at_least=at_least, share=share, ci95=[max(middle - half, 0.0), min(middle + half, 1.0)])
