"""LSTM, GRU and RNN layers as ONNX, step by step: the arithmetic of `acortex.isa.arithmetic.recurrent` in float64.

A few steps are written one after the other, many as the body of a Scan.

States are whole numbers within 16 bits, products of them with two codes stay below 2^53: all of it is exact.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.recurrent import CELL_ONE, HIGHEST, LOWEST, STATE_ONE, tanh_of
from acortex.programs.graph import Code, Recurrent, crop
from acortex.programs.reference.writer import Writer


@dataclass
class _State:
    """What one step leaves to the next: codes of h in float32, and the states of the cells in float64."""

    h: str
    cells: str


MOST_UNROLLED = 64
"""Steps that are written one after the other at most: a session takes long to begin with more nodes."""


def write_steps(writer: Writer, layer: Recurrent) -> None:
    """Writes the nodes of a recurrent layer, and what it shows of h and of its states."""
    steps = crop(layer.source, writer.graph.maps[layer.source.map]).width
    assert steps is not None
    cell = _CELLS[layer.kind](writer, layer)
    source = writer.view(layer.source)
    first = _first(writer, layer, source)
    write = _unrolled if steps <= MOST_UNROLLED else _scanned
    joined, state = write(cell, source, first, steps)
    writer.write(layer.target, layer.hidden, joined)
    if layer.last is not None:
        writer.write(layer.last, layer.hidden, state.h)
    if layer.last_state is not None:
        target, code = layer.last_state
        writer.write(target, layer.hidden, writer.coded(state.cells, code, layer.hidden))


def _unrolled(cell: _Cell, source: str, state: _State, steps: int) -> tuple[str, _State]:
    """H of all steps as an image of one row, and the state after the last one."""
    writer = cell.writer
    shown: dict[int, str] = {}
    for at in reversed(range(steps)) if cell.layer.reverse else range(steps):
        x = writer.node("Slice", source, writer.integers(at), writer.integers(at + 1), writer.integers(3))
        state = cell.step(x, state)
        shown[at] = state.h
    return writer.node("Concat", *(shown[at] for at in range(steps)), axis=3), state


def _scanned(cell: _Cell, source: str, state: _State, steps: int) -> tuple[str, _State]:
    """The same by a Scan over the columns of the source."""
    from onnx import TensorProto, helper

    writer = cell.writer
    h, cells, given, *outputs = (writer.name(f"Scan_{what}") for what in ("h", "c", "x", "last_h", "last_c", "all"))
    held = _State(h, cells)
    with writer.body() as nodes:
        after = cell.step(writer.node("Unsqueeze", given, writer.integers(3)), held)
        column = writer.node("Squeeze", after.h, writer.integers(3))
    types = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT)
    taken, left = (
        [helper.make_tensor_value_info(one, kind, None) for one, kind in zip(names, types, strict=True)]
        for names in ((held.h, held.cells, given), (after.h, after.cells, column))
    )
    backward = [int(cell.layer.reverse)]
    scan = helper.make_node(
        "Scan", [state.h, state.cells, source], outputs, outputs[2], num_scan_inputs=1,
        body=helper.make_graph(nodes, "step", taken, left), scan_input_axes=[3], scan_output_axes=[3],
        scan_input_directions=backward, scan_output_directions=backward,
    )  # fmt: skip
    writer.nodes.append(scan)
    return outputs[2], _State(outputs[0], outputs[1])


def _first(writer: Writer, layer: Recurrent, source: str) -> _State:
    """The state before the first step: constants, or what layers or inputs before have made."""
    if layer.first_h is not None:
        h = writer.view(layer.first_h)
    else:
        h = _column(writer, source, layer.initial_h, np.float32)
    if layer.first_state is None:
        return _State(h, _column(writer, source, layer.initial_state, np.float64))
    codes = writer.less(writer.view(layer.first_state), layer.first_zero)
    cells = writer.node("Mul", codes, writer.constant(layer.first_unit))
    return _State(h, writer.clip(cells, LOWEST, HIGHEST))


def _column(writer: Writer, source: str, values: NDArray[Any], dtype: Any) -> str:
    """The same numbers for every inference, of which `source` has some."""
    column = writer.constant(values.reshape(1, -1, 1, 1), dtype)
    if writer.batch is None:
        return column
    count = writer.node("Slice", writer.node("Shape", source), writer.integers(0), writer.integers(1))
    shape = writer.node("Concat", count, writer.integers(values.size, 1, 1), axis=0)
    return writer.node("Expand", column, shape)


class _Cell(ABC):
    """One kind of cell: its weights as initialisers, and what a step computes."""

    def __init__(self, writer: Writer, layer: Recurrent) -> None:
        self.writer = writer
        self.layer = layer
        self.weights = writer.weights(layer.weights)
        self.one = layer.codes[0].high

    @abstractmethod
    def step(self, x: str, state: _State) -> _State:
        """The state after a step."""

    def gates(self, joined: str, weights: str, codes: tuple[Code, ...]) -> list[str]:
        """The codes of gates, float32 of shape (1, hidden, 1, 1) each, from a row of inputs."""
        writer, hidden = self.writer, self.layer.hidden
        row = writer.node("Flatten", joined, axis=1)
        sums = writer.cast(writer.node("MatMul", row, weights), np.float64)
        found = []
        for gate, code in enumerate(codes):
            begin, end = writer.integers(gate * hidden), writer.integers((gate + 1) * hidden)
            own = writer.node("Slice", sums, begin, end, writer.integers(1))
            own = writer.node("Reshape", own, writer.integers(-1, hidden, 1, 1))
            found.append(writer.coded(own, code, hidden))
        return found

    def joined(self, *parts: str) -> str:
        return self.writer.node("Concat", *parts, axis=1)

    def product(self, *factors: str | float) -> str:
        """The product of tensors and numbers, in float64."""
        result = ""
        for factor in factors:
            value = factor if isinstance(factor, str) else self.writer.constant(factor)
            result = self.writer.node("Mul", result, value) if result else value
        return result

    def nearest(self, numerator: str, denominator: float) -> str:
        """A quotient rounded to nearest, ties to even, and held within 16 bits."""
        quotient = self.writer.node("Div", numerator, self.writer.constant(denominator))
        return self.writer.clip(self.writer.node("Round", quotient), LOWEST, HIGHEST)

    def tanh(self, cells: str) -> str:
        """Values of tanh_of, by its table."""
        return self.writer.look_up(tanh_of(np.arange(LOWEST, HIGHEST + 1)), -LOWEST, cells)

    def rest(self, gate: str) -> str:
        """1 minus a gate: F - z."""
        return self.writer.node("Sub", self.writer.constant(self.one), gate)

    def shown(self, value: str, cells: str) -> _State:
        return _State(self.writer.coded(value, self.layer.out, self.layer.hidden), cells)


class _Lstm(_Cell):
    def step(self, x: str, state: _State) -> _State:
        writer, zero = self.writer, self.layer.codes[3].zero
        span = self.one - zero
        codes = self.gates(self.joined(x, state.h), self.weights, self.layer.codes)
        i, f, o = (writer.less(code, 0) for code in codes[:3])
        kept = self.product(f, state.cells, span)
        new = self.product(i, writer.less(codes[3], zero), CELL_ONE)
        cells = self.nearest(writer.node("Add", kept, new), self.one * span)
        return self.shown(self.product(o, self.tanh(cells)), cells)


class _GruLinear(_Cell):
    def step(self, x: str, state: _State) -> _State:
        writer, layer = self.writer, self.layer
        zero = layer.codes[1].zero
        codes = self.gates(self.joined(x, state.h), self.weights, layer.codes)
        z, nx, r, nh = (writer.less(code, 0 if gate % 2 == 0 else zero) for gate, code in enumerate(codes))
        weighted = writer.node("Add", self.product(nx, self.one), self.product(r, nh))
        scaled = self.product(weighted, layer.cell_multiplier)
        n = self.tanh(self.nearest(scaled, self.one * 2.0**layer.cell_shift))
        mixed = writer.node("Add", self.product(z, state.cells), self.product(self.rest(z), n))
        cells = self.nearest(mixed, self.one)
        return self.shown(cells, cells)


class _Gru(_Cell):
    def __init__(self, writer: Writer, layer: Recurrent) -> None:
        super().__init__(writer, layer)
        assert layer.weights_n is not None and layer.code_n is not None and layer.reset is not None
        self.weights_n, self.code_n, self.reset = writer.weights(layer.weights_n), layer.code_n, layer.reset

    def step(self, x: str, state: _State) -> _State:
        writer, layer, zero = self.writer, self.layer, self.code_n.zero
        span = self.one - zero
        codes = self.gates(self.joined(x, state.h), self.weights, layer.codes)
        z, r = (writer.less(code, 0) for code in codes)
        kept = writer.coded(self.product(r, writer.less(state.h, layer.out.zero)), self.reset, layer.hidden)
        (n,) = self.gates(self.joined(x, kept), self.weights_n, (self.code_n,))
        new = self.product(self.rest(z), writer.less(n, zero), STATE_ONE)
        mixed = writer.node("Add", self.product(z, state.cells, span), new)
        cells = self.nearest(mixed, self.one * span)
        return self.shown(cells, cells)


class _Rnn(_Cell):
    def step(self, x: str, state: _State) -> _State:
        (h,) = self.gates(self.joined(x, state.h), self.weights, self.layer.codes)
        # A Scan hands no tensor on as it came.
        return _State(h, self.writer.node("Identity", state.cells))


_CELLS: dict[str, type[Any]] = {"lstm": _Lstm, "gru": _Gru, "gru_linear": _GruLinear, "rnn": _Rnn}
