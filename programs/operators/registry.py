"""The registry of operators: what the chip makes of each ONNX operator, and with which attributes.

A row binds an operator's name to the function that lowers its nodes to steps; the table of supported operators in the
documentation is made from the rows. The functions stand in the files beside this one, one for each family.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acortex.wording import any_of, nearest

if TYPE_CHECKING:
    from acortex.programs.network.network import Node
    from acortex.programs.operators.context import Lowering

Lower = Callable[["Lowering", "Node"], None]


@dataclass(frozen=True)
class Operator:
    """One row: an ONNX operator, what becomes of it, and what of it is not supported."""

    name: str
    becomes: str
    limits: str
    lower: Lower


OPERATORS: dict[str, Operator] = {}


def operator(*names: str, becomes: str, limits: str = "") -> Callable[[Lower], Lower]:
    """Binds operators to the function that lowers them."""

    def bind(lower: Lower) -> Lower:
        for name in names:
            if name in OPERATORS:
                raise AssertionError(f"two rows for the operator {name}")
            OPERATORS[name] = Operator(name, becomes, limits, lower)
        return lower

    return bind


INSTEAD = {
    "LpPool": ("AveragePool", "MaxPool"), "MaxRoiPool": ("MaxPool",), "GlobalLpPool": ("GlobalAveragePool",),
    "LayerNormalization": ("BatchNormalization",), "InstanceNormalization": ("BatchNormalization",),
    "GroupNormalization": ("BatchNormalization",), "RMSNormalization": ("BatchNormalization",),
    "SimplifiedLayerNormalization": ("BatchNormalization",), "LpNormalization": ("BatchNormalization",),
    "MeanVarianceNormalization": ("BatchNormalization",), "ReduceMin": ("ReduceMax",),
    "GatherElements": ("Gather",), "GatherND": ("Gather",),
    "CenterCropPad": ("Slice", "Pad"),
}  # fmt: skip
"""What a network may have in the place of operators that the chip lacks: other ones, not the same."""


CALLED = {
    "linear": "Gemm", "dense": "Gemm", "fullyconnected": "Gemm", "innerproduct": "Gemm", "convolution": "Conv",
    "conv1d": "Conv", "conv2d": "Conv", "conv3d": "Conv", "depthwiseconv2d": "Conv", "deconvolution": "ConvTranspose",
    "convtranspose2d": "ConvTranspose", "batchnorm": "BatchNormalization", "batchnorm2d": "BatchNormalization",
    "maxpool2d": "MaxPool", "avgpool": "AveragePool", "avgpool2d": "AveragePool", "globalavgpool": "GlobalAveragePool",
    "silu": "Swish", "relu6": "Clip", "hardtanh": "Clip", "layernorm": "LayerNormalization",
    "groupnorm": "GroupNormalization", "instancenorm": "InstanceNormalization", "rmsnorm": "RMSNormalization",
    "pixelshuffle": "DepthToSpace", "pixelunshuffle": "SpaceToDepth", "interpolate": "Resize", "permute": "Transpose",
    "view": "Reshape", "cat": "Concat", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "bmm": "MatMul",
}  # fmt: skip
"""What other tools call operators of ONNX, in small letters."""


def why_unknown(name: str) -> str:
    """What to say of an operator without a row: which ones do nearly the same, of a misspelt one which is meant."""
    meant = _meant(name)
    if meant:
        return f"{NONE_SUCH}; ONNX calls it {meant}"
    instead = INSTEAD.get(name, ())
    if instead:
        return f"{NONE_SUCH}; {any_of(instead)} {'comes' if len(instead) == 1 else 'come'} near"
    near = [] if _known_to_onnx(name) else nearest(name, OPERATORS)
    return NONE_SUCH + (f"; {near[0]} is one" if near else "")


NONE_SUCH = "the chip has no such operator"


def _meant(name: str) -> str:
    """What ONNX calls an operator that has another tool's name, or other capitals; empty where it is none of these."""
    if name in OPERATORS or name in INSTEAD or "." in name:
        return ""
    low = name.lower().replace("_", "")
    capitals = {one.lower(): one for one in (*INSTEAD, *OPERATORS)}
    meant = CALLED.get(low) or capitals.get(low, "")
    return "" if meant == name or _known_to_onnx(name) else meant


def _known_to_onnx(name: str) -> bool:
    """Whether ONNX has an operator of a name, which is then not misspelt."""
    try:
        from onnx import defs
    except ImportError:
        return False
    return bool(defs.has(name, ""))


def table() -> list[dict[str, str]]:
    """The supported operators, in order of their names, as plain rows."""
    rows = sorted(OPERATORS.values(), key=lambda row: row.name)
    return [{"operator": row.name, "becomes": row.becomes, "limits": row.limits} for row in rows]


def markdown() -> str:
    """The supported operators as a table for the documentation."""
    lines = ["| operator | becomes | limits |", "|---|---|---|"]
    lines += [f"| {row['operator']} | {row['becomes']} | {row['limits']} |" for row in table()]
    return "\n".join(lines) + "\n"
