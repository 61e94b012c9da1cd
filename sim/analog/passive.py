"""Writing a passive crossbar cell after cell: every pulse also reaches the cells of the same row and column.

Cells that share no row and no column do not disturb each other. So their closed loops run at the same time here, and
what their pulses did to others is applied afterwards, in the order of writing: the same as one cell after the other.
By V/3 alone, where every cell sees a share of each pulse, cells of one step disturb each other after all are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog.cell_models import Floats, ResistiveCell, State
from acortex.sim.analog.crossbar import share_of
from acortex.sim.analog.streams import Stream, lognormals, normals

Array = NDArray[Any]
Indices = NDArray[np.intp]
Places = tuple[Indices, Indices]

ORDERS = ("diagonals", "rows")
"""Orders of writing: by diagonals that go on at the other edge, or row by row. Disturbs are alike; rows are slow."""


def write_passive(
    cell: ResistiveCell,
    target: Array,
    tolerance: float,
    sources: Sequence[Stream],
    scheme: str = "V/2",
    rounds: int = 2,
    budget: int = 120,
    order: str = "diagonals",
) -> tuple[Array, NDArray[np.int32]]:
    """Writes the crossbars of some chips, one cell after another, `rounds` times; each chip has a stream in `sources`.

    `target` (rows, columns) for all chips, or (chips, rows, columns), is in levels; `tolerance` is a share of it.
    A cell takes at most `budget` pulses in a round, and stops within the tolerance. A pulse of V leaves V/2 or V/3 on
    the other cells of row and column; by V/3, minus V/3 on all the rest too; with "1T1R" nothing anywhere. Gives the
    achieved cells (chips, rows, columns), of the target's type, and the pulses of each. A wrong argument is a
    ValueError.
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"a tolerance of {tolerance} is not within 0 and 1; it is a share, such as 0.05 for 5 %")
    shape = (len(sources), *target.shape[-2:])
    if target.shape not in (shape, shape[1:]):
        raise ValueError(f"targets of shape {target.shape} do not fit {len(sources)} crossbars, one for each stream")
    goals = np.broadcast_to(target, shape).astype(np.float64)
    cell.written(goals)
    starts = [cell.start(one.reshape(-1), source) for one, source in zip(goals, sources, strict=True)]
    state = {name: np.stack([start[name] for start in starts]).reshape(shape) for name in starts[0]}
    writing = Writing(cell, state, tolerance, budget, sources, scheme)
    pulses = np.zeros(shape, np.int32)
    for _ in range(rounds):
        for rows, columns in steps(shape[1], shape[2], order):
            trains = writing.write(rows, columns)
            pulses[:, rows, columns] += np.count_nonzero(trains, axis=0)
            for at in range(len(rows)) if share_of(scheme) else ():
                writing.disturb(trains[:, :, at], int(rows[at]), int(columns[at]))
    return cell.held(state).astype(target.dtype), pulses


def steps(rows: int, columns: int, order: str) -> Iterator[Places]:
    """The order of writing: for each step the rows and columns of cells, no two of which share a row or a column.

    An unknown order is a ValueError.
    """
    if order not in ORDERS:
        raise ValueError(f"no order of writing {order!r}; there are {', '.join(ORDERS)}")
    if order == "rows":
        for at in range(rows * columns):
            yield np.array([at // columns]), np.array([at % columns])
        return
    short, long = min(rows, columns), max(rows, columns)
    along = np.arange(short)
    for offset in range(long):
        across = (along + offset) % long
        yield (along, across) if rows <= columns else (across, along)


@dataclass(frozen=True)
class Writing:
    """Crossbars that are being written; the arrays of `state` are (chips, rows, columns)."""

    cell: ResistiveCell
    state: State
    tolerance: float
    budget: int
    sources: Sequence[Stream]
    scheme: str

    def write(self, rows: Indices, columns: Indices) -> Floats:
        """Tunes some cells of each chip, and gives the pulses that took, in V: (pulses, chips, cells), 0 for none."""
        mine = {name: values[:, rows, columns].reshape(-1) for name, values in self.state.items()}
        # Drawn for the whole budget, since a chip must not depend on how long others take.
        size = (self.budget, len(rows))
        noise = np.stack([normals(each, size) for each in self.sources], axis=1).reshape(self.budget, -1)
        factors = [lognormals(each, size, self.cell.pulse_sigma) for each in self.sources]
        factor = np.stack(factors, axis=1).reshape(self.budget, -1)
        trains = np.zeros(noise.shape)
        live = np.arange(noise.shape[1])
        for pulse in range(self.budget):
            seen = {"g": mine["g"][live], "target": mine["target"][live]}
            error = self.cell.seen(seen, noise[pulse, live])
            acting = np.abs(error) > self.tolerance
            live, error, g = live[acting], error[acting], seen["g"][acting]
            if not live.size:
                break
            volts = self.cell.next_volts(mine["volts"][live], error)
            mine["volts"][live] = trains[pulse, live] = volts
            push = self.cell.push(volts, mine["set"][live], mine["reset"][live])
            mine["g"][live] = self.cell.after(g, push * factor[pulse, live])
        self.state["g"][:, rows, columns] = mine["g"].reshape(len(self.sources), len(rows))
        return trains.reshape(self.budget, len(self.sources), len(rows))

    def disturb(self, train: Floats, row: int, column: int) -> None:
        """What the pulses (pulses, chips) on one cell do to others, each pulse by the threshold of each."""
        rows, columns, sign = self._victims(row, column)
        share = share_of(self.scheme)
        high, low = share * train.max(axis=0)[:, None], -share * train.min(axis=0)[:, None]
        sets, resets = self.state["set"][:, rows, columns], self.state["reset"][:, rows, columns]
        up, down = (high, low) if np.ndim(sign) == 0 else (np.where(sign > 0, high, low), np.where(sign > 0, low, high))
        chips, at = np.nonzero((up > sets) | (down > resets))
        if not len(chips):
            return
        volts = share * train[:, chips] * (sign if np.ndim(sign) == 0 else sign[at])
        push = self.cell.push(volts, sets[chips, at], resets[chips, at])
        hits = push.T != 0
        counts = np.bincount(chips, hits.sum(axis=1), len(self.sources)).astype(int).tolist()
        drawn = [lognormals(each, n, self.cell.pulse_sigma) for each, n in zip(self.sources, counts, strict=True) if n]
        push.T[hits] *= np.concatenate(drawn)
        g = self.state["g"][chips, rows[at], columns[at]]
        for pulse in np.flatnonzero(hits.any(axis=0)):
            g = self.cell.after(g, push[pulse])
        self.state["g"][chips, rows[at], columns[at]] = g

    def _victims(self, row: int, column: int) -> tuple[Indices, Indices, Any]:
        """The cells that a pulse on one cell reaches, and the sign of what reaches them."""
        shape = self.state["g"].shape[1:]
        if self.scheme == "V/3":
            sign = np.full(shape, -1.0)
            sign[row], sign[:, column] = 1.0, 1.0
            sign[row, column] = 0.0
            rows, columns = np.nonzero(sign)
            return rows, columns, sign[rows, columns]
        others = [np.delete(np.arange(length), at) for length, at in zip(shape, (row, column), strict=True)]
        rows = np.concatenate([np.full(len(others[1]), row), others[0]])
        return rows, np.concatenate([others[1], np.full(len(others[0]), column)]), 1.0
