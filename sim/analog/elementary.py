"""Logarithm, exponential and normal quantiles whose last bit is the same on every machine.

They use additions, multiplications, divisions, square roots and powers of two alone, which IEEE 754 rounds correctly.
Libraries differ in the last digit of `log` and `exp`, and a closed loop that compares such numbers could take another
turn. All functions work on float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LN_2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
"""The upper 33 bits of ln 2: a whole number below 2^20 times this is exact."""

LN_2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
"""The rest of ln 2."""

INVERSE_LN_2 = 1.4426950408889634
"""1 / ln 2. A wrong last digit would only choose another multiple of ln 2 to take off."""

ROOT_HALF = 0.7071067811865476
"""The square root of 1/2: mantissas are brought within it and twice it, around 1."""

LOG_TERMS = tuple(2 / k for k in range(1, 24, 2))
"""ln((1 + s) / (1 - s)) = 2 (s + s^3 / 3 + ...); with abs(s) below 0.1716 the next term is below 1e-19."""

EXP_TERMS = tuple(1 / math.factorial(k) for k in range(7))
"""exp(r) = 1 + r + r^2 / 2 + ...; with abs(r) below 0.00542 the next term is below 1e-19."""

PART_BITS = 6
PARTS = 1 << PART_BITS
"""Equal steps of the exponent between powers of two, whose exponentials are a table."""

CENTRAL = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
"""Numerator and denominator of AS 241's PPND16 where abs(p - 0.5) is at most 0.425, by rising powers."""

TAIL = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
"""The same for the tails, down to a probability of exp(-25)."""

LEAST = 1.3887943864964021e-11
"""exp(-25), the least probability that `quantile` takes: beyond, AS 241 has a third pair of polynomials."""


def polynomial(terms: Sequence[float], x: Floats) -> Floats:
    """The sum of `terms[k] * x**k`, by Horner's rule; float64 of the shape of x."""
    total = np.full(x.shape, terms[-1])
    for term in terms[-2::-1]:
        total *= x
        total += term
    return total


def log(x: Floats) -> Floats:
    """The natural logarithm of positive, finite numbers, to 4 units of the last place; float64 of the shape of x."""
    mantissa, exponent = np.frexp(np.asarray(x, np.float64))
    low = mantissa < ROOT_HALF
    mantissa = np.where(low, 2 * mantissa, mantissa)
    whole = (exponent - low).astype(np.float64)
    s = (mantissa - 1) / (mantissa + 1)
    series = s * polynomial(LOG_TERMS, s * s)
    return np.asarray(whole * LN_2_HIGH + (series + whole * LN_2_LOW))


def exp(x: Floats) -> Floats:
    """The exponential of numbers within -700 to 700, to 3 units of the last place; float64 of the shape of x."""
    x = np.asarray(x, np.float64)
    steps = np.rint(x * (INVERSE_LN_2 * PARTS))
    rest = (x - steps * (LN_2_HIGH / PARTS)) - steps * (LN_2_LOW / PARTS)
    whole = steps.astype(np.int32)
    return np.asarray(np.ldexp(POWERS[whole & (PARTS - 1)] * polynomial(EXP_TERMS, rest), whole >> PART_BITS))


def quantile(p: Floats) -> Floats:
    """The standard normal deviates with lower tail areas p, each within exp(-25) to 1 - exp(-25); float64.

    M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988), 477-484: to about 1 part in 10^16. A
    probability out of the range is a ValueError.
    """
    p = np.asarray(p, np.float64)
    if p.size and not min(p.min(), (1 - p).min()) >= LEAST:
        raise ValueError(f"a probability of {p.min()} to {p.max()} is not within {LEAST:.4g} to 1 - {LEAST:.4g}")
    q = p - 0.5
    r = 0.180625 - q * q
    z = np.asarray(q * (polynomial(CENTRAL[0], r) / polynomial(CENTRAL[1], r)))
    tail = np.abs(q) > 0.425
    if tail.any():
        side = q[tail]
        r = np.sqrt(-log(np.where(side < 0, p[tail], 1 - p[tail]))) - 1.6
        z[tail] = np.copysign(polynomial(TAIL[0], r) / polynomial(TAIL[1], r), side)
    return z


POWERS = polynomial(
    [1 / math.factorial(k) for k in range(20)],
    np.arange(PARTS) * (LN_2_HIGH / PARTS) + np.arange(PARTS) * (LN_2_LOW / PARTS),
)
"""2^(k / PARTS) for each k below PARTS, by the series of the exponential; at 0.69 its next term is below 1e-21."""
