"""What instructions visit, need, give and claim, counted anew in plain loops: for the executors that judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Any

from acortex.isa.arithmetic.windows import Window
from acortex.isa.sequencer import Dispatch, GroupPlan, Stream
from acortex.sim.chip.specs import Chip
from judge.coverage import known

WORD = 64


@dataclass
class Turn:
    """A turn of the neurons: which columns of the matrix are converted in it, the words that leave then, and outputs.

    `early` counts words that were whole before, and waited for others.
    """

    columns: list[range]
    leaving: list[int]
    outputs: int
    early: int = 0


@dataclass
class GroupCounts:
    """What one operation of a group counts and takes."""

    arrays: int
    load: int
    frame: int
    segments: int
    turns: list[Turn]


# Counting ---------------------------------------------------------------------------------------------------------


def walk(stream: Stream | None) -> Iterator[int]:
    """The addresses of a stream, axis 0 fastest."""
    assert stream is not None
    (a, b, c, d), (along_a, along_b, along_c, along_d) = stream.extents, stream.strides
    for l in range(d):  # noqa: E741  # the four axes are i, j, k, l
        for k in range(c):
            for j in range(b):
                for i in range(a):
                    yield stream.base + i * along_a + j * along_b + k * along_c + l * along_d


def image(count: Callable[[Window, int, int], Any], dispatch: Dispatch) -> Any:
    """Counts of an instruction's window over the image in its stream: axes 0 and 2 are a pixel's words, and rows."""
    assert dispatch.stream is not None and dispatch.window is not None
    return count(dispatch.window, dispatch.stream.extents[0], dispatch.stream.extents[2])


def fetches(dispatch: Dispatch) -> Iterator[int]:
    """The addresses that `fetch` reads: of a pixel that is fetched by itself, those of its word."""
    assert dispatch.stream is not None and dispatch.window is not None
    along_c, along_x, along_y, _ = dispatch.stream.strides
    pixels = dispatch.window.packed if dispatch.window.apart else 1
    for y, column, c in image(fetched, dispatch):
        x = column // pixels
        yield dispatch.stream.base + y * along_y + x * along_x + c * along_c


def across(window: Window, x: int) -> int:
    """The word column in which a pixel is fetched: alone, or with those that its word holds."""
    return x if window.apart else x // window.packed


def spans(window: Window) -> list[tuple[int, int]]:
    """For each column of positions of a window the word columns of the image under it: first, past the last."""
    found = []
    for column in range(window.columns):
        first = column * window.stride_x - window.left
        past = first + (window.kernel_x - 1) * window.dilation_x + 1
        first, past = min(max(first, 0), window.width), min(max(past, 0), window.width)
        word_past = across(window, past - 1) + 1
        found.append((across(window, first) if first < past else word_past, word_past))
    return found


def image_rows(window: Window, row: int, height: int) -> list[int]:
    """The rows of the image under a row of positions."""
    rows = [row * window.stride_y - window.top + tap * window.dilation_y for tap in range(window.kernel_y)]
    return [y for y in rows if 0 <= y < height]


def fetched(window: Window, depth: int, height: int) -> Iterator[tuple[int, int, int]]:
    """The words of an image, (row, word column, word of the pixel), as its positions need them for the first time."""
    for row in range(window.rows):
        held = 0
        for first, past in spans(window):
            for y in image_rows(window, row, height):
                for x in range(max(first, held), past):
                    for c in range(depth):
                        yield y, x, c
            held = past


def slid(window: Window, depth: int, height: int) -> Iterator[tuple[int, int]]:
    """For each position of a window the new words that it needs, and those that no later one of its row does."""
    columns = spans(window)
    for row in range(window.rows):
        words = len(image_rows(window, row, height)) * depth
        held = 0
        for index, (first, past) in enumerate(columns):
            kept_from = columns[index + 1][0] if index + 1 < len(columns) else past
            yield words * (past - max(first, held)), words * (min(past, kept_from) - first)
            held = past


def pooling(dispatch: Dispatch) -> Window:
    """The window of a pool: its image is as wide as its stream says, and each word is one pixel's."""
    assert dispatch.window is not None and dispatch.stream is not None
    return replace(dispatch.window, width=dispatch.stream.extents[1], packed=1, apart=False)


def pooled(window: Window, depth: int, height: int) -> list[int]:
    """For each word that a pool takes, the results that can leave with it: those whose turn it is.

    A result is ready with the last pixel of its window inside the image, and leaves after all before it.
    """
    w = window
    ready = [0] * (height * w.width * depth)
    latest = 0
    for row in range(w.rows):
        y = row * w.stride_y - w.top + (w.kernel_y - 1) * w.dilation_y
        for column in range(w.columns):
            x = column * w.stride_x - w.left + (w.kernel_x - 1) * w.dilation_x
            pixel = min(max(y, 0), height - 1) * w.width + min(max(x, 0), w.width - 1)
            for word in range(depth):
                latest = max(latest, pixel * depth + word)
                ready[latest] += 1
    return ready


