"""The map of main memory over time: words up, cycles across, coloured by the layer whose values lie there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from acortex.tools.drawing.chart import Scale, across, frame, up
from acortex.tools.drawing.column import Column
from acortex.tools.drawing.letters import width_of
from acortex.tools.drawing.names import AROUND, SIZES, spots
from acortex.tools.drawing.page import MARGIN, TOP, page
from acortex.tools.drawing.palette import COLOURS, EMPTY, INK, Look, ink_on, look
from acortex.tools.drawing.residents import Residents
from acortex.tools.drawing.scene import Box, Cells, Line, Picture, Rect, Shape, Text, centred
from acortex.tools.drawing.stages import Stage, stage_numbers, stages
from acortex.units import percent, scaled
from acortex.wording import count

COLUMNS, ROWS = 420, 220
"""The cells of a map at most: so long a time, and so many words, are one."""

CELL_PX = 2.0
"""The side of a cell of a map."""

WIDTH, HEIGHT = COLUMNS * CELL_PX, ROWS * CELL_PX
"""The size of a map in pixels."""

LIVE_PX = 90.0
"""The height of the chart of how many words are live."""

KEYS = 230.0
"""The width of the keys beside it."""

Grid = NDArray[np.int32]
"""For each cell of a map, as [row, column], the number of a stage; -1 where nothing is live."""


def memory(name: str, chip: str, held: Residents) -> Picture:
    """The picture of what a run's main memory holds."""
    words = int(held.words.max(initial=0)) + 1
    found = stages([held.names[at] for at in sorted(set(held.owners.tolist()))])
    left = MARGIN + 62
    chart = Box(left, TOP + 22, left + WIDTH, TOP + 22 + LIVE_PX)
    plot = Box(left, chart.bottom + 52, left + WIDTH, chart.bottom + 52 + HEIGHT)
    cells = grid(held, words, found)
    keys = Column(plot.right + 30, TOP + 8, KEYS)
    _key(keys, held, words, found)
    shapes = [
        *_live(chart, held),
        *_map(plot, cells, found),
        *_axes(plot, held, words),
        *_names(plot, cells, found),
        *keys.shapes,
    ]
    subtitle = (
        f"Main memory over time: {count(held.inferences, 'inference')}, {held.cycles:,} cycles of {held.clock_ns:g} ns"
    )
    bottom = max(plot.bottom + 40, keys.y)
    return page(f"{name} on {chip}", subtitle, shapes, keys.x + KEYS + MARGIN, bottom, _caption(name, held, found))


