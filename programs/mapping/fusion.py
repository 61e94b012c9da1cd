"""Which layers run as one pass: a layer of the vector agent on the stream of the product before it.

The codes between the two are those that would have gone to memory, so nothing that comes out changes. A pool over a map
that several products fill side by side is done on the stream of each.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from acortex.isa.machine import CHANNELS, Machine
from acortex.programs.graph import (
    EVERY,
    Add,
    Layer,
    LayerGraph,
    Mul,
    Pool,
    Product,
    Recurrent,
    Requant,
    Target,
    View,
    crop,
    read_views,
    written_targets,
)

VectorLayer = Pool | Add | Mul | Requant


class FusedPass(NamedTuple):
    """What becomes a pass: a product, a layer of the vector agent, or a product with such a layer on its stream."""

    product: Product | None = None
    vector: VectorLayer | None = None
    recurrent: Recurrent | None = None


def fused(graph: LayerGraph, machine: Machine) -> tuple[LayerGraph, list[FusedPass]]:
    """The layers of a network as steps, in an order in which they can run; and the network that they are of."""
    graph = split_pools(graph, machine)
    layers = list(graph.layers)
    made = {layer.target.map: layer for layer in layers if isinstance(layer, Product)}
    single = _single_reader(graph, layers)
    joined: dict[str, VectorLayer] = {}
    for layer in layers:
        if isinstance(layer, Pool | Add | Mul | Requant):
            product = _partner(layer, made, single, graph, layers, machine)
            if product is not None:
                joined[product.name] = layer
    taken = {vector.name: name for name, vector in joined.items()}
    products = {layer.name: layer for layer in layers if isinstance(layer, Product)}
    steps = []
    for layer in layers:
        if isinstance(layer, Product):
            if layer.name not in joined:
                steps.append(FusedPass(layer))
        elif isinstance(layer, Recurrent):
            steps.append(FusedPass(recurrent=layer))
        elif isinstance(layer, Pool | Add | Mul | Requant):
            steps.append(FusedPass(products[taken[layer.name]] if layer.name in taken else None, layer))
    return graph, steps


def _single_reader(graph: LayerGraph, layers: list[Layer]) -> set[str]:
    """Maps that one layer writes, whole, and one other reads, and no output shows."""
    reads = Counter(view.map for layer in layers for view in read_views(layer))
    writes = Counter(target.map for layer in layers for target in written_targets(layer))
    shown = {port.map for port in graph.outputs} | {port.map for port in graph.inputs}
    return {name for name in reads if reads[name] == 1 and writes[name] == 1 and name not in shown}


def _partner(
    layer: VectorLayer,
    made: dict[str, Product],
    single: set[str],
    graph: LayerGraph,
    layers: list[Layer],
    machine: Machine,
) -> Product | None:
    """The product on whose stream a layer can work; of two the later one."""
    order = {other.name: index for index, other in enumerate(layers)}
    found = [
        made[view.map]
        for view in read_views(layer)
        if view.map in single and view.map in made and _whole(view, graph) and made[view.map].groups == 1
    ]
    if isinstance(layer, Add | Mul):
        found = [product for product in found if _same_size(product, layer, graph)]
    found = [product for product in found if _holds(product, layer, machine)]
    return max(found, key=lambda product: order[product.name], default=None)


def _whole(view: View, graph: LayerGraph) -> bool:
    source = graph.maps[view.map]
    return crop(view, source) == crop(View(view.map), source)


def _same_size(product: Product, layer: Add | Mul, graph: LayerGraph) -> bool:
    """Whether a product makes every pixel of a sum, and not one that is added to all."""
    target, made = graph.maps[layer.target.map], graph.maps[product.target.map]
    return (target.height, target.width) == (made.height, made.width)


def _holds(product: Product, layer: VectorLayer, machine: Machine) -> bool:
    """Whether the vector agent has room for what stands between the two."""
    words: int = -(-product.weights.shape[3] // CHANNELS)
    if words > machine.output_words:
        return False
    if not isinstance(layer, Pool):
        return True
    geometry, rows = layer.geometry, product.geometry.rows
    lines = min((geometry.kernel_y - 1) * geometry.dilation_y + 1, rows)
    return lines * product.geometry.columns * words <= machine.line_words


def split_pools(graph: LayerGraph, machine: Machine) -> LayerGraph:
    """The network in which a pool over a map that products fill side by side is a pool after each of them."""
    pools = {pool.source.map: pool for pool in graph.layers if isinstance(pool, Pool) and _splits(pool, graph, machine)}
    if not pools:
        return graph
    maps = dict(graph.maps)
    layers: list[Layer] = []
    for layer in graph.layers:
        pool = pools.get(layer.target.map)
        if isinstance(layer, Product) and pool is not None:
            between = f"{layer.name}/{pool.name}"
            maps[between] = replace(maps[layer.target.map], name=between, channels=layer.weights.shape[3])
            part = replace(pool.target, offset=pool.target.offset + layer.target.offset)
            layers.append(replace(layer, target=Target(between)))
            layers.append(replace(pool, name=between, source=View(between), target=part))
        elif not (isinstance(layer, Pool) and layer.source.map in pools):
            layers.append(layer)
    return replace(graph, maps=maps, layers=tuple(layers))


def _splits(pool: Pool, graph: LayerGraph, machine: Machine) -> bool:
    """Whether several products, and nothing else, make what a pool alone reads, and can each be pooled on their way."""
    name = pool.source.map
    makers = [layer for layer in graph.layers if any(target.map == name for target in written_targets(layer))]
    readers = [view for layer in graph.layers for view in read_views(layer) if view.map == name]
    return (
        len(makers) > 1
        and len(readers) == 1
        and _whole(pool.source, graph)
        and name not in {port.map for port in graph.outputs}
        and all(_pooled_apart(maker, pool, machine) for maker in makers)
    )


def _pooled_apart(maker: Layer, pool: Pool, machine: Machine) -> bool:
    """Whether what a layer makes of a map is pooled as well by itself: some of its channels, at every pixel."""
    if not isinstance(maker, Product):
        return False
    return maker.groups == 1 and maker.target.phase == EVERY and _holds(maker, pool, machine)
