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
"""The same of the normal distribution, for more."""


def spread_of(accuracy: NDArray[np.float64]) -> Spread:
    """The spread of the accuracy of chips, float64 of shape (chips,)."""
    chips, mean = len(accuracy), float(accuracy.mean())
    sd = float(accuracy.std(ddof=1)) if chips > 1 else 0.0
    half = quantile_of(chips - 1) * sd / math.sqrt(chips)
    low, median, high = (float(one) for one in np.percentile(accuracy, (5, 50, 95)))
    return Spread(
        mean=mean,
        sd=sd,
        min=float(accuracy.min()),
        p5=low,
        median=median,
        p95=high,
        max=float(accuracy.max()),
        ci95=[max(mean - half, 0.0), min(mean + half, 1.0)],
    )


def quantile_of(freedom: int) -> float:
    """The 97.5 % quantile of Student's t; 0 for a single chip, of whose spread nothing is known."""
    if freedom < 1:
        return 0.0
    return STUDENT[freedom - 1] if freedom <= len(STUDENT) else NORMAL


def yield_of(accuracy: NDArray[np.float64], at_least: float) -> YieldRow:
    """The share of chips whose accuracy is at least this, with its interval after Wilson (JASA 22, 1927)."""
    chips = len(accuracy)
    share = float((accuracy >= at_least - 1e-12).mean())  # a share such as 0.9 is no binary fraction
    z2 = NORMAL * NORMAL
    middle = (share + z2 / (2 * chips)) / (1 + z2 / chips)
    half = NORMAL / (1 + z2 / chips) * math.sqrt(share * (1 - share) / chips + z2 / (4 * chips * chips))
    return YieldRow(at_least=at_least, share=share, ci95=[max(middle - half, 0.0), min(middle + half, 1.0)])
