"""The host's parts in the reference: their ONNX nodes as they are, between the layers of the chip.

onnxruntime rewrites graphs before it runs them, and might join a node of the host with one before or behind it that is
not the host's: the result would then differ in its last digits from that of the part alone, which is what a run
computes. So what crosses the border of a part goes through a node that onnxruntime joins with nothing. Codes become
real numbers by a table that has one for each code; numbers of the host pass through the maximum with minus infinity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from acortex.isa.arithmetic.tensors import decode
from acortex.isa.program import Tensor
from acortex.programs.graph import HostPart, Port
from acortex.programs.reference.writer import Writer

if TYPE_CHECKING:
    import onnx

LOWEST = -np.inf


class HostWriter:
    """Writes the parts of the host into a reference; `writer` writes all else, and has the codes of maps."""

    def __init__(self, writer: Writer, as_port: Callable[[Port, str], str]) -> None:
        self._writer = writer
        self._as_port = as_port
        self._outputs = {port.name: port for port in writer.graph.outputs}
        self._inputs = {port.name: port.name for port in writer.graph.given}
        self._known: dict[str, str] = {}
        """What the host has, by the name that parts have for it: the tensor of the reference."""
        self._types: dict[str, int] = {}
        self.opset = 0
        """The latest opset of a part."""

    def write(self, part: HostPart) -> None:
        """The nodes of a part."""
        import onnx

        model = onnx.load_model_from_string(part.model)
        self.opset = max(self.opset, *(one.version for one in model.opset_import if one.domain in ("", "ai.onnx")))
        names = {info.name: self._taken(info.name, info) for info in model.graph.input}
        own = {name: f"{part.name}/{name}" for name in _made(model.graph)}
        for tensor in model.graph.initializer:
            copy = onnx.TensorProto()
            copy.CopyFrom(tensor)
            copy.name = names[tensor.name] = f"{part.name}/{tensor.name}"
            self._writer.constants[copy.name] = copy
        names |= own
        for node in model.graph.node:
            self._writer.nodes.append(_under(node, names, f"{part.name}/{len(self._writer.nodes)}"))
        for info in model.graph.output:
            self._known[info.name] = own[info.name]
            self._types[info.name] = info.type.tensor_type.elem_type

    def made(self, name: str) -> str:
        """The tensor that a part has made, for what is not of that part."""
        own = self._known[name]
        if self._types[name] not in _reals():
            return own
        from onnx import helper

        dtype = helper.tensor_dtype_to_np_dtype(self._types[name])
        return self._writer.node("Max", own, self._writer.constant(LOWEST, dtype))

    def result(self, name: str, output: str) -> object:
        """An output of the network that a part has made: the node that names it, and its type."""
        from onnx import helper

        self._writer.node("Identity", self._known[name])
        self._writer.nodes[-1].output[0] = output
        return helper.make_tensor_value_info(output, self._types[name], None)

    def _taken(self, name: str, info: onnx.ValueInfoProto) -> str:
        """The tensor that a part takes by a name."""
        if name in self._known:
            return self.made(name)
        if name in self._outputs:
            return self._real(self._outputs[name], info.type.tensor_type.elem_type)
        return self._inputs[name]

    def _real(self, port: Port, element: int) -> str:
        """The real numbers of an output of the chip, in the form that the host takes."""
        from onnx import TensorProto, helper

        writer, source = self._writer, self._writer.graph.maps[port.map]
        coding = source.coding
        tensor = Tensor(port.name, (port.shape,), "linear", coding.bits, coding.scale, coding.zero)
        table = decode(tensor, np.arange(1 << coding.bits, dtype=np.uint8))
        dtype = helper.tensor_dtype_to_np_dtype(element or TensorProto.FLOAT)
        places = writer.cast(writer.map(port.map), np.int64)
        return self._as_port(port, writer.node("Gather", writer.constant(table, dtype), places))


def _made(graph: onnx.GraphProto) -> list[str]:
    return [name for node in graph.node for name in node.output if name]


def _under(node: onnx.NodeProto, names: Mapping[str, str], own: str) -> onnx.NodeProto:
    """A node with other names for its tensors, and one of its own."""
    made = type(node)()
    made.CopyFrom(node)
    made.name = own
    made.input[:] = [names.get(name, name) for name in node.input]
    made.output[:] = [names.get(name, name) for name in node.output]
    return made


def _reals() -> tuple[int, ...]:
    from onnx import TensorProto

    return TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16
