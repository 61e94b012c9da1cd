"""What is wrong with a node by ONNX's own schema of its operator: counts of tensors, types of attributes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

STANDARD = ("", "ai.onnx")
"""The names of ONNX's own domain."""

SPOKEN = {
    0: "of no type", 1: "a number", 2: "a whole number", 3: "a text", 4: "a tensor", 5: "a graph", 6: "numbers",
    7: "whole numbers", 8: "texts", 9: "tensors", 10: "graphs", 11: "a sparse tensor",
}  # fmt: skip
"""What the types of attributes are called, by ONNX's numbers for them."""


def node_fault(node: onnx.NodeProto, opset: int) -> str:
    """The first fault of a node; empty if it has none, or if its operator is unknown."""
    if not any(node.output):
        return "it makes nothing"
    schema = _schema(node.op_type, opset) if node.domain in STANDARD else None
    found = [_number_fault(entry) for entry in node.attribute]
    if schema is not None:
        found += [_count_fault("inputs", len(node.input), schema.min_input, schema.max_input)]
        found += [_count_fault("outputs", len(node.output), schema.min_output, schema.max_output)]
        found += [_missing_input(node, schema), _attribute_fault(node.attribute, schema)]
    return next(filter(None, found), "")


@lru_cache(maxsize=256)
def _schema(op: str, opset: int) -> Any:
    """ONNX's schema of an operator as of an opset; None without one."""
    from onnx import defs

    try:
        return defs.get_schema(op, opset, "")
    except defs.SchemaError:
        return None


def _count_fault(what: str, count: int, least: int, most: int) -> str:
    if least <= count <= most:
        return ""
    return f"it has {count} {what}, {least if least == most else f'{least} to {most}'} are needed"


def _missing_input(node: onnx.NodeProto, schema: Any) -> str:
    for place, (name, formal) in enumerate(zip(node.input, schema.inputs, strict=False)):
        if not name and formal.option.name == "Single":
            return f"its input {place} ({formal.name}) is missing"
    return ""


def _attribute_fault(entries: Iterable[onnx.AttributeProto], schema: Any) -> str:
    given = {entry.name: entry for entry in entries}
    for name, formal in schema.attributes.items():
        wanted = int(formal.type.value)
        if name not in given and formal.required:
            return f"its attribute {name} is missing"
        if name in given and given[name].type != wanted:
            found = SPOKEN.get(given[name].type, "of an unknown type")
            return f"its attribute {name} is {found} and should be {SPOKEN.get(wanted, 'something else')}"
    return ""


def _number_fault(entry: onnx.AttributeProto) -> str:
    """Infinities are allowed, such as the bounds of a Clip; NaN is not."""
    if math.isnan(entry.f) or any(map(math.isnan, entry.floats)):
        return f"its attribute {entry.name} is not a number"
    return ""
