"""Where products lie on the chip: each a group of arrays, as a list of rectangles.

A product is a grid of tiles, one array each, and is placed a tile column at a time. Its columns may lie anywhere, and
one that is too tall for what is left of a column of arrays goes on in another: so every array of a chip can be used.
Tile columns that meet in one column of arrays share its neurons and wires and are converted one after the other; as
many may as the group's own loads and frame hide. Those that are converted first on the published chip stand first, so
that no word waits there for one before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt
from typing import NamedTuple

from acortex.errors import AcortexError
from acortex.isa.machine import CHANNELS, Machine
from acortex.isa.operands import KINDS
from acortex.programs.mapping.turns import Run, turns_of


class PlacementError(AcortexError):
    """A network whose weights do not fit the chip's arrays."""


class Rect(NamedTuple):
    """A rectangle of arrays: its leftmost column, its topmost row, how many arrays down and across."""

    column: int
    row: int
    height: int
    width: int = 1


class Tiles(NamedTuple):
    """The size of a product in arrays."""

    rows: int
    columns: int

    @property
    def arrays(self) -> int:
        """How many arrays it takes."""
        return self.rows * self.columns


def tiles_of(rows: int, columns: int, k: int) -> Tiles:
    """The size of a matrix of `rows` x `columns` cells in arrays of `k` x `k`."""
    return Tiles(-(-rows // k), -(-columns // k))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where each product lies: `groups[i]` are the rectangles of the i-th, in the order in which they fill it."""

    groups: tuple[tuple[Rect, ...], ...]

    def disjoint(self) -> bool:
        """Whether no two groups lie above the same span of columns, so that all may stay connected at once."""
        spans = sorted((min(r.column for r in rects), max(r.column + r.width for r in rects)) for rects in self.groups)
        return all(end <= start for (_, end), (start, _) in pairwise(spans))


def place(products: Sequence[Tiles], machine: Machine) -> Placement:
    """Places every product on the chip.

    Raises PlacementError where they take more arrays than the chip has, saying how many.
    """
    needed = sum(product.arrays for product in products)
    if needed > machine.arrays:
        least = smallest(products, machine)
        raise PlacementError(
            f"the network takes {needed} arrays, and {machine.name} has {machine.arrays}",
            hint=f"a chip with arrays.m_top={least.m_top}, arrays.m_bottom={least.m_bottom} and"
            f" arrays.n={least.n} would hold it",
        )
    filling = _Filling(machine)
    groups: list[tuple[Rect, ...]] = [()] * len(products)
    # First the products that allow the fewest turns, while columns are free that no other group's wires cross; of those
    # the tallest, while columns have room for all of their rows.
    for index in sorted(range(len(products)), key=lambda i: (_turns(products[i], machine), -products[i].rows, i)):
        groups[index] = _rectangles(filling.add(products[index], _turns(products[index], machine)))
    return Placement(tuple(groups))


def _turns(product: Tiles, machine: Machine) -> int:
    """How many tile columns one column's neurons may convert while the next position is loaded and sampled."""
    # Rounded down: a turn that began but did not end by then would be waited for.
    loads = -(-product.rows * machine.k // CHANNELS) * product.columns
    return max(1, (loads + machine.frame_cycles) // machine.conversion_cycles)


class _Filling:
    """Columns of arrays, each filled from the top down."""

    def __init__(self, machine: Machine) -> None:
        self._rows, self._split = machine.rows, machine.m_top
        self._level = [0] * machine.columns

    def add(self, product: Tiles, turns: int) -> list[list[Run]]:
        """Takes arrays for a product: the runs of each of its tile columns, in the order of their turns."""
        crossed: Counter[int] = Counter()
        columns = []
        for _ in range(product.columns):
            runs = self._take(self._home(product.rows, crossed, turns), product.rows)
            crossed.update(range(min(runs)[0], max(runs)[0] + 1))
            columns.append(runs)
        return self._in_turns(columns)

    def _in_turns(self, columns: list[list[Run]]) -> list[list[Run]]:
        """Tile columns in the order in which they are converted, for words leave in the order of tile columns.

        They may stand in any order in a group. Alike ones side by side become one rectangle.
        """
        columns = sorted(columns, key=lambda runs: ([(row, height) for _, row, height in runs], runs))
        # The sort keeps the order within a turn, so that in their new order they take the same turns.
        turns = turns_of(columns, self._split)
        return [columns[index] for index in sorted(range(len(columns)), key=turns.__getitem__)]

    def _home(self, rows: int, crossed: Counter[int], turns: int) -> int:
        """The column in which the next tile column begins: with room for all of it, else the emptiest.

        `crossed` counts the tile columns whose wires may meet others in a column: those take turns.
        """
        while True:
            for column, level in enumerate(self._level):
                if level + rows <= self._rows and crossed.get(column, 0) < turns:
                    return column
            free = [
                (level, column)
                for column, level in enumerate(self._level)
                if level < self._rows and crossed.get(column, 0) < turns
            ]
            if free:
                return min(free)[1]
            # Each column with room has its turns already: one turn more, which is waited for, beats no place.
            turns += 1

    def _take(self, home: int, rows: int) -> list[Run]:
        """Arrays from a column, and from the nearest ones with room where it has not enough."""
        runs = []
        column = home
        while True:
            height = min(rows, self._rows - self._level[column])
            runs.append((column, self._level[column], height))
            self._level[column] += height
            rows -= height
            if not rows:
                return runs
            free = (other for other, level in enumerate(self._level) if level < self._rows)
            column = min(free, key=lambda other: (abs(other - home), other))


def _rectangles(columns: list[list[Run]]) -> tuple[Rect, ...]:
    """The runs of tile columns as rectangles, neighbours that run alike taken together."""
    rects: list[Rect] = []
    start = 0
    for index in range(1, len(columns) + 1):
        if index < len(columns) and _alike(columns[start], columns[index], index - start):
            continue
        rects += [Rect(*run, index - start) for run in columns[start]]
        start = index
    return tuple(rects)


def _alike(first: list[Run], other: list[Run], away: int) -> bool:
    """Whether two tile columns have the same rows, `away` columns apart."""
    return [(column + away, row, height) for column, row, height in first] == other


class SmallestChip(NamedTuple):
    """The sizes of the smallest chip that holds a network's weights."""

    m_top: int
    m_bottom: int
    n: int


def smallest(products: Sequence[Tiles], machine: Machine) -> SmallestChip:
    """The chip with the fewest arrays that holds the products; of equals, the one nearest to a square."""
    needed = max(1, sum(product.arrays for product in products))
    tallest, widest = KINDS["array_row"].high + 1, (KINDS["array_column"].high + 1) // 2
    best = None
    for n in range(max(1, isqrt(needed) // 4), min(isqrt(needed) + 1, widest) + 1):
        rows = max(2, -(-needed // (2 * n)))
        if rows <= tallest:
            key = (2 * n * rows, abs(rows - 2 * n), n)
            best = min(best, (key, rows, n)) if best else (key, rows, n)
    if best is None:
        raise PlacementError(
            f"the network takes {needed} arrays, and the largest chip that a program can address has"
            f" {tallest * 2 * widest}"
        )
    _, rows, n = best
    return SmallestChip(-(-rows // 2), rows // 2, n)
