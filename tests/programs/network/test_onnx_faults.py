"""What is wrong with a node by ONNX's schema of its operator: said in a sentence, by the first fault."""

from __future__ import annotations

import math

import pytest
from onnx import AttributeProto, NodeProto, TensorProto, defs, helper

from acortex.programs.network.onnx_faults import SPOKEN, node_fault


def node(op: str, inputs: str, outputs: str = "y", domain: str = "", **attributes: object) -> NodeProto:
    """A node of tensors whose names stand in a text; `-` is one that is left out."""
    split = [["" if name == "-" else name for name in text.split()] for text in (inputs, outputs)]
    return helper.make_node(op, *split, domain=domain, **attributes)


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (node("Relu", "x", ""), "it makes nothing"),
        (node("Relu", "x", "-"), "it makes nothing"),
        (node("Relu", ""), "it has 0 inputs, 1 are needed"),
        (node("Relu", "x y"), "it has 2 inputs, 1 are needed"),
        (node("Relu", "x", "y z"), "it has 2 outputs, 1 are needed"),
        (node("Conv", "x"), "it has 1 inputs, 2 to 3 are needed"),
        (node("Conv", "x -"), "its input 1 (W) is missing"),
        (node("Add", "- x"), "its input 0 (A) is missing"),
        (node("Concat", "a b"), "its attribute axis is missing"),
        (node("Concat", "a b", axis=1.5), "its attribute axis is a number and should be a whole number"),
        (node("Concat", "a b", axis="one"), "its attribute axis is a text and should be a whole number"),
        (node("Concat", "a b", axis=[1]), "its attribute axis is whole numbers and should be a whole number"),
        (node("Conv", "x w", strides=2), "its attribute strides is a whole number and should be whole numbers"),
        (node("LeakyRelu", "x", alpha=math.nan), "its attribute alpha is not a number"),
        (node("Upsample", "x", scales=[1.0, math.nan]), "its attribute scales is not a number"),
        (node("Funny", "x", alpha=math.nan), "its attribute alpha is not a number"),  # whoever knows the operator
    ],
)
def test_a_fault_is_said_in_a_sentence(made: NodeProto, fault: str) -> None:
    assert node_fault(made, 17) == fault


@pytest.mark.parametrize(
    "made",
    [
        node("Relu", "x"),
        node("Conv", "x w"),
        node("Conv", "x w -"),  # an input that may be left out
        node("Clip", "x - high"),
        node("Dropout", "x", "y mask"),
        node("LSTM", "x w r", "- h"),
        node("Clip", "x"),
        node("LeakyRelu", "x", alpha=math.inf),
        node("Concat", "a b", axis=-1),
        node("Funny", "x", "y z"),
        node("Funny", "", domain="my.own"),
        node("Relu", "x", domain="ai.onnx"),
    ],
    ids=lambda made: made.op_type,
)
def test_a_node_as_its_schema_has_it_is_without_a_fault(made: NodeProto) -> None:
    assert node_fault(made, 17) == ""


@pytest.mark.parametrize(("opset", "fault"), [(12, ""), (13, "it has 1 inputs, 2 are needed")])
def test_the_schema_is_that_of_the_opset(opset: int, fault: str) -> None:
    """The axes of Unsqueeze became an input."""
    assert node_fault(node("Unsqueeze", "x", axes=[0]), opset) == fault


def test_the_first_fault_is_said_alone() -> None:
    made = node("Concat", "", axis=1.5)
    assert node_fault(made, 17).startswith("it has 0 inputs, 1 to")


def test_each_type_of_an_attribute_that_is_a_value_has_a_word() -> None:
    used = {int(one.type.value) for schema in defs.get_all_schemas() for one in schema.attributes.values()}
    assert used - {AttributeProto.TYPE_PROTO} <= set(SPOKEN)
    assert len(set(SPOKEN.values())) == len(SPOKEN)


def test_a_tensor_in_the_place_of_numbers_is_named() -> None:
    tensor = helper.make_tensor("k", TensorProto.FLOAT, [1], [1.0])
    assert node_fault(node("Conv", "x w", pads=tensor), 17) == (
        "its attribute pads is a tensor and should be whole numbers"
    )


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (AttributeProto.UNDEFINED, "of no type"),
        (AttributeProto.STRING, "a text"),
        (AttributeProto.GRAPH, "a graph"),
        (AttributeProto.FLOATS, "numbers"),
        (AttributeProto.STRINGS, "texts"),
        (AttributeProto.TENSORS, "tensors"),
        (AttributeProto.GRAPHS, "graphs"),
        (AttributeProto.SPARSE_TENSOR, "a sparse tensor"),
        (AttributeProto.TYPE_PROTO, "of an unknown type"),
    ],
)
def test_an_attribute_of_another_type_is_called_by_its_word(kind: int, word: str) -> None:
    made = node("Concat", "a b")
    made.attribute.append(AttributeProto(name="axis", type=kind))
    assert node_fault(made, 17) == f"its attribute axis is {word} and should be a whole number"
