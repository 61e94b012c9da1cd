"""What the importer reads and refuses, a thing at a time: messages with their file and hint, values at bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper
from refused_models import WHERE, info, model, ones, read, refusal

from acortex.errors import UsageError
from acortex.programs.network import importer
from acortex.programs.network.importer import external_files, from_proto, read_onnx
from acortex.programs.network.network import Node

RENAME = "give each a name of its own"


# Names ------------------------------------------------------------------------------------------------------------


def test_a_tensor_that_is_there_twice_is_refused() -> None:
    assert refusal(model(tensors=[ones("w", 1), ones("w", 2)])) == ("it has two tensors w", RENAME)
    constant = helper.make_node("Constant", [], ["w"], value_float=1.0)
    both = model(constant, helper.make_node("Add", ["x", "w"], ["y"]), tensors=[ones("w", 1)])
    assert refusal(both) == ("it has two tensors w", RENAME)


def test_inputs_and_outputs_have_names_of_their_own() -> None:
    assert refusal(model(inputs=[info("x"), info("x")])) == ("two of its inputs are called x", RENAME)
    assert refusal(model(inputs=[info("x"), info("")])) == ("one of its inputs has no name", RENAME)
    assert refusal(model(outputs=("y", "y"))) == ("two of its outputs are called y", RENAME)
    assert refusal(model(outputs=("y", ""))) == ("one of its outputs has no name", RENAME)


def test_a_model_has_the_name_of_its_graph_or_is_a_network() -> None:
    made = model()
    assert from_proto(made).name == "net"
    made.graph.name = ""
    assert from_proto(made).name == "network"


def test_nodes_are_called_by_their_names_or_outputs_and_told_apart() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="n"),
        helper.make_node("Relu", ["a"], ["b"], name="n"),
        helper.make_node("Relu", ["b"], ["n_1"]),
        helper.make_node("Relu", ["n_1"], ["y"], name="n"),
        helper.make_node("Odd", ["x"], ["", "c"]),
        helper.make_node("Odd", ["x"], [""]),
    ]
    names = [node.name for node in read(*nodes).nodes]
    assert names[:2] == ["n", "n_1"] and len(set(names)) == 6
    assert names[3:] == ["n_3", "c", "Odd_5"]


def test_outputs_that_are_left_out_at_the_end_are_not_there() -> None:
    (node,) = read(helper.make_node("Odd", ["x", ""], ["", "y", "", ""])).nodes
    assert (node.inputs, node.outputs) == (("x", ""), ("", "y"))


# Opsets and domains -----------------------------------------------------------------------------------------------


def test_the_newest_of_the_standard_operators_counts() -> None:
    made = model()
    del made.opset_import[:]
    made.opset_import.extend([helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx", 15)])
    made.opset_import.append(helper.make_opsetid("com.microsoft", 99))
    assert from_proto(made).opset == 15


def test_a_model_that_states_no_opset_uses_the_first() -> None:
    made = model()
    del made.opset_import[:]
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    told = (
        "it uses opset 1, from 6 on is understood",
        "export the model anew, or convert it with onnx.version_converter",
    )
    assert refusal(made) == told


def test_an_opset_that_the_package_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "_newest_opset", lambda: 16)
    assert from_proto(model(opset=16)).opset == 16
    told = (
        "it uses opset 17, the package onnx knows up to 16",
        "update the package onnx, or export the model with an older opset",
    )
    assert refusal(model(opset=17)) == told


@pytest.mark.parametrize(("opset", "read_as"), [(8, 9), (9, 9), (10, 10)])
def test_models_of_old_opsets_are_converted(opset: int, read_as: int) -> None:
    assert from_proto(model(opset=opset)).opset == read_as


def test_a_model_of_an_old_opset_with_a_malformed_node_is_not_converted() -> None:
    broken = helper.make_node("Relu", ["x", "x"], ["a"])
    found = from_proto(model(broken, helper.make_node("Relu", ["a"], ["y"]), opset=8))
    assert [bool(node.fault) for node in found.nodes] == [True, False] and found.opset == 8


@pytest.mark.parametrize(
    ("domain", "op", "known"),
    [
        ("", "Relu", "Relu"),
        ("ai.onnx", "Relu", "Relu"),
        ("com.microsoft", "FusedMatMul", "FusedMatMul"),
        ("com.microsoft", "Attention", "com.microsoft.Attention"),
        ("com.microsoft", "RotaryEmbedding", "com.microsoft.RotaryEmbedding"),
        ("mine", "Relu", "mine.Relu"),
    ],
)
def test_operators_of_other_domains_are_named_with_theirs(domain: str, op: str, known: str) -> None:
    (node,) = read(helper.make_node(op, ["x"], ["y"], domain=domain)).nodes
    assert node.op == known


# Sizes ------------------------------------------------------------------------------------------------------------


def test_tensors_have_at_most_sixteen_axes_of_no_size_below_0() -> None:
    assert read(tensors=[ones("w", *[1] * 16)]).constants["w"].shape == (1,) * 16
    assert refusal(model(tensors=[ones("w", *[1] * 17)])) == ("its tensor w has 17 axes, 16 is the most", "")
    below = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, -1])
    assert refusal(model(tensors=[below])) == ("its tensor w has shape (2, -1)", "sizes are whole numbers from 0 on")
    assert read(tensors=[ones("w", 0, 3)]).constants["w"].shape == (0, 3)


def test_a_shape_of_more_numbers_than_the_file_has_is_refused() -> None:
    """Eight numbers a byte is the most: those of one bit, with nothing but their bytes."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, raw_data=b"1234")
    tensor.dims.append(8 * (tensor.ByteSize() + 2))
    assert 8 * tensor.ByteSize() >= tensor.dims[0]
    assert from_proto(model(tensors=[tensor])).constants["w"].shape == tuple(tensor.dims)
    tensor.dims[0] = 8 * tensor.ByteSize() + 1
    told = (f"its tensor w has shape ({tensor.dims[0]},), and the file fewer numbers of it", "export the model anew")
    assert refusal(model(tensors=[tensor])) == told


