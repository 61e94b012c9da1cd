"""The front of the compiler as a whole: a quantised network computes nearly what the float one does."""

from pathlib import Path
from types import SimpleNamespace

import float_models
import layer_graph_numpy
import numpy as np
import onnx
import pytest
import random_networks

from acortex.programs import Network, front, quantised
from acortex.programs.front import drawn, first_inputs
from acortex.programs.graph import Coding
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise


def decibels(network, bits=8, seed=0, inferences=4, **options):
    """How near the quantised network comes to onnxruntime on the float one, on the inputs that calibrated it."""
    model = float_models.to_onnx(network)
    rng = np.random.default_rng(seed)
    given = {v.name: rng.standard_normal((inferences, *v.shape), dtype=np.float32) for v in network.model.inputs}
    exact = float_models.float_outputs(model, given)
    graph = quantised(from_proto(model), given, bits, **options)
    found = layer_graph_numpy.run(graph, given)
    return min(float_models.closeness(exact[name].reshape(found[name].shape), found[name]) for name in exact)


def image(*shape):
    return Network(input=shape)


def residual():
    x = image(3, 12, 12).conv(8, 3, pad=1).relu()
    return x.conv(8, 3, pad=1).add(x).relu().max_pool(2).flatten().linear(10)


def squeeze_excite():
    x = image(8, 6, 6).conv(16, 1).hard_swish()
    gate = x.global_average_pool().conv(4, 1).relu().conv(16, 1).hard_sigmoid()
    return x.mul(gate).conv(4, 1)


def dense_block():
    x = image(4, 6, 6).conv(6, 1)
    for _ in range(3):
        x = x.concat(x.relu().conv(5, 3, pad=1))
    return x


def norm(channels, x):
    rng = np.random.default_rng(1)
    scale, bias, mean = rng.standard_normal((3, channels)).astype(np.float32)
    return x.batch_norm(scale=scale, bias=bias, mean=mean, variance=rng.uniform(0.5, 2, channels).astype(np.float32))


