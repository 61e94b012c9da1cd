"""`acortex trace what-if`: finds the program of a trace, prints what was simulated, refuses what cannot be repeated."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from acortex.sim.advice.results import WhatIf
from acortex.tools.cli import cli
from acortex.tools.console.output import console, show
from acortex.tools.views.what_if import what_if_parts

ROOT = Path(__file__).parents[3]
RESIDUAL = ROOT / "programs" / "residual.s"
ECHO = ROOT / "tests" / "tools" / "echo.s"
PORTS = ("--setting", "memory.ports")


def acortex_(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of a program that comes with acortex."""
    path = tmp_path_factory.mktemp("what-if") / "run.actrace"
    assert acortex_("run", RESIDUAL, "--timing-only", "--trace", path).exit_code == 0
    return path


def test_a_program_that_comes_with_acortex_is_found_by_its_name(
    traced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = acortex_("trace", "what-if", traced, *PORTS, "--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    (row,) = report["rows"]
    assert report["schema"] == "acortex.what-if/1"
    path = json.loads(acortex_("trace", "critical", traced, "--format", "json").stdout)
    assert (row["path"], row["from"], row["to"], row["bound"]) == ("memory.ports", 1, 2, path["contention"])
    assert row["cycles"] < row["cycles_before"] == path["cycles"] and row["energy_j"] > 0


@pytest.mark.parametrize("beside", [True, False], ids=["beside the trace", "in the folder"])
def test_a_program_of_a_user_is_found_beside_the_trace_or_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    mine, elsewhere = tmp_path / "mine", tmp_path / "elsewhere"
    mine.mkdir()
    elsewhere.mkdir()
    (mine / "tiny.s").write_text(ECHO.read_text())
    path = (mine if beside else elsewhere) / "run.actrace"
    assert acortex_("run", mine / "tiny.s", "--timing-only", "--trace", path).exit_code == 0
    monkeypatch.chdir(elsewhere if beside else mine)
    assert acortex_("trace", "what-if", path, *PORTS).exit_code == 0
    (mine / "tiny.s").unlink()
    result = acortex_("trace", "what-if", path, *PORTS)
    assert result.exit_code == 2
    assert (
        "run.actrace: the program of the trace, echo with sha256 " in result.stderr and "is not found" in result.stderr
    )
    assert "hint: give it: --program PROGRAM, as `acortex run` takes it" in result.stderr


def test_a_program_that_was_changed_is_not_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "echo.s"
    shutil.copy(ECHO, source)
    assert acortex_("run", source, "--timing-only", "--trace", "run.actrace").exit_code == 0
    source.write_text(source.read_text().replace("stride=0", "stride=1") + "        nonsense\n")
    result = acortex_("trace", "what-if", "run.actrace")
    assert result.exit_code == 2 and "is not found; not echo.s" in result.stderr
    result = acortex_("trace", "what-if", "run.actrace", "--program", RESIDUAL)
    assert result.exit_code == 2 and "residual is not the program of the trace" in result.stderr


def test_a_trace_without_a_path_is_refused_before_its_program_is_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "coarse.actrace"
    acortex_("run", RESIDUAL, "--timing-only", "--trace", path, "--trace-level", "layers")
    result = acortex_("trace", "what-if", path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 2)
    assert "does not hold every event" in result.stderr


def row(path: str, cycles: int, bound: int | None, **more: Any) -> dict[str, Any]:
    """A row that is better from 1 to 2."""
    energy = {"energy_j": 1e-9, "energy_aj": 10**9, "slower": None}
    return {"path": path, "from": 1, "to": 2, "cycles": cycles, "cycles_before": 1000, "bound": bound, **energy, **more}


SLOWER = {
    "unit": "main_memory/read", "name": "port", "held_by": "host/in", "line": "a.s:3", "text": "input x, d0",
    "cycles": [4, 144],
}  # fmt: skip
REPORT = {
    "program": "toy", "chip": "acortex_digits", "cycles": 1000, "energy_j": 1e-9, "energy_aj": 10**9, "contention": 44,
    "rows": [
        row("memory.ports", 900, 144),
        row("arrays.overlap_loads", 950, None, **{"from": False, "to": True}),
        row("memory.banks", 1000, 0),
        row("host.word_cycles", 1140, 60, slower=SLOWER),
        row("memory.ports + arrays.overlap_loads", 850, None, **{"from": [1, False], "to": [2, True]}),
    ],
}  # fmt: skip


def test_people_see_what_gains_what_does_nothing_and_what_makes_it_slower(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    show(console(), what_if_parts(WhatIf.model_validate(REPORT)))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "toy on acortex_digits: 1,000 cycles, 1.00 nJ"
    assert "memory.ports 1 2 900 100 10.0 % 144 1.00 nJ" in lines
    assert "arrays.overlap_loads false true 950 50 5.0 % - 1.00 nJ" in lines
    assert "memory.ports + arrays.overlap_loads 850 150 15.0 % - 1.00 nJ" in lines
    assert "No cycle and no energy: memory.banks." in lines
    slower = " ".join(filter(None, lines[lines.index("Slower, though better") + 1 :]))
    assert slower.startswith(
        "host.word_cycles: 140 cycles more main_memory/read waits 144 cycles for port, before 4, held by host/in "
        "(a.s:3 input x, d0) Each bound counts 44 cycles of waits for ports, banks and lanes"
    )
