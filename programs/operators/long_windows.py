"""Kernels that are too long: products over parts of the kernel, whose results are added.

A kernel has at most as many rows and columns as an instruction can say. Its window holds at most as many words as the
chip's buffer: of one that holds more the rows are cut, then the columns, then the channels.

Each part makes codes of its own, so that the sum has the roundings of all parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, product, takewhile
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.windows import Window, slide
from acortex.isa.machine import CHANNELS
from acortex.isa.operands import KINDS
from acortex.programs.graph import Geometry, View
from acortex.programs.steps import AddStep, FloatGraph, FloatMap, KernelGeometry, ProductStep, Step
from acortex.wording import count

Array = NDArray[Any]

LONGEST = KINDS["kernel"].high
"""Rows or columns that a kernel has at most."""

MOST_PARTS = 256
"""Parts of a window that is larger than the buffer: more would be rounded too often to be of use."""


@dataclass(frozen=True, slots=True)
class Taps:
    """A part of a kernel: `rows` from `top` on, `columns` from `left` on, channels `first` to `last` - 1, or all
    of them.
    """

    top: int
    left: int
    rows: int
    columns: int
    first: int = 0
    last: int | None = None


Counts = tuple[int, int, int]
"""In how many parts the rows, the columns and the channels of a kernel are cut."""


def cut(graph: FloatGraph, step: ProductStep) -> list[Step]:
    """The steps that do what a product with a long kernel does; the product alone where its kernel is short enough.

    Parts that see nothing but zeros outside the image are left out.
    """
    size = step.geometry.kernel_y, step.geometry.kernel_x
    if max(size) <= LONGEST or _stays_whole(step):
        return [step]
    rows, columns = (-(-one // LONGEST) for one in size)
    return _in_parts(graph, step, (rows, columns, 1), f"its kernel of {size[0]}x{size[1]} is cut into")


def within_buffer(graph: FloatGraph, words: int | None) -> None:
    """Cuts products of a network whose windows hold more words than a buffer; None is one that holds any.

    A window that is too large in its smallest parts, or in `MOST_PARTS`, stays whole.
    """
    if words is None:
        return
    pieces = (_within(graph, step, words) if isinstance(step, ProductStep) else [step] for step in graph.steps)
    graph.steps = list(chain.from_iterable(pieces))


def _within(graph: FloatGraph, step: ProductStep, words: int) -> list[Step]:
    """A product, or its parts that a buffer holds."""
    room = _room(graph, step.source)
    held = 0 if _stays_whole(step) or step.groups > 1 else _held(graph, step.source, step.geometry, room)
    if held <= words:
        return [step]
    finer = takewhile(lambda one: prod(one) <= MOST_PARTS, _finer(graph, step))
    found = next((one for one in finer if _most_held(graph, step, one, room) <= words), None)
    if found is None:
        return [step]
    told = f"its window takes {held} words, and the buffer holds {words}: it is cut into"
    return _in_parts(graph, step, found, told, f"; buffer.words={held} would keep it whole")


def _stays_whole(step: ProductStep) -> bool:
    """Whether a product is in parts already, or has taps that are filling, or another number than 0 around it."""
    return bool(step.parts or step.pad or step.kernel.macs)


def _finer(graph: FloatGraph, step: ProductStep) -> Iterator[Counts]:
    """Ways to cut a kernel, the coarsest first: into more and more parts by rows, then by columns, then by channels."""
    g, words = step.geometry, -(-graph.channels_of(step.source) // CHANNELS)
    yield from ((rows, 1, 1) for rows in range(2, g.kernel_y + 1))
    yield from ((g.kernel_y, columns, 1) for columns in range(2, g.kernel_x + 1))
    yield from ((g.kernel_y, g.kernel_x, channels) for channels in range(2, words + 1))


def _most_held(graph: FloatGraph, step: ProductStep, counts: Counts, room: int) -> int:
    """The words that the largest part's window holds; of channels the first part has as many as any.

    Parts of some columns read the image a pixel to a word.
    """
    room = room if counts[1] == 1 else 1
    windows = (_window(graph, step, taps) for taps in _taps(graph, step, counts) if taps.first == 0)
    return max((_held(graph, *window, room) for window in windows if window is not None), default=0)


def _room(graph: FloatGraph, source: View) -> int:
    """The pixels that share a word of a map: several of an input with few channels that products alone read, else one.

    Where the chip makes a map, its pixels may come to share words later, or not: then more is cut than had to be.
    """
    one = graph.maps[source.map]
    images = {port.map for port in graph.inputs if len(port.axes) > 1} - {port.map for port in graph.outputs}
    if one.name not in images or one.width == 1:
        return 1
    views = [(step, view) for step in graph.steps for view in step.views if view.map == one.name]
    if not all(isinstance(step, ProductStep) and view.left == 0 and view.width is None for step, view in views):
        return 1
    return next((room for room in (16, 8, 4, 2) if room * one.channels <= CHANNELS), 1)


def _held(graph: FloatGraph, source: View, g: Geometry, room: int) -> int:
    """The words that a window holds at once, with so many pixels in a word."""
    one = graph.maps[source.map]
    height, width = _size(graph, source)
    listed = source.channels if source.channels is not None else (0, one.channels - 1)
    words = max(listed) // CHANNELS - min(listed) // CHANNELS + 1
    window = Window(
        g.kernel_y, g.kernel_x, g.stride_y, g.stride_x, g.dilation_y, g.dilation_x, width, room,
        g.rows, g.columns, g.top, g.left,
    )  # fmt: skip
    return slide(window, height, words).held


def _in_parts(graph: FloatGraph, step: ProductStep, counts: Counts, why: str, otherwise: str = "") -> list[Step]:
    """The products over the parts of a kernel, and their sums; a warning says why, and how else it could be."""
    every = _taps(graph, step, counts)
    parts = [(taps, window) for taps in every if (window := _window(graph, step, taps)) is not None]
    if not parts:
        return [step]
    products = [_product(graph, step, number, *part) for number, part in enumerate(parts)]
    if len(products) == 1:
        return [replace(products[0], name=step.name, out=step.out, activation=step.activation)]
    graph.warnings.append(
        f"{step.name} ({step.op}): {why} {count(len(products), 'part')}, each of which is rounded to codes before"
        f" they are added{otherwise}"
    )
    return [*products, *_sums(graph, step, products)]


def _taps(graph: FloatGraph, step: ProductStep, counts: Counts) -> Iterator[Taps]:
    """The parts of a kernel, nearly alike in size; channels are cut between words."""
    inputs = step.kernel.shape[2]
    channels: list[tuple[int, int | None]] = [(0, None)]
    if counts[2] > 1:
        words = _spans(-(-inputs // CHANNELS), counts[2])
        channels = [(first * CHANNELS, min(last * CHANNELS, inputs)) for first, last in words]
    rows, columns = _spans(step.geometry.kernel_y, counts[0]), _spans(step.geometry.kernel_x, counts[1])
    for (top, bottom), (left, right), (first, last) in product(rows, columns, channels):
        yield Taps(top, left, bottom - top, right - left, first, last)


def _spans(size: int, parts: int) -> list[tuple[int, int]]:
    """So many places in parts of nearly one size: (first, past the last)."""
    return [(int(part[0]), int(part[-1]) + 1) for part in np.array_split(np.arange(size), parts)]


def _window(graph: FloatGraph, step: ProductStep, taps: Taps) -> tuple[View, Geometry] | None:
    """What a part of a kernel reads, and how it moves; None where all of that lies outside the image."""
    g, source = step.geometry, step.source
    height, width = _size(graph, source)
    down, right = taps.top * g.dilation_y - g.top, taps.left * g.dilation_x - g.left
    top, left = max(down, 0), max(right, 0)
    if top >= height or left >= width:
        return None
    view = replace(source, top=source.top + top, left=source.left + left, height=height - top, width=width - left)
    view = _some_channels(graph, view if top or left else source, taps)
    window = replace(g, kernel_y=taps.rows, kernel_x=taps.columns, top=max(-down, 0), left=max(-right, 0))
    return view, window


def _size(graph: FloatGraph, view: View) -> tuple[int, int]:
    """Rows and columns that a view shows."""
    one = graph.maps[view.map]
    height = one.height - view.top if view.height is None else view.height
    return height, one.width - view.left if view.width is None else view.width


def _some_channels(graph: FloatGraph, view: View, taps: Taps) -> View:
    """The channels of a view that a part of a kernel reads: all, where the kernel is not cut between them."""
    if taps.last is None:
        return view
    channels = view.channels if view.channels is not None else tuple(range(graph.maps[view.map].channels))
    return replace(view, channels=channels[taps.first : taps.last])


def _product(
    graph: FloatGraph, step: ProductStep, number: int, taps: Taps, window: tuple[View, Geometry]
) -> ProductStep:
    """The product over a part of a kernel; the first one has the biases."""
    kernel = step.kernel

    def load() -> Array:
        rows, columns = slice(taps.top, taps.top + taps.rows), slice(taps.left, taps.left + taps.columns)
        return kernel.load()[rows, columns, taps.first : taps.last]

    channels = len(range(kernel.shape[2])[taps.first : taps.last])
    shape = (taps.rows, taps.columns, channels, kernel.shape[3])
    made = KernelGeometry(shape, load, kernel.bias, kernel.scale, kernel.shift, kernel.steps)
    if number:
        made = replace(made, bias=None, shift=None)
    out = _beside(graph, step.out, f"part{number}")
    return ProductStep(out, step.op, out, window[0], made, window[1], step.groups)


def _sums(graph: FloatGraph, step: ProductStep, products: list[ProductStep]) -> Iterator[AddStep]:
    """The sums of the parts, two by two, so that few roundings follow each other; the last is the whole product's."""
    left = [one.out for one in products]
    for number in range(1, len(products) - 1):
        out = _beside(graph, step.out, f"sum{number}")
        yield AddStep(out, step.op, out, View(left.pop(0)), View(left.pop(0)))
        left.append(out)
    yield AddStep(step.name, step.op, step.out, View(left[0]), View(left[1]), activation=step.activation)


def _beside(graph: FloatGraph, name: str, what: str) -> str:
    """A new map as large as one."""
    made = f"{name}.{what}"
    while made in graph.maps:
        made += "_"
    graph.maps[made] = FloatMap(made, *graph.maps[name].size)
    return made
