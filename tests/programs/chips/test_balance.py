"""Where a network is cut: the slowest chip is as fast as it can be, and each part fits its chip."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import originals
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.programs import Network, quantised, zoo
from acortex.programs.chips.balance import Feasible, Loads, _best, _search, divided, loads, words_of
from acortex.programs.chips.cuts import NotDivisible
from acortex.programs.compiler import compile_graph
from acortex.programs.graph import Coding, LayerGraph, Map
from acortex.programs.network.importer import from_proto
from acortex.sim.chip.specs import load_chip
from acortex.tools.open.machine import machine_of

MACHINE = machine_of(load_chip("acortex_inception"))


@pytest.fixture(scope="module")
def digits() -> LayerGraph:
    return zoo.graph(zoo.entry("digits_cnn"), 4)


def layers_of(parts: tuple[LayerGraph, ...]) -> list[int]:
    return [len(part.layers) for part in parts]


def test_a_pass_and_a_map_of_several_writers_are_not_cut(digits: LayerGraph) -> None:
    assert loads(digits, MACHINE).places == (0, 2, 4, 5)  # each pool runs in the pass of its convolution
    x = Network("fork", input=(4, 6, 6)).conv(8, 1)
    joined = quantised(x.conv(8, 1).concat(x.conv(8, 3, pad=1)).conv(4, 1))
    assert [layer.target.map for layer in joined.layers].count(joined.layers[1].target.map) == 2
    assert loads(joined, MACHINE).places == (0, 1, 3, 4)


def test_loads_are_those_of_the_layers(digits: LayerGraph) -> None:
    found = loads(digits, MACHINE)
    report = compile_graph(digits, MACHINE).report
    assert found.arrays[-1] == report.arrays_used
    assert found.cycles[-1] == sum(layer.cycles for layer in report.layers)
    assert found.words == (0, 14 * 14, 7 * 7, 0)


def test_words_cross_a_cut_while_something_behind_it_reads_them() -> None:
    """What the host gives crosses none, whoever reads it; what is read again later crosses all in between."""
    x = Network("skips", input=(130,))
    first = x.linear(130)
    third = first.linear(70).linear(130)
    found = loads(quantised(first.add(third).linear(130).add(x).linear(3)), MACHINE)
    assert dict(zip(found.places, found.words, strict=True)) == {0: 0, 1: 3, 2: 3 + 2, 4: 3, 6: 3, 7: 0}


@pytest.mark.parametrize(("channels", "words"), [(1, 6), (64, 6), (65, 12)])
def test_a_pixel_takes_whole_words(channels: int, words: int) -> None:
    assert words_of(Map("m", 2, 3, channels, Coding(1.0))) == words


def made_up(cycles: list[int], words: list[int]) -> Loads:
    """Layers of some cycles, with so many words between them, each on one array."""
    sums = [0]
    for one in cycles:
        sums.append(sums[-1] + one)
    places = tuple(range(len(sums)))
    return Loads(places, tuple(sums), places, (0, *words[: len(cycles) - 1], 0), word_cycles=2)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 40)), min_size=1, max_size=7), st.integers(1, 4))
def test_the_search_finds_the_best_of_all_divisions(layers: list[tuple[int, int]], chips: int) -> None:
    found = made_up(*(list(one) for one in zip(*layers, strict=True)))
    last = len(layers)
    best = _search(found, chips, found.cost)
    if chips > last:
        assert best is None
        return
    every = [(0, *cuts, last) for cuts in combinations(range(1, last), chips - 1)]
    slowest = min(slowest_of(found, bounds) for bounds in every)
    assert best is not None and len(best) == chips + 1
    assert slowest_of(found, tuple(best)) == slowest


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 9)), min_size=1, max_size=7), st.integers(1, 4))
def test_of_equally_fast_divisions_the_one_of_fewest_words_is_taken(layers: list[tuple[int, int]], chips: int) -> None:
    found = made_up(*(list(one) for one in zip(*layers, strict=True)))
    best = _best(Feasible(quantised(Network("one", input=(4,)).linear(3)), MACHINE, "best", found), chips)
    every = [(0, *cuts, len(layers)) for cuts in combinations(range(1, len(layers)), chips - 1)]
    weights = {bounds: (slowest_of(found, bounds), sum(found.words[one] for one in bounds)) for bounds in every}
    assert (best is None) == (not every)
    assert best is None or weights[tuple(best)] == min(weights.values())


def slowest_of(found: Loads, bounds: tuple[int, ...]) -> int:
    return max(found.cost(*part) for part in pairwise(bounds))


def test_words_hold_the_port_of_the_chip_as_long_as_it_says(digits: LayerGraph) -> None:
    slow = loads(digits, replace(MACHINE, host_cycles=1000))
    assert slow.cost(0, 1) == 1000 * max(slow.words[:2]) > loads(digits, MACHINE).cost(0, 1)


def test_words_come_and_go_at_once_and_beside_the_work_of_the_layers() -> None:
    found = made_up([30, 5, 5], [9, 12])
    assert [found.cost(0, 1), found.cost(1, 2), found.cost(2, 3), found.cost(0, 3)] == [30, 24, 24, 40]


def test_as_few_chips_as_hold_the_network(digits: LayerGraph) -> None:
    assert layers_of(divided(digits, MACHINE, None)) == [5]
    small = replace(MACHINE, m_top=13, m_bottom=12, columns=1)  # dense takes 25 arrays of 29
    assert layers_of(divided(digits, small, None)) == [4, 1]
    for part in divided(digits, small, None):
        compile_graph(part, small)


def test_instructions_are_counted_too(digits: LayerGraph) -> None:
    whole = compile_graph(digits, MACHINE)
    short = replace(MACHINE, instruction_words=whole.report.instructions - 1)
    assert len(divided(digits, replace(short, instruction_words=whole.report.instructions), None)) == 1
    parts = divided(digits, short, None)
    assert len(parts) > 1
    assert all(compile_graph(part, short).report.instructions < whole.report.instructions for part in parts)


def test_more_chips_than_parts_are_refused(digits: LayerGraph) -> None:
    with pytest.raises(NotDivisible, match="can be cut into 3 parts at most, and 4 chips were asked for") as refused:
        divided(digits, MACHINE, 4)
    assert refused.value.hint == "give --chips 3 or fewer"
    with pytest.raises(NotDivisible, match="0 chips"):
        divided(digits, MACHINE, 0)


def test_too_few_chips_are_refused(digits: LayerGraph) -> None:
    small = replace(MACHINE, m_top=13, m_bottom=12, columns=1)
    with pytest.raises(NotDivisible, match="does not fit 1 chip like acortex_inception") as refused:
        divided(digits, small, 1)
    assert "--chips auto" in refused.value.hint


def test_a_layer_that_fits_no_chip_is_named_with_what_it_lacks(digits: LayerGraph) -> None:
    with pytest.raises(NotDivisible, match="dense cannot be cut, and does not fit one chip: the network takes 25"):
        divided(digits, replace(MACHINE, m_top=4, m_bottom=4, columns=2), None)
    with pytest.raises(NotDivisible, match=r"conv1 to maxpool_1 cannot be cut.*memory"):
        divided(digits, replace(MACHINE, memory_words=100), None)


def test_a_network_of_one_layer_is_not_cut() -> None:
    graph = quantised(Network("one", input=(4,)).linear(3))
    assert layers_of(divided(graph, MACHINE, None)) == layers_of(divided(graph, MACHINE, 1)) == [1]
    with pytest.raises(NotDivisible, match="one cannot be cut, and 2 chips were asked for") as refused:
        divided(graph, MACHINE, 2)
    assert refused.value.hint == "give --chips 1"


def test_a_network_that_hands_its_input_on_is_one_part() -> None:
    node = originals.node("Flatten", "x", "y")
    graph = quantised(from_proto(originals.model([node], {"x": (1, 3, 4)})))
    (part,) = divided(graph, MACHINE, None)
    assert [layer.op for layer in part.layers] == ["Identity"]  # a copy: what is handed on is an output as well
    assert (part.inputs, part.outputs) == (graph.inputs, graph.outputs)
    compile_graph(part, MACHINE)
