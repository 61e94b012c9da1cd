"""Recurrent layers on the chip: LSTM, GRU and RNN, forward and back, stacked, equal exact integers step by step."""

from __future__ import annotations

from typing import Any

import layer_graph_numpy
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from acortex.programs.compiler import compile_graph
from acortex.programs.graph import (
    Code,
    Coding,
    Layer,
    LayerGraph,
    Map,
    Port,
    Recurrent,
    Target,
    View,
)
from acortex.programs.reference.layers import reference
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
CODING = Coding(1.0, 0, 4)
ZERO = 8
"""The code of an h of 0."""


def cell(
    rng: np.random.Generator, name: str, kind: str, source: Map, hidden: int, target: Target, **more: Any
) -> Layer:
    """A recurrent layer with random weights."""
    inside = source.channels
    spread = int(30 * (inside + hidden) ** 0.5)
    shift = int(np.log2(spread)) - 2

    def code(activation: str, zero: int) -> Code:
        multiplier, offset = rng.integers(1, 4, hidden), rng.integers(-spread, spread, hidden)
        return Code(multiplier, shift, offset, zero, 0, 15, activation)

    def weights(gates: int) -> NDArray[np.int8]:
        return rng.integers(-8, 8, (inside + hidden, gates * hidden)).astype(np.int8)

    sigmoid, tangent, plain = code("sigmoid", 0), code("tanh", ZERO), code("none", ZERO)
    start = (np.full(hidden, ZERO, dtype=np.uint8), np.zeros(hidden, dtype=np.int16))
    if more.pop("begun", False):
        start = (rng.integers(0, 16, hidden).astype(np.uint8), (rng.integers(-8, 8, hidden) * 999).astype(np.int16))
    if kind == "rnn":
        codes, matrix, out = (tangent,), weights(1), tangent
    elif kind == "lstm":
        out = Code(7, 19 - 1, 0, ZERO)
        codes = (sigmoid, code("sigmoid", 0), code("sigmoid", 0), tangent)
        codes = tuple(Code(c.multiplier, shift, c.offset, c.zero, 0, 15, c.activation) for c in codes)
        matrix = weights(4)
    elif kind == "gru":
        out = Code(7, 15, 0, ZERO)
        codes, matrix = (sigmoid, code("sigmoid", 0)), weights(2)
        reset = Code(1, 4, 0, ZERO)
        more |= {"weights_n": weights(1), "code_n": tangent, "reset": reset}
    else:
        out = Code(7, 15, 0, ZERO)
        codes, matrix = (sigmoid, plain, code("sigmoid", 0), code("none", ZERO)), weights(4)
        matrix[inside:, hidden : 2 * hidden] = 0
        matrix[:inside, 3 * hidden :] = 0
        more |= {"cell_multiplier": 300, "cell_shift": 0}
    return Recurrent(name, kind, target, kind, View(source.name), hidden, matrix, codes, out, *start, **more)


def port(source: Map) -> Port:
    shape = (source.width, source.channels)
    return Port(source.name, source.name, shape, (shape,), (0, 1), "codes")


def unequal(layers: list[Layer], maps: dict[str, Map], shown: list[str], seed: int) -> list[str]:
    """Where the chip, or onnxruntime on the reference, does not give what plain integers give, for two sequences."""
    graph = LayerGraph("cells", maps, tuple(layers), (port(maps["x"]),), tuple(port(maps[name]) for name in shown))
    x = maps["x"]
    sequences = np.random.default_rng(seed).integers(0, 16, (2, x.width, x.channels)).astype(np.float32)
    wanted = layer_graph_numpy.run(graph, {"x": sequences})
    outputs = run(compile_graph(graph, machine_of(CHIP)).program, CHIP, inputs=sequences).outputs
    session = onnxruntime.InferenceSession(reference(graph).SerializeToString())
    found = [session.run(shown, {"x": sequence}) for sequence in sequences]
    wrong = []
    for number, name in enumerate(shown):
        assert len(np.unique(wanted[name])) > 2, "all codes are the same: nothing is tested"
        sides = {"the chip": outputs[name], "the reference": np.array([one[number] for one in found])}
        wrong += [f"{name}: {side}" for side, codes in sides.items() if not np.array_equal(codes, wanted[name])]
    return wrong


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru_linear", "rnn"])
@pytest.mark.parametrize(("inputs", "hidden", "steps"), [(3, 5, 4), (65, 64, 2), (10, 70, 3)])
def test_a_layer_equals_plain_integers(kind: str, inputs: int, hidden: int, steps: int) -> None:
    rng = np.random.default_rng(hidden)
    maps = {"x": Map("x", 1, steps, inputs, CODING), "h": Map("h", 1, steps, hidden, CODING)}
    assert unequal([cell(rng, "cell", kind, maps["x"], hidden, Target("h"))], maps, ["h"], hidden) == []


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru_linear", "rnn"])
def test_a_layer_begins_with_a_state_of_its_own(kind: str) -> None:
    rng = np.random.default_rng(5)
    maps = {"x": Map("x", 1, 2, 9, CODING), "h": Map("h", 1, 2, 70, CODING)}
    assert unequal([cell(rng, "cell", kind, maps["x"], 70, Target("h"), begun=True)], maps, ["h"], 5) == []


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru_linear", "rnn"])
def test_both_directions_fill_one_map_and_show_their_last_states(kind: str) -> None:
    rng = np.random.default_rng(1)
    maps = {"x": Map("x", 1, 3, 9, CODING), "h": Map("h", 1, 3, 20, CODING), "end": Map("end", 1, 1, 20, CODING)}
    layers = [
        cell(rng, "there", kind, maps["x"], 10, Target("h"), last=Target("end")),
        cell(rng, "back", kind, maps["x"], 10, Target("h", 10), reverse=True, last=Target("end", 10)),
    ]
    assert unequal(layers, maps, ["h", "end"], 2) == []


def test_stacked_layers_run_in_wavefront_order_and_equal_plain_integers() -> None:
    rng = np.random.default_rng(3)
    maps = {name: Map(name, 1, 5, 64, CODING) for name in ("x", "a", "b", "c")}
    maps["state"] = Map("state", 1, 1, 64, CODING)
    state = (Target("state"), Code(1, 9, 0, 8))
    layers = [
        cell(rng, "a", "lstm", maps["x"], 64, Target("a")),
        cell(rng, "b", "lstm", maps["a"], 64, Target("b")),
        cell(rng, "c", "lstm", maps["b"], 64, Target("c"), last_state=state),
    ]
    assert unequal(layers, maps, ["c", "state"], 4) == []
    graph = LayerGraph("cells", maps, tuple(layers), (port(maps["x"]),), (port(maps["c"]),))
    names = [step.name for step in compile_graph(graph, machine_of(CHIP)).plan.passes]
    assert names == ["a", "a", "b", *"abc" * 3, "b", "c", "c"]
