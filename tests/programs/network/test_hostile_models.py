"""ONNX files that are damaged or meant to harm: one error in the network's words, found before much is done."""

import os

import model_mutations
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from acortex.errors import AcortexError, UsageError
from acortex.programs import quantised
from acortex.programs.compiler import CompilerFault, compile_graph, plan_graph
from acortex.programs.network.importer import from_proto, read_onnx
from acortex.programs.network.onnx_functions import MOST_NODES
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise
from acortex.programs.reference.layers import reference
from acortex.sim.chip.specs import load_chip
from acortex.tools.open.machine import machine_of

MACHINE = machine_of(load_chip("acortex_gnmt"))
WEIGHTS = np.ones((16, 4), np.float32)


def model(nodes, inputs=None, outputs=("y",), constants=(), opset=17, kind=TensorProto.FLOAT, tensors=()):
    values = [helper.make_tensor_value_info(name, kind, shape) for name, shape in (inputs or {"x": [1, 16]}).items()]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    tensors = [*(numpy_helper.from_array(np.asarray(value), name) for name, value in dict(constants).items()), *tensors]
    graph = helper.make_graph(nodes, "net", values, ends, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def node(op, inputs="x", outputs="y", **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def refusal(made, kind=AcortexError):
    """What is said of a model."""
    with pytest.raises(kind) as caught:
        quantised(from_proto(made), most_words=1 << 15)
    return str(caught.value)


def tensor(**fields):
    """The weights as a tensor with some fields changed."""
    made = numpy_helper.from_array(WEIGHTS, "w")
    for name, value in fields.items():
        if name == "dims":
            del made.dims[:]
            made.dims.extend(value)
        else:
            setattr(made, name, value)
    return made


def texts():
    made = TensorProto(name="w", data_type=TensorProto.STRING, dims=[16, 4])
    made.string_data.extend([b"a"] * 64)
    return made


def matmul(weights, inputs=None):
    return model([node("MatMul", "x w", name="product")], inputs, tensors=[weights])


TENSORS = {
    "texts": (texts(), "its tensor w holds texts"),
    "a type that is none": (tensor(data_type=0), "its tensor w is malformed"),
    "a type of tomorrow": (tensor(data_type=99), "its tensor w is malformed"),
    "complex numbers": (tensor(data_type=14, dims=[8, 4]), "does not fit an input of shape"),
    "fewer numbers than claimed": (tensor(dims=[16, 5]), "its tensor w is malformed"),
    "a huge claim": (tensor(dims=[2**40, 4]), "its tensor w has shape (1099511627776, 4), and the file fewer numbers"),
    "a negative size": (tensor(dims=[-16, 4]), "its tensor w has shape (-16, 4)"),
    "a hundred axes": (tensor(dims=[1] * 100), "its tensor w has 100 axes, 16 is the most"),
    "no columns": (tensor(dims=[16, 0], raw_data=b""), "product (MatMul): its map of 1x1x0 has no numbers"),
}


@pytest.mark.parametrize("name", TENSORS)
def test_weights_that_are_none(name):
    weights, told = TENSORS[name]
    assert told in refusal(matmul(weights))


@pytest.mark.parametrize(
    ("shape", "kind", "told"),
    [
        ([1, 2**40], TensorProto.FLOAT, "x (input): it has 1099511627776 numbers"),
        ([2**40, 4], TensorProto.FLOAT, "x (input): it has 4398046511104 numbers"),
        ([1, 64, 1000, 1000], TensorProto.FLOAT, "x (input): it has 64000000 numbers, more than 32768 words of 64"),
        ([1, -5], TensorProto.FLOAT, "its input x has shape (1, -5)"),
        ([-5, 4], TensorProto.FLOAT, "its input x has shape (-5, 4)"),
        ([1] * 1000, TensorProto.FLOAT, "its input x has 1000 axes, 16 is the most"),
        ([1, 16], TensorProto.STRING, "its input x has type string"),
        ([1, 16], TensorProto.BFLOAT16, "its input x has type bfloat16\n  hint: export it with"),
        ([1, 16], TensorProto.COMPLEX64, "its input x has type complex64"),
    ],
)
def test_inputs_that_no_file_of_arrays_or_no_chip_can_hold(shape, kind, told):
    assert told in refusal(model([node("Relu")], {"x": shape}, kind=kind))


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(
    "nodes",
    [
        [node("MatMul", "x c", "a", name="bad"), node("Relu", "a")],
        [node("Add", "x c", name="bad")],
        [node("Mul", "x c", name="bad")],
        [node("Clip", "x c c", name="bad")],
        [node("PRelu", "x c", name="bad")],
    ],
    ids=lambda nodes: nodes[0].op_type,
)
def test_constants_that_are_not_finite_are_told_with_their_node(nodes, number):
    shape = (16, 4) if nodes[0].op_type == "MatMul" else ()
    assert "bad" in refusal(model(nodes, constants={"c": np.full(shape, number, np.float32)}))


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(("op", "key"), [("LeakyRelu", "alpha"), ("HardSigmoid", "alpha"), ("HardSigmoid", "beta")])
def test_attributes_that_are_not_finite_are_told_with_their_node(op, key, number):
    assert f"bad ({op}): " in refusal(model([node(op, name="bad", **{key: float(number)})]))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (node("MaxPool", kernel_shape="big"), "its attribute kernel_shape is a text and should be whole numbers"),
        (node("MaxPool", kernel_shape=3), "its attribute kernel_shape is a whole number and should be whole numbers"),
        (node("MaxPool"), "its attribute kernel_shape is missing"),
        (node("Conv", "x"), "it has 1 inputs, 2 to 3 are needed"),
        (helper.make_node("Conv", ["x", ""], ["y"]), "its input 1 (W) is missing"),
        (node("Relu", "x", ""), "it makes nothing"),
        (node("Softmax", axis=float("nan")), "its attribute axis is not a number"),
    ],
)
def test_nodes_that_onnx_itself_does_not_know_so(made, told):
    outputs = ("y",) if made.output else ("x",)
    assert told in refusal(model([made], {"x": [1, 3, 8, 8]}, outputs), UnsupportedNodes)


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ([node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b")], "takes b, which nothing before it"),
        ([node("Relu", "y")], "takes y, which nothing before it makes"),
        ([node("Relu"), node("Tanh")], "makes y, which is there already"),
        ([node("Constant", "", "w", value_float=1.0), node("Add", "x w")], "it has two tensors w"),
        ([node("Constant", "", "c"), node("Add", "x c")], "its node c is a Constant without numbers"),
    ],
    ids=["circle", "itself", "made twice", "constant made twice", "constant of nothing"],
)
def test_graphs_that_do_not_hold_together(nodes, told):
    assert told in refusal(model(nodes, constants={"w": WEIGHTS}), UsageError)


