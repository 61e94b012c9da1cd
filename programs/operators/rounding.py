"""Operators that round numbers to codes of their own: those of QONNX, FINN and PULP, and Round, Floor and Ceil.

Each leaves real numbers behind, of few values: the map gets a coding in which each of them is a code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Coding
from acortex.programs.network.network import Constant, Node
from acortex.programs.network.rounded import at_end
from acortex.programs.operators.context import Lowering, Unsupported
from acortex.programs.operators.quantised import state_rounding
from acortex.programs.operators.registry import operator
from acortex.programs.steps import Activation, FloatGraph, ProductStep

Array = NDArray[Any]

NEAREST = ("ROUND", "HALF_EVEN", "HALF_UP", "HALF_DOWN")
"""Ways to round to the nearest whole number; they differ in ties alone, which the chip rounds to even."""

LOWERED = {"FLOOR": -0.5, "CEIL": 0.5, "DOWN": -0.5, "UP": 0.5}
"""What to add to a number before it is rounded to the nearest, by the way to round; DOWN is towards zero."""

MOST_BITS = 16
"""Bits of codes of activations."""


@dataclass(frozen=True)
class Levels:
    """Whole numbers from `low` to `high`, each of which stands for (number - zero) * scale; `mode` rounds to them."""

    scale: float
    zero: float
    low: int
    high: int
    mode: str = "ROUND"

    def coding(self) -> Coding:
        """The coding whose code 0 is the lowest level."""
        zero = self.zero - self.low
        bits = (self.high - self.low).bit_length()
        if not (0 < self.scale < math.inf and zero == round(zero) and 0 <= zero <= self.high - self.low):
            raise Unsupported(
                f"its levels {self.low} to {self.high} of {self.scale:g}, of which {self.zero:g} is 0, are no codes;"
                " 0 must be one of them"
            )
        if not 0 < bits <= MOST_BITS:
            raise Unsupported(f"it has the levels {self.low} to {self.high}; codes have at most {MOST_BITS} bits")
        return Coding(self.scale, int(zero), bits)

    def bounds(self) -> Activation:
        """What holds numbers between the lowest level and the highest."""
        low, high = ((end - self.zero) * self.scale for end in (self.low, self.high))
        return Activation("relu", high=high) if low == 0 else Activation(low=low, high=high)


def rounded(lowering: Lowering, node: Node, name: str, levels: Levels) -> None:
    """Rounds a tensor to levels, which becomes the first output of a node."""
    coding, shift = levels.coding(), LOWERED.get(levels.mode, 0.0)
    if levels.mode not in (*NEAREST, *LOWERED):
        raise Unsupported(f"its rounding mode is {levels.mode}; one of {', '.join((*NEAREST, *LOWERED))} is possible")
    if shift:
        _shift(lowering, node, name, shift * levels.scale, levels)
    state_rounding(lowering, node, name, coding, levels.bounds())


def _shift(lowering: Lowering, node: Node, name: str, shift: float, levels: Levels) -> None:
    """Moves the sums of the product that makes a tensor, so that rounding to the nearest rounds them down, or up."""
    step = lowering.open_step(name)
    one_way = levels.mode in ("FLOOR", "CEIL") or levels.low >= levels.zero
    plain = isinstance(step, ProductStep) and step.activation.function in ("none", "relu")
    if step is None or not isinstance(step, ProductStep) or not plain or not one_way or name in lowering.after_pool:
        lowering.graph.warnings.append(
            f"{node.name} ({node.op}): it rounds {levels.mode.lower()}, the chip to the nearest: codes may be one off"
        )
        return
    channels, before = step.kernel.shape[3], step.activation
    step.kernel = step.kernel.then(np.ones(channels), np.full(channels, shift))
    low = before.low + shift if before.function == "none" else before.low
    step.activation = Activation(before.function, before.slope, low, before.high + shift)
    lowering.graph.warnings.append(
        f"{node.name} ({node.op}): it rounds {levels.mode.lower()}; a number that lies on the edge of two codes may be"
        " one off"
    )


# QONNX ------------------------------------------------------------------------------------------------------------

STATES = "nothing: it states the coding of a map; of a constant, its levels"


@operator(
    "Quant", "IntQuant",
    becomes=STATES, limits="constant scale, zero and bits; of one that differs between channels the zero is 0",
)  # fmt: skip
def quant(lowering: Lowering, node: Node) -> None:
    """QONNX's quantiser: whole numbers of a scale, as real ones."""
    scale, zero = (lowering.constant(node, n, what).astype(np.float64) for n, what in ((1, "scale"), (2, "zero")))
    bits = float(lowering.constant(node, 3, "number of bits").reshape(-1)[0])
    signed, narrow = bool(node.attributes.get("signed", 1)), bool(node.attributes.get("narrow", 0))
    if bits != int(bits) or not 1 <= bits <= 32:
        raise Unsupported(f"its codes have {bits:g} bits; whole numbers from 1 to 32 are possible")
    if bits == 1 and signed:
        _bipolar(lowering, node, scale)
        return
    low, high = whole_range(int(bits), signed, narrow)
    mode = str(node.attributes.get("rounding_mode", "ROUND")).upper()
    if lowering.is_constant(node, 0):
        lowering.constants[node.outputs[0]] = _quantised_constant(lowering, node, scale, zero, (low, high), mode)
        return
    if (zero != zero.reshape(-1)[:1]).any() or (scale.size > 1 and zero.any()):
        raise Unsupported("its zero differs between channels, or its scale does beside a zero that is not 0")
    levels = Levels(float(scale.reshape(-1)[0]), float(zero.reshape(-1)[0]), low, high, mode)
    if (scale == scale.reshape(-1)[:1]).all():
        rounded(lowering, node, node.inputs[0], levels)
        return
    _each_channel(lowering, node, scale, levels)


