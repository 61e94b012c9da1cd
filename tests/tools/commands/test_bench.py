"""`acortex bench`: every row is measured and judged; how fast this machine is decides nothing here."""

from __future__ import annotations

import json
import math

import pytest
from click.testing import CliRunner

from acortex.programs.convolution import Convolution
from acortex.tools import benchmarks
from acortex.tools.benchmarks import Benchmark
from acortex.tools.cli import cli

ROWS = [
    "core_events", "array_operations", "simpy_interface", "trace_cost", "trace_bytes_per_event", "scaling_exponent",
    "values_conv", "values_resnet152", "assembler_lines", "startup",
]  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same measurements on layers of a few positions."""
    monkeypatch.setattr(benchmarks, "BENCH", Convolution(6, 64, 64))
    monkeypatch.setattr(benchmarks, "NETWORK", "letters_mlp")


@pytest.mark.usefixtures("small")
def test_every_row_has_a_value_beside_its_limit_in_json_and_in_text() -> None:
    result = CliRunner().invoke(cli, ["bench", "--quick", "--format", "json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["schema"] == "acortex.bench/1"
    assert set(report["machine"]) >= {"python", "numpy", "simpy", "cores"}
    assert [row["name"] for row in report["rows"]] == ROWS
    for row in report["rows"]:
        assert math.isfinite(row["value"]) and row["unit"]
        if row["limit"] is not None:
            assert row["ratio"] == pytest.approx(row["value"] / row["limit"])
            assert isinstance(row["holds"], bool) and row["reach"] > 0


def test_the_table_shows_value_unit_limit_ratio_reach_and_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Benchmark("speed", 1500.0, "events/s", 3000.0, 0.7, against="a bare loop"), Benchmark("size", 3.0, "bytes")]
    monkeypatch.setattr(benchmarks, "measure", lambda quick, tick: rows)
    lines = CliRunner().invoke(cli, ["bench"]).stdout.splitlines()
    assert any(line.split() == ["speed", "1,500", "events/s", "3,000", "0.5", ">", "0.7", "no"] for line in lines)
    assert any(line.split() == ["size", "3", "bytes"] for line in lines)
    assert "speed: the limit is a bare loop" in lines


@pytest.mark.parametrize(
    ("value", "at_most", "holds"), [(2, True, True), (4, True, False), (4, False, True), (2, False, False)]
)
def test_a_row_holds_on_the_right_side_of_its_reach(value: float, at_most: bool, holds: bool) -> None:
    assert Benchmark("x", value, "s", 1.0, 3.0, at_most).holds is holds
    assert Benchmark("x", value, "s").holds is None


def test_products_are_those_of_the_program() -> None:
    assert benchmarks.products_of(Convolution(6, 128, 64, 3, 2).program()) == {(9, 9 * 128, 64): 1}
