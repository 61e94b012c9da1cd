"""Sums that are the same on every machine: of whole numbers, in float64, below 2^53, in whatever order they are added.

Libraries of linear algebra add up in an order that depends on the machine and on how many threads it has. What must not
depend on these, such as the levels of weights, is computed with numbers that were rounded to a grid first, fine enough
that no code of few bits notices.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Geometry
from acortex.programs.quantise.evaluate import Sums, convolve

Array = NDArray[Any]

MANTISSA = 53
"""Bits of whole numbers in float64."""

FINEST = 24
"""Bits of a grid that is as fine as float32."""

AT_ONCE = 1 << 22
"""Numbers of an image that are computed with at a time."""


def grid_bits(terms: int) -> int:
    """Bits of two factors, so that a sum of so many of their products is exact."""
    return min((MANTISSA - (terms - 1).bit_length()) // 2, FINEST)


def on_grid(x: Array, bits: int, axis: tuple[int, ...] | None = None) -> tuple[Array, Array]:
    """Whole numbers below 2^bits, float64, and the exponents of two that they are to be multiplied by, int.

    The largest magnitude along `axis` sets the grid.
    """
    largest = np.abs(x).max(axis=axis, keepdims=True, initial=0)
    exponent = np.frexp(largest)[1] - bits
    return np.rint(np.ldexp(x.astype(np.float64), -exponent)), exponent


def product(a: Array, b: Array) -> Array:
    """The product of two matrices, or of stacks of them: float64, each rounded to `grid_bits` of its largest number."""
    bits = grid_bits(a.shape[-1])
    left, e = on_grid(a, bits)
    right, f = on_grid(b, bits)
    made: Array = np.ldexp(left @ right, (e + f).reshape(-1)[0])
    return made


def exact_convolve(image: Array, weights: Array, geometry: Geometry, groups: int, pad: float) -> Array:
    """What `convolve` makes, float32, from an image and weights on grids: those of weights for each output channel."""
    bits = grid_bits(math.prod(weights.shape[:3]))
    largest = max(float(np.abs(image).max(initial=0)), abs(pad))
    up = bits - math.frexp(largest)[1]
    kernel, f = on_grid(weights, bits, (0, 1, 2))
    back = f.reshape(-1) - up
    outside = math.ldexp(round(math.ldexp(pad, up)), -up) if pad else 0.0
    made = np.empty((len(image), geometry.rows, geometry.columns, weights.shape[3]), np.float32)
    numbers = max(math.prod(image.shape[1:]), math.prod(made.shape[1:]))
    for start in range(0, len(image), step := max(AT_ONCE // max(numbers, 1), 1)):
        part = slice(start, start + step)
        whole = np.rint(np.ldexp(image[part].astype(np.float64), up))
        made[part] = np.ldexp(convolve(whole, kernel, geometry, groups, math.ldexp(outside, up)), back)
    return made


EXACT = Sums(exact_convolve, product, np.float64)
"""Sums that are the same on every machine. Sigmoid and tanh are a library's, in float64, rounded to float32."""