def test_names_that_are_there_twice():
    twice = model([node("Relu")])
    twice.graph.input.append(twice.graph.input[0])
    assert "two of its inputs are called x" in refusal(twice, UsageError)
    assert "two of its outputs are called y" in refusal(model([node("Relu")], outputs=("y", "y")), UsageError)
    assert "it has two tensors w" in refusal(
        model([node("MatMul", "x w")], constants={"w": WEIGHTS}, tensors=[tensor()]), UsageError
    )
    assert "one of its inputs has no name" in refusal(model([node("Relu")], {"x": [1, 4], "": [1, 4]}), UsageError)


def test_nodes_of_one_name_are_told_apart():
    names = [one.name for one in from_proto(model([
        node("Tanh", "x", "a", name="k"), node("Relu", "a", "b", name="k_1"), node("Tanh", "b", "c", name="k"),
        node("Tanh", "c", "y", name="k_1"),
    ])).nodes]  # fmt: skip
    assert len(set(names)) == 4


def test_a_name_that_is_no_text_is_refused():
    data = model([node("Relu", name="abcdef")]).SerializeToString().replace(b"abcdef", b"abc\xff\xfe\xfd")
    with pytest.raises(UsageError, match="it has a name that is not UTF-8 text"):
        from_proto(onnx.load_model_from_string(data))


