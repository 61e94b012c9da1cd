"""From layers to passes: what is read, through which matrix it goes, what the vector agent adds, where it is written.

A layer of the vector agent joins the product before it where nothing else needs what that product makes. Views that the
vector agent cannot take (their channels lie otherwise in a word than those of the target) are copied by a product with
an identity matrix first, which is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError, raise_all
from acortex.isa.machine import CHANNELS, Machine
from acortex.programs.graph import (
    Add,
    Code,
    Coding,
    Geometry,
    LayerGraph,
    Map,
    Mul,
    Pool,
    Product,
    Recurrent,
    Requant,
    Target,
    View,
    crop,
    read_views,
    written_targets,
)
from acortex.programs.mapping.carried import first_words, with_copies
from acortex.programs.mapping.fusion import VectorLayer, fused
from acortex.programs.mapping.parts import columns_code, filled, narrow, parts_of
from acortex.programs.mapping.passes import (
    Ints,
    Layout,
    Lowered,
    Matrix,
    Multiply,
    Pass,
    Sink,
    Source,
    VectorStage,
    dense_is_cheaper,
    layout_of,
    window_cost,
)
from acortex.programs.mapping.recurrent import Places, steps_of, wavefront
from acortex.programs.mapping.side_by_side import only_products_read, pixels_side_by_side


class UnsupportedLayer(AcortexError):
    """A layer that the chip has no way to compute."""

    layer = ""
    """Its name, where the chip lacks room for it."""

    store, needed = "", 0
    """The size of a `Machine` that is too small for it, and how large it must be; empty where that is not the reason.
    """


STORES = {
    "buffer_words": "buffer.words={0}",
    "output_words": "neurons.output_words={0} and vector.queue_words={0}",
    "state_words": "vector.state_words={0}",
    "line_words": "vector.line_words={0}",
}
"""The settings of a chip behind sizes of a `Machine`, beside its arrays and main memory, that networks may exceed."""


def pack_inputs(graph: LayerGraph) -> LayerGraph:
    """The network with several pixels of an input in a word, where they have few channels and only products read them.

    Products take rows of an image in full width; crops of it, and what the vector agent does, need one word per pixel.
    """
    packed = {}
    for port in graph.fed:
        source = graph.maps[port.map]
        room = next((count for count in (16, 8, 4, 2) if count * source.channels <= CHANNELS), 1)
        if (
            port.axes is not None
            and len(port.axes) > 1
            and source.width > 1
            and room > 1
            and only_products_read(source.name, graph)
        ):
            packed[source.name] = replace(source, packed=room)
    return replace(graph, maps=graph.maps | packed) if packed else graph


def lower(
    graph: LayerGraph,
    machine: Machine,
    mapping: str = "best",
    beyond: list[AcortexError] | None = None,
    joined: int = 1,
) -> Lowered:
    """The passes of a network, in an order in which they can run.

    A pass of a convolution in groups makes up to `joined` words of outputs, each of which takes that many arrays.
    What layers need beyond the machine goes into `beyond`, one error for each of its settings. Without that list it is
    raised.
    """
    whole = with_copies(graph)
    if mapping == "best":
        whole = pixels_side_by_side(whole, machine)
    lowering = _Lowering(whole, machine, mapping, joined)
    lowered = lowering.run()
    lowered.constants |= first_words(graph, {name: layout.size for name, layout in lowered.layouts.items()})
    if beyond is None:
        raise_all(lowering.beyond())
    else:
        beyond += lowering.beyond()
    return lowered


class _Lowering:
    def __init__(self, graph: LayerGraph, machine: Machine, mapping: str, joined: int) -> None:
        graph, self.steps = fused(graph, machine)
        self.machine = machine
        self.mapping = mapping
        self.joined = joined
        self.maps = dict(graph.maps)
        self.result = Lowered(layouts={name: layout_of(source) for name, source in graph.maps.items()})
        self.cells: list[Recurrent] = []
        self.states = 0
        self._lacking: dict[str, list[tuple[int, UnsupportedLayer]]] = {}
        """What layers need beyond the machine, by its setting: how much, and the error that says so."""
        self.shared = _shared_words(graph)

    def run(self) -> Lowered:
        for step in self.steps:
            if step.recurrent is not None:
                self._recurrent(step.recurrent)
                continue
            self._flush()
            if step.product is not None:
                self._product(step.product, step.vector)
            elif step.vector is not None:
                self._vector(step.vector)
        self._flush()
        return self.result

    def beyond(self) -> list[AcortexError]:
        """What layers need beyond the machine: an error for each of its settings, of the layer that needs most."""
        found: list[AcortexError] = []
        for errors in self._lacking.values():
            most = max(errors, key=lambda one: one[0])[1]
            others = dict.fromkeys(error.layer for _, error in errors if error.layer != most.layer)
            most.also = tuple(f"layer {name}" for name in others)
            found.append(most)
        return found

    def _lack(self, store: str, needed: int, layer: str, message: str, otherwise: str = "") -> None:
        """Notes that a layer needs more of the machine than it has."""
        error = UnsupportedLayer(message, hint=f"take a chip with {STORES[store].format(needed)}{otherwise}")
        error.layer, error.store, error.needed = layer, store, needed
        self._lacking.setdefault(store, []).append((needed, error))

    # Where things lie -------------------------------------------------------------------------------------------

    def _layout(self, name: str) -> Layout:
        return self.result.layouts[name]

    def _view(self, view: View) -> tuple[Source, Ints]:
        """The words that a view needs, and the place of each of its channels in them."""
        layout = self._layout(view.map)
        full = crop(view, self.maps[view.map])
        assert full.height is not None and full.width is not None
        positions = np.array(full.channels, dtype=np.int64)
        word = int(positions.min()) // CHANNELS
        last = int(positions.max())
        if layout.packed > 1 and (full.left or full.width != layout.width):
            raise UnsupportedLayer(
                f"a layer reads columns {full.left} to {full.left + full.width - 1} of the input {view.map},"
                f" of which a word holds {layout.packed} pixels"
            )
        source = Source(
            layout, word, last // CHANNELS - word + 1, last % CHANNELS + 1, full.top, full.left, full.height, full.width
        )
        return source, positions - word * CHANNELS

    def _sink(self, target: Target, channels: int) -> Sink:
        """The words to which channels are written. The last is written whole if no other layer has a part of it."""
        word, shift = divmod(target.offset, CHANNELS)
        words = -(-channels // CHANNELS)
        tail = channels - (words - 1) * CHANNELS
        last = (target.offset + channels - 1) // CHANNELS
        alone = shift == 0 and (target.map, last) not in self.shared
        return Sink(self._layout(target.map), word, words, shift, CHANNELS if alone else tail, phase=target.phase)

    # Products ---------------------------------------------------------------------------------------------------

    def _product(self, layer: Product, vector: VectorLayer | None) -> None:
        source, inputs = self._view(layer.source)
        target = layer.target if vector is None else vector.target
        if self._meets(source, target, layer.weights.shape[3]):
            source, inputs = self._view(self._copied(layer.source, layer))
        operand = None
        if vector is not None:
            _check_offset(vector)
        if isinstance(vector, Add | Mul):
            operand = self._stream(vector.b if vector.a.map == layer.target.map else vector.a, vector)
        for start, end in parts_of(layer, inputs, self.joined):
            sink = self._sink(replace(target, offset=target.offset + start), end - start)
            needed, places = narrow(layer, source, inputs, start, end)
            multiply = self._multiply(layer, needed, places, start, end)
            stage = None if vector is None else _stage_after(layer, vector, sink, operand)
            layers = (layer,) if vector is None else (layer, vector)
            self.result.passes.append(Pass(layers, needed, sink, multiply, stage))

    def _multiply(self, layer: Product, source: Source, inputs: Ints, start: int, end: int) -> Multiply:
        taps = layer.geometry.kernel_y * layer.geometry.kernel_x
        channels = (source.words - 1) * CHANNELS + source.tail
        dense = self.mapping == "dense"
        if self.mapping == "best":
            dense = dense_is_cheaper(layer.geometry, source, self.machine)
        tap_rows = channels if dense else source.words * CHANNELS
        rows = (taps - 1) * tap_rows + channels
        self._check_room(layer, source, dense, end - start)
        weights = layer.macs_per_position * (end - start) // layer.weights.shape[3]
        values = partial(filled, layer, tap_rows, inputs, rows, start, end)
        matrix = Matrix(layer.name, rows, end - start, weights, values, self.machine.k)
        return Multiply(layer.geometry, layer.pad, dense, matrix, columns_code(layer, start, end))

    def _check_room(self, layer: Product, source: Source, dense: bool, columns: int) -> None:
        """The chip has room for a window, and for what comes of one position."""
        machine = self.machine
        window = window_cost(layer.geometry, source, dense, machine.k).held
        if window > machine.buffer_words:
            holds = f"the buffer of {machine.name} holds {machine.buffer_words}"
            message = f"a window of {layer.name} takes {window} words, and {holds}"
            other = window_cost(layer.geometry, source, not dense, machine.k).held
            # Of the two only a mapping that was asked for holds more.
            otherwise = f", or the mapping best: {other} words" if other < window else ""
            self._lack("buffer_words", window, layer.name, message, otherwise)
        words = -(-columns // CHANNELS)
        if words > machine.output_words:
            room = f"{machine.name} has room for {machine.output_words}"
            message = f"a position of {layer.name} gives {words} words, and {room}"
            self._lack("output_words", words, layer.name, message)

    # Recurrent layers -------------------------------------------------------------------------------------------

    def _recurrent(self, layer: Recurrent) -> None:
        """Keeps a layer until the next one that is not recurrent: stacked ones run side by side."""
        # A layer that reads the last h or c of another one cannot begin before that one's last step.
        read = {view.map for view in read_views(layer)}
        if any(end.map in read for other in self.cells for end in written_targets(other)[1:]):
            self._flush()
        self.cells.append(layer)

    def _flush(self) -> None:
        """Turns the recurrent layers that were kept into passes."""
        if not self.cells:
            return
        layers, self.cells = self.cells, []
        places = Places(self._view, self._sink, self._scratch, self._constant, self.machine.k)
        steps = []
        for layer in layers:
            steps.append(steps_of(layer, places, self.states))
            self.states += -(-layer.hidden // CHANNELS) if layer.kind != "rnn" else 0
        if self.states > self.machine.state_words:
            holds = f"{self.machine.name} holds {self.machine.state_words}"
            message = f"the recurrent layers keep {self.states} words of states, and {holds}"
            self._lack("state_words", self.states, "", message)
        self.result.passes += wavefront(steps)
        for layer, passes in zip(layers, steps, strict=True):
            self._ends(layer, passes[-1][-1])

    def _ends(self, layer: Recurrent, last: Pass) -> None:
        """Copies h of a layer's last step to where others look for it."""
        if layer.last is not None:
            offset, at = layer.target.offset, last.sink.pixel
            channels = tuple(range(offset, offset + layer.hidden))
            view = View(layer.target.map, channels, left=at or 0, width=1)
            code = Code(high=(1 << self.machine.bits) - 1)
            self._vector(Requant(f"{layer.name}/last", layer.op, layer.last, view, 0, code))

    def _scratch(self, name: str, channels: int) -> Target:
        """A map of one pixel."""
        self.maps[name] = Map(name, 1, 1, channels, Coding(1.0, 0, self.machine.bits))
        self.result.layouts[name] = layout_of(self.maps[name])
        return Target(name)

    def _constant(self, name: str, words: NDArray[np.uint8]) -> Source:
        """A map of one pixel that is in memory from the start."""
        self._scratch(name, words.size)
        self.result.constants[name] = words
        return self._view(View(name))[0]

    # The vector agent -------------------------------------------------------------------------------------------

    def _vector(self, layer: VectorLayer) -> None:
        _check_offset(layer)
        view = layer.a if isinstance(layer, Add | Mul) else layer.source
        sink = self._sink(layer.target, len(crop(view, self.maps[view.map]).channels or ()))
        source = self._stream(view, layer)
        operand = self._stream(layer.b, layer) if isinstance(layer, Add | Mul) else None
        for word, words in self._slices(layer, source):
            part = replace(source, word=source.word + word, words=words)
            tail = sink.tail if word + words == sink.words else CHANNELS
            into = replace(sink, word=sink.word + word, words=words, tail=tail)
            stage = VectorStage(layer, words, source.height, source.columns, operand)
            self.result.passes.append(Pass((layer,), part, into, None, stage))

    def _slices(self, layer: VectorLayer, source: Source) -> Iterator[tuple[int, int]]:
        """A layer's words in parts whose rows the pooling store holds: (first word, words)."""
        most = source.words
        if isinstance(layer, Pool):
            lines = min((layer.geometry.kernel_y - 1) * layer.geometry.dilation_y + 1, source.height) * source.width
            most = self.machine.line_words // lines
            if most == 0:
                holds = f"{self.machine.name} holds {self.machine.line_words} words of them"
                message = f"{layer.name} pools over {lines} pixels at once, and {holds}"
                self._lack("line_words", lines, layer.name, message)
                most = source.words
        for word in range(0, source.words, most):
            yield word, min(most, source.words - word)

    def _stream(self, view: View, layer: VectorLayer) -> Source:
        """A view whose channels fill words from the first on, as the vector agent takes them; a copy if need be."""
        source, positions = self._view(view)
        alike = source.layout.packed == self._layout(layer.target.map).packed
        in_order = alike and np.array_equal(positions, np.arange(len(positions)))
        if in_order and not self._meets(source, layer.target, len(positions)):
            return source
        return self._view(self._copied(view, layer))[0]

    def _meets(self, source: Source, target: Target, channels: int) -> bool:
        """Whether a pass would read words that it writes other channels of."""
        sink = self._sink(target, channels)
        apart = source.word + source.words <= sink.word or sink.word + sink.filled <= source.word
        return source.layout.name == target.map and not apart

    def _copied(self, view: View, layer: Product | VectorLayer) -> View:
        """A copy of what a view shows, its channels in their order, by a product with an identity matrix."""
        full = crop(view, self.maps[view.map])
        assert full.height is not None and full.width is not None
        channels = len(full.channels or ())
        name = f"{layer.name}/{view.map}"
        while name in self.maps:
            name += "+"
        self.maps[name] = Map(name, full.height, full.width, channels, Coding(1.0, 0, self.machine.bits))
        self.result.layouts[name] = layout_of(self.maps[name])
        weights = np.eye(channels, dtype=np.int8).reshape(1, 1, channels, channels)
        geometry = Geometry(rows=full.height, columns=full.width)
        code = Code(high=(1 << self.machine.bits) - 1)
        self._product(Product(f"{layer.name}/copy", layer.op, Target(name), view, weights, geometry, code), None)
        return View(name)


