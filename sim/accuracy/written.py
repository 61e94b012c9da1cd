"""What stands in the cells of a group once they are written, aged and read through their wires: weights on a grid.

Errors act in this order: targets, the share of cells that is written, programming, time, stuck cells, a user's own
model, wires, the difference of each pair, gains of the array and of its DACs, and last the grid. Weights are whole
numbers of 1/256 level, so that every sum of theirs is exact and the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.errors import MissingExtra
from acortex.isa.arithmetic.quantisers import EXACT
from acortex.sim.accuracy import cells as cells_of
from acortex.sim.accuracy.cells import FULL_SCALE
from acortex.sim.accuracy.own import own_model
from acortex.sim.accuracy.place import Array as Place
from acortex.sim.accuracy.place import Remapped
from acortex.sim.accuracy.sound import check
from acortex.sim.analog import drift, pairs, wires
from acortex.sim.analog.streams import normals, stream
from acortex.sim.chip.errors import Errors, amount, share
from acortex.sim.chip.groups import Group
from acortex.sim.chip.specs import Chip

Kind = type[np.float32] | type[np.float64]
Floats = NDArray[np.float32]
Ints = NDArray[np.integer[Any]]

GRID = 256
"""Steps of the grid of weights in one level."""

COARSE = 16
"""Steps of the grid of currents in one level: they set the size of noise alone."""


class Matrices(NamedTuple):
    """The weights of a group in 1/256 level, whole, of shape (chips, rows, columns); one chip where all are alike.

    `currents` are those of both cells of a pair together, and `powers` the sum of their squares, in 1/16 level and
    its square, where noise depends on them.
    """

    weights: Ints
    currents: Ints | None
    powers: Ints | None

    worst: NDArray[np.int64]
    """The largest sum of weights of a column, without their signs, of each chip."""
    most_current: int
    """The largest sum of currents of a column."""

    @property
    def chips(self) -> int:
        """How many chips differ."""
        return len(self.weights)

    def kind(self, chip: int, top: int) -> Kind:
        """The type that holds each sum of codes up to `top` exactly."""
        return np.float32 if int(self.worst[chip]) * top < EXACT else np.float64

    def kind_of_currents(self, top: int) -> Kind:
        """The same for sums of currents."""
        return np.float32 if self.most_current * top < EXACT else np.float64


@dataclass(frozen=True)
class Writer:
    """Writes the groups of a program into the chips `numbers` of a population."""

    chip: Chip
    seed: int
    numbers: Sequence[int]
    places: Sequence[Remapped]

    def matrices(self, group: Group, weights: NDArray[np.int8]) -> Matrices:
        """The matrices of a group whose weights, in levels, are of shape (rows, columns)."""
        errors = self.chip.errors
        alike = not cells_of.differ(errors)
        made = _Made.empty(1 if alike else len(self.numbers), weights.shape, errors)
        k = self.chip.arrays.k
        for tile_row, row in enumerate(group.tiles):
            for tile_column, array in enumerate(row):
                at = (
                    slice(tile_row * k, min((tile_row + 1) * k, group.rows)),
                    slice(tile_column * k, min((tile_column + 1) * k, group.columns)),
                )
                made.put(at, self.cells(weights[at], array, alike), self._gains(array, alike), self.chip)
        return made.matrices()

    def cells(self, levels: NDArray[np.int8], array: Place, alike: bool) -> Floats:
        """The cells of one array on each chip, in levels: float32 of shape (chips, 2, k, k)."""
        tile = np.zeros((self.chip.arrays.k,) * 2, np.float32)
        tile[: levels.shape[0], : levels.shape[1]] = levels
        numbers = self.numbers[:1] if alike else self.numbers
        places = [at.instead.get(array, array) for at in self.places[: len(numbers)]]
        cells = cells_of.written(self.chip, tile, self.seed, numbers, places)
        lost = [index for index, at in enumerate(self.places[: len(numbers)]) if array in at.lost]
        if lost:
            cells = np.array(cells)  # it may be one chip's for all
            cells[lost] = 0
        return cells

    def _gains(self, array: Place, alike: bool) -> Floats:
        """The gain of each row and column of one array on each chip: float32 of shape (chips, k, k) or less."""
        if alike:
            return np.ones((1, 1, 1), np.float32)
        places = [at.instead.get(array, array) for at in self.places]
        return np.stack([self._gain(number, place) for number, place in zip(self.numbers, places, strict=True)])

    def _gain(self, number: int, place: Place) -> Floats:
        errors = self.chip.errors
        gain = np.ones((1, 1), np.float32)
        if errors.array_gain_pct:
            drawn = normals(stream(self.seed, number, "array", place, "gain"), (1, 1))
            gain = gain + share(errors.array_gain_pct) * drawn
        if errors.dac_gain_pct:
            drawn = normals(stream(self.seed, number, "array", place, "dac"), (self.chip.arrays.k, 1))
            gain = gain * (1 + share(errors.dac_gain_pct) * drawn)
        if errors.temperature_pct_per_c and errors.temperature_c != drift.ROOM_C:
            drawn = normals(stream(self.seed, number, "array", place, "temperature"), (1, self.chip.arrays.k))
            each_degree = share(errors.temperature_pct_per_c)
            gain = gain * drift.temperature_gain(float(errors.temperature_c), drawn, each_degree, span=1.0)
        return np.asarray(gain, np.float32)


def rehearse(chip: Chip) -> None:
    """Writes one array with every weight that there is, so that what a chip's errors refuse is refused before any work.

    Raises UsageError.
    """
    check(chip.errors)
    own_model(chip.errors.own)
    # A user's function is called for arrays of a program alone; half-selected cells take seconds, and refuse no more.
    without = chip.errors.model_copy(update={"own": None, "write_scheme": None})
    alone = chip.model_copy(update={"errors": without})
    each = np.arange(-FULL_SCALE, FULL_SCALE, dtype=np.int8)
    levels = np.resize(each, (chip.arrays.k, chip.arrays.k))
    place = [Remapped({}, frozenset())]
    _through_wires(Writer(alone, 0, (0,), place).cells(levels, (0, 0), True), alone)


@dataclass
class _Made:
    """Matrices as they are filled, array by array."""

    weights: Ints
    currents: Ints | None
    powers: Ints | None

    @classmethod
    def empty(cls, chips: int, shape: tuple[int, ...], errors: Errors) -> _Made:
        def of(wanted: object, kind: type[np.integer[Any]]) -> Ints | None:
            return np.zeros((chips, *shape), kind) if wanted else None

        currents, powers = of(errors.shot_pct, np.int16), of(errors.flicker_pct, np.int32)
        return cls(np.zeros((chips, *shape), np.int16), currents, powers)

    def put(self, at: tuple[slice, slice], cells: Floats, gains: Floats, chip: Chip) -> None:
        """Fills in what one array holds."""
        rows, columns = at[0].stop - at[0].start, at[1].stop - at[1].start
        weights = pairs.join(_through_wires(cells, chip)) * gains
        part = (slice(None), slice(rows), slice(columns))
        self.weights = _filled(self.weights, at, np.rint(weights * GRID)[part])
        if self.currents is not None:
            self.currents = _filled(self.currents, at, np.rint(cells.sum(axis=1) * COARSE)[part])
        if self.powers is not None:
            self.powers = _filled(self.powers, at, np.rint((cells * cells).sum(axis=1) * COARSE**2)[part])

    def matrices(self) -> Matrices:
        worst = np.array([np.abs(one).sum(axis=0, dtype=np.int64).max(initial=0) for one in self.weights])
        most = 0 if self.currents is None else int(self.currents.sum(axis=1, dtype=np.int64).max(initial=0))
        return Matrices(self.weights, self.currents, self.powers, worst, most)


def _solved(array: Floats, ohms: Sequence[float]) -> NDArray[np.floating[Any]]:
    """All nodes of an array with resistive wires. Raises MissingExtra without SciPy."""
    try:
        return wires.exact(array, *ohms)
    except ImportError:
        raise MissingExtra("errors.wires=exact solves all nodes of an array: it", "analog") from None


def _filled(held: Ints, at: tuple[slice, slice], whole: Floats) -> Ints:
    """Whole numbers with those of one array filled in: in wider integers where these do not hold them.

    Large gains, and cells that are off and conduct much, reach beyond 16 bits; casts beyond a type differ from machine
    to machine.
    """
    most = max(float(whole.max(initial=0)), -float(whole.min(initial=0)))
    if most > np.iinfo(held.dtype).max:
        held = held.astype(np.int64 if most > np.iinfo(np.int32).max else np.int32)
    held[:, at[0], at[1]] = whole
    return held


def _even(rows: int) -> NDArray[np.float64]:
    """Of the time in which a row is on, the share in which another one is, where all times are alike: the mean of the
    shorter of two times, a third of the longest, over the mean of one, a half.
    """
    return np.full((rows, rows), 2 / 3) + np.eye(rows) / 3


def _through_wires(cells: Floats, chip: Chip) -> Floats:
    """The cells as their currents show them at the ends of their wires; both cells of a pair share their row's."""
    errors = chip.errors
    row, column = amount(errors.wire_row_ohm), amount(errors.wire_column_ohm)
    if not row and not column:
        return cells
    full, levels = amount(errors.cell_full_scale_us), FULL_SCALE + cells_of.floor(chip)
    ohms = [wires.per_level(ohm, full, levels) for ohm in (row, column)]
    array = pairs.to_crossbar(cells)
    if errors.input == "time":
        seen = wires.gated_mean(array, _even(chip.arrays.k), *ohms)
    else:
        seen = _solved(array, ohms) if errors.wires == "exact" else wires.effective(array, *ohms)
    return np.asarray(pairs.from_crossbar(seen), dtype=np.float32)
