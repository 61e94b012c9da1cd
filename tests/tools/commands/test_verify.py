"""`acortex verify`: what every layer computes, beside onnxruntime."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from acortex.isa.asm.assembler import assemble
from acortex.programs.mapping import to_passes
from acortex.tools.cli import cli
from acortex.tools.commands import verify


def invoke(*arguments: str | Path) -> Result:
    """A command, with its output and exit code."""
    return CliRunner().invoke(cli, list(map(str, arguments)), prog_name="acortex")


def test_every_layer_of_a_network_equals_onnxruntime() -> None:
    made = invoke("verify", "zoo:digits_cnn", "--format", "json")
    assert made.exit_code == 0, made.output
    report = json.loads(made.stdout)
    assert (report["schema"], report["equal"], report["first"]) == ("acortex.verify/1", True, None)
    assert [row["name"] for row in report["layers"]][-2:] == ["dense", "dense.out"]
    assert all(row["numbers"] and not row["different"] for row in report["layers"])


def test_the_first_layer_that_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    right = to_passes.filled

    def wrong(layer: Any, *others: Any) -> Any:
        filled = right(layer, *others)
        return filled if layer.name != "hidden" else np.clip(filled + (np.arange(len(filled)) == 0)[:, None], -8, 7)

    monkeypatch.setattr(to_passes, "filled", wrong)
    made = invoke("verify", "zoo:letters_mlp", "--format", "json")
    assert made.exit_code == 1
    first = json.loads(made.stdout)["first"]
    assert first["name"] == "hidden"
    assert first["chip"] != first["reference"]
    assert "different from hidden on" in invoke("verify", "zoo:letters_mlp").stdout


@pytest.mark.parametrize("bits", [2, 3])
def test_codes_have_the_width_that_the_chip_gives_them(bits: int) -> None:
    made = invoke("verify", "zoo:digits_cnn", "--set", f"neurons.bits={bits}", "--format", "json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["equal"]


def test_what_is_written_in_assembly_has_no_reference() -> None:
    made = invoke("verify", "zoo:digits_mlp")
    assert made.exit_code == 2
    assert "zoo:digits_mlp is written in assembly" in made.stderr


def saved(tmp_path: Path, nodes: list[Any], shape: list[int], constants: dict[str, Any], output: str = "y") -> Path:
    """A model of one input as a file."""
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    tensors = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "net", ends, outs, tensors)
    path = tmp_path / "n.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_layers_that_share_words_of_a_map_are_told_apart(tmp_path: Path) -> None:
    """Both directions write channels of the same words, in turns."""
    rng = np.random.default_rng(0)
    shapes = {"w": (2, 96, 8), "r": (2, 96, 24)}
    constants = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    nodes = [helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=24, direction="bidirectional")]
    made = invoke("verify", saved(tmp_path, nodes, [5, 1, 8], constants), "--format", "json")
    assert made.exit_code == 0, made.output
    report = json.loads(made.stdout)
    assert [row["numbers"] for row in report["layers"]] == [240, 240, 480]
    assert "without a calibration set" in report["warnings"][0]


def test_names_that_no_text_can_hold_are_compared_too(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ['y";\n'], 'a "layer"\n; halt')]
    made = invoke(
        "verify", saved(tmp_path, nodes, [1, 4], {"w": np.eye(4, dtype=np.float32)}, 'y";\n'), "--format", "json"
    )
    assert made.exit_code == 0, made.output
    assert [row["name"] for row in json.loads(made.stdout)["layers"]] == ['a "layer"\n; halt', 'y";\n']


def typed(folder: Path, kind: str) -> Path:
    """A product of eight numbers of a type, which a Cast makes real."""
    weights = np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32)
    nodes = [helper.make_node("Cast", ["x"], ["r"], to=1), helper.make_node("MatMul", ["r", "w"], ["y"])]
    number = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    ends = [("x", number, [1, 8]), ("y", TensorProto.FLOAT, [1, 4])]
    first, last = (helper.make_tensor_value_info(*end) for end in ends)
    graph = helper.make_graph(nodes, "typed", [first], [last], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "typed.onnx")
    return folder / "typed.onnx"


@pytest.mark.parametrize("kind", ["bool", "uint8", "int8", "uint16", "int16", "int32", "int64", "float16", "float64"])
def test_inputs_of_each_type_are_drawn_as_the_model_takes_them(tmp_path: Path, kind: str) -> None:
    made = invoke("verify", typed(tmp_path, kind), "--format", "json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["equal"]


def test_floats_are_compared_as_the_model_rounds_them(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((200, 8)))
    assert invoke("verify", typed(tmp_path, "float16"), "--input", tmp_path / "x.npy").exit_code == 0


@pytest.mark.parametrize(
    ("kind", "numbers", "told"),
    [
        ("uint8", [0.5], "value 0.5 at [0, 0] is no uint8, the input's type\n  hint: give whole numbers of its range"),
        ("uint8", [3, 256], "value 256 at [1, 0] is no uint8, the input's type"),
        ("int8", [-128, -129], "value -129 at [1, 0] is no int8, the input's type"),
        ("int64", [1e30], "value 1e+30 at [0, 0] is no int64, the input's type"),
        ("bool", [2], "value 2 at [0, 0] is no bool, the input's type\n  hint: give booleans, or 0 and 1"),
        ("float16", [1e6], "value 1000000.0 at [0, 0] is no float16, the input's type\n  hint: give numbers within"),
    ],
)
@pytest.mark.parametrize("command", ["verify", "run"])
def test_numbers_that_the_type_does_not_hold_are_refused(
    tmp_path: Path, command: str, kind: str, numbers: list[float], told: str
) -> None:
    np.save(tmp_path / "x.npy", np.broadcast_to(np.array(numbers)[:, None], (len(numbers), 8)))
    refused = invoke(command, typed(tmp_path, kind), "--input", tmp_path / "x.npy")
    assert refused.exit_code == 2
    assert f"input x: {told}" in refused.stderr


def test_the_first_is_named_though_a_later_one_differs_in_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [helper.make_node("MatMul", ["x", "v"], ["h"]), helper.make_node("MatMul", ["h", "w"], ["y"])]
    path = saved(tmp_path, nodes, [1, 3], {"v": np.eye(3, dtype=np.float32), "w": np.eye(3, dtype=np.float32)})
    counts, right = iter([1, 5]), verify._row

    def wrong(*given: Any) -> Any:
        return right(*given).model_copy(update={"different": next(counts, 0)})

    monkeypatch.setattr(verify, "_row", wrong)
    report = json.loads(invoke("verify", path, "--format", "json").stdout)
    assert [row["different"] for row in report["layers"]][:2] == [1, 5]
    assert (report["equal"], report["first"]) == (False, report["layers"][0])


@pytest.mark.parametrize(("samples", "compared"), [(3, [0, 1, 2]), (4, [0, 1, 2, 3]), (9, [0, 1, 2, 3])])
def test_the_first_of_a_networks_own_inputs_are_compared(samples: int, compared: list[int]) -> None:
    program = assemble(".input a, shape=1\nstart\nhalt")
    own = np.arange(samples, dtype=np.uint8)[:, None]
    graph: Any = SimpleNamespace(samples={"x": own}, given=[SimpleNamespace(name="x", dtype="uint8")])
    assert verify._given(graph, program, {"x": "a"}, None)["x"].ravel().tolist() == compared
    mine = np.array([[7], [5]], np.uint8)
    for given in (mine, {"x": mine}):
        assert verify._given(graph, program, {"x": "a"}, given)["x"].ravel().tolist() == [7, 5]