def pool_steps(window: Window, depth: int, height: int) -> list[tuple[bool, bool]]:
    """For each step of a pool whether it takes a word, and whether it gives one: at most one."""
    steps = []
    for results in pooled(window, depth, height):
        steps.append((True, results > 0))
        steps += [(False, True)] * (results - 1)
    return steps


def fed(dispatch: Dispatch) -> list[tuple[int, int]]:
    """For each vector of a feed the words that it adds, and those that it frees."""
    words = dispatch.ops.words
    return [(words, 0 if dispatch.ops.keep else words)] * dispatch.ops.positions


VECTOR = dict.fromkeys(("pool", "add", "mul", "requant", "lstm", "gru", "putstate", "getstate"))
"""Instructions of the vector agent whose steps are known here."""


def stepwise(dispatch: Dispatch) -> list[tuple[bool, bool]]:
    """For each step of a vector instruction whether it takes a word, and whether it gives one."""
    known(VECTOR, dispatch, "judge/counting.py")
    mnemonic = dispatch.row.mnemonic
    if mnemonic == "pool":
        assert dispatch.stream is not None
        return pool_steps(pooling(dispatch), dispatch.stream.extents[0], dispatch.stream.extents[2])
    words = dispatch.ops.words
    if mnemonic == "putstate":
        return [(True, False)] * words
    if mnemonic == "getstate":
        return [(False, True)] * words
    gates = 4 if mnemonic == "lstm" or (mnemonic == "gru" and dispatch.ops.reset) else 2 if mnemonic == "gru" else 1
    return [*[(True, False)] * (gates - 1), (True, True)] * words


def group_counts(plan: GroupPlan, chip: Chip) -> GroupCounts:
    """What one operation of a group takes: its tile columns run down its rectangles, one after another."""
    k = chip.arrays.k
    tile_rows, tile_columns = -(-plan.rows // k), -(-plan.columns // k)
    runs: list[list[tuple[int, int, int]]] = []
    filled = tile_rows
    for column, row, height, width in plan.rects:
        if filled == tile_rows:
            filled = 0
            runs += [[] for _ in range(width)]
        for offset in range(width):
            runs[len(runs) - width + offset].append((column + offset, row, height))
        filled += height
    ways = [segments_of(tile, chip.arrays.m_top) for tile in runs]
    turns = turns_of(plan.columns, [tile[0][0] for tile in runs], ways, chip)
    arrays = tile_rows * tile_columns
    frame_ns = Fraction(chip.arrays.frame_ns) + Fraction(chip.arrays.settle_ns_per_array) * tile_rows
    frame_ns = frame_ns * k / 64
    loads = -(-plan.rows // WORD) * (1 if chip.arrays.broadcast_loads else tile_columns)
    load, frame = -(-loads // chip.arrays.loads_per_cycle), ceil(frame_ns / Fraction(chip.clock_ns))
    return GroupCounts(arrays, load, frame, len(set().union(*ways)), turns)


def turns_of(columns: int, homes: list[int], ways: list[set[tuple[Any, ...]]], chip: Chip) -> list[Turn]:
    """The turns of the neurons: a tile column goes to the first that has converters and wires.

    A word leaves at the end of the turn in which the last of its outputs is converted, or of a later one in which one
    before it is.
    """
    converters, k = chip.neurons.adcs_per_column, chip.arrays.k
    made: list[int] = []
    used: list[Counter[Any]] = []
    turns: list[Turn] = []
    for tile, (home, way) in enumerate(zip(homes, ways, strict=True)):
        turn = 0
        while turn < len(used) and (
            used[turn][home] >= converters
            or any(used[turn][segment] >= converters * chip.buses.segment_capacity for segment in way)
        ):
            turn += 1
        if turn == len(used):
            used.append(Counter())
            turns.append(Turn([], [], 0))
        used[turn].update([home, *way])
        converted = range(tile * k, min((tile + 1) * k, columns))
        turns[turn].columns.append(converted)
        turns[turn].outputs += len(converted)
        made += [turn] * len(converted)
    for word in range(-(-columns // WORD)):
        leaves = max(made[: (word + 1) * WORD])
        turns[leaves].leaving.append(word)
        turns[leaves].early += max(made[word * WORD : (word + 1) * WORD]) < leaves
    return turns


def segments_of(runs: list[tuple[int, int, int]], split: int) -> set[tuple[Any, ...]]:
    """The analog bus segments between the arrays of one tile column and its neurons, in the column of its first run."""
    segments: set[tuple[Any, ...]] = set()
    halves: dict[int, set[str]] = {}
    for column, row, height in runs:
        ends = halves.setdefault(column, set())
        if row < split:
            ends.add("top")
            segments |= {("column", column, y) for y in range(row, split)}
        if row + height > split:
            ends.add("bottom")
            segments |= {("column", column, y) for y in range(split, row + height)}
    home = runs[0][0]
    exits = [half for half in ("top", "bottom") if half in halves[home]]
    segments |= {("tap", exits[0], home), ("input", home)}
    for column, ends in halves.items():
        way_out = next((half for half in exits if half in ends), exits[0])
        segments |= {("across", way_out, step) for step in range(min(column, home), max(column, home))}
        if way_out != exits[0]:
            segments.add(("switch", home))
        if ends != {way_out}:
            segments.add(("switch", column))
    return segments
