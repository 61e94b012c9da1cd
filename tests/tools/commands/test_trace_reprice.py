"""`acortex trace reprice` of traces whose reports leave something out, or hold what is no energy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hostile_traces import Parts, put_together, take_apart

from acortex.tools.cli import cli

ECHO = Path(__file__).parents[1] / "echo.s"
Reprice = Callable[[Callable[[Parts], Any]], Result]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The trace of the smallest run."""
    path = tmp_path_factory.mktemp("echo") / "run.actrace"
    assert CliRunner().invoke(cli, ["run", str(ECHO), "--timing-only", "--trace", str(path)]).exit_code == 0
    return path.read_bytes()


@pytest.fixture
def reprice(data: bytes, tmp_path: Path) -> Reprice:
    """reprice(change): what is printed of the trace with something changed in it."""

    def changed(change: Callable[[Parts], Any]) -> Result:
        parts = take_apart(data)
        change(parts)
        (tmp_path / "run.actrace").write_bytes(put_together(parts))
        return CliRunner().invoke(cli, ["trace", "reprice", str(tmp_path / "run.actrace"), "--format", "json"])

    return changed


def test_parts_that_a_report_does_not_name_took_nothing(reprice: Reprice) -> None:
    def change(parts: Parts) -> None:
        parts.summary["layers"] = []
        del parts.summary["energy_by_component_aj"]["others"]
        parts.header["layers"] = [*parts.header["layers"], "new"]

    found = json.loads(reprice(change).stdout)
    before, after = zip(*(row["energy_aj"] for row in found["layers"]), strict=True)
    assert (before, after[1]) == ((0, 0, 0), 0)
    assert [row["name"] for row in found["layers"]] == ["copy", "new", "-"]
    assert found["energy_by_component_aj"]["others"] == [0, 2 * 2_915_286]


@pytest.mark.parametrize("energy", [0, -5, 10**48 - 1, -(10**48) + 1])
def test_an_energy_is_any_whole_number_that_a_run_may_have(reprice: Reprice, energy: int) -> None:
    found = json.loads(reprice(lambda parts: parts.summary.update(energy_aj=energy)).stdout)
    assert found["energy_aj"][0] == energy
    assert found["energy_j"][0] == pytest.approx(energy / 10**18)


@pytest.mark.parametrize("energy", [10**48, -(10**48), 1.5, True, None, "9"])
def test_what_is_no_energy_is_refused(reprice: Reprice, energy: object, tmp_path: Path) -> None:
    for change in (
        lambda parts: parts.summary.update(energy_aj=energy),
        lambda parts: parts.summary["layers"][0].update(energy_aj=energy),
        lambda parts: parts.summary["energy_by_component_aj"].update(dacs=energy),
    ):
        result = reprice(change)
        error = json.loads(result.stdout)
        assert (result.exit_code, error["schema"]) == (2, "acortex.error/1")
        (one,) = error["errors"]
        assert (one["message"], one["where"]) == ("has no report of the run's energy", str(tmp_path / "run.actrace"))


@pytest.mark.parametrize("name", ["energy_aj", "energy_by_component_aj", "layers"])
def test_a_trace_without_a_part_of_its_report_is_refused(reprice: Reprice, name: str) -> None:
    assert "has no report of the run's energy" in reprice(lambda parts: parts.summary.pop(name)).stdout
    assert "has no report of the run's energy" in reprice(lambda parts: parts.summary.update({name: [5]})).stdout


@pytest.mark.parametrize("clock_ns", [1.785, 3.57])
def test_time_and_power_are_those_of_the_new_clock(data: bytes, tmp_path: Path, clock_ns: float) -> None:
    """27 cycles, as many as were recorded, of its cycles."""
    path = tmp_path / "run.actrace"
    path.write_bytes(data)
    options = ["trace", "reprice", str(path), "--set", f"clock_ns={clock_ns}", "--format", "json"]
    found = json.loads(CliRunner().invoke(cli, options).stdout)
    assert found["cycles"] == 27
    assert found["latency_s"] == pytest.approx(27 * clock_ns * 1e-9, rel=1e-12)
    assert found["power_w"] == pytest.approx(found["energy_j"][1] / found["latency_s"], rel=1e-12)
