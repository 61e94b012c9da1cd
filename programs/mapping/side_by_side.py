"""Pixels side by side: a product of few channels makes several pixels at each position, which share a word of memory.

A word has 64 channels, and so has a column of arrays. A map of 16 channels leaves three quarters of both empty. Where
its product takes no more arrays for it, the matrix holds four pixels beside each other, shifted against each other by
the stride: a quarter of the positions, conversions and writes, and a quarter of the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from acortex.isa.machine import CHANNELS, Machine
from acortex.isa.operands import KINDS
from acortex.programs.graph import (
    EVERY,
    Code,
    Geometry,
    LayerGraph,
    Map,
    Product,
    columns_of,
    crop,
    read_views,
    written_targets,
)
from acortex.programs.mapping.passes import Source, layout_of, window_cost

COUNTS = (16, 8, 4, 2)
"""Pixels that may share a word."""


def pixels_side_by_side(graph: LayerGraph, machine: Machine) -> LayerGraph:
    """The network with several pixels in a word of those maps that products alone write and read.

    No layer takes more arrays for it, nor more of the buffer than there is.
    """
    maps = dict(graph.maps)
    layers = list(graph.layers)
    for index, layer in enumerate(layers):
        if not isinstance(layer, Product) or not _is_of_products_alone(layer, graph):
            continue
        for count in _counts(layer, maps[layer.target.map]):
            wide = _widened(layer, count)
            packed = replace(maps[layer.target.map], packed=count)
            if _costs_nothing(layer, wide, maps, machine) and _can_be_read(packed, graph, maps, machine):
                layers[index], maps[packed.name] = wide, packed
                break
    return replace(graph, maps=maps, layers=tuple(layers))


def only_products_read(name: str, graph: LayerGraph) -> bool:
    """Whether only products read a map, in its full width, and no output shows it."""
    source = graph.maps[name]
    for layer in graph.layers:
        for view in read_views(layer):
            full = crop(view, source) if view.map == name else None
            if full and (not isinstance(layer, Product) or (full.left, full.width) != (0, source.width)):
                return False
    return name not in {port.map for port in graph.outputs}


def _is_of_products_alone(layer: Product, graph: LayerGraph) -> bool:
    """Whether a layer fills a map by itself, and only products read it: nothing else knows where its pixels lie."""
    target, whole = layer.target, graph.maps[layer.target.map]
    if target.phase != EVERY or layer.weights.shape[3] != whole.channels:
        return False
    writers = sum(one.map == target.map for other in graph.layers for one in written_targets(other))
    given = {port.map for port in graph.inputs}
    return writers == 1 and target.map not in given and only_products_read(target.map, graph)


def _counts(layer: Product, target: Map) -> Iterator[int]:
    """How many pixels may share a word, the most first: rows are whole words, and a program can say the window."""
    g = layer.geometry
    if g.dilation_x > 1 and g.kernel_x > 1:
        return
    for count in COUNTS:
        says = g.stride_x * count <= KINDS["hop"].high
        says = says and g.kernel_x + (count - 1) * g.stride_x <= KINDS["kernel"].high
        if says and count * target.channels <= CHANNELS and target.width % count == 0:
            yield count


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


def _can_be_read(packed: Map, graph: LayerGraph, maps: dict[str, Map], machine: Machine) -> bool:
    """Whether the windows of all readers of a map fit the buffer where pixels share words."""
    readers = [one for one in graph.layers if isinstance(one, Product) and one.source.map == packed.name]
    changed = maps | {packed.name: packed}
    return all(_least(one.geometry, _source(one, changed), machine) is not None for one in readers)


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
