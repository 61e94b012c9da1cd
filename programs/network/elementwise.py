"""Finds functions of one number: nodes that make a tensor of another one number by number, with nothing but constants.

    Mul(Mul(x, 0.5), Add(Erf(Div(x, 1.414)), 1))

Where one of these nodes does what the chip has no function for, they become one node, with `cone`: the nodes in their
order. Of these the chip takes a table, whatever they are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from acortex.programs.network.network import Model, Node

ALONE = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BiasGelu", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp",
    "FastGelu", "Gelu", "Log", "Mish", "QuickGelu", "Reciprocal", "Selu", "Shrink", "Sin", "Sinh", "Softplus",
    "Softsign", "Sqrt", "Tan", "ThresholdedRelu",
)  # fmt: skip
"""Functions that the chip has in tables alone."""

BESIDE = (
    "Add", "Sub", "Mul", "Neg", "Relu", "PRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Swish", "Identity",
    "Cast", "Sum",
)  # fmt: skip
"""Functions that the chip has as they are; they join a table beside them."""

COMPARES = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "And", "Or", "Xor", "Where", "Mod")
"""Functions of which a table makes numbers again."""

BOUNDS = ("Clip", "Min", "Max", "LeakyRelu", "Div", "Pow")
"""Functions that the chip has as they are with some constants, and in tables with others."""

EVERY = frozenset((*ALONE, *BESIDE, *COMPARES, *BOUNDS))

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization")
"""Operators that end in a product on arrays."""

TAKEN_OVER = ("Add", "Sub", "Mul", "Div", "Neg", "Relu", "Clip", "Min", "Max", "Identity", "Cast")
"""What a product does at its end, with a constant."""

MOST = 64
"""Nodes of one function."""


@dataclass(frozen=True)
class _Cone:
    """What makes a tensor of another one: the other one, the nodes in their order, whether a table is needed."""

    root: str
    nodes: tuple[Node, ...]
    table: bool


def with_tables(model: Model, last: Collection[str]) -> Model:
    """The model with functions of one number as one node each. `last` names nodes that the host does."""
    if any(node.fault for node in model.nodes):
        return model
    cones: dict[str, _Cone] = {}
    for node in model.nodes:
        cone = None if node.name in last else _cone(node, cones, model)
        if cone is not None:
            cones[node.outputs[0]] = cone
    read = _read(model, cones)
    made = {name: _shortest(cone, model) for name, cone in cones.items() if cone.table and name in read}
    if not made:
        return model
    nodes = [_joined(made[node.outputs[0]], node) if made.keys() & node.outputs[:1] else node for node in model.nodes]
    joined = {node.name for cone in made.values() for node in cone.nodes}
    return replace(model, nodes=_needed(nodes, model.outputs, joined))


def _read(model: Model, cones: dict[str, _Cone]) -> set[str]:
    """The tensors that something takes which is no part of the same function."""
    read = set(model.outputs)
    for node in model.nodes:
        own = cones.get(node.outputs[0]) if node.outputs else None
        within = own.root if own is not None and own.table else None
        read.update(_beyond(node, within, cones))
    return read


def _beyond(node: Node, root: str | None, cones: dict[str, _Cone]) -> list[str]:
    """What a node takes that is no function of a tensor."""
    return [name for name in node.inputs if root is None or root != _root(name, cones)]


def _root(name: str, cones: dict[str, _Cone]) -> str:
    return cones[name].root if name in cones else name


def _cone(node: Node, cones: dict[str, _Cone], model: Model) -> _Cone | None:
    """The function that a node ends; None where it does not take numbers of one tensor alone."""
    computed = dict.fromkeys(_computed(node, model))
    if node.op not in EVERY or len(node.outputs) != 1 or not computed or not _numbers(node, model):
        return None
    roots = {_root(name, cones) for name in computed}
    before = [cones[name] for name in computed if name in cones]
    nodes = tuple(dict.fromkeys((*(one for cone in before for one in cone.nodes), node)))
    if len(roots) > 1 or len(nodes) > MOST:
        return None
    return _Cone(roots.pop(), nodes, any(cone.table for cone in before) or _needs_table(node, model))


def _computed(node: Node, model: Model) -> list[str]:
    """What a node takes that is no constant."""
    return [name for name in node.inputs if name and name not in model.constants]


def _numbers(node: Node, model: Model) -> bool:
    """Whether every constant that a node takes is one number, and its type is one that functions keep."""
    if node.op == "Cast" and node.attributes.get("to") not in (1, 9, 10, 11, 16):
        return False
    known = [model.constants[name] for name in node.inputs if name in model.constants]
    if any(math.prod(constant.shape) != 1 for constant in known):
        return False
    values = [constant.load() for constant in known]
    # Whole numbers stand beside codes: these are no numbers that a function takes.
    return all(np.isfinite(value).all() and (value.dtype.kind in "fb" or node.op == "Pow") for value in values)


def _needs_table(node: Node, model: Model) -> bool:
    """Whether the chip lacks what a node does."""
    if node.op in (*ALONE, *COMPARES, "Pow"):
        return True
    known = [float(model.constants[name].load().reshape(-1)[0]) for name in node.inputs if name in model.constants]
    if node.op == "Div":
        return len(known) == 0 or node.inputs[0] in model.constants
    if node.op == "LeakyRelu":
        return 1 < float(node.attributes.get("alpha", 0.01)) < math.inf
    if node.op in ("Clip", "Min", "Max"):
        return bool(known) and not _straddles(node, model)
    return False


def _straddles(node: Node, model: Model) -> bool:
    """Whether 0 lies between the bounds of a Clip, a Min or a Max, or is the lower one."""
    low, high = -math.inf, math.inf
    values = [model.constants[name].load().reshape(-1)[0] if name in model.constants else None for name in node.inputs]
    if node.op == "Clip":
        low = float(values[1] if len(values) > 1 and values[1] is not None else node.attributes.get("min", low))
        high = float(values[2] if len(values) > 2 and values[2] is not None else node.attributes.get("max", high))
    else:
        bound = next(float(value) for value in values if value is not None)
        low, high = (low, bound) if node.op == "Min" else (bound, high)
    return low <= 0 < high


def _shortest(cone: _Cone, model: Model) -> _Cone:
    """The same function without what the product before it can take over: scales, shifts, and what holds numbers."""
    makers = {name: node for node in model.nodes for name in node.outputs}
    root = makers.get(cone.root)
    if root is None or root.op not in PRODUCTS:
        return cone
    best = cone
    for place, node in enumerate(cone.nodes[:-1], 1):
        rest = cone.nodes[place:]
        whole = {name for one in rest for name in _computed(one, model)} <= _made((node, *rest))
        if node.op not in TAKEN_OVER or len(_computed(node, model)) != 1 or _needs_table(node, model) or not whole:
            break
        best = _Cone(node.outputs[0], rest, True)
    return best


def _made(nodes: Iterable[Node]) -> set[str]:
    return {name for node in nodes for name in node.outputs}


def _joined(cone: _Cone, node: Node) -> Node:
    """The node of a function, by the name of the first one in it that the chip lacks."""
    named = next((one.op for one in cone.nodes if one.op in ALONE), node.op)
    return Node(named, node.name, (cone.root,), node.outputs, {"cone": cone.nodes})


def _needed(nodes: Sequence[Node], outputs: Iterable[str], joined: Collection[str]) -> list[Node]:
    """Nodes without those of functions that nothing takes any more."""
    uses = Counter(name for node in nodes for name in node.inputs)
    uses.update(outputs)
    kept = []
    for node in reversed(nodes):
        if node.name in joined and not any(uses[name] for name in node.outputs):
            uses.subtract(node.inputs)
        else:
            kept.append(node)
    return kept[::-1]
