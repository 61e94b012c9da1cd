"""Which nodes go to the host, in which stages, and what crosses the border."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from host_networks import Grower, assert_exact, attention, networks
from host_networks import divided as assembled
from hypothesis import HealthCheck, given, settings
from onnx import ModelProto, TensorProto, helper

from acortex.errors import AcortexError
from acortex.programs.host.facts import folded, inferred
from acortex.programs.host.models import host_parts
from acortex.programs.host.operations import macs_of, operations_of
from acortex.programs.host.partition import PRODUCTS, Division, NothingLeft, divided
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import UnsupportedNodes


def of(model: ModelProto) -> Division:
    """The division of a network."""
    return divided(from_proto(model))


def hosted(model: ModelProto) -> set[str]:
    """The operators that the host does."""
    return {name.rstrip("0123456789") for name in of(model).hosted}


def around(op: str, shape: tuple[int, ...] = (1, 5, 8), **attributes: object) -> ModelProto:
    """A network of two products with an operator of one input between them."""
    net = Grower()
    a = net.add("MatMul", net.give("x", shape), net.weights(shape[-1], shape[-1]))
    return net.model(net.add("MatMul", net.add(op, a, **attributes), net.weights(shape[-1], shape[-1])))


@pytest.mark.parametrize("op", ["Softmax", "LpNormalization", "Hardmax", "LogSoftmax"])
def test_what_the_chip_lacks_is_the_hosts_and_nothing_else(op: str) -> None:
    division = of(around(op))
    assert len(division.hosted) == 1
    assert sorted(division.stages.values()) == [0, 1, 1]


def unshuffled(*nodes: str) -> ModelProto:
    """A product over an image whose blocks of 2 x 2 pixels become channels, in one node or in three."""
    net = Grower()
    x = net.give("x", (1, 3, 8, 8))
    if nodes:
        x = net.add("Relu", net.add("Conv", x, net.weights(3, 3, 1, 1)))
    if nodes == ("SpaceToDepth",):
        x = net.add("SpaceToDepth", x, blocksize=2)
    else:
        x = net.add("Reshape", x, net.constant(np.array([1, 3, 4, 2, 4, 2])))
        x = net.add("Transpose", x, perm=[0, 3, 5, 1, 2, 4])
        x = net.add("Reshape", x, net.constant(np.array([1, 12, 4, 4])))
    return net.model(net.add("Conv", x, net.weights(4, 12, 3, 3), pads=[1, 1, 1, 1]))


@pytest.mark.parametrize("nodes", [("SpaceToDepth",), ("Reshape", "Transpose"), ()])
def test_what_lays_numbers_out_for_a_product_is_the_hosts_and_the_product_the_chips(nodes: tuple[str, ...]) -> None:
    model = unshuffled(*nodes)
    assert hosted(model) == {name.lower() for name in nodes or ("Reshape", "Transpose")}
    assert_exact(*assembled(model))


@pytest.mark.parametrize("op", ["Relu", "Tanh", "Sigmoid", "Neg", "Identity"])
def test_what_the_chip_has_stays_there(op: str) -> None:
    assert of(around(op)).hosted == frozenset()


@given(networks())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_stages_rise_along_each_edge(model: ModelProto) -> None:
    """A node of the chip comes in the stage of what it takes or behind it, one of the host behind the chip's."""
    division = of(model)
    makers = {name: node.name for node in division.model.nodes for name in node.outputs}
    for node in division.model.nodes:
        for name in node.inputs:
            if name in makers:
                before, own = division.stages[makers[name]], division.stages[node.name]
                to_host = node.name in division.hosted and makers[name] not in division.hosted
                assert before < own if to_host else before <= own


@given(networks())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_each_group_of_the_chips_nodes_has_a_product(model: ModelProto) -> None:
    division = of(model)
    on_chip = {node.name: node for node in division.model.nodes if node.name not in division.hosted}
    makers = {name: node.name for node in division.model.nodes for name in node.outputs}
    joined = nx.Graph()
    joined.add_nodes_from(on_chip)
    for name, node in on_chip.items():
        own = (makers[one] for one in node.inputs if makers.get(one) in on_chip)
        joined.add_edges_from((name, maker) for maker in own if division.stages[maker] == division.stages[name])
    groups = nx.connected_components(joined) if division.hosted else ()
    assert all(any(on_chip[name].op in PRODUCTS for name in group) for group in groups)


@given(networks())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_parts_take_what_is_there_and_make_what_is_needed(model: ModelProto) -> None:
    division = of(model)
    parts = host_parts(division)
    assert [part.stage for part in parts] == sorted({part.stage for part in parts})
    known = {value.name for value in division.model.inputs} | {port.name for port in division.graph.outputs}
    for part in parts:
        assert set(part.takes) <= known
        assert part.makes and not known & set(part.makes)
        known |= set(part.makes)
    assert known >= set(division.model.outputs) | {port.name for port in division.graph.inputs}
    assert sorted(node for part in parts for node in part.nodes) == sorted(division.hosted)


