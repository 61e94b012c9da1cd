"""A layer graph as ONNX: the quantised network, for anyone to run; the ideal chip equals it bit for bit.

Codes are whole numbers in float32 tensors of shape (1, channels, rows, columns). Sums of products are below 2^24, where
float32 holds every whole number; what scales and rounds them runs in float64. Weights are stored as int8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import MissingExtra
from acortex.programs.graph import (
    Add,
    Geometry,
    HostPart,
    Layer,
    LayerGraph,
    Map,
    Mul,
    Pool,
    Port,
    Product,
    Recurrent,
    Requant,
    Target,
    View,
    crop,
    read_views,
    written_targets,
)
from acortex.programs.reference.host import HostWriter
from acortex.programs.reference.recurrent import write_steps
from acortex.programs.reference.writer import Writer

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]

OPSET = 17
"""The opset of what is written: that of most runtimes in use."""

IR_VERSION = 8

LATER_IR_VERSION = 10
"""Of a reference that has operators of the host of a later opset."""


def reference(graph: LayerGraph, maps: Sequence[str] = ()) -> onnx.ModelProto:
    """The ONNX model of a layer graph. Raises MissingExtra without the package onnx.

    The codes of `maps` are outputs too, each called "codes of " and the map's name, uint8 of shape (1, channels, rows,
    columns).
    """
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise MissingExtra("writing ONNX files", "onnx") from None
    return _Reference(graph).model(maps)


class _Reference(Writer):
    """Writes a network layer by layer."""

    def model(self, maps: Sequence[str]) -> onnx.ModelProto:
        """The whole model."""
        from onnx import helper

        graph, host = self.graph, HostWriter(self, self.as_port)
        inputs = [self._input(port) for port in graph.inputs if not port.host]
        inputs += [_told(port) for port in (*graph.raw, *graph.unread)]
        stages = _stages(graph)
        left = list(graph.parts)
        for layer in graph.layers:
            while left and left[0].stage <= stages[layer.name]:
                self._work(host, left.pop(0))
            self._layer(layer)
        for part in left:
            self._work(host, part)
        outputs = [self._output(port) for port in graph.outputs if not port.host]
        outputs += [host.result(one.name, one.name) for one in graph.results]
        outputs += [self._codes(name) for name in maps]
        body = helper.make_graph(self.nodes, graph.name, inputs, outputs, list(self.constants.values()))
        if host.opset <= OPSET:
            opset, version = [helper.make_opsetid("", OPSET)], IR_VERSION
        else:
            opset, version = [helper.make_opsetid("", host.opset)], LATER_IR_VERSION
        opset += [helper.make_opsetid("com.microsoft", 1)] * bool(graph.parts)
        return helper.make_model(body, opset_imports=opset, ir_version=version, producer_name="acortex")

    def _work(self, host: HostWriter, part: HostPart) -> None:
        """A part of the host, and the codes of what it makes for the chip."""
        host.write(part)
        for port in self.graph.inputs:
            if port.host and port.name in part.makes:
                self._place(port, self._coded_real(port, host.made(port.name)))

    # Inputs and outputs -----------------------------------------------------------------------------------------

    def _input(self, port: Port) -> Any:
        self._place(port, self._encoded(port, self.graph.maps[port.map]))
        return _told(port)

    def _coded_real(self, port: Port, value: str) -> str:
        """The codes of what the host has made, as float32."""
        return self._linear(self.cast(value, np.float32), self.graph.maps[port.map])

    def _place(self, port: Port, value: str) -> None:
        """Puts the codes of an input where its map lies."""
        source = self.graph.maps[port.map]
        if port.axes is not None:
            value = self.node("Reshape", value, self.integers(-1, *_canonical(port)))
            value = self.node("Transpose", value, perm=[0, *(axis + 1 for axis in port.axes)])
        value = self.node("Reshape", value, self.integers(-1, source.height, source.width, source.channels))
        self.write(Target(source.name), source.channels, self.node("Transpose", value, perm=[0, 3, 1, 2]))

    def _encoded(self, port: Port, source: Map) -> str:
        """The codes of what the user gives, as float32."""
        value = self.cast(port.name, np.float32)
        if port.encode == "codes":
            return value
        if port.encode == "binary":
            top = self.node("ReduceMax", value, keepdims=0)
            small = self.node("LessOrEqual", top, self.constant(1, np.float32))
            half = self.node("Where", small, self.constant(0.5, np.float32), self.constant(127.5, np.float32))
            return self.cast(self.node("GreaterOrEqual", value, half), np.float32)
        return self._linear(value, source)

    def _linear(self, value: str, source: Map) -> str:
        """The codes of real numbers."""
        coding = source.coding
        steps = self.node("Round", self.node("Div", value, self.constant(coding.scale, np.float32)))
        shifted = self.node("Add", steps, self.constant(coding.zero, np.float32))
        return self.clip(shifted, 0, (1 << coding.bits) - 1, np.float32)

    def _output(self, port: Port) -> Any:
        from onnx import helper

        source = self.graph.maps[port.map]
        value = self.map(port.map)
        if port.encode == "linear":
            zero, scale = (self.constant(x, np.float32) for x in (source.coding.zero, source.coding.scale))
            value = self.node("Mul", self.node("Sub", value, zero), scale)
        open_batch = self.batch is not None and port.shape[0] == 1
        self.cast(self.as_port(port, value), port.dtype)
        self.nodes[-1].output[0] = port.name
        known = (self.batch or None, *port.shape[1:]) if open_batch else port.shape
        return helper.make_tensor_value_info(port.name, _element(port.dtype), known)

    def as_port(self, port: Port, value: str) -> str:
        """An image of shape (1, channels, rows, columns) in the form of an output."""
        value = self.node("Transpose", value, perm=[0, 2, 3, 1])
        shape = _canonical(port)
        if port.axes is not None:
            value = self.node("Reshape", value, self.integers(-1, *(shape[axis] for axis in port.axes)))
            value = self.node("Transpose", value, perm=[0, *(int(axis) + 1 for axis in np.argsort(port.axes))])
        open_batch = self.batch is not None and port.shape[0] == 1
        return self.node("Reshape", value, self.integers(*((-1, *port.shape[1:]) if open_batch else port.shape)))

    def _codes(self, name: str) -> Any:
        from onnx import TensorProto, helper

        self.cast(self.map(name), np.uint8)
        self.nodes[-1].output[0] = f"codes of {name}"
        one = self.graph.maps[name]
        shape = (self.batch or 1, one.channels, one.height, one.width)
        return helper.make_tensor_value_info(f"codes of {name}", TensorProto.UINT8, shape)

    # Layers -----------------------------------------------------------------------------------------------------

    def _layer(self, layer: Layer) -> None:
        if isinstance(layer, Recurrent):
            write_steps(self, layer)
            return
        value, channels = self._computed(layer)
        self.write(layer.target, channels, value)

    def _computed(self, layer: Layer) -> tuple[str, int]:
        if isinstance(layer, Product):
            return self._product(layer), layer.weights.shape[3]
        if isinstance(layer, Pool):
            channels = self._channels(layer.source)
            return self._pool(layer, channels), channels
        if isinstance(layer, Requant):
            channels = self._channels(layer.source)
            return self.coded(self.less(self.view(layer.source), layer.zero_a), layer.code, channels), channels
        assert isinstance(layer, Add | Mul)
        channels = self._channels(layer.a)
        a, b = self.less(self.view(layer.a), layer.zero_a), self.less(self.view(layer.b), layer.zero_b)
        if isinstance(layer, Mul):
            return self.coded(self.node("Mul", a, b), layer.code, channels), channels
        a = self.node("Mul", a, self.constant(layer.multiplier_a))
        b = self.node("Mul", b, self.constant(layer.multiplier_b))
        return self.coded(self.node("Add", a, b), layer.code, channels), channels

    def _channels(self, view: View) -> int:
        return len(crop(view, self.graph.maps[view.map]).channels or ())

    def _framed(self, view: View, geometry: Geometry, pad: int) -> str:
        """A view with what its windows cover around it, and without what they do not reach."""
        full = crop(view, self.graph.maps[view.map])
        assert full.height is not None and full.width is not None
        g = geometry
        bottom = (g.rows - 1) * g.stride_y + (g.kernel_y - 1) * g.dilation_y + 1 - g.top - full.height
        right = (g.columns - 1) * g.stride_x + (g.kernel_x - 1) * g.dilation_x + 1 - g.left - full.width
        value = self.view(view)
        if not any((g.top, g.left, bottom, right)):
            return value
        pads = self.integers(0, 0, g.top, g.left, 0, 0, bottom, right)
        return self.node("Pad", value, pads, self.constant(pad, np.float32))

    def _product(self, layer: Product) -> str:
        framed = self._framed(layer.source, layer.geometry, layer.pad)
        weights = self.weights(layer.weights.transpose(3, 2, 0, 1))
        sums = self.node("Conv", framed, weights, group=layer.groups, **_steps(layer.geometry))
        return self.coded(self.cast(sums, np.float64), layer.code, layer.weights.shape[3])

    def _pool(self, layer: Pool, channels: int) -> str:
        g = layer.geometry
        framed = self._framed(layer.source, g, 0)
        if layer.mode == "max":
            return self.node("MaxPool", framed, kernel_shape=[g.kernel_y, g.kernel_x], **_steps(g))
        ones = self.weights(np.ones((channels, 1, g.kernel_y, g.kernel_x)))
        sums = self.cast(self.node("Conv", framed, ones, group=channels, **_steps(g)), np.float64)
        full = crop(layer.source, self.graph.maps[layer.source.map])
        assert full.height is not None and full.width is not None
        count = np.full((g.rows, g.columns), g.kernel_y * g.kernel_x)
        if layer.inside:
            down = _inside(g.rows, g.stride_y, g.top, g.kernel_y, g.dilation_y, full.height)
            across = _inside(g.columns, g.stride_x, g.left, g.kernel_x, g.dilation_x, full.width)
            count = np.maximum(np.outer(down, across), 1)
        return self.coded(sums, layer.code, channels, count.reshape(1, 1, g.rows, g.columns))


def _stages(graph: LayerGraph) -> dict[str, int]:
    """The stage of each layer by its name: it runs behind the parts of the host of that stage, and before others."""
    made = {name: part.stage for part in graph.parts for name in part.makes}
    held = {port.map: made[port.name] for port in graph.inputs if port.host}
    stages: dict[str, int] = {}
    for layer in graph.layers:
        stages[layer.name] = max((held.get(view.map, 0) for view in read_views(layer)), default=0)
        for target in written_targets(layer):
            held[target.map] = max(held.get(target.map, 0), stages[layer.name])
    return stages


def _told(port: Port) -> Any:
    """An input as the model declares it."""
    from onnx import helper

    shape = port.shape if port.batch is None else (port.batch or None, *port.shape[1:])
    return helper.make_tensor_value_info(port.name, _element(port.dtype), shape)


def _inside(places: int, stride: int, margin: int, kernel: int, dilation: int, size: int) -> Array:
    """How many pixels of a window lie inside the image, one way, at each place."""
    at = (np.arange(places) * stride - margin)[:, None] + np.arange(kernel)[None, :] * dilation
    counts: Array = ((at >= 0) & (at < size)).sum(axis=1)
    return counts


def _steps(g: Geometry) -> dict[str, list[int]]:
    return {"strides": [g.stride_y, g.stride_x], "dilations": [g.dilation_y, g.dilation_x]}


def _canonical(port: Port) -> tuple[int, ...]:
    return port.shapes[0]


def _element(dtype: str) -> int:
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
