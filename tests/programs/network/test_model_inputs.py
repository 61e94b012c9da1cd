"""Inputs that the importer reads and refuses: shapes, open axes, types, and values at their bounds."""

from __future__ import annotations

from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper
from refused_models import WHERE, info, model, read, refusal

from acortex.errors import UsageError
from acortex.programs.network.dimensions import LARGEST, check_dims
from acortex.programs.network.importer import from_proto


@pytest.mark.parametrize(
    ("shape", "found", "batch"),
    [
        ((1, 4), (1, 4), None),
        (("N", 4), (1, 4), "N"),
        ((None, 4), (1, 4), ""),
        ((-1, 4), (1, 4), ""),
        ((5, "N", 4), (5, 1, 4), None),
        ((), (), None),
    ],
    ids=str,
)
def test_a_batch_that_is_open_is_one(shape: tuple[Any, ...], found: tuple[int, ...], batch: str | None) -> None:
    (value,) = read(inputs=[info("x", shape)]).inputs
    assert (value.shape, value.batch, value.dtype) == (found, batch, "float32")


@pytest.mark.parametrize(
    ("shape", "told", "dim"),
    [
        ((1, "H"), "axis 1 of its input x is H", "H=SIZE"),
        ((1, None), "axis 1 of its input x is open", "x.1=SIZE"),
        (("T", "N", 4), "axis 1 of its input x is N", "N=SIZE"),  # of two open ones the first is the batch
        ((5, 4, "C"), "axis 2 of its input x is C", "C=SIZE"),
        ((5, "N", 4, 4), "axis 1 of its input x is N", "N=SIZE"),
    ],
    ids=str,
)
def test_any_other_open_axis_is_to_be_fixed(shape: tuple[Any, ...], told: str, dim: str) -> None:
    assert refusal(model(inputs=[info("x", shape)])) == (told, f"fix it: --dim {dim}; only the batch may stay symbolic")


def test_an_input_is_a_tensor_with_a_shape() -> None:
    told = "its input x is not a tensor with a shape"
    assert refusal(model(inputs=[info("x", None)])) == (told, "export it with a shape; axes may stay open")
    sequence = helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, [1])
    assert refusal(model(inputs=[sequence])) == (told, "networks take tensors")
    assert refusal(model(inputs=[info("x", [1] * 17)])) == ("its input x has 17 axes, 16 is the most", "")
    below = refusal(model(inputs=[info("x", [1, -2])]))
    assert below == ("its input x has shape (1, -2)", "sizes are whole numbers from 0 on")


@pytest.mark.parametrize(
    ("kind", "name"), [(TensorProto.BOOL, "bool"), (TensorProto.UINT8, "uint8"), (TensorProto.FLOAT16, "float16")]
)
def test_an_input_has_its_type(kind: int, name: str) -> None:
    assert read(inputs=[info("x", (1, 4), kind)]).inputs[0].dtype == name


def test_an_input_of_a_type_that_no_file_of_arrays_holds_is_refused() -> None:
    hint = "export it with booleans, integers, or floats of 16, 32 or 64 bits"
    for kind, name in (
        (TensorProto.STRING, "string"),
        (TensorProto.BFLOAT16, "bfloat16"),
        (TensorProto.COMPLEX64, "complex64"),
    ):
        assert refusal(model(inputs=[info("x", (1, 4), kind)])) == (f"its input x has type {name}", hint)
    assert refusal(model(inputs=[info("x", (1, 4), 99)])) == ("its input x has no known type", "")


def dims_refusal(inputs: list[onnx.ValueInfoProto], dims: Any) -> tuple[str, str, str]:
    with pytest.raises(UsageError) as caught:
        check_dims(inputs, dims, WHERE)
    return caught.value.message, caught.value.where, caught.value.hint


def test_a_size_is_of_an_open_axis_and_in_bounds() -> None:
    open_ones = [info("x", ("N", 3, "H", None))]
    assert LARGEST == 67_108_864
    for dims in ({"H": 1}, {"H": LARGEST}, {"x.3": 5}, {"N": 1}):
        check_dims(open_ones, dims, WHERE)
    assert dims_refusal(open_ones, {"h": 5})[2] == "did you mean `H`?"
    assert dims_refusal(open_ones, {"w": 5}) == (
        "no axis w of its inputs is open",
        WHERE,
        "open axes: N, x.0, H, x.2, x.3",
    )
    assert dims_refusal(open_ones, {"x.1": 5})[2].startswith("did you mean")
    assert dims_refusal([info("x")], {"H": 5}) == ("no axis H of its inputs is open", WHERE, "leave --dim out")
    told = f"allowed is 1 to {LARGEST}"
    assert dims_refusal(open_ones, {"H": 0}) == (f"the size of the axis H is 0, {told}", WHERE, "")
    beyond = LARGEST + 1
    assert dims_refusal(open_ones, {"H": beyond}) == (f"the size of the axis H is {beyond}, {told}", WHERE, "")
    for size in (True, 1.5, "5"):
        found = dims_refusal(open_ones, {"H": size})
        assert found == (f"the size of the axis H is of type {type(size).__name__}", WHERE, "give a whole number")


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        (TensorProto.INT8, -128, 127),
        (TensorProto.UINT8, 0, 255),
        (TensorProto.BOOL, 0, 1),
        (TensorProto.UINT16, 0, 2**16 - 1),
        (TensorProto.INT16, -(2**15), 2**15 - 1),
        (TensorProto.INT32, -(2**31), 2**31 - 1),
        (TensorProto.UINT32, 0, 2**32 - 1),
        (TensorProto.UINT64, 0, 2**64 - 1),
        (TensorProto.INT64, -(2**63), 2**63 - 1),
    ],
)
def test_a_value_of_an_input_is_one_that_its_type_holds(kind: int, least: int, most: int) -> None:
    for shape in ((), (1,), ("N",), ("N", 1)):
        for value in (least, most):
            made = model(inputs=[info("x"), info("n", shape, kind)])
            found = from_proto(made, where=WHERE, dims={"n": value})
            assert [one.name for one in found.inputs] == ["x"]
            constant = found.constants["n"].load()
            assert (constant.shape, constant.reshape(-1).tolist()) == ((1,) * len(shape), [value])
    for value in (least - 1, most + 1):
        told, where, _ = dims_refusal([info("n", (1,), kind)], {"n": value})
        assert told.startswith(f"the input n cannot be {value}: its type is ") and where == WHERE


@pytest.mark.parametrize("shape", [(2,), (1, "N"), (1, 3), None])
def test_an_input_of_more_numbers_has_no_value(shape: Any) -> None:
    assert dims_refusal([info("n", shape, TensorProto.INT64)], {"n": 5})[0] == "no axis n of its inputs is open"
