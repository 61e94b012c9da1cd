"""Tensors in the place of what a refused node would have made, so that mistakes behind it are found at once, too.

Their shapes are those that ONNX infers, where it can. They lie in memory as inputs do, which what they stand for might
not: a refusal behind one that is about places in memory is therefore not to be believed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from acortex.programs.network import inference
from acortex.programs.network.network import Model, Node, Value
from acortex.programs.operators.context import Lowering, Misplaced, Unsupported
from acortex.programs.operators.inputs import place_input

if TYPE_CHECKING:
    import onnx

Shapes = Mapping[str, tuple[int, ...]]

_SMALL = 64
"""Numbers of a constant whose values may say a shape."""


MOST_NUMBERS = 1 << 22
"""Numbers of all stand-ins of a network: a file of many refused nodes is answered soon, too."""


class StandIns:
    """The stand-ins of one network, and what lies behind them."""

    def __init__(self, lowering: Lowering) -> None:
        self._lowering = lowering
        self._behind: set[str] = set()
        self._shapes: Shapes | None = None
        self._left = MOST_NUMBERS

    def believed(self, taken: Iterable[str], reason: Unsupported) -> bool:
        """Whether the refusal of what takes these tensors would be the same without a stand-in before it."""
        return self._behind.isdisjoint(taken) or not isinstance(reason, Misplaced)

    def follow(self, node: Node) -> None:
        """Takes note of a node that may lie behind a stand-in."""
        if not self._behind.isdisjoint(node.inputs):
            self._behind.update(node.outputs)

    def put(self, node: Node) -> None:
        """Puts tensors in the place of a refused node's outputs. One whose shape is not known is broken."""
        if self._shapes is None:
            self._shapes = inferred(self._lowering.model)
        self._behind.update(node.outputs)
        computed = any(name in self._lowering.tensors for name in node.inputs)
        for name in node.outputs:
            if not (computed and name in self._shapes and self._place(name, self._shapes[name])):
                self._lowering.broken.add(name)

    def _place(self, name: str, shape: tuple[int, ...]) -> bool:
        """Places a stand-in, and answers whether it could be."""
        self._left -= math.prod(shape)
        if self._left < 0:
            return False
        try:
            self._lowering.give(name, place_input(self._lowering, Value(name, shape)))
        except (Unsupported, ArithmeticError, LookupError, TypeError, ValueError):
            return False  # what cannot be placed is not looked behind
        return True


def inferred(model: Model) -> Shapes:
    """The shapes of real tensors, for one inference, as far as ONNX infers them; none without the package onnx."""
    try:
        from onnx import TensorProto
    except ImportError:
        return {}
    try:
        found = inference.inferred(_proto(model))
    except Exception:  # a malformed network raises errors of many types in there, and is refused for its fault anyway
        return {}
    shapes = {}
    for info in (*found.graph.value_info, *found.graph.output):
        tensor = info.type.tensor_type
        sizes = tuple(one.dim_value for one in tensor.shape.dim)
        if tensor.elem_type == TensorProto.FLOAT and sizes and math.prod(sizes) > 0:
            shapes[info.name] = sizes
    return shapes


def _proto(model: Model) -> onnx.ModelProto:
    """A network as ONNX, with its nodes and shapes, and the values of its smallest constants."""
    from onnx import TensorProto, helper, numpy_helper

    inputs = [helper.make_tensor_value_info(one.name, TensorProto.FLOAT, one.shape) for one in model.inputs]
    small = []
    for name, constant in model.constants.items():
        if math.prod(constant.shape) <= _SMALL:
            small.append(numpy_helper.from_array(np.asarray(constant.load()), name))
        else:
            inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, constant.shape))
    nodes = []
    for node in model.nodes:
        with suppress(TypeError, ValueError):  # an attribute of a type of ours
            nodes.append(helper.make_node(node.op, node.inputs, node.outputs, **node.attributes))
    outputs = [helper.make_empty_tensor_value_info(name) for name in model.outputs]
    graph = helper.make_graph(nodes, "shapes", inputs, outputs, small)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", model.opset)])
