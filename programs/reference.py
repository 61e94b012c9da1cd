"""A layer graph as ONNX: the quantised network, for anyone to run; the ideal chip equals it bit for bit.

Codes are whole numbers in float32 tensors of shape (1, channels, rows, columns). Sums of products are below 2^24, where
float32 holds every whole number; what scales and rounds them runs in float64. Weights are stored as int8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import MissingExtra
from acortex.isa.quantisers import ACTIVATE, FRACTION, REACH, UNITY, Quantiser
from acortex.programs.graph import (
    Add,
    Code,
    Geometry,
    Layer,
    LayerGraph,
    Map,
    Mul,
    Pool,
    Port,
    Product,
    Requant,
    Target,
    View,
    columns_of,
    crop,
)

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]

OPSET = 17
"""The opset of what is written: that of most runtimes in use."""

IR_VERSION = 8


def reference(graph: LayerGraph) -> onnx.ModelProto:
    """The ONNX model of a layer graph. Raises MissingExtra without the package onnx."""
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise MissingExtra("writing ONNX files", "onnx") from None
    return _Writer(graph).model()


class _Writer:
    """Writes nodes; methods that make one return the name of its output."""

    def __init__(self, graph: LayerGraph) -> None:
        self.graph = graph
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self._known: dict[Any, str] = {}
        self.parts: dict[str, list[tuple[int, int, str]]] = {}
        self.whole: dict[str, str] = {}
        """The tensor of each map, once somebody reads it."""

    def model(self) -> onnx.ModelProto:
        from onnx import helper

        inputs = [self._input(port) for port in self.graph.inputs]
        for layer in self.graph.layers:
            self._layer(layer)
        outputs = [self._output(port) for port in self.graph.outputs]
        body = helper.make_graph(self.nodes, self.graph.name, inputs, outputs, list(self.constants.values()))
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(body, opset_imports=opset, ir_version=IR_VERSION, producer_name="acortex")

    # Nodes ------------------------------------------------------------------------------------------------------

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output."""
        from onnx import helper

        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, **attributes))
        return name

    def constant(self, values: Any, dtype: Any = np.float64) -> str:
        """An initialiser; of equal small ones there is one."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(values, dtype=dtype)
        key = (array.shape, array.dtype.str, array.tobytes()) if array.size < 64 else object()
        if key not in self._known:
            name = f"constant_{len(self.constants)}"
            self.constants[name] = numpy_helper.from_array(array, name)
            self._known[key] = name
        return self._known[key]

    def cast(self, value: str, dtype: Any) -> str:
        from onnx import helper

        return self.node("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def weights(self, values: Array) -> str:
        """Whole numbers, stored as int8, in float32."""
        return self.cast(self.constant(values, np.int8), np.float32)

    def integers(self, *values: int) -> str:
        return self.constant(values, np.int64)

    # Inputs and outputs -----------------------------------------------------------------------------------------

    def _input(self, port: Port) -> Any:
        from onnx import helper

        source = self.graph.maps[port.map]
        value = self._encoded(port, source)
        axes = list(port.axes) if port.axes is not None else None
        value = self.node("Reshape", value, self.integers(*_canonical(port)))
        if axes is not None:
            value = self.node("Transpose", value, perm=axes)
        value = self.node("Reshape", value, self.integers(1, source.height, source.width, source.channels))
        self.whole[source.name] = self.node("Transpose", value, perm=[0, 3, 1, 2])
        return helper.make_tensor_value_info(port.name, _element(port.dtype), list(port.shape))

    def _encoded(self, port: Port, source: Map) -> str:
        """The codes of what the user gives, as float32."""
        coding, value = source.coding, self.cast(port.name, np.float32)
        if port.encode == "codes":
            return value
        if port.encode == "binary":
            top = self.node("ReduceMax", value, keepdims=0)
            small = self.node("LessOrEqual", top, self.constant(1, np.float32))
            half = self.node("Where", small, self.constant(0.5, np.float32), self.constant(127.5, np.float32))
            return self.cast(self.node("GreaterOrEqual", value, half), np.float32)
        steps = self.node("Round", self.node("Div", value, self.constant(coding.scale, np.float32)))
        shifted = self.node("Add", steps, self.constant(coding.zero, np.float32))
        return self._clip(shifted, 0, (1 << coding.bits) - 1, np.float32)

    def _output(self, port: Port) -> Any:
        from onnx import helper

        source = self.graph.maps[port.map]
        value = self._map(port.map)
        if port.encode == "linear":
            zero, scale = (self.constant(x, np.float32) for x in (source.coding.zero, source.coding.scale))
            value = self.node("Mul", self.node("Sub", value, zero), scale)
        value = self.node("Transpose", value, perm=[0, 2, 3, 1])
        shape = _canonical(port)
        if port.axes is not None:
            value = self.node("Reshape", value, self.integers(*(shape[axis] for axis in port.axes)))
            value = self.node("Transpose", value, perm=[int(axis) for axis in np.argsort(port.axes)])
        value = self.node("Reshape", value, self.integers(*port.shape))
        self.cast(value, port.dtype)
        self.nodes[-1].output[0] = port.name
        return helper.make_tensor_value_info(port.name, _element(port.dtype), list(port.shape))

    # Maps -------------------------------------------------------------------------------------------------------

    def _map(self, name: str) -> str:
        """The tensor of a map: what layers wrote side by side, joined."""
        if name not in self.whole:
            source = self.graph.maps[name]
            pieces, end = [], 0
            for offset, channels, value in sorted(self.parts.get(name, [])):
                pieces += self._nothing(source, offset - end)
                pieces.append(value)
                end = offset + channels
            pieces += self._nothing(source, source.channels - end)
            self.whole[name] = pieces[0] if len(pieces) == 1 else self.node("Concat", *pieces, axis=1)
        return self.whole[name]

    def _nothing(self, source: Map, channels: int) -> list[str]:
        """Zeros for channels that nobody wrote."""
        shape = (1, channels, source.height, source.width)
        return [self.constant(np.zeros(shape), np.float32)] if channels else []

    def _write(self, target: Target, channels: int, value: str) -> None:
        self.parts.setdefault(target.map, []).append((target.offset, channels, value))

    def view(self, view: View) -> str:
        """What a view shows."""
        source = self.graph.maps[view.map]
        full = crop(view, source)
        assert full.height is not None and full.width is not None
        value = self._map(view.map)
        if (full.height, full.width) != (source.height, source.width):
            begin, end = (full.top, full.left), (full.top + full.height, full.left + full.width)
            value = self.node("Slice", value, self.integers(*begin), self.integers(*end), self.integers(2, 3))
        if full.channels != tuple(range(source.channels)):
            value = self.node("Gather", value, self.integers(*(full.channels or ())), axis=1)
        return value

    # Codes ------------------------------------------------------------------------------------------------------

    def coded(self, sums: str, code: Code, columns: int, count: Array | None = None) -> str:
        """Codes, float32, of float64 sums with `columns` channels; `count` divides them before they are rounded."""
        offsets, multipliers = columns_of(code, columns)
        if offsets.any():
            sums = self.node("Add", sums, self.constant(offsets.reshape(1, -1, 1, 1)))
        if count is None:
            factor = multipliers.reshape(1, -1, 1, 1) / (1 << code.shift)
            scaled = self.node("Mul", sums, self.constant(_short(factor)))
        else:
            scaled = self.node("Mul", sums, self.constant(_short(multipliers.reshape(1, -1, 1, 1))))
            scaled = self.node("Div", scaled, self.constant(count.astype(np.float64) * (1 << code.shift)))
        value = self._activated(self.node("Round", scaled), code)
        if code.zero:
            value = self.node("Add", value, self.constant(code.zero))
        return self.cast(self._clip(value, code.low, code.high), np.float32)

    def _activated(self, value: str, code: Code) -> str:
        if code.activation == "none":
            return value
        if code.activation == "relu":
            return self.node("Max", value, self.constant(0))  # onnxruntime fails to fuse a Relu of float64
        if code.activation == "leaky":
            bent = self.node("Round", self.node("Mul", value, self.constant(code.gain / UNITY)))
            return self.node("Where", self.node("Less", value, self.constant(0)), bent, value)
        if code.activation == "hardswish":
            held = self._clip(value, -REACH, REACH)
            gate = self._clip(self.node("Add", held, self.constant(3 * FRACTION)), 0, 6 * FRACTION)
            product = self.node("Mul", self.node("Mul", held, gate), self.constant(code.gain))
            return self.node("Round", self.node("Div", product, self.constant(UNITY * 6 * FRACTION)))
        rule = Quantiser(1, 0, code.zero, code.low, code.high, code.activation)
        table = ACTIVATE[code.activation](np.arange(-REACH, REACH + 1, dtype=np.float64), rule)
        return self.look_up(table, REACH, value)

    def look_up(self, table: Array, reach: int, value: str) -> str:
        """Entries of a table whose first is for -reach."""
        place = self.node("Add", self._clip(value, -reach, len(table) - 1 - reach), self.constant(reach))
        return self.node("Gather", self.constant(table), self.cast(place, np.int64))

    def _clip(self, value: str, low: float, high: float, dtype: Any = np.float64) -> str:
        return self.node("Clip", value, self.constant(low, dtype), self.constant(high, dtype))

    def less(self, value: str, zero: int) -> str:
        """Codes in float64 without their zero code."""
        wide = self.cast(value, np.float64)
        return self.node("Sub", wide, self.constant(zero)) if zero else wide

    # Layers -----------------------------------------------------------------------------------------------------

    def _layer(self, layer: Layer) -> None:
        value, channels = self._computed(layer)
        self._write(layer.target, channels, value)

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


def _inside(places: int, stride: int, margin: int, kernel: int, dilation: int, size: int) -> Array:
    """How many pixels of a window lie inside the image, one way, at each place."""
    at = (np.arange(places) * stride - margin)[:, None] + np.arange(kernel)[None, :] * dilation
    counts: Array = ((at >= 0) & (at < size)).sum(axis=1)
    return counts


def _steps(g: Geometry) -> dict[str, list[int]]:
    return {"strides": [g.stride_y, g.stride_x], "dilations": [g.dilation_y, g.dilation_x]}


def _short(values: Array) -> Array:
    """One number for equal ones."""
    return values.reshape(-1)[0] if np.unique(values).size == 1 else values


def _canonical(port: Port) -> tuple[int, ...]:
    return port.shapes[0]


def _element(dtype: str) -> int:
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
