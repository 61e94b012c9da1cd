"""What is left to the host at the end of a network: which nodes, and that the chip gives what they are made of."""

import float_models
import layer_graph_numpy
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from originals import with_tensors

from acortex.programs import quantised
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.host import last_nodes
from acortex.programs.operators.normalise import normalise

CONV = helper.make_node("Conv", ["x", "w"], ["c"], "conv")
WEIGHTS = {"w": np.random.default_rng(0).standard_normal((21, 4, 1, 1)).astype(np.float32)}


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name=op.lower() + "_" + outputs, **attributes)


def model(nodes, constants=(), outputs="y", types=()):
    """A convolution to 21 channels of 6 x 6, then nodes."""
    given = {**WEIGHTS, **dict(constants)}
    kinds = dict(zip(outputs.split(), types, strict=False))
    graph = helper.make_graph(
        [CONV, *nodes],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 6, 6])],
        [helper.make_tensor_value_info(n, kinds.get(n, TensorProto.FLOAT), None) for n in outputs.split()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in given.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def heads():
    """Two scales of a detector, each laid out anchor by anchor, one behind the other."""
    nodes = [node("MaxPool", "c", "d", kernel_shape=[2, 2], strides=[2, 2])]
    for name in "cd":
        nodes.append(node("Reshape", f"{name} split_{name}", f"r{name}"))
        nodes.append(node("Transpose", f"r{name}", f"t{name}", perm=[0, 1, 3, 4, 2]))
        nodes.append(node("Reshape", f"t{name} rows", f"z{name}"))
    nodes.append(node("Concat", "zc zd", "y", axis=1))
    shapes = {"split_c": [1, 3, 7, 6, 6], "split_d": [1, 3, 7, 3, 3], "rows": [1, -1, 7]}
    return nodes, {name: np.array(shape) for name, shape in shapes.items()}


FIVE = {"s": np.array([1, 3, 7, 6, 6])}
TWO = {"s": np.array([10, 11])}
MANY = {"s": np.array([1, 3, 1, 7, 2, 1, 3, 2, 1, 3])}
TAILS = {
    "softmax": ([node("Softmax", "c", "y", axis=1)], {}, ["c"], ["softmax_y"]),
    "log softmax": ([node("LogSoftmax", "c", "y", axis=1)], {}, ["c"], ["logsoftmax_y"]),
    "exp": ([node("Exp", "c", "y")], {}, ["c"], ["exp_y"]),
    "arg max, cast": (
        [node("ArgMax", "c", "a", axis=1), node("Cast", "a", "y", to=1)],
        {},
        ["c"],
        ["argmax_a", "cast_y"],
    ),
    "sigmoid behind the host": (
        [node("Softmax", "c", "p", axis=1), node("Sigmoid", "p", "y")],
        {},
        ["c"],
        ["softmax_p", "sigmoid_y"],
    ),
    "several sources": (
        [
            node("Split", "c s", "a b", axis=1),
            node("Softmax", "a", "p", axis=1),
            node("Sigmoid", "b", "q"),
            node("Concat", "p q", "y", axis=1),
        ],
        TWO,
        ["a", "q"],
        ["softmax_p", "concat_y"],
    ),
    "five axes": (
        [node("Reshape", "c s", "r"), node("Transpose", "r", "y", perm=[0, 1, 3, 4, 2])],
        FIVE,
        ["r"],
        ["transpose_y"],
    ),
    "more axes than a program has": ([node("Reshape", "c s", "y")], MANY, ["c"], ["reshape_y"]),
    "heads": (*heads(), ["rc", "rd"], ["transpose_tc", "reshape_zc", "transpose_td", "reshape_zd", "concat_y"]),
}


@pytest.mark.parametrize("name", TAILS)
def test_the_chip_gives_what_the_hosts_nodes_are_made_of(name):
    nodes, constants, given, hosted = TAILS[name]
    made = model(nodes, constants)
    x = np.random.default_rng(1).standard_normal((3, 1, 4, 6, 6)).astype(np.float32)
    graph = quantised(from_proto(made), {"x": x}, 8)
    assert graph.host_nodes == tuple(hosted)
    found = layer_graph_numpy.run(graph, {"x": x})
    assert list(found) == given
    wanted = float_models.float_outputs(with_tensors(made, given), {"x": x})
    for one in given:
        assert float_models.closeness(wanted[one].reshape(found[one].shape), found[one]) > 30


def test_codes_at_the_end_are_rounded_by_the_host():
    constants = {"s": np.float32(0.5), "z": np.uint8(128)}
    made = model([node("Relu", "c", "r"), node("QuantizeLinear", "r s z", "y")], constants, "y", (TensorProto.UINT8,))
    graph = normalise(from_proto(made))
    assert ([port.name for port in graph.outputs], graph.host_nodes) == (["r"], ["quantizelinear_y"])


def test_two_outputs_of_one_node_are_left_together():
    nodes = [node("Flatten", "c", "f"), node("TopK", "f k", "v i")]
    made = model(nodes, {"k": np.array([5])}, "v i", (TensorProto.FLOAT, TensorProto.INT64))
    graph = normalise(from_proto(made))
    assert ([port.name for port in graph.outputs], graph.host_nodes) == (["f"], ["topk_v i"])


@pytest.mark.parametrize("op", ["LogSoftmax", "Softmax"])
def test_what_the_host_makes_is_no_input_of_the_chip(op):
    with pytest.raises(UnsupportedNodes) as caught:
        normalise(from_proto(model([node(op, "c", "e"), node("Relu", "e", "y")])))
    assert caught.value.nodes == [("relu_y", "Relu", "it needs e, which the host computes after the chip has finished")]


def test_a_layout_that_the_chip_can_write_is_left_to_no_one():
    made = model([node("Transpose", "c", "y", perm=[0, 2, 3, 1])])
    graph = normalise(from_proto(made))
    assert ([port.name for port in graph.outputs], graph.host_nodes) == (["y"], [])


def test_nodes_are_at_the_end_where_nothing_that_the_chip_does_is_behind_them():
    nodes = [node("Softmax", "c", "p"), node("Exp", "c", "e"), node("Relu", "e", "r"), node("Flatten", "r", "y")]
    assert last_nodes(from_proto(model(nodes, (), "p y"))) == {"softmax_p", "flatten_y"}