NETWORKS = {
    "residual": residual,
    "padding on one side": lambda: image(3, 7, 9).conv(5, 3, pad=(0, 2, 1, 0)),
    "a stride larger than the kernel": lambda: image(3, 9, 9).conv(5, 2, stride=3),
    "dilation": lambda: image(2, 11, 11).conv(4, 3, dilation=(2, 3), pad=2),
    "one channel": lambda: image(1, 8, 8).conv(1, 3),
    "65 channels": lambda: image(65, 4, 4).conv(65, 3, pad=1).relu().conv(3, 1),
    "groups": lambda: image(6, 5, 5).conv(9, 3, groups=3, pad=1),
    "depthwise": lambda: image(6, 5, 5).conv(6, 3, groups=6, pad=1).conv(12, 3, groups=6),
    "1x1 maps": lambda: image(12, 1, 1).conv(7, 1).relu().conv(3, 1),
    "one dimension": lambda: image(4, 15).conv(6, 3, stride=2, pad=1).relu().max_pool(2).flatten().linear(5),
    "a kernel as large as the image": lambda: image(3, 5, 4).conv(6, (5, 4)),
    "signed input padded": lambda: image(3, 5, 5).conv(4, 3, pad=1).conv(4, 3, pad=1),
    "batch norm folded": lambda: norm(5, image(3, 5, 5).conv(5, 3, pad=1)).relu().conv(4, 1),
    "batch norm alone": lambda: norm(5, image(5, 5, 5)).conv(4, 1),
    "relu6": lambda: image(3, 5, 5).conv(8, 3).relu6().conv(4, 1),
    "clip": lambda: image(3, 5, 5).conv(8, 3).clip(-0.7, 1.3),
    "leaky relu": lambda: image(3, 5, 5).conv(8, 3).leaky_relu(0.2),
    "sigmoid": lambda: image(3, 5, 5).conv(8, 3).sigmoid(),
    "tanh": lambda: image(3, 5, 5).conv(8, 3).tanh(),
    "hard sigmoid": lambda: image(3, 5, 5).conv(8, 3).hard_sigmoid(),
    "hard swish": lambda: image(3, 5, 5).conv(8, 3).hard_swish(),
    "an activation alone": lambda: image(3, 5, 5).tanh().conv(4, 1),
    "swish": lambda: (x := image(3, 5, 5).conv(8, 3)).mul(x.sigmoid()),
    "squeeze and excite": squeeze_excite,
    "average pool": lambda: image(3, 6, 6).conv(4, 1).relu().average_pool(2).conv(3, 1),
    "average pool of signed numbers": lambda: image(3, 6, 6).average_pool(3, 2, pad=1).conv(3, 1),
    "average pool that counts padding": lambda: image(3, 6, 6).average_pool(3, 2, pad=1, count_padding=True).conv(3, 1),
    "max pool with padding": lambda: image(3, 6, 6).max_pool(3, 2, pad=1).conv(3, 1),
    "max pool with ceil": lambda: image(3, 7, 7).max_pool(2, 2, ceil=True).conv(3, 1),
    "relu after a max pool": lambda: image(3, 6, 6).conv(4, 1).max_pool(2).relu().conv(3, 1),
    "global average": lambda: image(3, 6, 6).conv(40, 3).relu().global_average_pool().flatten().linear(5),
    "concat": lambda: (x := image(3, 5, 5).conv(6, 1).relu()).concat(x.conv(5, 3, pad=1), x).conv(4, 1),
    "dense block": dense_block,
    "channels cut out": lambda: (
        (x := image(4, 5, 5).conv(10, 1)).channels(2, 7).conv(3, 3).concat(x.channels(4, 9).conv(2, 3))
    ),
    "channel shuffle": lambda: image(4, 5, 5).conv(12, 1).shuffle(3).conv(6, 3, groups=3).conv(4, 1),
    "shuffle, then sum": lambda: (x := image(4, 5, 5).conv(12, 1)).shuffle(3).add(x).conv(4, 1),
    "sum with a shuffled one": lambda: (x := image(4, 5, 5).conv(12, 1)).add(x.shuffle(3)).conv(4, 1),
    "linear layers": lambda: image(30).linear(20).relu().linear(20).tanh().linear(4),
    "linear over steps": lambda: Network(input=(7, 12)).linear(9).relu().linear(5),
    "flatten of an image": lambda: image(3, 4, 5).conv(4, 1).relu().flatten().linear(6),
    "lstm": lambda: Network(input=(6, 10)).lstm(8),
    "lstm of two directions": lambda: Network(input=(5, 10)).lstm(8, bidirectional=True).linear(4),
    "gru": lambda: Network(input=(6, 10)).gru(8),
    "gru with reset first": lambda: Network(input=(6, 10)).gru(8, linear_before_reset=False),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_with_codes_of_eight_bits_a_network_is_nearly_the_float_one(name):
    assert decibels(NETWORKS[name]()) > 24


@pytest.mark.parametrize("name", NETWORKS)
def test_with_codes_of_four_bits_a_network_is_like_the_float_one(name):
    assert decibels(NETWORKS[name](), 4) > 5


@pytest.mark.parametrize("kind", [str, Path])
def test_of_nodes_that_are_refused_the_file_is_named(tmp_path, kind):
    node = onnx.helper.make_node("NonZero", ["x"], ["y"], name="odd")
    ends = [onnx.helper.make_tensor_value_info(name, 1, [1, 4]) for name in ("x", "y")]
    path = tmp_path / "odd.onnx"
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "g", ends[:1], ends[1:])), path)
    with pytest.raises(UnsupportedNodes) as refused:
        quantised(kind(path))
    assert refused.value.where == str(path)
    with pytest.raises(UnsupportedNodes) as refused:
        quantised(from_proto(onnx.load(path)))
    assert refused.value.where == ""


def test_without_a_calibration_set_there_is_a_warning():
    assert "calibration" in " ".join(quantised(residual()).warnings)


@pytest.mark.parametrize("seed", range(40))
def test_a_random_network_is_nearly_the_float_one(seed):
    assert decibels(random_networks.random_network(seed)) > 15


