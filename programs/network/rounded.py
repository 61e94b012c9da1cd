"""Finds what networks that were trained with few levels have beside a node that rounds, and makes it one with it.

    Mul(Sub(Clip(Round(x / s + z), 0, 15), z), s)

A Clip behind a Round, a shift and a scale become attributes of it: `low`, `high`, `shift` and `scale`, so that its
numbers are (held(round(x)) + shift) * scale. Where what stands before it undoes the shift and the scale, it takes this
over, too, and has `whole`: its numbers are (held(round(x / scale - shift)) + shift) * scale.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from acortex.programs.network.network import Model, Node

ROUNDING = ("Round", "Floor", "Ceil")


def with_levels(model: Model) -> Model:
    """The model whose nodes that round have taken over what follows them."""
    rounding = list(filter(_rounds, model.nodes))
    if not rounding:
        return model
    readers, makers = _neighbours(model)
    changed: dict[str, Node] = {}
    gone: set[str] = set()
    for node in rounding:
        made, taken = _joined(node, readers, model)
        gone.update((node.name, *taken))
        free = {name: maker for name, maker in makers.items() if maker.name not in gone}
        changed[taken[-1] if taken else node.name], before = _undone(made, free, model)
        gone.update(before)
    left = (node for node in model.nodes if node.name in changed or node.name not in gone)
    return replace(model, nodes=[changed.get(node.name, node) for node in left])


def _neighbours(model: Model) -> tuple[dict[str, Node], dict[str, Node]]:
    """The reader and the maker of each tensor that only one node takes."""
    uses = Counter(name for node in model.nodes for name in node.inputs)
    uses.update(model.outputs)
    readers = {name: node for node in model.nodes for name in node.inputs}
    makers = {name: node for node in model.nodes for name in node.outputs}
    return _once(readers, uses), _once(makers, uses)


def _once(nodes: Mapping[str, Node], uses: Mapping[str, int]) -> dict[str, Node]:
    return {name: node for name, node in nodes.items() if uses[name] == 1}


def _rounds(node: Node) -> bool:
    return node.op in ROUNDING and len(node.outputs) == 1 and not node.fault


def _joined(node: Node, readers: Mapping[str, Node], model: Model) -> tuple[Node, list[str]]:
    """A node that rounds with what follows it, and the names of what that is."""
    made, taken = node.outputs[0], []
    attributes: dict[str, float] = {}
    for find in (_bounds, _shift, _scale):
        reader = readers.get(made)
        found = find(reader, made, model) if reader is not None and not reader.fault else None
        if reader is not None and found is not None:
            attributes |= found
            taken.append(reader.name)
            made = reader.outputs[0]
    return Node(node.op, node.name, node.inputs, (made,), {**node.attributes, **attributes}), taken


def _undone(node: Node, makers: Mapping[str, Node], model: Model) -> tuple[Node, list[str]]:
    """A node that rounds with what scales and shifts its numbers before, if that is what it undoes behind."""
    name, taken = node.inputs[0], []
    found: dict[str, float] = {"scale": 1.0, "shift": 0.0}
    for find in (_bounds, _shift, _scale):
        maker = makers.get(name)
        if maker is None or maker.fault:
            continue
        source = next((one for one in maker.inputs if one and one not in model.constants), "")
        more = find(maker, source, model)
        if more is not None:
            found |= more
            taken.append(maker.name)
            name = source
    scale, shift = node.attributes.get("scale", 1.0), node.attributes.get("shift", 0.0)
    bounds: dict[str, object] = {end: at_end(node.op, found[end]) for end in ("low", "high") if end in found}
    if not math.isclose(found["scale"] * scale, 1, rel_tol=1e-5) or found["shift"] != -shift:
        return node, []
    if not ("high" in node.attributes or "high" in bounds):
        return node, []
    return Node(node.op, node.name, (name,), node.outputs, {**bounds, **node.attributes, "whole": 1}), taken


def at_end(op: str, bound: float) -> float:
    """What a bound becomes that is rounded."""
    if not math.isfinite(bound):
        return bound
    return float(math.floor(bound) if op == "Floor" else math.ceil(bound) if op == "Ceil" else round(bound))


def _bounds(node: Node, name: str, model: Model) -> dict[str, float] | None:
    """The bounds of a Clip."""
    if node.op != "Clip" or node.inputs[0] != name:
        return None
    found = {}
    for place, key, end in ((1, "min", "low"), (2, "max", "high")):
        given = len(node.inputs) > place and node.inputs[place]
        value = number(model, node.inputs[place]) if given else node.attributes.get(key)
        if given and value is None:
            return None
        if value is not None:
            found[end] = float(value)
    return found


def _shift(node: Node, name: str, model: Model) -> dict[str, float] | None:
    """A whole number that is added, or taken away."""
    value = _operand(node, name, model)
    if node.op not in ("Add", "Sub") or value is None or value != round(value):
        return None
    if node.op == "Sub" and node.inputs[0] != name:
        return None
    return {"shift": value if node.op == "Add" else -value}


def _scale(node: Node, name: str, model: Model) -> dict[str, float] | None:
    """A number above 0 that is multiplied with, or divided by."""
    value = _operand(node, name, model)
    if node.op not in ("Mul", "Div") or value is None or not 0 < value < math.inf:
        return None
    if node.op == "Div" and node.inputs[0] != name:
        return None
    return {"scale": value if node.op == "Mul" else 1 / value}


def _operand(node: Node, name: str, model: Model) -> float | None:
    """The constant number beside a tensor that a node of two inputs takes."""
    if len(node.inputs) != 2:
        return None
    return number(model, node.inputs[1] if node.inputs[0] == name else node.inputs[0])


def number(model: Model, name: str) -> float | None:
    """A constant of one number."""
    constant = model.constants.get(name)
    if constant is None or math.prod(constant.shape) != 1:
        return None
    return float(constant.load().reshape(-1)[0])
