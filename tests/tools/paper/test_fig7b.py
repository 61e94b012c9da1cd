"""Fig. 7b: the printed cells as intervals, constants that solve them, labels that say what was derived on what."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from acortex.isa.asm.assembler import assemble_file
from acortex.sim.chip.specs import load_chip
from acortex.sim.results import timed
from acortex.sim.run import run
from acortex.tools.cli import cli
from acortex.tools.paper import fig7b, fit
from acortex.tools.paper.fit import LAWS, Counts
from acortex.tools.paper.notes import NOTES, note
from acortex.tools.paper.printed import NETWORKS, Cell, figure_7b


def counts(operations: int, arrays: int, columns: int) -> Counts:
    """Counts in some proportion; the laws must hold for any."""
    return Counts(
        array_operations=operations, conversions=operations * 3, accesses=operations // 4, words_down=operations // 5,
        words_up=operations // 16 + arrays, cycles=operations * 2, positions=operations // 50, frame_cycles=18,
        frame_ns=32.0, arrays=arrays, arrays_built=arrays, columns=columns, columns_built=columns, memory_mb=1.0,
        side_mm=arrays**0.5 / 8, macs=operations * 4096, peak_words=100, memory_words=32768, parameters=arrays * 4096,
    )  # fmt: skip


COUNTS = {
    "inception_v1": counts(1_080_755, 2_584, 38),
    "resnet_152": counts(3_340_352, 14_720, 80),
    "gnmt": counts(327_680, 32_768, 128),
}


@pytest.mark.parametrize(
    ("value", "low", "high"), [("7.88", 7.875, 7.89), ("114", 113.5, 115), ("3.3e5", 3.25e5, 3.4e5)]
)
def test_a_printed_number_stands_for_half_a_digit_below_to_one_above(value: str, low: float, high: float) -> None:
    assert Cell("gnmt", "area_mm2", Decimal(value), False).interval == pytest.approx((low, high))


def test_the_table_has_every_share_of_energy_and_area() -> None:
    for cells in figure_7b().values():
        for family in ("energy_pct", "area_pct"):
            shares = [float(cell.value) for row, cell in cells.items() if row.startswith(family)]
            assert sum(shares) == pytest.approx(100, abs=0.7)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.row)
def test_a_law_that_is_fitted_on_as_many_networks_as_it_has_constants_meets_them(law: fit.Law) -> None:
    on = ("inception_v1", "gnmt")[: len(law.terms)]
    constants = fit.fit(law, COUNTS, on)
    for network in on:
        assert fit.value(law, constants, COUNTS[network]) == pytest.approx(fit.printed(network, law.row))


def test_the_clock_of_one_network_gives_its_latency() -> None:
    clock = fit.clock_ns(COUNTS, ("gnmt",))
    assert fit.latency_ms(COUNTS["gnmt"], clock) == pytest.approx(float(figure_7b()["gnmt"]["latency_ms"].value))


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_left_out_does_not_depend_on_its_own_cells(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fig7b.left_out(network, COUNTS)
    moving = ("energy", "area", "power", "latency")
    cells = {
        row: replace(cell, value=cell.value * 3) if row.startswith(moving) else cell
        for row, cell in figure_7b()[network].items()
    }
    monkeypatch.setitem(figure_7b(), network, cells)
    assert fig7b.left_out(network, COUNTS) == before


@pytest.mark.parametrize(
    ("network", "row", "basis"),
    [
        ("inception_v1", "latency_ms", "chosen"),
        ("resnet_152", "throughput_tops_2mac", "chosen"),
        ("gnmt", "latency_ms", "fitted"),
        ("gnmt", "mm_accesses", "exact"),
        ("resnet_152", "energy_pct.sensing", "fitted"),
        ("inception_v1", "area_mm2", "fitted"),
        ("gnmt", "n", "published"),
        ("resnet_152", "fg_array_utilisation_pct", "published"),
    ],
)
def test_a_row_says_whether_its_constants_saw_its_network(network: str, row: str, basis: str) -> None:
    assert fig7b.basis(network, row, load_chip("acortex_gnmt")) == basis


def test_notes_are_about_rows_that_the_table_has() -> None:
    families = {(network, row.split(".")[0]) for network, cells in figure_7b().items() for row in cells}
    rows = {(network, row) for network, cells in figure_7b().items() for row in cells}
    assert set(NOTES) <= families | rows


@pytest.mark.slow  # compiles and simulates six networks
def test_the_table_is_reproduced() -> None:
    """Latencies within the paper's digits, whatever the clock was derived on; a sentence for every row that is not."""
    result = CliRunner().invoke(cli, ["reproduce", "fig7b", "--format", "json"])
    report = json.loads(result.stdout)
    rows = {(row["network"], row["row"]): row for row in report["rows"]}
    assert all(rows[network, "latency_ms"]["within"] for network in NETWORKS)
    assert all(abs(rows[network, "latency_ms"]["ratio_left_out"] - 1) < 0.05 for network in NETWORKS)
    assert [row["row"] for row in report["rows"] if not row["within"] and not note(row["network"], row["row"])] == []
    assert all(one["ratio"] < 1.001 for one in report["largest_chip"] if one["row"] == "latency_ms")
    assert {one["constant"] for one in report["fitted"]} >= {"clock_ns", "energy.sensing_pj", "area.fixed_mm2"}
    assert {row["basis"] for row in report["rows"]} == {"exact", "published", "chosen", "fitted"}  # as the page says
    assert {one["setting"] for one in report["chosen"]} >= {"memory.access_cycles", "neurons.cycles_per_step"}
    assert all(bool(row["note"]) != row["within"] for row in report["rows"])


