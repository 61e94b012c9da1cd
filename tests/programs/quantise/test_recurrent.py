"""Recurrent layers in codes: biases and first states of each kind beside onnxruntime, and what their codes end at."""

import float_models
import layer_graph_numpy
import numpy as np
import pytest
from originals import model, node

from acortex.programs import quantised
from acortex.programs.graph import Coding
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.recurrent import _levelled, first_states

HIDDEN, FEATURES, STEPS = 6, 5, 3

KINDS = {
    "lstm": ("LSTM", 4, {}),
    "gru": ("GRU", 3, {}),
    "gru_linear": ("GRU", 3, {"linear_before_reset": 1}),
    "rnn": ("RNN", 1, {}),
}


def table(seed, *shape, most=0.3):
    return np.random.default_rng(seed).uniform(-most, most, shape).astype(np.float32)


def cell(kind, biases=None, first_h=None, first_c=None):
    """A layer with first states that are known, and outputs Y, its last h and, of an LSTM, its last c."""
    op, gates, attributes = KINDS[kind]
    constants = {
        "W": table(1, 1, gates * HIDDEN, FEATURES),
        "R": table(2, 1, gates * HIDDEN, HIDDEN),
        "B": np.zeros((1, 2 * gates * HIDDEN), np.float32) if biases is None else biases,
        "h": np.linspace(-0.75, 0.5, HIDDEN, dtype=np.float32).reshape(1, 1, HIDDEN),
    }
    states, ends = "h", "Y hn"
    if op == "LSTM":
        constants["c"] = np.linspace(-3, 5, HIDDEN, dtype=np.float32).reshape(1, 1, HIDDEN)
        states, ends = "h c", "Y hn cn"
    for name, number in (("h", first_h), ("c", first_c)):
        if number is not None and name in constants:
            constants[name] = np.full((1, 1, HIDDEN), number, np.float32)
    layer = node(op, f"x W R B - {states}", ends, hidden_size=HIDDEN, **attributes)
    return model([layer], {"x": [STEPS, 1, FEATURES]}, constants, ends)


def layer_of(made, x, bits):
    graph = quantised(from_proto(made), x, bits)
    return graph, graph.layers[0]


BIASES = [(kind, place) for kind, (_, gates, _) in KINDS.items() for place in (None, *range(2 * gates))]


@pytest.mark.parametrize(("kind", "place"), BIASES)
def test_each_bias_and_the_first_states_come_to_what_onnxruntime_makes_of_them(kind, place):
    biases = np.zeros((1, 2 * KINDS[kind][1], HIDDEN), np.float32)
    if place is not None:
        biases[0, place] = np.linspace(-1.5, 1.2, HIDDEN)
    made = cell(kind, biases.reshape(1, -1))
    x = np.random.default_rng(0).uniform(-1, 1, (8, STEPS, 1, FEATURES)).astype(np.float32)
    found = layer_graph_numpy.run(quantised(from_proto(made), x, 8), {"x": x})
    for name, exact in float_models.float_outputs(made, {"x": x}).items():
        assert np.abs(found[name].reshape(exact.shape) - exact).max() < 0.04 * np.abs(exact).max(), name


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_tanh_of_a_gate_ends_as_far_below_0_as_above(kind, bits):
    _, layer = layer_of(cell(kind), table(3, 4, STEPS, 1, FEATURES, most=1), bits)
    code = layer.codes[3] if kind == "lstm" else layer.code_n
    half = 1 << (bits - 1)
    assert (code.low, code.zero, code.high) == (1, half, 2 * half - 1)


@pytest.mark.parametrize(("kind", "one"), [("lstm", 2048), ("gru", 32767)])
def test_a_code_of_a_first_state_is_worth_its_scale(kind, one):
    (step,) = normalise(from_proto(cell(kind))).steps
    assert first_states(step, Coding(0.25, 3, 4)) == (3, round(one / 4))
    assert first_states(step, Coding(1e-9, 0, 4)) == (0, 1)
    assert first_states(step, Coding(1e9, 15, 4)) == (15, 1 << 16)


@pytest.mark.parametrize(
    ("states", "levelled"),
    [
        ([0, 7, -3], [0, 7, -3]),  # all of them levels
        ([0, 8, -3], [0, 8, -4]),  # of two each, ties to even
        ([14, -14, 1], [14, -14, 0]),
        ([15, -14, 2], [15, -15, 3]),
        ([-32767, 4681, 0], [-32767, 4681, 0]),
    ],
)
def test_states_are_levels_of_one_unit(states, levelled):
    assert _levelled(np.array(states, float), 4).tolist() == levelled


@pytest.mark.parametrize(("first", "holds"), [(15.0, 15 * 2048), (16.5, 32767), (-20.0, -32767)])
def test_a_first_state_beyond_16_bits_is_held(first, holds):
    _, layer = layer_of(cell("lstm", first_c=first), table(3, 4, STEPS, 1, FEATURES, most=1), 4)
    assert layer.initial_state.min() == layer.initial_state.max()
    assert abs(int(layer.initial_state[0]) - holds) <= 7


@pytest.mark.parametrize("kind", ["lstm", "gru", "gru_linear"])
def test_states_that_are_all_above_0_have_codes_below_it_as_well(kind):
    """What adds to a state is a tanh: there are as many codes below 0 as above, whatever was seen."""
    biases = np.zeros((1, 2 * KINDS[kind][1], HIDDEN), np.float32)
    biases[0, 3 if kind == "lstm" else 2] = 1.0
    made = cell(kind, biases.reshape(1, -1), first_h=0, first_c=0)
    graph = quantised(from_proto(made), np.zeros((2, STEPS, 1, FEATURES), np.float32), 4, method="minmax")
    codings = {port.name: graph.maps[port.map].coding for port in graph.outputs}
    assert {codings[name].zero for name in ("Y", "hn")} <= {7, 8}
    if kind == "gru_linear":
        assert {graph.layers[0].codes[gate].zero for gate in (1, 3)} <= {7, 8}
