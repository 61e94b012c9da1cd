"""Fig. 7b: the printed cells as intervals, constants that solve them, labels that say what was derived on what."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from click.testing import CliRunner

from acortex.sim.chip.specs import load_chip
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
