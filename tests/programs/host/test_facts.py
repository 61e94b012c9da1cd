"""What is known of a network before it runs: shapes and types as ONNX infers them, and what follows from shapes."""

from __future__ import annotations

import numpy as np
import pytest
from host_networks import Grower
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, ModelProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

from acortex.programs.host.facts import LARGE, Kind, dtype_of, folded, inferred
from acortex.programs.host.protos import MICROSOFT, domain_of, node_proto
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import Unsupported


def kinds_of(model: ModelProto) -> dict[str, Kind]:
    """What is inferred of a network."""
    return dict(inferred(from_proto(model)))


# Shapes and types -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "attributes", "kind"),
    [
        ("Relu", {}, Kind("float32", (2, 6))),
        ("Transpose", {"perm": [1, 0]}, Kind("float32", (6, 2))),
        ("Flatten", {"axis": 0}, Kind("float32", (1, 12))),
        ("ArgMax", {"axis": 1, "keepdims": 0}, Kind("int64", (2,))),
        ("ReduceMax", {"keepdims": 0}, Kind("float32", ())),
        ("Cast", {"to": TensorProto.BOOL}, Kind("bool", (2, 6))),
        ("Cast", {"to": TensorProto.FLOAT16}, Kind("float16", (2, 6))),
        ("NonZero", {}, Kind("int64", None)),  # as many columns as there are numbers other than 0
    ],
)
def test_a_result_has_the_type_and_shape_of_its_operator(op: str, attributes: dict[str, object], kind: Kind) -> None:
    net = Grower()
    y = net.add(op, net.give("x", (2, 6)), **attributes)
    assert kinds_of(net.model(y, kind=TensorProto.UNDEFINED))[y] == kind


def test_a_shape_that_a_constant_says_is_known() -> None:
    net = Grower()
    y = net.add("Reshape", net.give("x", (2, 6)), net.constant(np.array([3, -1])))
    assert kinds_of(net.model(y))[y] == Kind("float32", (3, 4))


def test_a_shape_that_an_input_says_is_not_fixed() -> None:
    net = Grower()
    y = net.add("Reshape", net.give("x", (2, 6)), net.give("shape", (2,), TensorProto.INT64))
    assert kinds_of(net.model(y)).get(y, Kind("", None)).shape is None


def test_nothing_is_known_behind_an_operator_that_onnx_does_not_have() -> None:
    net = Grower()
    y = net.add("Relu", net.add("Funny", net.give("x", (2, 6)), domain="my.own"))
    assert y not in kinds_of(net.model(y)) or kinds_of(net.model(y))[y].shape is None


def test_nothing_but_the_inputs_is_known_of_a_network_that_contradicts_itself() -> None:
    net = Grower()
    y = net.add("Concat", net.give("x", (2, 6)), net.constant(np.ones(3, np.float32)), axis=7)
    assert kinds_of(net.model(y)).keys() <= {"x"}


def test_large_weights_are_not_loaded_for_their_type() -> None:
    def load() -> np.ndarray:
        raise AssertionError("loaded")

    assert dtype_of(Constant((LARGE + 1,), load)) == "float32"
    assert dtype_of(Constant((3,), load, kind="int4")) == "int4"
    assert dtype_of(Constant.of(np.ones(3, np.int16))) == "int16"


# What follows from shapes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "values"),
    [
        ({}, [2, 3, 5]),
        ({"start": 1}, [3, 5]),
        ({"end": -1}, [2, 3]),
        ({"start": -2, "end": 2}, [3]),
        ({"start": 3}, []),
    ],
)
def test_a_part_of_a_shape_is_a_constant(attributes: dict[str, int], values: list[int]) -> None:
    net = Grower()
    shape = net.add("Shape", net.give("x", (2, 3, 5)), **attributes)
    model, _ = folded(from_proto(net.model(shape, net.add("Relu", "x"))))
    assert model.constants[shape].load().tolist() == values
    assert model.constants[shape].load().dtype == np.int64
    assert [node.op for node in model.nodes] == ["Relu"]


@given(st.lists(st.integers(1, 6), min_size=2, max_size=4), st.data())
def test_arithmetic_on_shapes_is_that_of_onnx(shape: list[int], data: st.DataObject) -> None:
    net = Grower()
    value = net.add("Shape", net.give("x", tuple(shape)))
    for _ in range(data.draw(st.integers(1, 4))):
        op = data.draw(st.sampled_from(["Add", "Mul", "Sub", "Max", "Div"]))
        value = net.add(op, value, net.constant(np.array([data.draw(st.integers(1, 5))])))
    proto = net.model(value, kind=TensorProto.INT64)
    model, _ = folded(from_proto(proto))
    assert not model.nodes
    expected = ReferenceEvaluator(proto).run(None, {"x": np.zeros(shape, np.float32)})[0]
    made = model.constants[value].load()
    assert (made.dtype, made.tolist()) == (expected.dtype, expected.tolist())


