"""Images of a fixed batch: the channels of all of them lie beside each other, and each image is a group of channels.

So whatever looks at images by their places in them does as it does with one, and a kernel has a group for each image.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import Lowering, Misplaced
from acortex.programs.operators.registry import Operator

BY_PLACE = ("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Pad")
"""Operators that do the same with each channel."""

KERNELS = {"Conv": 0, "ConvTranspose": 1}
"""Operators with kernels, and the axis of these that counts the outputs of a group."""


OVER_SPACE = ("ReduceMean", "ReduceMax", "ReduceSum")
"""Operators that do the same with each channel, where they name axes of space alone."""


def has_batch(lowering: Lowering, node: Node) -> bool:
    """Whether a node takes images of a batch, as groups of channels."""
    tensor = lowering.tensors.get(node.inputs[0]) if node.inputs else None
    batch = tensor is not None and len(tensor.shape) in (3, 4) and tensor.shape[0] > 1
    return batch and len(node.outputs) == 1 and _by_channels(lowering, node)


def _by_channels(lowering: Lowering, node: Node) -> bool:
    """Whether a node does the same with each channel, or has a kernel."""
    return node.op in (*BY_PLACE, *KERNELS) or (node.op in OVER_SPACE and _names_space(lowering, node))


def _names_space(lowering: Lowering, node: Node) -> bool:
    """Whether a reduction is over axes behind that of the channels alone."""
    known = lowering.constants.get(node.inputs[1]) if len(node.inputs) > 1 else None
    axes = node.attributes.get("axes", []) if known is None else known.load().reshape(-1)
    rank = len(lowering.tensors[node.inputs[0]].shape) if node.inputs[0] in lowering.tensors else 0
    return len(axes) > 0 and rank > 2 and all(int(axis) % rank >= 2 for axis in axes)


def by_groups(lowering: Lowering, node: Node, row: Operator) -> None:
    """Lowers a node of a batch as one of a single image of more channels; a reduction only where it must be."""
    if node.op in OVER_SPACE:
        with suppress(Misplaced):
            row.lower(lowering, node)
            return
    tensor, out = lowering.tensor(node), node.outputs[0]
    batch, channels, *space = tensor.shape
    inner, made = f"{out}.images", f"{out}.merged"
    lowering.uses.update({inner: 1, made: 1})
    lowering.give(inner, tensor.reshaped((1, batch * channels, *space)), lowering.open_step(node.inputs[0]))
    inputs, attributes = [inner, *node.inputs[1:]], dict(node.attributes)
    if node.op in KERNELS:
        attributes["group"] = int(attributes.get("group", 1)) * batch
        for place, name in enumerate(node.inputs[1:3], 1):
            if name:
                inputs[place] = f"{name}.by.{batch}"
                lowering.constants[inputs[place]] = repeated(lowering.lazy(node, place, "kernel"), batch)
    row.lower(lowering, Node(node.op, node.name, tuple(inputs), (made,), attributes))
    if made in lowering.padding:
        lowering.pad(node, made)
    merged = lowering.tensors[made]
    shape = (batch, merged.shape[1] // batch, *merged.shape[2:])
    lowering.rename(Node(node.op, node.name, (made,), (out,)), merged.reshaped(shape))


def repeated(constant: Constant, count: int) -> Constant:
    """A constant as many times, along its first axis."""
    shape = (constant.shape[0] * count, *constant.shape[1:])
    steps = constant.steps
    if steps is not None and constant.along == 0:
        steps = np.tile(steps, count)

    def load() -> NDArray[Any]:
        return np.tile(constant.load(), (count, *(1 for _ in shape[1:])))

    return Constant(shape, load, steps, constant.along)


MOST_ROWS = 32
"""Vectors that are multiplied one by one, where they do not lie as pixels."""


def few_rows(lead: list[int], shape: tuple[int, ...]) -> bool:
    """Whether a tensor is some vectors beside each other."""
    return len(lead) == 1 and 1 < shape[lead[0]] <= MOST_ROWS and math.prod(shape) == shape[lead[0]] * shape[-1]
