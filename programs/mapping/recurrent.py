"""LSTM, GRU and RNN layers as passes: one per step, a product of [x, h].

The vector agent takes the gates of cells as they come; of an RNN what the product gives is the next h.

The gates of a word of cells stand side by side in the group's columns, so that the words of a conversion are in the
order in which the vector agent takes them. States of 16 bits stay there; codes of h go to memory, where the next step
reads them. The steps of stacked layers run in wavefront order: whatever has what it needs longest.
Steps share what is the same in all of them, so that it shows which ones can be turns of a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.machine import CHANNELS
from acortex.programs.blocks import put_rows, runs
from acortex.programs.graph import Code, Geometry, Mul, Recurrent, Target, View, columns_of
from acortex.programs.mapping.passes import Begin, Cell, Ints, Matrix, Multiply, Pass, Sink, Source, VectorStage

MAX_MULTIPLIER = 1 << 16

STATE_ZERO = 8
"""The code of a state of 0, where initial states lie in memory."""


class UnsupportedCell(AcortexError):
    """A recurrent layer that the chip has no way to compute."""


@dataclass(frozen=True)
class Places:
    """Where a recurrent layer's words are: functions of the maps' layouts."""

    view: Callable[[View], tuple[Source, Ints]]
    sink: Callable[[Target, int], Sink]
    scratch: Callable[[str, int], Target]
    """Makes a map of one pixel, for what lies between two passes of a step."""
    constant: Callable[[str, NDArray[np.uint8]], Source]
    """Makes a map of one pixel that is in memory from the start, of words of shape (words, 64)."""
    k: int
    """Rows and columns of an array."""


def steps_of(layer: Recurrent, places: Places, state: int) -> list[list[Pass]]:
    """The passes of each step of a layer, in the order in which they run. `state` is its first word of the store."""
    return _Unrolling(layer, places, state).steps()


class _Unrolling:
    def __init__(self, layer: Recurrent, places: Places, state: int) -> None:
        self.layer = layer
        self.places = places
        self.state = state
        self.words = -(-layer.hidden // CHANNELS)
        self.source, self.inputs = places.view(layer.source)
        self._h_places = self._h(0)[1]
        self.fill = int(layer.initial_h[0]) if layer.first_h is None else 0
        self.first_h = self._first_h()
        self.begin = self._begin()

    def steps(self) -> list[list[Pass]]:
        layer = self.layer
        count = self.source.width
        order = range(count - 1, -1, -1) if layer.reverse else range(count)
        make = {"gru": self._gru_steps, "rnn": self._rnn_steps}.get(layer.kind, self._plain_steps)()
        steps = [make(at, order[index - 1] if index else None) for index, at in enumerate(order)]
        if layer.last_state is not None:
            target, code = layer.last_state
            steps[-1][-1] = replace(steps[-1][-1], state=(self.places.sink(target, layer.hidden), code))
        return steps

    def _first_h(self) -> Source | None:
        """The codes of h before the first step, in memory; None where one code fills them all."""
        layer = self.layer
        if layer.first_h is not None:
            return self._placed(layer.first_h, self._h_places)
        zeros = {layer.reset.zero, layer.out.zero} if layer.reset is not None else set[int]()
        if set(np.unique(layer.initial_h).tolist()) | zeros == {self.fill}:
            return None
        codes = np.zeros((int(self._h_places.max()) // CHANNELS + 1) * CHANNELS, dtype=np.uint8)
        codes[self._h_places] = layer.initial_h
        return self.places.constant(f"{layer.name}/h", codes.reshape(-1, CHANNELS))

    def _begin(self) -> Begin | None:
        """The state before the first step; None for 0."""
        layer = self.layer
        if layer.first_state is not None:
            source = self._placed(layer.first_state, np.arange(layer.hidden))
            return Begin(source, layer.first_zero, layer.first_unit)
        if not layer.initial_state.any():
            return None
        states = layer.initial_state.astype(np.int64)
        unit = int(np.gcd.reduce(states))
        codes = np.full(self.words * CHANNELS, STATE_ZERO, dtype=np.int64)
        codes[: layer.hidden] += states // unit
        if codes.min() < 0 or codes.max() > 2 * STATE_ZERO - 1:
            raise UnsupportedCell(
                f"{layer.name} begins with states that are no multiples of one number from -8 to 7",
                hint="initial states are held in memory as codes of 4 bits",
            )
        source = self.places.constant(f"{layer.name}/state", codes.astype(np.uint8).reshape(-1, CHANNELS))
        return Begin(source, STATE_ZERO, unit)

    def _placed(self, view: View, wanted: Ints) -> Source:
        """The words of a first h or a first state, whose channels must lie in them as those of the steps do."""
        source, places = self.places.view(view)
        if source.layout.packed > 1 or not np.array_equal(places, wanted):
            raise UnsupportedCell(
                f"{self.layer.name} takes its first state from {view.map}, whose channels lie otherwise in a word"
            )
        return source

    def _before(self, at: int | None) -> Source | None:
        """Codes of h from which a step sets out, in memory; None where they are `fill`."""
        return self.first_h if at is None else self._h(at)[0]

    def _x(self, at: int) -> Source:
        return replace(self.source, left=self.source.left + at, width=1)

    def _h(self, at: int) -> tuple[Source, Ints]:
        """The codes of h that step `at` has written."""
        offset = self.layer.target.offset
        channels = tuple(range(offset, offset + self.layer.hidden))
        return self.places.view(View(self.layer.target.map, channels, left=at, width=1))

    def _pixel(self, target: Target, at: int) -> Sink:
        return replace(self.places.sink(target, self.layer.hidden), pixel=at)

    # LSTM, and GRU whose reset gate works behind the product ----------------------------------------------------

    def _plain_steps(self) -> Callable[[int, int | None], list[Pass]]:
        layer = self.layer
        gates = len(layer.codes)
        every = 4 if layer.kind == "lstm" else 2
        matrix = self._matrix(layer.name, layer.weights, gate_columns(layer.hidden, gates))
        code, then = _paired(layer, layer.codes, every)
        if layer.kind == "lstm":
            behind = Code(1, 0, 0, layer.codes[3].zero, 0, layer.codes[0].high)
        else:
            behind = Code(layer.cell_multiplier, layer.cell_shift, 0, layer.codes[1].zero, 0, layer.codes[0].high)
        cell = Cell(layer.kind, layer.out, behind, self.words, self.state, then, every)
        alone, behind_x = (Multiply(Geometry(), fill, False, matrix, code) for fill in (self.fill, 0))

        def make(at: int, before: int | None) -> list[Pass]:
            h = self._before(before)
            multiply = alone if h is None else behind_x
            step = Pass((layer,), self._x(at), self._pixel(layer.target, at), multiply, more=(h,) if h else ())
            return [self._with_cell(step, cell, before is None)]

        return make

    # GRU whose reset gate works before the product ---------------------------------------------------------------

    def _gru_steps(self) -> Callable[[int, int | None], list[Pass]]:
        layer = self.layer
        assert layer.weights_n is not None and layer.code_n is not None and layer.reset is not None
        own = layer.hidden
        z, r = layer.weights[:, :own], layer.weights[:, own:]
        inside = len(self.inputs)
        n_input, n_reset = layer.weights_n[:inside], layer.weights_n[inside:]
        channels = int(self._h_places.max()) + 1
        reset = self._matrix(f"{layer.name}/reset", r, self._h_places)  # beside the h that it is multiplied with
        blank = np.zeros((own, own), dtype=np.int8)
        both = np.hstack((np.vstack((z, blank)), np.vstack((n_input, blank, n_reset))))
        update = self._matrix(layer.name, both, gate_columns(own, 2))
        code, then = _paired(layer, (layer.codes[0], layer.code_n), 2)
        behind = Code(1, 0, 0, layer.code_n.zero, 0, layer.codes[0].high)
        cell = Cell("gru", layer.out, behind, self.words, self.state, then, 2)
        reset_code, _ = _paired(layer, (layer.codes[1],), 1, self._h_places)
        between = self.places.scratch(f"{layer.name}/reset", channels)
        view = View(between.map)
        mul = Mul(layer.name, layer.op, between, view, view, 0, layer.out.zero, layer.reset)
        first = Multiply(Geometry(), 0, False, reset, reset_code)
        alone, behind_x = (Multiply(Geometry(), fill, False, update, code) for fill in (self.fill, 0))

        def make(at: int, before: int | None) -> list[Pass]:
            sink = self._pixel(layer.target, at)
            h = self._before(before)
            if h is None:
                return [self._with_cell(Pass((layer,), self._x(at), sink, alone), cell, True)]
            stage = VectorStage(mul, -(-channels // CHANNELS), 1, 1, h)
            made = Pass((layer,), self._x(at), self.places.sink(between, channels), first, stage, more=(h,))
            scratch, _ = self.places.view(view)
            step = Pass((layer,), self._x(at), sink, behind_x, more=(h, scratch))
            return [made, self._with_cell(step, cell, before is None)]

        return make

    # RNN: the product makes h ------------------------------------------------------------------------------------

    def _rnn_steps(self) -> Callable[[int, int | None], list[Pass]]:
        layer = self.layer
        columns = np.arange(layer.hidden)
        matrix = self._matrix(layer.name, layer.weights, columns)
        code, _ = _paired(layer, layer.codes, 1, columns)
        alone, behind_x = (Multiply(Geometry(), fill, False, matrix, code) for fill in (self.fill, 0))

        def make(at: int, before: int | None) -> list[Pass]:
            h = self._before(before)
            multiply, more = (alone, ()) if h is None else (behind_x, (h,))
            return [Pass((layer,), self._x(at), self._pixel(layer.target, at), multiply, more=more)]

        return make

    def _with_cell(self, step: Pass, cell: Cell, first: bool) -> Pass:
        """A pass that steps the cells; the first step brings their state along, where it is not 0."""
        if not first:
            return replace(step, cell=cell)
        return replace(step, cell=replace(cell, first=self.begin is None), begin=self.begin)

    def _matrix(self, name: str, weights: NDArray[np.int8], columns: Ints) -> Matrix:
        """A matrix with its columns at places of their own; below each other x, h and what a reset made."""
        h = self._h_places
        h_words = int(h.max()) // CHANNELS + 1
        start = self.source.words * CHANNELS
        rows = (self.inputs, start + h, start + h_words * CHANNELS + h)
        places = np.concatenate(rows)[: len(weights)]
        size = (int(places.max()) + 1, int(columns.max()) + 1)

        def values() -> NDArray[np.int8]:
            filled = np.zeros(size, dtype=np.int8)
            for start, end in runs(columns):
                put_rows(filled[:, columns[start] : columns[start] + end - start], places, weights[:, start:end])
            return filled

        return Matrix(name, *size, int(weights.size), values, self.places.k)


def gate_columns(hidden: int, gates: int) -> Ints:
    """The column of each cell's gates, gate after gate: word by word, the gates of a word side by side."""
    cell = np.arange(hidden)
    return np.concatenate([(cell // CHANNELS * gates + gate) * CHANNELS + cell % CHANNELS for gate in range(gates)])


def _paired(layer: Recurrent, codes: Sequence[Code], every: int, columns: Ints | None = None) -> tuple[Code, Code]:
    """The codes of all columns and of the last of each `every` words, with one table of constants for both.

    Gates that share a quantiser share its shift: their multipliers are scaled to the largest.
    """
    hidden, gates = layer.hidden, len(codes)
    columns = gate_columns(hidden, gates) if columns is None else columns
    offset = np.zeros(int(columns.max()) + 1, dtype=np.int64)
    multiplier = np.ones(len(offset), dtype=np.int64)
    last = [(gate + 1) % every == 0 and every > 1 for gate in range(gates)]
    shifts = {kind: max(code.shift for code, own in zip(codes, last, strict=True) if own == kind) for kind in set(last)}
    for gate, code in enumerate(codes):
        offsets, multipliers = columns_of(code, hidden)
        mine = columns[gate * hidden : (gate + 1) * hidden]
        offset[mine] = offsets
        multiplier[mine] = multipliers << (shifts[last[gate]] - code.shift)
    if multiplier.max() > MAX_MULTIPLIER:
        raise UnsupportedCell(f"the gates of {layer.name} have scales too far apart")
    first, then = (
        replace(code, shift=shifts[own], offset=offset, multiplier=multiplier)
        for code, own in ((codes[0], last[0]), (codes[-1], last[-1]))
    )
    return first, then


def wavefront(layers: Sequence[list[list[Pass]]]) -> list[Pass]:
    """The steps of several layers in an order in which they can run: first those that depend on the fewest others."""
    wave: dict[tuple[str, int], int] = {}
    keyed: list[tuple[int, int, int, list[Pass]]] = []
    for number, steps in enumerate(layers):
        before = 0
        for index, passes in enumerate(steps):
            needs = [wave.get((s.layout.name, s.left), 0) for step in passes for s in (step.source, *step.more)]
            before = max(before, *needs) + 1
            sink = passes[-1].sink
            place = (sink.layout.name, sink.pixel or 0)
            wave[place] = max(before, wave.get(place, 0))
            keyed.append((before, number, index, passes))
    return [step for _, _, _, passes in sorted(keyed, key=lambda key: key[:3]) for step in passes]
