"""Sizes that a user gives to axes which a model leaves open."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, SupportsIndex

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


def check_dims(inputs: Iterable[onnx.ValueInfoProto], dims: Mapping[str, int], where: str) -> None:
    """Raises UsageError for a size of an axis that the model does not leave open, or that no axis can have."""
    if not isinstance(dims, Mapping):
        raise UsageError(f"dims is of type {type(dims).__name__}", hint='give sizes by name: dims={"width": 224}')
    names: dict[str, str] = {}
    for info in inputs:
        for axis, dimension in enumerate(info.type.tensor_type.shape.dim):
            if is_open(dimension):
                names[name_of(info.name, axis, dimension)] = names[f"{info.name}.{axis}"] = info.name
    for name, size in dims.items():
        if name not in names:
            listed = (
                suggestion(nearest(name, names)) or f"open axes: {', '.join(names)}" if names else "leave --dim out"
            )
            raise UsageError(f"no axis {name} of its inputs is open", where=where, hint=listed)
        if not isinstance(size, SupportsIndex) or isinstance(size, bool):
            told = f"the size of the axis {name} is of type {type(size).__name__}"
            raise UsageError(told, where=where, hint="give a whole number")
        if not 1 <= size <= LARGEST:
            raise UsageError(f"the size of the axis {name} is {size}, allowed is 1 to {LARGEST}", where=where)