@pytest.mark.parametrize("opset", [0, -5, 5, 999, 2**40])
def test_opsets_that_are_not_known(opset):
    assert f"it uses opset {opset}, " in refusal(model([node("Relu")], opset=opset), UsageError)


# Small files that ask for much -------------------------------------------------------------------------------------


def function(name, body):
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_function("own", name, ["a"], ["b"], body, opsets)


def with_functions(*functions):
    made = model([node("F0", domain="own")])
    made.functions.extend(functions)
    made.opset_import.append(helper.make_opsetid("own", 1))
    return made


def calls(*names):
    places = ["a", *(f"m{n}" for n in range(len(names) - 1)), "b"]
    return [node(name, places[n], places[n + 1], domain="own") for n, name in enumerate(names)]


@pytest.fixture
def no_inliner(monkeypatch):
    monkeypatch.setattr("onnx.inliner.inline_local_functions", None)


@pytest.mark.usefixtures("no_inliner")
def test_functions_that_expand_without_end_are_weighed_before_they_are_expanded():
    functions = [function(f"F{n}", calls(f"F{n + 1}", f"F{n + 1}")) for n in range(60)]
    made = with_functions(*functions, function("F60", [node("Relu", "a", "b")]))
    assert "its functions come to more than 2^60 nodes" in refusal(made, UsageError)
    made = with_functions(*functions[46:], function("F60", [node("Relu", "a", "b")]))
    made.graph.node[0].op_type = "F46"
    assert f"its functions come to 16384 nodes, {MOST_NODES} is the most" not in refusal(made)


@pytest.mark.usefixtures("no_inliner")
def test_functions_that_call_themselves_are_told_with_their_circle():
    assert "its functions call themselves: F0 calls F0" in refusal(with_functions(function("F0", calls("F0"))))
    circle = with_functions(function("F0", calls("F1")), function("F1", calls("F0")))
    assert "its functions call themselves: F0 calls F1 calls F0" in refusal(circle)


@pytest.mark.usefixtures("no_inliner")
def test_functions_inside_functions_have_a_deepest():
    functions = [function(f"F{n}", calls(f"F{n + 1}")) for n in range(200)]
    made = with_functions(*functions, function("F200", [node("Relu", "a", "b")]))
    assert "calls others 65 deep, 64 is the most" in refusal(made, UsageError)


def test_functions_of_usual_depth_are_their_bodies():
    functions = [function(f"F{n}", calls(f"F{n + 1}")) for n in range(30)]
    made = with_functions(*functions, function("F30", [node("Relu", "a", "b")]))
    assert [one.op for one in from_proto(made).nodes] == ["Relu"]


@pytest.mark.parametrize(
    ("nodes", "constants", "told"),
    [
        ([node("ConstantOfShape", "s", "c")], {"s": np.array([2**28])}, "it makes a constant of 268435456 numbers"),
        ([node("Tile", "w s", "c")], {"s": np.array([2**40, 1])}, "it makes a constant of"),
        ([node("Max", "a b", "c")], {"a": np.ones((2**13, 1)), "b": np.ones((1, 2**13))}, "a constant of 67108864"),
        ([node("Concat", " ".join(["a"] * 9000), "c", axis=0)], {"a": np.ones(2**12)}, "a constant of 36864000"),
        ([node("Split", "w", "c", num_outputs=2**40)], {}, "1099511627776 parts for 1 outputs"),
        ([node("MatMul", "a b", "c")], {"a": np.ones((2**12, 2**9)), "b": np.ones((2**9, 2**12))}, "it multiplies"),
    ],
    ids=["fill", "tile", "broadcast", "concat", "split", "product"],
)
def test_constants_that_grow_without_bound(nodes, constants, told):
    made = model([*nodes, node("Add", "x c")], constants={"w": WEIGHTS, **constants}, opset=18)
    assert told in refusal(made, UnsupportedNodes)


