"""`acortex compile`: a network in, a program out, and what is said about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from acortex.errors import UsageError
from acortex.tools.cli import cli

COUNT = 3
"""Inferences that the tests run."""


def invoke(*arguments: str | Path) -> Result:
    """A command, with its output and exit code."""
    return CliRunner().invoke(cli, list(map(str, arguments)), prog_name="acortex")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small float network as a file, with inputs beside it."""
    folder = tmp_path_factory.mktemp("network")
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((10, 3, 3, 3)).astype(np.float32)
    matrix = rng.standard_normal((10 * 6 * 6, 4)).astype(np.float32)
    bias = rng.standard_normal(10).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "weights", "bias"], ["a"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("Flatten", ["b"], ["c"], "flatten"),
        helper.make_node("MatMul", ["c", "matrix"], ["y"], "matmul"),
    ]
    named = {"weights": weights, "bias": bias, "matrix": matrix}
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [numpy_helper.from_array(array, name) for name, array in named.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "n.onnx")
    np.save(folder / "x.npy", rng.standard_normal((COUNT, 3, 6, 6)).astype(np.float32))
    return folder


def test_the_program_computes_what_onnxruntime_computes_on_the_reference(network: Path, tmp_path: Path) -> None:
    x, program, reference, y = network / "x.npy", tmp_path / "n.acx", tmp_path / "r.onnx", tmp_path / "y.npy"
    made = invoke("compile", network / "n.onnx", "--calibration", x, "-o", program, "--reference", reference)
    assert made.exit_code == 0, made.output
    ran = invoke("run", program, "--input", x, "--output", y)
    assert ran.exit_code == 0, ran.output
    session = onnxruntime.InferenceSession(reference)
    wanted = [session.run(None, {"x": image[None]})[0] for image in np.load(x)]
    np.testing.assert_array_equal(np.load(y).reshape(COUNT, 1, -1), wanted)


def test_the_text_assembles_to_the_same_program(network: Path, tmp_path: Path) -> None:
    program, text, again = tmp_path / "n.acx", tmp_path / "n.s", tmp_path / "again.acx"
    assert invoke("compile", network / "n.onnx", "-o", program, "--emit-asm", text).exit_code == 0
    assert invoke("asm", text, "-o", again).exit_code == 0
    sums = [json.loads(invoke("info", one, "--format", "json").stdout)["program"]["sha256"] for one in (program, again)]
    assert sums[0] == sums[1]


def test_the_report_counts_arrays_and_what_they_do(network: Path) -> None:
    made = invoke("compile", network / "n.onnx", "--format", "json", "--mapping", "dense")
    report: dict[str, Any] = json.loads(made.stdout)
    assert report["schema"] == "acortex.compile/1"
    assert report["arrays_used"] == report["arrays_least"] == 1 + 6
    assert report["host_nodes"] == []
    conv = report["layers"][0]
    assert conv["macs"] == 6 * 6 * 27 * 10
    assert conv["utilisation"] == 27 * 10 / 64**2
    assert sum(rect["rows"] * rect["columns"] for layer in report["layers"] for rect in layer["group"]) == 7


def test_the_smallest_chip_holds_the_network_and_no_smaller_one_does(network: Path) -> None:
    taps = ("--mapping", "taps")  # with others the network fits the least memory that a chip may have
    made = invoke("compile", network / "n.onnx", "--smallest-chip", *taps, "--format", "json")
    assert made.exit_code == 0, made.output
    least = json.loads(made.stdout)["smallest_chip"]
    smaller = f"memory.capacity_kb={least['memory_kb'] - 1}"
    refused = invoke("compile", network / "n.onnx", "--set", smaller, *taps)
    assert refused.exit_code == 1
    assert f"take a chip with memory.capacity_kb={least['memory_kb']}" in refused.stderr


def test_a_network_too_large_for_its_chip_is_told_what_would_hold_it(network: Path) -> None:
    refused = invoke("compile", network / "n.onnx", "--chip", "acortex_digits", "--mapping", "taps")
    assert refused.exit_code == 1
    assert "the network takes 45 arrays, and acortex_digits has 16" in refused.stderr
    assert "arrays.m_top=" in refused.stderr


def test_a_network_runs_without_being_compiled_first(network: Path) -> None:
    ran = invoke("run", network / "n.onnx", "--input", network / "x.npy", "--format", "json")
    assert ran.exit_code == 0, ran.output
    assert len(json.loads(ran.stdout)["inferences"]) == COUNT


def test_each_layer_is_explained(network: Path) -> None:
    text = invoke("compile", network / "n.onnx", "--explain").stdout
    assert "limited by" in text and "conv" in text and "cycles" in text


