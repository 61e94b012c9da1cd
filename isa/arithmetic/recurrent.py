"""The arithmetic of recurrent cells: LSTM and GRU steps on a state of 16 bits. Exact integers, no clock.

Gates come as codes. With F = high and G = high - zero of the quantiser `gates`, a sigmoid's code stands for code / F,
a tanh's for (code - zero) / G. The cell state c of an LSTM counts 2048ths, the state h of a GRU 32767ths; both are held
in 16 bits and saturate. Every rounding is to nearest, ties to even.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import LARGEST_SHIFT, Quantiser, nearest

Array = NDArray[Any]

CELL_ONE = 2048
"""The cell state that stands for 1, and the argument of `tanh_of` that does."""

STATE_ONE = 32767
"""The state of a GRU, and the value of `tanh_of`, that stands for 1."""

LOWEST, HIGHEST = -(1 << 15), (1 << 15) - 1
"""What 16 bits hold."""


def saturate(values: Array) -> NDArray[np.int64]:
    """Values held within 16 bits: int64 of their shape."""
    return np.clip(values, LOWEST, HIGHEST).astype(np.int64)


@lru_cache(maxsize=1)
def _tanh_table() -> NDArray[np.int64]:
    exact = np.array([STATE_ONE * math.tanh(c / CELL_ONE) for c in range(HIGHEST + 2)])
    above = np.rint(exact).astype(np.int64)
    return np.concatenate((-above[:0:-1], above[:-1]))


def tanh_of(cells: Array) -> NDArray[np.int64]:
    """round(32767 * tanh(c / 2048)) of 16-bit numbers c: int64 of their shape.

    A table of integers. None of its entries is near a tie, so that no library's last digit shows.
    """
    looked_up: NDArray[np.int64] = _tanh_table()[cells - LOWEST]
    return looked_up


def lstm_step(
    i: Array, f: Array, o: Array, g: Array, cell: Array, gates: Quantiser
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cell state after a step, and o * tanh(c') before it is quantised, where high * 32767 stands for 1.

    c' = round((f * c * G + i * (g - zero) * 2048) / (F * G)), in 16 bits
    """
    one, span = gates.high, gates.high - gates.zero
    kept, new = f * cell * span, i * (g - gates.zero) * CELL_ONE
    after = saturate(nearest(kept + new, one * span))
    return after, o * tanh_of(after)


def gru_step(z: Array, n: Array, state: Array, gates: Quantiser) -> NDArray[np.int64]:
    """The state after a step, from the code n of a tanh: z * h + (1 - z) * n.

    h' = round((z * h * G + (F - z) * (n - zero) * 32767) / (F * G)), in 16 bits
    """
    one, span = gates.high, gates.high - gates.zero
    kept, new = z * state * span, (one - z) * (n - gates.zero) * STATE_ONE
    return saturate(nearest(kept + new, one * span))


def gru_reset_step(z: Array, nx: Array, r: Array, nh: Array, state: Array, gates: Quantiser) -> NDArray[np.int64]:
    """The state after a step with linear_before_reset: n = tanh(nx + r * nh), and z * h + (1 - z) * n.

    n's argument, in 2048ths, is round((F * (nx - zero) + r * (nh - zero)) * multiplier / (2^shift * F)), in 16 bits;
    h' = round((z * h + (F - z) * n) / F), in 16 bits.
    """
    one = gates.high
    weighted = one * (nx - gates.zero) + r * (nh - gates.zero)
    n = tanh_of(saturate(nearest(weighted * gates.multiplier, one << min(gates.shift, LARGEST_SHIFT))))
    return saturate(nearest(z * state + (one - z) * n, one))
