"""A part of a network that the host works on: an ONNX model that onnxruntime runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError, MissingExtra

Array = NDArray[Any]


class HostModelError(AcortexError):
    """A model of the host that onnxruntime does not take, or that fails on its inputs."""


TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(bool)": "bool",
    **{f"tensor({name})": name for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
}
"""Types of tensors as onnxruntime names them, and as NumPy does."""

QUIET = 4
"""The level of onnxruntime's log at which it says little: what it raises is told."""


class HostModel:
    """A model by its bytes, in a default session of onnxruntime.

    Raises MissingExtra without the package onnxruntime, HostModelError for bytes that are no model.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self._data = data

    @cached_property
    def _session(self) -> Any:
        try:
            import onnxruntime  # type: ignore[import-untyped]  # it has no stubs
        except ImportError:
            raise MissingExtra(f"the host works on {self.name}: it", "verify") from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = QUIET
        try:
            return onnxruntime.InferenceSession(self._data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises errors of many types
            raise HostModelError(f"onnxruntime does not take the host's {self.name}: {_first_line(error)}") from None

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The names of what it takes."""
        return tuple(one.name for one in self._session.get_inputs())

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """What it makes of numbers by name, each in the shape and the type that the model declares."""
        fed = {one.name: _as_declared(one, feeds[one.name]) for one in self._session.get_inputs()}
        names = [one.name for one in self._session.get_outputs()]
        try:
            made = self._session.run(names, fed)
        except Exception as error:  # onnxruntime raises errors of many types
            raise HostModelError(f"the host's {self.name} fails: {_first_line(error)}") from None
        return {name: np.asarray(values) for name, values in zip(names, made, strict=True)}


def _as_declared(declared: Any, values: Array) -> Array:
    """Numbers in the shape and type of a model's input."""
    dtype = TYPES.get(declared.type, "float32")
    shape = tuple(size if isinstance(size, int) else -1 for size in declared.shape)
    given = np.asarray(values)
    with np.errstate(all="ignore"):
        made = given.astype(dtype)
    if made.dtype.kind in "iub" and not np.array_equal(made, given):
        wrong = given.reshape(-1)[int((made != given).reshape(-1).argmax())]
        hint = "give whole numbers of its range" if made.dtype.kind != "b" else "give booleans, or 0 and 1"
        raise HostModelError(
            f"value {wrong} of {declared.name} is no {dtype}, the type in which the host takes it", hint=hint
        )
    return np.ascontiguousarray(made.reshape(shape if shape.count(-1) < 2 else given.shape))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
