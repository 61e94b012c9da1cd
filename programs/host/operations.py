"""How many operations the host does for a node: an estimate from shapes, for its time."""

from __future__ import annotations

import math
from collections.abc import Mapping

from acortex.programs.host.facts import Kinds
from acortex.programs.network.network import Constant, Node

RENAMES = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Shape", "Size")
"""Operators that move no number."""


def operations_of(node: Node, kinds: Kinds, constants: Mapping[str, Constant]) -> int:
    """The operations of a node: two for each multiply-accumulate of a product, else one for each number that it takes
    or makes, whichever are more. Tensors of no fixed shape count as one number.
    """
    if node.op in RENAMES:
        return 0
    taken = [_size(name, kinds, constants) for name in node.inputs if name]
    made = sum(_size(name, kinds, constants) for name in node.outputs if name)
    if (depth := _depth(node, kinds, constants)) > 0:
        return 2 * depth * made
    return max(made, *(size for size, name in zip(taken, node.inputs, strict=False) if name not in constants), 0)


def macs_of(node: Node, kinds: Kinds, constants: Mapping[str, Constant]) -> int:
    """The multiply-accumulates of a node."""
    return _depth(node, kinds, constants) * sum(_size(name, kinds, constants) for name in node.outputs if name)


def _size(name: str, kinds: Kinds, constants: Mapping[str, Constant]) -> int:
    shape = shape_of(name, kinds, constants)
    return 1 if shape is None else math.prod(shape)


def shape_of(name: str, kinds: Kinds, constants: Mapping[str, Constant]) -> tuple[int, ...] | None:
    """The shape of a tensor; None where it is not fixed."""
    if name in constants:
        return constants[name].shape
    return kinds[name].shape if name in kinds else None


def _depth(node: Node, kinds: Kinds, constants: Mapping[str, Constant]) -> int:
    """Multiply-accumulates for each number of a product's result; 0 of what is none."""
    shapes = [shape_of(name, kinds, constants) for name in node.inputs[:2]]
    if len(shapes) < 2 or not shapes[0] or not shapes[1]:
        return 0
    if node.op in ("MatMul", "FusedMatMul", "MatMulInteger"):
        return shapes[0][-1]
    if node.op == "Gemm":
        return shapes[0][0] if node.attributes.get("transA") else shapes[0][-1]
    return math.prod(shapes[1][1:]) if node.op in ("Conv", "ConvInteger") else 0
