"""All that a network cannot have is told at once, also behind a refused node; and nothing is told that is not so."""

from __future__ import annotations

import time
from itertools import combinations

import exported_sequences  # noqa: F401  # its networks, and those before them
import numpy as np
import onnx
import pytest
from exported_sheet import BUILDERS
from exported_sheet import model as exported_model
from onnx import TensorProto, helper, numpy_helper

from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise
from acortex.programs.operators.stand_ins import inferred

SLOPES = np.linspace(0, 2, 8, dtype=np.float32).reshape(8, 1, 1)
CONSTANTS = {
    "w0": np.ones((8, 4, 3, 3), np.float32), "s": SLOPES, "v": np.ones(8, np.float32),
    "high": np.float32(6), "zero": np.float32(0), "one": np.full((8, 1, 1), 0.5, np.float32),
}  # fmt: skip
"""Weights, slopes and bounds of the networks below."""

STAGES = {
    "pool": (("MaxPool", {"kernel_shape": [2, 2]}, ()), ("MaxPool", {"kernel_shape": [2, 2]}, ())),
    "slopes": (("PRelu", {}, ("one",)), ("PRelu", {}, ("s",))),
    "leak": (("LeakyRelu", {"alpha": 0.5}, ()), ("LpNormalization", {}, ())),
    "clip": (("Clip", {}, ("zero", "high")), ("Clip", {}, ("v", "high"))),
    "hard": (("Relu", {}, ()), ("Hardmax", {}, ())),
    "norm": (
        ("BatchNormalization", {}, ("v", "v", "v", "v")),
        ("BatchNormalization", {"training_mode": 1}, ("v", "v", "v", "v")),
    ),
}
"""Stages of a network by name: as the chip can do them, and as it cannot."""


def network(wrong: tuple[str, ...]) -> onnx.ModelProto:
    """A convolution, and then all stages, some of them wrong."""
    nodes, last = [helper.make_node("Conv", ["x", "w0"], ["t"], name="first", pads=[1] * 4)], "t"
    for name, forms in STAGES.items():
        op, attributes, more = forms[name in wrong]
        made = [f"{name}.out", f"{name}.places"] if name == "pool" and name in wrong else [f"{name}.out"]
        nodes.append(helper.make_node(op, [last, *more], made, name=name, **attributes))
        last = made[0]
    return model(nodes, last, CONSTANTS)


def model(nodes: list[onnx.NodeProto], out: str, constants: dict[str, np.ndarray]) -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 12, 12])
    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "net", [x], [helper.make_empty_tensor_value_info(out)], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def refused(proto: onnx.ModelProto) -> list[tuple[str, str, str]]:
    """The nodes that a network cannot have."""
    with pytest.raises(UnsupportedNodes) as caught:
        normalise(from_proto(proto))
    return caught.value.nodes


ALONE = {name: refused(network((name,))) for name in STAGES}


def test_a_network_without_a_mistake_is_done() -> None:
    assert normalise(from_proto(network(()))).steps
    assert all([name for name, _, _ in found] == [stage] for stage, found in ALONE.items())


@pytest.mark.parametrize("count", range(2, len(STAGES) + 1))
def test_many_mistakes_are_those_of_each_alone(count: int) -> None:
    """Each subset of wrong stages is refused for just what each of them is refused for where the others are right."""
    for wrong in combinations(STAGES, count):
        assert refused(network(wrong)) == [one for name in STAGES if name in wrong for one in ALONE[name]], wrong


def test_nothing_is_told_of_places_in_memory_behind_a_stand_in() -> None:
    """Where the numbers of a refused node would lie is not known."""
    shape, order = np.array([1, 16, 6, 6]), {"perm": [0, 2, 3, 1]}
    nodes = [
        helper.make_node("Hardmax", ["x"], ["a"], name="hard"),
        helper.make_node("Transpose", ["a"], ["b"], name="turn", **order),
        helper.make_node("Reshape", ["b", "shape"], ["c"], name="fold"),
        helper.make_node("MaxPool", ["c"], ["y"], name="pool", kernel_shape=[2, 2]),
    ]
    right = [helper.make_node("Relu", ["x"], ["a"], name="hard"), *nodes[1:]]
    assert [name for name, _, _ in refused(model(right, "y", {"shape": shape}))] == ["pool"]
    assert [name for name, _, _ in refused(model(nodes, "y", {"shape": shape}))] == ["hard"]


def test_behind_a_shape_that_is_not_known_only_operators_are_judged() -> None:
    nodes = [
        helper.make_node("Own", ["x"], ["a"], name="own", domain="mine"),
        helper.make_node("LeakyRelu", ["a"], ["b"], name="leak", alpha=2.0),
        helper.make_node("Hardmax", ["b"], ["y"], name="hard"),
    ]
    assert [name for name, _, _ in refused(model(nodes, "y", {}))] == ["own", "hard"]


def test_shapes_are_inferred_of_real_tensors_alone() -> None:
    shapes = inferred(from_proto(network(("pool",))))
    assert shapes["pool.out"] == (1, 8, 11, 11)
    assert "pool.places" not in shapes


def test_nodes_of_one_kind_and_reason_stand_in_one_line() -> None:
    nodes = [helper.make_node("Hardmax", [f"t{n}" if n else "x"], [f"t{n + 1}"], name=f"e{n}") for n in range(6)]
    with pytest.raises(UnsupportedNodes) as caught:
        normalise(from_proto(model(nodes, "t6", {})))
    assert str(caught.value).splitlines()[1:] == ["  e0, e1, e2 and 3 more (Hardmax): the chip has no such operator"]
    assert len(caught.value.nodes) == 6
    few = UnsupportedNodes([("a", "Hardmax", "no"), ("b", "Elu", "no"), ("c", "Hardmax", "no")])
    assert few.message == "the network has 3 nodes that the chip cannot do:\n  a and c (Hardmax): no\n  b (Elu): no"


def test_thousands_of_refused_nodes_are_answered_soon() -> None:
    nodes = [helper.make_node("Hardmax", [f"t{n}" if n else "x"], [f"t{n + 1}"], name=f"e{n}") for n in range(4000)]
    begin = time.process_time()
    assert len(refused(model(nodes, "t4000", {}))) == 4000
    assert time.process_time() - begin < 4


REPLACED = ("Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSwish", "HardSigmoid", "Clip")
"""Operators that a Hardmax can stand in the place of: as many numbers, of the same shape."""


def without_functions(proto: onnx.ModelProto, places: list[int]) -> list[str]:
    """The names of the refused nodes of a network where some functions became an operator that the chip has not."""
    changed = onnx.ModelProto()
    changed.CopyFrom(proto)
    for place in places:
        node = changed.graph.node[place]
        node.CopyFrom(helper.make_node("Hardmax", node.input[:1], node.output[:1], name=f"hard{place}"))
    return [name for name, _, _ in refused(changed)]


@pytest.mark.parametrize("name", BUILDERS)
def test_in_exported_networks_all_refused_functions_are_found_and_nothing_else(name: str) -> None:
    """Each function of a network that the chip can do is replaced alone, then all of them together."""
    proto = exported_model(name)
    places = [place for place, node in enumerate(proto.graph.node) if node.op_type in REPLACED]
    assert [without_functions(proto, [place]) for place in places] == [[f"hard{place}"] for place in places]
    if places:
        assert without_functions(proto, places) == [f"hard{place}" for place in places]
