"""ONNX files as networks: what exporters write, read with distrust.

Opsets from 9 on. Weights may lie in external files inside the model's folder. Nothing is loaded that is not used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import MissingExtra, UsageError
from acortex.programs.network import Constant, Model, Node, Value

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]

OLDEST_OPSET = 9

MAX_BYTES = 1 << 31
"""The largest ONNX file (its own format ends there); larger networks keep their weights in external files."""

OWN_DOMAINS = ("", "ai.onnx", "com.microsoft")
"""Operators of these domains are known by their names; com.microsoft has those of quantised networks."""


def read_onnx(path: Path | str) -> Model:
    """The network of an ONNX file.

    Raises MissingExtra without the package onnx, UsageError for a file that is missing, malformed or older than opset
    9, or that reaches outside its folder.
    """
    where = Path(path)
    proto = _parse(where)
    if not proto.graph.node and not proto.graph.output:
        raise UsageError("it is not an ONNX model, or has no graph", where=str(where))
    return from_proto(proto, where.parent, str(where))


def from_proto(proto: onnx.ModelProto, folder: Path | None = None, where: str = "") -> Model:
    """The network of a parsed model; `folder` is where its external weights may lie."""
    opset = max((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=1)
    if opset < OLDEST_OPSET:
        hint = "export the model anew, or convert it with onnx.version_converter"
        raise UsageError(f"it uses opset {opset}, from {OLDEST_OPSET} on is understood", where=where, hint=hint)
    graph = _inlined(proto, where).graph
    model = Model(graph.name or "network", opset=opset)
    for tensor in graph.initializer:
        model.constants[tensor.name] = _constant(tensor, folder, where)
    for sparse in graph.sparse_initializer:
        raise UsageError(f"its initialiser {sparse.values.name} is sparse", where=where, hint="export it dense")
    model.inputs = [_value(info, where) for info in graph.input if info.name not in model.constants]
    model.outputs = [info.name for info in graph.output]
    model.nodes = _nodes(graph.node, model, folder, where)
    _check_joined(model, where)
    return model


def _inlined(proto: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """The model with the bodies of its own functions in place of their calls."""
    if not proto.functions:
        return proto
    from onnx import inliner

    try:
        return inliner.inline_local_functions(proto)
    except (RuntimeError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"its functions cannot be read ({reason})", where=where) from None


def _parse(path: Path) -> onnx.ModelProto:
    try:
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it has no stubs
    except ImportError:
        raise MissingExtra("reading ONNX files", "onnx") from None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"it has {path.stat().st_size} bytes, allowed are {MAX_BYTES}", where=str(path))
        return onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise UsageError(f"it cannot be read ({error.strerror})", where=str(path)) from None
    except (DecodeError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"it is not an ONNX model ({reason})", where=str(path)) from None


def _nodes(protos: Iterable[onnx.NodeProto], model: Model, folder: Path | None, where: str) -> list[Node]:
    """The nodes but for `Constant`, whose values join the model's constants."""
    taken: set[str] = set()
    nodes = []
    for index, proto in enumerate(protos):
        label = proto.name or next(filter(None, proto.output), f"{proto.op_type}_{index}")
        if label in taken:
            label = f"{label}_{index}"
        taken.add(label)
        if proto.op_type == "Constant" and proto.domain in ("", "ai.onnx"):
            model.constants[proto.output[0]] = _constant_node(proto, folder, where)
            continue
        op = proto.op_type if proto.domain in OWN_DOMAINS else f"{proto.domain}.{proto.op_type}"
        attributes = {entry.name: _attribute(entry, folder, where) for entry in proto.attribute}
        nodes.append(Node(op, label, tuple(proto.input), _without_empty_end(proto.output), attributes))
    return nodes


def _without_empty_end(names: Iterable[str]) -> tuple[str, ...]:
    found = list(names)
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def _attribute(entry: onnx.AttributeProto, folder: Path | None, where: str) -> Any:
    import onnx

    if entry.type == onnx.AttributeProto.TENSOR:
        return _constant(entry.t, folder, where).load()
    if entry.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
        return "a graph"
    try:
        value = onnx.helper.get_attribute_value(entry)
    except ValueError as error:
        raise UsageError(f"its attribute {entry.name} is malformed ({error})", where=where) from None
    if value is None or hasattr(value, "SerializeToString"):
        raise UsageError(f"its attribute {entry.name} has no type, or one that no network needs", where=where)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float | int):
        return value
    return [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in value]


def _constant_node(proto: onnx.NodeProto, folder: Path | None, where: str) -> Constant:
    kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    for entry in proto.attribute:
        if entry.name == "value":
            return _constant(entry.t, folder, where)
        if entry.name in kinds:
            return Constant.of(np.asarray(_attribute(entry, folder, where), kinds[entry.name]))
    raise UsageError(f"its node {proto.name or proto.output[0]} is a Constant without numbers", where=where)


