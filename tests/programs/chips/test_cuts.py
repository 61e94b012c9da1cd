"""Where a network may be cut, and what the parts take and give."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acortex.programs import Network, quantised, zoo
from acortex.programs.chips.cuts import NotDivisible, check_divisible, lifetimes, parts_of
from acortex.programs.graph import Carry, HostPart, LayerGraph


@pytest.fixture(scope="module")
def digits() -> LayerGraph:
    return zoo.graph(zoo.entry("digits_cnn"), 4)


def test_the_life_of_a_map_is_from_its_first_writer_to_its_last_reader(digits: LayerGraph) -> None:
    lives = lifetimes(digits)
    assert [layer.name for layer in digits.layers] == ["conv1", "maxpool_1", "conv2", "maxpool_2", "dense"]
    image = lives[digits.inputs[0].map]
    assert (image.first, image.last, image.until) == (-1, -1, 0)
    pooled = lives[digits.layers[1].target.map]
    assert (pooled.first, pooled.last, pooled.until) == (1, 1, 2)
    scores = lives[digits.outputs[0].map]
    assert (scores.first, scores.until) == (4, 4)


def test_parts_hold_the_layers_in_order_and_only_their_maps(digits: LayerGraph) -> None:
    parts = parts_of(digits, [2, 4])
    assert [[layer.name for layer in part.layers] for part in parts] == [
        ["conv1", "maxpool_1"],
        ["conv2", "maxpool_2"],
        ["dense"],
    ]
    assert [part.name for part in parts] == ["digits_cnn-0", "digits_cnn-1", "digits_cnn-2"]
    assert sum(len(part.maps) for part in parts) == len(digits.maps) + 2  # those that cross are on both sides


def test_what_crosses_has_one_name_one_coding_and_no_conversion(digits: LayerGraph) -> None:
    first, second = parts_of(digits, [2])
    (sent,), (taken,) = first.outputs, second.inputs
    assert sent == taken and sent.encode == "codes" and sent.name == "link0"
    assert first.maps[sent.map] == second.maps[taken.map]


def test_data_of_the_network_go_with_its_input_and_the_host_s_nodes_with_its_end() -> None:
    graph = replace(zoo.graph(zoo.entry("digits_cnn"), 4), host_nodes=("softmax",))
    first, second = parts_of(graph, [2])
    assert set(first.samples) == {"input"} and not second.samples
    assert first.labels is not None and second.labels is None
    assert (first.host_nodes, second.host_nodes) == ((), ("softmax",))


def test_a_name_of_a_link_is_one_that_nothing_has() -> None:
    graph = quantised(Network("link0", input=(4,)).linear(5, name="link1").relu().linear(3))
    (sent,) = parts_of(graph, [1])[0].outputs
    assert sent.name == "link2"


def test_without_a_cut_the_one_part_is_the_network(digits: LayerGraph) -> None:
    (part,) = parts_of(digits, [])
    assert (part.layers, part.inputs, part.outputs) == (digits.layers, digits.inputs, digits.outputs)
    assert part.maps == digits.maps


def test_a_state_that_stays_on_the_chip_is_refused(digits: LayerGraph) -> None:
    with pytest.raises(NotDivisible, match="h stays on the chip from one inference to the next") as refused:
        parts_of(replace(digits, carried=(Carry("h", ("hn",)),)), [2])
    assert "leave --carry out" in refused.value.hint


def test_work_of_the_host_between_layers_is_refused(digits: LayerGraph) -> None:
    part = HostPart("norm", 1, ("n",), b"", (), (), 1)
    with pytest.raises(NotDivisible, match="the host works on norm between layers of digits_cnn") as refused:
        check_divisible(replace(digits, parts=(part,)))
    assert "leave --host auto out" in refused.value.hint


def test_weights_are_shared_with_the_network_and_not_copied(digits: LayerGraph) -> None:
    parts = parts_of(digits, [2])
    assert parts[0].layers[0] is digits.layers[0]
    assert np.shares_memory(parts[1].layers[0].weights, digits.layers[2].weights)
