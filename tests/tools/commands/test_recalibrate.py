"""`acortex recalibrate`: what it prints, the file that it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import acortex
from acortex.isa import container
from acortex.programs import zoo
from acortex.tools.cli import cli

FALLEN = ("--set", "errors.drift_exponent=0.02", "--set", "errors.age_s=1e6")


def invoke(*options: str) -> Result:
    return CliRunner().invoke(cli, ["recalibrate", *options], prog_name="acortex")


@pytest.fixture
def digits(tmp_path: Path) -> str:
    path = tmp_path / "digits.npy"
    np.save(path, zoo.load("digits_mlp").samples["image"][:20])
    return str(path)


def test_the_report_says_what_was_measured_and_the_file_has_it(tmp_path: Path, digits: str) -> None:
    path = tmp_path / "later.acx"
    result = invoke("zoo:digits_mlp", *FALLEN, "--input", digits, "--chips", "2", "-o", str(path), "--format", "json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["chips"], report["inputs"], report["seed"], report["output"]) == (2, 20, 1, str(path))
    assert [row["layers"] for row in report["scales"]] == [["hidden"], ["output"]]
    inputs = np.load(digits)
    settings = list(FALLEN[1::2])
    expected = acortex.recalibrate("zoo:digits_mlp", settings=settings, inputs=inputs, chips=2, progress=None)
    assert np.array_equal(container.load(path).words, expected.program.words)
    assert report["scales"] == json.loads(expected.report.model_dump_json())["scales"]


def test_the_text_names_layers_shares_and_what_measuring_takes(digits: str) -> None:
    result = invoke("zoo:digits_mlp", *FALLEN, "--input", digits, "--chips", "1")
    assert result.exit_code == 0, result.output
    assert "digits_mlp measured on 1 chip" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith(("  hidden", "  output"))]
    assert len(rows) == 2 and all(74 < float(row[1]) < 77 for row in rows)
    assert "300 array operations, 1,480 conversions, once." in result.stdout
    assert "Nothing was written: -o OUT.acx writes the program with these scales." in result.stdout


def test_a_chip_without_errors_is_answered_with_what_to_state() -> None:
    result = invoke("zoo:digits_mlp", "--set", "arrays.cell=digital_sram")
    assert result.exit_code == 2
    assert "acortex_digits states no errors, and the scales of the program are right for it" in result.stderr
    assert "--set errors.wire_row_ohm=5" in result.stderr


def test_an_error_that_needs_another_setting_is_told() -> None:
    result = invoke("zoo:digits_mlp", "--set", "errors.wire_row_ohm=5")
    assert result.exit_code == 2
    assert "errors.wire_row_ohm needs errors.cell_full_scale_us" in result.stderr


def test_the_program_is_not_written_over_its_inputs(digits: str) -> None:
    result = invoke("zoo:digits_mlp", *FALLEN, "--input", digits, "-o", digits)
    assert result.exit_code == 2
    assert "-o" in result.stderr and "--input" in result.stderr


def test_the_program_is_not_written_over_the_calibration_set(digits: str) -> None:
    result = invoke("net.onnx", *FALLEN, "--calibration", digits, "-o", digits)
    assert result.exit_code == 2
    assert "-o" in result.stderr and "--calibration" in result.stderr


@pytest.mark.parametrize("chips", [0, 10_001])
def test_a_number_of_chips_out_of_range_is_refused_in_python(chips: int) -> None:
    with pytest.raises(acortex.AcortexError, match=rf"chips is {chips}: allowed is a whole number from 1 to 10000"):
        acortex.recalibrate("zoo:digits_mlp", settings=list(FALLEN[1::2]), chips=chips)


def test_a_network_is_compiled_as_it_is_for_a_run(tmp_path: Path) -> None:
    """On the ranges of calibration inputs: ten times larger ones make a code of the input stand for ten times more."""
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    weights = onnx.numpy_helper.from_array(np.eye(16, 8, dtype=np.float32), "w")
    x, y = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, size]) for name, size in (("x", 16), ("y", 8))
    )
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"], name="one")], "small", [x], [y], [weights])
    model = tmp_path / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), str(model))
    given = np.random.default_rng(1).random((20, 16), dtype=np.float32)
    np.save(tmp_path / "x.npy", given)
    np.save(tmp_path / "wide.npy", given * 10)
    scales = []
    for calibration in ("x", "wide"):
        given_too = ("--input", f"{tmp_path}/x.npy", "--calibration", f"{tmp_path}/{calibration}.npy", "--chips", "1")
        result = invoke(str(model), *FALLEN, *given_too, "-o", f"{tmp_path}/{calibration}.acx")
        assert result.exit_code == 0, result.output
        scales.append(container.load(tmp_path / f"{calibration}.acx").inputs[0].scale)
    assert scales[1] == pytest.approx(10 * scales[0], rel=1e-3)
