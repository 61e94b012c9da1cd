"""The pattern of Fig. 4: ten levels on a crossbar of 20 x 20 cells, written by pulses and reads."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog.cell_models import resistive_cell
from acortex.sim.analog.passive import write_passive
from acortex.sim.analog.streams import stream

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

SIDE, LEVELS = 20, 10
WHITE_KOHM, BLACK_KOHM = 96.6, 7.0
"""The ends of the pattern, as printed, at 0.2 V."""

CROSSBARS = 40
"""Crossbars that are written for each row."""

SEED = 4


@dataclass(frozen=True)
class Writing:
    """How a pattern is written; tolerance and the spread of thresholds are shares."""

    tolerance: float = 0.05
    spread: float = 0.15
    scheme: str = "V/2"
    rounds: int = 2


@dataclass(frozen=True)
class Written:
    """Crossbars that were written: what they conduct in uS, (crossbars, 20, 20), pulses for each cell, and errors."""

    achieved_us: Floats
    pulses: Ints
    errors: Floats

    def within(self, share: float) -> float:
        """The share of cells whose error is at most so large."""
        return float((np.abs(self.errors) <= share).mean())

    @property
    def mean_error(self) -> float:
        """The mean of the errors' magnitudes."""
        return float(np.abs(self.errors).mean())

    @property
    def median_error(self) -> float:
        """The median of the errors' magnitudes."""
        return float(np.median(np.abs(self.errors)))


def face() -> Ints:
    """A face in ten grey levels, 0 white to 9 black: int of shape (20, 20)."""
    y, x = np.mgrid[:SIDE, :SIDE]
    middle = (SIDE - 1) / 2
    distance = np.hypot(x - middle, y - middle)
    grey = np.where(distance < 9, np.clip(np.rint(5 - 0.4 * distance), 2, 5), 0)
    grey[(distance >= 9) & (distance < 10)] = 8
    grey[(distance >= 10) & ((x + y) % 5 == 0)] = 1
    for eye in (6.0, 13.0):
        away = np.hypot(x - eye, y - 6.5)
        grey[away < 2.2] = 6
        grey[away < 1.2] = 9
    smile = np.hypot(x - middle, y - 9.0)
    grey[(np.abs(smile - 6) < 1.3) & (y > 11.5)] = 7
    grey[(np.abs(smile - 6) < 0.6) & (y > 11.5)] = 9
    return grey.astype(int)


def conductances(levels: Ints) -> Floats:
    """Levels as conductances in uS, evenly from white to black."""
    white, black = 1e3 / WHITE_KOHM, 1e3 / BLACK_KOHM
    found: Floats = white + (black - white) * levels / (LEVELS - 1)
    return found


def write(writing: Writing, crossbars: int = CROSSBARS) -> Written:
    """Writes the pattern into crossbars; each is the same one whatever their number."""
    target = conductances(face())
    cell = replace(resistive_cell, level_us=1.0, threshold_spread=writing.spread)
    sources = [stream(SEED, chip, "array", (0, 0), "pulses") for chip in range(crossbars)]
    achieved, pulses = write_passive(cell, target, writing.tolerance, sources, writing.scheme, writing.rounds)
    return Written(achieved, pulses.astype(int), achieved / target - 1)
