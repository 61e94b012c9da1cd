"""Operators that neurons or the vector agent do: activations, pools, sums and products of images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Geometry
from acortex.programs.network.network import Node
from acortex.programs.operators.context import WHOLE_NUMBERS, Lowering, Unsupported
from acortex.programs.operators.linear import image_result, padded_source, window
from acortex.programs.operators.quantised import clip_codes
from acortex.programs.operators.registry import operator
from acortex.programs.operators.tensors import TensorView
from acortex.programs.steps import Activation, AddStep, MulStep, PoolStep

Array = NDArray[Any]

NEURONS = "an activation of neurons, or of the vector agent"

# Activations ------------------------------------------------------------------------------------------------------


@operator("Relu", "Sigmoid", "Tanh", "HardSwish", "Sign", becomes=NEURONS)
def activation(lowering: Lowering, node: Node) -> None:
    """A function without attributes."""
    lowering.activate(node, Activation(node.op.lower()))


@operator("Swish", becomes="an activation and a product of the vector agent")
def swish(lowering: Lowering, node: Node) -> None:
    """The product of x and sigmoid(alpha x)."""
    name, alpha = node.inputs[0], float(node.attributes.get("alpha", 1.0))
    scaled, gate = f"{node.outputs[0]}.scaled", f"{node.outputs[0]}.gate"
    lowering.uses.update({name: 1, scaled: 1, gate: 1})
    source = lowering.tensor(node)
    if alpha == 1:
        scaled = name
    else:
        turned = Node(node.op, f"{node.name}.scaled", (name,), (scaled,))
        lowering.affine(turned, name, source, np.array(alpha), np.zeros(1))
    lowering.activate(Node(node.op, f"{node.name}.gate", (scaled,), (gate,)), Activation("sigmoid"))
    _two(lowering, Node(node.op, node.name, (name, gate), node.outputs), MulStep)


@operator(
    "LeakyRelu", "PRelu",
    becomes=NEURONS + "; slopes that differ between channels a product and an addition beside",
    limits="slopes of at most 1, one for each channel",
)  # fmt: skip
def leaky(lowering: Lowering, node: Node) -> None:
    """Negative numbers are multiplied by a slope."""
    if node.op == "PRelu":
        slopes = lowering.constant(node, 1, "slope").astype(np.float64)
    else:
        slopes = np.array(float(node.attributes.get("alpha", 0.01)))
    first = slopes.reshape(-1)[:1]
    if not first.size or not (slopes <= 1).all():  # nor is any of them not a number
        raise Unsupported(f"its slopes reach {slopes.max(initial=0):g}, at most 1 is possible")
    if (slopes != first).any() or first[0] < 0:
        _leaky_by_channel(lowering, node, slopes)
    else:
        slope = float(first[0])
        lowering.activate(node, Activation("leaky", slope) if slope else Activation("relu"))


def _leaky_by_channel(lowering: Lowering, node: Node, slopes: Array) -> None:
    """The sum of x and relu((slope - 1) x): the neurons have one slope for all channels of a product."""
    name, out = node.inputs[0], node.outputs[0]
    scaled, dip = f"{out}.scaled", f"{out}.dip"
    lowering.uses.update({name: 1, scaled: 1, dip: 1})
    turned = Node(node.op, f"{node.name}.dip", (name,), (scaled,))
    lowering.affine(turned, name, lowering.tensor(node), slopes - 1, np.zeros(1))
    lowering.activate(Node(node.op, f"{node.name}.dip", (scaled,), (dip,)), Activation("relu"))
    _two(lowering, Node(node.op, node.name, (name, dip), node.outputs), AddStep)


@operator("HardSigmoid", becomes=NEURONS)
def hard_sigmoid(lowering: Lowering, node: Node) -> None:
    """Alpha x + beta, held between 0 and 1; the chip has x / 6 + 1/2, any other is scaled and shifted before."""
    alpha, beta = float(node.attributes.get("alpha", 0.2)), float(node.attributes.get("beta", 0.5))
    name = node.inputs[0]
    if not (math.isclose(alpha, 1 / 6, rel_tol=1e-4) and beta == 0.5):
        between = f"{node.outputs[0]}.argument"
        lowering.uses[between] = 1
        scaled = Node(node.op, f"{node.name}.argument", node.inputs, (between,))
        lowering.affine(scaled, name, lowering.tensor(node), np.array(6 * alpha), np.array(6 * (beta - 0.5)))
        node = Node(node.op, node.name, (between,), node.outputs)
    lowering.activate(node, Activation("hardsigmoid"))


@operator("Clip", "Min", "Max", becomes=NEURONS, limits="constant bounds, the lower at most 0, the upper above 0")
def clip(lowering: Lowering, node: Node) -> None:
    """Numbers held between two bounds."""
    low, high = -math.inf, math.inf
    if node.op == "Clip":
        low, high = (_bound(lowering, node, n, key, none) for n, key, none in ((1, "min", low), (2, "max", high)))
        if node.inputs[0] in lowering.whole_numbers:
            raise Unsupported(WHOLE_NUMBERS)
        if node.inputs[0] in lowering.codes:
            clip_codes(lowering, node, low, high)
            return
    elif not any(lowering.is_constant(node, n) for n in range(len(node.inputs))):
        _largest(lowering, node)
        return
    else:
        if len(node.inputs) != 2:
            raise Unsupported(f"it has {len(node.inputs)} inputs with a constant; one and a constant are possible")
        if lowering.is_constant(node, 0):
            node = Node(node.op, node.name, node.inputs[::-1], node.outputs)
        bound = _bound(lowering, node, 1, "", 0.0)
        low, high = (low, bound) if node.op == "Min" else (bound, high)
    if not (low <= 0 < high):  # nor is either of them not a number
        raise Unsupported(f"its bounds are {low:g} and {high:g}; 0 must lie between them, or be the lower one")
    lowering.activate(node, Activation("relu", high=high) if low == 0 else Activation(low=low, high=high))


def _largest(lowering: Lowering, node: Node) -> None:
    """The larger, or the smaller, of several tensors: Max(a, b) = a + relu(b - a), Min(a, b) = a - relu(a - b)."""
    first = node.inputs[0]
    for n, other in enumerate(node.inputs[1:], 1):
        out = node.outputs[0] if n == len(node.inputs) - 1 else f"{node.outputs[0]}.{n}"
        over, held = f"{out}.over", f"{out}.held"
        lowering.uses.update({first: 1, over: 1, held: 1})
        pair = (other, first) if node.op == "Max" else (first, other)
        add(lowering, Node("Sub", f"{node.name}.over{n}", pair, (over,)))
        lowering.activate(Node(node.op, f"{node.name}.held{n}", (over,), (held,)), Activation("relu"))
        add(lowering, Node("Add" if node.op == "Max" else "Sub", f"{node.name}.{n}", (first, held), (out,)))
        lowering.uses[out] += out != node.outputs[0]
        first = out
    if len(node.inputs) == 1:
        lowering.rename(node, lowering.tensor(node))


def _bound(lowering: Lowering, node: Node, index: int, key: str, none: float) -> float:
    if not lowering.has(node, index):
        return float(node.attributes.get(key, none))
    values = lowering.constant(node, index, "bound")
    if values.size != 1:
        raise Unsupported(f"its bound has shape {values.shape}, one number is needed")
    return float(values.reshape(-1)[0])


# Pools ------------------------------------------------------------------------------------------------------------


@operator("MaxPool", becomes="a pool of the vector agent", limits="one or two spatial axes; no Indices")
def max_pool(lowering: Lowering, node: Node) -> None:
    """The largest number under each window."""
    if len(node.outputs) > 1:
        raise Unsupported("it gives Indices")
    _pool(lowering, node, "max", inside=True)
    if node.inputs[0] in lowering.codes:
        lowering.codes[node.outputs[0]] = lowering.codes[node.inputs[0]]
    if node.inputs[0] in lowering.whole_numbers:
        lowering.whole_numbers.add(node.outputs[0])
    step = lowering.open_step(node.inputs[0])
    if step is not None:
        # What rises monotonically may as well be done before the largest number is taken.
        lowering.open[node.outputs[0]] = step
        lowering.after_pool.add(node.outputs[0])


@operator(
    "AveragePool", becomes="a pool of the vector agent; over three axes a product", limits="one to three spatial axes"
)
def average_pool(lowering: Lowering, node: Node) -> None:
    """The mean of each window."""
    _pool(lowering, node, "average", inside=not node.attributes.get("count_include_pad", 0))


def _pool(lowering: Lowering, node: Node, mode: str, *, inside: bool) -> None:
    value = -math.inf if mode == "max" else None if inside else 0.0
    tensor, source, more = padded_source(lowering, node, value)
    kernel = [int(size) for size in node.attributes.get("kernel_shape", ())]
    if len(kernel) != len(tensor.shape) - 2:
        raise Unsupported(f"its kernel_shape {kernel} does not fit an input of shape {tensor.shape}")
    geometry, pads = window(node, tensor.shape[2:], kernel, more)
    if not any(pads):
        inside = True
    elif not inside and _overhangs(geometry, tensor, pads):
        raise Unsupported("with ceil_mode its windows reach beyond padding that is counted")
    made = lowering.new_map(node.name, (geometry.rows, geometry.columns, tensor.shape[1]))
    lowering.graph.steps.append(PoolStep(made.name, node.op, made.name, source, geometry, mode, inside))
    lowering.give(node.outputs[0], image_result(tensor, made.name, geometry, tensor.shape[1]))


def _overhangs(g: Geometry, tensor: TensorView, pads: list[int]) -> bool:
    """Whether a window reaches further than the padding at the ends."""
    height, width = tensor.shape[2:] if len(tensor.shape) == 4 else (1, tensor.shape[2])
    below, right = (pads[2], pads[3]) if len(pads) == 4 else (0, pads[1])
    last_y = (g.rows - 1) * g.stride_y - g.top + (g.kernel_y - 1) * g.dilation_y
    last_x = (g.columns - 1) * g.stride_x - g.left + (g.kernel_x - 1) * g.dilation_x
    return last_y >= height + below or last_x >= width + right


@operator("GlobalAveragePool", "GlobalMaxPool", becomes="a pool of the vector agent")
def global_pool(lowering: Lowering, node: Node) -> None:
    """The mean, or the largest number, of each channel over the image."""
    tensor = lowering.tensor(node)
    _, source, _ = padded_source(lowering, node, None)
    height, width = tensor.shape[2:] if len(tensor.shape) == 4 else (1, tensor.shape[2])
    geometry = Geometry(int(height), int(width))
    made = lowering.new_map(node.name, (1, 1, tensor.shape[1]))
    mode = "max" if node.op == "GlobalMaxPool" else "average"
    lowering.graph.steps.append(PoolStep(made.name, node.op, made.name, source, geometry, mode, True))
    lowering.give(node.outputs[0], image_result(tensor, made.name, geometry, tensor.shape[1]))


# Sums and products ------------------------------------------------------------------------------------------------

VECTOR = "the vector agent, image by image; with a constant, folded into a product or one of its own"


@operator("Add", "Sub", becomes=VECTOR, limits="a constant may differ between channels, not between pixels")
def add(lowering: Lowering, node: Node) -> None:
    """The sum or difference of two images, or a shift of each channel."""
    sign = -1.0 if node.op == "Sub" else 1.0
    if lowering.is_constant(node, 1):
        shift = lowering.constant(node, 1, "constant").astype(np.float64) * sign
        _affine(lowering, node, 0, np.ones(1), shift)
    elif lowering.is_constant(node, 0):
        _affine(lowering, node, 1, np.array(sign), lowering.constant(node, 0, "constant"))
    elif node.op == "Sub":
        negative = f"{node.outputs[0]}.negative"
        turned = Node("Sub", f"{node.name}.negative", node.inputs[1:], (negative,))
        lowering.affine(turned, node.inputs[1], lowering.tensor(node, 1), np.array(-1.0), np.zeros(1))
        _two(lowering, Node("Sub", node.name, (node.inputs[0], negative), node.outputs), AddStep)
    else:
        _two(lowering, node, AddStep)


@operator("Mul", "Div", becomes=VECTOR, limits="division by a constant only; constants as for Add")
def mul(lowering: Lowering, node: Node) -> None:
    """The product of two images, or a scale of each channel."""
    if lowering.is_constant(node, 1):
        scale = lowering.constant(node, 1, "constant").astype(np.float64)
        if node.op == "Div" and not scale.all():
            raise Unsupported("it divides by zero")
        _affine(lowering, node, 0, scale if node.op == "Mul" else 1 / scale, np.zeros(1))
    elif node.op == "Div":
        raise Unsupported("it divides by what is computed")
    elif lowering.is_constant(node, 0):
        _affine(lowering, node, 1, lowering.constant(node, 0, "constant"), np.zeros(1))
    else:
        _two(lowering, node, MulStep)


@operator("Neg", becomes="folded into a product, or one of its own")
def negative(lowering: Lowering, node: Node) -> None:
    """The numbers with the other sign."""
    _affine(lowering, node, 0, np.array(-1.0), np.zeros(1))


@operator("BatchNormalization", becomes="folded into a product, or one of its own", limits="in inference")
def batch_normalisation(lowering: Lowering, node: Node) -> None:
    """Scale and shift of each channel."""
    if node.attributes.get("training_mode", 0):
        raise Unsupported("it is in training mode")
    names = ("scale", "bias", "mean", "variance")
    values = [lowering.constant(node, n, name).astype(np.float64) for n, name in enumerate(names, 1)]
    gain, bias, mean, variance = values
    with np.errstate(all="ignore"):  # what comes of it is looked at below
        scale = gain / np.sqrt(variance + node.attributes.get("epsilon", 1e-5))
    tensor = lowering.tensor(node)
    if len(tensor.shape) < 2 or gain.shape != tensor.shape[1:2] or not np.isfinite(scale).all():
        raise Unsupported(f"scales of shape {gain.shape} do not fit {tensor.shape}, or are not finite")
    wide = (-1, *(1 for _ in tensor.shape[2:]))
    _affine(lowering, node, 0, scale.reshape(wide), (bias - mean * scale).reshape(wide))


def _affine(lowering: Lowering, node: Node, index: int, scale: Array, shift: Array) -> None:
    tensor = lowering.tensor(node, index)
    try:
        shape = np.broadcast_shapes(tensor.shape, scale.shape, shift.shape)
    except ValueError:
        raise Unsupported(f"its constant does not fit an input of shape {tensor.shape}") from None
    if shape != tensor.shape:
        if tensor.shape != shape[len(shape) - len(tensor.shape) :] or math.prod(shape) != math.prod(tensor.shape):
            raise Unsupported(f"its constant widens {tensor.shape} to {shape}")
        tensor = tensor.reshaped(shape)
    lowering.affine(node, node.inputs[index], tensor, scale, shift)


@operator("Sum", becomes="additions of the vector agent, one after the other")
def total(lowering: Lowering, node: Node) -> None:
    """The sum of several images."""
    if len(node.inputs) == 1:
        lowering.rename(node, lowering.tensor(node))
        return
    left = node.inputs[0]
    for n, right in enumerate(node.inputs[1:], 1):
        last = n == len(node.inputs) - 1
        out = node.outputs[0] if last else f"{node.outputs[0]}.{n}"
        add(lowering, Node("Add", node.name if last else f"{node.name}.{n}", (left, right), (out,)))
        left = out


@operator("Mean", becomes="a Sum, times a constant")
def mean(lowering: Lowering, node: Node) -> None:
    """The mean of several images."""
    summed = f"{node.outputs[0]}.sum"
    lowering.uses[summed] = 1
    total(lowering, Node("Sum", f"{node.name}.sum", node.inputs, (summed,)))
    last = Node(node.op, node.name, (summed,), node.outputs)
    lowering.affine(last, summed, lowering.tensors[summed], np.array(1 / len(node.inputs)), np.zeros(1))


def _two(lowering: Lowering, node: Node, kind: type[AddStep] | type[MulStep]) -> None:
    a, b = lowering.tensor(node, 0), lowering.tensor(node, 1)
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise Unsupported(f"shapes {a.shape} and {b.shape} do not fit") from None
    if math.prod(a.shape) != math.prod(shape):
        a, b = b, a
    if math.prod(a.shape) != math.prod(shape):
        raise Unsupported(f"shapes {a.shape} and {b.shape} are both broadcast")
    a = a.reshaped(shape)
    (view_a, view_b), made, result = lowering.together(node.name, a, b)
    step = kind(made.name, node.op, made.name, view_a, view_b)
    lowering.graph.steps.append(step)
    lowering.give(node.outputs[0], result, step)


@operator("LRN", becomes="nothing, with --drop-lrn")
def response_normalisation(lowering: Lowering, node: Node) -> None:
    """Left out, on request."""
    if not lowering.drop_lrn:
        raise Unsupported("the chip has no such operator; --drop-lrn leaves it out, at a price in accuracy")
    lowering.graph.warnings.append(f"{node.name} (LRN) is left out, as asked")
    lowering.rename(node, lowering.tensor(node))