def whole_range(bits: int, signed: bool, narrow: bool) -> tuple[int, int]:
    """The lowest and the highest whole number of so many bits; narrow ones leave one out."""
    if signed:
        return -(1 << (bits - 1)) + narrow, (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1 - narrow


def _each_channel(lowering: Lowering, node: Node, scale: Array, levels: Levels) -> None:
    """Rounds to levels of a scale for each channel: scaled to one of 1 before, and back behind."""
    name, out = node.inputs[0], node.outputs[0]
    between, whole = f"{out}.scaled", f"{out}.whole"
    lowering.uses.update({between: 1, whole: 1})
    before = Node(node.op, f"{node.name}.scaled", (name,), (between,))
    lowering.affine(before, name, lowering.tensor(node), 1 / scale, np.zeros(1))
    one = Levels(1.0, levels.zero, levels.low, levels.high, levels.mode)
    rounded(lowering, Node(node.op, f"{node.name}.whole", (between,), (whole,)), between, one)
    lowering.affine(Node(node.op, node.name, (whole,), (out,)), whole, lowering.tensors[whole], scale, np.zeros(1))


ROUNDS: dict[str, Callable[[Array], Array]] = {
    "FLOOR": np.floor, "CEIL": np.ceil, "DOWN": np.trunc,
    "UP": lambda x: np.sign(x) * np.ceil(np.abs(x)),
    "HALF_UP": lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5),
    "HALF_DOWN": lambda x: np.sign(x) * np.ceil(np.abs(x) - 0.5),
}  # fmt: skip
"""How constants are rounded by a mode; by others to the nearest, ties to even."""


def _quantised_constant(
    lowering: Lowering, node: Node, scale: Array, zero: Array, ends: tuple[int, int], mode: str
) -> Constant:
    """A constant at its levels, in real numbers: they keep their step where the zero is 0."""
    given = lowering.constants[node.inputs[0]]
    shape = np.broadcast_shapes(given.shape, scale.shape, zero.shape)
    if shape != given.shape or not (scale > 0).all():
        raise Unsupported(f"its scale of shape {scale.shape} does not fit {given.shape}, or is not above 0")

    def load() -> Array:
        steps = np.clip(given.load().astype(np.float64) / scale + zero, *ends)
        return ((ROUNDS.get(mode, np.rint)(steps) - zero) * scale).astype(np.float32)

    wide = [axis for axis, size in enumerate(scale.shape) if size > 1]
    if zero.any() or len(wide) > 1:
        return Constant(given.shape, load)
    along = wide[0] + len(given.shape) - scale.ndim if wide else None
    return Constant(given.shape, load, scale.reshape(-1), along)


@operator(
    "BipolarQuant",
    becomes="a product or a copy that ends in a step; of a constant, its levels",
    limits="one constant scale",
)
def bipolar_quant(lowering: Lowering, node: Node) -> None:
    """The scale, with the sign of each number; of 0 the upper one."""
    _bipolar(lowering, node, lowering.constant(node, 1, "scale").astype(np.float64))


