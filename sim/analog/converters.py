"""Errors of converters: DACs before a product, ramps and neurons after it, and what trims leave of them.

A neuron's converter is a comparator against a ramp. The ramp is common to the 64 neurons of a column of arrays, and so
are its gain and its INL; each neuron has an offset and a gain of its own. The quantiser that follows computes

    code = clip(activation(round((sum + constant) * multiplier / 2^shift)) + zero, low, high)

so that an error in codes becomes an error of the sum by 2^shift / multiplier, a code's worth of the sum: `code_worth`.
Results are the same on every machine where what comes in is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

QUARTER = 4
"""A parabola over an interval of length 1 is at most a quarter."""


class TrimCost(NamedTuple):
    """What a trim takes, to be priced by a chip: array operations of its time, and conversions of its energy."""

    measurements: int
    conversions: int


def bow(share: Array, peak: Array | float) -> Array:
    """The INL of a ramp in codes: 4 peak u (1 - u) at the share u of its range, 0 at both ends and beyond them.

    A capacitor C that a current source of output resistance R charges follows 1 - e^(-t / RC), not a line. Through its
    ends, with T the length of the ramp and a = T / RC, what is left is (a / 2) u (1 - u) to first order in a: a
    parabola with its peak of a / 8 of the range in the middle. `peak` is in codes, of either sign.
    """
    inside = np.clip(share, 0, 1)
    bent: Array = peak * (QUARTER * inside * (1 - inside))
    return bent


def capacitor_inl(noise: Array, spread: float) -> Array:
    """The INL in codes of converters whose steps come from binary capacitors with mismatch: shape (..., 2^bits).

    Capacitor n is 2^n + spread 2^(n/2) noise_n units: mismatch falls as the root of area. `noise` are unit normals of
    shape (..., bits), the smallest capacitor first. Step c has the capacitors of its bits; the line goes through the
    first and the last step. After M. Spear et al., IEEE JXCDC, 2023 (the model of their ramp and SAR converters); there
    one more capacitor scales all steps, which a line through the ends takes out. Raises ValueError.
    """
    bits = noise.shape[-1]
    if not (1 <= bits <= 16 and 0 <= spread < np.inf):
        raise ValueError(f"capacitor_inl: {bits} capacitors with a spread of {spread}: 1 to 16, and at least 0")
    sizes = 1 << np.arange(bits)
    steps = np.arange(1 << bits)
    # The roots of powers of two are exact for even n, and correctly rounded for odd n.
    errors = float(spread) * np.sqrt(sizes).astype(noise.dtype) * noise
    inl = np.zeros((*noise.shape[:-1], len(steps)), noise.dtype)
    for n in range(bits):
        inl += errors[..., n, None] * ((steps >> n) & 1).astype(noise.dtype)
    # A line from 0 to the last step, which is 2^bits - 1 + the last error.
    last = inl[..., -1:]
    line = steps.astype(noise.dtype) / len(steps[1:])
    left: Array = (inl - last * line) / (1 + last / len(steps[1:]))
    return left


def dac(codes: NDArray[np.integer[Any]], gain: Array | float = 1.0, inl: Array | None = None) -> NDArray[np.float32]:
    """What codes become at the rows of an array, in codes: gain (code + inl of the code), float32.

    `codes` are whole, of shape (..., rows). `gain` broadcasts to that. `inl` is in codes, of shape (steps,) for all
    rows, or (..., rows, steps) with a curve for each row, where leading axes are those of `codes` or absent. Raises
    ValueError.
    """
    volts = codes.astype(np.float32)
    if inl is not None:
        if codes.size and not (codes.min() >= 0 and codes.max() < inl.shape[-1]):
            raise ValueError(
                f"dac: codes from {codes.min()} to {codes.max()} for an inl of {inl.shape[-1]} steps, from 0"
            )
        curve = inl.astype(np.float32)
        if inl.ndim == 1:
            volts = volts + curve[codes]
        else:
            wide = np.broadcast_to(curve, (*codes.shape, inl.shape[-1]))
            volts = volts + np.take_along_axis(wide, codes[..., None].astype(np.int64), axis=-1)[..., 0]
    return volts * np.asarray(gain, np.float32)


def code_worth(multiplier: Array | int, shift: int) -> NDArray[np.float64]:
    """How much of a sum is one code before activation: 2^shift / multiplier. Raises ValueError."""
    factors = np.asarray(multiplier, np.float64)
    if factors.size and not factors.min() > 0:
        raise ValueError(f"code_worth: a multiplier of {factors.min():g}: it is above 0")
    return float(1 << shift) / factors


def ramp(
    sums: Array,
    worth: Array | float,
    *,
    gain: Array | float = 1.0,
    offset: Array | float = 0.0,
    inl: Array | float = 0.0,
    low: float = 0.0,
    high: float = 15.0,
    constant: Array | float = 0.0,
) -> Array:
    """Sums as a quantiser must see them, so that its codes are those of converters with errors: the dtype of `sums`.

    With c = (sum + constant) / worth, the ideal code before it is rounded and activated, the result is the sum whose
    code is gain c + offset + INL(c). `worth` is that of `code_worth`, `constant` what a tuned quantiser adds to sums.
    `offset` is in codes, one for each neuron; `gain` is near 1; `inl` is the peak of `bow` in codes over the ramp's
    range from `low` to `high`, which are codes before activation (the quantiser's limits less its zero). All broadcast
    to the sums. Without errors the sums come back as they are. Raises ValueError.
    """
    if not high > low:
        raise ValueError(f"ramp: a range from {low} to {high} codes: it ends above its beginning")
    kind = sums.dtype if sums.dtype.kind == "f" else np.dtype(np.float64)
    seen = sums
    if np.any(np.asarray(gain) != 1):
        factor = np.asarray(gain, kind)
        seen = seen * factor + np.asarray(constant, kind) * (factor - 1)
    if np.any(offset):
        seen = seen + np.asarray(offset, kind) * np.asarray(worth, kind)
    if np.any(inl):
        unit = np.asarray(worth, kind)
        share = ((sums + np.asarray(constant, kind)) / unit - kind.type(low)) / kind.type(high - low)
        seen = seen + bow(share, np.asarray(inl, kind)) * unit
    return seen


def clip_range(sums: Array, low: Array | float, high: Array | float) -> Array:
    """Sums held within the range of what senses them, from `low` to `high` in the units of the sums."""
    lowest, highest = np.asarray(low, sums.dtype), np.asarray(high, sums.dtype)
    if not np.all(lowest <= highest):
        raise ValueError(f"clip_range: a range from {np.max(lowest):g} to {np.min(highest):g}")
    held: Array = np.clip(sums, lowest, highest)
    return held


def choose_range(sums: Array, share: float = 1.0) -> tuple[float, float]:
    """A range that holds a share of the sums: of those beyond it, as many lie below as above.

    Both ends are sums themselves: nothing is interpolated. A share of 1 is the least and the largest sum. Raises
    ValueError.
    """
    if not 0 < share <= 1 or sums.size == 0:
        raise ValueError(f"choose_range: a share of {share} of {sums.size} sums: above 0 to 1, of at least one")
    # A share such as 0.9 is no binary fraction: the count must not fall short by its last digit.
    beyond = int(sums.size * (1 - share) / 2 + 1e-9)
    beyond = min(beyond, (sums.size - 1) // 2)
    ends = np.partition(sums, [beyond, sums.size - 1 - beyond], axis=None)
    return float(ends[beyond]), float(ends[sums.size - 1 - beyond])


def trim_offset(offset: Array, step: float, *, reach: int | None = None, error: Array | float = 0.0) -> Array:
    """What a trim leaves of offsets: the measured offset is taken away in whole steps, ties to even.

    `offset`, `step` and `error` (what the measurement is wrong by, such as `measured_sigma` times unit normals) have
    the same unit; `reach` is how many steps the trim has on each side, None for as many as it takes. A step of 0 takes
    the measured offset away as it is. Raises ValueError.
    """
    return offset - _in_steps(offset + error, step, reach)


def trim_gain(gain: Array, step: float, *, reach: int | None = None, error: Array | float = 0.0) -> Array:
    """What a trim leaves of gains: gain (1 + k step), with the whole k that brings the measured gain nearest to 1.

    `gain` is near 1, `step` a share (0.01 for 1 %), `error` what the measured gain is wrong by; `reach` is how large k
    can be on each side, None for as large as it takes. A step of 0 divides by the measured gain. Raises ValueError.
    """
    left: Array = gain * (1 + _in_steps(1 / (gain + error) - 1, step, reach))
    return left


def measured_sigma(noise_codes: float, averages: int) -> float:
    """The error of an offset that is the mean of some conversions, in codes: sqrt((noise^2 + 1/12) / averages).

    `noise_codes` is the standard deviation of the noise of a read. Averaging reaches below a step only where that noise
    is at least about half a code, so that the error of rounding is uniform and independent (Widrow, 1956); refused
    below that. Raises ValueError.
    """
    if averages < 1 or noise_codes < 0.5:
        raise ValueError(
            f"measured_sigma: {averages} conversions with a noise of {noise_codes} codes: at least 1 and at least 0.5"
        )
    return float(np.sqrt((noise_codes * noise_codes + 1 / 12) / averages))


def trim_cost(columns: int, *, averages: int, points: int = 1, channels: int = 64) -> TrimCost:
    """What it takes to measure all neurons of some columns of arrays, whose neurons convert at once.

    `points` is 1 for offsets (no input), 2 for gains (and the largest one); each is measured `averages` times. A
    measurement is an array operation and the conversions of `channels` neurons. Writing the trims is not in it.
    """
    if min(columns, averages, points, channels) < 1:
        raise ValueError(f"trim_cost: {columns} columns, {averages} averages, {points} points, {channels} channels")
    measurements = columns * averages * points
    return TrimCost(measurements, measurements * channels)


def _in_steps(wanted: Array, step: float, reach: int | None) -> Array:
    """The nearest whole number of steps within reach, times the step."""
    if not 0 <= step < np.inf or (reach is not None and reach < 0):
        raise ValueError(f"a trim with a step of {step} and a reach of {reach} steps: both are at least 0")
    if step == 0:
        return wanted
    steps = np.rint(wanted / float(step))
    return (steps if reach is None else np.clip(steps, -reach, reach)) * float(step)