def _stage_after(layer: Product, vector: VectorLayer, sink: Sink, operand: Source | None) -> VectorStage:
    swapped = isinstance(vector, Add | Mul) and vector.a.map != layer.target.map
    return VectorStage(vector, sink.words, layer.geometry.rows, layer.geometry.columns, operand, swapped)


def _check_offset(layer: VectorLayer) -> None:
    """The vector agent adds no offsets."""
    if np.any(layer.code.offset):
        raise UnsupportedLayer(f"{layer.name} adds an offset, which the vector agent cannot")


def _shared_words(graph: LayerGraph) -> set[tuple[str, int]]:
    """Words that several layers write into: (map, word of a pixel)."""
    owners: dict[tuple[str, int], set[int]] = {}
    starts = targets_of(graph)
    for name, offsets in starts.items():
        ends = [*offsets[1:], graph.maps[name].channels]
        for start, end in zip(offsets, ends, strict=True):
            for word in range(start // CHANNELS, -(-end // CHANNELS)):
                owners.setdefault((name, word), set()).add(start)
    return {key for key, found in owners.items() if len(found) > 1}


def targets_of(graph: LayerGraph) -> dict[str, list[int]]:
    """Where in each map layers begin to write, in order."""
    starts: dict[str, set[int]] = {}
    for layer in graph.layers:
        for target in written_targets(layer):
            starts.setdefault(target.map, set()).add(target.offset)
    return {name: sorted(found) for name, found in starts.items()}
