"""What happens to sums between the cells and the converters, each effect on its own.

Sums are in codes times levels, of shape (..., positions, columns); what is drawn once for each chip has a shape that
broadcasts to it. Every function is elementwise: float32 stays float32, and results are the same on every machine.

The resistance of the buses that join arrays is not here: no publication gives one. Currents that are joined add up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def array_gain(sums: Array, factors: Array) -> Array:
    """Sums of an array whose sensing has a gain of its own: `factors` are near 1, one for each array."""
    return sums * factors


def sensing_offset(sums: Array, offsets: Array) -> Array:
    """Sums with an offset for each column of each array, in codes times levels. Those of joined arrays add up."""
    return sums + offsets


def crosstalk(sums: Array, share: float) -> Array:
    """Sums of which each column sees a share of those of the columns beside it: s_j + share (s_(j-1) + s_(j+1)).

    A first-order form of our own for lines that couple to their neighbours; columns at an edge have one neighbour.
    `share` is 0.01 for 1 %. Raises ValueError.
    """
    if not -1 < share < 1:
        raise ValueError(f"crosstalk: a share of {share}, not between -1 and 1")
    if share == 0:
        return sums
    beside = np.zeros_like(sums)
    beside[..., 1:] += sums[..., :-1]
    beside[..., :-1] += sums[..., 1:]
    return sums + float(share) * beside


def saturating(sums: Array, n: float, largest: float) -> Array:
    """The nonlinearity of an output stage, y / (1 + n |y|), where y is the sum as a share of the largest one.

    `n` is a plain number: a sum of `largest` (in the units of the sums) comes out as largest / (1 + n). The form and
    the unit of n are those of the IBM Analog Hardware Acceleration Kit (`out_nonlinearity`, over `out_bound`). Raises
    ValueError.
    """
    if not (0 <= n < np.inf and 0 < largest < np.inf):
        raise ValueError(f"saturating: n is {n} and the largest sum {largest}: at least 0, and above 0")
    if n == 0:
        return sums
    return sums / (1 + float(n / largest) * np.abs(sums))


def cubic(codes: Array, per_v2: float, v_read: float, *, largest: int = 15) -> NDArray[np.float32]:
    """What codes act as where they are voltages and the current of a cell has a cubic part, float32 in codes.

    I = A1 V + A3 V^3 with A3 / A1 = `per_v2` (in V^-2), and `v_read` volts for the largest code, so that

        x (1 + per_v2 v^2 (x / largest)^2) / (1 + per_v2 v^2)

    whose ends are exact: the gain is that at full scale. The static part of the model of Nili et al. (IEEE
    Transactions on Nanotechnology, 2020) has 3.4 V^-2 for cells of 10 uS and 2.1 for 100 uS. One ratio for all cells
    makes this a matter of inputs alone. Inputs as times have no such part. Raises ValueError.
    """
    if not (0 <= per_v2 < np.inf and 0 <= v_read < np.inf):
        raise ValueError(f"cubic: {per_v2} per V^2 at {v_read} V: both are at least 0, and finite")
    part = float(per_v2) * float(v_read) * float(v_read)
    if part == 0:
        return codes.astype(np.float32)
    x = codes.astype(np.float64)
    share = x / largest
    bent: NDArray[np.float32] = (x * (1 + part * share * share) / (1 + part)).astype(np.float32)
    return bent
