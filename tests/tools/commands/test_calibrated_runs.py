"""Networks that a run compiles: on which inputs ranges are chosen, with which mapping, and what says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

import acortex
from acortex.errors import UsageError
from acortex.programs.front import FIRST_INPUTS, drawn
from acortex.tools.cli import cli

Array = np.ndarray[Any, Any]


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)), prog_name="acortex")


def network(folder: Path, kind: int = TensorProto.FLOAT) -> Path:
    """A product of four inputs, given as `kind`, whose float outputs `y` are told of."""
    weights = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["x"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["real", "w"], ["y"]),
    ]
    ends = [("x", kind, [1, 4]), ("y", TensorProto.FLOAT, [1, 3])]
    first, last = (helper.make_tensor_value_info(*end) for end in ends)
    graph = helper.make_graph(nodes, "net", [first], [last], [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "net.onnx")
    return folder / "net.onnx"


def far(count: int, scale: float = 1000.0) -> Array:
    """Inputs far from those that are drawn without any."""
    return (np.random.default_rng(1).standard_normal((count, 4)) * scale).astype(np.float32)


def exact(model: Path, inputs: Array) -> Array:
    from onnx.reference import ReferenceEvaluator

    running = ReferenceEvaluator(onnx.load(model))
    return np.concatenate([running.run(None, {"x": row[None]})[0] for row in inputs])


def test_a_run_chooses_ranges_on_its_own_inputs(tmp_path: Path) -> None:
    model, inputs = network(tmp_path), far(5)
    np.save(tmp_path / "x.npy", inputs)
    ran = invoke(
        "run", model, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy", "--functional-only",
        "--format", "json",
    )  # fmt: skip
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["calibration"] == "the 5 inputs of the run"
    assert ran.stderr == "ranges are chosen on the 5 inputs of the run; --calibration X.npy gives others\n"
    wanted, found = exact(model, inputs), np.load(tmp_path / "y.npy")
    assert np.abs(found - wanted).max() < 0.2 * np.abs(wanted).max()


def test_of_many_inputs_the_first_are_taken(tmp_path: Path) -> None:
    model, inputs = network(tmp_path), far(FIRST_INPUTS + 3)
    inputs[FIRST_INPUTS:] = 1e6  # would widen all ranges
    given = acortex.run(model, inputs=inputs, timing=False)
    assert given.report.calibration == f"the first {FIRST_INPUTS} of {FIRST_INPUTS + 3} inputs of the run"
    few = acortex.run(model, inputs=inputs[:FIRST_INPUTS], timing=False)
    assert few.report.calibration == f"the {FIRST_INPUTS} inputs of the run"
    assert np.array_equal(given.outputs["y"][:FIRST_INPUTS], few.outputs["y"])


def test_a_run_of_time_alone_adapts_no_levels_and_takes_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, inputs = network(tmp_path), far(9)
    whole = acortex.run(model, inputs=inputs).report
    monkeypatch.setattr("acortex.programs.quantise.effort.layers_with_adapted_levels", None)
    with pytest.raises(TypeError):
        acortex.run(model, inputs=inputs)
    timed = acortex.run(model, inputs=inputs, values=False).report
    assert (timed.cycles, timed.energy_aj) == (whole.cycles, whole.energy_aj)


def test_levels_are_adapted_for_a_run_of_time_alone_where_instructions_depend_on_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = onnx.load(network(tmp_path))
    made.graph.node[1].output[0] = "sums"
    made.graph.node.append(helper.make_node("Erf", ["sums"], ["y"]))  # a table of as many columns as it has bends
    onnx.save(made, tmp_path / "net.onnx")
    monkeypatch.setattr("acortex.programs.quantise.effort.layers_with_adapted_levels", None)
    with pytest.raises(TypeError):
        acortex.run(tmp_path / "net.onnx", inputs=far(9), values=False)


def test_a_large_network_is_evaluated_on_fewer_inputs(tmp_path: Path) -> None:
    from acortex.programs.front import MOST_AT_ONCE, MOST_MACS, as_model, first_inputs
    from acortex.programs.network.network import Network
    from acortex.programs.operators.normalise import normalise

    few = {
        name: first_inputs(normalise(as_model(made)))
        for name, made in {
            "small": Network("small", input=(4,)).linear(3),
            "work": Network("work", input=(64, 128, 128)).conv(256, 3),
            "cells": Network("cells", input=(64, 1000)).lstm(1000),
            "room": Network("room", input=(3, 1024, 1024)).max_pool(2),
        }.items()
    }
    assert few["small"] == FIRST_INPUTS
    assert few["work"] == MOST_MACS // (126 * 126 * 64 * 9 * 256)
    assert few["cells"] == min(FIRST_INPUTS, MOST_MACS // (64 * 2000 * 4000))
    assert few["room"] == MOST_AT_ONCE // (3 * 1024 * 1024)
    assert all(1 <= number < FIRST_INPUTS for name, number in few.items() if name in ("work", "room"))


def test_a_calibration_set_comes_before_the_inputs(tmp_path: Path) -> None:
    model = network(tmp_path)
    np.save(tmp_path / "x.npy", far(2, 0.01))
    np.save(tmp_path / "set.npy", far(9))
    calibrated = ("--calibration", tmp_path / "set.npy", "--format", "json")
    ran = invoke("run", model, "--input", tmp_path / "x.npy", *calibrated)
    assert json.loads(ran.stdout)["calibration"] == "9 inferences of the calibration set"
    assert ran.stderr == ""
    program = tmp_path / "net.acx"
    assert invoke("compile", model, "-o", program, *calibrated).exit_code == 0
    sums = [json.loads(done.stdout)["program"]["sha256"] for done in (ran, invoke("run", program, "--format", "json"))]
    assert sums[0] == sums[1]


def test_without_data_a_warning_says_what_was_drawn(tmp_path: Path) -> None:
    ran = invoke("run", network(tmp_path), "--format", "json")
    assert "ranges are chosen on random inputs" in ran.stderr
    assert json.loads(ran.stdout)["calibration"] == "4 seeded random inputs"


@pytest.mark.parametrize("kind", ["uint8", "int8", "int32", "bool"])
def test_integers_are_drawn_by_their_type(tmp_path: Path, kind: str) -> None:
    model = network(tmp_path, helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
    information = acortex.compile(model).program.inputs[0]
    top = (15 - information.zero) * information.scale
    wanted = {"uint8": 255, "int8": 127, "int32": 255, "bool": 1}[kind]
    assert 0.8 * wanted <= top <= 1.2 * wanted
    rows = drawn(np.random.default_rng(0), kind, (2000,))
    low = {"int8": -128}.get(kind, 0)
    assert (rows.dtype, rows.min(), rows.max()) == (np.dtype(kind), low, wanted)


def test_what_is_compiled_already_takes_no_options_of_the_compiler(tmp_path: Path) -> None:
    program = tmp_path / "net.acx"
    assert invoke("compile", network(tmp_path), "-o", program).exit_code == 0
    for option, *value in (("--mapping", "dense"), ("--calibration", "x.npy"), ("--dim", "a=3"), ("--fill-weights",)):
        for one in (program, "zoo:digits_mlp"):
            refused = invoke("run", one, option, *value)
            assert refused.exit_code == 2
            assert f"error: {option} is for networks that are compiled" in refused.stderr
    with pytest.raises(UsageError, match="--mapping is for networks that are compiled"):
        acortex.run(acortex.compile(tmp_path / "net.onnx").program, mapping="dense")


def test_networks_of_the_zoo_keep_their_own_data() -> None:
    refused = invoke("run", "zoo:letters_mlp", "--calibration", "x.npy")
    assert refused.exit_code == 2
    assert "networks of the zoo are calibrated with their own data" in refused.stderr
    for command in ("run", "compile"):
        refused = invoke(command, "zoo:letters_mlp", "--fill-weights")
        assert refused.exit_code == 2
        assert "networks of the zoo lack no weights" in refused.stderr


def test_an_input_that_does_not_fit_is_said_to_be_one(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 5)))
    refused = invoke("run", network(tmp_path), "--input", tmp_path / "x.npy")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("input x: the array has shape (2, 5)")


def convolution(folder: Path) -> Path:
    """A convolution of few channels, whose taps fit into one array together."""
    kernel = np.random.default_rng(0).standard_normal((8, 3, 3, 3)).astype(np.float32)
    ends = [("x", TensorProto.FLOAT, [1, 3, 10, 10]), ("y", TensorProto.FLOAT, [1, 8, 8, 8])]
    first, last = (helper.make_tensor_value_info(*end) for end in ends)
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"])]
    graph = helper.make_graph(nodes, "net", [first], [last], [numpy_helper.from_array(kernel, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "conv.onnx")
    return folder / "conv.onnx"


def test_a_run_takes_the_mapping_that_is_asked_for(tmp_path: Path) -> None:
    model = convolution(tmp_path)
    arrays = {
        mapping: json.loads(invoke("compile", model, *mapping, "--format", "json").stdout)["arrays_used"]
        for mapping in ((), ("--mapping", "best"), ("--mapping", "taps"))
    }
    assert arrays[()] == arrays["--mapping", "best"] < arrays["--mapping", "taps"]
    ran = [
        json.loads(invoke("run", model, "--timing-only", *mapping, "--format", "json").stdout)["cycles"]
        for mapping in arrays
    ]
    assert ran[0] == ran[1] < ran[2]
    with pytest.raises(UsageError, match="no mapping is called 'bets'"):
        acortex.compile("zoo:letters_mlp", mapping="bets")  # type: ignore[arg-type]  # so a user may write


def test_the_papers_networks_keep_the_mapping_that_its_figures_rest_on() -> None:
    from acortex.programs import zoo

    taps = {entry.name for entry in zoo.ENTRIES if entry.mapping == "taps"}
    assert taps == {"inception_v1", "resnet152", "resnet152_as_tabulated", "gnmt"}


def test_missing_weights_are_drawn_for_time_and_energy(tmp_path: Path) -> None:
    model = onnx.load(network(tmp_path))
    path = tmp_path / "apart.onnx"
    onnx.save(model, path, save_as_external_data=True, size_threshold=0, location="apart.bin")
    with_weights = json.loads(invoke("run", path, "--timing-only", "--format", "json").stdout)
    (tmp_path / "apart.bin").unlink()
    refused = invoke("run", path, "--timing-only")
    assert refused.exit_code == 2
    assert "--fill-weights draws random numbers" in refused.stderr
    ran = invoke("run", path, "--timing-only", "--fill-weights", "--format", "json")
    assert ran.exit_code == 0, ran.output
    assert "the weights of 1 tensor, such as w, are missing: random numbers stand for them" in ran.stderr
    report = json.loads(ran.stdout)
    assert (report["cycles"], report["energy_aj"]) == (with_weights["cycles"], with_weights["energy_aj"])
    assert acortex.compile(path, fill_weights=True).report.warnings[0].startswith("the weights of 1 tensor")


def test_a_trace_of_other_ranges_says_how_to_record_one_that_can_be_run_again(tmp_path: Path) -> None:
    model = network(tmp_path)
    np.save(tmp_path / "x.npy", far(2))
    assert invoke("run", model, "--input", tmp_path / "x.npy", "--trace", tmp_path / "r.actrace").exit_code == 0
    refused = invoke("trace", "what-if", tmp_path / "r.actrace", "--program", model)
    assert refused.exit_code == 2
    assert "net.onnx does not compile to the program of the trace" in refused.stderr
    assert "--calibration X.npy -o net.acx, run that, and give it here" in " ".join(refused.stderr.split())
    program, trace = tmp_path / "net.acx", tmp_path / "s.actrace"
    assert invoke("compile", model, "--calibration", tmp_path / "x.npy", "-o", program).exit_code == 0
    assert invoke("run", program, "--trace", trace).exit_code == 0
    assert invoke("trace", "what-if", trace, "--program", program).exit_code == 0
