"""Networks in floating point, smooth images, and what identifies a quantised network."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from acortex.programs import quantised
from acortex.programs.graph import LayerGraph, Product
from acortex.programs.network.network import Network

Array = np.ndarray[Any, Any]


def convolutions() -> Network:
    x = Network("net", input=(3, 12, 12)).conv(16, 3, pad=1).relu().conv(16, 3, pad=1).relu().max_pool(2)
    return x.conv(24, 3, pad=1).relu().global_average_pool().flatten().linear(10)


def depthwise() -> Network:
    x = Network("depthwise", input=(3, 12, 12)).conv(16, 3, pad=1).relu()
    for _ in range(3):
        x = x.conv(16, 3, pad=1, groups=16).relu().conv(16, 1).relu()
    return x.average_pool(4).flatten().linear(10)


def residual() -> Network:
    x = Network("residual", input=(3, 10, 10)).conv(16, 3, pad=1).relu()
    for _ in range(2):
        x = x.conv(16, 3, pad=1).relu().conv(16, 3, pad=1).add(x).relu()
    return x.global_average_pool().flatten().linear(8)


NETWORKS = {"convolutions": convolutions, "depthwise": depthwise, "residual": residual}


def images(seed: int, count: int, *shape: int) -> Array:
    """Smooth images, of which each has a brightness of its own."""
    rng = np.random.default_rng(seed)
    rough = rng.standard_normal((count, *shape))
    near = sum(np.roll(rough, (y, x), (2, 3)) for y in range(3) for x in range(3)) / 3
    return (near + rng.standard_normal((count, shape[0], 1, 1))).astype(np.float32)


def digest(graph: LayerGraph) -> str:
    """All numbers of a graph's products and codings."""
    found = hashlib.sha256(repr([(name, one.coding) for name, one in graph.maps.items()]).encode())
    for layer in graph.layers:
        if isinstance(layer, Product):
            for array in (layer.weights, layer.code.multiplier, layer.code.offset):
                found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def of_residual() -> str:
    return digest(quantised(residual(), images(0, 24, 3, 10, 10), effort="best"))
