"""The Python interface: what `import acortex` gives, and what a type checker says of a user's mistakes."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import acortex
from acortex.errors import UsageError
from acortex.sim.chip.specs import load_chip
from acortex.sim.results import RunReport
from acortex.sim.run import Prepared, Result, Values
from acortex.tools.open.networks import SIZES

FOUR = np.zeros((4, 784), dtype=np.uint8)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return acortex.prepare("zoo:digits_mlp", inputs=FOUR, labels=np.zeros(4, dtype=np.int64))


def test_a_prepared_program_gives_values_time_and_both(prepared: Prepared) -> None:
    values, time, both = prepared.values(), prepared.time(), prepared.run()
    assert type(values) is Values
    assert type(time) is type(both) is Result
    assert values.outputs["scores"].tolist() == both.outputs["scores"].tolist()
    assert time.outputs == {}
    assert time.cycles == both.cycles
    assert time.report.model_copy(update={"accuracy": both.report.accuracy}) == both.report


def test_no_option_changes_what_a_report_holds(prepared: Prepared) -> None:
    names = list(RunReport.model_fields)
    for report in (prepared.values().report, prepared.time().report, prepared.run().report):
        assert list(type(report).model_fields) == names
        assert len(report.as_dict()) == len(names)


@pytest.mark.parametrize("options", [{}, {"inputs": {"image": FOUR.tolist()}}, {"timing": False}], ids=str)
def test_a_run_is_held_to_what_its_network_should_give_as_the_command_does(options: dict[str, Any]) -> None:
    checked = acortex.run("zoo:digits_mlp", **options).report.verification
    assert checked is not None and checked.equal and checked.codes == 10 * (4 if "inputs" in options else 1500)


@pytest.mark.parametrize("options", [{"max_cycles": 500}, {"values": False}, {"noise_seed": 1}], ids=str)
def test_a_part_of_a_run_and_a_chip_with_errors_are_held_to_nothing(options: dict[str, Any]) -> None:
    assert acortex.run("zoo:digits_mlp", inputs=FOUR, **options).report.verification is None


def test_a_run_without_time_says_that_it_has_no_cycles() -> None:
    result = acortex.run("zoo:digits_mlp", inputs=FOUR, timing=False)
    assert result.report.cycles is None
    for name in ("cycles", "latency_s", "energy_j"):
        with pytest.raises(UsageError, match=f"this run has no {name}: it simulated no time"):
            getattr(result, name)


def test_what_is_shown_of_a_result_is_short_and_says_what_one_wants_to_know(
    prepared: Prepared,
) -> None:
    result = prepared.run()
    for text in (repr(result), repr(result.report), repr(prepared), repr(prepared.values())):
        assert len(text) < 300
        assert "digits_mlp" in text
        assert "acortex_digits" in text
    assert f"cycles={result.cycles:,}" in repr(result)
    assert f"{result.cycles:,} cycles of" in result._repr_html_()
    page = result.report._repr_html_()
    assert f"<td>{result.cycles:,}</td>" in page
    assert "<th>energy_j</th>" in page


def test_what_a_notebook_shows_of_a_program_a_chip_and_what_is_made_of_them_is_a_line() -> None:
    program = acortex.compile("zoo:digits_cnn").program
    assert repr(program) == "Program(digits_cnn for acortex_inception, 100 instructions)"
    chip = load_chip("acortex_digits", ["memory.ports=2"])
    assert repr(chip) == str(chip) == "Chip(acortex_digits with 1 other setting)"
    debugger = acortex.debug("zoo:digits_mlp", inputs=FOUR)
    debugger.cycles(3)
    assert repr(debugger) == "Debugger(digits_mlp on acortex_digits, cycle 3)"
    found = acortex.recalibrate("zoo:digits_mlp", inputs=FOUR, chips=2, settings=["errors.tuning_pct=5"])
    assert repr(found) == "Recalibrated(digits_mlp for acortex_digits, 2 scales)"


def test_inferences_as_a_table_of_pandas(prepared: Prepared) -> None:
    result = prepared.run()
    table = result.report.to_pandas()
    assert len(table) == 4
    assert table["energy_aj"].sum() == result.report.energy_aj
    assert "energy_by_component_aj.main_memory" in table.columns


def test_a_network_is_compiled_for_the_smallest_chip_that_holds_it() -> None:
    compiled = acortex.compile("zoo:digits_cnn", smallest_chip=True)
    sizes = compiled.report["smallest_chip"]
    assert compiled.report["arrays_in_chip"] == (sizes["m_top"] + sizes["m_bottom"]) * 2 * sizes["n"]
    assert len(repr(compiled)) < 300
    assert f"{compiled.report['arrays_used']:,} of {compiled.report['arrays_in_chip']:,} arrays" in repr(compiled)
    assert onnx.load_model_from_string(compiled.reference()).graph.node
    known = [(path, sizes[part]) for part, paths in SIZES.items() for path in paths]
    settings = [f"{path}={size}" for path, size in known if size is not None]
    assert acortex.run(compiled.program, "acortex_gnmt", settings=settings, inputs=FOUR).report.accuracy is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: acortex.assemble(b"halt"), "a source is a str, and bytes was given"),
        (lambda: acortex.assemble(None), "a source is a str, and NoneType was given"),
        (lambda: acortex.open_trace(None), "a trace is the path of a file, and NoneType was given"),
        (
            lambda: acortex.run("zoo:digits_mlp", inputs=np.broadcast_to(np.uint8(0), (10**9, 784))),
            "the inputs hold 784,000,000,000 numbers, at most 1,073,741,824 are taken",
        ),
        (lambda: acortex.run("zoo:digits_mlp", inputs=FOUR, observers=[print]), "an observer has the methods emit"),
    ],
)
def test_a_value_of_a_wrong_kind_is_a_usage_error(call: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"chip": 3}, "chip is of type int"),
        ({"settings": None}, "settings are a list of texts"),
        ({"chip": "own", "settings": ["memory.banks=8"]}, "settings lie over a chip that is named"),
        ({"chip": "own", "smallest_chip": True}, "smallest_chip lays sizes over a chip that is named"),
    ],
)
def test_a_network_is_compiled_for_no_other_chip_than_was_asked_for(options: dict[str, Any], told: str) -> None:
    given = {name: load_chip("acortex_inception") if value == "own" else value for name, value in options.items()}
    with pytest.raises(UsageError, match=told):
        acortex.compile("zoo:digits_cnn", **given)


def test_settings_over_a_chip_that_is_given_whole_are_refused() -> None:
    with pytest.raises(UsageError, match="settings lie over a chip that is named"):
        acortex.run("zoo:digits_mlp", load_chip("acortex_digits"), settings=["memory.access_cycles=3"], inputs=FOUR)


USER = """
import acortex
import numpy as np

