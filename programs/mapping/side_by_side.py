"""Pixels side by side: a product of few channels makes several pixels at each position, which share a word of memory.

A word has 64 channels, and so has a column of arrays. A map of 16 channels leaves three quarters of both empty. Where
its product takes no more arrays for it, the matrix holds four pixels beside each other, shifted against each other by
the stride: a quarter of the positions, conversions and writes, and a quarter of the memory.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acortex.isa.machine import CHANNELS, Machine
from acortex.isa.operands import KINDS
from acortex.programs.graph import (
    EVERY,
    Add,
    Code,
    Geometry,
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

    The vector agent may add, multiply or convert such maps word by word, if all have their pixels side by side. No
    layer takes more arrays for it, nor more of the buffer than there is.
    """
    found = _Packing(graph, machine)
    for names in _together(graph):
        found.pack(names)
    return replace(graph, maps=found.maps, layers=tuple(found.layers))


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
        self.layers = list(graph.layers)
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
        products = [at for name in names for at in self.writers[name] if isinstance(self.layers[at], Product)]
        for count in COUNTS:
            wide = {at: self._wide(at, count) for at in products}
            maps = self.maps | {name: replace(self.maps[name], packed=count) for name in names}
            if products and all(wide.values()) and all(self._readable(maps[name], maps) for name in names):
                self.maps = maps
                for at, layer in wide.items():
                    assert layer is not None
                    self.layers[at] = layer
                return

    def _able(self, name: str) -> bool:
        """Whether one layer fills a map, whole, and those that know where its pixels lie can have them side by side."""
        if name in self.fixed or len(self.writers.get(name, ())) != 1:
            return False
        whole, writer = self.maps[name], self.layers[self.writers[name][0]]
        if isinstance(writer, Product):
            made = writer.target.phase == EVERY and writer.weights.shape[3] == whole.channels
        else:
            made = _word_by_word(writer, self.graph)
        return made and all(self._takes(self.layers[at], whole) for at in self.readers.get(name, ()))

    def _takes(self, layer: Layer, source: Map) -> bool:
        if not isinstance(layer, Product):
            return _word_by_word(layer, self.graph)
        return _in_full_width(layer.source, source)

    def _wide(self, at: int, count: int) -> Product | None:
        """A product that makes so many pixels at once; None where that takes more of the chip, or cannot be said."""
        layer = self.layers[at]
        assert isinstance(layer, Product)
        if not _can_say(layer, self.maps[layer.target.map], count):
            return None
        wide = _widened(layer, count)
        return wide if _costs_nothing(layer, wide, self.maps, self.machine) else None

    def _readable(self, packed: Map, maps: dict[str, Map]) -> bool:
        """Whether the windows of all readers of a map fit the buffer where pixels share words."""
        readers = (self.layers[at] for at in self.readers.get(packed.name, ()))
        products = [one for one in readers if isinstance(one, Product)]
        return all(_least(one.geometry, _source(one, maps), self.machine) is not None for one in products)


def _can_say(layer: Product, target: Map, count: int) -> bool:
    """Whether so many pixels share a word, rows are whole words, and a program can say the window."""
    g = layer.geometry
    if count * target.channels > CHANNELS or target.width % count or (g.dilation_x > 1 and g.kernel_x > 1):
        return False
    kernel = g.kernel_x + (count - 1) * g.stride_x
    return g.stride_x * count <= KINDS["hop"].high and kernel <= KINDS["kernel"].high


def _widened(layer: Product, count: int) -> Product:
    """The product that makes `count` pixels at each position: their channels stand in parts of a word, one each."""
    height, width, inside, outputs = layer.weights.shape
    g, room, own = layer.geometry, CHANNELS // count, layer.weights.shape[3] // layer.groups
    columns = (count - 1) * room + outputs
    inputs = inside * layer.groups
    weights = np.zeros((height, width + (count - 1) * g.stride_x, inputs, columns), np.int8)
    for number in range(count):
        left = number * g.stride_x
        for group in range(layer.groups):
            there = slice(group * inside, (group + 1) * inside)
            made = slice(group * own, (group + 1) * own)
            into = slice(number * room + made.start, number * room + made.stop)
            weights[:, left : left + width, there, into] = layer.weights[..., made]
    geometry = replace(
        g, kernel_x=weights.shape[1], stride_x=g.stride_x * count, dilation_x=1, columns=g.columns // count
    )
    code, macs = _repeated(layer.code, outputs, columns, room), count * layer.macs_per_position
    return replace(layer, weights=weights, geometry=geometry, code=code, groups=1, macs=macs)


def _repeated(code: Code, outputs: int, columns: int, room: int) -> Code:
    """A code with the offsets and multipliers of each pixel's part; those of columns between them count for nothing."""
    offsets, multipliers = columns_of(code, outputs)
    channel = np.arange(columns) % room
    used = channel < outputs
    place = np.where(used, channel, 0)
    return replace(code, offset=np.where(used, offsets[place], 0), multiplier=multipliers[place])


def _costs_nothing(layer: Product, wide: Product, maps: dict[str, Map], machine: Machine) -> bool:
    """Whether a product takes no more arrays with several pixels, and its window fits the buffer."""
    source = _source(layer, maps)
    if source.words > 1 and layer.groups > 1:
        return False
    before, after = (_least(one.geometry, source, machine) for one in (layer, wide))
    return after is not None and before is not None and after <= before


def _least(geometry: Geometry, source: Source, machine: Machine) -> int | None:
    """The fewest arrays below each other that hold a window's rows; None where no mapping fits the buffer."""
    costs = [window_cost(geometry, source, dense) for dense in (True, False)]
    return min((cost.arrays_down for cost in costs if cost.held <= machine.buffer_words), default=None)


def _source(layer: Product, maps: dict[str, Map]) -> Source:
    """The words that a product reads, channels in order."""
    source = maps[layer.source.map]
    full = crop(layer.source, source)
    assert full.channels is not None and full.height is not None and full.width is not None
    word, last = min(full.channels) // CHANNELS, max(full.channels)
    words = last // CHANNELS - word + 1
    return Source(layout_of(source), word, words, last % CHANNELS + 1, full.top, full.left, full.height, full.width)
