"""Every activation at every scale of its argument: what the chip computes follows the float network."""

from functools import cache

import float_models
import layer_graph_numpy
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from test_exported_networks import unequal

from acortex.errors import UsageError
from acortex.programs import Network, quantised
from acortex.programs.network.importer import from_proto

INFERENCES = 48
CHANNELS = 16
SCALES = (0.3, 3.0, 10.0, 100.0)
IMAGE = (1, 3, 8, 8)


def node(op, **attributes):
    return lambda: [helper.make_node(op, ["c"], ["h"], "act", **attributes)]


def silu():
    return [helper.make_node("Sigmoid", ["c"], ["s"], "sigmoid"), helper.make_node("Mul", ["c", "s"], ["h"], "act")]


def beside():
    """A sigmoid's numbers in one map with those that it was made of."""
    return [helper.make_node("Sigmoid", ["c"], ["s"], "sigmoid"), helper.make_node("Concat", ["c", "s"], ["h"], axis=1)]


def swish_beside():
    return [helper.make_node("HardSwish", ["c"], ["s"], "swish"), helper.make_node("Concat", ["c", "s"], ["h"], axis=1)]


BODIES = {
    "Relu": node("Relu"),
    "HardSwish": node("HardSwish"),
    "LeakyRelu": node("LeakyRelu", alpha=0.1),
    "PRelu": lambda: [helper.make_node("PRelu", ["c", "slope"], ["h"], "act")],
    "Sigmoid": node("Sigmoid"),
    "Tanh": node("Tanh"),
    "HardSigmoid": node("HardSigmoid", alpha=0.2, beta=0.5),
    "Clip": lambda: [helper.make_node("Clip", ["c", "low", "high"], ["h"], "act")],
    "Silu": silu,
    "Sigmoid beside its argument": beside,
    "HardSwish beside its argument": swish_beside,
}


