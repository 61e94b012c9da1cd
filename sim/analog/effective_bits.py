"""How many bits a product is worth, from its errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def enob(ideal: Array, measured: Array, *, span: float | None = None, trimmed: bool = False) -> float:
    """The effective number of bits of products: log2(span / (rms error * sqrt(12))), those of an ideal converter.

    An ideal converter of b bits cuts its range into 2^b steps, and is wrong by a step over sqrt(12), rms: it would err
    as much. `span` is that range: by default from the least to the largest of the ideal products, as a converter whose
    range was chosen for these data has it; give 2 * rows * code * level for that of all products that are possible,
    which counts more bits for the same error. With `trimmed` one gain common to all products is taken out first, that
    of least squares. Products without any error have infinitely many bits. The sums are exact, so that the result is
    the same on every machine up to its last digit, which is the logarithm's. Raises ValueError.
    """
    if ideal.shape != measured.shape or not ideal.size:
        raise ValueError(f"enob: products of shape {measured.shape} for ideal ones of shape {ideal.shape}")
    wanted, found = ideal.astype(np.float64).ravel(), measured.astype(np.float64).ravel()
    reach = float(wanted.max() - wanted.min()) if span is None else float(span)
    if not 0 < reach < math.inf:
        raise ValueError(f"enob: a range of {reach}: it is above 0, and finite")
    if trimmed:
        power = math.fsum(found * found)
        found = found * (math.fsum(wanted * found) / power if power else 1.0)
    error = found - wanted
    rms = math.sqrt(math.fsum(error * error) / error.size)
    return math.inf if rms == 0 else math.log2(reach / (rms * math.sqrt(12)))
