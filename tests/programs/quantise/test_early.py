"""Recurrent layers are quantised while they are evaluated, wherever their codings are known by then."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from acortex.programs.front import random_inputs
from acortex.programs.graph import LayerGraph, Recurrent
from acortex.programs.network.network import Network
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.early import EarlyLevels
from acortex.programs.quantise.effort import quantise
from acortex.programs.quantise.images import as_images
from acortex.programs.steps import FloatGraph, Gates, RecurrentStep


def sequence() -> Network:
    return Network("sequence", input=(5, 12))


def two_ends() -> Network:
    """Two layers whose ends lie side by side, so that the first shares its coding with what comes later."""
    x = sequence().lstm(10, name="a")
    return x.add(x.lstm(10, name="b")).lstm(6, name="c")


NETWORKS: dict[str, Network] = {
    "one": sequence().lstm(10),
    "stacked": sequence().lstm(10).lstm(7).lstm(10).linear(3),
    "both directions": sequence().lstm(10, bidirectional=True).lstm(4),
    "gru": sequence().gru(9).gru(5),
    "two ends": two_ends(),
}


def counted(network: Network) -> tuple[FloatGraph, Counter[str]]:
    """A network in its normal form, and how often the weights of each recurrent step are made."""
    graph, loads = normalise(network.model), Counter[str]()

    def watched(step: RecurrentStep) -> RecurrentStep:
        def load() -> Any:
            loads[step.name] += 1
            return step.gates.load()

        return replace(step, gates=Gates(load))

    graph.steps = [watched(step) if isinstance(step, RecurrentStep) else step for step in graph.steps]
    return graph, loads


def quantised(network: Network) -> tuple[LayerGraph, Counter[str]]:
    graph, loads = counted(network)
    return quantise(graph, as_images(graph, random_inputs(graph)), 4), loads


def same(one: Any, other: Any) -> bool:
    """Whether two layers hold the same numbers."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return all(map(same, vars(one).values(), vars(other).values())) if hasattr(one, "__dict__") else bool(one == other)


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_are_those_that_are_quantised_at_the_end(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    early, loads = quantised(NETWORKS[name])
    assert 1 in loads.values() and set(loads.values()) <= {1, 2}
    monkeypatch.setattr(EarlyLevels, "observe", lambda *_: None)
    late, loads = quantised(NETWORKS[name])
    assert set(loads.values()) == {2}
    assert early.maps == late.maps
    assert any(isinstance(layer, Recurrent) for layer in late.layers)
    assert all(map(same, early.layers, late.layers))


def test_a_layer_whose_coding_a_later_step_decides_waits_for_it() -> None:
    """The two directions of a layer write one map: its coding is known after the second."""
    _, loads = quantised(NETWORKS["both directions"])
    assert sorted(loads.values()) == [1, 1, 2]


def test_weights_of_a_stack_are_made_once() -> None:
    _, loads = quantised(NETWORKS["stacked"])
    assert list(loads.values()) == [1, 1, 1]


def test_means_may_join_codings_at_the_end_so_that_nothing_is_early() -> None:
    x = Network("mean", input=(4, 6)).lstm(8)
    graph, _ = counted(x)
    assert EarlyLevels(graph, "mse", 99.9, False)._able
    pooled = normalise(Network("pooled", input=(3, 8, 8)).conv(4, 3).average_pool(2).model)
    assert not EarlyLevels(pooled, "mse", 99.9, False)._able
