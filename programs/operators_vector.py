"""Operators that neurons or the vector agent do: activations, pools, sums and products of images."""

from __future__ import annotations

import numpy as np

from acortex.programs.lowering import Lowering, Unsupported
from acortex.programs.network import Node
from acortex.programs.operators import operator
from acortex.programs.operators_linear import image_result, image_source, window
from acortex.programs.steps import Activation, AddStep, MulStep, PoolStep


@operator("Relu", becomes="an activation of neurons")
def relu(lowering: Lowering, node: Node) -> None:
    """Negative numbers become 0."""
    lowering.activate(node, Activation("relu"))


@operator(
    "MaxPool", becomes="a pool of the vector agent", limits="one or two spatial axes; no Indices; row-major order"
)
def max_pool(lowering: Lowering, node: Node) -> None:
    """The largest number under each window."""
    if len(node.outputs) > 1:
        raise Unsupported("it gives Indices")
    _pool(lowering, node, "max", inside=True)


def _pool(lowering: Lowering, node: Node, mode: str, *, inside: bool) -> None:
    tensor = lowering.tensor(node)
    source = image_source(tensor)
    kernel = [int(size) for size in node.attributes.get("kernel_shape", ())]
    if len(kernel) != len(tensor.shape) - 2:
        raise Unsupported(f"its kernel_shape {kernel} does not fit an input of shape {tensor.shape}")
    geometry, _ = window(node, tensor.shape[2:], kernel)
    made = lowering.new_map(node.name, (geometry.rows, geometry.columns, tensor.shape[1]))
    lowering.graph.steps.append(PoolStep(made.name, node.op, made.name, source, geometry, mode, inside))
    lowering.give(node.outputs[0], image_result(tensor, made.name, geometry, tensor.shape[1]))


@operator("Add", becomes="an addition of the vector agent; of a constant, folded into products", limits="")
def add(lowering: Lowering, node: Node) -> None:
    """The sum of two images, or a shift of each channel."""
    _two(lowering, node, AddStep)


def _two(lowering: Lowering, node: Node, kind: type[AddStep] | type[MulStep]) -> None:
    a, b = lowering.tensor(node, 0), lowering.tensor(node, 1)
    shape = np.broadcast_shapes(a.shape, b.shape)
    if a.shape != shape:
        a, b = b, a
    if a.shape != shape:
        raise Unsupported(f"shapes {a.shape} and {b.shape} are both broadcast")
    (view_a, view_b), made, result = lowering.together(node.name, a, b)
    step = kind(made.name, node.op, made.name, view_a, view_b)
    lowering.graph.steps.append(step)
    lowering.give(node.outputs[0], result, step)
