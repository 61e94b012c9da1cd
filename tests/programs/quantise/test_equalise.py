"""Channels get like ranges, and the network computes what it did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import originals
import pytest

from acortex.programs.front import random_inputs
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Network
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.equalise import LARGEST_FACTOR, equalise
from acortex.programs.quantise.evaluate import Seen, evaluate
from acortex.programs.quantise.images import as_images
from acortex.programs.steps import FloatGraph, ProductStep, Step

Array = np.ndarray[Any, Any]

SPREAD = (10.0 ** np.linspace(-1.5, 0.5, 8)).astype(np.float32)
"""What the channels of the first layer are multiplied with."""


def first() -> Network:
    """A layer whose channels have ranges far apart."""
    weights = np.random.default_rng(0).standard_normal((8, 3, 3, 3), dtype=np.float32) * SPREAD[:, None, None, None]
    return Network("n", input=(3, 8, 8)).conv(8, 3, pad=1, weights=weights, name="first")


def residual(x: Network) -> Network:
    return x.add(x.conv(8, 3, pad=1, name="inner").relu()).conv(4, 1)


def beside(x: Network) -> Network:
    return x.concat(x.conv(5, 1).relu()).conv(4, 1, name="last")


NETWORKS = {
    "chain": lambda: first().relu().conv(4, 3),
    "leaky": lambda: first().leaky_relu().conv(4, 3),
    "pools": lambda: first().relu().max_pool(2).average_pool(2).conv(4, 1),
    "depthwise": lambda: first().relu().conv(8, 3, pad=1, groups=8).relu().conv(4, 1),
    "groups": lambda: first().relu().conv(4, 3, groups=2).relu().conv(3, 1),
    "residual": lambda: residual(first().relu()),
    "beside": lambda: beside(first().relu()),
    "matrix": lambda: first().relu().global_average_pool().flatten().linear(5),
}


def prepared(network: Network) -> tuple[FloatGraph, dict[str, Array]]:
    graph = normalise(network.model)
    return graph, as_images(graph, random_inputs(graph, 0, 6))


def ranges(graph: FloatGraph, inputs: dict[str, Array], step: str) -> Array:
    """The largest number of each channel that a step makes."""
    found: dict[str, Array] = {}

    def observe(one: Step, seen: Seen) -> None:
        found[one.name] = np.abs(seen.out).max(axis=(0, 1, 2))

    evaluate(graph, inputs, observe)
    return found[step]


def spread(channels: Array) -> float:
    return float(channels.max() / channels.min())


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_what_they_were_and_ranges_come_nearer(name: str) -> None:
    graph, inputs = prepared(NETWORKS[name]())
    before, apart = evaluate(graph, inputs), spread(ranges(graph, inputs, "first"))
    equalise(graph, inputs)
    for key, exact in before.items():
        assert np.allclose(evaluate(graph, inputs)[key], exact, rtol=1e-4, atol=1e-4 * np.abs(exact).max())
    # Two summands share a factor, and the channels of the second are alike.
    assert spread(ranges(graph, inputs, "first")) < (1 if name == "residual" else 0.3) * apart


@pytest.mark.parametrize("name", ["relu6", "sigmoid", "hard_swish"])
def test_what_a_factor_does_not_go_through_stays(name: str) -> None:
    graph, inputs = prepared(getattr(first(), name)().conv(4, 3))
    before = ranges(graph, inputs, "first")
    equalise(graph, inputs)
    assert np.array_equal(ranges(graph, inputs, "first"), before)


@pytest.mark.parametrize("bounds", [{"low": -0.4}, {"low": -0.4, "high": 0.4}, {"high": 0.4}], ids=str)
def test_channels_between_bounds_stay(bounds: dict[str, float]) -> None:
    graph, inputs = prepared(first().conv(4, 3))
    graph.steps[0].activation = replace(graph.steps[0].activation, **bounds)
    before = ranges(graph, inputs, "first")
    equalise(graph, inputs)
    assert np.array_equal(ranges(graph, inputs, "first"), before)


@pytest.mark.parametrize("behind", [["MaxPool", {"kernel_shape": [2, 2]}], ["Conv", {}]], ids=str)
def test_channels_beside_a_margin_of_a_number_stay(behind: list[Any]) -> None:
    """What is 1 in the margin is not scaled with its channel."""
    op, attributes = behind
    weights = np.random.default_rng(0).standard_normal((8, 3, 3, 3), dtype=np.float32) * SPREAD[:, None, None, None]
    nodes = [
        originals.node("Conv", "x w", "c"),
        originals.node("Pad", "c pads one", "p"),
        originals.node(op, f"p{' v' if op == 'Conv' else ''}", "q", **attributes),
        originals.node("Conv", "q u", "y"),
    ]
    constants = {
        "w": weights, "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "one": np.float32(1),
        "v": originals.whole(1, 8, 8, 1, 1), "u": originals.whole(2, 4, 8, 1, 1),
    }  # fmt: skip
    graph = normalise(from_proto(originals.model(nodes, {"x": [1, 3, 8, 8]}, constants)))
    inputs = as_images(graph, random_inputs(graph, 0, 6))
    first_step = graph.steps[0].name
    before, exact = ranges(graph, inputs, first_step), evaluate(graph, inputs)[graph.outputs[0].map]
    equalise(graph, inputs)
    assert np.array_equal(ranges(graph, inputs, first_step), before)
    assert np.allclose(evaluate(graph, inputs)[graph.outputs[0].map], exact, rtol=1e-4, atol=1e-3)


def test_channels_of_a_product_with_a_margin_of_a_number_stay() -> None:
    graph, inputs = prepared(first().conv(4, 3, pad=1))
    graph.steps[1].pad = 0.5
    before = ranges(graph, inputs, "first")
    equalise(graph, inputs)
    assert np.array_equal(ranges(graph, inputs, "first"), before)


def test_channels_of_a_map_with_bounds_of_its_own_stay() -> None:
    graph, inputs = prepared(first().conv(4, 3))
    graph.maps[graph.steps[0].out].bounds = (-1.0, 1.0)
    before = ranges(graph, inputs, "first")
    equalise(graph, inputs)
    assert np.array_equal(ranges(graph, inputs, "first"), before)


def test_outputs_and_what_is_added_to_them_stay() -> None:
    x = first().relu()
    graph, inputs = prepared(x.add(x.conv(8, 1)))
    before = ranges(graph, inputs, "first")
    equalise(graph, inputs)
    assert np.array_equal(ranges(graph, inputs, "first"), before)


def test_a_channel_that_is_always_zero_keeps_its_weights() -> None:
    x = first()
    dead = np.random.default_rng(1).standard_normal((6, 8, 1, 1)).astype(np.float32)
    dead[2] = 0
    graph, inputs = prepared(x.relu().conv(6, 1, weights=dead, name="dead").relu().conv(4, 1))
    equalise(graph, inputs)
    (kernel,) = (step.kernel for step in graph.steps if isinstance(step, ProductStep) and step.name == "dead")
    assert not kernel.weights()[..., 2].any() and np.isfinite(kernel.weights()).all()


def test_factors_end_somewhere() -> None:
    weights = np.ones((2, 1, 1, 1), np.float32) * np.float32([1, 1e-9])[:, None, None, None]
    network = Network("n", input=(1, 4, 4)).conv(2, 1, weights=weights, name="first").relu().conv(3, 1)
    graph, inputs = prepared(network)
    equalise(graph, inputs)
    found = ranges(graph, inputs, "first")
    assert found[1] / found[0] == pytest.approx(1e-9 * LARGEST_FACTOR, rel=1e-3)


def test_a_network_without_steps_has_nothing_to_equalise() -> None:
    graph = FloatGraph("empty")
    equalise(graph, {})
    assert not graph.steps and not graph.maps