def _bipolar(lowering: Lowering, node: Node, scale: Array) -> None:
    name, out = node.inputs[0], node.outputs[0]
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise Unsupported("its scale is not above 0")
    if lowering.is_constant(node, 0):
        given = lowering.constants[name]
        wide = [axis for axis, size in enumerate(scale.shape) if size > 1]
        if np.broadcast_shapes(given.shape, scale.shape) != given.shape or len(wide) > 1:
            raise Unsupported(f"its scale of shape {scale.shape} does not fit {given.shape}")
        along = wide[0] + len(given.shape) - scale.ndim if wide else None
        load = lambda: np.where(given.load() >= 0, scale, -scale).astype(np.float32)  # noqa: E731
        lowering.constants[out] = Constant(given.shape, load, scale.reshape(-1), along)
        return
    _two_levels(lowering, node, name, 2 * scale, -scale)


def _two_levels(lowering: Lowering, node: Node, name: str, scale: Array, shift: Array) -> None:
    """Makes of a tensor the first output of a node: a shift, and where it is not below 0 a scale more."""
    tensor, above = lowering.tensor(Node(node.op, node.name, (name,), ())), f"{node.outputs[0]}.above"
    one = lowering.graph.maps[tensor.map]
    if lowering.uses[name] == 1 and one.coding is None and any(port.map == one.name for port in lowering.graph.inputs):
        one.coding = Coding(CLOSE_TO_ZERO, 1, 2)  # nothing but the signs of this input is read
    lowering.uses[above] = 1
    lowering.activate(Node(node.op, f"{node.name}.above", (name,), (above,)), Activation("step"))
    lowering.graph.maps[lowering.tensors[above].map].coding = Coding(1.0, 0, 1)
    lowering.affine(Node(node.op, node.name, (above,), node.outputs), above, lowering.tensors[above], scale, shift)


CLOSE_TO_ZERO = 2.0**-20
"""Numbers of an input that are closer to 0 have no sign."""


def state_two_levels(graph: FloatGraph) -> None:
    """Gives the maps of two opposite numbers, that no product has taken over, a coding that has both."""
    for step in graph.steps:
        if not (isinstance(step, ProductStep) and step.affine and step.activation.identity):
            continue
        scale, shift = step.kernel.weights().reshape(-1), step.kernel.biases()
        source, made = graph.maps[step.source.map], graph.maps[step.out]
        opposite = np.allclose(shift, -scale[0] / 2) and np.allclose(scale, scale[0]) and scale[0] > 0
        if source.coding == Coding(1.0, 0, 1) and made.coding is None and made.parent is None and opposite:
            made.coding = Coding(float(scale[0]) / 2, 1, 2)


@operator(
    "Trunc",
    becomes="a scale that is folded into a product, or one of its own; it states the coding of a map",
    limits="constant scale, zero of 0 and bits",
)
def trunc(lowering: Lowering, node: Node) -> None:
    """QONNX's truncation: whole numbers without their lowest bits, in the same scale, or from version 2 on in one that
    is given.
    """
    newer = len(node.inputs) > 5
    names = enumerate(("scale", "zero", "number of bits", "scale" if newer else "number of bits", "number of bits"), 1)
    found = [lowering.constant(node, n, name) for n, name in names if lowering.has(node, n)]
    scale, zero, bits = (float(values.reshape(-1)[0]) for values in found[:3])
    left = float(found[-1].reshape(-1)[0])
    if zero or found[0].size != 1:
        raise Unsupported("its zero is not 0, or its scale differs between channels")
    given = float(found[3].reshape(-1)[0]) if newer else scale
    fewer = np.rint(np.log2(given / scale)) if newer else bits - left
    factor = (given / scale if newer else 1.0) / 2.0**fewer
    signed = bool(node.attributes.get("signed", 1)) if newer else _may_be_negative(lowering, node.inputs[0])
    levels = Levels(
        given, 0.0, *whole_range(int(left), signed, bool(node.attributes.get("narrow", 0))),
        str(node.attributes.get("rounding_mode", "FLOOR")).upper(),
    )  # fmt: skip
    scaled = f"{node.outputs[0]}.scaled"
    lowering.uses[scaled] = 1
    turned = Node(node.op, f"{node.name}.scaled", node.inputs[:1], (scaled,))
    lowering.affine(turned, node.inputs[0], lowering.tensor(node), np.array(factor), np.zeros(1))
    rounded(lowering, Node(node.op, node.name, (scaled,), node.outputs), scaled, levels)