def model(name, scale):
    rng = np.random.default_rng(3)
    wide = 2 if "beside" in name else 1
    named = {
        "w": (rng.standard_normal((CHANNELS, 3, 3, 3)) * scale).astype(np.float32),
        "m": (rng.standard_normal((wide * CHANNELS * 16, 10)) / 10).astype(np.float32),
        "slope": np.array([0.2], np.float32),
        "low": np.float32(-2),
        "high": np.float32(3),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], "conv", pads=[1] * 4, strides=[2, 2]),
        *BODIES[name](),
        helper.make_node("Flatten", ["h"], ["f"], "flatten"),
        helper.make_node("MatMul", ["f", "m"], ["y"], "matrix"),
    ]
    used = {key for one in nodes for key in one.input}
    ends = [
        helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in (("x", IMAGE), ("y", [1, 10]))
    ]
    tensors = [numpy_helper.from_array(array, key) for key, array in named.items() if key in used]
    graph = helper.make_graph(nodes, "scaled", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@cache
def correlation(name, scale, bits):
    """How the outputs of the quantised network correlate with those of onnxruntime on the float one."""
    made = model(name, scale)
    given = {"x": np.random.default_rng(4).standard_normal((INFERENCES, *IMAGE), dtype=np.float32)}
    exact = float_models.float_outputs(made, given)["y"]
    found = layer_graph_numpy.run(quantised(from_proto(made), given, bits), given)["y"]
    return float(np.corrcoef(exact.reshape(-1), found.reshape(-1))[0, 1])


SATURATING = {"Sigmoid", "Tanh", "HardSigmoid", "Clip"}
"""Functions that large arguments turn into steps, at whose edge each rounding counts in full."""


@pytest.mark.sampled(30)
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", BODIES)
def test_outputs_follow_the_float_network(name, scale, bits):
    lost = {4: (0.1, 0.04), 8: (0.01, 0.0005)}[bits][name not in SATURATING]
    assert correlation(name, scale, bits) > correlation("Relu", scale, bits) - lost


@pytest.mark.parametrize("scale", [3.0, 100.0])
@pytest.mark.parametrize("name", [name for name in BODIES if "Swish" in name or "beside" in name])
def test_the_reference_equals_the_chip_where_arguments_are_large(name, scale):
    assert unequal(model(name, scale)) == []


def product_of_one(weights, bias):
    """What the 8-bit network makes of the input 1 by a product with these weights, and the float one."""
    network = Network(input=(2,)).linear(len(bias), weights=weights, bias=bias)
    x = np.array([[1.0, 1.0], [0.5, -1.0]], np.float32)
    found = layer_graph_numpy.run(quantised(network, x, 8), {"input": x})
    (array,) = found.values()
    return array.reshape(2, -1), x @ np.asarray(weights).T + bias


@pytest.mark.parametrize("small", [1e-3, 1e-6, 1e-9, 1e-20, 1e-30])
def test_a_bias_stays_where_weights_are_nearly_nothing(small):
    """Exporters leave such channels where a normalisation's gain is nearly zero."""
    weights = np.array([[small, small], [0.7, 0.2], [small, -small]], np.float32)
    found, exact = product_of_one(weights, np.array([3.0, 0.1, -2.0], np.float32))
    assert np.abs(found - exact).max() < 0.04


def test_a_layer_of_nothing_but_biases_gives_them():
    found, exact = product_of_one(np.full((2, 2), 1e-25, np.float32), np.array([3.0, -2.0], np.float32))
    assert np.abs(found - exact).max() < 0.04


INPUTS = 1024
"""So many that small numbers add up."""


@pytest.mark.parametrize("ratio", [1e-3, 3e-5, 1.1e-5, 4e-6])
def test_weights_far_smaller_than_those_of_other_channels_keep_their_size(ratio):
    """Sums over many inputs make up for what is small."""
    rng = np.random.default_rng(1)
    weights = np.abs(rng.standard_normal((2, INPUTS))).astype(np.float32)
    weights[0] *= ratio
    weights[1, 1:] = 0
    x = np.abs(rng.standard_normal((8, INPUTS), dtype=np.float32))
    graph = quantised(Network(input=(INPUTS,)).linear(2, weights=weights), x, 8)
    (layer,) = graph.layers
    unit = graph.maps[graph.outputs[0].map].coding.scale
    factor = layer.code.multiplier * unit / 2.0**layer.code.shift / graph.maps["input"].coding.scale
    restored = layer.weights[0, 0].astype(np.float64) * factor
    assert restored.sum(axis=0) == pytest.approx(weights.sum(axis=1), rel=0.05)


def lstm(scale, initial_c=None):
    """An LSTM whose states grow with each step, by a bias that opens every gate."""
    hidden, steps = 4, 32
    bias = np.full((1, 8 * hidden), scale, np.float32)
    shapes = {"w": (1, 4 * hidden, 2), "r": (1, 4 * hidden, hidden)}
    named = {key: np.full(shape, 0.01, np.float32) for key, shape in shapes.items()} | {"b": bias}
    inputs = ["x", "w", "r", "b"]
    if initial_c is not None:
        named["c"] = np.full((1, 1, hidden), initial_c, np.float32)
        inputs += ["", "", "c"]
    return _recurrent_model("LSTM", inputs, named, hidden, steps)


def gru(initial_h):
    shapes = {"w": (1, 12, 2), "r": (1, 12, 4), "h": (1, 1, 4)}
    named = {key: np.full(shape, 0.01, np.float32) for key, shape in shapes.items()}
    named["h"][:] = initial_h
    return _recurrent_model("GRU", ["x", "w", "r", "", "", "h"], named, 4, 3)


def _recurrent_model(op, inputs, named, hidden, steps):
    one = helper.make_node(op, inputs, ["y"], "cells", hidden_size=hidden)
    ends = [("x", [steps, 1, 2]), ("y", [steps, 1, 1, hidden])]
    values = [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in ends]
    tensors = [numpy_helper.from_array(array, key) for key, array in named.items()]
    graph = helper.make_graph([one], "cells", values[:1], values[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def warned(made):
    (value,) = from_proto(made).inputs
    return quantised(from_proto(made), np.zeros((2, *value.shape), np.float32)).warnings


def test_states_beyond_the_16_bits_are_warned_of_with_their_share():
    assert warned(lstm(10.0)) == (
        "cells (LSTM): 48 % of its states lie beyond 16, where the 16 bits of the chip's states end; the largest is 32",
    )
    assert warned(lstm(0.1)) == ()


def test_initial_states_are_counted_with_them():
    assert "3 % of its states lie beyond 16" in warned(lstm(0.0, initial_c=20.0))[0]
    assert "of its states lie beyond 1, where" in warned(gru(2.0))[0]
    assert warned(gru(0.5)) == ()


@pytest.mark.parametrize(
    ("first", "told"), [(-1e-30, True), (1e-30, True), (-1e-27, False), (1e-27, False), (0.0, False)]
)
def test_numbers_that_become_0_are_warned_of_whatever_their_sign(first, told):
    network = Network(input=(2,)).linear(1, weights=np.ones((1, 2), np.float32), bias=np.zeros(1, np.float32))
    warnings = quantised(network, np.array([[first, 0.0]], np.float32)).warnings
    assert [text for text in warnings if "become 0" in text] == [
        f"{name}: its numbers end at 1e-30 and become 0" for name in ("input", "linear_1") if told
    ]


def test_infinite_weights_are_told_though_an_activation_hides_them():
    weights = np.array([[-np.inf, 0.0]], np.float32)
    network = Network(input=(2,)).linear(1, weights=weights, name="dense").relu()
    with pytest.raises(UsageError, match=r"dense \(Gemm\) makes numbers that are not finite: its weights"):
        quantised(network, np.ones((2, 2), np.float32))


@pytest.mark.parametrize("signed", [False, True])
def test_means_that_have_few_codes_are_warned_of(signed):
    made = Network(input=(3, 8, 8)).conv(16, 3, pad=1)
    images = np.random.default_rng(0).standard_normal((16, 3, 8, 8)).astype(np.float32)
    warnings = quantised((made if signed else made.relu()).global_average_pool(), images, 4).warnings
    assert ["its means span" in text and "of the 15 steps" in text for text in warnings] == [True] * signed
