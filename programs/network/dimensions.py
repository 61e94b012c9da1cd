"""Sizes that a user gives to axes which a model leaves open, and values of inputs of one whole number."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.wording import nearest, suggestion

if TYPE_CHECKING:
    import onnx

NO_DIMS: Mapping[str, int] = MappingProxyType({})
"""No sizes: axes are as the model has them."""

LARGEST = 1 << 26
"""The largest size of an axis: more numbers than main memory can have."""


def name_of(source: str, axis: int, dimension: onnx.TensorShapeProto.Dimension) -> str:
    """What an open axis of an input is called: its own name, or INPUT.AXIS."""
    return dimension.dim_param or f"{source}.{axis}"


def size_of(source: str, axis: int, dimension: onnx.TensorShapeProto.Dimension, dims: Mapping[str, int]) -> int:
    """The size of an axis, in the model or in `dims`; 0 where it stays open."""
    if not is_open(dimension):
        return int(dimension.dim_value)
    return operator.index(dims.get(f"{source}.{axis}", dims.get(dimension.dim_param, 0)))


def is_open(dimension: onnx.TensorShapeProto.Dimension) -> bool:
    """Whether a model leaves the size of an axis open: it has a name, or no number above 0."""
    return dimension.WhichOneof("value") != "dim_value" or dimension.dim_value < 1


WHOLE_TYPES = {
    2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 12: "uint32", 13: "uint64",
}  # fmt: skip
"""NumPy's types of whole numbers by ONNX's numbers for them; of truth values 0 and 1."""


def values_of(inputs: Iterable[onnx.ValueInfoProto], dims: Mapping[str, int]) -> dict[str, NDArray[Any]]:
    """The values that `dims` has for inputs of one whole number, by their names, in their types and shapes."""
    found = {}
    for info in inputs:
        kind = _scalar_type(info)
        if kind is not None and info.name in dims:
            found[info.name] = np.full([1] * len(info.type.tensor_type.shape.dim), dims[info.name], kind)
    return found


def _scalar_type(info: onnx.ValueInfoProto) -> str | None:
    """The type of an input of one whole number; None of another one."""
    tensor = info.type.tensor_type
    # An open axis that comes first is a batch, of one.
    one = tensor.HasField("shape") and all(
        axis.dim_value == 1 or (not at and is_open(axis)) for at, axis in enumerate(tensor.shape.dim)
    )
    return WHOLE_TYPES.get(tensor.elem_type) if one else None


def check_dims(inputs: Iterable[onnx.ValueInfoProto], dims: Mapping[str, int], where: str) -> None:
    """Raises UsageError for a size of an axis that the model does not leave open, or that no axis can have, and for a
    value that the type of an input does not hold.
    """
    if not isinstance(dims, Mapping):
        raise UsageError(f"dims is of type {type(dims).__name__}", hint='give sizes by name: dims={"width": 224}')
    names: dict[str, str] = {}
    values: dict[str, str] = {}
    for info in inputs:
        kind = _scalar_type(info)
        if kind is not None:
            values[info.name] = kind
        for axis, dimension in enumerate(info.type.tensor_type.shape.dim):
            if is_open(dimension):
                names[name_of(info.name, axis, dimension)] = names[f"{info.name}.{axis}"] = info.name
    every = [*names, *values]
    for name, size in dims.items():
        if name not in every:
            near = suggestion(nearest(name, every)) or f"open axes: {', '.join(every)}"
            hint = near if every else "leave --dim out"
            raise UsageError(f"no axis {name} of its inputs is open", where=where, hint=hint)
        _check_number(name, size, None if name in names else values[name], where)


def _check_number(name: str, size: object, kind: str | None, where: str) -> None:
    """Raises UsageError for what is no size of an axis, or no number of the type `kind` of an input."""
    if not isinstance(size, SupportsIndex) or isinstance(size, bool):
        told = f"the size of the axis {name} is of type {type(size).__name__}"
        raise UsageError(told, where=where, hint="give a whole number")
    number = operator.index(size)
    if kind is not None and number not in _numbers_of(kind):
        raise UsageError(f"the input {name} cannot be {number}: its type is {kind}", where=where)
    if kind is None and not 1 <= number <= LARGEST:
        raise UsageError(f"the size of the axis {name} is {number}, allowed is 1 to {LARGEST}", where=where)


def _numbers_of(kind: str) -> range:
    """The numbers that a type of whole numbers has."""
    return range(2) if kind == "bool" else range(int(np.iinfo(kind).min), int(np.iinfo(kind).max) + 1)
