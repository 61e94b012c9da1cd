"""Fig. 6: a chip for one network beside the general one."""

from __future__ import annotations

from functools import cache

import pytest

from acortex.sim.chip.specs import load_chip
from acortex.tools.paper.figures import fig6, fixed_wiring
from acortex.tools.paper.figures.fixed_wiring import Fixed


@cache
def study() -> Fixed:
    return fixed_wiring.simulated(lambda done, total: None)


@pytest.mark.slow
def test_the_network_has_the_cells_that_the_table_of_networks_says() -> None:
    assert study().cells == 2 * 6_990_272
    assert study().neurons == 8_280
    assert (study().slowest, study().positions) == ("conv1", 112 * 112)


@pytest.mark.slow
def test_the_fixed_chip_has_no_memory_no_buses_and_no_controller() -> None:
    energies = study().fixed.energy_by_component_j
    assert energies["main_memory"] == energies["buses"] == energies["others"] == 0
    assert energies["leakage"] < study().general.energy_by_component_j["leakage"]
    assert {*study().areas} == {"arrays", "sensing", "dacs", "neurons_adcs", "program_erase"}
    assert study().area_mm2 < study().general.area_mm2 / 1.8


def test_a_smaller_chip_would_not_hold_the_network() -> None:
    arrays = fixed_wiring.chip().config["arrays"]
    height = arrays["m_top"] + arrays["m_bottom"]
    assert 2 * height * (arrays["n"] - 1) < 1_852 <= 2 * height * arrays["n"]  # dense rows take 1,852 arrays


def test_the_pace_is_that_of_the_slowest_layer() -> None:
    assert study().per_s == pytest.approx(1 / (12_544 * 32e-9))
    assert study().general_per_s == pytest.approx(1 / 3.169e-3, rel=1e-3)


def test_rows_say_what_they_rest_on() -> None:
    rows = {row.row: row for row in fig6.rows(study())}
    assert rows["cells"].basis == "chosen"
    assert rows["arrays of the area"].basis == rows["energy, fixed chip"].basis == "predicted"
    assert {rows[name].basis for name in (*fig6.FROM_SHARE, fig6.PER_NEURON)} == {"fitted"}
    # Fig. 7b prints these of the same chip and network, and its page says the same of them.
    assert rows["area, general chip"].basis == rows["energy, general chip"].basis == "fitted"
    assert rows["images per second, general chip"].basis == "chosen"
    assert [name for name, row in rows.items() if row.within is False] == ["neurons of the area"]
    assert all(row.note for row in rows.values() if row.within is False)
    assert rows["energy, general over fixed"].ours == pytest.approx(
        rows["energy, general chip"].ours / rows["energy, fixed chip"].ours
    )


def test_a_part_of_the_gain_needs_no_fixed_wiring() -> None:
    rows = {row.row: row.ours for row in fig6.rows(study())}
    assert rows["energy, fixed chip"] < rows[fig6.PACKED] < rows["energy, general chip"]
    assert study().packed.cycles == study().fixed.cycles < study().general.cycles


def test_prices_of_the_general_chip_hold_for_the_fixed_one() -> None:
    general, fixed = load_chip(fixed_wiring.CHIP), fixed_wiring.chip()
    for price in ("cells_um2", "sensing_um2", "dacs_um2"):
        assert getattr(general.area, price) == getattr(fixed.area, price)
    assert general.energy.sensing_pj == fixed.energy.sensing_pj
