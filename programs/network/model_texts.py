"""The names in an ONNX model: protobuf gives names that are not UTF-8 as bytes, so they are refused first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from acortex.errors import UsageError

if TYPE_CHECKING:
    import onnx


def check_texts(proto: onnx.ModelProto, where: str) -> None:
    """Raises UsageError for a name that is no text."""
    for name in _of_model(proto):
        if isinstance(name, bytes):
            hint = "export it anew; the file may be damaged"
            raise UsageError(f"it has a name that is not UTF-8 text, {name[:40]!r}", where=where, hint=hint)


def _of_model(proto: onnx.ModelProto) -> Iterator[object]:
    for entry in proto.opset_import:
        yield entry.domain
    yield from _of_graph(proto.graph)
    for one in proto.functions:
        yield from (one.name, one.domain, one.overload, *one.input, *one.output, *one.attribute)
        yield from _of_nodes(one.node)
        yield from (entry.domain for entry in one.opset_import)


def _of_graph(graph: onnx.GraphProto) -> Iterator[object]:
    yield graph.name
    yield from _of_nodes(graph.node)
    for tensor in (*graph.initializer, *(one.values for one in graph.sparse_initializer)):
        yield from _of_tensor(tensor)
    for info in (*graph.input, *graph.output):
        yield info.name
        yield from (one.dim_param for one in info.type.tensor_type.shape.dim)


def _of_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[object]:
    for node in nodes:
        yield from (node.name, node.op_type, node.domain, node.overload, *node.input, *node.output)
        for entry in node.attribute:
            yield from (entry.name, entry.ref_attr_name)
            yield from _of_tensor(entry.t)
            for graph in (entry.g, *entry.graphs):
                yield from _of_graph(graph)


def _of_tensor(tensor: onnx.TensorProto) -> Iterator[object]:
    yield tensor.name
    for entry in tensor.external_data:
        yield from (entry.key, entry.value)