def test_layouts_beside_attention_are_the_hosts() -> None:
    net = Grower()
    a = net.add("MatMul", net.give("x", (1, 6, 16)), net.weights(16, 16))
    heads = net.add("Transpose", net.add("Reshape", a, net.constant(np.array([1, 6, 2, 8]))), perm=[0, 2, 1, 3])
    scores = net.add("Softmax", net.add("MatMul", heads, net.add("Transpose", heads, perm=[0, 1, 3, 2])))
    joined = net.add("Transpose", net.add("MatMul", scores, heads), perm=[0, 2, 1, 3])
    flat = net.add("Reshape", joined, net.constant(np.array([1, 6, 16])))
    division = of(net.model(net.add("MatMul", flat, net.weights(16, 16))))
    assert [node.name for node in division.model.nodes if node.name not in division.hosted] == ["matmul0", "matmul9"]
    assert [port.shape for port in division.graph.outputs] == [(1, 6, 16)] * 2


def test_parts_of_a_tensor_that_the_host_takes_together_are_cut_there() -> None:
    net = Grower()
    a = net.add("MatMul", net.give("x", (1, 6, 8)), net.weights(8, 24))
    q, k, v = (
        net.add("Slice", a, *(net.constant(np.array([n])) for n in (begin, begin + 8, 2))) for begin in (0, 8, 16)
    )
    scores = net.add("Softmax", net.add("MatMul", q, net.add("Transpose", k, perm=[0, 2, 1])))
    division = of(net.model(net.add("MatMul", net.add("MatMul", scores, v), net.weights(8, 8))))
    assert {"slice1", "slice2", "slice3"} <= division.hosted
    assert division.graph.outputs[0].shape == (1, 6, 24)


def test_one_part_of_a_tensor_is_cut_on_the_chip() -> None:
    """The host takes a sixth of it: to move all would cost more."""
    net = Grower()
    a = net.add("MatMul", net.give("x", (1, 6, 8)), net.weights(8, 8))
    last = net.add("Slice", a, *(net.constant(np.array([n])) for n in (5, 6, 1)))
    division = of(net.model(net.add("MatMul", net.add("LpNormalization", last), net.weights(8, 8))))
    assert "slice1" not in division.hosted
    assert division.graph.outputs[0].shape == (1, 1, 8)


def test_a_gelu_that_is_spelt_out_is_the_hosts_as_a_whole() -> None:
    net = Grower()
    a = net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 16))
    erf = net.add("LpNormalization", net.add("Div", a, net.constant(np.float32(2**0.5))))
    half = net.add("Mul", a, net.constant(np.float32(0.5)))
    gelu = net.add("Mul", half, net.add("Add", erf, net.constant(np.float32(1))))
    assert hosted(net.model(net.add("Gemm", gelu, net.weights(16, 4)))) == {"div", "lpnormalization", "mul", "add"}


def test_what_a_product_does_on_its_way_to_memory_stays_with_it() -> None:
    net = Grower()
    a = net.add("MatMul", net.give("x", (1, 4, 8)), net.weights(8, 8))
    b = net.add("Relu", net.add("Add", a, net.weights(8)))
    assert hosted(net.model(net.add("MatMul", net.add("LpNormalization", b), net.weights(8, 8)))) == {"lpnormalization"}


def test_shapes_of_shapes_are_folded_before() -> None:
    net = Grower()
    a = net.add("MatMul", net.give("x", (1, 6, 8)), net.weights(8, 8))
    size = net.add("Gather", net.add("Shape", a), net.constant(np.array([1])))
    shape = net.add("Concat", net.constant(np.array([1])), size, net.constant(np.array([2, 4])), axis=0)
    b = net.add("Softmax", net.add("Reshape", a, shape))
    c = net.add("Reshape", b, net.constant(np.array([1, 6, 8])))
    model, kinds = folded(from_proto(net.model(net.add("MatMul", c, net.weights(8, 8)))))
    assert [node.op for node in model.nodes] == ["MatMul", "Reshape", "Softmax", "Reshape", "MatMul"]
    assert kinds[b].shape == (1, 6, 2, 4)
    np.testing.assert_array_equal(model.constants[shape].load(), [1, 6, 2, 4])


def test_folded_numbers_have_the_type_that_onnx_gives_them() -> None:
    net = Grower()
    wide = net.add("Cast", net.constant(np.array([3], np.int64)), to=TensorProto.FLOAT)
    a = net.add("Mul", net.give("x", (1, 4)), net.add("Div", wide, net.constant(np.float32([2]))))
    model, _ = folded(from_proto(net.model(a)))
    (made,) = (name for name in model.constants if name.startswith("t") and name != wide)
    assert model.constants[made].load().dtype == np.float32


