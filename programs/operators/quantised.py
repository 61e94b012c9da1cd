"""Operators of networks that were quantised before: what they state of ranges, and the operators behind them.

A tensor of whole numbers stands for the real ones: QuantizeLinear states the coding of its map and computes nothing.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Coding
from acortex.programs.network.network import SMALL_KINDS, Constant, Node
from acortex.programs.operators.context import Lowering, Unsupported, joined_activation
from acortex.programs.operators.registry import OPERATORS, operator
from acortex.programs.operators.tensors import TensorView
from acortex.programs.steps import Activation, CopyStep

Array = NDArray[Any]

OWN_CONSTANTS = ("QuantizeLinear", "DequantizeLinear", "Quant", "IntQuant", "FloatQuant", "BipolarQuant")
"""Operators that make constants which are loaded on demand, and whose steps are known."""

BITS = {
    "uint2": (2, 0), "int2": (2, 2), "uint4": (4, 0), "int4": (4, 8), "uint8": (8, 0), "int8": (8, 128),
    "uint16": (16, 0), "int16": (16, 1 << 15),
}  # fmt: skip
"""Bits of a quantised type, and what its numbers are moved by to become codes."""


@operator(
    "QuantizeLinear", becomes="nothing: it states the coding of a map", limits="one constant scale and zero per tensor"
)
def quantize_linear(lowering: Lowering, node: Node) -> None:
    """Fixes a coding; a constant becomes whole numbers."""
    if lowering.is_constant(node, 0):
        lowering.constants[node.outputs[0]] = _whole_numbers(lowering, node)
        return
    state_coding(lowering, node, node.inputs[0], 1, node.outputs[0])


def _whole_numbers(lowering: Lowering, node: Node) -> Constant:
    """A constant in whole numbers, as QuantizeLinear has it."""
    scale, zero, kind = scale_and_zero(lowering, node, 1)
    if kind not in BITS or node.attributes.get("block_size"):
        raise Unsupported(f"it makes {kind} of a constant, or has one scale per block")
    values = lowering.constant(node, 0, "constant")
    wide = [-1 if n == int(node.attributes.get("axis", 1)) % values.ndim else 1 for n in range(values.ndim)]
    scale, zero = (part.reshape(wide) if part.size > 1 else part.reshape(-1)[:1] for part in (scale, zero))
    bits, moved = BITS[kind]
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.rint(values / scale) + zero
    whole = np.nan_to_num(np.clip(steps, -moved, (1 << bits) - 1 - moved)).reshape(values.shape)
    held = re.sub(r"int[24]$", "int8", kind)
    return replace(Constant.of(whole.astype(np.dtype(held))), kind="" if held == kind else kind)


def state_coding(lowering: Lowering, node: Node, name: str, index: int, out: str) -> None:
    """Gives a tensor's map the coding of a scale and a zero, which stand at an index of the node's inputs."""
    scale, zero, kind = scale_and_zero(lowering, node, index)
    if scale.size != 1 or not 0 < float(scale.reshape(-1)[0]) < np.inf:
        raise Unsupported(f"its scale has shape {scale.shape}, one number above 0 is needed")
    if kind not in BITS:
        raise Unsupported(f"it makes {kind}")
    bits, moved = BITS[kind]
    coding = Coding(float(scale.reshape(-1)[0]), int(zero.reshape(-1)[0]) + moved, bits)
    tensor = lowering.tensor(Node(node.op, node.name, (name,), ()))
    _hold(lowering, name, coding)
    one = lowering.graph.maps[tensor.map]
    if one.coding not in (None, coding):
        (view,), made, tensor = lowering.together(node.name, tensor)
        lowering.graph.steps.append(CopyStep(made.name, node.op, made.name, view))
        one = made
    one.coding = coding
    lowering.give(out, tensor)
    lowering.codes[out] = scale, zero
    lowering.coded[out] = name


def state_rounding(lowering: Lowering, node: Node, name: str, coding: Coding, held: Activation) -> None:
    """Makes of a tensor the first output of a node: its numbers in a coding, held between bounds.

    Where something else reads the numbers as they were, or nothing that makes them can hold them, a copy does.
    """
    tensor = lowering.tensor(Node(node.op, node.name, (name,), ()))
    one, step = lowering.graph.maps[tensor.map], lowering.open_step(name)
    joined = joined_activation(step.activation, held) if step is not None else None
    alone = lowering.uses[name] == 1 and tensor.whole() and one.coding in (None, coding)
    if alone and joined is not None and step is not None:
        step.activation = joined
    elif not (alone and _ends_at(coding, held)):
        one.coding = coding if alone else one.coding
        (view,), one, tensor = lowering.together(node.name, tensor)
        lowering.graph.steps.append(CopyStep(one.name, node.op, one.name, view, activation=held))
    one.coding = coding
    lowering.give(node.outputs[0], tensor)


def _ends_at(coding: Coding, held: Activation) -> bool:
    """Whether the lowest and the highest code of a coding are the bounds."""
    high = ((1 << coding.bits) - 1 - coding.zero) * coding.scale
    return math.isclose(held.high, high) and (coding.zero == 0 or math.isclose(held.low, -coding.zero * coding.scale))


def clip_codes(lowering: Lowering, node: Node, low: float, high: float) -> None:
    """Holds whole numbers between two bounds: so exporters write codes of fewer bits than the type has.

    The map gets a coding of as many bits as the bounds need; where something else reads it, a copy does.
    """
    name = node.inputs[0]
    scale, zero = (part.reshape(-1) for part in lowering.codes[name])
    tensor, coding = lowering.tensor(node), _coding_of(lowering, name)
    lowest = int(zero[0]) - coding.zero
    first, last = int(max(low, lowest)), int(min(high, lowest + (1 << coding.bits) - 1))
    if not first <= zero[0] <= last or first == last:
        raise Unsupported(f"its bounds are {low:g} and {high:g}; the zero {zero[0]} must lie between them")
    narrow = Coding(coding.scale, int(zero[0]) - first, (last - first).bit_length())
    real = lowering.coded.get(name, "")
    bounds = Activation(low=(first - int(zero[0])) * coding.scale, high=(last - int(zero[0])) * coding.scale)
    if lowering.uses[name] == 1 and lowering.uses[real] == 1 and tensor.whole():
        _hold_between(lowering, real, bounds if first < zero[0] else Activation("relu", high=bounds.high))
        lowering.graph.maps[tensor.map].coding = narrow
    else:
        (view,), made, tensor = lowering.together(node.name, tensor)
        lowering.graph.steps.append(CopyStep(made.name, node.op, made.name, view))
        made.coding = narrow
    lowering.give(node.outputs[0], tensor)
    lowering.codes[node.outputs[0]] = scale, zero


def _coding_of(lowering: Lowering, name: str) -> Coding:
    """The coding that the network states of a tensor of whole numbers."""
    coding = lowering.graph.maps[lowering.tensors[name].map].coding
    if coding is None:
        raise Unsupported("it holds whole numbers that nothing gives a scale")
    return coding


def _hold(lowering: Lowering, name: str, coding: Coding) -> None:
    """Holds numbers within a coding's range: a quantiser's saturation often stands for a Relu that was left out."""
    low, high = -coding.zero * coding.scale, ((1 << coding.bits) - 1 - coding.zero) * coding.scale
    held = Activation("relu", high=high) if coding.zero == 0 else Activation(low=low, high=high)
    _hold_between(lowering, name, held)


def _hold_between(lowering: Lowering, name: str, held: Activation) -> None:
    """Ends the step that makes a tensor with bounds, if more can still be done there."""
    step = lowering.open_step(name)
    joined = joined_activation(step.activation, held) if step is not None else None
    if step is not None and joined is not None:
        step.activation = joined


def scale_and_zero(lowering: Lowering, node: Node, index: int) -> tuple[Array, Array, str]:
    """Scale, zero and the name of the quantised type, from two inputs; the zero may be left out."""
    scale = lowering.constant(node, index, "scale").astype(np.float64)
    if not lowering.has(node, index + 1):
        kind = {2: "uint8", 3: "int8", 4: "uint16", 5: "int16"} | SMALL_KINDS
        return scale, np.zeros(1, np.int64), kind.get(int(node.attributes.get("output_dtype", 2)), "a small float")
    zero = lowering.constant(node, index + 1, "zero")
    constant = lowering.constants[node.inputs[index + 1]]
    return scale, zero.astype(np.int64), constant.kind or zero.dtype.name


@operator("DequantizeLinear", becomes="nothing; of a constant, its real numbers", limits="no blocks")
def dequantize_linear(lowering: Lowering, node: Node) -> None:
    """The real numbers behind whole ones."""
    if node.attributes.get("block_size"):
        raise Unsupported("its scale is one per block")
    if lowering.is_constant(node, 0):
        axis = int(node.attributes.get("axis", 1))
        lowering.constants[node.outputs[0]] = dequantised(lowering, node, 0, 1, axis)
        return
    name = node.inputs[0]
    tensor = real_tensor(lowering, node, 0, 1)
    if name in lowering.codes:
        lowering.give(node.outputs[0], tensor)


def real_tensor(lowering: Lowering, node: Node, index: int, scale_index: int) -> TensorView:
    """The real numbers of a computed input: those that were quantised, or whole numbers of the user, scaled."""
    scale, zero, _ = scale_and_zero(lowering, node, scale_index)
    name = node.inputs[index]
    tensor = lowering.tensor(node, index)
    if name in lowering.codes:
        before = lowering.codes[name]
        if not (np.allclose(before[0], scale, rtol=1e-6) and np.array_equal(before[1].reshape(-1), zero.reshape(-1))):
            raise Unsupported("it reads numbers with another scale or zero than they were made with")
        return tensor
    if scale.size != 1:
        raise Unsupported(f"its scale has shape {scale.shape}, one number is needed")
    lowering.affine(node, name, tensor, scale, -zero * scale)
    return lowering.tensors[node.outputs[0]]


def dequantised(lowering: Lowering, node: Node, index: int, scale_index: int, axis: int) -> Constant:
    """A constant's real numbers, made on demand; with its steps where its zero is 0."""
    whole = lowering.constants[node.inputs[index]]
    scale, zero, _ = scale_and_zero(lowering, node, scale_index)
    rank = len(whole.shape)
    along = None
    if scale.size > 1:
        along = axis % max(rank, 1)
        if scale.ndim != 1 or rank == 0 or whole.shape[along] != scale.size:
            raise Unsupported(f"its scale of shape {scale.shape} does not fit {whole.shape} along axis {axis}")
        wide = [-1 if n == along else 1 for n in range(rank)]
        zero = zero.reshape(wide) if zero.size > 1 else zero.reshape(-1)[:1]
        factor = scale.reshape(wide)
    else:
        factor, zero = scale.reshape(-1)[:1], zero.reshape(-1)[:1]

    def load() -> Array:
        numbers = ((whole.load().astype(np.float64) - zero) * factor).astype(np.float32)
        return numbers.reshape(whole.shape)

    return Constant(whole.shape, load, None if zero.any() else scale.reshape(-1), along)