def grid(held: Residents, words: int, found: Sequence[Stage]) -> Grid:
    """Whose values lie in each cell: of several the one that is live for the shortest time, so that none is hidden."""
    rows = min(ROWS, words)
    made = np.full((rows, COLUMNS), -1, np.int32)
    numbers = stage_numbers(found)
    of_name = np.array([numbers.get(name, -1) for name in held.names], np.int64)
    span = max(held.cycles, 1)
    first = held.starts * COLUMNS // span
    last = np.maximum(-(-held.ends * COLUMNS // span), first + 1)
    lives = np.stack((held.words * rows // words, first, last, of_name[held.owners]), axis=1)
    unlike = np.unique(lives, axis=0)
    order = np.argsort(unlike[:, 1] - unlike[:, 2], kind="stable")
    for row, start, end, stage in unlike[order].tolist():
        made[row, start:end] = stage
    return made


def runs(cells: Grid) -> dict[int, list[tuple[int, int, int, int]]]:
    """The rectangles of cells of one stage, as column, row, width and height, by stage; together they are the grid."""
    found: dict[int, list[tuple[int, int, int, int]]] = {}
    above: dict[tuple[int, int, int], int] = {}
    for row, line in enumerate(cells):
        cuts = np.flatnonzero(np.diff(line)) + 1
        edges = [0, *cuts.tolist(), len(line)]
        here: dict[tuple[int, int, int], int] = {}
        for start, end in pairwise(edges):
            stage = int(line[start])
            if stage < 0:
                continue
            key = (stage, start, end)
            held = found.setdefault(stage, [])
            if key in above:
                x, y, width, height = held[above[key]]
                held[above[key]] = (x, y, width, height + 1)
                here[key] = above[key]
            else:
                here[key] = len(held)
                held.append((start, row, end - start, 1))
        above = here
    return found


def _map(plot: Box, cells: Grid, found: Sequence[Stage]) -> Iterator[Shape]:
    yield Rect(plot.left, plot.top, WIDTH, HEIGHT, EMPTY)
    high = HEIGHT / len(cells)
    for stage, held in sorted(runs(cells).items()):
        # the lowest word is at the bottom
        places = tuple(
            (plot.left + x * CELL_PX, plot.bottom - (y + tall) * high, wide * CELL_PX, tall * high)
            for x, y, wide, tall in held
        )
        yield Cells(places, *look(stage), tip=found[stage].label)


def _axes(plot: Box, held: Residents, words: int) -> Iterator[Shape]:
    scale = _time(plot, held)
    axis = [*across(plot, scale, _seconds, "time"), *up(plot, _up(plot, words), _whole, "word of main memory")]
    yield from (one for one in axis if not isinstance(one, Line))  # a grid would hide small values
    yield frame(plot)


def _time(box: Box, held: Residents) -> Scale:
    return Scale(0, held.cycles * held.clock_ns * 1e-9, box.left, box.right)


def _up(box: Box, most: float) -> Scale:
    return Scale(0, most, box.bottom, box.top)


def _seconds(value: float) -> str:
    return scaled(value, "s") if value else "0"


def _whole(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else ""


def _live(chart: Box, held: Residents) -> Iterator[Shape]:
    """How many words are live, and the most of them."""
    yield from up(chart, _up(chart, max(held.peak_words, 1)), _whole, "words live")
    width = (chart.right - chart.left) * -(-held.cycles // max(len(held.live), 1)) / max(held.cycles, 1)
    scale = _up(chart, max(held.peak_words, 1))
    points: list[tuple[float, float]] = []
    for number, value in enumerate(held.live):
        x, y = chart.left + number * width, scale.at(value)
        points += [(x, y), (min(x + width, chart.right), y)]
    if points:
        yield Line(tuple(points), COLOURS[0], 1.8)
    x = _time(chart, held).at(held.peak_cycle * held.clock_ns * 1e-9)
    told = f"most: {count(held.peak_words, 'word')}, {percent(held.peak_words, held.capacity)} of memory"
    yield Line(((x, chart.top - 6), (x, chart.bottom)), INK, 1.0, dashed=True)
    late = x > (chart.left + chart.right) / 2
    free = chart.left + width_of("words live", 12, True) + 12
    if late or x + 5 > free:
        yield Text(x - 5 if late else x + 5, chart.top - 9, told, 11, "end" if late else "start")
    else:
        yield Text(free, chart.top - 9, told, 11)


def _names(plot: Box, cells: Grid, found: Sequence[Stage]) -> Iterator[Shape]:
    """The name of each stage on values of its own, where it fits; where small letters do it is there in small."""
    high = HEIGHT / len(cells)
    for number, stage in enumerate(found):
        mine, style = cells == number, look(number)
        for size in SIZES:
            wide, tall = width_of(stage.name, size, True) + 2 * AROUND, size * 1.2 + AROUND
            columns, rows = int(-(-wide // CELL_PX)), max(1, int(-(-tall // high)))
            if held := spots(mine, rows, columns):
                row, column = held[0]
                x = plot.left + column * CELL_PX
                box = Box(x, plot.bottom - (row + rows) * high, x + columns * CELL_PX, plot.bottom - row * high)
                text = centred(box, stage.name, size, colour=ink_on(style.colour), bold=True)
                yield Rect(
                    text.box.left - 2, text.box.top, text.box.right - text.box.left + 4, size * 1.2, style.colour
                )
                yield text
                break


def _key(keys: Column, held: Residents, words: int, found: Sequence[Stage]) -> None:
    keys.heading("In use")
    keys.bar("most at once", held.peak_words / held.capacity, percent(held.peak_words, held.capacity), COLOURS[0])
    keys.bar("addresses", words / held.capacity, percent(words, held.capacity), COLOURS[0])
    keys.lines([f"of {count(held.capacity, 'word')}"])
    keys.gap()
    keys.heading("Whose values lie there")
    for number, stage in enumerate(found):
        keys.key(look(number), stage.label)
    keys.key(Look(EMPTY), "nothing live")
    keys.gap()


def _caption(name: str, held: Residents, found: Sequence[Stage]) -> str:
    if not len(held.words):
        return f"{name} writes nothing into main memory."
    numbers = stage_numbers(found)
    times = np.zeros(len(found))
    np.add.at(times, [numbers[held.names[at]] for at in held.owners.tolist()], held.ends - held.starts)
    most = int(times.argmax())
    share = percent(float(times[most]), float(times.sum()))
    at = _seconds(held.peak_cycle * held.clock_ns * 1e-9)
    return (
        f"Memory is fullest at {at}, with {percent(held.peak_words, held.capacity)} of its words. Values of "
        f"{found[most].name} take most of it over time, {share}. A value is live from its write to its last read; "
        "one that is never read, until the word is written again."
    )
