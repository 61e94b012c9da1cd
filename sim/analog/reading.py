"""The noise of a read, referred to the sum of a column.

A read adds up the currents of many cells. Sums of independent normals are normal, so that one normal number for each
sum stands for the noise of all its cells: exact in distribution, before anything clips the sum.

Sums are in codes times levels. A cell at full scale gives `full_scale * largest` to a sum, for the largest code; the
percentages refer to that. The variance of a sum has four parts:

| part | variance | what it is summed of |
|---|---|---|
| each cell, whatever it holds | cells (full_scale read_pct / 100)^2 S | `squares` S: sum x^2 of the codes |
| shot noise | full_scale largest (shot_pct / 100)^2 I | `currents` I: sum x g over all cells |
| 1/f noise of each current | (flicker_pct / 100)^2 P | `powers` P: sum (x g)^2 over all cells |
| thermal noise and that of sensing | (full_scale largest thermal_pct / 100)^2 | nothing |

The first is N(0, s^2 sum x^2) of arXiv 1904.01705. A cell that is off has it, too, in both directions. A simulator
that draws cells anew and clips them at zero gives such a cell a bias instead, and 0.58 of the noise.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CHARGE = Decimal("1.602176634e-19")
"""The charge of an electron in coulombs (exact in SI)."""

BOLTZMANN = Decimal("1.380649e-23")
"""The constant of Boltzmann in joules per kelvin (exact in SI)."""

PERCENT = 100

EXACT = 1 << 24
"""A float32 holds every integer below this."""

_SAME = Context(prec=30)
"""Decimals give the same digits on every machine; logarithms of floats need not."""


def squares(codes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The sum of squared codes that reach the rows of a column: int64 of shape (..., 1) for codes (..., rows)."""
    most = max(int(codes.max(initial=0)), -int(codes.min(initial=0)))
    exact = most * most * codes.shape[-1] < EXACT
    wide: NDArray[Any] = codes.astype(np.float32 if exact else np.int64)  # floats are added up several times as fast
    total: NDArray[np.int64] = np.einsum("...r,...r->...", wide, wide)[..., None].astype(np.int64)
    return total


def read_sigma(
    squares: Array,
    *,
    read_pct: float = 0.0,
    cells: int = 2,
    currents: Array | None = None,
    shot_pct: float = 0.0,
    powers: Array | None = None,
    flicker_pct: float = 0.0,
    thermal_pct: float = 0.0,
    full_scale: float = 8.0,
    largest: int = 15,
) -> NDArray[np.float32]:
    """The standard deviation of the noise in sums, in codes times levels: float32.

    `squares`, `currents` and `powers` are those of the table above, of shapes that broadcast to that of the sums;
    `cells` is how many cells one weight has in a column of sums (2: a pair). Sums of joined arrays take `squares`,
    `currents` and `powers` of all their rows; `thermal_pct` is that of one column: times the root of how many are
    joined. The same on every machine where what comes in is. Raises ValueError.
    """
    _check(read_pct=read_pct, shot_pct=shot_pct, flicker_pct=flicker_pct, thermal_pct=thermal_pct)
    if currents is None and shot_pct:
        raise ValueError(f"read_sigma: shot_pct is {shot_pct}, and currents are missing: sum x g over all cells")
    if powers is None and flicker_pct:
        raise ValueError(
            f"read_sigma: flicker_pct is {flicker_pct}, and powers are missing: sum (x g)^2 over all cells"
        )
    most = float(full_scale) * largest
    variance = cells * _square(full_scale * read_pct / PERCENT) * np.asarray(squares, np.float64)
    if currents is not None and shot_pct:
        variance = variance + most * _square(shot_pct / PERCENT) * np.asarray(currents, np.float64)
    if powers is not None and flicker_pct:
        variance = variance + _square(flicker_pct / PERCENT) * np.asarray(powers, np.float64)
    variance = variance + _square(most * thermal_pct / PERCENT)
    return np.sqrt(variance).astype(np.float32)


def noisy(sums: Array, sigma: Array, noise: NDArray[np.float32]) -> Array:
    """Sums with noise: sums + sigma * noise, of unit normals `noise` of the shape of the sums.

    float32 stays float32. Where sigma is zero throughout the sums come back as they are.
    """
    if not np.any(sigma):
        return sums
    if noise.shape != sums.shape:
        raise ValueError(f"noisy: noise of shape {noise.shape} for sums of shape {sums.shape}")
    return sums + sigma * noise


def shot_pct(full_scale_amps: float, bandwidth_hz: float) -> float:
    """The shot noise of a cell at full scale, in % of its current: sqrt(2 q I B) / I (Schottky).

    `full_scale_amps` is the current I, `bandwidth_hz` the noise bandwidth B of the read: 1 / (2 T) for a read that
    integrates over T seconds. Raises ValueError.
    """
    current, band = _positive(full_scale_amps=full_scale_amps, bandwidth_hz=bandwidth_hz)
    return _root_pct(_SAME.divide(2 * CHARGE * band, current))


def thermal_pct(siemens: float, kelvin: float, bandwidth_hz: float, full_scale_amps: float) -> float:
    """The thermal noise of a column, in % of the current of a cell at full scale: sqrt(4 k T G B) / I (Johnson and
    Nyquist).

    `siemens` is the conductance G that the column shows to its sensing circuit. Raises ValueError.
    """
    given = {"siemens": siemens, "kelvin": kelvin, "bandwidth_hz": bandwidth_hz, "full_scale_amps": full_scale_amps}
    g, t, band, current = _positive(**given)
    return _root_pct(_SAME.divide(4 * BOLTZMANN * t * g * band, current * current))


def flicker_pct(k: float, low_hz: float, high_hz: float) -> float:
    """The 1/f noise of a cell within a band, in % of its current: sqrt(k ln(high / low)).

    `k` is that of S_I / I^2 = k / f, the relative spectral density at 1 Hz; Hooge's relation (Physica 83B, 14, 1976)
    has k = alpha / N. The integral over the band gives the logarithm. The lower end of the band is about one over the
    time since the cells were last measured, its upper end the bandwidth of a read. Raises ValueError.
    """
    density, low, high = _positive(k=k, low_hz=low_hz, high_hz=high_hz)
    if high < low:
        raise ValueError(f"flicker_pct: a band from {low_hz} to {high_hz} Hz ends below its beginning")
    return _root_pct(density * _SAME.ln(_SAME.divide(high, low)))


def _square(x: float) -> float:
    """The square, rounded once; a power may be rounded otherwise elsewhere."""
    return x * x


def _root_pct(variance: Decimal) -> float:
    return float(_SAME.sqrt(variance) * PERCENT)


def _positive(**given: float) -> list[Decimal]:
    """The numbers as decimals."""
    for name, value in given.items():
        if not 0 < value < float("inf"):
            raise ValueError(f"{name} is {value}: it is above 0, and finite")
    return [Decimal(float(value)) for value in given.values()]


def _check(**given: float) -> None:
    """Refuses percentages that are none."""
    for name, value in given.items():
        if not 0 <= value < float("inf"):
            raise ValueError(f"read_sigma: {name} is {value}: it is at least 0, and finite")
