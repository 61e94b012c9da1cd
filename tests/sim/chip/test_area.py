"""Area: the table reproduces the published chips, and is exact."""

from decimal import Decimal

import pytest

from acortex.sim.chip.area import area_by_component, chip_report, chip_row, die_side, total_area
from acortex.sim.chip.specs import chip_names, load_chip

# Bavandpour et al. 2018, Fig. 7b: total in mm2, and percent by component.
PUBLISHED = {
    "acortex_resnet": (142, {"main_memory": 4.53, "sensing": 23.3, "arrays": 36.5, "dacs": 6.8, "neurons_adcs": 0.04,
                             "program_erase": 14.7, "others": 14.2}),
    "acortex_gnmt": (293, {"main_memory": 2.2, "sensing": 25.1, "arrays": 39.3, "dacs": 7.3, "neurons_adcs": 0.03,
                           "program_erase": 11.3, "others": 14.8}),
    "acortex_inception": (35.4, {"main_memory": 18.1, "sensing": 15.5, "arrays": 24.2, "dacs": 4.5,
                                 "neurons_adcs": 0.06, "program_erase": 26.3, "others": 11.4}),
}  # fmt: skip
TABULATED = {"acortex_inception": ["arrays.n=36"]}
"""The printed areas of Inception's chip were computed for 2,448 arrays, n = 36, though it prints n = 38."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_total_area_is_the_published_one(name: str) -> None:
    chip = load_chip(name, TABULATED.get(name, ()))
    assert float(total_area(chip)) == pytest.approx(PUBLISHED[name][0], rel=0.01)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_component_has_its_published_share(name: str) -> None:
    chip = load_chip(name, TABULATED.get(name, ()))
    total, shares = PUBLISHED[name]
    for component, area in area_by_component(chip).items():
        printed = total * shares[component] / 100
        rounding = total * 10.0 ** -len(str(shares[component]).partition(".")[2]) / 100
        derived = 0.03 if component == "others" else 0.01
        assert float(area) == pytest.approx(printed, abs=printed * derived + rounding), component


def test_inception_with_its_printed_n_is_five_percent_larger_than_printed() -> None:
    assert float(total_area(load_chip("acortex_inception"))) == pytest.approx(35.4 * 1.051, rel=0.001)


def test_the_digits_chip_by_hand() -> None:
    areas = area_by_component(load_chip("acortex_digits"))
    # 1 KB of 1 MB, as many banks: a fifth of the anchor's area, around the banks, follows the root.
    assert areas["main_memory"] == Decimal("6.43") * (Decimal("0.8") / 1024 + Decimal("0.2") / 32)
    assert areas["sensing"] == Decimal("0.035936")  # 16 arrays x 2246 um2
    assert areas["arrays"] == Decimal("0.056272")  # 16 x 3517
    assert areas["dacs"] == Decimal("0.010464")  # 16 x 654
    assert areas["neurons_adcs"] == Decimal("0.00063")
    assert areas["program_erase"] == Decimal("0.2587")
    stores = Decimal(2_044_928 - (8192 - 128) * 64) / 2_044_928  # an instruction memory of 128 words
    assert float(areas["others"]) == pytest.approx(
        float(Decimal("0.13") + Decimal("0.87") * stores + Decimal("0.02064"))
    )


@pytest.mark.parametrize("name", chip_names())
def test_the_die_is_a_square_of_the_total_area(name: str) -> None:
    chip = load_chip(name)
    assert abs(die_side(chip) ** 2 - total_area(chip)) < Decimal("1e-20")


def test_the_report_has_the_areas_and_settings_in_plain_types() -> None:
    chip = load_chip("acortex_digits")
    report = chip_report(chip)
    assert report["schema"] == "acortex.chip/1"
    assert (report["name"], report["sha256"], report["arrays"]) == ("acortex_digits", chip.sha256, 16)
    assert report["config"]["memory"]["capacity_kb"] == 1
    assert sum(report["area_by_component_mm2"].values()) == pytest.approx(report["area_mm2"])


def test_a_chip_among_others_is_told_by_its_sizes() -> None:
    chip = load_chip("acortex_digits")
    row = chip_row(chip)
    assert (row.name, row.arrays, row.memory_kb) == ("acortex_digits", 16, 1)
    assert (row.area_mm2, row.description) == (float(total_area(chip)), chip.description)


@pytest.mark.parametrize(
    "more", [{}, {"neurons.adcs_per_column": 2}, {"buses.segment_capacity": 2}, {"buses.up_lanes": 3},
             {"buses.down_lanes": 2, "arrays.loads_per_cycle": 4}, {"memory.ports": 4},
             {"neurons.adcs_per_column": 3, "buses.segment_capacity": 2, "arrays.overlap_loads": True}], ids=str,
)  # fmt: skip
def test_what_does_more_at_once_adds_its_own_part_and_nothing_else(more: dict[str, int | bool]) -> None:
    """The arithmetic of the page on parallel chips, once more: wires along the side, and for each further group."""
    plain = area_by_component(load_chip("acortex_digits"))
    chip = load_chip("acortex_digits", [f"{path}={str(value).lower()}" for path, value in more.items()])
    found = {name: float(area - plain[name]) for name, area in area_by_component(chip).items()}
    adcs, capacity = more.get("neurons.adcs_per_column", 1), more.get("buses.segment_capacity", 1)
    lanes = sum(more.get(f"{path}", 1) - 1 for path in ("buses.up_lanes", "buses.down_lanes", "arrays.loads_per_cycle"))
    side = float(sum(plain.values())) ** 0.5
    area = chip.area
    wires = float(area.lane_um2_per_mm) * side * lanes + float(area.others_per_array_um2) * 16 * (adcs * capacity - 1)
    wanted = dict.fromkeys(plain, 0.0) | {
        "main_memory": float(plain["main_memory"] * area.port_share) * (more.get("memory.ports", 1) - 1),
        "dacs": float(area.latches_um2) * 16 * more.get("arrays.overlap_loads", 0) / 1e6,
        "neurons_adcs": float(plain["neurons_adcs"]) * (adcs - 1),
        "others": wires / 1e6,
    }
    assert found == pytest.approx(wanted, abs=1e-12)
