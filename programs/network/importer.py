"""ONNX files as networks: what exporters write, read with distrust.

Opsets from 6 on; those before 9 are converted. Weights may lie in external files inside the model's folder. Nothing is
loaded that is not used.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex import safe_files
from acortex.errors import MissingExtra, UsageError
from acortex.programs.network.dimensions import NO_DIMS, check_dims, name_of, size_of, values_of
from acortex.programs.network.external import decode, drawn, external, is_external, is_missing, locations
from acortex.programs.network.model_texts import check_texts
from acortex.programs.network.network import SMALL_KINDS, Constant, Model, Node, Value
from acortex.programs.network.old_opsets import DIRECT_OPSET, converted
from acortex.programs.network.onnx_faults import STANDARD, node_fault
from acortex.programs.network.onnx_functions import MOST_NODES, inlined
from acortex.programs.network.subgraphs import Subgraph

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]

OLDEST_OPSET = 6

MAX_BYTES = 1 << 31
"""The largest ONNX file (its own format ends there); larger networks keep their weights in external files."""

MOST_AXES = 16

RENAME = "give each a name of its own"

OWN_DOMAINS = (
    "", "ai.onnx", "com.microsoft", "qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general", "PACTOps",
)  # fmt: skip
"""Operators of these domains are known by their names; all but ONNX's own have those of quantised networks."""

OTHERS = ("Attention", "RotaryEmbedding")
"""Operators of onnxruntime that are not those which ONNX has by the same names."""


def read_onnx(path: Path | str, dims: Mapping[str, int] = NO_DIMS, fill: bool = False) -> Model:
    """The network of an ONNX file; `dims` has sizes for axes of its inputs that are open, as `from_proto` takes them,
    and with `fill` weights whose file is missing are drawn.

    Raises MissingExtra without the package onnx, UsageError for a file that is missing, malformed or older than opset
    6, or that reaches outside its folder.
    """
    where = Path(path)
    proto = _parse(where)
    if not proto.graph.node and not proto.graph.output:
        raise UsageError("it is not an ONNX model, or has no graph", where=str(where))
    return from_proto(proto, where.parent, str(where), dims, fill)


def external_files(path: Path | str) -> list[Path]:
    """The files beside a model in which its tensors lie, not read; none where the model cannot be read itself."""
    where = Path(path)
    try:
        proto = _parse(where)
    except UsageError:
        return []
    return [where.parent / location for location in locations(proto)]


def from_proto(
    proto: onnx.ModelProto,
    folder: Path | None = None,
    where: str = "",
    dims: Mapping[str, int] = NO_DIMS,
    fill: bool = False,
) -> Model:
    """The network of a parsed model; `folder` is where its external weights may lie.

    `dims` has sizes for open axes of inputs, by the name that the model gives the axis, or by INPUT.AXIS, and values of
    inputs of one whole number, which then are constants and no inputs any more. With `fill`
    weights whose file is missing are random numbers, the same for each name.
    """
    check_texts(proto, where)
    opset = _opset(proto, where)
    found = _model(proto, opset, folder, where, dims, fill)
    # The converter trusts what it is given: a malformed node is refused as it stands.
    if opset >= DIRECT_OPSET or any(node.fault for node in found.nodes):
        return found
    return _model(converted(proto, opset, where), DIRECT_OPSET, folder, where, dims, fill)


def _model(
    proto: onnx.ModelProto, opset: int, folder: Path | None, where: str, dims: Mapping[str, int], fill: bool
) -> Model:
    """The network of a parsed model of an opset."""
    graph = inlined(proto, where).graph
    _check_sizes(graph, where)
    model = Model(graph.name or "network", opset=opset)
    for tensor in graph.initializer:
        if tensor.name in model.constants:
            raise UsageError(f"it has two tensors {tensor.name}", where=where, hint=RENAME)
        if fill and is_external(tensor) and is_missing(tensor, folder):
            shape = tuple(tensor.dims)
            _check_shape(f"tensor {tensor.name}", shape, where)
            model.constants[tensor.name] = Constant(shape, drawn(tensor.name, shape))
            model.drawn.append(tensor.name)
            continue
        model.constants[tensor.name] = _constant(tensor, folder, where)
    for sparse in graph.sparse_initializer:
        raise UsageError(f"its initialiser {sparse.values.name} is sparse", where=where, hint="export it dense")
    given = [info for info in graph.input if info.name not in model.constants]
    check_dims(given, dims, where)
    stated = values_of(given, dims)
    model.inputs = [_value(info, where, dims) for info in given if info.name not in stated]
    model.constants.update({name: Constant.of(value) for name, value in stated.items()})
    model.outputs = [info.name for info in graph.output]
    _check_names("inputs", [value.name for value in model.inputs], where)
    _check_names("outputs", model.outputs, where)
    model.nodes = _nodes(graph.node, model, folder, where)
    _check_joined(model, where)
    return model


