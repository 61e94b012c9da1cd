"""Products of whole numbers that leave their scales to other nodes, and what onnxruntime fuses into products.

DynamicQuantizeLinear makes whole numbers of real ones by a scale of the moment. The chip's scales are chosen
beforehand: its whole numbers are the real ones, of scale 1, and what scales them back behind a product changes nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import Lowering, Unsupported
from acortex.programs.operators.quantised import dequantised
from acortex.programs.operators.registry import OPERATORS, operator

Array = NDArray[Any]


@operator("DynamicQuantizeLinear", becomes="nothing: ranges are chosen once", limits="before products")
def dynamic_quantize(lowering: Lowering, node: Node) -> None:
    """Whole numbers by a scale of the moment: here the real numbers, of scale 1."""
    if lowering.is_constant(node, 0):
        raise Unsupported("it quantises a constant; fold it when the network is exported")
    lowering.rename(Node(node.op, node.name, node.inputs[:1], node.outputs[:1]), lowering.tensor(node))
    lowering.whole_numbers.add(node.outputs[0])
    for name, value in zip(node.outputs[1:], (np.float32(1), np.uint8(0)), strict=False):
        lowering.constants[name] = Constant.of(np.asarray(value))
    lowering.graph.warnings.append(
        f"{node.name} ({node.op}): the chip's ranges are chosen once, by what calibrates it, not for each input"
    )


@operator(
    "MatMulInteger", "ConvInteger",
    becomes="what MatMul and Conv become", limits="as those; constant weights and zeros",
)  # fmt: skip
def on_integers(lowering: Lowering, node: Node) -> None:
    """A product of whole numbers less their zeros, in whole numbers."""
    op = node.op.removesuffix("Integer")
    first = int(lowering.is_constant(node, 0))  # the computed input
    if not lowering.is_constant(node, 1 - first) or (first and op == "Conv"):
        raise Unsupported("its second input is computed; arrays hold constants only")
    names = ["", ""]
    names[first] = _less_zero(lowering, node, first)
    names[1 - first] = f"{node.outputs[0]}.weights"
    lowering.constants[names[1 - first]] = _weights(lowering, node, 1 - first, op)
    inner = Node(op, node.name, tuple(names), node.outputs, node.attributes)
    scale = lowering.codes.get(node.inputs[first])
    if scale is None:
        OPERATORS[op].lower(lowering, inner)
    else:  # what lies in memory are the real numbers of these codes
        made = f"{node.outputs[0]}.real"
        lowering.uses[made] = 1
        OPERATORS[op].lower(lowering, Node(op, node.name, tuple(names), (made,), node.attributes))
        last = Node(op, f"{node.name}.whole", (made,), node.outputs)
        lowering.affine(last, made, lowering.tensors[made], 1 / scale[0].reshape(-1)[:1], np.zeros(1))
    lowering.whole_numbers.add(node.outputs[0])


def _less_zero(lowering: Lowering, node: Node, index: int) -> str:
    """The computed input of a product, less its zero."""
    name, place = node.inputs[index], 2 + index
    zero = lowering.constant(node, place, "zero").astype(np.float64) if lowering.has(node, place) else np.zeros(1)
    lowering.tensor(node, index)
    if name in lowering.codes:
        if not np.array_equal(lowering.codes[name][1].reshape(-1), zero.reshape(-1)):
            raise Unsupported("it takes numbers with another zero than they were made with")
        return name
    if zero.size != 1:
        raise Unsupported(f"the zero of its input has shape {zero.shape}, one number is needed")
    if not zero.any():
        return name
    less = f"{node.outputs[0]}.less"
    lowering.uses[less] = 1
    turned = Node(node.op, f"{node.name}.less", (name,), (less,))
    lowering.affine(turned, name, lowering.tensor(node, index), np.ones(1), -zero)
    return less


def _weights(lowering: Lowering, node: Node, index: int, op: str) -> Constant:
    """The constant input of a product, less its zero: whole numbers of steps of 1."""
    given, place = lowering.constants[node.inputs[index]], 2 + index
    zero = lowering.constant(node, place, "zero").astype(np.float32) if lowering.has(node, place) else np.zeros(1)
    if zero.size > 1:  # one for each output: the first axis of a kernel, the last of a matrix
        along = (
            [-1, *(1 for _ in given.shape[1:])] if op == "Conv" or index == 0 else [*(1 for _ in given.shape[1:]), -1]
        )
        zero = zero.reshape(along)
    else:
        zero = zero.reshape(-1)[:1]
    if np.broadcast_shapes(given.shape, zero.shape) != given.shape:
        raise Unsupported(f"the zeros of its weights have shape {zero.shape}, and these {given.shape}")
    load = lambda: given.load().astype(np.float32) - zero.astype(np.float32)  # noqa: E731
    return Constant(given.shape, load, np.ones(1))


@operator("DynamicQuantizeMatMul", "MatMulIntegerToFloat", becomes="what MatMul becomes", limits="as that; constant B")
def quantised_matmul(lowering: Lowering, node: Node) -> None:
    """A product with a quantised matrix, in real numbers; of numbers that are quantised for it, or were before."""
    dynamic = node.op == "DynamicQuantizeMatMul"
    scale, zero, bias = (2, 3, 4) if dynamic else (3, 5, 6)
    if not lowering.is_constant(node, 1):
        raise Unsupported("its matrix B is computed; arrays hold constants only")
    weights, product = f"{node.outputs[0]}.weights", f"{node.outputs[0]}.product"
    known = (node.inputs[1], node.inputs[scale], *(node.inputs[zero : zero + 1] if lowering.has(node, zero) else ()))
    lowering.constants[weights] = dequantised(lowering, Node(node.op, node.name, known, ()), 0, 1, -1)
    last = lowering.has(node, bias)
    made = product if last else node.outputs[0]
    if dynamic:
        source = node.inputs[0]
    else:
        source = f"{node.outputs[0]}.source"
        taken = (node.inputs[0], node.inputs[2], *(node.inputs[4:5] if lowering.has(node, 4) else ()))
        lowering.uses[source] = 1
        OPERATORS["DequantizeLinear"].lower(lowering, Node(node.op, f"{node.name}.source", taken, (source,)))
    OPERATORS["MatMul"].lower(lowering, Node("MatMul", node.name, (source, weights), (made,)))
    if last:
        lowering.uses[product] = 1
        OPERATORS["Add"].lower(lowering, Node("Add", node.name, (product, node.inputs[bias]), node.outputs))


@operator(
    "FusedConv", "FusedGemm", "FusedMatMul", becomes="what the operators become that were fused", limits="as those"
)
def fused(lowering: Lowering, node: Node) -> None:
    """A product with what onnxruntime has fused into it: an activation, a sum, a transposition, a factor."""
    op = node.op.removeprefix("Fused")
    if op == "MatMul":
        _fused_matmul(lowering, node)
        return
    kind, given = str(node.attributes.get("activation", "")), node.attributes.get("activation_params", ())
    sums = node.inputs[3] if op == "Conv" and len(node.inputs) > 3 and node.inputs[3] else ""
    ends = [*(["Add"] if sums else []), *([kind] if kind else [])]
    inputs, name = node.inputs[:3], node.inputs[0]
    for place, one in enumerate([op, *ends]):
        if one not in OPERATORS:
            raise Unsupported(f"its activation is {one}, which the chip does not have")
        made = node.outputs[0] if place == len(ends) else f"{node.outputs[0]}.{place}"
        lowering.uses[made] += place < len(ends)
        taken = inputs if place == 0 else (name, sums) if one == "Add" else (name,)
        attributes = node.attributes if place == 0 else _parameters(node, one, list(given))
        OPERATORS[one].lower(lowering, Node(one, node.name, tuple(taken), (made,), attributes))
        name = made


PARAMETERS = {"LeakyRelu": ("alpha",), "HardSigmoid": ("alpha", "beta"), "Clip": ("min", "max"), "Elu": ("alpha",)}
"""The attributes that the parameters of a fused activation stand for."""


def _parameters(node: Node, kind: str, given: list[float]) -> dict[str, float]:
    """The attributes of a fused activation: in a list, or each under the name of one."""
    names = PARAMETERS.get(kind, ())
    alone = {key: node.attributes[f"activation_{key}"] for key in names if f"activation_{key}" in node.attributes}
    return {**dict(zip(names, given, strict=False)), **alone}


def _fused_matmul(lowering: Lowering, node: Node) -> None:
    """A matrix product, of transposed matrices, times a factor."""
    if node.attributes.get("transBatchA") or node.attributes.get("transBatchB"):
        raise Unsupported("it moves a batch axis")
    names, alpha, weights = list(node.inputs[:2]), float(node.attributes.get("alpha", 1.0)), None
    for index, key in enumerate(("transA", "transB")):
        made = f"{node.outputs[0]}.{key}"
        known = lowering.constants.get(names[index])
        if node.attributes.get(key) and known is None:
            tensor = lowering.tensor(node, index)
            order = [*range(len(tensor.shape) - 2), len(tensor.shape) - 1, len(tensor.shape) - 2]
            lowering.uses[made] = 1
            lowering.give(made, tensor.transposed(order))
            names[index] = made
        elif known is not None:
            lowering.constants[made] = weights = _turned(known, bool(node.attributes.get(key)), alpha)
            names[index] = made
    if weights is None:
        raise Unsupported("both of its matrices are computed; arrays hold constants only")
    OPERATORS["MatMul"].lower(lowering, Node("MatMul", node.name, tuple(names), node.outputs))


def _turned(known: Constant, turn: bool, alpha: float) -> Constant:
    shape = (*known.shape[:-2], known.shape[-1], known.shape[-2]) if turn and len(known.shape) > 1 else known.shape

    def load() -> Array:
        values = known.load()
        values = np.swapaxes(values, -1, -2) if shape != known.shape or turn else values
        return values if alpha == 1 else values * np.float32(alpha)

    return Constant(shape, load)