def test_shapes_that_follow_from_folded_shapes_are_known_too() -> None:
    """A reshape by half of a shape, by whose shape another one is reshaped: each round shows the next."""
    net = Grower()
    x = net.give("x", (4, 6))
    for _ in range(2):
        half = net.add("Div", net.add("Shape", x), net.constant(np.array([2, 1])))
        x = net.add("Reshape", x, net.add("Concat", half, net.constant(np.array([-1])), axis=0))
        x = net.add("Flatten", x, axis=1)
    model, kinds = folded(from_proto(net.model(x)))
    assert kinds[x].shape == (1, 24)
    assert {node.op for node in model.nodes} == {"Reshape", "Flatten"}


def test_what_cannot_be_computed_stays_a_node() -> None:
    net = Grower()
    bad = net.add("Reshape", net.constant(np.ones(6, np.float32)), net.constant(np.array([4, -1])))
    model, _ = folded(from_proto(net.model(net.add("Add", net.give("x", (4, 2)), bad))))
    assert [node.op for node in model.nodes] == ["Reshape", "Add"]


def test_a_constant_that_is_an_output_is_folded_and_stays_an_output() -> None:
    net = Grower()
    y = net.add("Neg", net.constant(np.ones(2, np.float32)))
    model, _ = folded(from_proto(net.model(y, net.add("Relu", net.give("x", (2,))))))
    assert (model.outputs[0], model.constants[y].load().tolist()) == (y, [-1, -1])


# Nodes as ONNX has them -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "domain"),
    [
        ("Conv", ("", "Conv")),
        ("FusedConv", (MICROSOFT, "FusedConv")),
        ("my.own.Funny", ("my.own", "Funny")),
        ("ai.onnx.ml.Scaler", ("ai.onnx.ml", "Scaler")),
    ],
)
def test_an_operator_is_looked_for_in_its_domain(op: str, domain: tuple[str, str]) -> None:
    assert domain_of(op) == domain


def test_attributes_go_to_onnx_and_come_back() -> None:
    attributes = {"axis": -1, "alpha": 0.5, "perm": [1, 0], "mode": "linear", "value": np.arange(3), "one": np.int64(4)}
    made = node_proto(Node("Funny", "n", ("a", ""), ("b",), attributes))
    assert (list(made.input), list(made.output), made.domain) == (["a", ""], ["b"], MICROSOFT)
    found = {one.name: helper.get_attribute_value(one) for one in made.attribute}
    assert {name: found[name] for name in ("axis", "alpha", "perm", "mode")} == {
        "axis": -1, "alpha": 0.5, "perm": [1, 0], "mode": b"linear",
    }  # fmt: skip
    assert (list(found["value"].dims), list(found["one"].dims)) == ([3], [])


@pytest.mark.parametrize(
    ("op", "name"),
    [
        ("Concat", "no_such"),
        ("ReduceMax", "axes"),  # an attribute of older versions, which the newest has as an input
        ("MaxPool", "pads"),
    ],
)
def test_an_empty_list_has_a_type_whatever_the_version_of_its_operator(op: str, name: str) -> None:
    (made,) = node_proto(Node(op, "n", ("a",), ("b",), {name: []})).attribute
    assert (made.name, made.type, list(made.ints)) == (name, AttributeProto.INTS, [])


def test_an_empty_list_of_an_older_version_hides_no_shape() -> None:
    net = Grower()
    y = net.add("Relu", net.give("x", (2, 6)))
    net.nodes.append(helper.make_node("ReduceMax", [y], ["largest"], "reduce"))
    net.nodes[-1].attribute.append(helper.make_attribute("axes", [], attr_type=AttributeProto.INTS))
    assert kinds_of(net.model("largest"))["largest"] == Kind("float32", (1, 1))


def test_a_node_with_a_graph_is_no_node_of_a_part() -> None:
    body = helper.make_graph([], "g", [], [])
    net = Grower()
    flag = net.give("c", (), TensorProto.BOOL)
    y = net.add("If", flag, then_branch=body, else_branch=body)
    (node,) = from_proto(net.model(y)).nodes
    with pytest.raises(Unsupported, match="it has a graph of its own"):
        node_proto(node)
