"""If, Loop and Scan that are known beforehand, beside the original model in onnxruntime."""

import float_models
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from originals import check, evaluated, inputs_of, model, node, whole

from acortex.errors import UsageError
from acortex.programs.network.importer import from_proto
from acortex.programs.operators import subgraphs
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise

WEIGHTS = {"w": whole(1, 4, 4, most=2), "v": whole(2, 4, 4, most=2)}


def graph(nodes, inputs, outputs, constants=()):
    """A graph inside a node, of tensors whose names stand in texts."""
    ends = [
        [helper.make_tensor_value_info(name, kind, None if kind == TensorProto.FLOAT else []) for name, kind in part]
        for part in (_typed(inputs), _typed(outputs))
    ]
    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in dict(constants).items()]
    return helper.make_graph(nodes, "inside", *ends, held)


def _typed(names):
    """Names and types: `n:` begins a whole number, `t:` a truth value."""
    kinds = {"n": TensorProto.INT64, "t": TensorProto.BOOL}
    return [
        (name.rpartition(":")[2], kinds.get(name.partition(":")[0] if ":" in name else "", TensorProto.FLOAT))
        for name in names.split()
    ]


def product(matrix, source="x", out="a"):
    return graph([node("MatMul", f"{source} {matrix}", out)], "", out)


# If ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", [True, False])
def test_a_known_condition_takes_its_branch(chosen):
    branches = {"then_branch": product("w"), "else_branch": product("v")}
    made = model(
        [node("If", "k", "b", **branches), node("Relu", "b", "y")], {"x": [1, 4]}, {**WEIGHTS, "k": np.array(chosen)}
    )
    check(made)
    assert len(normalise(from_proto(made)).steps) == 1


def test_a_condition_on_a_shape_is_known():
    nodes = [
        node("Shape", "x", "s"), node("Gather", "s one", "n"), node("Equal", "n one", "k"),
        node("If", "k", "y", then_branch=graph([node("Relu", "x", "a")], "", "a"), else_branch=product("w")),
    ]  # fmt: skip
    check(model(nodes, {"x": [1, 4]}, {**WEIGHTS, "one": np.array(1)}))


def test_a_branch_may_give_a_constant_or_what_it_takes():
    nodes = [
        node(
            "If", "k", "b c",
            then_branch=graph([node("Identity", "x", "a")], "", "a h", {"h": whole(3, 4, 2)}),
            else_branch=graph([node("Relu", "x", "d"), node("Identity", "w", "e")], "", "d e"),
        ),
        node("MatMul", "b c", "y"),
    ]  # fmt: skip
    check(model(nodes, {"x": [1, 4]}, {**WEIGHTS, "k": np.array(True)}))


def test_branches_within_branches():
    inner = node("If", "no", "a", then_branch=product("w", out="i"), else_branch=product("v", out="j"))
    nodes = [node("If", "yes", "y", then_branch=graph([inner], "", "a"), else_branch=product("w", out="z"))]
    check(model(nodes, {"x": [1, 4]}, {**WEIGHTS, "yes": np.array(True), "no": np.array(False)}))


def test_what_only_the_other_branch_needs_is_gone():
    nodes = [
        node("Hardmax", "x", "h"),
        node("If", "k", "y", then_branch=product("w"), else_branch=product("v", "h", "z")),
    ]
    check(model(nodes, {"x": [1, 4]}, {**WEIGHTS, "k": np.array(True)}))


def refusal(made):
    with pytest.raises(UnsupportedNodes) as caught:
        normalise(from_proto(made))
    return caught.value.nodes


def test_a_computed_condition_is_refused_once():
    nodes = [
        node("ReduceSum", "x", "s", keepdims=0), node("Greater", "s zero", "k"),
        node("If", "k", "y", then_branch=product("w"), else_branch=product("v", out="b")),
    ]  # fmt: skip
    made = model(nodes, {"x": [1, 4]}, {**WEIGHTS, "zero": np.float32(0)})
    assert ("if_y", "If") in [(name, op) for name, op, _ in refusal(made)]
    assert any("its condition is computed" in why for _, _, why in refusal(made))


# Loop ----------------------------------------------------------------------------------------------------------------


def loop(most, condition="", scans=False, ends="t:on"):
    """x times w and a Relu, again and again; scan outputs have each turn's."""
    nodes = [
        node("MatMul", "s w", "m"),
        node("Relu", "m", "r"),
        node("Identity", "c", "on"),
        node("Identity", "r", "q"),
    ]
    body = graph(nodes, "n:i t:c s", f"{ends} r" + (" q" if scans else ""))
    return node("Loop", f"{most} {condition or '-'} x", "y" + (" z" if scans else ""), body=body)


