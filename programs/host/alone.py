"""Shapes behind operators for which ONNX has no rule: each such node is run once, by itself, before the network is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.host_model import HostModel
from acortex.programs.host.protos import MICROSOFT, OF_RUNTIME, domain_of, node_proto, opsets
from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import Unsupported

if TYPE_CHECKING:
    import onnx

MOST_NUMBERS = 1 << 24
"""Numbers that a node takes which is run to see a shape."""

SMALL = 4096
"""Numbers of a constant whose values may say a shape."""


class Kind(NamedTuple):
    """What is known of a tensor: its type as NumPy names it, and its shape; None where it is not fixed."""

    dtype: str
    shape: tuple[int, ...] | None


UNKNOWN = Kind("", None)
"""Of a tensor nothing is known."""


def has_rule(op: str, opset: int) -> bool:
    """Whether ONNX says what shape an operator makes, or does not know it at all."""
    from onnx import defs

    domain, name = domain_of(op)
    if domain == MICROSOFT or name in OF_RUNTIME:
        return False
    try:
        return bool(defs.get_schema(name, opset if not domain else 1, domain).has_type_and_shape_inference_function)
    except defs.SchemaError:
        return True


def made_alone(node: Node, known: Mapping[str, Kind], constants: Mapping[str, Constant], opset: int) -> dict[str, Kind]:
    """What a node makes of inputs that are known, by name; nothing where it fails, or where numbers decide a shape.

    Raises MissingExtra without onnxruntime.
    """
    taken = {name: known.get(name, UNKNOWN) for name in node.inputs if name}
    sizes = [kind.shape for kind in taken.values()]
    if any(shape is None for shape in sizes) or sum(math.prod(shape or ()) for shape in sizes) > MOST_NUMBERS:
        return {}
    fixed = {name: one for name in taken if (one := constants.get(name)) and math.prod(one.shape) <= SMALL}
    free = {name: kind for name, kind in taken.items() if name not in fixed}
    with suppress(AcortexError, TypeError, ValueError):  # an attribute of a type of ours, or what onnxruntime refuses
        first, second = _results(HostModel(node.name, _model(node, free, fixed, opset).SerializeToString()), free)
        return first if first == second else {}
    return {}


def _results(model: HostModel, free: Mapping[str, Kind]) -> Iterator[dict[str, Kind]]:
    """What a model makes of zeros, and of other numbers."""
    rng = np.random.default_rng(0)
    for other in (False, True):
        given = {name: _numbers(kind, rng if other else None) for name, kind in free.items()}
        yield {name: Kind(array.dtype.name, array.shape) for name, array in model.run(given).items()}


def _numbers(kind: Kind, rng: np.random.Generator | None) -> NDArray[np.generic]:
    """Zeros; with a generator ones, and normal numbers where the type is a real one."""
    shape = kind.shape or ()
    if rng is None:
        return np.zeros(shape, kind.dtype)
    return np.asarray(rng.normal(0, 1, shape) if "float" in kind.dtype else np.ones(shape)).astype(kind.dtype)


def _model(node: Node, free: Mapping[str, Kind], fixed: Mapping[str, Constant], opset: int) -> onnx.ModelProto:
    """A node as a model of its own; its small constants are there. Raises Unsupported for one with a graph inside."""
    from onnx import helper, numpy_helper

    if any(one.kind for one in fixed.values()):
        raise Unsupported("it has constants of a type that NumPy does not have")
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind.dtype)), kind.shape)
        for name, kind in free.items()
    ]
    tensors = [
        numpy_helper.from_array(np.ascontiguousarray(one.load()).reshape(one.shape), name)
        for name, one in fixed.items()
    ]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.outputs if name]
    graph = helper.make_graph([node_proto(node)], "alone", inputs, outputs, tensors)
    return helper.make_model(graph, opset_imports=opsets(opset), ir_version=10)
