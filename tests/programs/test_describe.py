"""A network between the steps of the compiler can be printed, held beside the step before, and drawn."""

import networkx as nx
import pytest

from acortex.programs import Network, quantised
from acortex.programs.compiler import plan_graph
from acortex.programs.describe import as_graph, as_text, rows
from acortex.programs.operators.normalise import normalise
from acortex.sim.chip.specs import load_chip
from acortex.tools.open.machine import machine_of


def branching():
    x = Network("net", input=(3, 6, 6)).conv(4, 3, pad=1, name="a").relu6()
    y = x.conv(2, 1, name="b").relu()
    return y.concat(x.conv(3, 1, name="d")).channels(1, 4).max_pool(2).flatten().linear(5, name="c")


def test_a_model_is_a_line_a_node():
    assert as_text(branching().model).splitlines()[:2] == [
        "a: node Conv; 4x3x3x3; input -> a.out",
        "clip_1: node Clip; a.out -> clip_1.out",
    ]


def test_a_normal_form_is_a_line_a_step():
    assert as_text(normalise(branching().model)) == (
        "a: product Conv; 3x3x3x4; relu ..6; input -> a\n"
        "b: product Conv; 1x1x4x2; relu; a -> b\n"
        "d: product Conv; 1x1x4x3; a -> d\n"
        "maxpool_1: pool MaxPool; concat_1[1..3] -> maxpool_1\n"
        "c: product Gemm; 3x3x3x5; maxpool_1 -> c\n"
    )


def test_a_layer_graph_is_a_line_a_layer():
    assert as_text(quantised(branching())).splitlines()[1:3] == [
        "b: product Conv; 1x1x4x2; relu; a -> concat_1",
        "d: product Conv; 1x1x4x3; a -> concat_1+2",
    ]


@pytest.mark.parametrize("index", [0, 1, 3])
def test_a_layer_keeps_the_name_that_it_had_in_the_model(index):
    name = rows(normalise(branching().model))[index]["name"]
    assert name in {row["name"] for row in rows(branching().model)}
    assert name in {row["name"] for row in rows(quantised(branching()))}


def test_a_plan_is_a_line_a_pass():
    plan = plan_graph(quantised(branching()), machine_of(load_chip("acortex_gnmt")))
    assert as_text(plan) == (
        "a: product Conv; 36x36; relu; input -> a\n"  # two pixels of 4 channels, the second from channel 32 on
        "b: product Conv; 4x2; relu; a -> concat_1\n"
        "d: product Conv; 4x3; a -> concat_1\n"
        "maxpool_1/copy: product MaxPool; 4x3; concat_1 -> maxpool_1/concat_1\n"
        "maxpool_1: pool MaxPool; relu; maxpool_1/concat_1 -> maxpool_1\n"
        "c: product Gemm; 27x5; maxpool_1 -> c\n"
    )


def test_a_plan_with_taps_of_their_own_has_a_row_of_arrays_for_each():
    plan = plan_graph(quantised(branching()), machine_of(load_chip("acortex_gnmt")), "taps")
    sizes = [line.split("; ")[1] for line in as_text(plan).splitlines()]
    assert sizes == ["515x4", "4x2", "4x3", "4x3", "relu", "515x5"]


def test_a_plan_says_which_words_and_pixels_a_pass_is_about():
    network = Network("net", input=(2, 70)).lstm(8)
    plan = plan_graph(quantised(network), machine_of(load_chip("acortex_gnmt")))
    assert as_text(plan).splitlines()[1] == "lstm_1: recurrent LSTM; 136x200; input at 1, lstm_1 at 0 -> lstm_1 at 1"


def test_the_graph_to_draw_leads_from_the_input_to_the_output():
    graph = quantised(branching())
    drawn = as_graph(graph)
    assert nx.has_path(drawn, f"map {graph.inputs[0].map}", f"map {graph.outputs[0].map}")
    assert drawn.nodes["map concat_1"]["label"] == "concat_1 6x6x5"
