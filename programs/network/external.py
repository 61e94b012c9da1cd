"""The tensors of an ONNX file: their numbers, in the file itself or in others beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from acortex import safe_files
from acortex.errors import UsageError

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]

EXTERNAL = 1
"""The `data_location` of a tensor whose numbers lie in another file."""

MOST_DIGITS = 20
"""The longest offset or length of external data that is read."""


def is_external(tensor: onnx.TensorProto) -> bool:
    """Whether a tensor's numbers lie in another file."""
    return tensor.data_location == EXTERNAL


def locations(proto: onnx.ModelProto) -> list[str]:
    """The names of the files that a model's tensors lie in, wherever in the model a tensor is."""
    tensors = [*_of_graph(proto.graph), *_of_nodes(node for one in proto.functions for node in one.node)]
    entries = (entry for tensor in tensors for entry in tensor.external_data if entry.key == "location")
    return list(dict.fromkeys(entry.value for entry in entries if isinstance(entry.value, str) and entry.value))


def _of_graph(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _of_nodes(graph.node)


def _of_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for entry in (entry for node in nodes for entry in node.attribute):
        yield from (entry.t, *entry.tensors)
        for graph in (entry.g, *entry.graphs):
            yield from _of_graph(graph)


def decode(tensor: onnx.TensorProto, where: str) -> Array:
    """The numbers of a tensor that holds them itself."""
    from onnx import numpy_helper

    try:
        array: Array = numpy_helper.to_array(tensor)
    except Exception as error:  # damaged bytes lead anywhere
        raise UsageError(f"its tensor {tensor.name} is malformed ({str(error)[:200]})", where=where) from None
    return plain(array, tensor.name, where)


def plain(array: Array, name: str, where: str) -> Array:
    """Four-bit and other small types of ml_dtypes as NumPy's own."""
    kind = array.dtype.name
    if array.dtype.kind in "biuf":
        return array
    if kind in ("int4", "int2"):
        return array.astype(np.int8)
    if kind in ("uint4", "uint2"):
        return array.astype(np.uint8)
    if "float" not in kind:
        spoken = "texts" if array.dtype.kind in "OSU" else f"numbers of type {kind}"
        raise UsageError(f"its tensor {name} holds {spoken}", where=where, hint="networks are made of real numbers")
    return array.astype(np.float32)


def external(tensor: onnx.TensorProto, shape: tuple[int, ...], folder: Path | None, where: str) -> Callable[[], Array]:
    """A reader of a tensor's external file, after checks that it lies in the folder and is long enough."""
    from onnx import helper

    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    file = _inside(location, folder, tensor.name, where)
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        size = file.stat().st_size
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise UsageError(
            f"the external data of its tensor {tensor.name} cannot be read ({error})", where=where
        ) from None
    packed = {"int4": 2, "uint4": 2, "int2": 4, "uint2": 4, "float4_e2m1fn": 2}.get(dtype.name)
    count = math.prod(shape)
    needed = -(-count // packed) if packed else count * dtype.itemsize
    offset = _entry(entries.get("offset", "0"), "offset", tensor.name, where)
    length = _entry(entries.get("length", str(needed)), "length", tensor.name, where)
    if offset + max(needed, length) > size:
        message = f"its tensor {tensor.name} needs {max(needed, length)} bytes from {offset} on, {location} has {size}"
        raise UsageError(message, where=where, hint="export the model anew, with its external data")
    if length < needed:
        message = f"its tensor {tensor.name} needs {needed} bytes, and its external data have a length of {length}"
        raise UsageError(message, where=where, hint="export the model anew, with its external data")

    def load() -> Array:
        if packed:
            with safe_files.open_file(file) as stream:
                stream.seek(offset)
                whole = type(tensor)()
                whole.CopyFrom(tensor)
                whole.ClearField("external_data")
                whole.ClearField("data_location")
                whole.raw_data = stream.read(needed)
            return decode(whole, where)
        with safe_files.open_file(file) as stream:
            flat = np.fromfile(stream, dtype.newbyteorder("<"), count, offset=offset)
        return plain(flat.reshape(shape), tensor.name, where)

    return load


def is_missing(tensor: onnx.TensorProto, folder: Path | None) -> bool:
    """Whether the file of a tensor of floats should lie in the folder, and is not there."""
    from onnx import helper

    location = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
    try:
        inside = folder is not None and (folder / location).resolve().is_relative_to(folder.resolve())
        there = folder is not None and (folder / location).exists()
        floats = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).kind == "f"
    except (KeyError, ValueError, TypeError, OSError, RuntimeError):
        return False
    return bool(location) and inside and floats and not there


def drawn(name: str, shape: tuple[int, ...]) -> Callable[[], Array]:
    """What draws numbers in the place of a tensor's own, the same for each name: He et al. 2015 for weights, 0.5 to 1.5
    for a row, such as the variances of a normalisation; float32 of the shape.
    """

    def load() -> Array:
        generator = np.random.default_rng(crc32(name.encode()))
        if len(shape) < 2:
            return generator.uniform(0.5, 1.5, shape).astype(np.float32)
        inputs = math.prod(shape) // max(shape[0], 1)
        return generator.standard_normal(shape, dtype=np.float32) * np.float32(math.sqrt(2 / max(inputs, 1)))

    return load


def _entry(text: str, what: str, name: str, where: str) -> int:
    """The offset or the length of external data: a whole number of bytes."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        message = f"the external data of its tensor {name} have the {what} {text[:40]!r}"
        raise UsageError(message, where=where, hint="it is a whole number of bytes, from 0 on")
    return int(text)


def _inside(location: str, folder: Path | None, name: str, where: str) -> Path:
    if folder is None or not location:
        raise UsageError(f"its tensor {name} lies in an external file that is not named", where=where)
    try:
        file = (folder / location).resolve()
        inside = file.is_relative_to(folder.resolve()) and not Path(location).is_absolute()
        known = inside and file.is_file()
    except (OSError, ValueError, RuntimeError):
        inside = known = False
    if not inside:
        hint = "external data must lie inside the model's folder"
        raise UsageError(f'its tensor {name} names the file "{location[:200]}"', where=where, hint=hint)
    if not known:
        hint = "put it there; for time and energy alone --fill-weights draws random numbers"
        raise UsageError(
            f'its tensor {name} needs the file "{location[:200]}", which is not there', where=where, hint=hint
        )
    return file
