"""Fig. 3: a write with half of the voltage on other cells, on passive and active crossbars, against the spread.

The curves of cells are of the device model of `acortex.sim.analog.cell_models`; how many cells a write disturbs is
simulated beside its closed form, on fragments of 2 x 2 and on crossbars of 20 x 20.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog.cell_models import resistive_cell
from acortex.sim.analog.crossbar import (
    MEAN_V,
    OVERDRIVE_V,
    disturbed,
    disturbed_cells,
    disturbed_crossbar,
    share_of,
    thresholds,
)
from acortex.sim.analog.streams import Stream, fine_normals, stream
from acortex.tools.paper.figures.figure import Progress

Floats = NDArray[np.float64]

SPREADS = (0.10, 0.15, 0.20, 0.26)
"""Spreads of thresholds for which there are rows: 15 % are the cells of Fig. 4, 26 % their 64 x 64 successors."""

FRAGMENTS, CROSSBARS, SIDE = 100_000, 400, 20
"""Fragments of 2 x 2 cells and crossbars of `SIDE` x `SIDE` cells that are drawn for each spread."""

DEVICES, STEP_V = 5, 0.02
"""Cells whose curve is drawn, and the steps of its voltage, each as long as a pulse."""

MOST_SET_V, MOST_RESET_V = 1.7, 1.9
"""How far the curves go."""

SEED = 3


@dataclass(frozen=True)
class Curve:
    """A cell under a voltage that rises, falls, and does so again below 0: in V and uA."""

    volts: Floats
    current_ua: Floats


@dataclass(frozen=True)
class Share:
    """The share of cells that writes disturb at one spread: closed forms, and simulated ones with standard errors."""

    spread: float
    write: float
    write_simulated: float
    write_error: float
    crossbar: float
    crossbar_simulated: float
    crossbar_error: float
    active_simulated: float


@dataclass(frozen=True)
class HalfSelect:
    """All that Fig. 3 shows; `extremes_v` are the least and the largest threshold of a crossbar, as means over many."""

    curves: list[Curve]
    set_v: Floats
    reset_v: Floats
    extremes_v: dict[str, tuple[float, float]]
    shares: list[Share]


def studied(progress: Progress) -> HalfSelect:
    """Draws thresholds, curves and crossbars; `progress` counts spreads."""
    set_v, reset_v = _drawn_thresholds()
    shares = []
    for done, spread in enumerate(SPREADS):
        progress(done, len(SPREADS))
        shares.append(share_at(spread, done))
    progress(len(SPREADS), len(SPREADS))
    curves = [_curve(float(set_v[0, 0, at]), float(reset_v[0, 0, at])) for at in range(DEVICES)]
    return HalfSelect(
        curves, set_v[0].ravel(), reset_v[0].ravel(), {"set": _ends(set_v), "reset": _ends(reset_v)}, shares
    )


def _ends(cells: Floats) -> tuple[float, float]:
    return float(cells.min(axis=(1, 2)).mean()), float(cells.max(axis=(1, 2)).mean())


def _source(place: int, row: int) -> Stream:
    return stream(SEED, 0, "array", (place, row), "threshold")


def _drawn_thresholds() -> tuple[Floats, Floats]:
    """The thresholds of the cells of crossbars in V, to set and to reset."""
    cell = resistive_cell
    z = fine_normals(_source(0, 0), (2, CROSSBARS, SIDE, SIDE))
    return thresholds(z[0], cell.set_v, cell.threshold_spread), thresholds(z[1], cell.reset_v, cell.threshold_spread)


def _curve(set_v: float, reset_v: float) -> Curve:
    """One cell: each step of the voltage acts as a pulse; its current is that of its conductance."""
    up, down = np.arange(0, MOST_SET_V, STEP_V), np.arange(0, MOST_RESET_V, STEP_V)
    volts = np.concatenate([up, up[::-1], -down, -down[::-1]])
    cell, g = resistive_cell, np.array([resistive_cell.least_us])
    current = np.empty(len(volts))
    for at, volt in enumerate(volts):
        push = cell.push(np.array([volt]), np.array([set_v]), np.array([reset_v]))
        g = cell.after(g, push)
        current[at] = g[0] * volt
    return Curve(volts, current)


def share_at(spread: float, place: int) -> Share:
    """The share of disturbed cells at one spread, by closed forms and by simulation."""
    fragments = thresholds(fine_normals(_source(1, place), (FRAGMENTS, 2, 2)), MEAN_V, spread)
    crossbars = thresholds(fine_normals(_source(2, place), (CROSSBARS, SIDE, SIDE)), MEAN_V, spread)
    write, write_error = _mean(written_once(fragments))
    crossbar, crossbar_error = _mean(disturbed_cells(crossbars).mean(axis=(1, 2)))
    return Share(
        spread=spread,
        write=disturbed(spread),
        write_simulated=write,
        write_error=write_error,
        crossbar=disturbed_crossbar(spread, SIDE, SIDE),
        crossbar_simulated=crossbar,
        crossbar_error=crossbar_error,
        active_simulated=float(disturbed_cells(crossbars, "1T1R").mean()),
    )


def written_once(fragments: Floats) -> Floats:
    """For each fragment (n, 2, 2) the share of its two half-selected cells that a write of its first one disturbs."""
    write = share_of("V/2") * (fragments[:, 0, 0] + OVERDRIVE_V)
    others = np.stack([fragments[:, 0, 1], fragments[:, 1, 0]], axis=1)
    found: Floats = (write[:, None] > others).mean(axis=1)
    return found


def _mean(shares: Floats) -> tuple[float, float]:
    """The mean of independent samples, and its standard error."""
    return float(shares.mean()), float(shares.std() / np.sqrt(len(shares)))