# Tensors ----------------------------------------------------------------------------------------------------------


def _constant(tensor: onnx.TensorProto, folder: Path | None, where: str) -> Constant:
    shape = tuple(tensor.dims)
    if min(shape, default=1) < 0 or len(shape) > 16:
        raise UsageError(f"its tensor {tensor.name} has shape {shape}", where=where)
    external = tensor.data_location == 1
    if external:
        return Constant(shape, _external(tensor, shape, folder, where), kind=_small_kind(tensor))
    return Constant(shape, partial(_decode, tensor, where), kind=_small_kind(tensor))


def _small_kind(tensor: onnx.TensorProto) -> str:
    """The name of a four-bit type, which NumPy does not have."""
    return {21: "uint4", 22: "int4"}.get(tensor.data_type, "")


def _decode(tensor: onnx.TensorProto, where: str) -> Array:
    from onnx import numpy_helper

    try:
        array: Array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"its tensor {tensor.name} is malformed ({error})", where=where) from None
    return _plain(array)


def _plain(array: Array) -> Array:
    """Four-bit and other small types of ml_dtypes as NumPy's own."""
    if array.dtype.kind in "biufO":
        return array
    name = array.dtype.name
    if name in ("int4", "int2"):
        return array.astype(np.int8)
    if name in ("uint4", "uint2"):
        return array.astype(np.uint8)
    return array.astype(np.float32) if "float" in name else array


def _external(tensor: onnx.TensorProto, shape: tuple[int, ...], folder: Path | None, where: str) -> Callable[[], Array]:
    """A reader of a tensor's external file, after checks that it lies in the folder and is long enough."""
    from onnx import helper

    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    file = _inside(location, folder, tensor.name, where)
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        offset, size = int(entries.get("offset", 0)), file.stat().st_size
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise UsageError(
            f"the external data of its tensor {tensor.name} cannot be read ({error})", where=where
        ) from None
    packed = dtype.name in ("int4", "uint4", "int2", "uint2")
    count = math.prod(shape)
    needed = -(-count // 2) if packed else count * dtype.itemsize
    if offset < 0 or offset + needed > size:
        message = f"its tensor {tensor.name} needs {needed} bytes from {offset} on, {location} has {size}"
        raise UsageError(message, where=where)

    def load() -> Array:
        if packed:
            with file.open("rb") as stream:
                stream.seek(offset)
                whole = type(tensor)()
                whole.CopyFrom(tensor)
                whole.ClearField("external_data")
                whole.ClearField("data_location")
                whole.raw_data = stream.read(needed)
            return _decode(whole, where)
        flat = np.fromfile(file, dtype.newbyteorder("<"), count, offset=offset)
        return _plain(flat.reshape(shape))

    return load


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
        raise UsageError(f'its tensor {name} needs the file "{location[:200]}", which is not there', where=where)
    return file


def _value(info: onnx.ValueInfoProto, where: str) -> Value:
    from onnx import helper

    kind = info.type.WhichOneof("value")
    if kind != "tensor_type" or not info.type.tensor_type.HasField("shape"):
        raise UsageError(f"its input {info.name} is not a tensor with a shape", where=where)
    shape: list[int] = []
    rank = len(info.type.tensor_type.shape.dim)
    batch = None
    for axis, dimension in enumerate(info.type.tensor_type.shape.dim):
        fixed = dimension.WhichOneof("value") == "dim_value"
        if fixed and dimension.dim_value > 0:
            shape.append(dimension.dim_value)
        elif axis == 0:
            batch = dimension.dim_param
            shape.append(1)
        elif axis == 1 and rank == 3 and batch is None:
            shape.append(1)  # the batch of a sequence, of which time is the first axis
        else:
            said = dimension.dim_param or "open"
            hint = "export it with a fixed size; only the batch may be symbolic"
            raise UsageError(f"axis {axis} of its input {info.name} is {said}", where=where, hint=hint)
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)).name
    except (KeyError, TypeError):
        raise UsageError(f"its input {info.name} has no known type", where=where) from None
    return Value(info.name, tuple(shape), dtype, batch)


def _check_joined(model: Model, where: str) -> None:
    """Every tensor is made before it is used, and made once."""
    known = {value.name for value in model.inputs} | set(model.constants) | {""}
    for node in model.nodes:
        for name in node.inputs:
            if name not in known:
                raise UsageError(f"node {node.name} takes {name}, which nothing before it makes", where=where)
        for name in node.outputs:
            if name and name in known:
                raise UsageError(f"node {node.name} makes {name}, which is there already", where=where)
            known.add(name)
    for name in model.outputs:
        if name not in known:
            raise UsageError(f"its output {name} is made by nothing", where=where)
    if not model.outputs:
        raise UsageError("it has no outputs", where=where)
