"""Reading ONNX files: what exporters write is understood, what is broken or hostile is refused in one sentence."""

import sys

import float_models
import numpy as np
import onnx
import pytest
from onnx import TensorProto, external_data_helper, helper, numpy_helper

from acortex.errors import AcortexError, ManyErrors, MissingExtra, UsageError
from acortex.programs import Network, quantised
from acortex.programs.network.importer import from_proto, read_onnx
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise


def small():
    return float_models.to_onnx(Network("small", input=(3, 8, 8)).conv(4, 3, pad=1).relu().flatten().linear(5))


def saved(tmp_path, model=None, **options):
    path = tmp_path / "model.onnx"
    onnx.save_model(model or small(), path, **options)
    return path


def graph_model(nodes, inputs, outputs, constants=(), opset=13):
    """A model of nodes, inputs by name and shape, outputs by name."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in dict(constants).items()]
    graph = helper.make_graph(nodes, "net", values, ends, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def refusal(model, kind=AcortexError):
    with pytest.raises(kind) as caught:
        normalise(from_proto(model))
    return str(caught.value)


def test_a_file_gives_the_network_that_was_written(tmp_path):
    model = read_onnx(saved(tmp_path))
    assert [node.op for node in model.nodes] == ["Conv", "Relu", "Flatten", "Gemm"]
    assert [(value.name, value.shape) for value in model.inputs] == [("input", (1, 3, 8, 8))]


def test_external_data_in_the_folder_are_the_same_network(tmp_path):
    options = {"save_as_external_data": True, "size_threshold": 0, "location": "weights.bin"}
    outside = quantised(saved(tmp_path, **options), bits=8)
    inside = quantised(from_proto(small()), bits=8)
    for one, other in zip(outside.layers, inside.layers, strict=True):
        assert np.array_equal(one.weights, other.weights)


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "a/../../weights.bin"])
def test_external_data_outside_the_folder_are_refused(tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "weights.bin").write_bytes(bytes(1 << 16))
    model = small()
    for tensor in model.graph.initializer:
        external_data_helper.set_external_data(tensor, location)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(UsageError, match="external data must lie inside the model's folder"):
        read_onnx(path)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    path = saved(folder, save_as_external_data=True, size_threshold=0, location="weights.bin")
    (folder / "weights.bin").rename(tmp_path / "elsewhere.bin")
    (folder / "weights.bin").symlink_to(tmp_path / "elsewhere.bin")
    with pytest.raises(UsageError, match="external data must lie inside"):
        read_onnx(path)


def test_external_data_that_are_too_short_are_refused(tmp_path):
    path = saved(tmp_path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    (tmp_path / "weights.bin").write_bytes(b"short")
    with pytest.raises(UsageError, match=r"needs \d+ bytes from 0 on, weights.bin has 5"):
        read_onnx(path)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("offset", "abc", "have the offset 'abc'"),
        ("offset", "-4", "have the offset '-4'"),
        ("length", "1", r"needs \d+ bytes, and its external data have a length of 1\n"),
        ("length", "9223372036854775808", "needs 9223372036854775808 bytes from 0 on"),
        ("length", "x", "have the length 'x'"),
    ],
)
def test_a_wrong_offset_or_length_of_external_data_is_refused(tmp_path, key, value, told):
    path = saved(tmp_path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    model = onnx.load(path, load_external_data=False)
    tensor = model.graph.initializer[0]
    entries = {entry.key: entry for entry in tensor.external_data}
    (entries.get(key) or tensor.external_data.add()).MergeFrom(onnx.StringStringEntryProto(key=key, value=value))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(UsageError, match=f"tensor {tensor.name} {told}"):
        read_onnx(path)


def test_missing_weights_are_drawn_on_request(tmp_path):
    path = saved(tmp_path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    whole = read_onnx(path, fill=True)
    assert whole.drawn == []
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(UsageError, match="for time and energy alone --fill-weights draws random numbers"):
        read_onnx(path)
    filled, again = read_onnx(path, fill=True), read_onnx(path, fill=True)
    assert filled.drawn and set(filled.drawn) <= set(whole.constants)
    for name in filled.drawn:
        numbers = filled.constants[name].load()
        assert (numbers.shape, numbers.dtype) == (whole.constants[name].shape, np.float32)
        assert np.array_equal(numbers, again.constants[name].load())
        assert np.ptp(numbers) > 0
    graph = quantised(path, fill_weights=True)
    told = f"the weights of {len(filled.drawn)} tensors, such as {filled.drawn[0]}, are missing"
    assert told in graph.warnings[0]


def test_weights_outside_the_folder_are_not_drawn(tmp_path):
    path = saved(tmp_path)
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        external_data_helper.set_external_data(tensor, "../elsewhere.bin")
        tensor.ClearField("raw_data")
    onnx.save(model, path)
    with pytest.raises(UsageError, match="external data must lie inside"):
        read_onnx(path, fill=True)


def test_external_data_that_are_missing_are_named(tmp_path):
    path = saved(tmp_path, save_as_external_data=True, size_threshold=0, location="weights.bin")
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(UsageError, match=r'needs the file "weights.bin", which is not there'):
        read_onnx(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 100, b"\x08\x07\x12\x04"])
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"model.onnx: it is not an ONNX model"):
        read_onnx(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"none.onnx: it cannot be read \(No such file or directory\)"):
        read_onnx(tmp_path / "none.onnx")


def test_any_changed_byte_is_read_or_refused(tmp_path):
    content = bytearray(small().SerializeToString())
    path = tmp_path / "model.onnx"
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content), 150):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            quantised(path)
        except AcortexError as error:
            assert str(error)


def test_a_cut_file_is_read_or_refused(tmp_path):
    content = small().SerializeToString()
    path = tmp_path / "model.onnx"
    for length in range(1, len(content), 97):
        path.write_bytes(content[:length])
        with pytest.raises(AcortexError):
            quantised(path)


def test_without_onnx_the_extra_is_named(tmp_path, monkeypatch):
    path = saved(tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtra, match=r'pip install "acortex\[onnx\]"'):
        read_onnx(path)


def test_an_old_opset_is_refused():
    model = graph_model([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 4]}, ["y"], opset=5)
    assert refusal(model, UsageError).startswith("it uses opset 5, from 6 on is understood")


def test_a_symbolic_batch_is_one_inference():
    model = graph_model([helper.make_node("Relu", ["x"], ["y"])], {"x": ["N", 4]}, ["y"])
    assert from_proto(model).inputs[0].shape == (1, 4)


def test_any_other_symbolic_axis_is_refused():
    model = graph_model([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, "length"]}, ["y"])
    assert refusal(model, UsageError).startswith("axis 1 of its input x is length")


def test_initialisers_may_be_listed_as_inputs():
    weights = np.ones((5, 4), np.float32)
    node = helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)
    model = graph_model([node], {"x": [1, 4], "w": [5, 4]}, ["y"], {"w": weights}, opset=9)
    assert [value.name for value in from_proto(model).inputs] == ["x"]


def test_functions_of_a_model_are_their_bodies():
    opset = helper.make_opsetid("", 13)
    body = [helper.make_node("MatMul", ["a", "b"], ["m"]), helper.make_node("Relu", ["m"], ["c"])]
    function = helper.make_function("own", "Dense", ["a", "b"], ["c"], body, [opset])
    call = helper.make_node("Dense", ["x", "w"], ["y"], domain="own")
    model = graph_model([call], {"x": [1, 4]}, ["y"], {"w": np.ones((4, 5), np.float32)})
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("own", 1))
    assert [node.op for node in from_proto(model).nodes] == ["MatMul", "Relu"]


def test_an_operator_of_a_foreign_domain_is_refused_with_its_domain():
    model = graph_model([helper.make_node("Relu", ["x"], ["y"], name="r", domain="other")], {"x": [1, 4]}, ["y"])
    assert "r (other.Relu): the chip has no such operator" in refusal(model, UnsupportedNodes)


def test_shapes_that_exporters_compute_are_folded():
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Constant", [], ["zero"], value=numpy_helper.from_array(np.array(0))),
        helper.make_node("Gather", ["s", "zero"], ["n"], axis=0),
        helper.make_node("Constant", [], ["axes"], value=numpy_helper.from_array(np.array([0]))),
        helper.make_node("Unsqueeze", ["n", "axes"], ["n1"]),
        helper.make_node("Constant", [], ["rest"], value=numpy_helper.from_array(np.array([-1]))),
        helper.make_node("Concat", ["n1", "rest"], ["shape"], axis=0),
        helper.make_node("Reshape", ["x", "shape"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w"], ["y"]),
    ]
    model = graph_model(nodes, {"x": ["N", 3, 2, 2]}, ["y"], {"w": np.ones((12, 5), np.float32)})
    (step,) = normalise(from_proto(model)).steps
    assert step.kernel.shape == (2, 2, 3, 5)


def test_every_unsupported_node_is_listed_with_its_reason():
    nodes = [
        helper.make_node("Hardmax", ["x"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="fine"),
        helper.make_node("Conv", ["b", "b"], ["c"], name="after a broken one"),
        helper.make_node("Convv", ["x"], ["d"], name="misspelt"),
        helper.make_node("MaxPool", ["x"], ["e", "i"], name="indices", kernel_shape=[2, 2]),
    ]
    model = graph_model(nodes, {"x": [1, 3, 4, 4]}, ["c", "d", "e"])
    assert refusal(model, UnsupportedNodes) == (
        "the network has 4 nodes that the chip cannot do:"
        "\n  first (Hardmax): the chip has no such operator"
        "\n  after a broken one (Conv): its kernel is computed; arrays hold constants only"
        "\n  misspelt (Convv): the chip has no such operator; Conv is one"
        "\n  indices (MaxPool): it gives Indices"
    )


def test_a_refused_network_ends_with_one_and_a_broken_file_with_two():
    assert (UnsupportedNodes.exit_code, UsageError.exit_code) == (1, 2)
    assert not issubclass(UnsupportedNodes, ManyErrors)


def test_a_tensor_that_nothing_makes_is_named():
    model = graph_model([helper.make_node("Relu", ["z"], ["y"], name="r")], {"x": [1, 4]}, ["y"])
    assert refusal(model, UsageError) == "node r takes z, which nothing before it makes"


def test_a_constant_of_hostile_size_is_refused():
    nodes = [helper.make_node("ConstantOfShape", ["s"], ["y"], name="huge")]
    model = graph_model(nodes, {}, ["y"], {"s": np.array([1 << 20, 1 << 20])})
    assert "huge (ConstantOfShape): it makes a constant of 1099511627776 numbers" in refusal(model, UnsupportedNodes)


def test_lrn_is_left_out_on_request_only():
    network = Network(input=(3, 4, 4)).conv(4, 1)
    model = float_models.to_onnx(network)
    model.graph.node.append(helper.make_node("LRN", [network.value], ["y"], name="norm", size=3))
    model.graph.output[0].name = "y"
    assert "--drop-lrn" in refusal(model, UnsupportedNodes)
    assert normalise(from_proto(model), drop_lrn=True).warnings == ["norm (LRN) is left out, as asked"]


def test_softmax_is_for_the_host_at_the_end_only():
    x = Network(input=(6,)).linear(5)
    ended = normalise(x.softmax().model)
    assert (ended.host_nodes, ended.outputs[0].name) == (["softmax_1"], "linear_1.out")
    with pytest.raises(UnsupportedNodes, match="which the host computes after the chip has finished"):
        normalise(Network(input=(6,)).linear(5).softmax().linear(3).model)


def test_numbers_that_are_not_finite_are_told_with_the_node_that_makes_them():
    weights = np.full((4, 5), np.nan, np.float32)
    model = graph_model([helper.make_node("MatMul", ["x", "w"], ["y"], name="m")], {"x": [1, 4]}, ["y"], {"w": weights})
    with pytest.raises(UsageError, match=r"m \(MatMul\) makes numbers that are not finite"):
        quantised(from_proto(model))


def test_a_malformed_attribute_is_a_reason_like_others():
    node = helper.make_node("MaxPool", ["x"], ["y"], name="m", kernel_shape="big")
    model = graph_model([node], {"x": [1, 3, 4, 4]}, ["y"])
    assert "m (MaxPool): its attributes or shapes are malformed" in refusal(model, UnsupportedNodes)


def convolution(image, **attributes):
    """The refusal of a convolution of 3x3 over an image."""
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="c", **attributes)
    return graph_model([node], {"x": image}, ["y"], {"w": np.ones((4, 3, 3, 3), np.float32)})


@pytest.mark.parametrize(
    ("image", "attributes", "why"),
    [
        (
            [1, 3, 8, 8],
            {"dilations": [10**9] * 2, "pads": [10**9] * 4},
            "strides and dilations of 1, 1, 1000000000",
        ),
        ([1, 3, 500, 8], {"strides": [40, 1]}, "strides and dilations of 40, 1, 1, 1; 32 is the most"),
        ([1, 3, 8, 8], {"pads": [10**6] * 4}, "its map of 2000006x2000006x4 takes"),
        ([1, 3, 60000, 60000], {}, r"x (input): it has 10800000000 numbers"),
    ],
)
def test_what_no_program_can_say_is_refused_before_it_is_made(image, attributes, why):
    assert why in refusal(convolution(image, **attributes), UnsupportedNodes)


def test_an_output_that_is_an_input_or_a_constant_is_left_to_the_host():
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Add", ["two", "two"], ["four"])]
    graph = normalise(from_proto(graph_model(nodes, {"x": [1, 4]}, ["x", "four", "y"], {"two": np.float32(2)})))
    assert [port.name for port in graph.outputs] == ["y"]
    assert graph.host_nodes == ["four", "x"]  # the node comes first, in the order of the network
    assert graph.warnings[:2] == [
        "the output x is an input: the host has it, the chip does not give it",
        "the output four is a constant: the host has it, the chip does not give it",
    ]


def test_a_network_whose_outputs_depend_on_no_input_leaves_the_chip_nothing_to_do():
    model = graph_model(
        [helper.make_node("Add", ["two", "two"], ["y"])], {"x": [1, 4]}, ["y"], {"two": np.ones(4, np.float32)}
    )
    assert "y (output): it does not depend on an input" in refusal(model, UnsupportedNodes)


def test_the_batch_of_a_sequence_may_be_its_second_axis():
    model = graph_model([helper.make_node("Relu", ["x"], ["y"])], {"x": [5, "N", 4]}, ["y"])
    assert from_proto(model).inputs[0].shape == (5, 1, 4)
    model = graph_model([helper.make_node("Relu", ["x"], ["y"])], {"x": ["T", "N", 4]}, ["y"])
    with pytest.raises(UsageError, match="axis 1 of its input x is N"):
        from_proto(model)
