"""Where random numbers come from: one stream of bits for each part of each chip and each purpose.

    >>> tuning = stream(seed=0, chip=7, component="array", place=(3, 5), purpose="tuning")
    >>> normals(tuning, (2, 64, 64))

Chip 7 is the same chip in a population of 10 and of 1,000, alone or in blocks, and whatever else is switched on: a
stream depends on its key alone. The key is a NumPy `SeedSequence` with the spawn key (chip, number of the component,
place, number of the purpose). NumPy promises the bits of a bit generator for ever, but not its distributions, so
these are made here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog import elementary

Shape = int | tuple[int, ...]
Array = NDArray[Any]
Stream = np.random.PCG64
Kind = TypeVar("Kind", np.float32, np.float64)

COMPONENTS = MappingProxyType({"chip": 0, "array": 1, "column": 2, "converter": 3, "read": 4, "input": 5})
"""The number of each kind of component in a key. A number never changes, and none is used twice."""

PLACES = MappingProxyType(
    {
        "chip": (),
        "array": ("column", "row"),
        "column": ("column",),
        "converter": ("column", "set"),
        "read": ("instruction", "visit"),
        "input": ("row", "channel"),
    }
)
"""What names one component of a kind. The length is fixed: then no two keys are the same sequence of numbers."""

PURPOSES = MappingProxyType(
    {
        "tuning": 0, "tuned": 1, "stuck": 2, "dead": 3, "gain": 4, "offset": 5, "threshold": 6, "statistics": 7,
        "drift": 8, "read": 9, "pulses": 10, "inl": 11, "state": 12, "temperature": 13, "crosstalk": 14, "reset": 15,
        "dac": 16, "ramp": 17, "own": 18, "own_places": 19,
    }
)  # fmt: skip
"""The number of each purpose in a key. A number never changes, and none is used twice."""

LARGEST = (1 << 32) - 1
"""The largest number of a key: a larger one takes two words of it, and could be read as two numbers."""

LARGEST_SEED = (1 << 128) - 1
"""The largest seed: a larger one takes words where the key stands."""

QUANTILES = 1 << 16
"""Entries of the table of normals: one for each word of 16 bits."""

BLOCK = 1 << 15
"""Numbers that are drawn at a time: as many as stay in a processor's cache. A multiple of 4, so that blocks draw what
one draw would."""


def stream(seed: int, chip: int, component: str, place: Sequence[int], purpose: str) -> Stream:
    """The bits of one purpose of one component of one chip.

    `place` has a number for each of `PLACES[component]`. Numbers are 0 to 2^32 - 1, the seed 0 to 2^128 - 1. An
    unknown name, a wrong length or a number out of range is a ValueError.
    """
    if component not in COMPONENTS:
        raise ValueError(f"no component {component!r}; there are {', '.join(COMPONENTS)}")
    if purpose not in PURPOSES:
        raise ValueError(f"no purpose {purpose!r}; there are {', '.join(PURPOSES)}")
    names = PLACES[component]
    if len(place) != len(names):
        raise ValueError(
            f"the place of component {component!r} is ({', '.join(names)}); {len(place)} numbers are given"
        )
    for name, number in zip(("chip", *names), (chip, *place), strict=True):
        _check(name, number, LARGEST)
    _check("seed", seed, LARGEST_SEED)
    key = (chip, COMPONENTS[component], *place, PURPOSES[purpose])
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=tuple(map(int, key))))


def _check(name: str, number: int, largest: int) -> None:
    if not 0 <= number <= largest:
        raise ValueError(f"{name} {number} is not within 0 to {largest}")


def normals(source: Stream, shape: Shape, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Standard normal numbers, float32 of a shape: quantiles from a table, picked by 16 random bits each.

    Their variance is 1, their kurtosis 2.9993; they reach to 4.33. Where the tails beyond matter, use `fine_normals`.
    `out` is filled and returned where it is given: float32 of that shape, contiguous.
    """
    return _picked(source, normal_table(), shape, out)


def lognormals(source: Stream, shape: Shape, sigma: float) -> NDArray[np.float64]:
    """Factors exp(sigma * normal) with the normals of `normals`, float64 of a shape."""
    return _picked(source, _factors(sigma), shape, None)


def uniforms(source: Stream, shape: Shape, dtype: type[np.floating] = np.float64, out: Array | None = None) -> Array:
    """Numbers uniform in (0, 1), of a shape: midpoints of 2^32 equal steps in float64, of 2^23 in float32.

    Both types take the same bits, 32 for each number. `out` is filled and returned where it is given, and then says
    the type.
    """
    values: Array = _result(shape, np.dtype(dtype if out is None else out.dtype), out)
    flat = values.reshape(-1)
    drop = 9 if values.dtype == np.float32 else 0  # a float32 has 24 bits: 23, and the half that makes a midpoint
    for at in range(0, flat.size, BLOCK):
        part = flat[at : at + BLOCK]
        np.copyto(part, words(source, part.size, 32) >> drop, casting="unsafe")
        part += 0.5
        part *= 2.0 ** (drop - 32)
    return values


def fine_normals(source: Stream, shape: Shape) -> NDArray[np.float64]:
    """Standard normal numbers, float64 of a shape: quantiles of the midpoints of 2^32 steps. They reach to 6.34."""
    return elementary.quantile(np.asarray(uniforms(source, shape), np.float64))


def words(source: Stream, count: int, bits: int) -> NDArray[np.unsignedinteger]:
    """The next `count` numbers of 16 or 32 bits of a stream, the low bits of each raw number of 64 bits first.

    What the last raw number holds beyond is dropped.
    """
    raw = source.random_raw(-(-count * bits // 64))
    return cut(raw, bits)[:count]


def cut(raw: NDArray[np.uint64], bits: int) -> NDArray[np.unsignedinteger]:
    """Raw numbers of 64 bits as numbers of 16 or 32 bits, low bits first, whatever the byte order of the machine."""
    return raw.astype("<u8", copy=False).view(f"<u{bits // 8}")


@lru_cache(maxsize=1)
def normal_table() -> NDArray[np.float32]:
    """The 65,536 quantiles of a normal distribution at the midpoints of as many equal steps, scaled to variance 1.

    From Wichura's AS 241 (see `elementary.quantile`), symmetric, float32, rising; not to be written to.
    """
    upper = elementary.quantile((np.arange(QUANTILES // 2, QUANTILES) + 0.5) / QUANTILES)
    upper /= math.sqrt(math.fsum(upper * upper) / len(upper))
    table = np.concatenate([-upper[::-1], upper]).astype(np.float32)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=8)
def _factors(sigma: float) -> NDArray[np.float64]:
    factors = elementary.exp(sigma * normal_table().astype(np.float64))
    factors.flags.writeable = False
    return factors


def _picked(source: Stream, table: NDArray[Kind], shape: Shape, out: NDArray[Kind] | None) -> NDArray[Kind]:
    values = _result(shape, table.dtype, out)
    flat = values.reshape(-1)
    for at in range(0, flat.size, BLOCK):
        part = flat[at : at + BLOCK]
        # Each index is within the table; "clip" only spares `take` a buffer of its own for the result.
        np.take(table, words(source, part.size, 16), out=part, mode="clip")
    return values


def _result(shape: Shape, dtype: np.dtype[Any], out: Array | None) -> Array:
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"random numbers are float32 or float64, not {dtype}")
    if out is None:
        return np.empty(wanted, dtype)
    if out.shape != wanted or out.dtype != dtype or not out.flags.c_contiguous:
        raise ValueError(f"out is {out.dtype} {out.shape}, not contiguous {dtype} {wanted}")
    return out
