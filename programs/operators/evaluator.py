"""Constants of operators that have no rule of ours, by ONNX's reference evaluator.

A node is evaluated alone. Nothing is computed whose size cannot be told beforehand, or of which a small file could
cause minutes of work: the evaluator is written to be read, and some of its operators take a step of Python for each
number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.network import inference
from acortex.programs.network.network import Node
from acortex.programs.network.subgraphs import graphs
from acortex.programs.operators.context import Unsupported
from acortex.programs.operators.registry import why_unknown

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]

LARGEST = 1 << 24
"""Numbers of a constant that a node may make of smaller ones."""

MOST_PRODUCTS = 1 << 30

MOST_EVALUATED = 1 << 20
"""Numbers that the evaluator takes or makes."""

MOST_STEPS = 1 << 14
"""The same of operators that take a step of Python for each, or several."""

BY_STEPS = (
    "Resize", "Upsample", "MaxPool", "AveragePool", "LpPool", "GridSample", "RoiAlign", "MaxRoiPool", "MaxUnpool",
    "NonMaxSuppression", "Col2Im", "DeformConv", "ScatterND", "LRN", "TfIdfVectorizer", "StringNormalizer",
)  # fmt: skip
"""Operators that the evaluator computes number by number."""

DRAWN = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")
"""Operators whose results differ from run to run."""

MULTIPLIES = (
    "Conv", "ConvTranspose", "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul", "Einsum", "LSTM", "GRU",
    "RNN", "DFT", "STFT", "Det", "Attention",
)  # fmt: skip
"""Operators whose work is more than a few steps for each number of the result."""

SELECTS = ("Compress", "NonZero", "Unique")
"""Operators that leave some of their numbers, of which only the values say how many."""


def evaluated(node: Node, values: Sequence[Array | None], opset: int) -> list[Array]:
    """The outputs of a node of constants. Raises Unsupported where they cannot be computed."""
    if node.op in DRAWN:
        raise Unsupported("it draws random numbers")
    if any(graphs(node)) or "." in node.op:
        raise Unsupported("it works on constants, and cannot be folded")
    try:
        from onnx import defs
        from onnx.reference import ReferenceEvaluator
    except ImportError:
        raise Unsupported("it works on constants, and takes the package onnx to be folded") from None
    if not defs.has(node.op, ""):
        raise Unsupported(why_unknown(node.op))
    try:
        model = _alone(node, values, opset)
        _check_size(node, values, model)
        with np.errstate(all="ignore"):
            made = ReferenceEvaluator(model).run(None, {})
    except Unsupported:
        raise
    except Exception as error:  # the evaluator raises errors of any type
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise Unsupported(f"its constants do not fit together ({reason[:200]})") from None
    if not all(isinstance(one, np.ndarray | np.generic) for one in made):
        raise Unsupported("it makes no tensor")
    return [np.asarray(one) for one in made]


def _alone(node: Node, values: Sequence[Array | None], opset: int) -> onnx.ModelProto:
    """A model of one node and its constants."""
    from onnx import helper, numpy_helper

    known = {name: value for name, value in zip(node.inputs, values, strict=True) if name and value is not None}
    own = helper.make_node(node.op, node.inputs, node.outputs, **node.attributes)
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.outputs if name]
    tensors = [numpy_helper.from_array(np.asarray(value, order="C"), name) for name, value in known.items()]
    graph = helper.make_graph([own], "alone", [], outputs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def _check_size(node: Node, values: Sequence[Array | None], model: onnx.ModelProto) -> None:
    """Refuses a node that makes too much of too little, before it does."""
    sizes = [value.size for value in values if value is not None]
    given = max(sizes, default=1)
    made = given if node.op in SELECTS else _numbers(model)
    most = MOST_STEPS if node.op in BY_STEPS else MOST_EVALUATED
    if max(made, given) > most:
        raise Unsupported(f"it works on constants of {max(made, given)} numbers, {most} is the most")
    if node.op in MULTIPLIES and made * given > MOST_PRODUCTS:
        raise Unsupported(f"it multiplies constants {made * given} times, {MOST_PRODUCTS} is the most")


def _numbers(model: onnx.ModelProto) -> int:
    """The numbers of the largest output of a model of one node, as ONNX infers its shape."""
    found = inference.inferred(model, strict=True, data=True)
    shapes = {info.name: info.type.tensor_type for info in (*found.graph.value_info, *found.graph.output)}
    largest = 0
    for info in model.graph.output:
        tensor = shapes.get(info.name)
        if tensor is None or not tensor.HasField("shape"):
            raise Unsupported("it works on constants, and how much it makes of them cannot be told")
        sizes = [one.dim_value if one.HasField("dim_value") else -1 for one in tensor.shape.dim]
        if min(sizes, default=0) < 0:
            raise Unsupported("it works on constants, and how much it makes of them cannot be told")
        largest = max(largest, math.prod(sizes))
    return largest