# Operators on whole numbers ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Behind:
    """The operator behind one on whole numbers: where its inputs stand, each with its scale, and its result's scale.

    `bias` is the place of a bias in whole numbers, whose step is the product of the first two scales.
    """

    op: str
    inputs: tuple[tuple[int, int], ...]
    out: int
    bias: int | None = None
    axis: int = 0


BEHIND = {
    "QLinearConv": Behind("Conv", ((0, 1), (3, 4)), 6, 8),
    "QLinearMatMul": Behind("MatMul", ((0, 1), (3, 4)), 6, None, -1),
    "QGemm": Behind("Gemm", ((0, 1), (3, 4)), 7, 6, -1),
    "QLinearAdd": Behind("Add", ((0, 1), (3, 4)), 6),
    "QLinearMul": Behind("Mul", ((0, 1), (3, 4)), 6),
    "QLinearSigmoid": Behind("Sigmoid", ((0, 1),), 3),
    "QLinearLeakyRelu": Behind("LeakyRelu", ((0, 1),), 3),
    "QLinearAveragePool": Behind("AveragePool", ((0, 1),), 3),
    "QLinearGlobalAveragePool": Behind("GlobalAveragePool", ((0, 1),), 3),
}


@operator(*BEHIND, becomes="what the operator behind it becomes", limits="as that; channels first")
def on_whole_numbers(lowering: Lowering, node: Node) -> None:
    """The operator behind one on whole numbers."""
    behind = BEHIND[node.op]
    if node.attributes.get("channels_last"):
        raise Unsupported("its channels stand last")
    axis = 0 if node.attributes.get("transB") else behind.axis
    inputs = [_real(lowering, node, index, scale, axis) for index, scale in behind.inputs]
    if behind.bias is not None and lowering.has(node, behind.bias):
        inputs.append(_bias(lowering, node, behind))
    _run(lowering, node, behind.op, inputs, behind.out)


