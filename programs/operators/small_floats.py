"""QONNX's quantiser to floating-point numbers of few bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import Lowering, Unsupported
from acortex.programs.operators.registry import operator
from acortex.programs.operators.rounding import ROUNDS
from acortex.programs.steps import Activation

Array = NDArray[Any]


@dataclass(frozen=True)
class Format:
    """Floating-point numbers with bits of exponents and mantissas, from -`largest` to `largest`, that `mode` rounds to.

    The smallest exponent is 1 - `bias`; below it numbers have fewer digits.
    """

    exponent: float
    mantissa: float
    bias: float
    largest: float
    mode: str

    def nearest(self, x: Array) -> Array:
        """The numbers of the format for some numbers, of their type and shape."""
        lowest = 1 - self.bias - self.mantissa
        scale = np.floor(np.log2(np.abs(x) + np.finfo(x.dtype).tiny)) - self.mantissa
        step = np.exp2(np.maximum(scale, lowest)).astype(x.dtype)
        held: Array = np.clip(ROUNDS.get(self.mode, np.rint)(x / step) * step, -self.largest, self.largest)
        return held


@operator(
    "FloatQuant",
    becomes="nothing: it states a range; of a constant, its numbers", limits="constant scale and bits; saturates",
)  # fmt: skip
def float_quant(lowering: Lowering, node: Node) -> None:
    """Floating-point numbers of few bits. Of a computed tensor the range alone is kept: codes are evenly spaced."""
    scale = lowering.constant(node, 1, "scale").astype(np.float64)
    if not node.attributes.get("saturation", 1) or not (scale > 0).all():
        raise Unsupported("it does not saturate, or its scale is not above 0")
    form = _format(lowering, node)
    if lowering.is_constant(node, 0):
        lowering.constants[node.outputs[0]] = _held(lowering.constants[node.inputs[0]], scale, form)
        return
    if (scale != scale.reshape(-1)[:1]).any():
        raise Unsupported("its scale differs between channels")
    lowering.graph.warnings.append(
        f"{node.name} ({node.op}): its numbers are floating-point ones of {1 + form.exponent + form.mantissa:g} bits,"
        " the chip's codes are evenly spaced: the range is kept"
    )
    bound = form.largest * float(scale.reshape(-1)[0])
    lowering.activate(node, Activation(low=-bound, high=bound))


def _format(lowering: Lowering, node: Node) -> Format:
    what = ("bits of exponents", "bits of mantissas", "bias of exponents", "largest number")
    sizes = [float(lowering.constant(node, n, one).reshape(-1)[0]) for n, one in enumerate(what, 2)]
    exponent, mantissa, bias, most = sizes
    if not (1 <= exponent <= 8 and 0 <= mantissa <= 23 and most > 0):
        raise Unsupported(f"its numbers have {exponent:g} bits of exponents and {mantissa:g} of mantissas")
    highest = (2 - 2.0**-mantissa) * 2.0 ** min(2.0**exponent - 1 - bias, 127)
    return Format(exponent, mantissa, bias, min(most, highest), str(node.attributes.get("rounding_mode", "")).upper())


def _held(given: Constant, scale: Array, form: Format) -> Constant:
    """A constant at the numbers of a format, times a scale."""
    if np.broadcast_shapes(given.shape, scale.shape) != given.shape:
        raise Unsupported(f"its scale of shape {scale.shape} does not fit {given.shape}")
    small = scale.astype(np.float32)
    return Constant(given.shape, lambda: form.nearest(given.load().astype(np.float32) / small) * small)
