"""Published statistics of written cells: mean and spread by conductance and age, as rows of a table.

Cells are in levels; `full_scale` is what a cell of `levels` conducts, in the unit of the row (uS, or nA of read
current). A fit is in physical units: a smaller full scale takes its lower part, it is not stretched.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog.elementary import exp, log, polynomial
from acortex.sim.analog.shapes import require_fit

Array = NDArray[Any]
Floats = NDArray[np.float64]

DAY_S = 86400.0
"""Seconds of a day."""


@dataclass(frozen=True)
class Statistics:
    """How cells of one technology scatter: fits of a publication, and how far they hold.

    `spreads` has the coefficients of sigma for each age of `ages_s`. With the form "saturating" they are A and B of
    A (1 - exp(-g / B)); with "polynomial" those of rising powers of g / `scale`. Between ages, "linear" interpolates
    the coefficients by time, "log" by the logarithm of time; before the first age the first row holds. `shifts` has,
    for each age, the polynomial in g of the change of the mean, where the publication gives one.
    """

    unit: str
    full_scale: float
    least: float
    most: float
    form: str
    spreads: tuple[tuple[float, ...], ...]
    ages_s: tuple[float, ...]
    source: str
    scale: float = 1.0
    between: str = "linear"
    shifts: tuple[tuple[float, ...], ...] = ()
    shift_most: float = np.inf


SONOS_SHIFTS = (
    (0.0,) * 11,
    (1.72684e-01, 5.72552e-02, -6.85715e-04, 3.50271e-06, -9.37682e-09, 1.40575e-11, -1.19803e-14, 5.41293e-18,
     -8.85448e-22, -1.66869e-25, 5.95180e-29),
    (2.50712e-01, 6.62195e-02, -6.83218e-04, 2.99442e-06, -6.78255e-09, 7.70482e-12, -3.04983e-15, -2.15919e-18,
     2.94617e-21, -1.23359e-24, 1.85329e-28),
    (-1.75300e-02, 9.76883e-02, -9.63791e-04, 4.55551e-06, -1.22391e-08, 1.93786e-11, -1.85899e-14, 1.07659e-17,
     -3.58211e-21, 5.96785e-25, -3.30410e-29),
    (4.03338e-02, 1.03111e-01, -1.04740e-03, 4.83961e-06, -1.28132e-08, 1.99484e-11, -1.85139e-14, 1.00008e-17,
     -2.84944e-21, 3.01008e-25, 1.18747e-29),
    (3.19927e-01, 1.06596e-01, -1.04054e-03, 4.50290e-06, -1.10352e-08, 1.56477e-11, -1.27592e-14, 5.45513e-18,
     -7.26841e-22, -2.43893e-25, 7.14608e-29),
)  # fmt: skip
"""The change of the mean current of SONOS after 0 to 5 days, in nA by rising powers of nA.

