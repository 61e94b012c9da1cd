"""Several pixels in a word of memory: the same numbers, of fewer positions, words and cycles, on as many arrays."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from originals import model, node
from random_sequences import table

from acortex.programs import quantised
from acortex.programs.compiler import Compiled, compile_graph
from acortex.programs.graph import EVERY, LayerGraph
from acortex.programs.layer_codes import MapCodes, layer_codes
from acortex.programs.mapping import to_passes
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Network
from acortex.programs.reference.layers import reference
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import Result, run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
MACHINE = machine_of(CHIP)


def compiled(graph: LayerGraph, pytestmonkey: pytest.MonkeyPatch | None = None) -> Compiled:
    """The program of a network; with a monkeypatch that of a compiler which puts no pixels side by side."""
    if pytestmonkey is None:
        return compile_graph(graph, MACHINE)
    with pytestmonkey.context() as patch:
        patch.setattr(to_passes, "pixels_side_by_side", lambda one, _: one)
        return compile_graph(graph, MACHINE)


def inputs_of(graph: LayerGraph) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, *graph.inputs[0].shapes[0])).astype(np.float32)


def simulated(made: Compiled, graph: LayerGraph) -> Result:
    return run(made.program, CHIP, inputs=inputs_of(graph))


def wanted(graph: LayerGraph) -> list[np.ndarray]:
    """The outputs of the reference in onnxruntime, which knows of no pixels side by side."""
    session = onnxruntime.InferenceSession(reference(graph).SerializeToString())
    port = graph.inputs[0]
    made = [session.run(None, {port.name: one.reshape(port.shape)}) for one in inputs_of(graph)]
    return [np.stack(one).reshape(2, -1) for one in zip(*made, strict=True)]


def equal(found: Result, graph: LayerGraph) -> bool:
    pairs = zip(found.outputs.values(), wanted(graph), strict=True)
    return all(np.array_equal(one.reshape(2, -1), other) for one, other in pairs)


def packed(made: Compiled) -> dict[str, int]:
    """How many pixels share a word, of maps that the network writes."""
    given = {port.map for port in made.plan.graph.inputs}
    return {name: one.packed for name, one in made.plan.layouts.items() if name not in given and one.packed > 1}


def rgb(width: int = 16, channels: int = 16) -> Network:
    return Network(input=(3, 8, width)).conv(channels, 3, pad=1).relu()


NETWORKS: dict[str, tuple[Callable[[], Network], list[int]]] = {
    "two convolutions": (lambda: rgb().conv(16, 3, pad=1).relu().conv(70, 1), [4, 2]),
    "stride and no padding": (lambda: rgb(25, 8).conv(8, 3, stride=2).relu().conv(66, 2), [2]),
    "depthwise": (lambda: rgb().conv(16, 3, groups=16, pad=1).relu().conv(66, 1), [4, 2]),
    "groups": (lambda: rgb().conv(8, 1, groups=4).relu().conv(66, 1), [4, 4]),
    "one channel out": (lambda: rgb().conv(1, 3, pad=1), [4, 2]),
    "a gate": (lambda: gated(rgb(8, 8)).conv(66, 1), [4, 4, 4]),
    "a residual": (lambda: residual(rgb(8, 32)).conv(66, 1), [2, 2, 2]),
    "24 channels": (lambda: rgb(12, 24).conv(24, 1).relu().conv(66, 1), [2, 2]),
    "sixteen of four channels": (lambda: Network(input=(1, 8, 16)).conv(4, 1).relu().conv(66, 1), [16]),
    "dilated down columns": (lambda: rgb().conv(16, 3, dilation=(2, 1), pad=(2, 1, 2, 1)).conv(66, 1), [4, 2]),
}


def gated(x: Network) -> Network:
    return x.mul(x.sigmoid())


def residual(x: Network) -> Network:
    return x.add(x.conv(32, 1).relu())


@pytest.mark.parametrize("name", NETWORKS)
def test_pixels_side_by_side_take_less_of_everything_and_change_no_number(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, counts = NETWORKS[name]
    graph = quantised(build())
    made, apart = compiled(graph), compiled(graph, monkeypatch)
    assert sorted(packed(made).values()) == sorted(counts)
    found, other = simulated(made, graph), simulated(apart, graph)
    assert equal(found, graph) and equal(other, graph)
    assert made.report.arrays_used <= apart.report.arrays_used
    assert made.report.memory_peak_bytes < apart.report.memory_peak_bytes
    assert found.report.macs == other.report.macs
    assert (found.report.cycles or 0) < (other.report.cycles or 0)
    assert (found.report.energy_aj or 0) < (other.report.energy_aj or 0)


def test_four_pixels_share_a_word_a_position_and_a_conversion() -> None:
    graph = quantised(rgb(16, 16).conv(66, 1))
    first = compiled(graph).plan.passes[0]
    assert first.multiply is not None
    assert (first.multiply.geometry.columns, first.multiply.geometry.stride_x) == (4, 4)
    assert first.multiply.positions == 8 * 16 // 4
    assert (first.multiply.matrix.columns, first.multiply.matrix.weights) == (64, 4 * 27 * 16)
    assert (first.sink.pixels, first.sink.layout.size) == (32, 32)


def test_layers_are_dumped_as_though_each_pixel_had_a_word() -> None:
    graph = quantised(rgb().conv(16, 3, pad=1).relu().conv(70, 1))
    made = compiled(graph)
    result = run(made.program, CHIP, inputs=inputs_of(graph), timing=False, keep_layers=True)
    parts = layer_codes(graph, MapCodes(made.plan, result.layers))
    maps = [part.map for parts_of_layer in parts.values() for part in parts_of_layer]
    session = onnxruntime.InferenceSession(reference(graph, maps).SerializeToString())
    port = graph.inputs[0]
    for number, one in enumerate(inputs_of(graph)):
        codes = session.run(None, {port.name: one.reshape(port.shape)})[-len(maps) :]
        for part, wanted_codes in zip((p for found in parts.values() for p in found), codes, strict=True):
            assert np.array_equal(part.codes[number], wanted_codes.reshape(part.codes[number].shape)), part.map


def larger(kernel: int, stride: int, pad: int, channels: int = 8, opens: int = 0, groups: int = 1) -> onnx.ModelProto:
    """A transposed convolution between two convolutions."""
    nodes = [
        node("Conv", "x first", "a"),
        node(
            "ConvTranspose", "a k", "b", strides=[stride] * 2, pads=[pad] * 4, output_padding=[opens] * 2, group=groups
        ),
        node("Relu", "b", "c"),
        node("Conv", "c last", "y"),
    ]
    constants = {
        "first": table(1, 8, 3, 1, 1),
        "k": table(2, 8, channels // groups, kernel, kernel),
        "last": table(3, 66, channels, 1, 1),
    }
    return model(nodes, {"x": [1, 3, 6, 8]}, constants)


LARGER = {
    "each pixel its own": (larger(2, 2, 0), True),
    "phases of one tap and of two": (larger(3, 2, 1, opens=1), True),
    "two taps each": (larger(4, 2, 1), True),
    "four phases": (larger(4, 4, 0, channels=4), True),
    "in groups": (larger(2, 2, 0, groups=4), True),
    "three phases": (larger(3, 3, 0), False),
    "a row more": (larger(3, 2, 0), False),
}


@pytest.mark.parametrize("name", LARGER)
def test_phases_of_a_row_become_one_product(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, together = LARGER[name]
    graph = quantised(from_proto(made))
    found, apart = compiled(graph), compiled(graph, monkeypatch)
    results = simulated(found, graph), simulated(apart, graph)
    assert equal(results[0], graph)
    phased = {layer.target.map for layer in graph.layers if layer.target.phase != EVERY}
    assert (phased <= packed(found).keys()) is together
    assert results[0].report.macs == results[1].report.macs
    assert found.report.arrays_used <= apart.report.arrays_used
    assert (results[0].report.cycles or 0) <= (results[1].report.cycles or 0)


APART: dict[str, Callable[[], Network]] = {
    "rows that are no whole words": lambda: rgb(15).conv(66, 1),
    "a pool": lambda: rgb().max_pool(2).conv(66, 1),
    "half of the channels": lambda: rgb().channels(0, 8).add(rgb().channels(8, 16)).conv(66, 1),
    "more arrays": lambda: rgb(16, 70).conv(32, 3).relu().conv(66, 1),
    "beside each other": lambda: beside().conv(66, 1),
    "64 channels": lambda: rgb(16, 64).conv(66, 1),
    "a kernel that is dilated along rows": lambda: dilated(1, 2).conv(66, 3, dilation=(1, 2)),
}


def dilated(down: int, along: int) -> Network:
    return Network(input=(3, 10, 20)).conv(16, 3, dilation=(down, along), pad=(down - 1, along, down - 1, along))


def beside() -> Network:
    x = Network(input=(3, 8, 16))
    return x.conv(8, 1).concat(x.conv(8, 3, pad=1))


@pytest.mark.parametrize("name", APART)
def test_maps_stay_as_they_are_where_side_by_side_costs_or_cannot_be(name: str) -> None:
    assert packed(compiled(quantised(APART[name]()))) == {}


def test_only_the_best_mapping_puts_pixels_side_by_side() -> None:
    graph = quantised(rgb().conv(66, 1))
    assert [packed(compile_graph(graph, MACHINE, mapping)) for mapping in ("taps", "dense")] == [{}, {}]
    assert packed(compile_graph(graph, MACHINE, "best")) != {}


def test_a_window_that_would_not_fit_the_buffer_is_not_made_wider() -> None:
    graph = quantised(rgb().conv(66, 1))
    words = {packed_words: packed(compile_graph(graph, replace(MACHINE, buffer_words=packed_words)))
             for packed_words in (3, 256)}  # fmt: skip
    assert words[3] == {} or max(words[3].values()) <= max(words[256].values())


SIZES = st.tuples(
    st.integers(1, 5), st.sampled_from([4, 6, 8, 12, 16]), st.sampled_from([1, 3, 8, 16, 24, 32]), st.integers(1, 3),
    st.integers(1, 2), st.integers(0, 1), st.booleans(),
    st.sampled_from(["relu", "sigmoid", "hard_swish", "leaky_relu"]),
)  # fmt: skip


def drawn(layers: list[tuple[int, int, int, int, int, int, bool, str]], residuals: bool) -> Network:
    """A chain of convolutions, some depthwise, with activations, additions and products of what has the same size."""
    rows, width, *_ = layers[0]
    x = Network(input=(3, rows + 4, width))
    for _, _, channels, kernel, stride, pad, depthwise, activation in layers:
        kernel = min(kernel, x.shape[2] + 2 * pad, x.shape[3] + 2 * pad)
        groups = x.shape[1] if depthwise else 1
        made = groups if depthwise else channels
        y = x.conv(made, kernel, stride=stride, pad=min(pad, kernel - 1), groups=groups)
        y = getattr(y, activation)()
        x = x.add(y) if residuals and y.shape == x.shape else y.mul(y.sigmoid()) if residuals else y
    return x.conv(5, 1)


@settings(deadline=None, max_examples=20)
@given(st.lists(SIZES, min_size=1, max_size=4), st.booleans())
def test_random_chains_of_convolutions_are_their_references(layers: list, residuals: bool) -> None:
    graph = quantised(drawn(layers, residuals))
    made = compiled(graph)
    assert equal(simulated(made, graph), graph)
