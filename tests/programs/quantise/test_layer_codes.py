"""Codes of layers as the package computes them, against the plain executor that the tests have."""

from __future__ import annotations

import layer_graph_numpy
import numpy as np
import pytest
from random_networks import random_network

from acortex.programs import quantised
from acortex.programs.graph import LayerGraph
from acortex.programs.network.network import Network
from acortex.programs.quantise.layer_codes import run_layer


def recurrent(kind: str) -> Network:
    x = Network(kind, input=(5, 6))
    if kind == "lstm":
        return x.lstm(7, bidirectional=True).lstm(4)
    return x.gru(7, linear_before_reset=kind == "gru_linear").gru(5, linear_before_reset=kind == "gru_linear")


NETWORKS = {f"random {seed}": lambda seed=seed: random_network(seed) for seed in range(12)} | {
    kind: lambda kind=kind: recurrent(kind) for kind in ("lstm", "gru", "gru_linear")
}


def differing(graph: LayerGraph, inputs: np.ndarray) -> list[str]:
    """The layers that write other codes than the plain executor, each run on its codes of those before."""
    images = {}
    for port in graph.inputs:
        array, coding = np.float64(inputs).reshape(-1, *port.shapes[0]), graph.maps[port.map].coding
        codes = np.clip(np.rint(array / coding.scale) + coding.zero, 0, 2**coding.bits - 1).astype(np.int64)
        images[port.map] = layer_graph_numpy.to_image(codes, port.axes, graph.maps[port.map])
    sizes = {name: (one.height, one.width, one.channels) for name, one in graph.maps.items()}
    plain = {name: np.zeros((len(inputs), *size), np.int64) for name, size in sizes.items()} | images
    ours = {name: image.astype(np.uint8) for name, image in images.items()}
    found = []
    for layer in graph.layers:
        layer_graph_numpy.LAYERS[type(layer)](layer, graph, plain)
        run_layer(layer, ours, sizes)
        found += [f"{layer.name} in {name}" for name, image in ours.items() if not np.array_equal(image, plain[name])]
    return found


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_gives_the_codes_that_its_docstring_says(name: str, bits: int) -> None:
    network = NETWORKS[name]()
    inputs = np.random.default_rng(0).standard_normal((2, *network.model.inputs[0].shape), dtype=np.float32)
    graph = quantised(network, inputs, bits, effort="fast")
    assert graph.layers
    assert differing(graph, inputs) == []
