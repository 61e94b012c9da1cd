"""From ONNX's operators to steps: what is fused, folded or renamed away, and that the numbers stay the same."""

import float_models
import layer_graph_numpy
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from acortex.programs import Network, quantised
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise

RNG = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def seeded():
    """The same numbers whichever tests ran before."""
    RNG.bit_generator.state = np.random.default_rng(6).bit_generator.state


def normal(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def model(nodes, shapes, outputs, opset=13, **constants):
    """An ONNX model: nodes as (operator, inputs, outputs, attributes), inputs by name and shape."""
    made = [helper.make_node(op, i.split(), o.split(), name=o.split()[0], **a) for op, i, o, a in nodes]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs.split()]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(made, "net", inputs, ends, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def steps(one):
    return [
        f"{type(s).__name__.removesuffix('Step')} {s.activation.function}" for s in normalise(from_proto(one)).steps
    ]


def decibels(one, inferences=5):
    read = from_proto(one)
    given = {value.name: normal(inferences, *value.shape) for value in read.inputs}
    exact = float_models.float_outputs(one, given)
    found = layer_graph_numpy.run(quantised(read, given, 8), given)
    return min(float_models.closeness(exact[name].reshape(made.shape), made) for name, made in found.items())


IMAGE = {"x": [1, 4, 6, 6]}
CONV = ("Conv", "x w", "c", {"pads": [1, 1, 1, 1]})
KERNEL = {"w": normal(5, 4, 3, 3)}

FUSED = {
    "a relu": ([CONV, ("Relu", "c", "y", {})], "relu", {}),
    "a relu behind a pool": (
        [CONV, ("MaxPool", "c", "p", {"kernel_shape": [2, 2]}), ("Relu", "p", "y", {})],
        "relu",
        {},
    ),
    "a bias of each channel": ([CONV, ("Add", "c b", "y", {})], "none", {"b": normal(5, 1, 1)}),
    "a scale before a relu": ([CONV, ("Mul", "c s", "m", {}), ("Relu", "m", "y", {})], "relu", {"s": normal(5, 1, 1)}),
    "a positive scale behind a relu": (
        [CONV, ("Relu", "c", "r", {}), ("Div", "r s", "y", {})],
        "relu",
        {"s": np.float32(3)},
    ),
    "what a constant is less a product": ([CONV, ("Sub", "b c", "y", {})], "none", {"b": np.float32(0.5)}),
    "a sign": ([CONV, ("Neg", "c", "y", {})], "none", {}),
    "a hard sigmoid of another slope": (
        [CONV, ("HardSigmoid", "c", "y", {"alpha": 0.2, "beta": 0.4})],
        "hardsigmoid",
        {},
    ),
    "relu6 as two nodes": (
        [CONV, ("Relu", "c", "r", {}), ("Min", "r six", "y", {})],
        "relu",
        {"six": np.float32(6)},
    ),
    "a leaky relu of one slope": (
        [CONV, ("PRelu", "c s", "y", {})],
        "leaky",
        {"s": np.full((5, 1, 1), 0.3, np.float32)},
    ),
    "a hard swish spelled out": (
        [
            CONV,
            ("Add", "c three", "a", {}),
            ("Clip", "a zero six", "k", {}),
            ("Mul", "c k", "m", {}),
            ("Div", "m six", "y", {}),
        ],
        "hardswish",
        {"zero": np.float32(0), "three": np.float32(3), "six": np.float32(6)},
    ),
    "a hard swish by a hard sigmoid spelled out": (
        [
            CONV,
            ("Add", "three c", "a", {}),
            ("Clip", "a zero six", "k", {}),
            ("Div", "k six", "h", {}),
            ("Mul", "h c", "y", {}),
        ],
        "hardswish",
        {"zero": np.float32(0), "three": np.float32(3), "six": np.float32(6)},
    ),
}


@pytest.mark.parametrize("name", FUSED)
def test_a_product_takes_over(name):
    nodes, function, constants = FUSED[name]
    one = model(nodes, IMAGE, "y", **KERNEL, **constants)
    assert [step for step in steps(one) if "Pool" not in step] == [f"Product {function}"]
    assert decibels(one) > 28


def test_a_clip_of_old_has_its_bounds_as_attributes():
    one = model([CONV, ("Clip", "c", "y", {"min": -1.0, "max": 2.0})], IMAGE, "y", opset=9, **KERNEL)
    (step,) = normalise(from_proto(one)).steps
    assert (step.activation.low, step.activation.high) == (-1, 2)


def test_a_negative_scale_behind_a_relu_is_a_step_of_its_own():
    nodes = [CONV, ("Relu", "c", "r", {}), ("Mul", "r s", "y", {})]
    assert steps(model(nodes, IMAGE, "y", **KERNEL, s=np.float32(-2))) == ["Product relu", "Product none"]


def test_a_negative_scale_behind_a_pool_is_a_step_of_its_own():
    nodes = [CONV, ("MaxPool", "c", "p", {"kernel_shape": [2, 2]}), ("Neg", "p", "y", {})]
    assert steps(model(nodes, IMAGE, "y", **KERNEL)) == ["Product none", "Pool none", "Product none"]


def test_a_function_of_what_others_read_too_is_a_step_of_its_own():
    nodes = [CONV, ("Relu", "c", "r", {}), ("Add", "c r", "y", {})]
    assert steps(model(nodes, IMAGE, "y", **KERNEL)) == ["Product none", "Copy relu", "Add none"]


def test_a_pad_becomes_the_padding_of_a_convolution():
    nodes = [("Pad", "x p", "q", {}), ("Conv", "q w", "y", {"pads": [0, 1, 0, 0]})]
    one = model(nodes, IMAGE, "y", p=np.array([0, 0, 1, 2, 0, 0, 0, 1]), **KERNEL)
    (step,) = normalise(from_proto(one)).steps
    assert (step.geometry.top, step.geometry.left, step.geometry.rows, step.geometry.columns) == (1, 3, 5, 8)
    assert decibels(one) > 28


def test_a_pad_with_another_number_is_a_product_with_one_weight():
    nodes = [("Pad", "x p v", "q", {}), ("Conv", "q w", "y", {})]
    one = model(nodes, IMAGE, "y", p=np.array([0, 0, 1, 1, 0, 0, 1, 1]), v=np.float32(1), **KERNEL)
    assert steps(one) == ["Pad none", "Product none"]
    assert decibels(one) > 28


def test_an_image_with_channels_last_is_read_as_it_lies():
    nodes = [
        ("Transpose", "x", "t", {"perm": [0, 3, 1, 2]}),
        ("Conv", "t w", "c", {}),
        ("Transpose", "c", "y", {"perm": [0, 2, 3, 1]}),
    ]
    one = model(nodes, {"x": [1, 6, 6, 4]}, "y", **KERNEL)
    graph = normalise(from_proto(one))
    assert len(graph.steps) == 1
    assert (graph.inputs[0].canonical, graph.inputs[0].axes) == ((6, 6, 4), (0, 1, 2))
    assert decibels(one) > 28


def test_a_vector_that_becomes_an_image_is_read_as_the_image():
    nodes = [("Reshape", "x s", "t", {}), ("Conv", "t w", "y", {})]
    one = model(nodes, {"x": [1, 144]}, "y", s=np.array([1, 4, 6, 6]), **KERNEL)
    port = quantised(from_proto(one)).inputs[0]
    assert (port.shapes, port.axes, port.shape) == (((4, 6, 6), (144,)), (1, 2, 0), (1, 144))


NUMBERS = {
    "gemm with factors": (
        [("Gemm", "x w b", "y", {"alpha": 0.5, "beta": 2.0, "transB": 1})],
        {"x": [1, 9]},
        {"w": normal(7, 9), "b": normal(7)},
    ),
    "matmul and add": (
        [("MatMul", "x w", "m", {}), ("Add", "m b", "y", {})],
        {"x": [1, 9]},
        {"w": normal(9, 7), "b": normal(7)},
    ),
    "a mean over space": (
        [CONV, ("Relu", "c", "r", {}), ("ReduceMean", "r", "y", {"axes": [2, 3], "keepdims": 0})],
        IMAGE,
        KERNEL,
    ),
    "a mean over columns": ([("ReduceMean", "x", "y", {"axes": [-1]})], IMAGE, {}),
    "a difference of two": ([CONV, ("Sub", "c x", "y", {})], IMAGE, {"w": normal(4, 4, 3, 3)}),
    "a sum of three": ([CONV, ("Sum", "c x c", "y", {})], IMAGE, {"w": normal(4, 4, 3, 3)}),
    "padding to the same size": (
        [("Conv", "x w", "y", {"auto_pad": "SAME_LOWER", "strides": [2, 2]})],
        {"x": [1, 4, 7, 7]},
        KERNEL,
    ),
    "padding to the same size, other end": (
        [("MaxPool", "x", "y", {"auto_pad": "SAME_UPPER", "strides": [2, 2], "kernel_shape": [3, 2]})],
        {"x": [1, 4, 7, 7]},
        {},
    ),
    "a split whose parts go apart": (
        [CONV, ("Split", "c", "a b", {"axis": 1}), ("Relu", "a", "r", {}), ("Concat", "b r", "y", {"axis": 1})],
        IMAGE,
        {"w": normal(6, 4, 3, 3)},
    ),
    "two outputs": (
        [CONV, ("Relu", "c", "y", {}), ("Conv", "y v", "z", {})],
        IMAGE,
        {**KERNEL, "v": normal(2, 5, 1, 1)},
    ),
    "space to depth": ([("SpaceToDepth", "x", "d", {"blocksize": 1}), ("Conv", "d w", "y", {})], IMAGE, KERNEL),
    "two inputs": ([("Add", "x z", "y", {})], {**IMAGE, "z": [1, 4, 6, 6]}, {}),
    "flattened rows of a cut image": (
        [("Slice", "x a b c", "s", {}), ("Flatten", "s", "f", {}), ("Gemm", "f w", "y", {})],
        IMAGE,
        {"a": np.array([1, 2]), "b": np.array([3, 5]), "c": np.array([1, 2]), "w": normal(36, 5)},
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_numbers_stay_the_same(name):
    nodes, shapes, constants = NUMBERS[name]
    ends = "y z" if name == "two outputs" else "y"
    assert decibels(model(nodes, shapes, ends, **constants)) > 26


def recurrent(op, direction, inputs="x w r b '' h", outputs="y yh", gates=3, **attributes):
    """One recurrent layer over 5 steps of 6 features, 4 cells."""
    both = 2 if direction == "bidirectional" else 1
    constants = {
        "w": normal(both, gates * 4, 6) / 2, "r": normal(both, gates * 4, 4) / 2, "b": normal(both, gates * 8) / 2,
        "h": normal(both, 1, 4) / 4, "k": normal(both, 1, 4),
    }  # fmt: skip
    node = (op, inputs, outputs, {"hidden_size": 4, "direction": direction, **attributes})
    used = {name: value for name, value in constants.items() if name in inputs.split()}
    one = model([node], {"x": [5, 1, 6]}, outputs, **used)
    for place, name in enumerate(one.graph.node[0].input):
        if name == "''":
            one.graph.node[0].input[place] = ""
    return one


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_an_lstm_gives_every_step_the_last_and_the_state(direction):
    assert decibels(recurrent("LSTM", direction, "x w r b '' h k", "y yh yc", 4)) > 22


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("linear", [0, 1])
def test_a_gru_gives_every_step_and_the_last(direction, linear):
    assert decibels(recurrent("GRU", direction, linear_before_reset=linear)) > 22


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"clip": 3.0}, "it has clip"),
        ({"activations": ["Sigmoid", "Relu"]}, "its activations are Sigmoid, Relu; the chip does Sigmoid, Tanh"),
        ({"direction": "sideways"}, "its direction is sideways"),
    ],
)
def test_what_recurrent_layers_cannot_do_is_refused_by_name(attributes, said):
    one = recurrent("GRU", attributes.pop("direction", "forward"), **attributes)
    with pytest.raises(UnsupportedNodes) as caught:
        normalise(from_proto(one))
    assert str(caught.value) == f"the network has a node that the chip cannot do:\n  y (GRU): {said}"


