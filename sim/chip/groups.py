"""Groups: lists of rectangles of arrays that the analog buses join into one larger matrix.

A matrix of rows x columns cells is a grid of tiles, one array each. Rectangles fill the grid from its top left tile
down, `width` tile columns at a time. A run that ends before the last tile row goes on in the next rectangle, of equal
width: its currents are joined with those of the first, whose column's neurons convert them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from acortex.isa.machine import CHANNELS
from acortex.isa.rules import ProgramError
from acortex.sim.chip import group_rules as rules
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.wording import count


@dataclass(frozen=True, order=True)
class Rect:
    """A rectangle of arrays: its leftmost column, its topmost row, how many arrays down and across."""

    column: int
    row: int
    height: int = 1
    width: int = 1

    def __str__(self) -> str:
        columns = (
            f"columns {self.column} to {self.column + self.width - 1}" if self.width > 1 else f"column {self.column}"
        )
        rows = f"rows {self.row} to {self.row + self.height - 1}" if self.height > 1 else f"row {self.row}"
        return f"{columns}, {rows}"

    def common(self, other: Rect) -> tuple[int, int] | None:
        """The first array, as (column, row), that lies in both rectangles; None where there is none."""
        column, row = max(self.column, other.column), max(self.row, other.row)
        right = min(self.column + self.width, other.column + other.width)
        below = min(self.row + self.height, other.row + other.height)
        return (column, row) if column < right and row < below else None


@dataclass(frozen=True)
class VerticalRun:
    """Arrays of one column that hold tiles of one tile column, from the topmost `row` down."""

    column: int
    row: int
    height: int


@dataclass(frozen=True)
class Group:
    """A matrix on the chip: `rows` x `columns` cells in tiles of k x k, held by the arrays of `rects`.

    `runs` has for each tile column its arrays from the top down, in the order of the rectangles. Made by `form_group`.
    """

    number: int
    rows: int
    columns: int
    rects: tuple[Rect, ...]
    runs: tuple[tuple[VerticalRun, ...], ...]

    @property
    def tile_columns(self) -> int:
        """How many arrays the matrix is wide."""
        return len(self.runs)

    @property
    def tile_rows(self) -> int:
        """How many arrays the matrix is tall: so many are joined on one output."""
        return sum(run.height for run in self.runs[0])

    @property
    def arrays(self) -> int:
        """How many arrays work when the group does."""
        return self.tile_rows * self.tile_columns

    @cached_property
    def tiles(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The array, as (column, row), of each tile: `tiles[tile_row][tile_column]`."""
        down = [[(run.column, run.row + step) for run in runs for step in range(run.height)] for runs in self.runs]
        return tuple(zip(*down, strict=True))

    @property
    def homes(self) -> tuple[int, ...]:
        """For each tile column, the column of arrays whose neurons convert it."""
        return tuple(runs[0].column for runs in self.runs)


@dataclass(frozen=True)
class GroupTimes:
    """What a group's operation costs: its arrays, the cycles of a load and of a frame, and its outputs.

    `segments` counts the bus segments that join it. `rounds` has the outputs that are converted in each turn of the
    neurons, `words` the words that each turn gives, `all_words` their sum.
    """

    arrays: int
    load: int
    frame: int
    macs: int
    segments: int
    rounds: tuple[int, ...]
    words: tuple[int, ...]
    all_words: int


