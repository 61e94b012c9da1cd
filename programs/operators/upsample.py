"""Operators that make a larger image of a smaller one: its rows and columns are filled phase by phase.

A phase is every n-th row and every m-th column. What a transposed convolution makes of one is an ordinary convolution
with some of the taps; repeated pixels and blocks of channels are copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Geometry, Phase, View
from acortex.programs.network.network import Node
from acortex.programs.operators import layout
from acortex.programs.operators.constants import fold
from acortex.programs.operators.context import REARRANGED, Lowering, Unsupported
from acortex.programs.operators.host import last_nodes
from acortex.programs.operators.linear import conv_bias, image_axes, image_result, image_source, numbers
from acortex.programs.operators.registry import operator
from acortex.programs.operators.tensors import TensorView, image_view
from acortex.programs.steps import CopyStep, FloatMap, KernelGeometry, ProductPart, ProductStep

Array = NDArray[Any]

MOST_PHASES = 256
"""Phases of an image, a pass each: steps of 16 in both directions."""

LONGEST_AXIS = 4096
"""Rows or columns of an image that a transposed convolution makes: each is computed with beforehand."""

LAST_BEFORE = 10
"""The last opset whose Resize and Upsample take the nearest place before, and nothing else."""

FEW = 16
"""Places of an axis on which a Resize is tried."""


# Transposed convolutions --------------------------------------------------------------------------------------------


@operator(
    "ConvTranspose",
    becomes="products on arrays, one for each phase of its strides",
    limits="one or two spatial axes; constant weights; at most 256 phases",
)
def conv_transpose(lowering: Lowering, node: Node) -> None:
    """A convolution whose input is spread by its strides: each phase of the output sees taps of its own."""
    tensor = lowering.tensor(node)
    source = image_source(tensor)
    weights = lowering.lazy(node, 1, "kernel")
    groups = int(node.attributes.get("group", 1))
    if len(weights.shape) != len(tensor.shape):
        raise Unsupported(f"its kernel has shape {weights.shape}, its input {tensor.shape}")
    inputs, own, *kernel = weights.shape
    if groups < 1 or inputs % groups or inputs != tensor.shape[1]:
        raise Unsupported(f"{groups} groups of a kernel {weights.shape} do not fit {tensor.shape[1]} channels")
    out, lead = own * groups, [1] * (2 - len(kernel))
    shape = (*lead, *kernel, inputs // groups, out)

    def load() -> Array:
        grouped = weights.load().reshape(groups, inputs // groups, own, *lead, *kernel)
        return grouped.transpose(3, 4, 1, 0, 2).reshape(shape)

    bias = conv_bias(lowering.lazy(node, 2, "bias"), out) if lowering.has(node, 2) else None
    axes = _axes(node, tensor.shape[2:], kernel)
    phases = prod(map(len, axes))
    if phases > MOST_PHASES:
        raise Unsupported(f"its strides make {phases} phases, {MOST_PHASES} is the most")
    size = _sizes(node, tensor.shape[2:], kernel)[0]
    height, width = (*lead, *size)
    made = lowering.new_map(node.name, (height, width, out))
    parts = _parts(lowering, made, axes if len(axes) == 2 else [_ONE_ROW, *axes])
    steps = weights.steps_along(1, own) if groups == 1 else None
    held = KernelGeometry((shape[0], shape[1], shape[2], out), load, bias, steps=steps)
    step = ProductStep(made.name, node.op, made.name, source, held, parts[0].geometry, groups, parts=parts)
    lowering.graph.steps.append(step)
    geometry = Geometry(rows=height, columns=width)
    lowering.give(node.outputs[0], image_result(tensor, made.name, geometry, out), step)


AxisPhase = tuple[int, int, int, int, tuple[int, ...]]
"""A phase along an axis: first place, step, positions, places of the window before the image, its taps (-1: none)."""

_ONE_ROW: list[AxisPhase] = [(0, 1, 1, 0, (0,))]
"""The rows of an image of one row."""


def _sizes(node: Node, image: Sequence[int], kernel: Sequence[int]) -> tuple[list[int], list[int]]:
    """The size of the output along each axis, and the padding at its begin, as ONNX defines them."""
    count = len(image)
    strides, dilations = numbers(node, "strides", count, 1), numbers(node, "dilations", count, 1)
    more, pads = numbers(node, "output_padding", count, 0), numbers(node, "pads", 2 * count, 0)
    auto = node.attributes.get("auto_pad", "NOTSET")
    if min([*strides, *dilations, *kernel]) < 1 or min([*pads, *more]) < 0:
        raise Unsupported(f"its kernel {list(kernel)}, strides {strides}, dilations {dilations} or pads are malformed")
    wanted = node.attributes.get("output_shape")
    sizes, begins = [], []
    for n in range(count):
        spread = strides[n] * (image[n] - 1) + more[n] + (kernel[n] - 1) * dilations[n] + 1
        size = spread if auto == "VALID" else spread - pads[n] - pads[n + count]
        begin = 0 if auto == "VALID" else pads[n]
        if wanted is not None or auto.startswith("SAME"):
            size = int(wanted[len(wanted) - count + n]) if wanted is not None else image[n] * strides[n]
            total = max(spread - size, 0)
            begin = total // 2 if auto == "SAME_UPPER" else total - total // 2
        if not 1 <= size <= LONGEST_AXIS:
            raise Unsupported(f"its output has {size} places along an axis, 1 to {LONGEST_AXIS} are possible")
        sizes.append(size)
        begins.append(begin)
    return sizes, begins


def _axes(node: Node, image: Sequence[int], kernel: Sequence[int]) -> list[list[AxisPhase]]:
    """The phases along each axis."""
    count = len(image)
    strides, dilations = numbers(node, "strides", count, 1), numbers(node, "dilations", count, 1)
    sizes, begins = _sizes(node, image, kernel)
    return [
        [
            _phase(first, min(strides[n], sizes[n]), strides[n], sizes[n], begins[n], kernel[n], dilations[n])
            for first in range(min(strides[n], sizes[n]))
        ]
        for n in range(count)
    ]


def _phase(first: int, step: int, stride: int, size: int, begin: int, kernel: int, dilation: int) -> AxisPhase:
    """One phase: place `first` + m `stride` of the output sees place m + (first + begin - tap * dilation) / stride of
    the input under each tap for which that is whole.
    """
    seen = {}
    for tap in range(kernel):
        place, rest = divmod(first + begin - tap * dilation, stride)
        if not rest:
            seen[place] = tap
    low = min([0, *seen])
    taps = tuple(seen.get(place, -1) for place in range(low, max(seen, default=low) + 1))
    return first, step, -(-(size - first) // step), -low, taps


def _parts(lowering: Lowering, made: FloatMap, axes: Sequence[Sequence[AxisPhase]]) -> tuple[ProductPart, ...]:
    """The parts of a product, one for each phase of its image."""
    down, across = axes
    parts = []
    for (top, step_y, rows, above, taps_y), (left, step_x, columns, before, taps_x) in product(down, across):
        geometry = Geometry(len(taps_y), len(taps_x), top=above, left=before, rows=rows, columns=columns)
        phase = Phase(top, left, step_y, step_x)
        name = lowering.unique(f"{made.name}.{top}.{left}")
        parts.append(ProductPart(name, phase, geometry, taps_y, taps_x))
    return tuple(parts)


# Copies -------------------------------------------------------------------------------------------------------------


@operator("DepthToSpace", becomes="a copy for each phase; at the network's end nothing", limits="at most 256 phases")
def depth_to_space(lowering: Lowering, node: Node) -> None:
    """Blocks of channels become pixels."""
    if node.name in last_nodes(lowering.model):
        layout.view(lowering, node)
        return
    tensor = lowering.tensor(node)
    rows, columns, channels = image_axes(tensor)
    assert rows is not None
    (places,) = fold(node, [tensor.indices])
    block = int(node.attributes["blocksize"])
    image = places.transpose(0, rows, columns, channels)[0]
    _copied(lowering, node, tensor, image, (block, block))


@operator(
    "Resize", "Upsample",
    becomes="a copy for each phase", limits="nearest, whole factors that repeat each pixel; at most 256 phases",
)  # fmt: skip
def resize(lowering: Lowering, node: Node) -> None:
    """Each pixel again and again."""
    tensor = lowering.tensor(node)
    rows, columns, channels = image_axes(tensor)
    mode = node.attributes.get("mode", "nearest")
    if mode != "nearest":
        raise Unsupported(f"its mode is {mode}, the chip repeats pixels")
    factors = [_factor(lowering, node, tensor, axis) for axis in range(len(tensor.shape))]
    if factors[0] != 1 or factors[channels] != 1:
        raise Unsupported("it enlarges channels or the batch")
    down, across = factors[rows] if rows is not None else 1, factors[columns]
    if (down, across) == (1, 1):
        lowering.rename(Node(node.op, node.name, node.inputs[:1], node.outputs), tensor)
        return
    order = [0, rows, columns, channels] if rows is not None else [0, columns, channels]
    image = tensor.indices.transpose(order)[0].reshape(-1, tensor.shape[columns], tensor.shape[channels])
    _copied(lowering, node, tensor, image.repeat(down, 0).repeat(across, 1), (down, across))


def _factor(lowering: Lowering, node: Node, tensor: TensorView, axis: int) -> int:
    """How often each place of an axis is repeated; by ONNX's reference evaluator, along this axis alone."""
    factor = _stated_factor(lowering, node, tensor, axis)
    if lowering.model.opset <= LAST_BEFORE:
        return factor
    few = min(tensor.shape[axis], FEW)  # what holds for some places of an axis holds for all: a factor is the same
    attributes = {key: value for key, value in node.attributes.items() if key != "scales"}
    alone = Node("Resize", node.name, ("x", "", "scales"), node.outputs[:1], attributes)
    values = [np.arange(few, dtype=np.float32), None, np.array([factor], np.float32)]
    (made,) = fold(alone, values, lowering.model.opset)
    if not np.array_equal(made, np.arange(few).repeat(factor)):
        raise Unsupported("it does not repeat each pixel equally often")
    return factor


