"""Functions of one number that the chip has no neuron for: of few codes each is a table, which arrays compute."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.network.elementwise import ALONE
from acortex.programs.network.network import Node
from acortex.programs.operators.constants import fold
from acortex.programs.operators.context import Lowering, Unsupported
from acortex.programs.operators.registry import OPERATORS, operator
from acortex.programs.steps import TableStep, sigmoid

Array = NDArray[Any]
Values = Mapping[str, float | str]


def _erf(x: Array) -> Array:
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), x.dtype)


def _softplus(x: Array) -> Array:
    return np.asarray(np.logaddexp(x, x.dtype.type(0)))


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x)


def _gelu(x: Array, attributes: Values) -> Array:
    if attributes.get("approximate", "none") == "tanh":
        return np.asarray(x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2)
    return np.asarray(x * (1 + _erf(x / math.sqrt(2))) / 2)


def _number(attributes: Values, key: str, usual: float) -> float:
    return float(attributes.get(key, usual))


FUNCTIONS: dict[str, Callable[[Array, Values], Array]] = {
    "Acos": lambda x, _: np.arccos(x), "Acosh": lambda x, _: np.arccosh(x), "Asin": lambda x, _: np.arcsin(x),
    "Asinh": lambda x, _: np.arcsinh(x), "Atan": lambda x, _: np.arctan(x), "Atanh": lambda x, _: np.arctanh(x),
    "Cos": lambda x, _: np.cos(x), "Cosh": lambda x, _: np.cosh(x), "Sin": lambda x, _: np.sin(x),
    "Sinh": lambda x, _: np.sinh(x), "Tan": lambda x, _: np.tan(x), "Tanh": lambda x, _: np.tanh(x),
    "Erf": lambda x, _: _erf(x), "Softplus": lambda x, _: _softplus(x), "Softsign": lambda x, _: x / (1 + np.abs(x)),
    "Sigmoid": lambda x, _: sigmoid(x), "Mish": lambda x, _: x * np.tanh(_softplus(x)),
    "Swish": lambda x, a: x * sigmoid(_number(a, "alpha", 1.0) * x),
    "QuickGelu": lambda x, a: x * sigmoid(_number(a, "alpha", 1.702) * x),
    "Gelu": _gelu, "BiasGelu": _gelu, "FastGelu": lambda x, _: _gelu(x, {"approximate": "tanh"}),
    "HardSwish": lambda x, _: x * np.clip(x / 6 + 0.5, 0, 1),
    "HardSigmoid": lambda x, a: np.clip(_number(a, "alpha", 0.2) * x + _number(a, "beta", 0.5), 0, 1),
    "LeakyRelu": lambda x, a: np.where(x < 0, _number(a, "alpha", 0.01) * x, x),
    "Elu": lambda x, a: _elu(x, _number(a, "alpha", 1.0)),
    "Celu": lambda x, a: _elu(x / _number(a, "alpha", 1.0), 1.0) * _number(a, "alpha", 1.0),
    "Selu": lambda x, a: _number(a, "gamma", 1.0507010221481323) * _elu(x, _number(a, "alpha", 1.6732631921768188)),
    "ThresholdedRelu": lambda x, a: np.where(x > _number(a, "alpha", 1.0), x, 0),
    "Shrink": lambda x, a: np.where(
        x < -_number(a, "lambd", 0.5), x + _number(a, "bias", 0.0),
        np.where(x > _number(a, "lambd", 0.5), x - _number(a, "bias", 0.0), 0),
    ),
}  # fmt: skip
"""Functions that are no fold of constants, from numbers and attributes."""


@operator(
    *(name for name in ALONE if name != "Exp"),  # that has a row of its own: at the end it is the host's
    becomes="a table: a product that takes codes apart and one that puts others together",
    limits="a number for each number, of one tensor: any such nodes, with constants of one number",
)
def table(lowering: Lowering, node: Node) -> None:
    """A function of one number, of one node or of those that follow each other."""
    cone: Sequence[Node] = node.attributes.get("cone", (node,))
    if "cone" not in node.attributes and node.op in BIASED and lowering.has(node, 1):
        _biased(lowering, node)
        return
    function = _function(lowering, cone, node)
    tensor = lowering.tensor(node)
    shapes = [lowering.constants[name].shape for one in cone for name in one.inputs if name in lowering.constants]
    shape = np.broadcast_shapes(tensor.shape, *shapes)
    if math.prod(shape) != math.prod(tensor.shape):
        raise Unsupported(f"its constants widen {tensor.shape} to {shape}")
    if function(np.zeros(1, np.float32)).dtype.kind != "f":
        raise Unsupported("it makes truth values; a Where or a Cast must make numbers of them")
    (view,), made, result = lowering.together(node.name, tensor.reshaped(shape))
    lowering.graph.steps.append(TableStep(made.name, node.op, made.name, view, function))
    lowering.give(node.outputs[0], result)


BIASED = ("BiasGelu", "FastGelu")
"""Functions that add one number for each channel before."""


def _biased(lowering: Lowering, node: Node) -> None:
    """A function with a sum before it."""
    total = f"{node.outputs[0]}.sum"
    lowering.uses[total] = 1
    OPERATORS["Add"].lower(lowering, Node("Add", f"{node.name}.sum", node.inputs[:2], (total,)))
    table(lowering, Node(node.op.removeprefix("Bias"), node.name, (total,), node.outputs))


def _function(lowering: Lowering, cone: Sequence[Node], node: Node) -> Callable[[Array], Array]:
    """What the nodes make of numbers: float32 of their shape."""
    known = {name: lowering.constants[name].load() for one in cone for name in one.inputs if name in lowering.constants}
    opset = lowering.model.opset

    def function(numbers: Array) -> Array:
        flat = np.asarray(numbers, np.float32).reshape(-1)
        values: dict[str, Array] = {node.inputs[0]: flat}
        for one in cone:
            taken = [
                None if not name else values[name] if name in values else known[name].reshape(()) for name in one.inputs
            ]
            values[one.outputs[0]] = _value(one, taken, opset)
        made = values[cone[-1].outputs[0]]
        made = made if made.dtype.kind != "f" else made.astype(np.float32)
        return np.broadcast_to(made, flat.shape).reshape(np.shape(numbers))

    return function


def _value(node: Node, taken: Sequence[Array | None], opset: int) -> Array:
    """What one node makes of numbers."""
    first = taken[0]
    if node.op in BIASED and len(taken) > 1 and taken[1] is not None:
        first = np.asarray(taken[0]) + taken[1]
    with np.errstate(all="ignore"):
        if node.op == "PRelu":
            return np.where(np.asarray(first) < 0, np.asarray(taken[1]) * first, np.asarray(first))
        if node.op in FUNCTIONS and first is not None:
            return np.asarray(FUNCTIONS[node.op](first, node.attributes))
        return fold(node, taken, opset)[0]
