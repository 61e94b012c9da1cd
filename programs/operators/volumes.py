"""Images of three spatial axes: their planes are channels of one image, and a kernel becomes one over two axes.

Output plane `a` of a kernel sees the input planes a * stride - pad + n * dilation: its weights stand in these rows of a
matrix of all planes, and zeros in the others. A pool of means is such a kernel; there is none for the largest number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.batches import repeated
from acortex.programs.operators.context import Lowering, Unsupported
from acortex.programs.operators.linear import numbers, window
from acortex.programs.operators.registry import OPERATORS

Array = NDArray[Any]

VOLUMES = ("Conv", "AveragePool", "GlobalAveragePool", "MaxPool", "GlobalMaxPool", "ConvTranspose", "Pad")
"""Operators that look at places of images."""


def is_volume(lowering: Lowering, node: Node) -> bool:
    """Whether a node looks at the places of an image of three axes."""
    tensor = lowering.tensors.get(node.inputs[0]) if node.op in VOLUMES and node.inputs else None
    return tensor is not None and len(tensor.shape) == 5


def by_planes(lowering: Lowering, node: Node) -> None:
    """Lowers a convolution or a pool of means over three axes as a convolution over two."""
    if node.op not in ("Conv", "AveragePool", "GlobalAveragePool"):
        raise Unsupported("it has three spatial axes; the chip does Conv and means over them")
    tensor, out = lowering.tensor(node), node.outputs[0]
    batch, channels, depth, *space = tensor.shape
    given = _kernel(lowering, node, tensor.shape)
    weights, bias, groups, attributes = given
    deep = _along(Node(node.op, node.name, (), (), attributes), slice(0, 1))
    geometry, _ = window(deep, [depth], [weights.shape[2]], [0, 0])
    inner, kernel, made = f"{out}.planes", f"{out}.kernel", f"{out}.merged"
    lowering.uses.update({inner: 1, made: 1})
    lowering.give(inner, tensor.reshaped((1, batch * channels * depth, *space)))
    planes = _Planes(depth, geometry.columns, geometry.stride_x, geometry.dilation_x, geometry.left)
    lowering.constants[kernel] = repeated(planes.kernel(weights), batch)
    inputs = [inner, kernel]
    if bias is not None:
        lowering.constants[f"{kernel}.bias"] = repeated(planes.bias(bias), batch)
        inputs.append(f"{kernel}.bias")
    flat = _along(Node("Conv", node.name, tuple(inputs), (made,), {**attributes, "group": groups * batch}), slice(1, 3))
    OPERATORS["Conv"].lower(lowering, flat)
    merged = lowering.tensors[made]
    shape = (batch, weights.shape[0], geometry.columns, *merged.shape[2:])
    lowering.rename(Node(node.op, node.name, (made,), (out,)), merged.reshaped(shape))


Kernel = tuple[Constant, Constant | None, int, dict[str, object]]
"""Weights (outputs, inputs of a group, three axes), biases, groups, and the attributes of a window."""


def _kernel(lowering: Lowering, node: Node, shape: tuple[int, ...]) -> Kernel:
    """The kernel of a convolution, or that of a mean."""
    attributes: dict[str, object] = dict(node.attributes)
    if node.op == "Conv":
        weights, groups = lowering.lazy(node, 1, "kernel"), int(node.attributes.get("group", 1))
        if len(weights.shape) != 5 or weights.shape[1] * groups != shape[1] or weights.shape[0] % groups:
            raise Unsupported(f"{groups} groups of a kernel {weights.shape} do not fit {shape[1]} channels")
        bias = lowering.lazy(node, 2, "bias") if lowering.has(node, 2) else None
        return weights, bias, groups, attributes
    if node.op == "GlobalAveragePool":
        attributes = {"kernel_shape": list(shape[2:])}
    size = numbers(Node(node.op, node.name, (), (), attributes), "kernel_shape", 3, 0)
    inside = any(numbers(node, "pads", 6, 0)) and not attributes.get("count_include_pad", 0)
    if min(size) < 1 or inside or attributes.get("ceil_mode") or attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise Unsupported("its means over three axes leave out what lies outside, or it has no kernel of three axes")
    mean = np.full((shape[1], 1, *size), 1 / math.prod(size), np.float32)
    return Constant(mean.shape, lambda: mean, np.array([1 / math.prod(size)])), None, shape[1], attributes


def _along(node: Node, axes: slice) -> Node:
    """A node with the part of its attributes that is about some of three spatial axes."""
    parts = {key: numbers(node, key, 3, 1)[axes] for key in ("strides", "dilations")}
    pads = numbers(node, "pads", 6, 0)
    kept = {key: node.attributes[key] for key in ("auto_pad", "group") if key in node.attributes}
    attributes = {**kept, **parts, "pads": pads[:3][axes] + pads[3:][axes]}
    return Node(node.op, node.name, node.inputs, node.outputs, attributes)


class _Planes:
    """The planes of an image before and behind a window that moves over them."""

    def __init__(self, depth: int, made: int, stride: int, dilation: int, pad: int) -> None:
        self.depth, self.made = depth, made
        self.stride, self.dilation, self.pad = stride, dilation, pad

    def kernel(self, weights: Constant) -> Constant:
        """The kernel of all planes: (outputs * planes behind, inputs * planes before, two axes)."""
        out, inputs, deep, *flat = weights.shape
        shape = (out * self.made, inputs * self.depth, *flat)

        def load() -> Array:
            whole = np.zeros((out, self.made, inputs, self.depth, *flat), np.float32)
            own = weights.load()
            for plane in range(self.made):
                for n in range(deep):
                    at = plane * self.stride - self.pad + n * self.dilation
                    if 0 <= at < self.depth:
                        whole[:, plane, :, at] = own[:, :, n]
            return whole.reshape(shape)

        steps = weights.steps_along(0, out)
        return Constant(shape, load, None if steps is None else np.repeat(steps, self.made), 0)

    def bias(self, bias: Constant) -> Constant:
        """The biases of all planes."""
        return Constant((math.prod(bias.shape) * self.made,), lambda: np.repeat(bias.load().reshape(-1), self.made))
