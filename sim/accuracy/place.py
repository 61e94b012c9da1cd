"""Where the arrays and neurons of a group stand on each chip: dead arrays leave their work to spare ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from acortex.sim.analog import faults
from acortex.sim.analog.streams import stream, uniforms
from acortex.sim.chip.buses import GroupRoute
from acortex.sim.chip.errors import amount
from acortex.sim.chip.groups import Group
from acortex.sim.chip.specs import Chip

Array = tuple[int, int]
"""An array of a chip: its column and its row."""


@dataclass(frozen=True)
class Converter:
    """What converts a tile column: a set of converters, one for each column of cells, in a column of arrays."""

    column: int
    number: int


def converters_of(group: Group, route: GroupRoute) -> Iterator[Converter]:
    """The converters of each tile column of a group: in one turn, tile columns of one home take sets in their order."""
    taken: Counter[tuple[int, int]] = Counter()
    for home, turn in zip(group.homes, route.turns, strict=True):
        yield Converter(home, taken[home, turn])
        taken[home, turn] += 1


@dataclass(frozen=True)
class Remapped:
    """Which arrays of a chip stand in for dead ones, and which dead ones have none."""

    instead: dict[Array, Array]
    lost: frozenset[Array]


def remapped(chip: Chip, seed: int, number: int, groups: Iterable[Group]) -> Remapped:
    """What a chip's dead arrays do to a program: spare arrays, which no group uses, take their places.

    Spares are taken in the order of columns and rows. Analog buses are programmable, and that another array is
    further away is not modelled.
    """
    ppm = amount(chip.errors.dead_arrays_ppm)
    if not ppm:
        return Remapped({}, frozenset())
    drawn = uniforms(stream(seed, number, "chip", (), "dead"), (chip.columns, chip.rows))
    dead = {(int(column), int(row)) for column, row in np.argwhere(faults.dead(drawn, ppm))}
    used = sorted({array for group in groups for row in group.tiles for array in row})
    everywhere = ((column, row) for column in range(chip.columns) for row in range(chip.rows))
    found = faults.remap(used, dead, everywhere)
    return Remapped(found.placed, frozenset(found.unplaced))