def test_inputs_fixed_by_their_name_keep_the_coding_given():
    one = Coding(0.5, 3, 4)
    graph = quantised(residual(), codings={"input": one})
    assert graph.maps[graph.inputs[0].map].coding == one


# What ranges are chosen on ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "high", "low", "top"),
    [("int8", None, -128, 127), ("uint8", None, 0, 255), ("int16", None, 0, 255), ("int64", None, 0, 255),
     ("bool", None, 0, 1), ("int64", 9, 0, 9), ("uint8", 300, 0, 255), ("int8", 9, 0, 9), ("int32", 0, 0, 0)],
)  # fmt: skip
def test_numbers_that_are_drawn_fill_the_range_of_their_type(dtype, high, low, top):
    found = drawn(np.random.default_rng(0), dtype, (20_000,), high)
    assert (found.dtype.name, found.min(), found.max()) == (dtype, low, top)


def run_on(network, count, **options):
    """The words for what ranges were chosen on, with so many inputs of a run, and the coding of the first map."""
    shape = network.model.inputs[0].shape
    given = np.ones((count, *shape), np.float32) * np.arange(1, count + 1).reshape(-1, *(1 for _ in shape))
    graph = quantised(network, bits=8, inputs=given, method="minmax", effort="fast", **options)
    return graph.calibration, graph.maps[graph.inputs[0].map].coding.scale * 255


def test_of_the_inputs_of_a_run_the_first_set_the_ranges():
    assert run_on(image(4).linear(3), 1) == ("the 1 input of the run", pytest.approx(1))
    assert run_on(image(4).linear(3), 64) == ("the 64 inputs of the run", pytest.approx(64))
    assert run_on(image(4).linear(3), 65) == ("the first 64 of 65 inputs of the run", pytest.approx(64))
    assert run_on(image(4).linear(3), 1200) == ("the first 64 of 1,200 inputs of the run", pytest.approx(64))


@pytest.mark.parametrize(
    ("network", "macs"),
    [
        (lambda: image(30).linear(20).linear(4), 30 * 20 + 20 * 4),
        (lambda: image(3, 6, 5).conv(4, 3), 4 * 3 * 3 * 3 * 3 * 4),
        (lambda: Network(input=(6, 10)).lstm(8), 6 * (10 + 8) * 4 * 8),
        (lambda: Network(input=(6, 10)).lstm(8).linear(5), 6 * (10 + 8) * 4 * 8 + 6 * 8 * 5),
    ],
)
def test_so_many_inputs_set_ranges_as_their_products_take_time_for(monkeypatch, network, macs):
    graph = normalise(network().model)
    for wanted in (1, 3, 64):
        monkeypatch.setattr("acortex.programs.front.MOST_MACS", wanted * macs)
        assert first_inputs(graph) == wanted
        monkeypatch.setattr("acortex.programs.front.MOST_MACS", wanted * macs - 1)
        assert first_inputs(graph) == max(wanted - 1, 1)


def test_a_network_of_many_weights_has_one_random_input(monkeypatch):
    assert quantised(image(4).linear(3)).calibration == "4 seeded random inputs"
    monkeypatch.setattr("acortex.programs.front.MANY_WEIGHTS", 11)
    assert quantised(image(4).linear(3)).calibration == "1 seeded random input"


def test_of_codes_with_more_bits_than_the_chip_s_the_first_is_named_and_the_most_are_told():
    bits = {"a": 4, "b": 6, "c": 8, "d": 5}
    maps = {name: SimpleNamespace(name=name, coding=Coding(1.0, 0, wide)) for name, wide in bits.items()}
    graph = SimpleNamespace(maps={**maps, "e": SimpleNamespace(name="e", coding=None)}, warnings=[])
    front._tell_precision(graph, 8)
    assert graph.warnings == []
    front._tell_precision(graph, 4)
    (said,) = graph.warnings
    assert said.startswith("the network has 3 tensors of codes of up to 8 bits, such as b; the chip's codes have 4")
