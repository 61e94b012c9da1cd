"""What the rounding of each layer costs, against networks of which it is plain."""

from __future__ import annotations

from typing import Any

import float_models
import layer_graph_numpy
import numpy as np
import pytest

from acortex.programs import quantised
from acortex.programs.graph import LayerGraph
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Network
from acortex.programs.quantise.sensitivity import MOST_DECIBELS, correlation

Array = np.ndarray[Any, Any]

EVERY = 1 << 30


def measured(network: Network, x: Array, effort: str = "fast", most: int = EVERY, bits: int = 4) -> LayerGraph:
    return quantised(network, x, bits, effort=effort, measured=most)


def test_the_correlation_is_that_of_onnxruntime_with_the_chip() -> None:
    network = Network("n", input=(3, 8, 8)).conv(8, 3).relu().max_pool(2).flatten().linear(5)
    x = np.random.default_rng(0).standard_normal((10, 1, 3, 8, 8), dtype=np.float32)
    model = float_models.to_onnx(network, 17)
    graph = quantised(from_proto(model), x, measured=EVERY)
    (exact,) = float_models.float_outputs(model, {"input": x}).values()
    (found,) = layer_graph_numpy.run(graph, {"input": x}).values()
    assert graph.losses is not None
    assert graph.losses.correlation == pytest.approx(np.corrcoef(exact.ravel(), found.ravel())[0, 1], abs=1e-5)


def test_a_layer_whose_numbers_are_codes_loses_nothing() -> None:
    """Whole numbers through weights of whole levels: the sums are codes."""
    weights = np.eye(4, dtype=np.float32)
    x = np.random.default_rng(0).integers(0, 16, (20, 4)).astype(np.float32)
    graph = measured(Network("n", input=(4,)).linear(4, weights=weights * 7, bias=np.zeros(4)), x)
    assert graph.losses is not None
    (only,) = graph.losses.layers
    assert only.sqnr_db == MOST_DECIBELS or only.sqnr_db > 40
    assert graph.losses.correlation == pytest.approx(1, abs=1e-4)


def test_without_its_only_layer_a_network_loses_what_its_input_does() -> None:
    rng = np.random.default_rng(0)
    weights, bias = rng.standard_normal((12, 6)).astype(np.float32), rng.standard_normal(6).astype(np.float32)
    x = rng.standard_normal((16, 12)).astype(np.float32)
    graph = measured(Network("n", input=(12,)).linear(6, weights=weights.T, bias=bias), x)
    coding = graph.maps[graph.inputs[0].map].coding
    codes = np.clip(np.rint(x / coding.scale) + coding.zero, 0, 15) - coding.zero
    shifted = np.corrcoef((x @ weights + bias).ravel(), (codes * coding.scale @ weights + bias).ravel())[0, 1]
    assert graph.losses is not None
    assert graph.losses.layers[0].correlation_without == pytest.approx(shifted, abs=1e-5)
    assert shifted < 1


def test_the_layer_that_was_spoilt_is_found() -> None:
    """Half of its outputs are far smaller than the others, and these alone count: no coding serves both."""
    rng = np.random.default_rng(0)
    uneven, small = rng.standard_normal((16, 16)).astype(np.float32), np.tile(np.float32([1, 0.05]), 8)
    read = (rng.standard_normal((4, 16)) * np.tile([0.0, 1.0], 8)).astype(np.float32)
    x = Network("n", input=(16,)).linear(16, name="first").relu()
    x = x.linear(16, weights=uneven * small[:, None], bias=np.zeros(16), name="spoilt").tanh()
    graph = measured(x.linear(4, weights=read, name="last"), rng.standard_normal((16, 16)).astype(np.float32))
    assert graph.losses is not None
    assert graph.losses.layers[0].layer == "spoilt"
    assert graph.losses.layers[0].correlation_without > graph.losses.correlation


@pytest.mark.parametrize("most", [1, 2, 50])
def test_as_many_layers_are_measured_as_were_asked_for(most: int) -> None:
    network = Network("n", input=(3, 8, 8)).conv(8, 3).relu().max_pool(2).conv(8, 1).relu().flatten().linear(5)
    x = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    graph = measured(network, x, most=most)
    assert graph.losses is not None
    assert len(graph.losses.layers) == min(most, 3)  # the pool hands codes on
    noise = [row.sqnr_db for row in measured(network, x).losses.layers]  # type: ignore[union-attr]
    assert sorted(row.sqnr_db for row in graph.losses.layers) == sorted(noise)[:most]


def joined() -> Network:
    x = Network("joined", input=(3, 8, 8)).conv(8, 3, pad=1).relu()
    y = x.concat(x.conv(5, 1).relu(), x.average_pool(3, 1, pad=1)).conv(8, 3)
    return y.add(y.conv(8, 1)).sigmoid().conv(4, 1)


NETWORKS = {
    "joined": joined,
    "lstm": lambda: Network("n", input=(5, 6)).lstm(9).lstm(5).linear(4),
    "gru": lambda: Network("n", input=(5, 6)).gru(9, bidirectional=True).linear(4),
    "hard_swish": lambda: Network("n", input=(3, 8, 8)).conv(8, 3).hard_swish().conv(8, 1).hard_swish().conv(2, 1),
}


@pytest.mark.parametrize("effort", ["fast", "best"])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_all_kinds_can_be_measured_and_stay_as_they_are(name: str, effort: str) -> None:
    network = NETWORKS[name]()
    x = np.random.default_rng(0).standard_normal((6, *network.model.inputs[0].shape[1:]), dtype=np.float32)
    graph, plain = measured(network, x, effort), quantised(network, x, effort=effort)
    assert graph.losses is not None and plain.losses is None
    assert list(map(type, graph.layers)) == list(map(type, plain.layers)) and graph.maps == plain.maps
    assert all(0 < row.correlation_without <= 1 and row.sqnr_db > 0 for row in graph.losses.layers)


def test_numbers_that_are_all_equal_correlate_where_they_are_the_same() -> None:
    assert correlation(np.ones(3), np.ones(3)) == 1
    assert correlation(np.ones(3), np.arange(3)) == 0
    assert correlation(np.arange(3), np.ones(3)) == 0
