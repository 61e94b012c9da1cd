"""Which layers share a quantiser's register: those with the same numbers, unless a graph's instructions are fixed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acortex.programs.compiler import compile_graph
from acortex.programs.front import quantised
from acortex.programs.graph import Add, LayerGraph, Pool
from acortex.programs.network.network import Network
from acortex.sim.chip.specs import load_chip
from acortex.tools.open.machine import machine_of

MACHINE = machine_of(load_chip("acortex_inception"))


def sums(count: int) -> LayerGraph:
    """Sums that all have the same numbers, as those of weights may have by chance, and as many pools behind them."""
    x = Network("sums", input=(8, 12, 12))
    for _ in range(count):
        x = x.add(x.conv(8, 1)).relu().max_pool(2, 1)
    graph = quantised(x)
    first = next(layer for layer in graph.layers if isinstance(layer, Add))
    layers = tuple(
        replace(layer, multiplier_a=first.multiplier_a, multiplier_b=first.multiplier_b, code=replace(first.code))
        if isinstance(layer, Add)
        else layer
        for layer in graph.layers
    )
    return replace(graph, layers=layers)


def settings(graph: LayerGraph) -> int:
    """How often a program sets a quantiser."""
    return sum(line.split()[:1] == ["quant"] for line in compile_graph(graph, MACHINE).text.splitlines())


@pytest.mark.parametrize("count", [1, 2, 3])
def test_sums_with_the_same_numbers_share_quantisers_unless_they_are_to_have_their_own(count: int) -> None:
    graph = sums(count)
    products, pools = count, 1
    assert settings(graph) == products + pools + 2
    assert settings(replace(graph, own_quantisers=True)) == products + pools + 2 * count


def test_quantisers_that_leave_codes_as_they_are_are_shared_in_either_case() -> None:
    x = Network("pools", input=(64, 12, 12)).max_pool(2, 1).max_pool(2, 1).max_pool(2, 1)
    graph = quantised(x)
    assert sum(isinstance(layer, Pool) for layer in graph.layers) == 3
    assert settings(graph) == settings(replace(graph, own_quantisers=True)) == 1


def test_a_layer_that_is_cut_into_parts_sets_its_quantiser_once() -> None:
    x = Network("wide", input=(3, 20, 20))
    sides = [x.conv(64, 1).relu() for _ in range(3)]
    graph = quantised(sides[0].concat(*sides[1:]).average_pool(3))
    assert settings(replace(graph, own_quantisers=True)) == settings(graph)