def test_more_parts_than_any_program_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "MOST_NODES", 2)
    nodes = [helper.make_node("Relu", [a], [b]) for a, b in ("xa", "ay")]
    assert len(read(*nodes, tensors=[ones(f"w{at}", 1) for at in range(6)]).nodes) == 2
    hint = "export a smaller network"
    assert refusal(model(*nodes, helper.make_node("Relu", ["x"], ["z"]))) == ("it has 3 nodes, 2 is the most", hint)
    many = model(*nodes, tensors=[ones(f"w{at}", 1) for at in range(7)])
    assert refusal(many) == ("it has 9 tensors, 8 is the most", hint)


def test_a_file_may_have_as_many_bytes_as_are_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert importer.MAX_BYTES == 2_147_483_648
    path = tmp_path / "net.onnx"
    path.write_bytes(model().SerializeToString())
    size = path.stat().st_size
    monkeypatch.setattr(importer, "MAX_BYTES", size)
    assert read_onnx(path).name == "net"
    monkeypatch.setattr(importer, "MAX_BYTES", size - 1)
    with pytest.raises(UsageError) as caught:
        read_onnx(path)
    assert (caught.value.message, caught.value.where) == (f"it has {size} bytes, allowed are {size - 1}", str(path))


# Files ------------------------------------------------------------------------------------------------------------


def test_what_is_no_model_is_refused_with_the_reason() -> None:
    with pytest.raises(UsageError, match=r"^net\0\.onnx: it is not an ONNX model \(embedded null (byte|character)"):
        read_onnx("net\0.onnx")


def test_weights_whose_file_is_missing_are_refused_where_none_may_be_drawn(tmp_path: Path) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="gone.bin")
    made = model(tensors=[tensor])
    with pytest.raises(UsageError, match=r'needs the file "gone.bin", which is not there\n.*--fill-weights draws'):
        from_proto(made, where=WHERE, folder=tmp_path)
    assert from_proto(made, where=WHERE, folder=tmp_path, fill=True).constants["w"].load().shape == (4,)


def test_what_has_neither_nodes_nor_outputs_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(onnx.ModelProto(ir_version=8).SerializeToString())
    with pytest.raises(UsageError) as caught:
        read_onnx(path)
    assert (caught.value.message, caught.value.where) == ("it is not an ONNX model, or has no graph", str(path))
    empty = model(inputs=[info("x")], outputs=("x",))
    del empty.graph.node[:]
    path.write_bytes(empty.SerializeToString())
    assert read_onnx(path).outputs == ["x"]
    none = model(outputs=())
    path.write_bytes(none.SerializeToString())
    with pytest.raises(UsageError, match=r"it has no outputs$"):
        read_onnx(path)


