"""`--quantise` and `--sensitivity`: what they choose, what they say, and what they are refused with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import float_models
import jsonschema
import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result

import acortex
from acortex.errors import UsageError
from acortex.programs.network.network import Network
from acortex.tools.cli import cli

Array = np.ndarray[Any, Any]


def invoke(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(cli, list(map(str, arguments)), prog_name="acortex")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    network = Network("net", input=(3, 8, 8)).conv(8, 3, name="first").relu().conv(8, 3, name="second").relu()
    onnx.save(float_models.to_onnx(network.flatten().linear(5, name="last"), 17), tmp_path / "net.onnx")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).standard_normal((6, 3, 8, 8), dtype=np.float32))
    return tmp_path / "net.onnx"


def report(*arguments: str | Path) -> dict[str, Any]:
    ran = invoke("compile", *arguments, "--format", "json")
    assert ran.exit_code == 0, ran.output
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_levels_are_the_best_where_data_are_given(model: Path) -> None:
    assert report(model, "--calibration", model.with_name("x.npy"))["quantise"] == "best"
    assert report(model)["quantise"] == "fast"
    assert report(model, "--quantise", "best")["quantise"] == "best"
    assert report(model, "--calibration", model.with_name("x.npy"), "--quantise", "fast")["quantise"] == "fast"


def test_both_ways_have_the_same_instructions_and_other_numbers(model: Path) -> None:
    x = np.load(model.with_name("x.npy"))
    fast, best = (acortex.compile(model, calibration=x, quantise=how) for how in ("fast", "best"))
    assert fast.report.instructions == best.report.instructions and fast.report.layers == best.report.layers
    assert any(not np.array_equal(fast.arrays[name], best.arrays[name]) for name in fast.arrays)


def test_the_chip_equals_the_reference_of_the_best_levels(model: Path, tmp_path: Path) -> None:
    x = model.with_name("x.npy")
    made = report(model, "--calibration", x, "--reference", tmp_path / "ref.onnx", "-o", tmp_path / "net.acx")
    assert made["quantise"] == "best"
    assert invoke("run", tmp_path / "net.acx", "--input", x, "--output", tmp_path / "y.npy").exit_code == 0
    inputs = {"input": np.load(x)[:, None]}
    (wanted,) = float_models.float_outputs(onnx.load(tmp_path / "ref.onnx"), inputs).values()
    assert np.array_equal(np.load(tmp_path / "y.npy").reshape(wanted.shape), wanted)


def test_a_run_takes_it_too(model: Path) -> None:
    x = np.load(model.with_name("x.npy"))
    runs = [acortex.run(model, inputs=x, quantise=how, timing=False).outputs for how in ("fast", "best", None)]
    (fast,), (best,), (usual,) = (run.values() for run in runs)
    assert np.array_equal(best, usual) and not np.array_equal(fast, best)


def test_sensitivity_ranks_all_layers(model: Path) -> None:
    found = report(model, "--calibration", model.with_name("x.npy"), "--sensitivity")
    rows = found["sensitivity"]
    assert {row["layer"] for row in rows} == {"first", "second", "last"}
    without = [row["output_correlation_without"] for row in rows]
    assert without == sorted(without, reverse=True) and 0.5 < found["output_correlation"] < 1
    schema = json.loads(invoke("schema", "compile").stdout)
    jsonschema.validate(found, schema)


def test_without_it_nothing_is_measured(model: Path) -> None:
    found = report(model)
    assert found["sensitivity"] == [] and found["output_correlation"] is None


def test_explain_names_the_layer_that_loses_most(model: Path) -> None:
    x = model.with_name("x.npy")
    explained = invoke("compile", model, "--calibration", x, "--explain", "--sensitivity")
    worst = report(model, "--calibration", x, "--sensitivity")["sensitivity"][0]
    (line,) = [line for line in explained.stdout.splitlines() if "loses most" in line]
    assert worst["layer"] in line and f"{worst['sqnr_db']:.1f} dB" in line
    assert "layer by layer (best)" in explained.stdout
    for name in ("first", "second", "last"):
        assert sum(line.split()[:1] in ([name], [f"{name},"]) for line in explained.stdout.splitlines()) == 2, (
            explained.stdout
        )
    assert "loses most" in invoke("compile", model, "--explain").stdout
    assert "loses most" not in invoke("compile", model).stdout


def test_networks_of_the_zoo_can_be_measured() -> None:
    found = report("zoo:letters_mlp", "--sensitivity")
    assert [row["op"] for row in found["sensitivity"]] == ["Gemm", "Gemm"] and found["quantise"] == "fast"
    assert acortex.compile("zoo:letters_mlp", sensitivity=True).report.sensitivity


@pytest.mark.parametrize("command", ["compile", "run", "verify", "accuracy", "recalibrate"])
def test_levels_of_the_zoo_are_its_own(command: str) -> None:
    ran = invoke(command, "zoo:letters_mlp", "--quantise", "best")
    assert ran.exit_code == 2 and "their own" in ran.output and "leave --quantise out" in ran.output


@pytest.mark.parametrize("command", ["run", "accuracy", "recalibrate"])
def test_what_is_compiled_already_has_its_levels(command: str, checkout: Path) -> None:
    ran = invoke(command, checkout / "programs" / "vmm.s", "--quantise", "fast")
    assert ran.exit_code == 2 and "--quantise is for networks that are compiled" in ran.output


def test_an_unknown_way_is_refused(model: Path) -> None:
    assert invoke("compile", model, "--quantise", "thorough").exit_code == 2
    with pytest.raises(UsageError, match="no way to quantise is called 'thorough'"):
        acortex.compile(model, quantise="thorough")  # type: ignore[arg-type]