@pytest.mark.parametrize("op", ["Exp", "ReduceSum"])
def test_many_constants_have_one_budget_together(op, monkeypatch):
    """Each is small enough alone."""
    monkeypatch.setattr("acortex.programs.operators.context.MOST_WORK", 1 << 14)
    monkeypatch.setattr("acortex.programs.operators.context.MOST_BYTES", 1 << 14)
    more = {"keepdims": 1} if op == "ReduceSum" else {}
    nodes = [node("ConstantOfShape", "s", "c"), *(node(op, "c", f"d{n}", **more) for n in range(40))]
    made = model([*nodes, node("Relu")], constants={"s": np.array([1024])})
    assert "it and the nodes before it" in refusal(made, UnsupportedNodes)


def test_rearranging_has_a_budget_too(monkeypatch):
    monkeypatch.setattr("acortex.programs.operators.context.MOST_WORK", 1 << 14)
    turns = [node("Transpose", f"t{n}" if n else "x", f"t{n + 1}", perm=[0, 3, 2, 1]) for n in range(40)]
    made = model([*turns, node("Relu", "t40")], {"x": [1, 8, 8, 8]})
    assert "rearrange or compute too many numbers" in refusal(made, UnsupportedNodes)


def test_more_nodes_than_any_program_could_hold_are_counted_first():
    count = MOST_NODES + 1
    made = model([node("Identity", f"t{n}" if n else "x", f"t{n + 1}") for n in range(count)], outputs=(f"t{count}",))
    assert f"it has {count} nodes, {MOST_NODES} is the most" in refusal(made, UsageError)


# Files that are none ------------------------------------------------------------------------------------------------


def test_what_is_no_file_is_not_read(tmp_path):
    """A pipe would wait for a writer, a device may never end."""
    os.mkfifo(tmp_path / "pipe.onnx")
    os.symlink("/dev/zero", tmp_path / "zero.onnx")
    (tmp_path / "folder.onnx").mkdir()
    for name, kind in (
        ("pipe", "Is a pipe, and a file is needed"),
        ("zero", "Is a device, not a file"),
        ("folder", "Is a directory"),
    ):
        with pytest.raises(UsageError, match=rf"{name}\.onnx: it cannot be read \({kind}\)"):
            read_onnx(tmp_path / f"{name}.onnx")


@pytest.mark.parametrize("location", ["a\0b", "/dev/zero", "pipe", ".", "x" * 5000, ""])
def test_external_data_that_are_no_file_of_the_folder(tmp_path, location):
    os.mkfifo(tmp_path / "pipe")
    weights = TensorProto(name="w", data_type=1, dims=[16, 4], data_location=1)
    weights.external_data.add(key="location", value=location)
    (tmp_path / "m.onnx").write_bytes(matmul(weights).SerializeToString())
    with pytest.raises(UsageError, match="its tensor w "):
        read_onnx(tmp_path / "m.onnx")


# Anything else ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(10))
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_model_with_any_field_changed_compiles_or_is_refused(part):
    """Twenty models a part; thousands were tried when this was written."""
    for seed in range(20 * part, 20 * part + 20):
        made = onnx.load_model_from_string(model_mutations.mutated(seed).SerializeToString())
        try:
            graph = quantised(from_proto(made), fits=lambda outline: plan_graph(outline, MACHINE), most_words=1 << 15)
            compile_graph(graph, MACHINE)
            reference(graph)
        except CompilerFault:
            raise
        except AcortexError as error:
            assert str(error)


def test_the_mutations_reach_behind_the_reader():
    """Some must still compile, and some get as far as the operators, or they would show little."""
    found = []
    for seed in range(60):
        try:
            normalise(from_proto(onnx.load_model_from_string(model_mutations.mutated(seed).SerializeToString())))
            found.append("normal form")
        except AcortexError as error:
            found.append(type(error).__name__)
    assert min(found.count(kind) for kind in ("normal form", "UnsupportedNodes", "UsageError")) > 4