def _may_be_negative(lowering: Lowering, name: str) -> bool:
    """Whether numbers below 0 may be in a tensor, as far as its map's coding or the step that makes it says."""
    one = lowering.graph.maps[lowering.tensors[name].map]
    if one.coding is not None:
        return one.coding.zero > 0
    made = [step for step in lowering.graph.steps if step.out == one.name]
    sources = [lowering.graph.maps[view.map].coding for step in made for view in step.views]
    if made and made[-1].activation.function in ("relu", "sigmoid", "hardsigmoid"):
        return False
    return not (sources and all(coding is not None and coding.zero == 0 for coding in sources))


# FINN -------------------------------------------------------------------------------------------------------------

EVEN = 1e-3
"""A share of their distance by which thresholds may lie off an even spacing and still give the same codes."""


@operator(
    "MultiThreshold",
    becomes="a scale and a shift of each channel before its rounding, which states the coding of a map",
    limits="constant thresholds, evenly spaced to half their distance; channels first",
)
def multi_threshold(lowering: Lowering, node: Node) -> None:
    """FINN's activation: how many thresholds of its channel a number reaches, scaled and shifted."""
    tensor, limits = lowering.tensor(node), lowering.constant(node, 1, "list of thresholds").astype(np.float64)
    layout = str(node.attributes.get("data_layout", "") or {3: "NWC"}.get(len(tensor.shape), "NCHW"))
    axis = layout.index("C") if "C" in layout else 1
    if limits.ndim != 2 or len(tensor.shape) <= axis or limits.shape[0] not in (1, tensor.shape[axis]):
        raise Unsupported(f"its thresholds of shape {limits.shape} do not fit {tensor.shape}")
    first, apart = _even(lowering, node, limits)
    gain, bias = float(node.attributes.get("out_scale", 1.0)), float(node.attributes.get("out_bias", 0.0))
    count, wide = limits.shape[1], [-1, *(1 for _ in tensor.shape[axis + 1 :])]
    if count == 1:
        over = f"{node.outputs[0]}.over"
        lowering.uses[over] = 1
        turned = Node(node.op, f"{node.name}.over", node.inputs[:1], (over,))
        lowering.affine(turned, node.inputs[0], tensor, np.ones(1), -first.reshape(wide))
        _two_levels(lowering, node, over, np.array(gain), np.array(bias))
        return
    # A number reaches threshold k from first + k * apart on; rounding to the nearest goes up half a distance earlier.
    shift = (0.5 - first / apart).reshape(wide)
    as_codes = gain > 0 and bias / gain == round(bias / gain) and 0 <= -bias / gain <= count
    levels = Levels(gain, -bias / gain, 0, count) if as_codes else Levels(1.0, 0.0, 0, count)
    factor, moved = (gain, bias) if as_codes else (1.0, 0.0)
    name, out = node.inputs[0], node.outputs[0]
    scaled, whole = f"{out}.scaled", out if as_codes else f"{out}.whole"
    lowering.uses.update({scaled: 1, **({} if as_codes else {whole: 1})})
    before = Node(node.op, f"{node.name}.scaled", (name,), (scaled,))
    lowering.affine(before, name, tensor, factor / apart.reshape(wide), shift * factor + moved)
    rounded(lowering, Node(node.op, node.name, (scaled,), (whole,)), scaled, levels)
    if not as_codes:
        last = Node(node.op, f"{node.name}.levels", (whole,), (out,))
        lowering.affine(last, whole, lowering.tensors[whole], np.array(gain), np.array(bias))


def _even(lowering: Lowering, node: Node, limits: Array) -> tuple[Array, Array]:
    """The first threshold of each channel and their distance, for those that come nearest to an even spacing."""
    count = limits.shape[1]
    if count == 1:
        return limits[:, 0], np.ones(len(limits))
    places = np.arange(count) - (count - 1) / 2
    apart = (limits * places).sum(axis=1) / np.square(places).sum()
    first = limits.mean(axis=1) - (count - 1) / 2 * apart
    if not (np.isfinite(apart).all() and (apart > 0).all()):
        raise Unsupported("its thresholds do not rise")
    off = float((np.abs(limits - first[:, None] - np.arange(count) * apart[:, None]) / apart[:, None]).max())
    if off > 0.5:
        raise Unsupported(f"its thresholds are not evenly spaced: one is {off:.2g} of their distance off")
    if off > EVEN:
        lowering.graph.warnings.append(
            f"{node.name} ({node.op}): its thresholds lie up to {off:.2g} of their distance off an even spacing:"
            " codes may be one off"
        )
    return first, apart