From CrossSim 3.2 (commit 0a2eb1eda183326ef4d98d792995c721105d3726, `simulator/devices/custom/SONOS.py`). CrossSim 3.1
(commit 4907281efb9e7260d1913f3217b65ed5ec844901) has other coefficients, which reach -246 nA at 1,600 nA after a day.
"""

ROWS = MappingProxyType(
    {
        "sonos": Statistics(
            unit="nA",
            full_scale=1600,
            least=0,
            most=3200,
            form="saturating",
            spreads=(
                (19.88665, 176.3115),
                (25.59102, 186.85544),
                (28.72753, 193.56834),
                (31.04318, 198.90332),
                (33.76214, 204.77023),
                (34.57909, 207.34309),
            ),
            ages_s=tuple(day * DAY_S for day in range(6)),
            shifts=SONOS_SHIFTS,
            shift_most=1800,
            source="Agrawal et al., IEDM 2022, 21.7 (40-nm SONOS, 128K devices), as fitted by CrossSim 3.2",
        ),
        "pcm": Statistics(
            unit="uS",
            full_scale=25,
            least=0,
            most=25,
            form="polynomial",
            spreads=((0.26348, 1.9650, -1.1731),),
            ages_s=(0.0,),
            scale=25,
            source="Nandakumar et al., ICECS 2019, as in aihwkit (PCMLikeNoiseModel)",
        ),
        "pcm_joshi": Statistics(
            unit="uS",
            full_scale=25,
            least=0,
            most=25,
            form="polynomial",
            spreads=((0.28638599, 0.07585724, -0.00178767),),
            ages_s=(0.0,),
            source="Joshi et al., Nature Communications 11, 2473 (2020), Fig. 3b, as fitted by CrossSim",
        ),
        "reram_wan": Statistics(
            unit="uS",
            full_scale=40,
            least=0,
            most=40,
            form="polynomial",
            spreads=(
                (0.348, 16.030, -43.853, 45.393, -16.815),
                (0.701, 22.086, -50.773, 47.095, -16.458),
                (0.782, 20.274, -43.507, 37.062, -11.934),
            ),
            ages_s=(1.0, DAY_S, 2 * DAY_S),
            scale=40,
            between="log",
            source="Wan et al., Nature 608, 504 (2022), as fitted by aihwkit (ReRamWan2022NoiseModel)",
        ),
        "reram_milo": Statistics(
            unit="uS",
            full_scale=225,
            least=50,
            most=225,
            form="polynomial",
            spreads=((4.782321, -0.009107),),
            ages_s=(0.0,),
            source="Milo et al., IRPS 2021, Fig. 4 (IGVVA-100), as fitted by CrossSim",
        ),
    }
)
"""The statistics of each technology."""

SONOS_READ = (12.58037, 215.36557)
"""A and B of the read noise of SONOS in nA: A (1 - exp(-I / B)); CrossSim 3.2, from Fig. 11b of the publication."""

ROUNDED = 1e-6
"""How far beyond the largest conductance of a technology a cell may seem to be: a float32 rounds it by less."""

READ_TIME_S = 250e-9
"""The time of one read of phase-change cells (Nandakumar et al., ICECS 2019)."""


def row(kind: str) -> Statistics:
    """The statistics of a technology; an unknown one is a ValueError."""
    if kind not in ROWS:
        raise ValueError(f"no statistics of {kind!r}; there are {', '.join(ROWS)}")
    return ROWS[kind]


def spread(kind: str, cells: Array, seconds: float = 0.0, full_scale: float | None = None, levels: float = 8) -> Array:
    """Sigma of each cell in levels, `seconds` after writing, of the shape and type of the cells.

    A cell beyond the fit, or an age beyond the last that was measured, is a ValueError.
    """
    stats = row(kind)
    unit, amount = _amount(stats, kind, cells, full_scale, levels)
    return np.asarray(_sigma(stats, kind, amount, seconds) / unit, cells.dtype)


def scattered(
    cells: Array,
    noise: Array,
    kind: str,
    seconds: float = 0.0,
    full_scale: float | None = None,
    levels: float = 8,
) -> Array:
    """What cells hold `seconds` after they were written to targets `cells`, by the statistics of a technology.

    `noise` is standard normal, of the result's shape, and `cells` of that shape or one that broadcasts to it. The mean
    drifts first, sigma is that of the drifted mean, and nothing falls below 0. The same noise at another age is the
    same cell then. Errors are those of `spread`.
    """
    stats = row(kind)
    unit, amount = _amount(stats, kind, cells, full_scale, levels)
    mean = np.maximum(amount + _shift(stats, kind, amount, seconds), 0)
    return _around(mean / unit, _sigma(stats, kind, mean, seconds) / unit, noise, cells)


def aged(
    cells: Array,
    noise: Array,
    kind: str,
    seconds: float,
    full_scale: float | None = None,
    levels: float = 8,
) -> Array:
    """What cells that hold `cells` right after writing hold `seconds` later, noise and shapes as for `scattered`.

    The mean drifts, and the spread that the statistics have gained since is added: the root of the difference of the
    squares of sigma then and at first. A cell that was written beyond the fit has the sigma of its end.
    """
    stats = row(kind)
    unit = unit_of(kind, full_scale, levels)
    amount = cells.astype(np.float64) * unit
    mean = np.maximum(amount + _shift(stats, kind, amount, seconds), 0)
    gained = _sigma(stats, kind, mean, seconds) ** 2 - _sigma(stats, kind, amount, 0.0) ** 2
    return _around(mean / unit, np.sqrt(np.maximum(gained, 0)) / unit, noise, cells)


def unit_of(kind: str, full_scale: float | None, levels: float) -> float:
    """What one level conducts, in the unit of a technology; a full scale beyond its fits is a ValueError."""
    stats = row(kind)
    most = stats.full_scale if full_scale is None else full_scale
    if not (0 < most <= stats.most and 0 < levels < np.inf):
        raise ValueError(
            f"a full scale of {most} {stats.unit} at {levels} levels does not fit {kind!r}: its fits end at"
            f" {stats.most:g} {stats.unit}"
        )
    return most / levels


def read_spread(
    kind: str, cells: Array, seconds: float = 20.0, full_scale: float | None = None, levels: float = 8
) -> Array:
    """Sigma in levels of one read of each cell of "sonos" or "pcm", of the shape and type of the cells.

    For "pcm", g Q sqrt(ln((t + t_read) / (2 t_read))) with Q = min(0.0088 / (g / g_max)^0.65, 0.2): 1/f noise since
    writing, `seconds` after it. Another technology is a ValueError: its publication gives no read noise.
    """
    stats = row(kind)
    unit, amount = _amount(stats, kind, cells, full_scale, levels)
    if kind == "sonos":
        return np.asarray(_saturating(amount, SONOS_READ) / unit, cells.dtype)
    if kind != "pcm":
        raise ValueError(f"no read noise of {kind!r} is published; there are sonos, pcm")
    if not seconds > READ_TIME_S:
        raise ValueError(
            f"a read after {seconds} s is none; it is more than the {READ_TIME_S} s of a read after writing"
        )
    part = np.maximum(amount / stats.scale, 1e-7)
    quality = np.minimum(0.0088 * exp(-0.65 * log(part)), 0.2)
    since = float(log(np.array([(seconds + READ_TIME_S) / (2 * READ_TIME_S)]))[0])
    return np.asarray(amount * quality * np.sqrt(since) / unit, cells.dtype)


def _amount(
    stats: Statistics, kind: str, cells: Array, full_scale: float | None, levels: float
) -> tuple[float, Floats]:
    """The unit of one level, and targets in that of the technology, float64."""
    unit = unit_of(kind, full_scale, levels)
    amount = cells.astype(np.float64) * unit
    beyond = stats.most * ROUNDED
    if amount.size and not (stats.least - beyond <= amount.min() and amount.max() <= stats.most + beyond):
        raise ValueError(
            f"cells reach from {amount.min():.4g} to {amount.max():.4g} {stats.unit}; statistics of {kind!r} hold from"
            f" {stats.least:g} to {stats.most:g} {stats.unit}; change the full scale or the floor"
        )
    return unit, np.clip(amount, stats.least, stats.most)


def _around(mean: Floats, sigma: Floats, noise: Array, cells: Array) -> Array:
    """The mean and sigma times noise, 0 at least, of the cells' type."""
    require_fit(cells, noise)
    result = np.asarray(noise * sigma.astype(cells.dtype), cells.dtype)
    result += mean.astype(cells.dtype)
    np.maximum(result, 0, out=result)
    return result


