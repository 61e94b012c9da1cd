"""How sums become codes: scale, round, activate, shift to the zero code, saturate. Exact on every machine.

    code = clip(activation(round(sum * multiplier / 2^shift)) + zero, low, high)

A quantiser that is tuned has constants instead, one row for each column of the sums:

    code = clip(activation(round((sum + offset) * multiplier / 2^shift)) + zero, low, high)

Rounding is to nearest, ties to even, everywhere. A sum times a multiplier stays below 2^53, so that float64 holds it
exactly. Sigmoid, tanh and hard-sigmoid reach from `zero` to `high`; their argument is in 64ths, and they are tables of
integers, whose entries are far from a tie (a check at import), so that no library's last digit shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Constants

Array = NDArray[Any]

Kind = type[np.float32] | type[np.float64]

FRACTION = 64
"""What a rounded sum of this size means to a sigmoid: 1.0."""

REACH = 16 * FRACTION
"""Where the tables of sigmoid and tanh end: beyond, they have saturated."""

LARGEST_SHIFT = 48
"""A larger shift leaves nothing of any sum either, and would not fit 64 bits together with a divisor."""

EXACT = 1 << 24
"""A float32 holds every integer below this."""

BLOCK = 1 << 16
"""Sums that are quantised at a time: as many as stay in a processor's cache."""

UNITY = 1 << 16
"""The gain that stands for 1."""


@dataclass(frozen=True, slots=True)
class Quantiser:
    """A quantiser register, as `quant` and `gain` set it.

    `gain` over 2^16 is the slope of leaky, the scale of hardswish. `constants` are those of the `tune` at address
    `tuned`, None without one.
    """

    multiplier: int
    shift: int
    zero: int = 0
    low: int = 0
    high: int = 15
    activation: str = "none"
    gain: int = UNITY
    constants: Constants | None = None
    tuned: int = -1


def quantise(sums: Array, quantiser: Quantiser, divisor: Array | int = 1, whole: bool = True) -> NDArray[np.uint8]:
    """The codes of sums, uint8 of their shape; `divisor` divides the sums exactly, before they are rounded.

    Sums that are not `whole`, those of analog arrays, are scaled in float64, so that no code depends on the others.
    """
    if quantiser.constants is None and not (isinstance(divisor, int) and divisor == 1):
        return _codes(_round_quotient(sums, quantiser, divisor), quantiser).astype(np.uint8)
    kind = _exact_kind(sums, quantiser) if whole else np.float64
    offset, factor = _constants(quantiser, kind)
    rows = sums.reshape(-1, sums.shape[-1])
    codes = np.empty(rows.shape, dtype=np.uint8)
    step = max(BLOCK // rows.shape[1], 1)
    floats = np.empty((min(step, len(rows)), rows.shape[1]), kind)  # one for all blocks, which stays in the cache
    for at in range(0, len(rows), step):
        scaled = floats[: len(rows) - at]
        np.copyto(scaled, rows[at : at + step], casting="same_kind")
        if offset is not None:
            scaled += offset
        scaled *= factor
        np.copyto(codes[at : at + step], _codes(np.rint(scaled, out=scaled), quantiser), casting="unsafe")
    return codes.reshape(sums.shape)


def _constants(quantiser: Quantiser, kind: Kind) -> tuple[Array | None, Array | np.float32 | np.float64]:
    """What is added to a sum, None for nothing, and what it is then multiplied with: one per column where tuned."""
    if quantiser.constants is None:
        return None, kind(quantiser.multiplier / (1 << quantiser.shift))
    offset, multiplier = quantiser.constants.values.T
    return offset.astype(kind), (multiplier / (1 << quantiser.shift)).astype(kind)


def _exact_kind(sums: Array, quantiser: Quantiser) -> Kind:
    """float32 where it holds every step up to a plain activation exactly, else float64: sums stay below 2^32, all
    below 2^53.
    """
    if quantiser.activation not in ("none", "relu") or not sums.size:
        return np.float64
    offset, multiplier = 0, quantiser.multiplier
    if quantiser.constants is not None:
        offset, multiplier = (int(np.abs(column).max()) for column in quantiser.constants.values.T.astype(np.int64))
    if max(offset, 1) * multiplier >= EXACT:
        return np.float64
    peak = max(int(sums.max()), -int(sums.min())) + offset
    return np.float32 if max(peak, 1) * multiplier < EXACT else np.float64


def _codes(scaled: Array, quantiser: Quantiser) -> Array:
    """The codes of rounded sums, as floats; the array of the sums is used up."""
    low, active = quantiser.low, scaled
    if quantiser.activation == "relu":
        low = max(low, quantiser.zero)  # what relu makes 0 becomes the zero code: one bound for both
    else:
        active = ACTIVATE[quantiser.activation](scaled, quantiser)
    if quantiser.zero:
        active += quantiser.zero
    return np.clip(active, low, quantiser.high, out=active)


def _round_quotient(sums: Array, quantiser: Quantiser, divisor: Array | int) -> Array:
    """round(sum * multiplier / (2^shift * divisor)), ties to even."""
    whole = np.asarray(divisor, dtype=np.int64) << min(quantiser.shift, LARGEST_SHIFT)
    return nearest(sums.astype(np.int64) * quantiser.multiplier, whole).astype(np.float64)


def nearest(numerator: Array, denominator: Array | int) -> NDArray[np.int64]:
    """The whole numbers nearest to quotients of whole numbers, ties to even: int64, exact below 2^62."""
    quotient, rest = np.divmod(numerator, denominator)
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (quotient % 2 == 1))
    rounded: NDArray[np.int64] = quotient + up
    return rounded


def _leaky(x: Array, q: Quantiser) -> Array:
    bent: Array = np.where(x < 0, np.rint(x * (q.gain / UNITY)), x)
    return bent


def _hardswish(x: Array, q: Quantiser) -> Array:
    bent = np.clip(x, -REACH, REACH)
    product = bent * np.clip(bent + 3 * FRACTION, 0, 6 * FRACTION)
    return _round_quotient(product, Quantiser(q.gain, 16), 6 * FRACTION)


def _table(function: Callable[[float], float]) -> Callable[[Array, Quantiser], Array]:
    def look_up(x: Array, q: Quantiser) -> Array:
        places = np.clip(x, -REACH, REACH).astype(np.intp)
        places += REACH
        return np.take(table(function, q.high - q.zero), places)  # several times as fast as an index

    return look_up


@lru_cache(maxsize=64)
def table(function: Callable[[float], float], full: int) -> NDArray[np.float64]:
    """round(full * function(x / 64)) for x from -1024 to 1024: float64 of shape (2049,)."""
    exact = [full * function(x / FRACTION) for x in range(-REACH, REACH + 1)]
    rounded: NDArray[np.float64] = np.rint(np.array(exact))
    return rounded


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x)."""
    return 1 / (1 + math.exp(-x))


def hard_sigmoid(x: float) -> float:
    """Value of x / 6 + 1/2, held between 0 and 1."""
    return min(max(x + 3, 0.0), 6.0) / 6


ACTIVATE: dict[str, Callable[[Array, Quantiser], Array]] = {
    "none": lambda x, q: x,
    "relu": lambda x, q: np.maximum(x, 0),
    "leaky": _leaky,
    "sigmoid": _table(sigmoid),
    "tanh": _table(math.tanh),
    "hardsigmoid": _table(hard_sigmoid),
    "hardswish": _hardswish,
}
"""The activation functions by name, each from rounded sums to what is added to the zero code."""