def _stated_factor(lowering: Lowering, node: Node, tensor: TensorView, axis: int) -> int:
    """The factor of an axis, from the scales or the sizes of a node. Raises Unsupported for one that is not whole."""
    if "axes" in node.attributes:
        raise Unsupported("it names the axes that it enlarges")
    scales, sizes = (1, 3) if lowering.model.opset < 10 or len(node.inputs) == 2 else (2, 3)
    given = np.asarray(node.attributes.get("scales", ()))
    if lowering.has(node, scales):
        given = lowering.constant(node, scales, "scales")
    if not given.size and lowering.has(node, sizes):
        given = lowering.constant(node, sizes, "sizes").astype(np.float64) / np.array(tensor.shape)
    if given.size != len(tensor.shape):
        raise Unsupported(f"it has {given.size} scales or sizes for {len(tensor.shape)} axes")
    factor = float(given.reshape(-1)[axis])
    if factor != int(factor) or not 1 <= factor <= LONGEST_AXIS:
        raise Unsupported("it does not repeat each pixel equally often")
    return int(factor)


def _copied(lowering: Lowering, node: Node, tensor: TensorView, image: Array, steps: tuple[int, int]) -> None:
    """A new map of an image of indices, (rows, columns, channels), copied phase by phase."""
    if steps[0] * steps[1] > MOST_PHASES:
        raise Unsupported(f"it takes {steps[0] * steps[1]} copies, {MOST_PHASES} is the most")
    size = image.shape[0], image.shape[1], image.shape[2]
    views: list[tuple[Phase, View]] = []
    for top, left in product(range(steps[0]), range(steps[1])):
        view = image_view(tensor, image[top :: steps[0], left :: steps[1]])
        if view is None:
            raise Unsupported(REARRANGED)
        views.append((Phase(top, left, *steps), view))
    made = lowering.new_map(node.name, size)
    for phase, view in views:
        part = lowering.new_map(f"{made.name}.{phase.top}.{phase.left}", (*phase.size(*size[:2]), size[2]))
        part.parent, part.phase = (made.name, 0), phase
        lowering.graph.steps.append(CopyStep(part.name, node.op, part.name, view, exact=True))
    geometry = Geometry(rows=size[0], columns=size[1])
    lowering.give(node.outputs[0], image_result(tensor, made.name, geometry, size[2]))