def _coefficients(stats: Statistics, kind: str, table: tuple[tuple[float, ...], ...], seconds: float) -> list[float]:
    """The row of a table of coefficients at an age, interpolated."""
    ages = stats.ages_s
    if not 0 <= seconds <= ages[-1]:
        raise ValueError(
            f"an age of {seconds} s is not within 0 to {ages[-1]:g} s, the last age in the statistics of {kind!r}"
        )
    if seconds <= ages[0]:
        return list(table[0])
    later = next(at for at, age in enumerate(ages) if age >= seconds)
    before, after = ages[later - 1], ages[later]
    if stats.between == "log":
        since, whole = log(np.array([seconds / before, after / before]))
    else:
        since, whole = seconds - before, after - before
    part = float(since / whole)
    return [one + part * (other - one) for one, other in zip(table[later - 1], table[later], strict=True)]


def _sigma(stats: Statistics, kind: str, amount: Floats, seconds: float) -> Floats:
    terms = _coefficients(stats, kind, stats.spreads, seconds)
    if stats.form == "saturating":
        return _saturating(np.minimum(amount, stats.most), terms)
    return np.asarray(np.maximum(polynomial(terms, np.clip(amount, stats.least, stats.most) / stats.scale), 0))


def _saturating(amount: Floats, terms: tuple[float, ...] | list[float]) -> Floats:
    top, knee = terms
    return np.asarray(top * (1 - exp(-amount / knee)))


def _shift(stats: Statistics, kind: str, amount: Floats, seconds: float) -> Floats:
    if not stats.shifts or seconds == 0:
        return np.zeros(amount.shape)
    if amount.size and amount.max() > stats.shift_most:
        raise ValueError(
            f"cells reach {amount.max():.4g} {stats.unit}; the drift of {kind!r} is known to {stats.shift_most:g}"
            f" {stats.unit}; take a smaller full scale"
        )
    return polynomial(_coefficients(stats, kind, stats.shifts, seconds), amount)
