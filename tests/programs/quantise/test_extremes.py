"""Numbers at the ends of float32: an error that names the layer, or the nearest code, and never a warning of NumPy."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import acortex
from acortex.errors import UsageError
from acortex.programs.quantise.layers import _whole


def saved(path: Path, shape: tuple[int, ...], tensors: dict[str, np.ndarray], *nodes: onnx.NodeProto) -> Path:
    """A model of some nodes."""
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    made = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    constants = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in tensors.items()]
    graph = helper.make_graph(nodes, "g", [given], [made], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


@pytest.mark.parametrize("bias", [2.0**63, -1e30, float("nan")])
def test_a_bias_that_no_whole_number_of_steps_holds_names_its_layer(bias: float) -> None:
    step: Any = SimpleNamespace(name="dense", op="Gemm")
    assert _whole(step, np.array([2.0**62, -(2.0**62)])).tolist() == [2**62, -(2**62)]
    with pytest.raises(UsageError, match=r"dense \(Gemm\): its bias is .* steps of its sums, 4\.61e\+18 is the most"):
        _whole(step, np.array([1.0, bias]))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_state_at_the_end_of_float32_begins_with_the_nearest_code(tmp_path: Path, sign: int) -> None:
    node = helper.make_node("LSTM", ["x", "w", "r", "", "", "h", "c"], ["y"], hidden_size=4)
    rng = np.random.default_rng(0)
    tensors = {"w": rng.normal(size=(1, 16, 3)), "r": rng.normal(size=(1, 16, 4)), "h": np.zeros((1, 1, 4))}
    outputs = []
    for number in (3e38, 16.0):  # 16 is beyond the largest state
        path = saved(tmp_path / "m.onnx", (2, 1, 3), {**tensors, "c": np.full((1, 1, 4), sign * number)}, node)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            compiled = acortex.compile(path, calibration=np.ones((1, 2, 1, 3), np.float32))
        outputs.append(acortex.run(compiled.program, inputs=np.ones((1, 2, 1, 3), np.float32)).outputs["y"])
    assert np.allclose(outputs[0][0, 0], outputs[1][0, 0], atol=0.1)  # a code, whose scales differ a little