def form_group(number: int, rows: int, columns: int, rects: Sequence[Rect], chip: Chip) -> Group:
    """The group that `group` and `rect` instructions describe.

    Raises ProgramError where a rectangle leaves the chip, overlaps another one or does not continue the one before,
    and where the rectangles do not cover the matrix exactly. The caller adds where.
    """
    for index, rect in enumerate(rects):
        _check_on_chip(number, rect, chip)
        for other in rects[:index]:
            if array := other.common(rect):
                raise rules.RECTS_OVERLAP.broken(
                    "", number=number, column=array[0], row=array[1], other=other, rect=rect
                )
    tile_rows, tile_columns = -(-rows // chip.arrays.k), -(-columns // chip.arrays.k)
    size = f"{tile_rows} x {tile_columns} arrays"
    if chip.arrays.k != CHANNELS:  # a program that was made for others fails here
        size += f" of {chip.arrays.k} x {chip.arrays.k} cells"
    try:
        return Group(number, rows, columns, tuple(rects), _fill(number, (tile_rows, tile_columns), size, rects))
    except ProgramError as error:
        if fitting := _side_that_fits(number, rows, columns, rects):
            error.hint += f"; the rectangles fit arrays of {fitting} x {fitting} cells (arrays.k={fitting})"
        raise


def _side_that_fits(number: int, rows: int, columns: int, rects: Sequence[Rect]) -> int | None:
    """The side of arrays that several rectangles, or a large one, are for; None where they fit none."""
    if sum(rect.height * rect.width for rect in rects) == 1:
        return None  # whatever is as small as one array fits a larger one
    for k in map(int, SETTINGS["arrays.k"].choices):
        with suppress(ProgramError):
            _fill(number, (-(-rows // k), -(-columns // k)), "", rects)
            return k
    return None


def _check_on_chip(number: int, rect: Rect, chip: Chip) -> None:
    """Refuses a rectangle with an array that the chip does not have."""
    if rect.column + rect.width > chip.columns or rect.row + rect.height > chip.rows:
        column, row = rect.column + rect.width - 1, rect.row + rect.height - 1
        has = {"chip": chip.name, "last_column": chip.columns - 1, "last_row": chip.rows - 1}
        raise rules.OFF_CHIP.broken("", number=number, column=column, row=row, rect=rect, **has)


def _fill(number: int, tiles: tuple[int, int], size: str, rects: Sequence[Rect]) -> tuple[tuple[VerticalRun, ...], ...]:
    """The runs of each tile column, as the rectangles fill the grid of tiles in their order."""
    grid: list[list[VerticalRun]] = []
    tile_rows, tile_columns = tiles
    filled = tile_rows
    width = 0
    for rect in rects:
        if filled == tile_rows:
            filled, width = 0, rect.width
            grid.extend([] for _ in range(width))
        elif rect.width != width:
            left = count(tile_rows - filled, "row of arrays is", "rows of arrays are")
            raise rules.WIDTH.broken("", number=number, rect=rect, wide=rect.width, width=width, missing=left)
        if filled + rect.height > tile_rows or len(grid) > tile_columns:
            down, across = tile_rows - filled, width + tile_columns - len(grid)
            raise rules.PAST_MATRIX.broken("", number=number, rect=rect, size=size, down=down, across=across)
        for offset, runs in enumerate(grid[-width:]):
            runs.append(VerticalRun(rect.column + offset, rect.row, rect.height))
        filled += rect.height
    if filled < tile_rows or len(grid) < tile_columns:
        held = sum(rect.height * rect.width for rect in rects)
        missing = _missing(tile_rows - filled, width, tile_columns - len(grid))
        needs = {"size": size, "all": tile_rows * tile_columns}
        raise rules.NOT_FILLED.broken("", number=number, held=count(held, "array"), missing=missing, **needs)
    return tuple(tuple(runs) for runs in grid)


def _missing(down: int, width: int, across: int) -> str:
    if down:
        return f"{down} down, {width} across, to end the last run"
    return count(across, "more column of arrays", "more columns of arrays")


def check_apart(groups: Iterable[Group]) -> None:
    """Raises ProgramError where two groups hold the same array: each has its own weights."""
    groups = list(groups)
    if _apart([rect for group in groups for rect in group.rects]):
        return  # so for every right program: which two groups share is sought in others alone
    owners: dict[tuple[int, int], int] = {}
    for group in groups:
        for row in group.tiles:
            for array in row:
                if (owner := owners.setdefault(array, group.number)) != group.number:
                    at = {"column": array[0], "row": array[1]}
                    raise rules.GROUPS_OVERLAP.broken("", owner=owner, number=group.number, **at)


def _apart(rects: Sequence[Rect]) -> bool:
    """Whether no array lies in two rectangles: all together hold as many as each by itself."""
    right = max((rect.column + rect.width for rect in rects), default=0)
    below = max((rect.row + rect.height for rect in rects), default=0)
    held = np.zeros((right, below), dtype=np.bool_)
    for rect in rects:
        held[rect.column : rect.column + rect.width, rect.row : rect.row + rect.height] = True
    return int(np.count_nonzero(held)) == sum(rect.width * rect.height for rect in rects)
