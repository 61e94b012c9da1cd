"""Axes that a model leaves open, fixed by their names; models of old opsets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import originals
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import acortex
from acortex.errors import UsageError
from acortex.programs.front import HINT_OF_HOST, normal_form
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.evaluate import evaluate
from acortex.programs.quantise.images import as_images
from acortex.tools.cli import cli

ONES = np.ones((4, 3, 3, 3), np.float32)


def picture(*shape: int | str | None) -> onnx.ModelProto:
    """A convolution and a mean over an image some of whose axes are open."""
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("GlobalAveragePool", ["c"], ["y"])]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    ends.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], [numpy_helper.from_array(ONES, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)), prog_name="acortex")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("open") / "net.onnx"
    onnx.save(picture("batch", 3, "height", None), path)
    return path


@pytest.mark.parametrize(
    ("shape", "dims", "found"),
    [
        (("N", 3, "H", "W"), {"H": 6, "W": 5}, (1, 3, 6, 5)),
        (("N", 3, None, None), {"x.2": 6, "x.3": 5}, (1, 3, 6, 5)),
        (("N", 3, "S", "S"), {"S": 7}, (1, 3, 7, 7)),
        (("N", 3, "S", "S"), {"S": 7, "x.3": 9}, (1, 3, 7, 9)),
        (("N", 3, 0, -1), {"x.2": 6, "x.3": 5}, (1, 3, 6, 5)),
        (("N", 3, 6, 6), {"N": 1}, (1, 3, 6, 6)),
    ],
)
def test_open_axes_have_the_sizes_that_are_given(shape, dims, found):
    (value,) = from_proto(picture(*shape), dims=dims).inputs
    assert value.shape == found
    assert value.batch == (None if "N" in dims else "N")


def test_the_time_of_a_sequence_is_no_batch_where_it_is_given():
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", ["T", "N", 4]), ("y", None))]
    model = helper.make_model(helper.make_graph(nodes, "net", ends[:1], ends[1:]))
    (value,) = from_proto(model, dims={"T": 20}).inputs
    assert (value.shape, value.batch) == ((20, 1, 4), None)


@pytest.mark.parametrize(
    ("dims", "told"),
    [
        ({}, "axis 2 of its input x is height\n  hint: fix it: --dim height=SIZE; only the batch may stay symbolic"),
        ({"height": 5}, "axis 3 of its input x is open\n  hint: fix it: --dim x.3=SIZE; only the batch may stay"),
        ({"heigth": 5}, "no axis heigth of its inputs is open\n  hint: did you mean `height`?"),
        ({"x.1": 3}, "no axis x.1 of its inputs is open"),
        ({"Q": 3}, "no axis Q of its inputs is open\n  hint: open axes: batch, x.0, height, x.2, x.3"),
        ({"height": 0}, "the size of the axis height is 0, allowed is 1 to 67108864"),
        ({"height": 2.5}, "the size of the axis height is of type float\n  hint: give a whole number"),
        ({"height": "5"}, "the size of the axis height is of type str\n  hint: give a whole number"),
        ({"height": True}, "the size of the axis height is of type bool\n  hint: give a whole number"),
        ([("height", 5)], 'dims is of type list\n  hint: give sizes by name: dims={"width": 224}'),
        ({"height": 1 << 27}, "the size of the axis height is 134217728, allowed is 1 to 67108864"),
    ],
)  # fmt: skip
def test_a_size_that_does_not_fit_is_refused(dims, told):
    with pytest.raises(UsageError) as caught:
        from_proto(picture("batch", 3, "height", None), dims=dims)
    assert str(caught.value).startswith(told)


def test_a_model_without_open_axes_takes_no_sizes():
    with pytest.raises(UsageError, match="leave --dim out"):
        from_proto(picture(1, 3, 5, 5), dims={"H": 5})


FIXED = ("--dim", "height=6", "--dim", "x.3=5")


def test_commands_take_sizes(file: Path, tmp_path: Path) -> None:
    refused = invoke("compile", file)
    assert refused.exit_code == 2
    assert "fix it: --dim height=SIZE" in refused.stderr
    assert invoke("compile", file, *FIXED, "-o", tmp_path / "n.acx").exit_code == 0
    assert invoke("verify", file, *FIXED).exit_code == 0
    x = np.random.default_rng(0).standard_normal((3, 3, 6, 5)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    ran = invoke("run", file, *FIXED, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy", "--format", "json")
    assert ran.exit_code == 0, ran.output
    assert len(json.loads(ran.stdout)["inferences"]) == 3
    wanted = ReferenceEvaluator(onnx.load(file)).run(None, {"x": x})[0]
    found = np.load(tmp_path / "y.npy")
    assert np.abs(found.reshape(wanted.shape) - wanted).max() < 0.2 * np.abs(wanted).max()


def test_python_takes_sizes(file: Path) -> None:
    dims = {"height": 6, "x.3": np.int64(5)}
    made = acortex.compile(file, dims=dims)
    assert made.program.inputs[0].shapes[0] == (3, 6, 5)
    assert acortex.run(file, dims=dims, timing=False).outputs["y"].shape == (1, 4, 1, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("height", "--dim height"),
        ("height=", "--dim height="),
        ("=5", "--dim =5"),
        ("height=-5", "--dim height=-5"),
        ("height=5.0", "--dim height=5.0"),
        ("height=\u0665", "--dim height=\u0665"),
        ("height=" + "9" * 5000, "--dim height=" + "9" * 193),
    ],
)
def test_a_text_that_is_no_size_is_refused(file: Path, text: str, told: str) -> None:
    refused = invoke("compile", file, "--dim", text)
    assert refused.exit_code == 2
    assert f"error: {told}\n  hint: give NAME=N, such as --dim width=224" in refused.stderr


def test_two_sizes_of_one_axis_are_refused(file: Path) -> None:
    refused = invoke("compile", file, "--dim", "height=5", "--dim", "height=6")
    assert "--dim gives height two sizes, 5 and 6" in refused.stderr


def test_what_is_compiled_already_has_no_open_axes(file: Path, tmp_path: Path) -> None:
    assert invoke("compile", file, *FIXED, "-o", tmp_path / "n.acx").exit_code == 0
    assert "--dim is for networks that are compiled" in invoke("run", tmp_path / "n.acx", *FIXED).stderr
    assert "networks of the zoo have no open axes" in invoke("run", "zoo:letters_mlp", *FIXED).stderr


# Old opsets ---------------------------------------------------------------------------------------------------------

node, whole = originals.node, originals.whole
NORM = {name: whole(n, 6, most=3) for n, name in enumerate("sbm")} | {"v": np.arange(1, 7).astype(np.float32)}
OLD = {
    6: (
        [
            node("Conv", "x w", "c", pads=[1] * 4),
            node("BatchNormalization", "c s b m v", "n", is_test=1),
            node("Dropout", "n", "d", is_test=1),
            node("Add", "d k", "a", broadcast=1, axis=1),
            node("PRelu", "a slope", "q"),
            node("MaxPool", "q", "p", kernel_shape=[2, 2], strides=[2, 2]),
            node("Reshape", "p shape", "f"),
            node("Gemm", "f g h", "y", transB=1, broadcast=1),
        ],
        {"k": whole(7, 6), "slope": np.array([0, 0.25, 0.5, 0.75, 1, -1], np.float32)},
    ),
    7: (
        [
            node("Conv", "x w", "c", pads=[1] * 4),
            node("BatchNormalization", "c s b m v", "n"),
            node("Dropout", "n", "d"),
            node("Mul", "d k", "r"),
            node("AveragePool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]),
            node("Reshape", "p shape", "f"),
            node("Gemm", "f g h", "y", transB=1),
        ],
        {"k": whole(7, 6, 1, 1)},
    ),
    8: (
        [
            node("Conv", "x w", "c", pads=[1] * 4),
            node("BatchNormalization", "c s b m v", "n"),
            node("Sum", "n c", "r"),
            node("MaxPool", "r", "p", kernel_shape=[2, 2], strides=[2, 2]),
            node("Reshape", "p shape", "f"),
            node("Gemm", "f g h", "y", transB=1),
        ],
        {},
    ),
}


def old(opset: int) -> onnx.ModelProto:
    """A network of an opset."""
    nodes, more = OLD[opset]
    constants = {
        "w": whole(1, 6, 3, 3, 3), "shape": np.array([1, 54]), "g": whole(2, 4, 54), "h": whole(3, 4), **NORM, **more,
    }  # fmt: skip
    return of_old_times(originals.model(nodes, {"x": [1, 3, 6, 6]}, constants, opset=opset))


def of_old_times(made: onnx.ModelProto) -> onnx.ModelProto:
    """A model with its weights among its inputs."""
    for tensor in made.graph.initializer:
        made.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    made.ir_version = 3
    return made


@pytest.mark.parametrize("opset", OLD)
def test_a_network_of_an_old_opset_computes_what_it_did(opset: int) -> None:
    made = old(opset)
    given = originals.inputs_of(made)
    found = originals.evaluated(made, given)["y"]
    if opset == 6:
        wanted = np.stack([by_hand(made, row) for row in given["x"]])
    else:
        wanted = originals.float_models.float_outputs(made, given)["y"]
    assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()


def by_hand(made: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    """The network of opset 6 in NumPy, which no runtime here runs."""
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    c = np.einsum("nchwij,ocij->nohw", windows, held["w"])
    s, b, m, v = (held[name].reshape(-1, 1, 1) for name in "sbmv")
    a = (c - m) / np.sqrt(v + 1e-5) * s + b + held["k"].reshape(-1, 1, 1)
    q = np.where(a < 0, a * held["slope"].reshape(-1, 1, 1), a)
    p = q.reshape(1, 6, 3, 2, 3, 2).max((3, 5))
    return p.reshape(1, 54) @ held["g"].T + held["h"]


@pytest.mark.parametrize(
    ("op", "size", "attributes", "lies"),
    [
        ("Add", (6,), {"axis": 1}, (6, 1, 1)),
        ("Sub", (6,), {"axis": -3}, (6, 1, 1)),
        ("Add", (6, 1), {"axis": 1}, (6, 1, 1)),
        ("Div", (6, 1), {"axis": -3}, (6, 1, 1)),
        ("Mul", (6,), {"axis": -3}, (6, 1, 1)),
        ("Add", (6, 1, 1), {"axis": -3}, (6, 1, 1)),
        ("PRelu", (6,), None, (6, 1, 1)),
        ("PRelu", (1,), None, (1, 1, 1)),
    ],
    ids=str,
)
def test_an_operand_of_opset_6_lies_along_its_axis(op, size, attributes, lies):
    """All axes are as long as each other: along another one it would fit as well."""
    k = np.array([1, -0.5, 0.25, -1, 0.5, -0.25], np.float32)[: size[0]].reshape(size)
    nodes = [
        node("Conv", "x w", "c"),
        node(op, "c k", "y", **({} if attributes is None else {"broadcast": 1} | attributes)),
    ]
    constants = {"w": whole(1, 6, 3, 1, 1), "k": k}
    made = of_old_times(originals.model(nodes, {"x": [1, 3, 6, 6]}, constants, opset=6))
    given = originals.inputs_of(made)
    c, operand = np.einsum("bnchw,oc->bnohw", given["x"], constants["w"][..., 0, 0]), k.reshape(lies)
    wanted = {
        "Add": c + operand,
        "Sub": c - operand,
        "Mul": c * operand,
        "Div": c / operand,
        "PRelu": np.where(c < 0, c * operand, c),
    }
    assert np.array_equal(originals.evaluated(made, given)["y"], wanted[op])


def test_an_operand_along_an_axis_of_an_unknown_shape_is_refused():
    nodes = [node("NonMaxSuppression", "x x", "u"), node("Add", "u k", "y", broadcast=1, axis=1)]
    with pytest.raises(UsageError, match="its node add_y is laid along an axis of a tensor of unknown shape"):
        from_proto(originals.model(nodes, {"x": [1, 3, 6]}, {"k": whole(1, 3)}, opset=6))


def test_opsets_before_the_sixth_are_refused():
    made = old(6)
    made.opset_import[0].version = 5
    with pytest.raises(UsageError) as caught:
        from_proto(made)
    assert str(caught.value).startswith("it uses opset 5, from 6 on is understood")


@pytest.mark.parametrize(
    ("unknown", "told"),
    [
        (node("Custom", "x", "y"), "its node custom_y has the operator Custom, which ONNX does not know"),
        (node("MaxUnpool", "x x", "y", kernel_shape=[2, 2]), "its old operators cannot be converted (No Adapter From"),
    ],
    ids=["custom", "newer"],
)
def test_what_cannot_be_converted_is_told_so(unknown, told):
    with pytest.raises(UsageError) as caught:
        from_proto(originals.model([unknown], {"x": [1, 3, 6, 6]}, opset=8))
    assert str(caught.value).startswith(told)


# Inputs of one whole number ------------------------------------------------------------------------------------------


def branched(shape=()):
    """A product with one of two matrices, which an input of one whole number chooses."""
    branches = []
    for name in ("A", "B"):
        made = helper.make_node("MatMul", ["x", name], [f"{name}_y"])
        out = helper.make_tensor_value_info(f"{name}_y", TensorProto.FLOAT, [1, 3])
        branches.append(helper.make_graph([made], name, [], [out]))
    nodes = [
        node("Equal", "rate wide", "is_wide"),
        *([node("Squeeze", "is_wide", "so")] if shape else []),
        helper.make_node("If", ["so" if shape else "is_wide"], ["y"], then_branch=branches[0], else_branch=branches[1]),
    ]
    made = originals.model(nodes, {"x": [1, 4]}, {"A": whole(1, 4, 3), "B": whole(2, 4, 3), "wide": np.int64(16000)})
    made.graph.input.append(helper.make_tensor_value_info("rate", TensorProto.INT64, shape))
    return made


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("rate", [16000, 8000])
def test_a_value_of_an_input_chooses_a_branch(shape, rate):
    made = branched(shape)
    graph = normalise(from_proto(made, dims={"rate": rate}))
    x = whole(5, 1, 4)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    (wanted,) = session.run(None, {"x": x, "rate": np.full(shape, rate, np.int64)})
    images = evaluate(graph, as_images(graph, {"x": x[None]}))
    assert np.array_equal(images[graph.outputs[0].map].reshape(-1), wanted.reshape(-1))
    assert [port.name for port in graph.inputs] == ["x"]  # another rate at a run would compute something else
    assert graph.unread == []


def test_an_open_branch_says_what_to_fix():
    with pytest.raises(UnsupportedNodes) as caught:
        normal_form(from_proto(branched()))
    assert caught.value.hint == "if a branch depends on the input rate, fix it: --dim rate=VALUE"


@pytest.mark.parametrize(
    ("dims", "said"),
    [
        ({"rate": 2**63}, "the input rate cannot be 9223372036854775808: its type is int64"),
        ({"rat": 1}, "no axis rat of its inputs is open"),
        ({"rate": 1.5}, "of type float"),
    ],
)
def test_values_that_no_input_has_are_refused(dims, said):
    with pytest.raises(UsageError, match=said):
        from_proto(branched(), dims=dims)


def decided(shape=()):
    """A product with one of two matrices, which a truth value among the inputs chooses."""
    made = branched(shape)
    del made.graph.node[0], made.graph.input[-1]
    made.graph.node[0].input[0] = "rate"
    made.graph.input.append(helper.make_tensor_value_info("rate", TensorProto.BOOL, shape))
    return made


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("value", [0, 1])
def test_a_truth_value_chooses_a_branch_as_0_or_1(shape, value):
    made, x = decided(shape), whole(5, 1, 4)
    graph = normalise(from_proto(made, dims={"rate": value}))
    session = onnxruntime.InferenceSession(made.SerializeToString())
    (wanted,) = session.run(None, {"x": x, "rate": np.full(shape, value, bool)})
    images = evaluate(graph, as_images(graph, {"x": x[None]}))
    assert np.array_equal(images[graph.outputs[0].map].reshape(-1), wanted.reshape(-1))


@pytest.mark.parametrize("value", [-1, 2])
def test_a_truth_value_is_nothing_else(value):
    with pytest.raises(UsageError, match=f"the input rate cannot be {value}: its type is bool"):
        from_proto(decided(), dims={"rate": value})


def test_an_open_branch_of_a_truth_value_says_what_to_fix():
    with pytest.raises(UnsupportedNodes) as caught:
        normal_form(from_proto(decided()))
    assert caught.value.hint == "if a branch depends on the input rate, fix it: --dim rate=VALUE"


def test_products_inside_branches_are_products_for_the_chip():
    """The host is offered for such a network; what decides its branch is computed."""
    made = decided()
    del made.graph.input[-1]
    made.graph.node.insert(0, node("ReduceSum", "x", "sum", keepdims=0))
    made.graph.node.insert(1, node("Cast", "sum", "rate", to=TensorProto.BOOL))
    with pytest.raises(UnsupportedNodes) as caught:
        normal_form(from_proto(made))
    assert caught.value.hint == HINT_OF_HOST


def test_an_input_without_a_shape_is_refused_with_what_to_do():
    made = branched()
    made.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(UsageError, match="its input x is not a tensor with a shape") as caught:
        from_proto(made)
    assert caught.value.hint == "export it with a shape; axes may stay open"