def _opset(proto: onnx.ModelProto, where: str) -> int:
    """The version of the standard operators that a model uses; one that is not understood is an error."""
    opset = max((entry.version for entry in proto.opset_import if entry.domain in STANDARD), default=1)
    if opset < OLDEST_OPSET:
        hint = "export the model anew, or convert it with onnx.version_converter"
        raise UsageError(f"it uses opset {opset}, from {OLDEST_OPSET} on is understood", where=where, hint=hint)
    if opset > (newest := _newest_opset()):
        hint = "update the package onnx, or export the model with an older opset"
        raise UsageError(f"it uses opset {opset}, the package onnx knows up to {newest}", where=where, hint=hint)
    return opset


def _check_names(what: str, names: list[str], where: str) -> None:
    """Raises where one of a model's inputs or outputs has no name, or two have the same."""
    if "" in names:
        raise UsageError(f"one of its {what} has no name", where=where, hint=RENAME)
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise UsageError(f"two of its {what} are called {twice}", where=where, hint=RENAME)


def _newest_opset() -> int:
    from onnx import defs

    return int(defs.onnx_opset_version())


def _check_sizes(graph: onnx.GraphProto, where: str) -> None:
    """Refuses graphs of more parts than any program could hold, before they are gone through."""
    tensors = len(graph.initializer) + len(graph.input) + len(graph.output)
    for count, what, most in ((len(graph.node), "nodes", MOST_NODES), (tensors, "tensors", 4 * MOST_NODES)):
        if count > most:
            raise UsageError(f"it has {count} {what}, {most} is the most", where=where, hint="export a smaller network")


def _read(path: Path) -> bytes:
    with safe_files.open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise UsageError(f"it has {size} bytes, allowed are {MAX_BYTES}", where=str(path))
        return file.read(MAX_BYTES)


def _parse(path: Path) -> onnx.ModelProto:
    try:
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it has no stubs
    except ImportError:
        raise MissingExtra("reading ONNX files", "onnx") from None
    try:
        return onnx.load_model_from_string(_read(path))
    except OSError as error:
        told = f"it cannot be read ({error.strerror})"
        raise UsageError(told, where=str(path), hint="give the path of a .onnx file") from None
    except (DecodeError, ValueError, RecursionError) as error:  # a path may hold a zero byte
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"it is not an ONNX model ({reason})", where=str(path)) from None


def _nodes(protos: Iterable[onnx.NodeProto], model: Model, folder: Path | None, where: str) -> list[Node]:
    """The nodes but for `Constant`, whose values join the model's constants."""
    taken: set[str] = set()
    nodes = []
    for index, proto in enumerate(protos):
        label = _label(proto, index, taken)
        fault = node_fault(proto, model.opset)
        if proto.op_type == "Constant" and proto.domain in STANDARD and not fault:
            if proto.output[0] in model.constants:
                raise UsageError(f"it has two tensors {proto.output[0]}", where=where, hint=RENAME)
            model.constants[proto.output[0]] = _constant_node(proto, model, folder, where)
            continue
        known = proto.domain in OWN_DOMAINS and (proto.domain in STANDARD or proto.op_type not in OTHERS)
        op = proto.op_type if known else f"{proto.domain}.{proto.op_type}"
        attributes = (
            {} if fault else {one.name: _attribute(one, label, model, folder, where) for one in proto.attribute}
        )
        nodes.append(Node(op, label, tuple(proto.input), _without_empty_end(proto.output), attributes, fault))
    return nodes


def _label(proto: onnx.NodeProto, index: int, taken: set[str]) -> str:
    """A name for a node that no other one has."""
    wanted = proto.name or next(filter(None, proto.output), f"{proto.op_type}_{index}")
    label = wanted
    while label in taken:
        label = f"{wanted}_{index}" if label == wanted else f"{label}_"
    taken.add(label)
    return label


def _without_empty_end(names: Iterable[str]) -> tuple[str, ...]:
    found = list(names)
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def _subgraph(graph: onnx.GraphProto, model: Model, folder: Path | None, where: str) -> Subgraph:
    """A graph inside a node of a model."""
    inner = Model(graph.name, opset=model.opset)
    inner.constants = {tensor.name: _constant(tensor, folder, where) for tensor in graph.initializer}
    nodes = _nodes(graph.node, inner, folder, where)
    inputs, outputs = (tuple(info.name for info in ends) for ends in (graph.input, graph.output))
    return Subgraph(tuple(nodes), inputs, outputs, inner.constants)


