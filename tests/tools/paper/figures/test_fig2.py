"""Fig. 2: ranks of the seven kinds beside the paper's scores."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from acortex.sim.chip.specs import load_chip
from acortex.tools.cli import cli
from acortex.tools.paper.figures import fig2, kinds
from acortex.tools.paper.figures.kinds import KINDS, METRICS, Result

BITS = {kind.cell: kinds.effective_bits(kinds.chip_of(kind)) for kind in KINDS}


def result(at: int, energy_uj: float, **sources: str) -> Result:
    every = {metric: sources.get(metric, "arXiv 1") for metric in METRICS}
    return Result(KINDS[at], 1.0 + at, BITS[KINDS[at].cell], 3.0, energy_uj, every)


@pytest.mark.parametrize(
    ("ours", "scores", "wanted"),
    [
        ((1, 2, 3, 4), (1, 2, 3, 4), 1.0),
        ((1, 2, 3, 4), (4, 3, 2, 1), -1.0),
        ((1, 2, 3, 4), (2, 1, 4, 3), 0.6),
        ((10, 200, 3000), (0, 1, 1), 0.8660254),
        ((5, 5, 5), (1, 2, 3), 0.0),
    ],
)
def test_a_rank_correlation_is_that_of_the_ranks(ours: tuple, scores: tuple, wanted: float) -> None:
    assert kinds.spearman(ours, scores) == pytest.approx(wanted)


def test_numbers_that_differ_by_rounding_alone_are_equal() -> None:
    assert kinds.spearman((1.0, 1.0 + 1e-12, 2.0), (1, 1, 2)) == pytest.approx(1.0)


def test_simulated_precision_ranks_as_the_paper_scores_it() -> None:
    six = [(bits, kind.precision) for kind in KINDS if (bits := BITS[kind.cell]) is not None]
    assert len(six) == 6
    assert kinds.spearman([bits for bits, _ in six], [score for _, score in six]) >= 0.8
    assert BITS["switched_capacitor"] is None
    assert BITS["memristor_0t1r_amplitude"] < BITS["memristor_0t1r"] < BITS["memristor_1t1r"]


def test_bits_fall_by_one_where_errors_double() -> None:
    one, two = (
        load_chip("acortex_inception", ("arrays.cell=floating_gate_time", f"errors.tuning_pct={pct}")) for pct in (1, 2)
    )
    assert kinds.effective_bits(one) - kinds.effective_bits(two) == pytest.approx(1, abs=0.02)
    exact = load_chip("acortex_inception", ("arrays.cell=digital_sram",))
    assert kinds.effective_bits(exact) is None


def test_ranks_and_scores_stand_side_by_side() -> None:
    results = [result(0, 4.0), result(1, 2.0), result(2, 2.0), result(6, 9.0)]
    scores = {name: cells for name, *cells in fig2._scores(results)}
    assert scores["Ia 0T1R, amplitude"][3] == "++ / 3"
    assert scores["Ib 0T1R, time"][3] == "+++ / 1"
    assert scores["Ia 1T1R, amplitude"][3] == "+ / 1"
    assert scores["IV switched capacitor"][1] == "- / -"


def test_a_correlation_says_how_many_numbers_are_not_published() -> None:
    sources = ("own choice: heat", "as another: own choice", "arXiv 3", "as another: arXiv 2")
    results = [result(at, 4.0 - at, energy=source) for at, source in enumerate(sources)]
    assert fig2._caution(results, "energy", 4) == "4 kinds; own choices: 2, numbers of another kind: 1"
    rows = {row.row: row for row in fig2.rows(results)}
    assert all(row.paper is None for row in rows.values())
    assert "scored ++; own choice: heat" in rows["energy, Ia 0T1R, amplitude"].note


@pytest.mark.parametrize(
    ("what", "wanted", "of"), [("energy, TOp/J", 0.67, 5), ("precision, bits", 0.28, 6), ("cell area, um2", 0.58, 6)]
)
def test_published_numbers_alone_agree_less(what: str, wanted: float, of: int) -> None:
    value, count = kinds.alone(what)
    assert (round(value, 2), count) == (wanted, of)


def test_a_kind_without_a_number_takes_no_part() -> None:
    results = [result(0, 4.0), result(1, 2.0), replace(result(2, 1.0), bits=None)]
    assert kinds.agreement(results, "precision")[1] == 2
    assert np.isfinite(kinds.agreement(results, "precision")[0])


def fig7b_saw() -> dict[str, str]:
    """The rows of floating gates with amplitudes, which are those of Fig. 7b, and what they rest on there."""
    how = {"density": "fitted", "speed": "chosen", "energy": "fitted"}
    return {f"{metric}, {fig2.FROM_TABLE}": basis for metric, basis in how.items()}


def test_the_kind_of_fig7b_is_no_prediction() -> None:
    results = [result(at, 4.0) for at in range(len(KINDS))]
    assert {row.row: row.basis for row in fig2.rows(results) if row.basis != "predicted"} == fig7b_saw()


def test_rows_and_picture_have_the_numbers_of_each_kind() -> None:
    results = [result(0, 4.0), replace(result(6, 9.0), bits=None), replace(result(1, 2.0), latency_ms=1.5)]
    rows = {row.row: (row.ours, row.unit) for row in fig2.rows(results)}
    assert rows["density, Ia 0T1R, amplitude"] == (1.0, "um2 per weight")
    assert rows["density, IV switched capacitor"] == (7.0, "um2 per weight")
    assert rows["precision, Ib 0T1R, time"] == (BITS[KINDS[1].cell], "bits")
    assert "precision, IV switched capacitor" not in rows
    assert (rows["speed, Ia 0T1R, amplitude"], rows["speed, Ib 0T1R, time"]) == ((3.0, "ms"), (1.5, "ms"))
    assert rows["energy, IV switched capacitor"] == (9.0, "uJ")
    numbers, scores = fig2.drawn_of(results)
    assert numbers.columns["um2_per_weight"] == [1, 7, 2] and numbers.columns["latency_ms"] == [3, 3, 1.5]
    assert numbers.columns["bits"][1] == 0 and numbers.columns["energy_uj"] == [4, 9, 2]
    assert scores.columns == {
        "density": [2, 3, 1, 2, 1, 2, 0], "precision": [1, 2, 2, 3, 2, 3, 0], "speed": [4, 2, 2, 1, 2, 1, 1],
        "energy": [2, 3, 1, 2, 1, 2, 2],
    }  # fmt: skip


def test_a_kind_has_the_numbers_of_its_run_and_the_sources_of_its_chip() -> None:
    chip = kinds.chip_of(KINDS[4])
    arrays = chip.config["arrays"]
    weights = 2 * (arrays["m_top"] + arrays["m_bottom"]) * arrays["n"] * 64 * 64
    areas = {"arrays": 3.0, "sensing": 2.0, "dacs": 1.0, "main_memory": 50.0}
    run = SimpleNamespace(area_by_component_mm2=areas, latency_s=2e-3, energy_j=4e-5)
    found = kinds._result(KINDS[4], chip, run)  # type: ignore[arg-type]  # the numbers that are taken
    assert (found.um2_per_weight, found.latency_ms, found.energy_uj) == pytest.approx((6e6 / weights, 2, 40))
    assert found.bits == BITS[KINDS[4].cell]
    settings = {"density": "area.cells_um2", "precision": "errors.tuning_pct", "speed": "arrays.frame_ns"}
    assert found.sources == {
        **{metric: chip.sources.get(path, "") for metric, path in settings.items()},
        "energy": chip.sources["energy.array_pj"],
    }
    assert [found.better(metric) for metric in METRICS] == pytest.approx([weights / 6e6, found.bits, 0.5, 1 / 40])


@pytest.mark.slow  # Inception-v1 on seven chips
def test_the_figure_is_reproduced() -> None:
    result = CliRunner().invoke(cli, ["reproduce", "fig2", "--format", "json"])
    rows = {row["row"]: row for row in json.loads(result.stdout)["rows"]}
    assert rows["rank correlation, precision"]["ours"] >= 0.8
    of_table = {name: row["basis"] for name, row in rows.items() if row["basis"] != "predicted"}
    assert of_table == fig7b_saw()
    assert all(row["note"] for row in rows.values())
    assert rows["energy, II floating gate, amplitude"]["ours"] == pytest.approx(45.94, abs=0.1)
