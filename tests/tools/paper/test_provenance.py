"""What rows of Fig. 7b rest on: held against the simulator, whose results say which settings move what."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from acortex.errors import AcortexError
from acortex.isa.asm.assembler import assemble_file
from acortex.isa.program import Program
from acortex.sim.chip.specs import SETTINGS, load_chip
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import run
from acortex.tools.paper import provenance
from acortex.tools.paper.fit import LAWS
from acortex.tools.paper.printed import NETWORKS

PROGRAMS = ("conv3x3", "lstm_step", "pooling", "residual", "pipeline")
"""Programs that use every unit of the chip."""

CHIP = load_chip("acortex_gnmt")
ROWS = {
    "latency_ms": lambda report: report.latency_s,
    "area_mm2": lambda report: report.area_mm2,
    "power_mw": lambda report: report.power_w,
}
"""One row of each kind, and the number of a report that moves with it."""


@cache
def programs() -> tuple[Program, ...]:
    folder = Path(__file__).resolve().parents[3] / "programs"
    return tuple(assemble_file(folder / f"{name}.s") for name in PROGRAMS)


@cache
def reports(setting: str = "") -> tuple[TimedReport, ...]:
    """All programs on GNMT's chip, with a setting of it changed."""
    chip = load_chip("acortex_gnmt", (setting,) if setting else ())
    return tuple(timed(run(one, chip, values=False, check_order=False).report) for one in programs())


def changed(path: str) -> str:
    """A setting with another value that programs still run with; empty for one that has none."""
    section, _, key = path.rpartition(".")
    value = (CHIP.config[section] if section else CHIP.config)[key]
    if isinstance(value, bool):
        return f"{path}={str(not value).lower()}"
    if isinstance(value, int | float) and value:
        for other in (2 * value, value // 2 if isinstance(value, int) else Decimal(str(value)) / 2):
            try:
                load_chip("acortex_gnmt", (f"{path}={other}",))
            except AcortexError:
                continue
            return f"{path}={other}"
    return ""


NUMBERS = [path for path in SETTINGS if changed(path)]


@pytest.mark.sampled(20)
@pytest.mark.parametrize("path", NUMBERS)
def test_a_row_that_a_setting_moves_counts_it(path: str) -> None:
    """No row claims less than it rests on: where the simulator's number moves, the setting is among the row's."""
    try:
        others = reports(changed(path))
    except AcortexError:
        pytest.skip("the programs do not run with it")
    for row, number in ROWS.items():
        moved = any(number(one) != number(other) for one, other in zip(reports(), others, strict=True))
        if moved:
            assert path in set(provenance.moves(row)), row


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("memory.access_cycles", "chosen"),
        ("neurons.cycles_per_step", "chosen"),
        ("memory.ports", "chosen"),
        ("arrays.loads_per_cycle", "chosen"),
        ("clock_ns", "fitted"),
        ("energy.sensing_pj", "fitted"),
        ("arrays.frame_ns", "published"),
        ("arrays.n", "published"),
        ("controller.decode_cycles", "published"),
    ],
)
def test_how_a_setting_was_derived_is_what_its_source_says(path: str, how: str) -> None:
    assert provenance.derived(path, CHIP.sources[path]) == how


def test_all_that_the_laws_fit_says_so_in_the_chip_file() -> None:
    for law in LAWS:
        for name, _, _ in law.terms:
            assert CHIP.sources[name].startswith("derived from Fig. 7b"), name


def test_a_latency_is_never_predicted_while_a_setting_was_chosen_for_it() -> None:
    for network in NETWORKS:
        found = provenance.seen(CHIP, network, "latency_ms")
        assert {"memory.access_cycles", "memory.ports", "neurons.cycles_per_step"} <= found.keys()
        assert ("clock_ns" in found) == (network == "gnmt")
        assert provenance.basis(CHIP, network, "latency_ms") == ("fitted" if network == "gnmt" else "chosen")


def test_a_row_is_predicted_where_nothing_saw_it() -> None:
    blind = CHIP.model_copy(update={"sources": dict.fromkeys(SETTINGS, "measured")})
    assert provenance.basis(blind, "resnet_152", "latency_ms") == "predicted"
    assert provenance.basis(blind, "gnmt", "latency_ms") == "fitted"


def test_the_list_of_chosen_settings_has_their_reasons() -> None:
    found = provenance.chosen(CHIP)
    assert found["memory.ports"] == "own choice: one port yields the latencies of Fig. 7b"
    assert not [path for path in found if path in provenance.FITTED]


def test_the_page_lists_each_setting_that_was_chosen() -> None:
    page = (Path(__file__).parents[3] / "docs" / "figure-7b.md").read_text()
    table = page.partition("## Settings chosen with the table in view")[2]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[4:] if line]
    assert {row[0]: row[-1] for row in rows} == provenance.chosen(CHIP)


def test_a_row_rests_on_the_settings_of_its_kind_alone() -> None:
    """Latency on none that has a price alone, area on none of energy; writing of weights and errors on no row."""
    moved = {row: set(provenance.moves(row)) for row in (*ROWS, "area_pct.dacs", "energy_pct.dacs", "throughput_tops")}
    for paths in moved.values():
        assert not [path for path in paths if path.startswith(("errors.", "program_erase."))]
    assert moved["throughput_tops"] == moved["latency_ms"] >= {"clock_ns", "memory.access_cycles", "arrays.frame_ns"}
    assert not {"energy.dacs_pj", "area.dacs_um2"} & moved["latency_ms"]
    assert moved["area_pct.dacs"] == moved["area_mm2"] >= {"area.dacs_um2", "arrays.n"}
    assert not {"energy.dacs_pj", "neurons.cycles_per_step"} & moved["area_mm2"]
    assert moved["energy_pct.dacs"] == moved["power_mw"] > moved["latency_ms"] | {"energy.dacs_pj"}
    for row in ("throughput_tops", "efficiency_tops_per_j"):
        assert set(provenance.moves(f"{row}_2mac")) == set(provenance.moves(row)), row