def test_a_node_from_which_nothing_follows_is_no_work() -> None:
    net = Grower()
    a = net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 8))
    net.add("LpNormalization", a)
    b = net.add("Gemm", net.add("Hardmax", a), net.weights(8, 2))
    assert hosted(net.model(b)) == {"hardmax"}


# How much work it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "wanted", "macs"),
    [
        (Node("MatMul", "m", ("a", "b"), ("c",)), 2 * 4 * 6 * 5, 4 * 6 * 5),
        (Node("Gemm", "m", ("a", "b"), ("c",)), 2 * 4 * 6 * 5, 4 * 6 * 5),
        (Node("Gemm", "m", ("t", "b"), ("c",), {"transA": 1}), 2 * 4 * 6 * 5, 4 * 6 * 5),
        (Node("FusedMatMul", "m", ("t", "b"), ("c",), {"transA": 1}), 2 * 4 * 6 * 5, 4 * 6 * 5),
        (Node("FusedMatMul", "m", ("a", "b"), ("c",), {"transA": 0}), 2 * 4 * 6 * 5, 4 * 6 * 5),
        (Node("MatMulInteger", "m", ("a", "b"), ("c",)), 2 * 4 * 6 * 5, 4 * 6 * 5),
        (Node("MatMul", "m", ("a", "u"), ("c",)), 24, 0),  # of an operand of no known shape
        (Node("Softmax", "s", ("a",), ("d",)), 24, 0),
        (Node("ReduceSum", "r", ("a",), ("one",)), 24, 0),  # it takes more than it makes
        (Node("Expand", "e", ("one", "k"), ("a",)), 24, 0),
        (Node("Reshape", "r", ("a", "k"), ("d",)), 0, 0),
        (Node("NonZero", "n", ("u",), ("v",)), 1, 0),  # of no fixed shape
        (Node("Conv", "c", ("i", "w"), ("o",)), 2 * 3 * 3 * 2 * 64, 3 * 3 * 2 * 64),
    ],
    ids=lambda one: one.op if isinstance(one, Node) else "",
)
def test_operations_are_counted_from_shapes(node: Node, wanted: int, macs: int) -> None:
    net = Grower()
    shapes = {"a": (4, 6), "t": (6, 4), "b": (6, 5), "c": (4, 5), "d": (4, 6), "one": (1,), "i": (1, 2, 6, 6),
              "o": (1, 4, 4, 4)}  # fmt: skip
    for name, shape in shapes.items():
        net.give(name, shape)
    kinds = inferred(from_proto(net.model(net.add("Identity", "a"))))
    constants = {"k": Constant.of(np.arange(1000)), "w": Constant.of(np.ones((4, 2, 3, 3)))}
    assert operations_of(node, kinds, constants) == wanted
    assert macs_of(node, kinds, constants) == macs


def test_the_operations_of_a_block_are_those_of_its_parts() -> None:
    """Two normalisations, attention of 6 tokens by 16 numbers, and two sums; an Erf is a table of the chip."""
    tokens, width = 6, 16
    parts = host_parts(of(attention(tokens, width)))
    numbers, scores = tokens * width, tokens * tokens
    products = 2 * (scores * width + numbers * tokens)
    assert [part.operations for part in parts] == [numbers, products + numbers + scores, 2 * numbers, numbers]


# What cannot be -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["If", "Loop"])
def test_nodes_with_a_graph_are_refused_by_their_names(op: str) -> None:
    net = Grower()
    a = net.add("Gemm", net.give("x", (1, 4)), net.weights(4, 4))
    flag = net.add("Greater", net.add("ReduceMax", a, keepdims=0), net.constant(np.float32(0)))
    body = helper.make_graph([helper.make_node("Neg", [a], ["o"])], "g", [], [
        helper.make_tensor_value_info("o", TensorProto.FLOAT, [1, 4])
    ])  # fmt: skip
    graphs = {"then_branch": body, "else_branch": body} if op == "If" else {"body": body}
    b = net.add(op, *((flag,) if op == "If" else ("", flag)), **graphs)
    with pytest.raises(UnsupportedNodes, match=rf"{op.lower()}3 \({op}\): it has a graph of its own"):
        of(net.model(net.add("Gemm", b, net.weights(4, 2))))


def test_a_malformed_node_is_no_work_for_the_host() -> None:
    net = Grower()
    a = net.add("Gemm", net.give("x", (1, 4)), net.weights(4, 4))
    b = net.add("Softmax", a, axis="one")
    with pytest.raises(AcortexError, match="malformed"):
        of(net.model(net.add("Gemm", net.add("LpNormalization", b), net.weights(4, 2))))


def test_the_products_of_whole_numbers_are_named() -> None:
    net = Grower()
    x = net.give("x", (1, 4), TensorProto.INT32)
    a = net.add("MatMul", net.add("Mod", x, net.constant(np.int32([3]))), net.constant(np.ones((4, 2), np.int32)))
    with pytest.raises(NothingLeft, match=r"matmul1 \(MatMul\): "):
        of(net.model(a, kind=TensorProto.INT32))
