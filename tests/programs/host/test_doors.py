"""What keeps networks out beside the host, or no longer does: quantised weights, an STFT, branches, what is told."""

from __future__ import annotations

import numpy as np
import pytest
from host_networks import Grower, assert_exact, divided
from onnx import ModelProto, TensorProto, helper

from acortex.isa.lint.checks import lint
from acortex.programs.front import HINT_OF_HOST, HINT_OF_NONE, normal_form
from acortex.programs.host import partition
from acortex.programs.host.graphs import with_host
from acortex.programs.host.partition import NothingLeft
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes


def quantised_weights(rows: int = 12) -> ModelProto:
    """Two products with weights of 4 bits as an exporter leaves them, and a normalisation of the host between them."""
    net = Grower()
    rng = np.random.default_rng(3)
    x = net.give("x", (1, rows))
    for last in (False, True):
        levels = net.constant(rng.integers(-8, 8, (rows, rows)).astype(np.int8))
        matrix = net.add("DequantizeLinear", levels, net.constant(np.float32(0.25)), net.constant(np.int8(0)))
        x = net.add("MatMul", x, matrix)
        if not last:
            x = net.add("LayerNormalization", x, net.constant(np.ones(rows, np.float32)))
    return net.model(x)


def test_quantised_weights_stay_on_the_chip_with_their_levels() -> None:
    compiled, given = divided(quantised_weights())
    assert [part.nodes for part in compiled.plan.graph.parts] == [("layernormalization2",)]
    levels = [set(np.unique(layer.weights)) for layer in compiled.plan.graph.layers if layer.op == "MatMul"]
    assert len(levels) == 2 and all(found <= set(range(-8, 8)) and len(found) > 8 for found in levels)
    assert_exact(compiled, given)


def test_weights_too_large_to_be_computed_beforehand_are_loaded_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acortex.programs.operators.evaluator.MOST_EVALUATED", 16)
    graph = with_host(from_proto(quantised_weights()))
    assert [part.nodes for part in graph.parts] == [("layernormalization2",)]


@pytest.mark.parametrize("stated", [{}, {"onesided": 1}, {"onesided": 0}])
def test_a_product_behind_an_stft_is_the_chips(stated: dict[str, int]) -> None:
    """Where `onesided` is left out it is 1, which inference of shapes does not see."""
    frame, step, length = 16, 8, 64
    lines = frame if stated.get("onesided", 1) == 0 else frame // 2 + 1
    net = Grower()
    x = net.give("x", (1, length, 1))
    window = net.constant(np.ones(frame, np.float32))
    parts = net.add("STFT", x, net.constant(np.int64(step)), window, **stated)
    power = net.add("ReduceSumSquare", parts, axes=[-1], keepdims=0)
    compiled, given = divided(net.model(net.add("MatMul", power, net.weights(lines, 5))))
    assert [layer.op for layer in compiled.plan.graph.layers] == ["MatMul"]
    assert_exact(compiled, given)


def nested_branches(beside: str = "MatMul") -> ModelProto:
    """A branch in a branch, each chosen by the size of what a node of the host makes; `beside` is in the outer one."""

    def branch(name: str, nodes: list[object]) -> object:
        return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, None)])

    net = Grower()
    x = net.give("x", (1, 8))
    soft = net.add("Softmax", x)
    size = net.add("Gather", net.add("Shape", net.add("Cast", soft, to=TensorProto.INT64)), net.constant(np.int64(1)))
    weights = [net.weights(8, 4) for _ in range(3)]
    eight, nine = net.constant(np.int64(8)), net.constant(np.int64(9))
    ends = [
        branch(name, [helper.make_node(op, [soft, weight], [f"{name}_y"])])
        for name, op, weight in zip("abc", ("MatMul", "MatMul", beside), weights, strict=True)
    ]
    inner = [
        helper.make_node("Equal", [size, nine], ["is_nine"]),
        helper.make_node("If", ["is_nine"], ["d_y"], then_branch=ends[0], else_branch=ends[1]),
    ]
    outer = branch("d", inner)
    is_eight = net.add("Equal", size, eight)
    return net.model(net.add("If", is_eight, then_branch=outer, else_branch=ends[2]))


def test_branches_in_branches_that_shapes_decide_are_taken() -> None:
    compiled, given = divided(nested_branches())
    assert [layer.op for layer in compiled.plan.graph.layers] == ["MatMul"]
    assert_exact(compiled, given)


def alone(op: str, *shape: int, **attributes: object) -> ModelProto:
    net = Grower()
    return net.model(net.add(op, net.give("x", shape or (1, 4)), **attributes))


def test_a_network_without_products_names_what_is_refused() -> None:
    for made, why in (
        (alone("Softmax"), r"softmax0 \(Softmax\): only the host does it"),
        (alone("LpNormalization"), r"lpnormalization0 \(LpNormalization\): the chip has no such operator"),
    ):
        with pytest.raises(NothingLeft, match="has no product for the chip's arrays") as caught:
            normal_form(from_proto(made), "auto")
        assert caught.match(why)


def test_the_host_is_no_hint_where_it_would_do_all() -> None:
    with pytest.raises(UnsupportedNodes, match="only the host computes it") as caught:
        normal_form(from_proto(alone("Softmax")))
    assert caught.value.hint == HINT_OF_NONE


def test_the_host_is_a_hint_where_products_stand_in_branches_of_branches_alone() -> None:
    with pytest.raises(UnsupportedNodes) as caught:
        normal_form(from_proto(nested_branches(beside="Add")))
    assert caught.value.hint == HINT_OF_HOST


def test_an_input_that_the_host_alone_takes_is_one_that_something_uses() -> None:
    net = Grower()
    x, y = net.give("x", (1, 8)), net.give("y", (1, 8))
    middle = net.add("LpNormalization", net.add("Gemm", x, net.weights(8, 8)))
    compiled, _ = divided(net.model(net.add("Gemm", net.add("Add", middle, net.add("Softmax", y)), net.weights(8, 4))))
    assert "y" in {one.name for one in compiled.program.inputs}
    assert lint(compiled.program) == []


def test_products_of_computed_matrices_are_named() -> None:
    net = Grower()
    x = net.give("x", (1, 4, 4))
    with pytest.raises(NothingLeft, match=r"matmul0 \(MatMul\): its second matrix is computed"):
        normal_form(from_proto(net.model(net.add("MatMul", x, x))), "auto")


def test_an_exponential_alone_is_a_table() -> None:
    graph = normal_form(from_proto(alone("Exp")))
    assert [step.op for step in graph.steps] == ["Exp"] and not graph.host_nodes


def test_branches_are_looked_into_no_more_often_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "MOST_NESTED", 0)
    with pytest.raises(UnsupportedNodes, match="a graph of its own"):
        with_host(from_proto(nested_branches()))


def test_the_host_is_not_offered_for_malformed_nodes_alone() -> None:
    def refusal(*before: str) -> UnsupportedNodes:
        net = Grower()
        a = net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 8))
        for op in before:
            a = net.add(op, a)
        with pytest.raises(UnsupportedNodes, match="it has 1 inputs, 3 are needed") as caught:
            normal_form(from_proto(net.model(net.add("ScatterND", a))))
        return caught.value

    assert not refusal().hint and not refusal("Relu").hint
    assert refusal("Hardmax").hint == HINT_OF_HOST
