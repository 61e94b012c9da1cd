"""How what an array takes follows its side, `arrays.k`: each factor is exactly 1 for the arrays that prices stand for.

Prices, areas and delays of a chip file are those of the published array of 64 x 64. An array of another side has as
many cells more as its area, and as many DACs, sensing circuits and neurons as rows and columns. A line is as long as
its cells are many: its driver, whose strength is that of one row or column, settles it in proportion. What the line's
own resistance adds would grow with the square, and is left out: DEVIATIONS.md (D36) says how little that is.
"""

from __future__ import annotations

from decimal import Decimal

from acortex.isa.machine import CHANNELS
from acortex.sim.chip.specs import Chip

PRICED_SIDE = 64
"""Rows and columns of the array that prices, areas and delays are stated for: Fig. 7b, K = 64."""


def line_factor(chip: Chip) -> Decimal:
    """What follows the rows or the columns of an array, or the length of its lines: circuits, latches, settling."""
    return Decimal(chip.arrays.k) / PRICED_SIDE


def cells_factor(chip: Chip) -> Decimal:
    """What follows the cells of an array: their energy and area, and the wires of its bus, one along each column."""
    return line_factor(chip) ** 2


def loads(chip: Chip, rows: int, columns: int) -> int:
    """Words that load the latches for a matrix of `rows` x `columns` cells once: those of a vector, for each column of
    arrays. With `broadcast_loads` each reaches all columns at once.
    """
    words = -(-rows // CHANNELS)
    return words if chip.arrays.broadcast_loads else words * -(-columns // chip.arrays.k)