def test_files_beside_a_model_are_named_without_being_read(tmp_path: Path) -> None:
    outside = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="data/w.bin")
    path = tmp_path / "net.onnx"
    path.write_bytes(model(tensors=[outside]).SerializeToString())
    assert external_files(path) == [tmp_path / "data" / "w.bin"]
    path.write_bytes(b"\xff")
    assert external_files(path) == external_files(tmp_path / "none.onnx") == []


def test_weights_that_are_drawn_are_held_to_the_shapes_of_others(tmp_path: Path) -> None:
    outside = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, -3], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="w.bin")
    told = refusal(model(tensors=[outside]), folder=tmp_path, fill=True)
    assert told == ("its tensor w has shape (2, -3)", "sizes are whole numbers from 0 on")
    outside.dims[1] = 3
    found = from_proto(model(tensors=[outside]), tmp_path, WHERE, fill=True)
    assert (found.drawn, found.constants["w"].shape) == (["w"], (2, 3))


def test_a_sparse_tensor_is_refused() -> None:
    sparse = helper.make_sparse_tensor(ones("w", 1), numpy_helper.from_array(np.array([0]), "at"), [5])
    assert refusal(model(sparse_initializer=[sparse])) == ("its initialiser w is sparse", "export it dense")


# Nodes ------------------------------------------------------------------------------------------------------------


def attribute(name: str, kind: int, **fields: Any) -> onnx.AttributeProto:
    return AttributeProto(name=name, type=kind, **fields)


def with_attribute(entry: onnx.AttributeProto) -> onnx.ModelProto:
    """A model of a node of a domain whose attributes ONNX does not check."""
    node = helper.make_node("Odd", ["x"], ["y"], domain="mine", name="odd")
    node.attribute.append(entry)
    return model(node)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        (attribute("a", AttributeProto.INT, i=5), 5),
        (attribute("a", AttributeProto.FLOAT, f=0.5), 0.5),
        (attribute("a", AttributeProto.STRING, s=b"\xc3\xa9"), "é"),
        (attribute("a", AttributeProto.STRING, s=b"\xff"), "\ufffd"),
        (attribute("a", AttributeProto.INTS, ints=[1, 2]), [1, 2]),
        (attribute("a", AttributeProto.STRINGS, strings=[b"x", b"\xff"]), ["x", "\ufffd"]),
        (attribute("a", AttributeProto.GRAPHS), "graphs"),
    ],
    ids=lambda value: str(value) if not isinstance(value, AttributeProto) else "",
)
def test_attributes_are_numbers_texts_and_lists(entry: onnx.AttributeProto, value: Any) -> None:
    (node,) = from_proto(with_attribute(entry)).nodes
    assert node.attributes == {"a": value}


def test_a_tensor_as_an_attribute_is_its_numbers() -> None:
    (node,) = from_proto(with_attribute(attribute("a", AttributeProto.TENSOR, t=ones("w", 2, 1)))).nodes
    assert node.attributes["a"].tolist() == [[1.0], [1.0]]


def test_an_attribute_of_a_function_that_is_not_there_is_malformed() -> None:
    """It refers to an attribute of the function around its node, and there is none around it."""
    entry = attribute("a", AttributeProto.INT, ref_attr_name="b")
    told = refusal(with_attribute(entry))[0]
    assert told.startswith("the attribute a of its node odd is malformed (")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (attribute("a", AttributeProto.UNDEFINED), "has no type, or one that no network needs"),
        (attribute("a", AttributeProto.SPARSE_TENSOR), "has no type, or one that no network needs"),
        (attribute("a", AttributeProto.TENSORS, tensors=[ones("w", 1)]), "holds what no network needs"),
    ],
    ids=["undefined", "sparse", "tensors"],
)
def test_other_attributes_are_refused(entry: onnx.AttributeProto, told: str) -> None:
    assert refusal(with_attribute(entry))[0] == f"the attribute a of its node odd {told}"


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        ({"value_float": 0.5}, "float32", 0.5),
        ({"value_floats": [1.5, 2.5]}, "float32", [1.5, 2.5]),
        ({"value_int": 5}, "int64", 5),
        ({"value_ints": [5, 6]}, "int64", [5, 6]),
        ({"value": ones("v", 2)}, "float32", [1.0, 1.0]),
    ],
    ids=str,
)
def test_constant_nodes_are_constants_and_no_nodes(given: dict[str, Any], kind: str, value: Any) -> None:
    found = read(helper.make_node("Constant", [], ["c"], **given), helper.make_node("Add", ["x", "c"], ["y"]))
    constant = found.constants["c"].load()
    assert (constant.dtype.name, constant.tolist(), [node.op for node in found.nodes]) == (kind, value, ["Add"])


