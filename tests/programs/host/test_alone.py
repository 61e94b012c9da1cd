"""Shapes behind operators for which ONNX has no rule: what one run of a node says of them, and when it says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from host_networks import Grower, assert_exact, divided
from onnx import ModelProto, TensorProto, helper

from acortex.programs.host.alone import MOST_NUMBERS, Kind, has_rule, made_alone
from acortex.programs.host.facts import inferred
from acortex.programs.host.partition import NothingLeft
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import UnsupportedNodes

MICROSOFT = "com.microsoft"
VECTOR = Kind("float32", (1, 4, 8))


@pytest.mark.parametrize(
    ("op", "opset", "rule"),
    [
        ("LayerNormalization", 17, True),
        ("GroupNormalization", 21, False),
        ("SkipLayerNormalization", 17, False),
        ("SimplifiedLayerNormalization", 17, False),
        ("com.microsoft.Attention", 17, False),
        ("NonZero", 17, True),
        ("Attention", 17, True),  # an operator that this opset has not yet is none to run
        ("my.own.Funny", 17, True),
    ],
)
def test_operators_have_a_rule_or_not(op: str, opset: int, rule: bool) -> None:
    assert has_rule(op, opset) is rule


def alone(
    op: str, constants: dict[str, Any] | None = None, known: dict[str, Kind] | None = None, **more: Any
) -> object:
    """What is found of a node whose inputs are those that are known, and then the constants."""
    held = {name: Constant.of(value) for name, value in (constants or {}).items()}
    taken = known or {"x": VECTOR}
    node = Node(op, "n", (*taken, *held), ("y",), more)
    return made_alone(node, {**taken, **{name: Kind("float32", one.shape) for name, one in held.items()}}, held, 17)


def test_a_run_says_type_and_shape() -> None:
    ones = {"s": np.ones(8, np.float32)}
    two = {"x": VECTOR, "skip": VECTOR}
    assert alone("SkipLayerNormalization", ones, two) == {"y": VECTOR}
    assert alone("MultiHeadAttention", None, dict.fromkeys("qkv", VECTOR), num_heads=2) == {"y": VECTOR}


def test_an_output_of_which_numbers_decide_the_shape_is_not_known() -> None:
    """As many indices as there are numbers other than 0: none of zeros."""
    assert alone("NonZero") == {}


@pytest.mark.parametrize(
    ("op", "known"),
    [
        ("SkipLayerNormalization", {"x": VECTOR}),  # it needs three inputs
        ("SkipLayerNormalization", {"x": VECTOR, "skip": Kind("float32", None), "s": Kind("float32", (8,))}),
        ("SkipLayerNormalization", {"x": VECTOR, "skip": VECTOR, "s": Kind("float32", (9,))}),
        ("my.own.Funny", {"x": VECTOR}),
        ("Gelu", {"x": Kind("float32", (MOST_NUMBERS, 8))}),
    ],
)
def test_nothing_is_found_of_a_node_that_fails_or_is_too_large(op: str, known: dict[str, Kind]) -> None:
    assert alone(op, None, known) == {}


def test_constants_that_may_say_a_shape_are_there_and_large_ones_are_not_read() -> None:
    def load() -> np.ndarray:
        raise AssertionError("loaded")

    node = Node("Attention", "n", ("x", "w", "b"), ("y",), {"num_heads": 2})
    constants = {"w": Constant((64, 192), load), "b": Constant.of(np.zeros(192, np.float32))}
    known = {"x": Kind("float32", (1, 4, 64)), "w": Kind("float32", (64, 192)), "b": Kind("float32", (192,))}
    own = Node(
        "com.microsoft.Attention", *[getattr(node, part) for part in ("name", "inputs", "outputs", "attributes")]
    )
    assert made_alone(own, known, constants, 17) == {"y": Kind("float32", (1, 4, 64))}


# In networks ----------------------------------------------------------------------------------------------------------


def between(op: str, *constants: Any, inputs: int = 1, opset: int = 17, **attributes: Any) -> ModelProto:
    """Two products over four places of 8 numbers, and a node between them that takes the first one, so often."""
    net = Grower()
    a = net.add("MatMul", net.give("x", (1, 4, 8)), net.weights(8, 8))
    b = net.add(op, *[a] * inputs, *map(net.constant, constants), **attributes)
    made = net.model(net.add("MatMul", b, net.weights(8, 8)), opset=opset)
    made.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    return made


SCALE = np.ones(8, np.float32)
PLACES = np.array([[0, 1, 2, 3]])
WAVES = np.linspace(0, 1, 16, dtype=np.float32).reshape(8, 2)

NETWORKS = {
    "a sum and a normalisation": between("SkipLayerNormalization", SCALE, inputs=2, domain=MICROSOFT),
    "without a mean": between("SkipSimplifiedLayerNormalization", SCALE, inputs=2, domain=MICROSOFT),
    "in ONNX's own domain": between("SimplifiedLayerNormalization", SCALE),
    "groups": between("GroupNormalization", SCALE[:2], SCALE[:2], opset=18, num_groups=2),
    "groups, a scale for each channel": between("GroupNormalization", SCALE[:4], SCALE[:4], opset=21, num_groups=2),
    "attention": between(
        "Attention", np.ones((8, 24), np.float32) / 8, np.zeros(24, np.float32), domain=MICROSOFT, num_heads=2
    ),
    "attention of three": between("MultiHeadAttention", inputs=3, domain=MICROSOFT, num_heads=2),
    "turned places": between("RotaryEmbedding", PLACES, WAVES, WAVES, domain=MICROSOFT, num_heads=2),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_lies_behind_such_an_operator_is_known_and_stays_on_the_chip(name: str) -> None:
    compiled, given = divided(NETWORKS[name])
    (part,) = compiled.plan.graph.parts
    assert len(part.nodes) == 1 and len(compiled.plan.graph.chip_nodes) == 2
    assert_exact(compiled, given)


def test_rules_of_onnx_go_on_behind_an_operator_without_one() -> None:
    net = Grower()
    a = net.add("SkipLayerNormalization", *[net.give("x", (1, 4, 8))] * 2, net.constant(SCALE), domain=MICROSOFT)
    flat = net.add("Flatten", a)
    largest = net.add("ArgMax", flat, axis=1)
    kinds = inferred(from_proto(net.model(largest, kind=TensorProto.UNDEFINED)))
    assert kinds[flat] == Kind("float32", (1, 32)) and kinds[largest] == Kind("int64", (1, 1))


def test_a_network_whose_outputs_stay_open_is_refused_in_words() -> None:
    net = Grower()
    a = net.add("MatMul", net.give("x", (1, 8)), net.weights(8, 8))
    with pytest.raises(NothingLeft, match="no output of the network has a fixed shape"):
        divided(net.model(net.add("NonZero", a)))


def test_a_network_whose_outputs_depend_on_no_input_is_refused_by_its_name() -> None:
    net = Grower()
    net.give("x", (1, 8))
    constant = net.weights(1, 8)
    with pytest.raises(UnsupportedNodes, match=r"\n  \w+ \(output\): it does not depend on an input"):
        divided(net.model(net.add("Neg", constant)))