# PULP -------------------------------------------------------------------------------------------------------------


@operator(
    "RequantShift",
    becomes="a scale and a shift of each channel, folded into a product, or one of its own",
    limits="constant mul and add",
)
def requant_shift(lowering: Lowering, node: Node) -> None:
    """PULP's requantisation of whole numbers: (x mul + add) / div, rounded down, and held between the first level and
    the last.
    """
    name, out, tensor = node.inputs[0], node.outputs[0], lowering.tensor(node)
    div, levels = number(node, "div"), number(node, "n_levels_out", "n_levels")
    signed = bool(number(node, "signed"))
    if not div > 0 or levels < 2:
        raise Unsupported(f"its div is {div:g} and its levels are {levels:g}")
    mul, add = (_by_channel(lowering.constant(node, n, w), len(tensor.shape)) for n, w in ((1, "mul"), (2, "add")))
    half = round(levels / 2 + 0.001)
    low, high = (-half, half - 1) if signed else (0, int(levels) - 1)
    scaled = f"{out}.scaled"
    lowering.uses[scaled] = 1
    turned = Node(node.op, f"{node.name}.scaled", (name,), (scaled,))
    lowering.affine(turned, name, tensor, mul / div, add / div)
    rounded(lowering, Node(node.op, node.name, (scaled,), (out,)), scaled, Levels(1.0, 0.0, low, high, "FLOOR"))


def _by_channel(values: Array, rank: int) -> Array:
    """One number for each channel along its axis, that PULP may write without the axes of space behind."""
    wide = values.astype(np.float64)
    return wide.reshape(-1, *(1 for _ in range(rank - 2))) if wide.ndim == 1 and rank > 2 else wide


def number(node: Node, *keys: str) -> float:
    """An attribute that is a number, or a tensor of one, by the first of its names that it has."""
    for key in keys:
        if key in node.attributes:
            return float(np.asarray(node.attributes[key]).reshape(-1)[0])
    raise Unsupported(f"its attribute {keys[0]} is missing")


# Round, Floor, Ceil -------------------------------------------------------------------------------------------------

TINY = 1e-6
"""What float32 may leave between a bound and a whole number."""

MODES = {"Round": "ROUND", "Floor": "FLOOR", "Ceil": "CEIL"}


@operator(
    *MODES,
    becomes="it states the coding of a map: whole numbers, or what they are scaled to behind it",
    limits="beside it a Clip with constant bounds; behind it a shift and a scale are taken along",
)
def round_numbers(lowering: Lowering, node: Node) -> None:
    """Whole numbers between bounds, scaled and shifted; `acortex.programs.network.rounded` finds what stands beside."""
    name, scale, shift = (
        node.inputs[0],
        float(node.attributes.get("scale", 1.0)),
        float(node.attributes.get("shift", 0.0)),
    )
    ends = float(node.attributes.get("low", -math.inf)), float(node.attributes.get("high", math.inf))
    step = None if node.attributes.get("whole") else lowering.open_step(name)
    if step is not None and step.activation.function in ("none", "relu"):
        held = 0.0 if step.activation.function == "relu" else step.activation.low
        ends = max(ends[0], at_end(node.op, held)), min(ends[1], at_end(node.op, step.activation.high))
    coding = lowering.graph.maps[lowering.tensor(node).map].coding
    if coding is not None:  # numbers that have levels already
        low, high = (at_end(node.op, (code - coding.zero) * coding.scale) for code in (0, (1 << coding.bits) - 1))
        ends = max(ends[0], low), min(ends[1], high)
    if not math.isfinite(ends[1] - ends[0]):
        raise Unsupported("nothing bounds what it rounds; a Clip with constant bounds before or behind it does")
    if step is not None and step.activation.function in ("none", "relu"):
        step.activation = Activation()  # the levels end where it does
    levels = Levels(scale, -shift, math.ceil(ends[0] - TINY), math.floor(ends[1] + TINY), MODES[node.op])
    if not node.attributes.get("whole") and (scale != 1 or shift != 0):
        scaled = f"{node.outputs[0]}.scaled"
        lowering.uses[scaled] = 1
        turned = Node(node.op, f"{node.name}.scaled", (name,), (scaled,))
        lowering.affine(turned, name, lowering.tensor(node), np.array(scale), np.array(scale * shift))
        name = scaled
    rounded(lowering, Node(node.op, node.name, (name,), node.outputs), name, levels)
