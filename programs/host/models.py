"""The host's nodes as ONNX models, one for each stage of a divided network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.programs.graph import HostPart
from acortex.programs.host.alone import UNKNOWN
from acortex.programs.host.operations import macs_of, operations_of
from acortex.programs.host.partition import Division
from acortex.programs.host.protos import MICROSOFT, OF_RUNTIME, domain_of, node_proto, opsets
from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import Unsupported, UnsupportedNodes

if TYPE_CHECKING:
    import onnx

LEAST_OPSET = 17
"""The opset of references: the host's models have it or a later one, so that they can stand in one."""

IR_VERSION = 10
"""The version of the format of models whose opset is later than `LEAST_OPSET`; of others it is 8."""


@dataclass(frozen=True)
class _Share:
    """What a part of the host takes and makes, by the names of tensors."""

    nodes: Sequence[Node]
    takes: tuple[str, ...]
    makes: tuple[str, ...]


def host_parts(division: Division) -> tuple[HostPart, ...]:
    """The parts of the host, in the order in which it works on them.

    Raises UnsupportedNodes for nodes that the host cannot do, either.
    """
    shares = _shares(division)
    parts = []
    for stage, share in sorted(shares.items()):
        name = f"host {stage}"
        known = division.kinds, division.model.constants
        operations = sum(operations_of(node, *known) for node in share.nodes)
        macs = sum(macs_of(node, *known) for node in share.nodes)
        nodes = tuple(node.name for node in share.nodes)
        data = _model(division, name, share).SerializeToString()
        parts.append(HostPart(name, stage, nodes, data, share.takes, share.makes, max(operations, 1), macs))
    return tuple(parts)


def _shares(division: Division) -> dict[int, _Share]:
    """The nodes of each part that something needs, with what crosses its borders."""
    by_stage: dict[int, list[Node]] = {}
    for node in _needed(division):
        by_stage.setdefault(division.stages[node.name], []).append(node)
    found = {}
    needed = {port.name for port in division.graph.inputs} | set(division.model.outputs)
    for stage in sorted(by_stage, reverse=True):
        share = _share(by_stage[stage], needed, division)
        if share.makes:
            found[stage] = share
            needed.update(share.takes)
    return found


def _share(nodes: Sequence[Node], needed: set[str], division: Division) -> _Share:
    """What some nodes take, and what they make of what is needed elsewhere."""
    made = {name for node in nodes for name in node.outputs if name}
    read = dict.fromkeys(name for node in nodes for name in node.inputs if name)
    takes = tuple(name for name in read if name not in made and name not in division.model.constants)
    return _Share(nodes, takes, tuple(name for node in nodes for name in node.outputs if name in needed))


def _needed(division: Division) -> list[Node]:
    """The nodes of the host from which an output of the network or an input of the chip follows, in order."""
    wanted = set(division.model.outputs) | {port.name for port in division.graph.inputs}
    found = []
    for node in reversed(division.model.nodes):
        if node.name in division.hosted:
            if wanted.isdisjoint(node.outputs):
                continue
            found.append(node)
        wanted.update(node.inputs)
    return found[::-1]


def _model(division: Division, name: str, share: _Share) -> onnx.ModelProto:
    """The nodes of a part as an ONNX model of an opset that references can have."""
    from onnx import helper, numpy_helper

    constants, opset = division.model.constants, division.model.opset
    used = dict.fromkeys(one for node in share.nodes for one in node.inputs if one in constants)
    tensors = [numpy_helper.from_array(_loaded(one, constants[one]), one) for one in used]
    nodes = [node_proto(node) for node in share.nodes]
    inputs = [_declared(one, division) for one in share.takes]
    outputs = [_declared(one, division) for one in share.makes]
    graph = helper.make_graph(nodes, name, inputs, outputs, tensors)
    version = IR_VERSION if opset > LEAST_OPSET else 8
    made = helper.make_model(graph, opset_imports=opsets(opset), ir_version=version, producer_name="acortex")
    return made if opset >= LEAST_OPSET else _raised(made, share.nodes, opset)


