"""What is known of a network's tensors before it runs: shapes, types, and constants that follow from shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import MissingExtra
from acortex.programs.host.alone import SMALL, UNKNOWN, Kind, has_rule, made_alone
from acortex.programs.host.protos import node_proto, opsets
from acortex.programs.network import inference
from acortex.programs.network.network import Constant, Model, Node, Value
from acortex.programs.operators.constants import fold
from acortex.programs.operators.context import Lowering, Unsupported

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]

LARGE = 1 << 20
"""Numbers of a constant that is not loaded to see its type: so large are weights alone."""

ROUNDS = 4
"""How often shapes are inferred anew with what followed from them."""


Kinds = Mapping[str, Kind]


def folded(model: Model) -> tuple[Model, Kinds]:
    """The network with all that follows from shapes as constants, and what is known of its tensors."""
    kinds: Kinds = {}
    for _ in range(ROUNDS):
        kinds = inferred(model)
        known = len(model.constants)
        model = _folded_once(model, kinds)
        if len(model.constants) == known:
            break
    return model, kinds


def _folded_once(model: Model, kinds: Kinds) -> Model:
    """The network without the nodes whose outputs can be computed before it runs."""
    budget = Lowering(model)
    constants, left = dict(model.constants), []
    for node in model.nodes:
        made = _constants_of(node, constants, kinds, budget, model.opset)
        if made is None:
            left.append(node)
        else:
            constants.update(made)
    return replace(model, nodes=left, constants=constants)


def _constants_of(
    node: Node, constants: Mapping[str, Constant], kinds: Kinds, budget: Lowering, opset: int
) -> dict[str, Constant] | None:
    """The outputs of a node by name, where they can be computed before the network runs."""
    if node.fault:
        return None
    if node.op == "Shape" and (shape := kinds.get(node.inputs[0], Kind("", None)).shape) is not None:
        start, end = node.attributes.get("start", 0), node.attributes.get("end", len(shape))
        return {node.outputs[0]: Constant.of(np.array(shape[start:end], np.int64))}
    known = [constants.get(name) for name in node.inputs]
    if any(name and one is None for name, one in zip(node.inputs, known, strict=True)):
        return None
    made = _values_of(node, known, budget, opset)
    names = [name for name in node.outputs if name]
    return {
        name: Constant.of(_typed(values, kinds.get(name))) for name, values in zip(names, made, strict=False)
    } or None


def _values_of(node: Node, known: Sequence[Constant | None], budget: Lowering, opset: int) -> list[Array]:
    """The outputs of a node of constants; none where they cannot be computed, or would be too large."""
    given = [one for one in known if one is not None]
    try:
        budget.spend(sum(math.prod(one.shape) for one in given))
        made = fold(node, [one.load() if one is not None else None for one in known], opset)
        for values in made:
            budget.keep(values)
    except Unsupported:
        return []
    return made


def _typed(values: Array, kind: Kind | None) -> Array:
    """Folded values in the type that ONNX gives them: NumPy has others for some operands."""
    return values if kind is None else values.astype(kind.dtype, copy=False)


def inferred(model: Model) -> Kinds:
    """The types and shapes of tensors for one inference: as ONNX infers them, and behind operators for which it has no
    rule as onnxruntime makes them.
    """
    found = _inferred(model)
    for node in model.nodes:
        if _is_open(node, found) and (behind := _known_inputs(node, found, model)) is not None:
            if has_rule(node.op, model.opset):
                found |= _found_alone(node, behind, model)
            else:
                found |= made_alone(node, behind, model.constants, model.opset)
    return found


def _is_open(node: Node, found: Kinds) -> bool:
    """Whether the shape of an output of a node is not known."""
    return any(found.get(name, UNKNOWN).shape is None for name in node.outputs if name)


def _known_inputs(node: Node, found: Kinds, model: Model) -> Kinds | None:
    """What is known of the inputs of a node by name; None where that is not the shape of each."""
    known = {}
    for name in filter(None, node.inputs):
        constant = model.constants.get(name)
        known[name] = found.get(name, UNKNOWN) if constant is None else Kind(dtype_of(constant), constant.shape)
        if known[name].shape is None:
            return None
    return known


def _found_alone(node: Node, known: Kinds, model: Model) -> dict[str, Kind]:
    """What ONNX infers of a node by itself."""
    constants = {name: one for name, one in model.constants.items() if name in known}
    inputs = [Value(name, kind.shape or (), kind.dtype) for name, kind in known.items() if name not in constants]
    return _inferred(
        replace(model, nodes=[node], inputs=inputs, outputs=list(filter(None, node.outputs)), constants=constants)
    )


def _inferred(model: Model) -> dict[str, Kind]:
    """The types and shapes of tensors for one inference, as far as ONNX infers them."""
    try:
        from onnx import helper
    except ImportError:
        raise MissingExtra("letting the host work between parts of the chip", "onnx") from None
    try:
        graph = inference.inferred(_proto(model), data=True).graph
    except Exception:  # a malformed network raises errors of many types in there, and is refused for its fault anyway
        return {}
    found: dict[str, Kind] = {}
    for info in (*graph.input, *graph.value_info, *graph.output):
        tensor = info.type.tensor_type
        if not tensor.elem_type:
            continue
        sizes = [one.dim_value if one.HasField("dim_value") else -1 for one in tensor.shape.dim]
        fixed = tensor.HasField("shape") and min(sizes, default=0) >= 0
        with suppress(KeyError):
            dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type)).name
            found[info.name] = Kind(dtype, tuple(sizes) if fixed else None)
    return found


def dtype_of(constant: Constant) -> str:
    """The type of a constant; a large one is taken for weights."""
    if constant.kind:
        return constant.kind
    return "float32" if math.prod(constant.shape) > LARGE else constant.load().dtype.name


def _proto(model: Model) -> onnx.ModelProto:
    """A network as ONNX, with the values of its small constants alone."""
    from onnx import helper, numpy_helper

    def declared(name: str, dtype: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)

    inputs = [declared(one.name, one.dtype, one.shape) for one in model.inputs]
    small = []
    for name, constant in model.constants.items():
        if math.prod(constant.shape) <= SMALL and not constant.kind:
            small.append(numpy_helper.from_array(np.asarray(constant.load()), name))
        elif not constant.kind:
            inputs.append(declared(name, dtype_of(constant), constant.shape))
    nodes = []
    for node in model.nodes:
        with suppress(TypeError, ValueError, Unsupported):  # an attribute of a type of ours
            nodes.append(node_proto(node))
    outputs = [helper.make_empty_tensor_value_info(name) for name in model.outputs]
    graph = helper.make_graph(nodes, "shapes", inputs, outputs, small)
    return helper.make_model(graph, opset_imports=opsets(model.opset))
