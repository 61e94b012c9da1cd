"""Sweeps whose constants are drawn: intervals beside sums by hand, shares of constants, and what is done again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from acortex.sim.chip.specs import load_chip
from acortex.sim.run import prepare
from acortex.sim.uncertain import Samples, samples
from acortex.tools.open.programs import open_program
from acortex.tools.sweep import uncertainty
from acortex.tools.sweep.effects import share_of
from acortex.tools.sweep.metrics import UNCERTAIN
from acortex.tools.sweep.results import SweepReport
from acortex.tools.sweep.spec import spec_of
from acortex.tools.sweep.sweeping import look, sweep

VMM = str(Path(__file__).parents[3] / "programs" / "vmm.s")
AXES = {"memory.ports": [1, 2], "energy.sensing_pj": [5, 6]}
NUMBER = 60


def made(folder: Path, number: int = NUMBER, axes: dict[str, Any] = AXES, **more: Any) -> SweepReport:
    return sweep(replace(spec_of({"program": VMM, "axes": axes, **more}, "s.toml"), samples=number), folder)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SweepReport:
    """Four points, each with intervals."""
    return made(tmp_path_factory.mktemp("sweep"))


def test_intervals_are_percentiles_of_the_samples_of_a_run(report: SweepReport) -> None:
    for row in report.rows:
        chip = load_chip(str(row.chip), [f"{name}={value}" for name, value in row.axes.items()])
        (found,) = samples(prepare(open_program(VMM), chip), [chip], NUMBER)
        assert [row.energy_j_p5, row.energy_j_p95] == np.percentile(found.energy_j, [5, 95]).tolist()
        assert [row.area_mm2_p5, row.area_mm2_p95] == np.percentile(found.area_mm2, [5, 95]).tolist()
        assert row.latency_s and row.efficiency_ops_per_j and row.energy_j and row.energy_j_p95
        assert row.power_w_p95 == pytest.approx(row.energy_j_p95 / row.latency_s)
        least = row.efficiency_ops_per_j * row.energy_j / row.energy_j_p95
        assert row.efficiency_ops_per_j_p5 == pytest.approx(
            least, rel=0.01
        )  # between two samples it is no straight line


def test_the_report_says_what_intervals_rest_on(report: SweepReport) -> None:
    found = report.uncertainty
    assert found is not None
    assert (found.samples, found.seed, found.points) == (NUMBER, 0, 4)
    assert "energy.sensing_pj" in found.held  # each point states it
    assert not {one.constant for one in found.constants} & set(found.held)
    energy = [one for one in found.constants if one.metric == "energy_j"]
    assert [one.share for one in energy] == sorted((one.share for one in energy), reverse=True)
    assert all(0 <= one.least <= one.share <= one.most <= 1 and one.points in (2, 4) for one in found.constants)
    assert {one.constant for one in found.constants if "port_share" in one.constant} == {"area.port_share"}
    joined = next(one for one in found.constants if one.constant == "energy.bus_from_arrays_pj_per_mm")
    assert joined.drawn_with == ["energy.bus_to_arrays_pj_per_mm"]


def test_a_constant_that_only_some_points_feel_is_a_mean_of_these(report: SweepReport) -> None:
    assert report.uncertainty is not None
    points = {one.constant: one.points for one in report.uncertainty.constants if one.metric == "area_mm2"}
    assert points["area.port_share"] == 2  # of the chips with a second port
    assert points["area.cells_um2"] == 4


def test_the_table_has_the_intervals(report: SweepReport) -> None:
    names = ", ".join(f"{name}_p{end}" for name in UNCERTAIN for end in (5, 95))
    rows = duckdb.connect().read_parquet(str(report.table)).select(names).fetchall()
    assert rows == [tuple(row[name] for name in names.split(", ")) for row in report.rows]
    assert all(value is not None for row in rows for value in row)


def test_the_same_again_does_nothing_and_says_the_same(tmp_path: Path) -> None:
    first = made(tmp_path, axes={"memory.ports": [1]})
    log = (tmp_path / "results.jsonl").read_bytes()
    again = made(tmp_path, axes={"memory.ports": [1]})
    assert (again.rows, again.uncertainty, again.reused) == (first.rows, first.uncertainty, 1)
    assert (tmp_path / "results.jsonl").read_bytes() == log
    assert look(tmp_path).uncertainty == first.uncertainty


def test_points_that_were_run_without_are_not_run_again_and_lose_nothing_when_run_without(tmp_path: Path) -> None:
    without = made(tmp_path, 0, axes={"memory.ports": [1]})
    assert without.uncertainty is None and without.rows[0].energy_j_p5 is None
    drawn = made(tmp_path, axes={"memory.ports": [1]})
    assert (drawn.simulations, drawn.rows[0].key) == (0, without.rows[0].key)
    assert drawn.rows[0].energy_j_p5 is not None
    assert made(tmp_path, 0, axes={"memory.ports": [1]}).rows == [
        without.rows[0].model_copy(update={"cpu_s": without.rows[0].cpu_s})
    ]


def test_another_seed_draws_others_and_more_samples_are_drawn_anew(tmp_path: Path) -> None:
    first, other = (made(tmp_path, axes={"memory.ports": [1]}, sample={"seed": seed}) for seed in (0, 1))
    assert first.rows[0].energy_j_p5 != other.rows[0].energy_j_p5
    assert first.rows[0].energy_j == other.rows[0].energy_j
    more = made(tmp_path, 2 * NUMBER, axes={"memory.ports": [1]})
    assert more.uncertainty is not None and more.uncertainty.samples == 2 * NUMBER


def test_what_was_interrupted_before_its_intervals_is_not_complete_and_goes_on(tmp_path: Path) -> None:
    made(tmp_path)
    lines = (tmp_path / "results.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if "energy_j_p5" not in line]
    assert len(kept) < len(lines)
    (tmp_path / "results.jsonl").write_text("".join(kept))
    cut = look(tmp_path)
    assert (cut.complete, cut.covers) == (False, {"points": 4, "results": 0})
    assert made(tmp_path).complete


def test_a_point_that_fails_has_no_interval_and_the_others_have(tmp_path: Path) -> None:
    report = made(tmp_path, axes={"memory.ports": [1, 0]})
    assert [row.status for row in report.rows] == ["done", "failed"]
    assert [row.energy_j_p5 is None for row in report.rows] == [False, True]
    assert report.complete and report.uncertainty is not None and report.uncertainty.points == 1


def test_a_plan_of_before_can_be_shown(tmp_path: Path) -> None:
    made(tmp_path, 0, axes={"memory.ports": [1]})
    plan = json.loads((tmp_path / "plan.json").read_text())
    del plan["samples"], plan["seed"]
    for point in plan["points"]:
        del point["spread"]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert look(tmp_path).uncertainty is None


def test_shares_of_a_sum_are_those_of_variances_by_hand() -> None:
    # y = exp(a + 3 b): the variances of even numbers are in the ratio 1 to 9.
    a, b, c = np.random.default_rng(0).random((3, 4000))
    y = np.exp(a + 3 * b)
    assert share_of(a, y) == pytest.approx(0.1, abs=0.02)
    assert share_of(b, y) == pytest.approx(0.9, abs=0.03)  # in eight classes a little of it is lost
    assert share_of(c, y) < 0.01
    assert share_of(a, np.ones(4000)) == 0


def test_a_run_without_cycles_or_energy_has_the_intervals_that_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    none = Samples({}, np.zeros(3), np.ones(3), 0.0, 0, frozenset(), frozenset())
    monkeypatch.setattr(uncertainty, "samples", lambda *given: [none])
    chip = load_chip("acortex_gnmt")
    (found,) = uncertainty.intervals(prepare(open_program(VMM), chip), [chip], 3, 0)
    assert {name for name in found if name.endswith("_p5")} == {"energy_j_p5", "area_mm2_p5"}
