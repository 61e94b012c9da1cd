"""Where names fit on a floor plan: within what they name, and on nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from acortex.sim.chip.groups import Group
from acortex.tools.drawing.die import Die
from acortex.tools.drawing.letters import width_of
from acortex.tools.drawing.palette import ink_on, look
from acortex.tools.drawing.scene import Box, Cells, Line, Mark, Rect, Shape, Text, centred

SIZES = (14.0, 12.0, 10.0)
"""Sizes of letters, the first that fits."""

AROUND = 3.0
"""What a name leaves free at its left and right."""

MOST_TRIES = 400
"""Places that are tried for a name."""

Owners = NDArray[np.int32]
"""For each array of a half, as [row, column], the number of the stage whose weights it holds; -1 for none."""


def around(box: Box, by: float = AROUND) -> Box:
    """A box with room around it."""
    return Box(box.left - by, box.top - by / 2, box.right + by, box.bottom + by / 2)


def obstacles(shapes: Sequence[Shape]) -> list[Box]:
    """The boxes of lines and marks, line by line, on which no name may stand."""
    found: list[Box] = []
    for shape in shapes:
        if isinstance(shape, Line):
            for start, end in zip(shape.points, shape.points[1:], strict=False):
                found.append(around(Line((start, end)).box, 4))
        elif not isinstance(shape, Rect | Cells):
            found.append(around(shape.box, 4 if isinstance(shape, Mark) else AROUND))
    return found


def name_of_part(box: Box, name: str, fill: str, taken: Sequence[Box], size: float = 12.0) -> list[Text]:
    """A name within a box, in one line or a word in each, where nothing stands; none where there is no such place."""
    for lines, share in product(([name], name.split()), (0.5, 0.2, 0.8, 0.35, 0.65, 0.1, 0.9)):
        high = len(lines) * size * 1.3 + 6
        texts = _below_each_other(box, lines, box.top + high / 2 + share * (box.bottom - box.top - high), size, fill)
        if all(_free(around(text.box), box, taken) for text in texts):
            return texts
    return []


def _below_each_other(box: Box, lines: Sequence[str], middle: float, size: float, fill: str) -> list[Text]:
    """Lines in the middle of a box, across, with their own middle at a height."""
    first = middle - (len(lines) - 1) / 2 * size * 1.3
    places = [first + number * size * 1.3 for number in range(len(lines))]
    ink = ink_on(fill)
    return [
        centred(Box(box.left, y, box.right, y), line, size, colour=ink) for line, y in zip(lines, places, strict=True)
    ]


def _free(place: Box, within: Box, taken: Sequence[Box]) -> bool:
    return within.holds(place) and not any(place.meets(one) for one in taken)


def owners(die: Die, groups: Sequence[Group], stage_of: Sequence[int]) -> tuple[Owners, Owners]:
    """Whose weights each array holds, by half."""
    found = np.full((die.chip.rows, die.chip.columns), -1, np.int32)
    for group, stage in zip(groups, stage_of, strict=True):
        for rect in group.rects:
            found[rect.row : rect.row + rect.height, rect.column : rect.column + rect.width] = stage
    split = die.chip.arrays.m_top
    return found[:split], found[split:]


def names_of_stages(
    die: Die, held: tuple[Owners, Owners], names: Sequence[str], taken: Sequence[Box]
) -> Iterator[tuple[Rect, Text]]:
    """The name of each stage once, on arrays of its own, as near to their middle as it fits; each with its plate."""
    placed = list(taken)
    for number, name in enumerate(names):
        style = look(number)
        for size in SIZES:
            spot = _spot(die, held, number, width_of(name, size, True) + 2 * AROUND, size * 1.2 + AROUND, placed)
            if spot is not None:
                text = centred(spot, name, size, colour=ink_on(style.colour), bold=True)
                placed.append(spot)
                yield Rect(spot.left, spot.top, spot.right - spot.left, spot.bottom - spot.top, style.colour), text
                break


def _spot(
    die: Die, held: tuple[Owners, Owners], number: int, wide: float, high: float, taken: Sequence[Box]
) -> Box | None:
    """A place of a size on arrays of a stage alone, on nothing that is taken; None where there is none."""
    pitch_x, pitch_y = die.pitch
    columns, rows = (max(1, -int(-size // pitch)) for size, pitch in ((wide, pitch_x), (high, pitch_y)))
    found: list[tuple[float, Box]] = []
    for half, owned in zip(die.halves, held, strict=True):
        mine = owned == number
        for row, column in spots(mine, rows, columns):
            x = half.left + (column + columns / 2) * pitch_x
            y = half.top + (row + rows / 2) * pitch_y
            box = Box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
            if not any(box.meets(one) for one in taken):
                found.append((-float(mine.sum()), box))
                break
    return min(found)[1] if found else None


def spots(mask: NDArray[np.bool_], rows: int, columns: int) -> list[list[int]]:
    """The places, as [row, column] of their first cell, of windows that are set all over; the middle ones first."""
    if columns > mask.shape[1] or rows > mask.shape[0] or not mask.any():
        return []
    middle = np.argwhere(mask).mean(0) - ((rows - 1) / 2, (columns - 1) / 2)
    found = np.argwhere(_sums(mask, rows, columns) == rows * columns)
    away = ((found - middle) ** 2).sum(1)
    return [found[at].tolist() for at in np.argsort(away, kind="stable")[:MOST_TRIES].tolist()]


def _sums(mask: NDArray[np.bool_], rows: int, columns: int) -> NDArray[np.int64]:
    """How many places of each window of so many rows and columns are set."""
    total = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
    total[1:, 1:] = mask.cumsum(0).cumsum(1)
    return total[rows:, columns:] - total[:-rows, columns:] - total[rows:, :-columns] + total[:-rows, :-columns]