def test_peepholes_are_refused():
    one = recurrent("LSTM", "forward", "x w r b '' h k p", gates=4)
    one.graph.initializer.append(numpy_helper.from_array(normal(1, 12), "p"))
    with pytest.raises(UnsupportedNodes, match="it has peepholes"):
        normalise(from_proto(one))


def test_a_dense_block_lies_in_one_map():
    x = Network(input=(4, 5, 5)).conv(6, 1)
    for _ in range(3):
        x = x.concat(x.relu().conv(5, 3, pad=1))
    graph = normalise(x.model)
    assert not [step for step in graph.steps if "copy" in step.name]
    assert {graph.root(f"conv_{n}")[0] for n in range(1, 5)} == {"concat_3"}


def test_steps_that_nobody_reads_are_left_out():
    x = Network(input=(4, 5, 5))
    unread, kept = x.conv(3, 1), x.conv(2, 1)
    assert [step.name for step in normalise(kept.outputs(kept).model).steps] == [kept.value.removesuffix(".out")]
    assert unread.value not in kept.model.outputs


@pytest.mark.parametrize(
    ("unread", "said"),
    [
        ("a", "nothing reads the input a: it costs nothing"),
        ("a b c d e", "nothing reads the 5 inputs a, b, c, d, e: they cost nothing"),
        ("a b c d e f", "nothing reads the 6 inputs a, b, c, d, e, …: they cost nothing"),
    ],
)
def test_inputs_that_nothing_reads_are_told_by_five_of_their_names(unread, said):
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", *unread.split())]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "net", inputs, [output])
    assert said in normalise(from_proto(helper.make_model(graph))).warnings


