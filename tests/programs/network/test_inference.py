"""Shape inference: that of ONNX, in a process of its own where ONNX may end the process."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, shape_inference

from acortex.programs.network import inference


def sliced(kernel: int, step: int = 1) -> onnx.ModelProto:
    """A convolution of an image of 8 x 8, and a Slice of its rows."""
    numbers = {"starts": [1], "ends": [7], "axes": [2], "steps": [step]}
    tensors = [numpy_helper.from_array(np.array(value), name) for name, value in numbers.items()]
    weights = helper.make_tensor("w", TensorProto.FLOAT, (4, 3, kernel, 1), bytes(48 * kernel), raw=True)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[kernel, 1]),
        helper.make_node("Slice", ["c", *numbers], ["y"]),
    ]
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))
    graph = helper.make_graph(nodes, "g", [image], [helper.make_empty_tensor_value_info("y")], [weights, *tensors])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def dims(model: onnx.ModelProto) -> list[int]:
    return [one.dim_value for one in model.graph.output[0].type.tensor_type.shape.dim]


@pytest.mark.parametrize("step", [1, -1])
def test_a_process_of_its_own_infers_what_onnx_does(step: int) -> None:
    model = sliced(3, step)
    assert inference.inferred(model) == shape_inference.infer_shapes(model)
    assert inference.inferred(model, data=True) == shape_inference.infer_shapes(model, data_prop=True)


def test_a_slice_of_what_a_large_kernel_leaves_raises_instead_of_ending_the_process() -> None:
    try:
        made = dims(inference.inferred(sliced(17)))
    except ValueError as error:
        assert str(error).startswith("ONNX cannot infer shapes: ")
    else:  # an onnx without the assertion
        assert len(made) == 4


def test_what_strict_inference_finds_is_raised_with_its_text() -> None:
    model = sliced(3)
    model.graph.initializer[3].CopyFrom(numpy_helper.from_array(np.array([9]), "axes"))
    with pytest.raises(ValueError, match=r"(?s)ONNX cannot infer shapes: .*Slice"):
        inference.inferred(model, strict=True)
    inference.inferred(model)


def test_a_network_without_a_slice_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *line, **options: pytest.fail("a process was started"))
    model = sliced(3)
    del model.graph.node[1:]
    model.graph.output[0].name = "c"
    assert dims(inference.inferred(model)) == [1, 4, 6, 8]


def test_a_slice_in_a_branch_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    model = sliced(3)
    body = helper.make_graph([model.graph.node[1]], "b", [], [helper.make_empty_tensor_value_info("y")])
    del model.graph.node[1:]
    model.graph.node.append(helper.make_node("If", ["k"], ["y"], then_branch=body, else_branch=body))
    started = []
    monkeypatch.setattr(
        subprocess, "run", lambda line, **options: started.append(line) or SimpleNamespace(returncode=1, stderr=b"no")
    )
    with pytest.raises(ValueError, match="ONNX cannot infer shapes: no"):
        inference.inferred(model)
    assert len(started) == 1


def test_inference_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "PATIENCE_S", 0.001)
    with pytest.raises(ValueError, match=r"ONNX inferred no shapes within 0\.001 s"):
        inference.inferred(sliced(3))
