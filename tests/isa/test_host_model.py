"""What the host does of a network, as an ONNX model in a session of onnxruntime."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from onnx import TensorProto, helper

from acortex.errors import MissingExtra
from acortex.isa.host_model import HostModel, HostModelError


def model(kind: int = TensorProto.FLOAT, shape: tuple[int | None, ...] = (1, 3), op: str = "Identity") -> HostModel:
    """A model of one node."""
    infos = [helper.make_tensor_value_info(name, kind, shape) for name in ("a", "b")]
    graph = helper.make_graph([helper.make_node(op, ["a"], ["b"])], "g", infos[:1], infos[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return HostModel("part", made.SerializeToString())


def test_numbers_come_in_the_shape_and_type_that_it_declares() -> None:
    found = model(TensorProto.INT64).run({"a": np.array([1.0, 2.0, 3.0])})
    assert found["b"].tolist() == [[1, 2, 3]]
    assert found["b"].dtype == np.int64
    assert model().inputs == ("a",)


@pytest.mark.parametrize(
    ("declared", "given", "shape"),
    [
        ((1, 3), (3,), (1, 3)),
        ((None, 3), (2, 3), (2, 3)),
        ((None, 3), (6,), (2, 3)),
        ((2, None, 3), (2, 6), (2, 2, 3)),
        ((None, None), (2, 3), (2, 3)),
        ((None, None, 3), (2, 1, 3), (2, 1, 3)),
    ],
)
def test_one_extent_that_is_left_open_follows_and_of_several_the_shape_stays(
    declared: tuple[int | None, ...], given: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    assert model(shape=declared).run({"a": np.zeros(given)})["b"].shape == shape


@pytest.mark.parametrize("kind", [TensorProto.BOOL, TensorProto.UINT8, TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_each_type_is_known(kind: int) -> None:
    found = model(kind).run({"a": np.array([0, 1, 1])})
    assert found["b"].dtype == helper.tensor_dtype_to_np_dtype(kind)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (TensorProto.INT64, 1.5, "value 1.5 of a is no int64"),
        (TensorProto.UINT8, 256, "value 256 of a is no uint8"),
        (TensorProto.UINT8, -1, "value -1 of a is no uint8"),
        (TensorProto.BOOL, 2, "value 2 of a is no bool"),
    ],
)
def test_a_number_that_the_type_does_not_hold_is_refused(kind: int, value: float, message: str) -> None:
    with pytest.raises(HostModelError, match=message) as found:
        model(kind).run({"a": np.array([0, value, 1])})
    assert found.value.hint


def test_a_model_that_fails_says_so_in_a_line() -> None:
    infos = [helper.make_tensor_value_info("a", TensorProto.INT64, (1,))]
    out = helper.make_tensor_value_info("b", TensorProto.FLOAT, (1,))
    table = helper.make_tensor("t", TensorProto.FLOAT, (2,), [1.0, 2.0])
    graph = helper.make_graph([helper.make_node("Gather", ["t", "a"], ["b"])], "g", infos, [out], [table])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(HostModelError, match="the host's part fails: ") as found:
        HostModel("part", made.SerializeToString()).run({"a": np.array([7])})
    assert "\n" not in found.value.message


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(HostModelError, match="onnxruntime does not take the host's part"):
        HostModel("part", b"nothing").run({})


def test_an_operator_that_onnxruntime_lacks_is_refused() -> None:
    with pytest.raises(HostModelError, match="onnxruntime does not take the host's part"):
        model(op="Nonsense").run({"a": np.zeros((1, 3))})


def test_without_onnxruntime_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra) as found:
        model().run({"a": np.zeros((1, 3))})
    assert found.value.hint == 'pip install "acortex[verify]"'