def test_layers_of_long_names_can_be_told_apart(tmp_path: Path) -> None:
    """Exporters name layers by their whole path: in a pipe no name is cut so that two look alike."""
    stem = "model/" * 20
    weights = [numpy_helper.from_array(np.eye(4, dtype=np.float32), "w")]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "z")]
    nodes = [helper.make_node("MatMul", [a, "w"], [b], f"{stem}{b}") for a, b in (("x", "y"), ("y", "z"))]
    graph = helper.make_graph(nodes, "deep", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "n.onnx")
    for option in ("--explain", "--sensitivity"):
        lines = invoke("compile", tmp_path / "n.onnx", option).stdout.splitlines()
        assert len([line for line in lines if "model/y " in line and "…" in line]) == 1, option
        assert len([line for line in lines if "model/z " in line and "…" in line]) == 1, option


def test_a_large_network_that_does_not_fit_is_refused_before_its_weights_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 2100
    matrix = numpy_helper.from_array(np.zeros((size, size), np.float32), "w")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "large", ends[:1], ends[1:], [matrix])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "n.onnx")
    monkeypatch.setattr("acortex.programs.quantise.effort.calibrate", None)
    refused = invoke("compile", tmp_path / "n.onnx", "--chip", "acortex_digits")
    assert refused.exit_code == 1
    assert "the network takes 1089 arrays, and acortex_digits has 16" in refused.stderr


def test_warnings_are_part_of_the_report(network: Path) -> None:
    without = json.loads(invoke("compile", network / "n.onnx", "--format", "json").stdout)
    assert without["warnings"] == [
        "without a calibration set, ranges are chosen on random inputs; accuracy will suffer"
    ]
    calibrated = invoke("compile", network / "n.onnx", "--calibration", network / "x.npy", "--format", "json")
    assert json.loads(calibrated.stdout)["warnings"] == []


def test_nothing_is_written_where_one_file_cannot_be_made(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(graph: object) -> None:
        raise UsageError("no reference today")

    monkeypatch.setattr("acortex.programs.reference.layers.reference", fails)
    asked = ("-o", tmp_path / "n.acx", "--reference", tmp_path / "r.onnx", "--emit-asm", tmp_path / "n.s")
    assert invoke("compile", network / "n.onnx", *asked).exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        (("-o", "n.s", "--emit-asm", "n.s"), "n.s: -o and --emit-asm would write the same file"),
        (("-o", "n.npz", "--emit-asm", "n.s"), "n.npz: -o and the arrays of --emit-asm would write the same file"),
        (("--emit-asm", "n.npz"), "n.npz: --emit-asm and the arrays of --emit-asm would write the same file"),
        (("--emit-asm", 'a"b.s'), "--emit-asm cannot name"),
        (("--emit-asm", "-"), "--emit-asm writes two files"),
    ],
)
def test_paths_that_cannot_all_be_written_are_refused_first(
    paths: tuple[str, ...], told: str, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = invoke("compile", network / "n.onnx", *paths)
    assert refused.exit_code == 2
    assert told in refused.stderr
    assert list(tmp_path.iterdir()) == []


def hostile(folder: Path) -> dict[str, Path]:
    """Files that are no network that a chip could run."""
    node = helper.make_node("MatMul", ["x", "w"], ["y"], "product")
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", [1, 4]), ("y", None))
    ]
    weights = numpy_helper.from_array(np.full((4, 2), np.inf, np.float32), "w")
    graph = helper.make_graph([node], "net", ends[:1], ends[1:], [weights])
    infinite = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    contents = {"nothing": b"", "cut": infinite.SerializeToString()[:40], "infinite": infinite.SerializeToString()}
    for name, content in contents.items():
        (folder / f"{name}.onnx").write_bytes(content)
    (folder / "device.onnx").symlink_to("/dev/zero")
    return {name: folder / f"{name}.onnx" for name in (*contents, "device")}


@pytest.mark.parametrize("command", ["compile", "run", "verify", "info"])
def test_every_command_refuses_a_hostile_file_in_one_error(command: str, tmp_path: Path) -> None:
    for name, path in hostile(tmp_path).items():
        refused = invoke(command, path)
        assert refused.exit_code == 2, name
        assert isinstance(refused.exception, SystemExit), name
        lines = [line for line in refused.stderr.splitlines() if not line.startswith(("warning:", "  hint:"))]
        assert len(lines) == 1, name
        assert "product (MatMul)" in lines[0] if name == "infinite" else str(path) in lines[0]
