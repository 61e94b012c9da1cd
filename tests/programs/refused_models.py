"""Small models that the importer reads or refuses, and what it says of those that it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from acortex.errors import UsageError
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Model

WHERE = "net.onnx"


def info(name: str, shape: Any = (1, 4), kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def model(
    *nodes: onnx.NodeProto,
    inputs: list[onnx.ValueInfoProto] | None = None,
    outputs: tuple[str, ...] = ("y",),
    tensors: list[onnx.TensorProto] | None = None,
    opset: int = 17,
    **more: Any,
) -> onnx.ModelProto:
    """A model of nodes; of a Relu from x to y where none is given."""
    ends = [info("x")] if inputs is None else inputs
    made = list(nodes) or [helper.make_node("Relu", ["x"], ["y"])]
    graph = helper.make_graph(made, "net", ends, [info(name, None) for name in outputs], tensors or [], **more)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def refusal(made: onnx.ModelProto, **more: Any) -> tuple[str, str]:
    """The message and the hint of a model that is refused, which name its file."""
    with pytest.raises(UsageError) as caught:
        from_proto(made, where=WHERE, **more)
    assert caught.value.where == WHERE
    return caught.value.message, caught.value.hint


def read(*nodes: onnx.NodeProto, **more: Any) -> Model:
    return from_proto(model(*nodes, **more), where=WHERE)


def ones(name: str, *shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ones(shape, np.float32), name)