def check_nodes(division: Division) -> None:
    """Raises UnsupportedNodes for nodes of the host that neither ONNX nor onnxruntime has, or that hold a graph."""
    refused = []
    for node in division.model.nodes:
        if node.name not in division.hosted:
            continue
        if not _known(node.op):
            refused.append((node.name, node.op, "neither the chip nor the host has such an operator"))
        try:
            node_proto(node)
        except Unsupported as reason:
            refused.append((node.name, node.op, str(reason)))
    if refused:
        raise UnsupportedNodes(refused)


def _known(op: str) -> bool:
    from onnx import defs

    domain, name = domain_of(op)
    if domain == MICROSOFT:
        return name in CONTRIBUTED
    return name in OF_RUNTIME or (domain in ("", "ai.onnx.ml") and bool(defs.has(name, domain)))


CONTRIBUTED = (
    "Attention", "BiasGelu", "BiasSplitGelu", "DecoderMaskedMultiHeadAttention", "DynamicQuantizeMatMul",
    "EmbedLayerNormalization", "FastGelu", "FusedConv", "FusedGemm", "FusedMatMul", "Gelu", "GemmFastGelu",
    "GroupQueryAttention", "MatMulIntegerToFloat", "MatMulNBits", "MultiHeadAttention", "NhwcMaxPool", "QAttention",
    "QGemm", "QLinearAdd", "QLinearAveragePool", "QLinearConcat", "QLinearGlobalAveragePool", "QLinearLeakyRelu",
    "QLinearMul", "QLinearReduceMean", "QLinearSigmoid", "QLinearSoftmax", "QLinearWhere", "QuickGelu",
    "RotaryEmbedding", "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "Trilu", "Unique",
)  # fmt: skip
"""Operators of onnxruntime's own that networks have."""


def _loaded(name: str, constant: Constant) -> NDArray[Any]:
    if constant.kind:
        raise AcortexError(f"the constant {name} has the type {constant.kind}, which the host does not take")
    return np.ascontiguousarray(constant.load()).reshape(constant.shape)


def _declared(name: str, division: Division) -> onnx.ValueInfoProto:
    """What a model declares of a tensor: all that is known of it."""
    from onnx import helper

    kind = division.kinds.get(name, UNKNOWN)
    if kind.dtype == "":
        return helper.make_empty_tensor_value_info(name)
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind.dtype)), kind.shape)


def _raised(model: onnx.ModelProto, nodes: Sequence[Node], opset: int) -> onnx.ModelProto:
    """A model of an old opset with the operators of `LEAST_OPSET`. Raises UnsupportedNodes where that cannot be."""
    from onnx import version_converter

    if all(_stable(node.op, opset) for node in nodes):
        model.opset_import[0].version = LEAST_OPSET
        return model
    try:
        return version_converter.convert_version(model, LEAST_OPSET)
    except Exception as error:  # the converter raises errors of several types
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        changed = [node for node in nodes if not _stable(node.op, opset)]
        told = f"the host cannot do it: its opset {opset} cannot be raised to {LEAST_OPSET} ({reason})"
        raise UnsupportedNodes([(node.name, node.op, told) for node in changed]) from None


ALIKE = ("Reshape", "Identity", "Add", "Sub", "Mul", "Div", "Pow", "Relu", "Where")
"""Operators that later opsets gave more types, or options that are off by default, between 13 and 17."""


def _stable(op: str, opset: int) -> bool:
    """Whether an operator means the same in `LEAST_OPSET` as in an older opset."""
    from onnx import defs

    domain, name = domain_of(op)
    if domain or name in OF_RUNTIME or (name in ALIKE and opset >= 13):
        return True
    old, new = (defs.get_schema(name, at, "").since_version for at in (opset, LEAST_OPSET))
    return bool(old == new)


def renamed(part: HostPart, names: Mapping[str, str]) -> HostPart:
    """A part that calls what it takes and makes by other names; those that are not among `names` stay."""
    import onnx

    own = {name: names[name] for name in (*part.takes, *part.makes) if names.get(name, name) != name}
    if not own:
        return part
    model = onnx.load_model_from_string(part.model)
    for info in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        info.name = own.get(info.name, info.name)
    for node in model.graph.node:
        node.input[:] = [own.get(name, name) for name in node.input]
        node.output[:] = [own.get(name, name) for name in node.output]
    takes, makes = (tuple(own.get(name, name) for name in known) for known in (part.takes, part.makes))
    return replace(part, model=model.SerializeToString(), takes=takes, makes=makes)
