"""Models of the opsets 6 to 8, as those of opset 9: ONNX's own converter, and what it gets wrong.

Until opset 6 an operand was laid along the axes from `axis` on, with an attribute `broadcast`, and PRelu had a slope
for each channel whatever followed; from opset 7 on shapes are aligned at their ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acortex.errors import UsageError
from acortex.programs.network.inference import inferred
from acortex.programs.network.onnx_faults import STANDARD

if TYPE_CHECKING:
    import onnx

DIRECT_OPSET = 9
"""The first opset that is read as it is; older ones are converted to it."""

FIRST_ALIGNED = 7
"""The first opset that aligns shapes at their ends."""

ALONG_AN_AXIS = ("Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less")


def converted(proto: onnx.ModelProto, opset: int, where: str) -> onnx.ModelProto:
    """The model, of an older opset, with the operators of `DIRECT_OPSET`. Raises UsageError where that cannot be."""
    from onnx import defs, version_converter

    for node in proto.graph.node:
        if node.domain in STANDARD and not defs.has(node.op_type, ""):
            told = f"its node {node.name or node.output[0]} has the operator {node.op_type}, which ONNX does not know"
            raise UsageError(told, where=where)
    try:
        old = _aligned(proto, where) if opset < FIRST_ALIGNED else proto
        return version_converter.convert_version(old, DIRECT_OPSET)
    except UsageError:
        raise
    except Exception as error:  # the converter raises errors of several types
        reason = (str(error).splitlines() or [""])[0].rpartition("failed:")[2].strip() or type(error).__name__
        raise UsageError(f"its old operators cannot be converted ({reason[:200]})", where=where, hint=HINT) from None


HINT = f"export the model anew with opset {DIRECT_OPSET} or later"
"""What to do about a model that cannot be converted."""


def _aligned(proto: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """The model with axes of one behind the operands that are laid along some axis."""
    from onnx import helper

    made = type(proto)()
    made.CopyFrom(proto)
    del made.graph.node[:]
    ranks = _ranks(proto)
    for node in proto.graph.node:
        axis = _along(node, ranks)
        if axis is not None:
            first, second = (ranks.get(name) for name in node.input[:2])
            if first is None or second is None:
                message = f"its node {node.name or node.output[0]} is laid along an axis of a tensor of unknown shape"
                raise UsageError(message, where=where, hint=HINT)
            wide, behind = node.input[1], first - axis - second
            if behind > 0:
                wide = f"{node.output[0]}.operand"
                axes = list(range(second, second + behind))
                made.graph.node.append(helper.make_node("Unsqueeze", [node.input[1]], [wide], axes=axes))
            node = _with(node, wide)  # without an axis: the converter misplaces one that counts from the end
        made.graph.node.append(node)
    return made


def _along(node: onnx.NodeProto, ranks: dict[str, int]) -> int | None:
    """The axis from which on a node lays its second operand; None where shapes are aligned at their ends."""
    given = {entry.name: int(entry.i) for entry in node.attribute}
    if node.op_type in ALONG_AN_AXIS and given.get("broadcast") and "axis" in given:
        return given["axis"] if given["axis"] >= 0 else given["axis"] + ranks.get(node.input[0], 0)
    return 1 if node.op_type == "PRelu" and ranks.get(node.input[1]) == 1 else None


def _with(node: onnx.NodeProto, operand: str) -> onnx.NodeProto:
    """A node with another second operand, which needs no axis."""
    made = type(node)()
    made.CopyFrom(node)
    made.input[1] = operand
    kept = [entry for entry in node.attribute if entry.name != "axis"]
    del made.attribute[:]
    made.attribute.extend(kept)
    return made


def _ranks(proto: onnx.ModelProto) -> dict[str, int]:
    """The number of axes of each tensor, as far as ONNX infers it."""
    graph = inferred(proto).graph
    infos = (*graph.input, *graph.value_info, *graph.output)
    found = {one.name: len(one.type.tensor_type.shape.dim) for one in infos if one.type.tensor_type.HasField("shape")}
    return found | {tensor.name: len(tensor.dims) for tensor in proto.graph.initializer}
