"""Tensors of an ONNX file: numbers of each type, in the file and beside it, and what of them is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from acortex.errors import UsageError
from acortex.programs.network import external as module
from acortex.programs.network.external import decode, drawn, external, is_external, is_missing, locations

WHERE = "net.onnx"


def beside(
    folder: Path, data: bytes, kind: int = TensorProto.FLOAT, shape: tuple[int, ...] = (2, 3), **entries: object
) -> onnx.TensorProto:
    """A tensor whose bytes lie in the file w.bin of a folder."""
    (folder / "w.bin").write_bytes(data)
    tensor = TensorProto(name="w", data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": "w.bin", **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def read(tensor: onnx.TensorProto, folder: Path | None) -> np.ndarray[Any, Any]:
    return external(tensor, tuple(tensor.dims), folder, WHERE)()


def refusal(tensor: onnx.TensorProto, folder: Path | None) -> tuple[str, str]:
    """The message and the hint of what is refused before anything is read."""
    with pytest.raises(UsageError) as caught:
        external(tensor, tuple(tensor.dims), folder, WHERE)
    assert caught.value.where == WHERE
    return caught.value.message, caught.value.hint


SIX = np.arange(6, dtype=np.float32).reshape(2, 3)

# Beside the file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "numpy", "given"),
    [
        (TensorProto.FLOAT, "<f4", "float32"),
        (TensorProto.DOUBLE, "<f8", "float64"),
        (TensorProto.FLOAT16, "<f2", "float16"),
        (TensorProto.INT64, "<i8", "int64"),
        (TensorProto.UINT8, "u1", "uint8"),
    ],
)
def test_numbers_of_a_file_are_of_the_tensors_type_in_little_endian(
    tmp_path: Path, kind: int, numpy: str, given: str
) -> None:
    found = read(beside(tmp_path, SIX.astype(numpy).tobytes(), kind), tmp_path)
    assert (found.dtype, found.tolist()) == (np.dtype(given), SIX.tolist())


@pytest.mark.parametrize("entries", [{"offset": 8}, {"offset": 8, "length": 24}, {"offset": "0008", "length": 25}])
def test_numbers_begin_at_their_offset(tmp_path: Path, entries: dict[str, object]) -> None:
    tensor = beside(tmp_path, bytes(8) + SIX.tobytes() + b"x", **entries)
    assert read(tensor, tmp_path).tolist() == SIX.tolist()


PACKED = [
    ("INT4", 4, [8, 7, 15, 0, 3], [-8, 7, -1, 0, 3], "int8"),
    ("UINT4", 4, [15, 0, 1, 8, 7], [15, 0, 1, 8, 7], "uint8"),
    ("FLOAT4E2M1", 4, [1, 7, 10, 0, 2], [0.5, 6.0, -1.0, 0.0, 1.0], "float32"),
    ("INT2", 2, [2, 1, 3, 0, 1], [-2, 1, -1, 0, 1], "int8"),
    ("UINT2", 2, [3, 0, 1, 2, 1], [3, 0, 1, 2, 1], "uint8"),
]
"""A type, its bits, codes, and the numbers that they are."""


@pytest.mark.parametrize(("name", "bits", "codes", "values", "given"), PACKED, ids=[row[0] for row in PACKED])
def test_small_numbers_are_packed_several_to_a_byte_the_first_in_the_low_bits(
    tmp_path: Path, name: str, bits: int, codes: list[int], values: list[float], given: str
) -> None:
    """Of the last byte some bits are unused: five numbers of four bits take three bytes, of two bits two."""
    if not hasattr(TensorProto, name):
        pytest.skip(f"this version of onnx has no {name}")
    kind, size = getattr(TensorProto, name), -(-5 * bits // 8)
    data = b"zz" + sum(code << bits * at for at, code in enumerate(codes)).to_bytes(size, "little")
    found = read(beside(tmp_path, data, kind, (5,), offset=2), tmp_path)
    assert (found.dtype, found.tolist()) == (np.dtype(given), values)
    told = refusal(beside(tmp_path, data[:-1], kind, (5,), offset=2), tmp_path)[0]
    assert told == f"its tensor w needs {size} bytes from 2 on, w.bin has {1 + size}"


def test_a_file_that_ends_with_the_tensor_is_long_enough_and_one_byte_less_is_not(tmp_path: Path) -> None:
    assert read(beside(tmp_path, SIX.tobytes()), tmp_path).tolist() == SIX.tolist()
    told = refusal(beside(tmp_path, SIX.tobytes()[:-1]), tmp_path)
    assert told == (
        "its tensor w needs 24 bytes from 0 on, w.bin has 23",
        "export the model anew, with its external data",
    )


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({"offset": 1}, "its tensor w needs 24 bytes from 1 on, w.bin has 24"),
        ({"length": 25}, "its tensor w needs 25 bytes from 0 on, w.bin has 24"),
        ({"length": 23}, "its tensor w needs 24 bytes, and its external data have a length of 23"),
    ],
)
def test_an_offset_or_a_length_that_does_not_fit_is_refused(
    tmp_path: Path, entries: dict[str, object], told: str
) -> None:
    found = refusal(beside(tmp_path, SIX.tobytes(), **entries), tmp_path)
    assert found == (told, "export the model anew, with its external data")


@pytest.mark.parametrize("text", ["-1", "1.5", "", "0x8", "٣", "1" * 21, " 8"])
def test_an_offset_is_a_whole_number_of_at_most_twenty_digits(tmp_path: Path, text: str) -> None:
    for what in ("offset", "length"):
        message, hint = refusal(beside(tmp_path, SIX.tobytes(), **{what: text}), tmp_path)
        assert message == f"the external data of its tensor w have the {what} {text[:40]!r}"
        assert hint == "it is a whole number of bytes, from 0 on"


def test_twenty_digits_are_read_as_a_number(tmp_path: Path) -> None:
    assert module.MOST_DIGITS == 20
    assert refusal(beside(tmp_path, SIX.tobytes(), offset="9" * 20), tmp_path)[0].startswith(
        "its tensor w needs 24 bytes"
    )


@pytest.mark.parametrize("location", ["../w.bin", "sub/../../w.bin"])
def test_a_file_outside_the_folder_is_not_read(tmp_path: Path, location: str) -> None:
    (tmp_path / "model").mkdir()
    tensor = beside(tmp_path, SIX.tobytes(), location=location)
    assert refusal(tensor, tmp_path / "model") == (
        f'its tensor w names the file "{location}"',
        "external data must lie inside the model's folder",
    )


def test_an_absolute_path_is_not_read_even_inside(tmp_path: Path) -> None:
    location = str(tmp_path / "w.bin")
    told = refusal(beside(tmp_path, SIX.tobytes(), location=location), tmp_path)[0]
    assert told == f'its tensor w names the file "{location[:200]}"'


def test_a_path_that_no_system_has_is_not_read(tmp_path: Path) -> None:
    assert refusal(beside(tmp_path, b"", location="a\0b"), tmp_path)[0] == 'its tensor w names the file "a\0b"'


def test_a_file_that_is_not_there_can_be_filled(tmp_path: Path) -> None:
    message, hint = refusal(beside(tmp_path, b"", location="other.bin"), tmp_path)
    assert message == 'its tensor w needs the file "other.bin", which is not there'
    assert "--fill-weights" in hint
    (tmp_path / "folder").mkdir()
    assert "which is not there" in refusal(beside(tmp_path, b"", location="folder"), tmp_path)[0]


@pytest.mark.parametrize("folder", [True, False])
def test_a_tensor_without_a_file_or_a_model_without_a_folder_is_refused(tmp_path: Path, folder: bool) -> None:
    tensor = beside(tmp_path, SIX.tobytes(), location="" if folder else "w.bin")
    told = refusal(tensor, tmp_path if folder else None)[0]
    assert told == "its tensor w lies in an external file that is not named"


def test_a_type_that_there_is_not_cannot_be_read(tmp_path: Path) -> None:
    told = refusal(beside(tmp_path, SIX.tobytes(), 99), tmp_path)[0]
    assert told.startswith("the external data of its tensor w cannot be read (")


@pytest.mark.parametrize(
    ("kind", "location", "folder", "missing"),
    [
        (TensorProto.FLOAT, "other.bin", True, True),
        (TensorProto.FLOAT16, "sub/other.bin", True, True),
        (TensorProto.FLOAT, "w.bin", True, False),
        (TensorProto.INT64, "other.bin", True, False),
        (TensorProto.FLOAT, "../other.bin", True, False),
        (TensorProto.FLOAT, "", True, False),
        (TensorProto.FLOAT, "other.bin", False, False),
        (99, "other.bin", True, False),
        (TensorProto.FLOAT, "a\0b", True, False),
    ],
)
def test_only_floats_of_a_file_that_should_lie_in_the_folder_are_missing(
    tmp_path: Path, kind: int, location: str, folder: bool, missing: bool
) -> None:
    tensor = beside(tmp_path, b"", kind, location=location)
    assert is_missing(tensor, tmp_path if folder else None) == missing


# In the file ------------------------------------------------------------------------------------------------------


def test_a_tensor_in_the_file_is_decoded_in_its_type() -> None:
    for array in (SIX, SIX.astype(np.int8), SIX > 2):
        found = decode(numpy_helper.from_array(array, "w"), WHERE)
        assert (found.dtype, found.tolist()) == (array.dtype, array.tolist())


@pytest.mark.parametrize(
    ("kind", "values", "given"),
    [
        (TensorProto.INT4, [-8, 7, 0], "int8"),
        (TensorProto.UINT4, [15, 7, 0], "uint8"),
        (TensorProto.BFLOAT16, [1.5, -2.0, 0.0], "float32"),
        (TensorProto.FLOAT8E4M3FN, [1.5, -2.0, 0.0], "float32"),
    ],
)
def test_types_that_numpy_lacks_become_its_own(kind: int, values: list[float], given: str) -> None:
    found = decode(helper.make_tensor("w", kind, [3], values), WHERE)
    assert (found.dtype, found.tolist()) == (np.dtype(given), values)


@pytest.mark.parametrize(
    ("tensor", "told"),
    [
        (helper.make_tensor("w", TensorProto.STRING, [1], [b"x"]), "its tensor w holds texts"),
        (helper.make_tensor("w", TensorProto.COMPLEX64, [1], [1j]), "its tensor w holds numbers of type complex64"),
    ],
    ids=["texts", "complex"],
)
def test_what_is_no_real_number_is_refused(tensor: onnx.TensorProto, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        decode(tensor, WHERE)
    assert (caught.value.message, caught.value.hint) == (told, "networks are made of real numbers")
    assert caught.value.where == WHERE


def test_damaged_numbers_are_one_error() -> None:
    broken = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3], raw_data=b"12345")
    with pytest.raises(UsageError, match=r"^net\.onnx: its tensor w is malformed \("):
        decode(broken, WHERE)


# Wherever in a model ----------------------------------------------------------------------------------------------


def named(location: str) -> onnx.TensorProto:
    """A tensor that lies in a file of this name."""
    tensor = TensorProto(name=location, data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="offset", value="7")
    tensor.external_data.add(key="location", value=location)
    return tensor


def test_files_are_found_wherever_a_tensor_is_each_once() -> None:
    inner = helper.make_graph([], "inner", [], [], [named("branch.bin")])
    sparse = helper.make_sparse_tensor(named("values.bin"), named("places.bin"), [1])
    nodes = [
        helper.make_node("Constant", [], ["a"], value=named("value.bin")),
        helper.make_node("Odd", [], ["b"], tensors=[named("one.bin"), named("two.bin")]),
        helper.make_node("If", ["c"], ["d"], then_branch=inner, other=[inner]),
    ]
    graph = helper.make_graph(
        nodes, "g", [], [], [named("w.bin"), named("w.bin"), named("")], sparse_initializer=[sparse]
    )
    model = helper.make_model(graph)
    function = helper.make_function(
        "own", "F", [], ["y"], [helper.make_node("Constant", [], ["y"], value=named("f.bin"))], []
    )
    model.functions.append(function)
    names = ["w", "values", "places", "value", "one", "two", "branch", "f"]
    assert locations(model) == [f"{name}.bin" for name in names]
    assert [is_external(one) for one in (named("w.bin"), numpy_helper.from_array(SIX))] == [True, False]


# Drawn ------------------------------------------------------------------------------------------------------------


def test_weights_that_are_drawn_have_a_variance_of_two_over_their_inputs() -> None:
    """A kernel of 64 outputs, each of 8 x 5 x 5 inputs."""
    found = drawn("w", (64, 8, 5, 5))()
    assert (found.shape, found.dtype) == ((64, 8, 5, 5), np.float32)
    assert float(found.std()) == pytest.approx((2 / 200) ** 0.5, rel=0.02)
    assert abs(float(found.mean())) < 0.002
    assert float(drawn("one", (2000, 1))().std()) == pytest.approx(2**0.5, rel=0.05)
    assert float(drawn("single", (1, 2000))().std()) == pytest.approx((2 / 2000) ** 0.5, rel=0.05)
    assert drawn("none", (0, 3))().shape == (0, 3)
    assert drawn("empty", (3, 0))().shape == (3, 0)


@pytest.mark.parametrize("shape", [(), (5000,)])
def test_rows_that_are_drawn_lie_between_a_half_and_one_and_a_half(shape: tuple[int, ...]) -> None:
    found = drawn("w", shape)()
    assert (found.shape, found.dtype) == (shape, np.float32)
    assert 0.5 <= found.min() <= found.max() <= 1.5
    assert shape == () or (found.min() < 0.51 and found.max() > 1.49)


def test_numbers_are_the_same_for_each_name_and_others_for_another() -> None:
    assert np.array_equal(drawn("w", (3, 4))(), drawn("w", (3, 4))())
    assert not np.array_equal(drawn("w", (3, 4))(), drawn("v", (3, 4))())
