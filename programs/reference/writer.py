"""Writes the nodes of an ONNX model: constants, maps and their views, and codes.

Codes are whole numbers in float32 tensors of shape (1, channels, rows, columns).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import ACTIVATE, FRACTION, REACH, UNITY, Quantiser
from acortex.programs.graph import EVERY, Code, LayerGraph, Target, View, columns_of, crop

Array = NDArray[Any]


class Writer:
    """Nodes and initialisers so far; methods that make a node return the name of its output."""

    def __init__(self, graph: LayerGraph) -> None:
        self.graph = graph
        self.batch = next((port.batch for port in graph.inputs if port.batch is not None), None)
        """The name of the axis that counts inferences, where the model leaves its size open."""
        self.nodes: list[Any] = []
        self._made = 0
        self.constants: dict[str, Any] = {}
        self._known: dict[Any, str] = {}
        self.parts: dict[str, list[tuple[int, int, str]]] = {}
        self._whole: dict[str, str] = {}
        """The tensor of each map, made at its first reader."""
        self._phases: dict[tuple[str, int], dict[tuple[int, int], str]] = {}
        """What was written so far of the phases of an image, by map and first channel, each by its first pixel."""

    # Nodes ------------------------------------------------------------------------------------------------------

    def name(self, what: str) -> str:
        """A name that no other tensor has."""
        self._made += 1
        return f"{what}_{self._made - 1}"

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output."""
        from onnx import helper

        name = self.name(op)
        self.nodes.append(helper.make_node(op, list(inputs), [name], name, **attributes))
        return name

    @contextmanager
    def body(self) -> Iterator[list[Any]]:
        """Nodes that are written within go into a list of their own, for a graph inside a node; constants stay out."""
        outside, self.nodes = self.nodes, []
        try:
            yield self.nodes
        finally:
            self.nodes = outside

    def constant(self, values: Any, dtype: Any = np.float64) -> str:
        """An initialiser; of equal ones there is one."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(values, dtype=dtype)
        key = (array.shape, array.dtype.str, sha256(array.tobytes()).digest())
        if key not in self._known:
            name = f"constant_{len(self.constants)}"
            self.constants[name] = numpy_helper.from_array(array, name)
            self._known[key] = name
        return self._known[key]

    def cast(self, value: str, dtype: Any) -> str:
        """A tensor in another type."""
        from onnx import helper

        return self.node("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def weights(self, values: Array) -> str:
        """Whole numbers, stored as int8, in float32."""
        return self.cast(self.constant(values, np.int8), np.float32)

    def integers(self, *values: int) -> str:
        """A row of whole numbers: shapes, axes, places."""
        return self.constant(values, np.int64)

    # Maps -------------------------------------------------------------------------------------------------------

    def map(self, name: str) -> str:
        """The tensor of a map: what layers have written side by side so far, joined."""
        if name not in self._whole:
            pieces = [value for _, _, value in sorted(self.parts[name])]
            self._whole[name] = pieces[0] if len(pieces) == 1 else self.node("Concat", *pieces, axis=1)
        return self._whole[name]

    def write(self, target: Target, channels: int, value: str) -> None:
        """Notes what a layer writes: channels of a map. Layers before read only the channels before."""
        if target.phase != EVERY:
            phases = self._phases.setdefault((target.map, target.offset), {})
            phases[target.phase.top, target.phase.left] = value
            if len(phases) < target.phase.step_y * target.phase.step_x:
                return
            value = self._interleaved(target, phases)
        self._whole.pop(target.map, None)
        self.parts.setdefault(target.map, []).append((target.offset, channels, value))

    def _interleaved(self, target: Target, phases: Mapping[tuple[int, int], str]) -> str:
        """The image of all its phases, each (inferences, channels, rows, columns) of its own pixels."""
        whole, phase = self.graph.maps[target.map], target.phase
        height, width = -(-whole.height // phase.step_y), -(-whole.width // phase.step_x)
        rows = []
        for top in range(phase.step_y):
            row = []
            for left in range(phase.step_x):
                own = replace(phase, top=top, left=left).size(whole.height, whole.width)
                value = phases[top, left]
                if own != (height, width):
                    value = self.node("Pad", value, self.integers(0, 0, 0, 0, 0, 0, height - own[0], width - own[1]))
                row.append(self.node("Reshape", value, self.integers(0, 0, height, 1, width, 1)))
            rows.append(row[0] if len(row) == 1 else self.node("Concat", *row, axis=5))
        joined = rows[0] if len(rows) == 1 else self.node("Concat", *rows, axis=3)
        sizes = height * phase.step_y, width * phase.step_x
        value = self.node("Reshape", joined, self.integers(0, 0, *sizes))
        if sizes == (whole.height, whole.width):
            return value
        ends = self.integers(whole.height, whole.width)
        return self.node("Slice", value, self.integers(0, 0), ends, self.integers(2, 3))

    def view(self, view: View) -> str:
        """What a view shows."""
        source = self.graph.maps[view.map]
        full = crop(view, source)
        assert full.height is not None and full.width is not None
        value = self.map(view.map)
        if (full.height, full.width) != (source.height, source.width):
            begin, end = (full.top, full.left), (full.top + full.height, full.left + full.width)
            value = self.node("Slice", value, self.integers(*begin), self.integers(*end), self.integers(2, 3))
        written = [offset + n for offset, count, _ in sorted(self.parts[view.map]) for n in range(count)]
        if full.channels != tuple(written):
            place = {channel: n for n, channel in enumerate(written)}
            value = self.node("Gather", value, self.integers(*(place[c] for c in full.channels or ())), axis=1)
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
        return self.cast(self.clip(value, code.low, code.high), np.float32)

    def _activated(self, value: str, code: Code) -> str:
        if code.activation == "none":
            return value
        if code.activation == "relu":
            return self.node("Max", value, self.constant(0))  # onnxruntime fails to fuse a Relu of float64
        if code.activation == "leaky":
            bent = self.node("Round", self.node("Mul", value, self.constant(code.gain / UNITY)))
            return self.node("Where", self.node("Less", value, self.constant(0)), bent, value)
        if code.activation == "hardswish":
            held = self.clip(value, -REACH, REACH)
            gate = self.clip(self.node("Add", held, self.constant(3 * FRACTION)), 0, 6 * FRACTION)
            product = self.node("Mul", self.node("Mul", held, gate), self.constant(code.gain))
            return self.node("Round", self.node("Div", product, self.constant(UNITY * 6 * FRACTION)))
        rule = Quantiser(1, 0, code.zero, code.low, code.high, code.activation)
        table = ACTIVATE[code.activation](np.arange(-REACH, REACH + 1, dtype=np.float64), rule)
        return self.look_up(table, REACH, value)

    def look_up(self, table: Array, reach: int, value: str) -> str:
        """Entries of a table whose first is for -reach."""
        place = self.node("Add", self.clip(value, -reach, len(table) - 1 - reach), self.constant(reach))
        return self.node("Gather", self.constant(table), self.cast(place, np.int64))

    def clip(self, value: str, low: float, high: float, dtype: Any = np.float64) -> str:
        """A tensor held between two numbers."""
        return self.node("Clip", value, self.constant(low, dtype), self.constant(high, dtype))

    def less(self, value: str, zero: int) -> str:
        """Codes in float64 without their zero code."""
        wide = self.cast(value, np.float64)
        return self.node("Sub", wide, self.constant(zero)) if zero else wide


def _short(values: Array) -> Array:
    """One number for equal ones."""
    return values.reshape(-1)[0] if np.unique(values).size == 1 else values
