"""Folds scale and shift of channels into the products that read them, where no product came before.

An exporter's normalisation of the input, (x - mean) / deviation, would else cost a pass and a rounding of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Geometry, View
from acortex.programs.steps import FloatGraph, KernelGeometry, ProductStep, Step

Array = NDArray[Any]


def fold_forward(graph: FloatGraph) -> None:
    """Folds every scale and shift that only products read, and that would shift no padding."""
    for step in list(graph.steps):
        if isinstance(step, ProductStep) and step.affine and step.activation.identity:
            readers = [one for one in graph.steps if any(view.map == step.out for view in one.views)]
            _fold_one(graph, step, readers)


def _fold_one(graph: FloatGraph, step: ProductStep, readers: list[Step]) -> None:
    one = graph.maps[step.out]
    alone = one.parent is None and one.coding is None and all(port.map != one.name for port in graph.outputs)
    shift = step.kernel.biases()
    products = [reader for reader in readers if isinstance(reader, ProductStep) and reader.source == View(step.out)]
    padded = shift.any() and any(reader.parts or not _unpadded(reader.geometry, one.size) for reader in products)
    if not alone or padded or len(products) != len(readers) or not products:
        return
    scale = step.kernel.weights().reshape(-1)
    for reader in products:
        reader.source = step.source
        reader.kernel = after_affine(reader.kernel, scale, shift, reader.groups)
    graph.steps.remove(step)
    del graph.maps[step.out]


def _unpadded(g: Geometry, size: tuple[int, int, int]) -> bool:
    below = (g.rows - 1) * g.stride_y + (g.kernel_y - 1) * g.dilation_y - g.top >= size[0]
    right = (g.columns - 1) * g.stride_x + (g.kernel_x - 1) * g.dilation_x - g.left >= size[1]
    return not (g.top or g.left or below or right)


def after_affine(kernel: KernelGeometry, scale: Array, shift: Array, groups: int) -> KernelGeometry:
    """The kernel that makes of x what one makes of x * scale + shift; both are float, one number per channel."""
    inputs, out = kernel.shape[2:]
    # Output channel j reads the input channels of its group: (inputs, out).
    spread = [np.repeat(part.reshape(groups, inputs), out // groups, axis=0).T for part in (scale, shift)]
    factor, moved = spread[0].astype(np.float32), spread[1]

    def load() -> Array:
        scaled: Array = np.asarray(kernel.load(), np.float32) * factor
        return scaled

    def bias() -> Array:
        own = np.zeros(out) if kernel.bias is None else np.asarray(kernel.bias(), np.float64)
        added: Array = own + (np.asarray(kernel.load()).sum(axis=(0, 1), dtype=np.float64) * moved).sum(axis=0)
        return added

    uniform = bool((scale == scale[0]).all()) and scale[0] > 0 and kernel.steps is not None
    steps = kernel.steps * float(scale[0]) if uniform and kernel.steps is not None else None
    return replace(kernel, load=load, bias=bias if shift.any() else kernel.bias, steps=steps)