def test_a_constant_without_numbers_is_refused() -> None:
    node = helper.make_node("Constant", [], ["c"], value_string="x", name="text")
    assert (
        refusal(model(node, helper.make_node("Add", ["x", "c"], ["y"])))[0]
        == "its node text is a Constant without numbers"
    )


@pytest.mark.parametrize(
    ("nodes", "outputs", "told"),
    [
        ([("Relu", "a", "y")], ("y",), "node y takes a, which nothing before it makes"),
        ([("Relu", "a", "y"), ("Relu", "x", "a")], ("y",), "node y takes a, which nothing before it makes"),
        ([("Relu", "x", "y"), ("Relu", "x", "y")], ("y",), "node y_1 makes y, which is there already"),
        ([("Relu", "x", "x")], ("x",), "node x makes x, which is there already"),
        ([("Relu", "x", "a")], ("y",), "its output y is made by nothing"),
        ([("Relu", "x", "y")], (), "it has no outputs"),
    ],
)
def test_each_tensor_is_made_once_before_it_is_used(
    nodes: list[tuple[str, str, str]], outputs: tuple[str, ...], told: str
) -> None:
    made = [helper.make_node(op, [one], [other]) for op, one, other in nodes]
    assert refusal(model(*made, outputs=outputs))[0] == told


def test_a_graph_inside_a_node_has_nodes_and_constants_of_its_own() -> None:
    body = [helper.make_node("Constant", [], ["c"], value_float=2.0), helper.make_node("Mul", ["w", "c"], ["z"])]
    branch = helper.make_graph(body, "branch", [], [info("z", None)], [ones("w", 1)])
    node = helper.make_node("If", ["b"], ["y"], then_branch=branch, else_branch=branch)
    found = read(node, inputs=[info("x"), info("b", (), TensorProto.BOOL)])
    inner = found.nodes[0].attributes["then_branch"]
    assert [one.op for one in inner.nodes] == ["Mul"] and set(inner.constants) == {"w", "c"}
    assert (inner.inputs, inner.outputs) == ((), ("z",))
    assert isinstance(inner.nodes[0], Node)


def test_nodes_of_a_graph_inside_a_node_are_of_the_opset_of_the_model() -> None:
    """Since opset 10 a Slice takes its bounds as tensors."""
    body = helper.make_graph([helper.make_node("Slice", ["x"], ["z"])], "branch", [], [info("z", None)])
    node = helper.make_node("If", ["b"], ["y"], then_branch=body, else_branch=body)
    found = read(node, inputs=[info("x"), info("b", (), TensorProto.BOOL)])
    assert found.nodes[0].attributes["then_branch"].nodes[0].fault == "it has 1 inputs, 3 to 5 are needed"


@pytest.mark.parametrize(
    ("kind", "name"),
    [(TensorProto.UINT4, "uint4"), (TensorProto.INT4, "int4"), (TensorProto.INT8, ""), (TensorProto.FLOAT, "")],
)
@pytest.mark.parametrize("outside", [False, True])
def test_a_constant_of_four_bits_says_its_type(tmp_path: Path, kind: int, name: str, outside: bool) -> None:
    tensor = helper.make_tensor("w", kind, [2], [1, 2])
    if outside:
        tensor = TensorProto(name="w", data_type=kind, dims=[2], data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="w.bin")
        (tmp_path / "w.bin").write_bytes(bytes(8))
    found = from_proto(model(tensors=[tensor]), where=WHERE, folder=tmp_path)
    assert found.constants["w"].kind == name