result = acortex.run("zoo:digits_mlp", values=False, inputs=np.zeros((1, 784)))
cycles: int = result.cycles
energy: float = result.energy_j
unit: str = result.report.waits[0].unit if result.report.waits else "-"
values = acortex.prepare("zoo:digits_mlp").values()
rows = acortex.open_trace("run.actrace")
program = acortex.assemble("halt", file="p.s")
compiled = acortex.compile("model.onnx", smallest_chip=True)
again = acortex.run(compiled.program)
"""

MISTAKES = {
    'acortex.run("zoo:digits_mlp", max_cycle=5)': 'Unexpected keyword argument "max_cycle" for "run"',
    'acortex.run("zoo:digits_mlp", trace_level="event")': "incompatible type \"Literal['event']\"",
    'acortex.prepare("zoo:digits_mlp", imputs=None)': 'Unexpected keyword argument "imputs" for "prepare"',
    'acortex.prepare("zoo:digits_mlp").run(timing=False)': 'Unexpected keyword argument "timing" for "run"',
    'acortex.compile("model.onnx", calibrate="x.npy")': 'Unexpected keyword argument "calibrate" for "compile"',
    "result.report.cylces": '"RunReport" has no attribute "cylces"',
    'acortex.assemble("halt", files="p.s")': 'Unexpected keyword argument "files" for "assemble"',
    'acortex.open_trace(trace="run.actrace")': 'Unexpected keyword argument "trace" for "open"',
}


@pytest.mark.slow
def test_a_type_checker_takes_a_user_s_program_and_finds_each_mistake(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "acortex").symlink_to(checkout)
    source = tmp_path / "user.py"
    lines = USER.strip().splitlines() + list(MISTAKES)
    source.write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--namespace-packages", "--explicit-package-bases", "user.py"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600).stdout
    first = len(USER.strip().splitlines()) + 1
    for number, message in enumerate(MISTAKES.values(), start=first):
        assert any(line.startswith(f"user.py:{number}: error:") and message in line for line in found.splitlines())
    assert found.count("user.py:") - found.count(": note:") == len(MISTAKES)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"labels": [0.5]}, "labels: has shape"),
        ({"labels": np.array([1 << 63], np.uint64)}, "labels: has the label"),
        ({"inputs": [[1], [1, 2]]}, "it is no array"),
        ({"inputs": np.array([[None]])}, "the array holds objects"),
        ({"inputs": np.ma.masked_array([[1]], mask=True)}, "the array is masked"),
        ({"settings": "memory.banks=16"}, "settings are a list"),
        ({"chip": 3}, "chip is of type int"),
        ({"trace": "-"}, "no path of a file"),
        ({"trace": "a\0b"}, "no path of a file"),
        ({"trace_level": "x"}, "a trace has no level 'x'"),
        ({"settings": [3]}, "settings are a list"),
        ({"timing": False, "trace": "t.actrace"}, "a trace needs time"),
        ({"timing": False, "values": False}, "leave nothing to do"),
        ({"values": False, "noise_seed": 1}, "noise_seed needs values"),
        ({"values": False, "data_energy": True}, "data_energy needs values"),
    ],
)
def test_what_a_call_cannot_mean_is_one_error_with_a_hint(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        acortex.run("zoo:digits_mlp", **options)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: acortex.serve(None), "system is of type NoneType"),  # type: ignore[arg-type]
        (lambda: acortex.serve("zoo:digits_mlp", arrivals=3), "arrivals is of type int"),  # type: ignore[arg-type]
        (lambda: acortex.sweep(3, "folder"), "spec is of type int"),  # type: ignore[arg-type]
        (lambda: acortex.sweep("spec.toml", None), "folder is of type NoneType"),  # type: ignore[arg-type]
        (lambda: acortex.sweep("spec.toml", "folder", workers=0), "workers is 0"),
        (lambda: acortex.sweep("spec.toml", "folder", samples=3), "samples is 3"),
        (lambda: acortex.optimise(["a"], "folder"), "spec is of type list"),  # type: ignore[arg-type]
        (lambda: acortex.optimise("spec.toml", "folder", trials=0), "trials is 0"),
        (lambda: acortex.run("zoo:digits_mlp", trace=3), "trace is of type int"),  # type: ignore[arg-type]
    ],
)
def test_what_is_of_another_type_or_out_of_range_is_one_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: Callable[[], object], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text('program = "zoo:digits_mlp"\n[axes]\n"memory.ports" = [1, 2]\n')
    with pytest.raises(UsageError, match=told):
        call()
    assert [path.name for path in tmp_path.iterdir()] == ["spec.toml"]


DOCS = Path(__file__).parents[2] / "docs"


def test_the_calls_that_the_manual_names_are_there() -> None:
    named = {name for page in DOCS.rglob("*.md") for name in re.findall(r"`(acortex(?:\.\w+)+)\(", page.read_text())}
    assert len(named) > 30
    for name in named:
        assert callable(pkgutil.resolve_name(name)), name
