"""The graph of layers: a box for each, a line for each edge, and the rules of pictures at any size."""

from __future__ import annotations

from functools import cache

import picture_rules as rules
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.sim.chip.program_chip import chip_of
from acortex.sim.functional.configuration import configure
from acortex.tools.drawing.layered import Sizes
from acortex.tools.drawing.network import MOST_NODES, SIZES, WIDEST, gathered, network
from acortex.tools.drawing.scene import Box, Line, Picture, Rect
from acortex.tools.drawing.svg import svg
from acortex.tools.drawing.traffic import Node, Traffic, traffic
from acortex.tools.open.programs import open_program


@cache
def drawn(name: str) -> Picture:
    program = open_program(f"zoo:{name}", weights=False)
    chip = chip_of(program)
    groups = list(configure(program, chip).groups.values())
    return network(name, chip.name, traffic(program, chip.memory_words), groups)


NAMES = ["digits_mlp", "digits_cnn", "lstm", "inception_v1", "gnmt", "resnet152"]


def boxes(picture: Picture) -> list[Rect]:
    return [one for one in picture.shapes if isinstance(one, Rect) and one.width == SIZES.width]


@pytest.mark.parametrize("name", NAMES)
def test_networks_keep_the_rules(name: str) -> None:
    picture = drawn(name)
    rules.check(picture)
    assert rules.boxes_apart([one.box for one in boxes(picture)])


@pytest.mark.parametrize(("name", "count"), [("digits_mlp", 4), ("gnmt", 18), ("inception_v1", 69), ("resnet152", 159)])
def test_there_is_a_box_for_each_layer_with_its_name_in_it(name: str, count: int) -> None:
    picture = drawn(name)
    found = boxes(picture)
    assert len(found) == count
    for one in found:
        inside = [text for text in picture.texts if one.box.holds(text.box)]
        assert len(inside) == 2, one.tip
        assert inside[0].bold


@pytest.mark.parametrize("name", ["digits_mlp", "gnmt", "resnet152"])
def test_lines_begin_and_end_at_boxes_and_cross_none(name: str) -> None:
    picture = drawn(name)
    held = [one.box for one in boxes(picture)]
    lines = [one for one in picture.shapes if isinstance(one, Line) and one.tip.endswith(("word", "words"))]
    assert lines
    for line in lines:
        for (x, y), (to_x, to_y) in zip(line.points, line.points[1:], strict=False):
            leg = Box(min(x, to_x) + 0.5, min(y, to_y) + 0.5, max(x, to_x) - 0.5, max(y, to_y) - 0.5)
            middle = ((x + to_x) / 2, (y + to_y) / 2)
            assert not any(
                box.left + 1 < middle[0] < box.right - 1 and box.top + 1 < middle[1] < box.bottom - 1 for box in held
            )
            assert leg is not None
        if line.arrow:
            x, y = line.points[-1]
            assert any(abs(box.left - x) < 0.1 and box.top < y < box.bottom for box in held)


def test_the_widest_line_carries_most_words() -> None:
    lines = [one for one in drawn("resnet152").shapes if isinstance(one, Line) and one.arrow]
    widest = max(lines, key=lambda one: one.width)
    assert widest.width == WIDEST
    assert widest.tip.startswith("input gives 174,272 words")


def test_a_state_that_comes_back_is_a_dashed_line() -> None:
    assert sum(isinstance(one, Line) and one.dashed and one.arrow for one in drawn("gnmt").shapes) == 16
    assert not any(isinstance(one, Line) and one.dashed for one in drawn("resnet152").shapes)


def test_a_layer_is_told_with_its_products_and_arrays() -> None:
    labels = [one.text for one in drawn("digits_mlp").texts]
    assert "50.2 k MAC, 13 arrays" in labels
    assert "640 MAC, 2 arrays" in labels


def graph(layers: int, names: str = "conv{}", edges: dict[tuple[int, int], int] | None = None) -> Traffic:
    nodes = [
        Node("x", "input"),
        *(Node(names.format(number), "layer", 1000) for number in range(layers)),
        Node("y", "output"),
    ]
    chain = {(number, number + 1): 64 for number in range(layers + 1)}
    return Traffic(nodes, chain if edges is None else edges)


@pytest.mark.parametrize("layers", [0, 1, 2, 9, 16, 17, 100, MOST_NODES - 2])
def test_chains_of_any_length_keep_the_rules(layers: int) -> None:
    rules.check(network("chain", "chip", graph(layers)))


@given(
    st.integers(1, 14), st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15), st.integers(1, 10**6)), max_size=40)
)
@settings(deadline=None, max_examples=30)
def test_any_graph_keeps_the_rules(layers: int, given_edges: list[tuple[int, int, int]]) -> None:
    nodes = layers + 2
    edges = {(giver % nodes, taker % nodes): words for giver, taker, words in given_edges}
    rules.check(network("any", "chip", graph(layers, edges=edges)))


def test_lines_back_are_counted() -> None:
    picture = network("back", "chip", graph(3, edges={(0, 1): 5, (3, 1): 4, (2, 1): 4}))
    caption = " ".join(one.text for one in picture.texts[-2:])
    assert "2 lines go back from a later layer to an earlier one, and are left out." in caption


def test_a_graph_without_edges_says_so() -> None:
    assert network("none", "chip", graph(2, edges={})).texts[-1].text == "No layer moves a word."


def test_hundreds_of_layers_are_taken_together() -> None:
    found = graph(600, "stage{0}_x")
    many = Traffic(
        [
            *found.nodes[:1],
            *(Node(f"s{n // 100}/b{n // 10}/l{n}", "layer", 5, (n,), 2) for n in range(600)),
            found.nodes[-1],
        ],
        found.edges,
    )
    joined = gathered(many)
    assert len(joined.nodes) == 62, "sixty blocks of ten, input and output"
    assert sum(node.macs for node in joined.nodes) == 3000
    assert sorted(group for node in joined.nodes for group in node.groups) == list(range(600))
    assert sum(node.words for node in joined.nodes) == 1200
    assert set(joined.edges) == {(number, number + 1) for number in range(61)}
    picture = network("many", "chip", many)
    rules.check(picture)
    assert "600 layers are taken together by name." in " ".join(one.text for one in picture.texts[-3:])


def test_a_stage_that_does_no_more_than_others_is_not_named() -> None:
    assert "of the multiply-accumulates" not in " ".join(one.text for one in network("even", "chip", graph(4)).texts)
    uneven = graph(4)
    uneven = Traffic([*uneven.nodes[:2], Node("large", "layer", 10**6), *uneven.nodes[2:]], {})
    assert "large does" in " ".join(one.text for one in network("uneven", "chip", uneven).texts)


@pytest.mark.parametrize("name", ["<b>", "a" * 300, "/model/layers.0/self_attn/q_proj/MatMul", "Ж日本", "  "])
def test_strange_names_are_cut_and_escaped(name: str) -> None:
    found = Traffic([Node("x", "input"), Node(name, "layer", 7), Node("y", "output")], {(0, 1): 3, (1, 2): 1})
    picture = network(name, "chip", found)
    rules.check(picture)
    assert len(rules.texts_of(svg(picture))) == len(picture.texts)


def test_the_same_graph_gives_the_same_bytes() -> None:
    assert svg(network("chain", "chip", graph(30))) == svg(network("chain", "chip", graph(30)))
    assert Sizes() == SIZES
