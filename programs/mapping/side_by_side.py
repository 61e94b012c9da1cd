"""Pixels side by side: a product of few channels makes several pixels at each position, which share a word of memory.

A word has 64 channels, and a column of published arrays as many. A map of 16 channels leaves three quarters of both
empty. Where its product takes no more arrays for it, the matrix holds four pixels beside each other, shifted against
each other by the stride: a quarter of the positions, conversions and writes, and a quarter of the memory.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from acortex.isa.machine import CHANNELS, Machine
from acortex.isa.operands import KINDS
from acortex.programs.graph import (
    EVERY,
    Add,
    Code,
    Layer,
    LayerGraph,
    Map,
    Mul,
    Product,
    Requant,
    View,
    columns_of,
    crop,
    read_views,
    written_targets,
)
from acortex.programs.mapping.passes import Source, layout_of, window_cost

COUNTS = (16, 8, 4, 2)
"""Pixels that may share a word."""

PIXEL_AXES = 2
"""Axes of a tensor that has pixels, its channels among them: the host packs and unpacks no other."""


def pixels_side_by_side(graph: LayerGraph, machine: Machine) -> LayerGraph:
    """The network with several pixels in a word of those maps that products write and read.

    Products that fill the columns of an image in turns become one, which fills them all. The vector agent may add,
    multiply or convert such maps word by word, if all have their pixels side by side. No layer takes more arrays for
    it, nor more of the buffer than there is.
    """
    found = _Packing(graph, machine)
    for names in _together(graph):
        found.pack(names)
    return replace(graph, maps=found.maps, layers=tuple(layer for layer in found.layers if layer is not None))


def only_products_read(name: str, graph: LayerGraph) -> bool:
    """Whether only products read a map, in its full width, and no output shows it."""
    source = graph.maps[name]
    views = [(layer, view) for layer in graph.layers for view in read_views(layer) if view.map == name]
    products = all(isinstance(layer, Product) and _in_full_width(view, source) for layer, view in views)
    return products and name not in {port.map for port in graph.outputs}


def _in_full_width(view: View, source: Map) -> bool:
    full = crop(view, source)
    return (full.left, full.width) == (0, source.width)


def _word_by_word(layer: Layer, graph: LayerGraph) -> bool:
    """Whether the vector agent works on whole maps that have all the same size."""
    if not isinstance(layer, Add | Mul | Requant) or layer.target.phase != EVERY or layer.target.offset:
        return False
    maps = [graph.maps[view.map] for view in read_views(layer)]
    whole = all(crop(view, one) == crop(View(one.name), one) for view, one in zip(read_views(layer), maps, strict=True))
    sizes = {(one.height, one.width, one.channels) for one in (*maps, graph.maps[layer.target.map])}
    return whole and len(sizes) == 1


def _together(graph: LayerGraph) -> list[list[str]]:
    """Maps in sets whose pixels lie alike or not at all: those that one layer of the vector agent works on."""
    leader = {name: name for name in graph.maps}

    def lead(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for layer in graph.layers:
        if _word_by_word(layer, graph):
            for view in read_views(layer):
                leader[lead(view.map)] = lead(written_targets(layer)[0].map)
    sets: dict[str, list[str]] = {}
    for name in graph.maps:
        sets.setdefault(lead(name), []).append(name)
    return list(sets.values())


class _Packing:
    """The layers and maps of a network, while pixels of more and more maps come to lie side by side."""

    def __init__(self, graph: LayerGraph, machine: Machine) -> None:
        self.graph = graph
        self.machine = machine
        self.maps = dict(graph.maps)
        self.layers: list[Layer | None] = list(graph.layers)
        """The layers so far; None for one whose pixels another makes beside its own."""
        self.readers: dict[str, list[int]] = {}
        self.writers: dict[str, list[int]] = {}
        for index, layer in enumerate(graph.layers):
            for view in read_views(layer):
                self.readers.setdefault(view.map, []).append(index)
            for target in written_targets(layer):
                self.writers.setdefault(target.map, []).append(index)
        whole = (port for port in graph.outputs if port.axes is None or len(port.axes) < PIXEL_AXES)
        self.fixed = {port.map for port in (*graph.inputs, *whole)}
        """Maps whose pixels the host knows one word each for."""

    def pack(self, names: list[str]) -> None:
        """Puts as many pixels of some maps side by side as all of their layers can do."""
        if not all(map(self._able, names)):
            return
        rows = [row for name in names for row in self._product_rows(name)]
        for count in COUNTS:
            wide = [self._wide(row, count) for row in rows]
            maps = self.maps | {name: replace(self.maps[name], packed=count) for name in names}
            if rows and all(wide) and all(self._readable(maps[name], maps) for name in names):
                self.maps = maps
                for row, layer in zip(rows, wide, strict=True):
                    for at in row:
                        self.layers[at] = None
                    self.layers[row[0]] = layer
                return

    def _able(self, name: str) -> bool:
        """Whether a map is filled whole, and those that know where its pixels lie can have them side by side."""
        if name in self.fixed:
            return False
        whole, writers = self.maps[name], self._writers(name)
        if any(isinstance(one, Product) for one in writers):
            products = [one for one in writers if isinstance(one, Product)]
            made = len(products) == len(writers) and _fill(products, whole)
        else:
            made = len(writers) == 1 and _word_by_word(writers[0], self.graph)
        return made and all(self._takes(self.graph.layers[at], whole) for at in self.readers.get(name, ()))

    def _writers(self, name: str) -> list[Layer]:
        return [self.graph.layers[at] for at in self.writers.get(name, ())]

    def _product_rows(self, name: str) -> list[list[int]]:
        """The products that fill a map, those together that fill the same rows of it, from left to right."""
        rows: dict[int, list[tuple[int, int]]] = {}
        for at in self.writers[name]:
            layer = self.graph.layers[at]
            if isinstance(layer, Product):
                rows.setdefault(layer.target.phase.top, []).append((layer.target.phase.left, at))
        return [[at for _, at in sorted(row)] for row in rows.values()]

    def _takes(self, layer: Layer, source: Map) -> bool:
        if not isinstance(layer, Product):
            return _word_by_word(layer, self.graph)
        return _in_full_width(layer.source, source)

    def _wide(self, row: list[int], count: int) -> Product | None:
        """The product that makes so many pixels at once; None where that takes more of the chip, or cannot be said."""
        products = [layer for at in row if isinstance(layer := self.graph.layers[at], Product)]
        if not _can_say(products, self.maps[products[0].target.map], count):
            return None
        wide = _widened(products, count)
        return wide if self._costs_nothing(products, wide) else None

    def _costs_nothing(self, products: Sequence[Product], wide: Product) -> bool:
        """Whether a product takes no more arrays than those that it stands for, and its window fits the buffer."""
        source = _source(wide, self.maps)
        if source.words > 1 and products[0].groups > 1:
            return False
        after, *before = (_least(one, source, self.machine) for one in (wide, *products))
        return after is not None and None not in before and after <= sum(arrays or 0 for arrays in before)

    def _readable(self, packed: Map, maps: dict[str, Map]) -> bool:
        """Whether the windows of all readers of a map fit the buffer where pixels share words."""
        readers = (self.graph.layers[at] for at in self.readers.get(packed.name, ()))
        products = [one for one in readers if isinstance(one, Product)]
        return all(_least(one, _source(one, maps), self.machine) is not None for one in products)


def _fill(products: Sequence[Product], whole: Map) -> bool:
    """Whether products fill all pixels of a map, alone or phase by phase, and those of a row are alike."""
    phase = products[0].target.phase
    places = {(one.target.phase.top, one.target.phase.left) for one in products}
    kinds = {(one.target.phase.step_y, one.target.phase.step_x, one.weights.shape[3]) for one in products}
    rows: dict[int, set[Hashable]] = {}
    for one in products:
        rows.setdefault(one.target.phase.top, set()).add(_kind(one))
    return (
        len(places) == len(products) == phase.step_y * phase.step_x
        and kinds == {(phase.step_y, phase.step_x, whole.channels)}
        and all(len(found) == 1 for found in rows.values())
    )


def _kind(layer: Product) -> Hashable:
    """What products must have alike to be one: all but what they see along a row."""
    g, code = layer.geometry, layer.code
    down = g.kernel_y, g.stride_y, g.dilation_y, g.top, g.rows, g.stride_x, g.columns
    coding = code.shift, code.zero, code.low, code.high, code.activation, code.gain
    return layer.source, layer.pad, layer.groups, down, coding


def _can_say(products: Sequence[Product], target: Map, count: int) -> bool:
    """Whether so many pixels share a word, rows are whole words, and a program can say the window."""
    if count * target.channels > CHANNELS or target.width % count or count % len(products):
        return False
    if any(one.geometry.dilation_x > 1 and one.geometry.kernel_x > 1 for one in products):
        return False
    hop = products[0].geometry.stride_x * (count // len(products))
    return hop <= KINDS["hop"].high and _span(products, count)[1] <= KINDS["kernel"].high


def _span(products: Sequence[Product], count: int) -> tuple[int, int]:
    """Of the window over `count` pixels: the columns before the image, and all that it has."""
    before = max(one.geometry.left for one in products)
    reach = max(one.geometry.kernel_x - one.geometry.left for one in products)
    return before, before + reach + (count // len(products) - 1) * products[0].geometry.stride_x


def _widened(products: Sequence[Product], count: int) -> Product:
    """The product that makes `count` pixels at each position: their channels stand in parts of a word, one each.

    Several products take turns along a row: pixel i of a word is made by the i-th of them, and again from the first.
    """
    layer, apart = products[0], len(products)
    height, _, inside, outputs = layer.weights.shape
    g, room, own = layer.geometry, CHANNELS // count, outputs // layer.groups
    before, width = _span(products, count)
    weights = np.zeros((height, width, inside * layer.groups, (count - 1) * room + outputs), np.int8)
    for number in range(count):
        one = products[number % apart]
        left = before - one.geometry.left + number // apart * g.stride_x
        for group in range(layer.groups):
            there = slice(group * inside, (group + 1) * inside)
            into = slice(number * room + group * own, number * room + (group + 1) * own)
            kernel = one.weights[..., group * own : (group + 1) * own]
            weights[:, left : left + one.geometry.kernel_x, there, into] = kernel
    turns = count // apart
    geometry = replace(
        g, kernel_x=width, stride_x=g.stride_x * turns, dilation_x=1, left=before, columns=g.columns // turns
    )
    phase = replace(layer.target.phase, left=0, step_x=1)
    macs = turns * sum(one.macs_per_position for one in products)
    code = _side_by_side([products[number % apart].code for number in range(count)], outputs, room)
    target = replace(layer.target, phase=phase)
    return replace(layer, target=target, weights=weights, geometry=geometry, code=code, groups=1, macs=macs)


def _side_by_side(codes: Sequence[Code], outputs: int, room: int) -> Code:
    """A code with the offsets and multipliers of each pixel's part; those of columns between them count for nothing."""
    columns = (len(codes) - 1) * room + outputs
    offset, multiplier = np.zeros(columns, np.int64), np.full(columns, columns_of(codes[0], outputs)[1][0])
    for number, code in enumerate(codes):
        part = slice(number * room, number * room + outputs)
        offset[part], multiplier[part] = columns_of(code, outputs)
    return replace(codes[0], offset=offset, multiplier=multiplier)


def _least(layer: Product, source: Source, machine: Machine) -> int | None:
    """The fewest arrays that hold a product's window and columns; None where no mapping fits the buffer."""
    costs = [window_cost(layer.geometry, source, dense, machine.k) for dense in (True, False)]
    down = min((cost.arrays_down for cost in costs if cost.held <= machine.buffer_words), default=None)
    return None if down is None else down * -(-layer.weights.shape[3] // machine.k)


def _source(layer: Product, maps: dict[str, Map]) -> Source:
    """The words that a product reads, channels in order."""
    source = maps[layer.source.map]
    full = crop(layer.source, source)
    assert full.channels is not None and full.height is not None and full.width is not None
    word, last = min(full.channels) // CHANNELS, max(full.channels)
    words = last // CHANNELS - word + 1
    return Source(layout_of(source), word, words, last % CHANNELS + 1, full.top, full.left, full.height, full.width)
