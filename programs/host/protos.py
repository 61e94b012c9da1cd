"""Nodes of a network as ONNX has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from acortex.programs.network.network import Node
from acortex.programs.network.subgraphs import graphs
from acortex.programs.operators.context import Unsupported

if TYPE_CHECKING:
    import onnx

MICROSOFT = "com.microsoft"

HAS_GRAPH = "it has a graph of its own, which neither the chip nor the host does"
"""Why If, Loop and Scan are refused."""

OF_RUNTIME = ("SimplifiedLayerNormalization",)
"""Operators that onnxruntime has in ONNX's own domain, and ONNX has not."""

STATED = {"STFT": {"onesided": 1}}
"""Attributes whose default ONNX's inference of shapes does not see."""


def opsets(opset: int) -> list[onnx.OperatorSetIdProto]:
    """The operators that a model of ours may use: the standard ones, and those of onnxruntime."""
    from onnx import helper

    return [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]


def domain_of(op: str) -> tuple[str, str]:
    """The domain of an operator, and its name there."""
    from onnx import defs

    domain, _, name = op.rpartition(".")
    if domain:
        return domain, name
    return ("", op) if op in OF_RUNTIME or defs.has(op, "") else (MICROSOFT, op)


def node_proto(node: Node) -> onnx.NodeProto:
    """A node as ONNX has it. Raises Unsupported for one with a graph of its own, which is not kept."""
    from onnx import helper

    if any(graphs(node)):
        raise Unsupported(HAS_GRAPH)
    domain, op = domain_of(node.op)
    made = helper.make_node(op, node.inputs, node.outputs, node.name, domain=domain)
    for name, value in (STATED.get(op, {}) | dict(node.attributes)).items():
        made.attribute.append(_attribute(op, domain, name, value))
    return made


def _attribute(op: str, domain: str, name: str, value: Any) -> onnx.AttributeProto:
    from onnx import AttributeProto, defs, helper, numpy_helper

    if isinstance(value, np.ndarray | np.generic):
        return helper.make_attribute(name, numpy_helper.from_array(np.asarray(value, order="C")))
    kind = None
    if isinstance(value, list) and not value and defs.has(op, domain):
        schema: Any = defs.get_schema(op, domain=domain)
        known = schema.attributes.get(name)  # none of an attribute that only older versions have, such as axes
        kind = int(known.type.value) if known else int(AttributeProto.INTS)
    return helper.make_attribute(name, value, attr_type=kind)
