"""`--host auto` at the commands: what is divided, written, run, verified and refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from host_networks import Grower, attention, normalised_between
from jsonschema import validate
from onnx import save

import acortex
from acortex.errors import MissingExtra
from acortex.tools.cli import cli
from acortex.tools.schemas import find


def invoke(*arguments: object) -> Result:
    """One command line."""
    return CliRunner().invoke(cli, [str(one) for one in arguments], prog_name="acortex")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks and inputs."""
    path = tmp_path_factory.mktemp("host")
    save(attention(), path / "attention.onnx")
    save(normalised_between(), path / "norm.onnx")
    np.save(path / "x.npy", np.random.default_rng(0).standard_normal((3, 6, 16)).astype(np.float32))
    return path


@pytest.fixture(scope="module")
def compiled(folder: Path) -> dict[str, Any]:
    """The report of a compilation, whose program and reference lie beside."""
    found = invoke(
        "compile", folder / "attention.onnx", "--host", "auto", "--calibration", folder / "x.npy",
        "-o", folder / "a.acx", "--reference", folder / "ref.onnx", "--emit-asm", folder / "a.s", "--format", "json",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    report: dict[str, Any] = json.loads(found.stdout)
    return report


def test_the_parts_of_a_report_are_all_of_the_network(compiled: dict[str, Any]) -> None:
    validate(compiled, find("compile").type().json_schema())
    parts = compiled["partition"]
    assert [one["part"] for one in parts] == ["host", "chip"] * 3 + ["host"]
    assert sorted(node for one in parts for node in one["nodes"]) == sorted(
        node.name for node in attention().graph.node
    )
    assert all(one["energy_j"] is None for one in parts if one["part"] == "host")
    assert all(one["latency_s"] > 0 for one in parts)
    chip = [one for one in parts if one["part"] == "chip"]
    assert sum(one["macs"] for one in chip) == sum(one["macs"] for one in compiled["layers"])
    assert sum(one["energy_j"] for one in chip) > 0


def test_words_are_moved_once_in_each_direction(compiled: dict[str, Any]) -> None:
    """Six tokens, which go in and out of products: those of 16 numbers lie four to a word, of 32 numbers two."""
    parts = compiled["partition"]
    assert [(one["words_in"], one["words_out"]) for one in parts] == [
        (0, 2), (2, 9), (9, 2), (2, 3), (3, 2), (2, 3), (3, 0),
    ]  # fmt: skip


def test_the_program_runs_alike_from_each_form(folder: Path, compiled: dict[str, Any]) -> None:
    assert invoke("disasm", folder / "a.acx", "-o", folder / "b.s").exit_code == 0
    assert invoke("asm", folder / "b.s", "-o", folder / "b.acx").exit_code == 0
    found = []
    for program in ("a.acx", "a.s", "b.acx"):
        result = invoke("run", folder / program, "--input", folder / "x.npy", "--output", folder / "y.npy")
        assert result.exit_code == 0, result.output
        assert "host's work" in result.stdout
        found.append(np.load(folder / "y.npy"))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_a_report_of_a_run_has_the_time_of_the_host(folder: Path, compiled: dict[str, Any]) -> None:
    result = invoke("run", folder / "a.acx", "--timing-only", "--format", "json")
    report = json.loads(result.stdout)
    validate(report, find("run").type().json_schema())
    assert report["counts"]["host_operations"] > 0
    assert 0 < report["utilisation"]["host/work"]["busy"] < report["cycles"]


def test_verify_and_accuracy_take_the_option(folder: Path) -> None:
    same = invoke("verify", folder / "norm.onnx", "--host", "auto")
    assert (same.exit_code, "equal, number for number" in same.stdout) == (0, True)
    drawn = invoke("accuracy", folder / "norm.onnx", "--host", "auto", "--set", "errors.tuning_pct=20", "--chips", 2,
                   "--format", "json")  # fmt: skip
    assert drawn.exit_code == 0, drawn.output
    assert len(json.loads(drawn.stdout)["per_chip"]) == 2


def test_python_takes_the_same(folder: Path) -> None:
    x = np.random.default_rng(0).standard_normal((2, 20)).astype(np.float32)
    result = acortex.run(folder / "norm.onnx", inputs=x, host="auto")
    (name,) = result.outputs
    assert result.outputs[name].shape == (2, 12)
    made = acortex.compile(folder / "norm.onnx", host="auto", calibration=x)
    assert [row.part for row in made.report.partition] == ["chip", "host", "chip"]
    assert made.report.partition[1].latency_s == pytest.approx(1.004955e-6)  # 563 cycles of 1.785 ns


def test_a_whole_network_is_one_part_and_its_end(tmp_path: Path) -> None:
    net = Grower()
    a = net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 4))
    save(net.model(net.add("Softmax", a)), tmp_path / "n.onnx")
    for option in ([], ["--host", "auto"], ["--host", "ends"]):
        report = json.loads(invoke("compile", tmp_path / "n.onnx", *option, "--format", "json").stdout)
        assert [(one["part"], one["words_in"]) for one in report["partition"]] == [("chip", 1), ("host", 1)]
        assert report["host_nodes"] == ["softmax1"]


