"""What a code acts as in the cells: the curve of DACs and of cells, on a grid of codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog import converters, sensing
from acortex.sim.chip.errors import amount
from acortex.sim.chip.specs import Chip

GRID = 64
"""Steps of the grid in one code: codes on it are whole numbers, so that sums stay exact."""


def code_curve(chip: Chip, top: int) -> NDArray[np.int32] | None:
    """For each code up to `top` what it acts as, in 1/64 code: int32; None where it acts as itself.

    A DAC bends the codes. Where inputs are voltages, the cubic part of a cell's current bends them again.
    """
    errors = chip.errors
    bend = amount(errors.dac_inl_codes)
    cubic = amount(errors.nonlinearity_per_v2) if errors.input != "time" else 0.0
    if not bend and not cubic:
        return None
    codes = np.arange(top + 1, dtype=np.float32)
    if bend:
        codes = codes + converters.bow(codes / np.float32(top), bend)
    if cubic:
        codes = sensing.cubic(codes, cubic, amount(errors.v_read), largest=top)
    return np.rint(codes * GRID).astype(np.int32)