@operator("QLinearConcat", becomes="what Concat becomes", limits="as that")
def concat_whole_numbers(lowering: Lowering, node: Node) -> None:
    """Concat of whole numbers: the result's scale and zero come first, then triples."""
    inputs = [_real(lowering, node, index, index + 1, 0) for index in range(2, len(node.inputs), 3)]
    _run(lowering, node, "Concat", inputs, 0)


def _run(lowering: Lowering, node: Node, op: str, inputs: list[str], scale: int) -> None:
    """Lowers an operator on real numbers, and states the coding of its result."""
    made = f"{node.outputs[0]}.real"
    lowering.uses[made] = 1
    inner = Node(op, node.name, tuple(inputs), (made,), node.attributes)
    OPERATORS[op].lower(lowering, inner)
    state_coding(lowering, node, made, scale, node.outputs[0])


def _real(lowering: Lowering, node: Node, index: int, scale: int, axis: int) -> str:
    name = f"{node.outputs[0]}.real.{index}"
    if lowering.is_constant(node, index):
        lowering.constants[name] = dequantised(lowering, node, index, scale, axis)
        return name
    turned = Node("DequantizeLinear", f"{node.name}.input", node.inputs, (name,))
    lowering.give(name, real_tensor(lowering, turned, index, scale))
    return name


def _bias(lowering: Lowering, node: Node, behind: Behind) -> str:
    assert behind.bias is not None
    name = f"{node.outputs[0]}.real.bias"
    whole = lowering.constant(node, behind.bias, "bias").astype(np.float64)
    step = scale_and_zero(lowering, node, 1)[0].reshape(-1) * scale_and_zero(lowering, node, 4)[0].reshape(-1)
    with np.errstate(invalid="ignore"):
        values = whole * step
    if not np.all(np.abs(values) <= np.finfo(np.float32).max):
        raise Unsupported("its bias times the scales of its input and weights is no number of 32 bits")
    lowering.constants[name] = Constant.of(values.astype(np.float32))
    return name