def test_info_and_lint_know_what_is_the_hosts(folder: Path, compiled: dict[str, Any]) -> None:
    told = json.loads(invoke("info", folder / "a.acx", "--format", "json").stdout)
    assert [one["name"] for one in told["inputs"]] == ["x"]
    assert (told["outputs"], len(told["results"]), len(told["parts"])) == ([], 1, 4)
    assert invoke("lint", folder / "a.acx", "--strict").exit_code == 0


# What is refused ----------------------------------------------------------------------------------------------------


def test_without_the_option_the_hint_names_it(folder: Path) -> None:
    found = invoke("compile", folder / "norm.onnx")
    assert found.exit_code == 1
    assert "--host auto" in found.output


@pytest.mark.parametrize("program", ["zoo:letters_mlp", "zoo:digits_cnn"])
def test_networks_of_the_zoo_need_no_host(program: str) -> None:
    found = invoke("run", program, "--host", "auto", "--timing-only")
    assert found.exit_code == 2
    assert "leave" in found.output


def test_a_program_that_is_compiled_takes_no_option(folder: Path, compiled: dict[str, Any]) -> None:
    found = invoke("run", folder / "a.acx", "--host", "auto")
    assert (found.exit_code, "--host is for networks that are compiled" in found.output) == (2, True)


def test_a_word_that_is_no_choice_is_refused(folder: Path) -> None:
    assert invoke("compile", folder / "norm.onnx", "--host", "middle").exit_code == 2


def test_without_onnxruntime_time_is_simulated_and_values_say_what_to_install(
    folder: Path, compiled: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert invoke("run", folder / "a.acx", "--timing-only").exit_code == 0
    found = invoke("run", folder / "a.acx", "--input", folder / "x.npy")
    assert found.exit_code == 2
    assert 'pip install "acortex[verify]"' in found.output
    with pytest.raises(MissingExtra):
        acortex.run(folder / "a.acx")


def test_a_part_that_is_no_model_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "p.s").write_text(
        ".chip acortex_digits\n.output y, shape=2\n.part p, shape=2\n.row 1, 2\nstart\ninference\nwork p, 1\n"
        "endinference\nhalt\n"
    )
    found = invoke("run", tmp_path / "p.s")
    assert found.exit_code == 1
    assert "onnxruntime does not take the host's p" in found.output


def test_the_debugger_shows_what_the_host_makes(folder: Path, compiled: dict[str, Any]) -> None:
    commands = folder / "commands.txt"
    made = acortex.compile(folder / "norm.onnx", host="auto", calibration=np.ones((1, 20), np.float32))
    from acortex.isa.container import save as save_program

    save_program(made.program, folder / "norm.acx")
    commands.write_text("break host/work\nrun\nprint tensor t0\nprint tensor t1\nquit\n")
    found = invoke("debug", folder / "norm.acx", "--commands", commands)
    assert found.exit_code == 0, found.output
    assert "output t0 of inference 0, 32: 1 of 1 word has reached the host" in found.stdout
    assert "input t1 of inference 0, 32: 0 of 1 word has left the host" in found.stdout