def normalised(pad, **constants):
    """An input less its mean, divided by its deviation, into a convolution of two groups."""
    nodes = [("Sub", "x m", "s", {}), ("Div", "s d", "n", {}), ("Conv", "n w", "y", {"pads": [pad] * 4, "group": 2})]
    given = {"m": normal(4, 1, 1), "d": np.abs(normal(4, 1, 1)) + 0.5, "w": normal(6, 2, 3, 3)}
    return model(nodes, IMAGE, "y", **{**given, **constants})


def test_a_normalised_input_is_folded_into_the_convolution_that_reads_it():
    one = normalised(pad=0)
    assert steps(one) == ["Product none"]
    assert decibels(one) > 28


def test_a_shift_that_padding_would_see_is_a_step_of_its_own():
    one = normalised(pad=1)
    assert steps(one) == ["Product none", "Product none"]
    assert decibels(one) > 28


def test_a_scale_alone_is_folded_past_padding():
    one = normalised(pad=1, m=np.zeros((4, 1, 1), np.float32))
    assert steps(one) == ["Product none"]
    assert decibels(one) > 28


def test_what_a_step_reads_is_copied_where_it_would_share_words_with_what_it_writes():
    x = Network(input=(3, 5, 5)).conv(4, 1, name="a")
    graph = normalise(x.concat(x.conv(5, 3, pad=1, name="b")).model)
    assert {name: graph.root(name) for name in ("a", "b")} == {"a": ("a", 0), "b": ("concat_1", 4)}


def test_what_a_step_reads_in_other_words_of_the_map_it_writes_is_not_copied():
    x = Network(input=(3, 5, 5)).conv(64, 1, name="a")
    graph = normalise(x.concat(x.conv(5, 3, pad=1, name="b")).model)
    assert {name: graph.root(name) for name in ("a", "b")} == {"a": ("concat_1", 0), "b": ("concat_1", 64)}


def test_a_map_that_takes_more_words_than_are_allowed_is_refused_with_what_says_how_many_it_takes():
    one = model([("Relu", "x", "y", {})], {"x": (1, 65, 4, 4)}, "y")
    assert normalise(from_proto(one), most_words=32).steps
    hint = "takes 32 words of main memory, more than 31; --smallest-chip says which memory.capacity_kb"
    with pytest.raises(UnsupportedNodes, match=f"its map of 4x4x65 {hint}"):
        normalise(from_proto(one), most_words=31)