def looped(one, more=(), outputs="y", **constants):
    return model([one, *more], {"x": [1, 4]}, {"w": whole(1, 4, 4, most=1), **constants}, outputs)


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
def test_a_loop_of_known_turns_is_laid_out(turns):
    made = looped(loop("n"), [], n=np.array(turns))
    if turns:
        check(made)
    else:
        assert not normalise(from_proto(looped(loop("n"), [node("MatMul", "y w", "z")], "z", n=np.array(0)))).warnings
    if turns:
        assert len(normalise(from_proto(made)).steps) == turns


def test_each_turn_can_be_seen():
    """At the end the host lays the turns one after the other."""
    made = looped(loop("n", scans=True), n=np.array(3), outputs="y z")
    given = inputs_of(made)
    exact, found = float_models.float_outputs(made, given), evaluated(made, given)
    assert np.array_equal(exact["y"], found["y"])
    assert normalise(from_proto(made)).host_nodes == ["loop_y/z"]
    assert np.array_equal(np.concatenate([found[f"loop_y/z.{n}"] for n in range(3)], axis=1), exact["z"])


def test_a_loop_ends_where_its_condition_is_known_to():
    nodes = [
        node("MatMul", "s w", "r"), node("Less", "i two", "on"), node("Identity", "c", "unused"),
    ]  # fmt: skip
    body = graph(nodes, "n:i t:c s", "t:on r", {"two": np.array(2)})
    for most in ("n", "-"):
        made = looped(node("Loop", f"{most} yes x", "y", body=body), n=np.array(9), yes=np.array(True))
        check(made)
        assert len(normalise(from_proto(made)).steps) == 3


def test_the_count_of_a_turn_is_a_constant():
    nodes = [
        node("Gather", "w i", "row", axis=0), node("Add", "s row", "r"), node("Identity", "c", "on"),
    ]  # fmt: skip
    body = graph(nodes, "n:i t:c s", "t:on r")
    check(looped(node("Loop", "n - x", "y", body=body), n=np.array(3)))


def test_loops_within_loops():
    inner = loop("n")
    inner.output[0] = "t"
    inner.input[2] = "s"
    body = graph([inner, node("Identity", "c", "on")], "n:j t:c s", "t:on t")
    inner.attribute[0].g.CopyFrom(
        graph([node("MatMul", "p w", "m"), node("Identity", "e", "off")], "n:k t:e p", "t:off m")
    )
    check(looped(node("Loop", "n - x", "y", body=body), n=np.array(2)))


def test_loops_that_nothing_ends_are_refused():
    computed = looped(loop("n"), n=np.array(3))
    del computed.graph.initializer[1]
    computed.graph.input.append(helper.make_tensor_value_info("n", TensorProto.INT64, []))
    assert any(op == "Loop" and "when it ends is computed" in why for _, op, why in refusal(computed))
    endless = looped(loop("-", "yes"), yes=np.array(True))
    assert any("when it ends is computed" in why for _, _, why in refusal(endless))


def test_a_loop_of_too_many_turns_is_told_with_its_name(monkeypatch):
    monkeypatch.setattr(subgraphs, "MOST_NODES", 100)
    with pytest.raises(UsageError, match=r"its loops come to more than 100 nodes, at loop_y \(Loop\)"):
        normalise(from_proto(looped(loop("n"), n=np.array(1 << 40))))


# Scan ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back", [0, 1])
def test_a_scan_goes_along_an_axis(back):
    body = graph([node("MatMul", "h w", "m"), node("Add", "m p", "k")], "h p", "k")
    made = model(
        [node("Scan", "h0 x", "y", body=body, num_scan_inputs=1, scan_input_directions=[back])],
        {"x": [3, 1, 4]},
        {"w": whole(1, 4, 4, most=1), "h0": np.zeros((1, 4), np.float32)},
    )
    check(made)


def test_an_inner_name_may_be_one_of_the_outer_graph():
    body = graph([node("MatMul", "s w", "m"), node("Identity", "c", "on")], "n:i t:c s", "t:on m")
    nodes = [node("Loop", "n - x", "a", body=body), node("Relu", "a", "m2"), node("MatMul", "m2 v", "y")]
    check(model(nodes, {"x": [1, 4]}, {**WEIGHTS, "n": np.array(2)}))


def test_malformed_bodies_are_refused():
    one = loop("n")
    del one.attribute[0].g.output[1:]
    assert any(op == "Loop" for _, op, _ in refusal(looped(one, n=np.array(2))))
    bare = helper.make_node("Scan", ["x"], ["y"], name="s", body=onnx.GraphProto(name="b"), num_scan_inputs=1)
    assert any(op == "Scan" for _, op, _ in refusal(model([bare], {"x": [3, 1, 4]})))