def _attribute(entry: onnx.AttributeProto, node: str, model: Model, folder: Path | None, where: str) -> Any:
    import onnx

    named = f"the attribute {entry.name} of its node {node}"

    if entry.type == onnx.AttributeProto.TENSOR:
        return _constant(entry.t, folder, where).load()
    if entry.type == onnx.AttributeProto.GRAPH:
        return _subgraph(entry.g, model, folder, where)
    if entry.type == onnx.AttributeProto.GRAPHS:
        return "graphs"
    try:
        value = onnx.helper.get_attribute_value(entry)
    except ValueError as error:
        raise UsageError(f"{named} is malformed ({error})", where=where) from None
    if value is None or hasattr(value, "SerializeToString"):
        raise UsageError(f"{named} has no type, or one that no network needs", where=where)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float | int):
        return value
    items = [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in value]
    if any(hasattr(item, "SerializeToString") for item in items):
        raise UsageError(f"{named} holds what no network needs", where=where)
    return items


def _constant_node(proto: onnx.NodeProto, model: Model, folder: Path | None, where: str) -> Constant:
    kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    for entry in proto.attribute:
        if entry.name == "value":
            return _constant(entry.t, folder, where)
        if entry.name in kinds:
            return Constant.of(np.asarray(_attribute(entry, proto.output[0], model, folder, where), kinds[entry.name]))
    raise UsageError(f"its node {proto.name or proto.output[0]} is a Constant without numbers", where=where)


# Tensors ----------------------------------------------------------------------------------------------------------


def _constant(tensor: onnx.TensorProto, folder: Path | None, where: str) -> Constant:
    shape = tuple(tensor.dims)
    _check_shape(f"tensor {tensor.name}", shape, where)
    if is_external(tensor):
        return Constant(shape, external(tensor, shape, folder, where), kind=_small_kind(tensor))
    if math.prod(shape) > 8 * tensor.ByteSize():  # sizes of kernels are counted with long before they are read
        message = f"its tensor {tensor.name} has shape {shape}, and the file fewer numbers of it"
        raise UsageError(message, where=where, hint="export the model anew")
    return Constant(shape, partial(decode, tensor, where), kind=_small_kind(tensor))


def _check_shape(what: str, shape: Sequence[int], where: str) -> None:
    if len(shape) > MOST_AXES:
        raise UsageError(f"its {what} has {len(shape)} axes, {MOST_AXES} is the most", where=where)
    if min(shape, default=1) < 0:
        raise UsageError(f"its {what} has shape {tuple(shape)}", where=where, hint="sizes are whole numbers from 0 on")


def _small_kind(tensor: onnx.TensorProto) -> str:
    """The name of a type of two or four bits, which NumPy does not have."""
    return SMALL_KINDS.get(tensor.data_type, "")


def _value(info: onnx.ValueInfoProto, where: str, dims: Mapping[str, int]) -> Value:
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type" or not info.type.tensor_type.HasField("shape"):
        hint = "export it with a shape; axes may stay open" if kind == "tensor_type" else "networks take tensors"
        raise UsageError(f"its input {info.name} is not a tensor with a shape", where=where, hint=hint)
    shape: list[int] = []
    rank = len(info.type.tensor_type.shape.dim)
    sizes = [one.dim_value if one.dim_value != -1 else 0 for one in info.type.tensor_type.shape.dim]
    _check_shape(f"input {info.name}", sizes, where)  # -1 stands for an open axis
    batch = None
    for axis, dimension in enumerate(info.type.tensor_type.shape.dim):
        size = size_of(info.name, axis, dimension, dims)
        if size:
            shape.append(size)
        elif axis == 0:
            batch = dimension.dim_param
            shape.append(1)
        elif axis == 1 and rank == 3 and batch is None:
            shape.append(1)  # the batch of a sequence, of which time is the first axis
        else:
            said = dimension.dim_param or "open"
            hint = f"fix it: --dim {name_of(info.name, axis, dimension)}=SIZE; only the batch may stay symbolic"
            raise UsageError(f"axis {axis} of its input {info.name} is {said}", where=where, hint=hint)
    return Value(info.name, tuple(shape), _input_type(info, where), batch)


def _input_type(info: onnx.ValueInfoProto, where: str) -> str:
    """The name of an input's type, which a file of arrays must be able to hold."""
    from onnx import TensorProto, helper

    number = info.type.tensor_type.elem_type
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(number))
    except (KeyError, TypeError):
        raise UsageError(f"its input {info.name} has no known type", where=where) from None
    if dtype.kind not in "biuf":
        message = f"its input {info.name} has type {TensorProto.DataType.Name(number).lower()}"
        raise UsageError(message, where=where, hint="export it with booleans, integers, or floats of 16, 32 or 64 bits")
    return dtype.name


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