@pytest.fixture(scope="module")
def small() -> fig7b.Measured:
    """A product on GNMT's chip, as if it were a network of 1,000 weights."""
    program = assemble_file(Path(__file__).parents[3] / "programs" / "vmm.s")
    report = timed(run(program, load_chip("acortex_gnmt"), values=False).report)
    compiled: Any = None
    return fig7b.Measured(report, compiled, 1000)


def test_the_counts_of_a_run_are_those_of_its_report_and_its_chip(small: fig7b.Measured) -> None:
    report = small.run
    found = fig7b.counts_of("gnmt", small)
    assert (found.arrays, found.columns, found.memory_mb, found.memory_words) == (32_768, 128, 1.0, 32_768)
    assert (found.arrays_built, found.columns_built) == (32_768, 128)
    assert (found.frame_ns, found.frame_cycles) == (32.0, 18)  # of 1.785 ns
    assert found.accesses == report.counts["main_memory.reads"] + report.counts["main_memory.writes"] > 0
    assert (found.words_down, found.words_up) == (report.counts["bus_words.down"], report.counts["bus_words.up"])
    assert (found.parameters, found.macs, found.peak_words) == (1000, report.macs, report.occupancy.peak_words)
    assert found.side_mm**2 == pytest.approx(report.area_mm2)
    built = fig7b.counts_of("inception_v1", small)
    assert (built.arrays, built.arrays_built, built.columns_built) == (32_768, 32_768 * 36 // 128, 36)


def test_rows_of_a_run_have_the_units_of_the_table(small: fig7b.Measured) -> None:
    report, found = small.run, fig7b.counts_of("gnmt", small)
    rows, printed = fig7b.ours("gnmt", report, found), 2.6e9  # operations, as GNMT's column counts them
    seconds, joules = report.latency_s, report.energy_j
    assert rows["latency_ms"] == pytest.approx(1e3 * seconds)
    assert rows["power_mw"] == pytest.approx(1e3 * report.power_w)
    assert rows["throughput_tops"] == pytest.approx(printed / seconds / 1e12)
    assert rows["throughput_tops_2mac"] == pytest.approx(2 * report.macs / seconds / 1e12)
    assert rows["efficiency_tops_per_j"] == pytest.approx(printed / joules / 1e12)
    assert rows["efficiency_tops_per_j_2mac"] == pytest.approx(report.efficiency_ops_per_j / 1e12)
    assert rows["operations"] == 2 * report.macs and rows["fg_array_utilisation_pct"] == 100
    assert rows["mm_utilisation_pct"] == 100 * report.occupancy.peak_words / 32_768
    for family, whole in (("energy_pct", 100), ("area_pct", 100)):
        assert sum(value for row, value in rows.items() if row.startswith(family)) == pytest.approx(whole)


@pytest.mark.parametrize("network", NETWORKS)
def test_without_a_network_its_leakage_is_a_power_times_its_latency(network: str) -> None:
    (law,) = (one for one in LAWS if one.row == "energy_pct.leakage")
    found = fig7b.left_out(network, COUNTS)
    leaks_mw = 1e3 * fit.value(law, fit.fit(law, COUNTS, fit.others(law.on, network)), COUNTS[network])
    assert found["power_mw"] * found["energy_pct.leakage"] / 100 == pytest.approx(leaks_mw)
    for family in ("energy_pct", "area_pct"):
        assert sum(value for row, value in found.items() if row.startswith(family)) == pytest.approx(100)


def test_printed_shares_are_of_the_energy_of_an_inference_of_the_power_or_of_the_area() -> None:
    """GNMT: 16.1 mW for 0.59 ms, on 293 mm2."""
    cells = {row: float(cell.value) for row, cell in figure_7b()["gnmt"].items()}
    assert (cells["power_mw"], cells["latency_ms"], cells["area_mm2"]) == (16.1, 0.59, 293)
    for row in ("main_memory", "buses", "sensing"):
        energy_j = cells[f"energy_pct.{row}"] / 100 * 16.1e-3 * 0.59e-3
        assert fit.printed("gnmt", f"energy_pct.{row}") == pytest.approx(energy_j)
    assert fit.printed("gnmt", "energy_pct.leakage") == pytest.approx(cells["energy_pct.leakage"] / 100 * 16.1e-3)
    assert fit.printed("gnmt", "area_pct.sensing") == pytest.approx(cells["area_pct.sensing"] / 100 * 293)


def test_words_on_a_bus_cost_by_their_number_and_the_side_of_the_die() -> None:
    (law,) = (one for one in LAWS if one.row == "energy_pct.buses")
    one = counts(1000, 256, 8)
    assert one.side_mm == 2
    down, up = (measure(one) for _, _, measure in law.terms)
    assert (down, up) == (one.words_down * one.side_mm, one.words_up * one.side_mm)
    constants = {"energy.bus_to_arrays_pj_per_mm": 2.0, "energy.bus_from_arrays_pj_per_mm": 3.0}
    assert fit.value(law, constants, one) == pytest.approx((2 * down + 3 * up) * 1e-12)


def test_frames_take_their_own_time_and_all_other_cycles_that_of_the_clock() -> None:
    one = replace(counts(1000, 64, 8), cycles=500, positions=10, frame_cycles=18, frame_ns=32.0)
    assert fit.latency_ms(one, 2.0) == pytest.approx((10 * 32 + 2 * (500 - 180)) / 1e6)
