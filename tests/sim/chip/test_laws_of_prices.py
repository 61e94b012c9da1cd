"""The laws that prices follow: exactly 1 at the published chips, and by hand away from them."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from acortex.sim.chip.area import (
    area_by_component,
    bank_factor,
    control_area,
    control_side_factor,
    memory_side_factor,
    store_factor,
    total_area,
)
from acortex.sim.chip.prices import INDEX, leakage_mw, prices
from acortex.sim.chip.specs import SETTINGS, load_chip
from acortex.sim.chip.stores import STORES, store_bits

PUBLISHED = ("acortex_inception", "acortex_resnet", "acortex_gnmt")
GNMT = load_chip("acortex_gnmt")


def access(*settings: str) -> dict[str, int]:
    """What an access costs, in attojoules."""
    return prices(load_chip("acortex_gnmt", settings)).by_component[INDEX["memory.read"]]


# The anchor


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_law_is_exactly_one_at_a_published_chip(name: str) -> None:
    chip = load_chip(name)
    laws = (bank_factor, store_factor, memory_side_factor, control_side_factor)
    assert [law(chip) for law in laws] == [1, 1, 1, 1]
    assert control_area(chip) == chip.area.fixed_mm2


def test_the_stores_of_the_published_chips_by_hand() -> None:
    words = (
        256 * (256 + 2 * 16) + 256 * 128 + 256 * 3 * 128 + 256 * 1024
    )  # buffer and its places, outputs, queues, lines
    assert store_bits(GNMT) == 64 * 8192 + 8 * 10 * 64 + words + 1024 * 64 * 16 == GNMT.area.store_anchor_bits


def test_at_the_density_of_a_cell_the_stores_fit_into_what_is_fixed() -> None:
    """The share is 0.425 um2 a bit. At the 1.04 um2 of Fig. 7c they would take twice the fixed area."""
    assert float(GNMT.area.store_share * GNMT.area.fixed_mm2) == pytest.approx(store_bits(GNMT) * 0.425e-6, rel=0.01)
    assert store_bits(GNMT) * 1.04e-6 > 2 * float(GNMT.area.fixed_mm2)


# Stores

MORE_BITS = {
    "instruction_memory.words": (8193, 64),
    "controller.queue_depth": (9, 10 * 64),
    "buffer.words": (257, 256 + 2 * 16),
    "buffer.windows": (3, 256 * 16),
    "neurons.output_words": (129, 256),
    "vector.queue_words": (129, 3 * 256),
    "vector.line_words": (1025, 256),
    "vector.state_words": (1025, 1024),
}
"""One more of each store: the setting, and the bits that it adds."""


def test_every_setting_of_a_store_is_looked_at() -> None:
    assert {path for store in STORES for path in store.settings} == set(MORE_BITS)


@pytest.mark.parametrize("path", MORE_BITS)
def test_one_word_more_takes_area_leaks_and_makes_accesses_dearer(path: str) -> None:
    value, bits = MORE_BITS[path]
    more = load_chip("acortex_gnmt", [f"{path}={value}"])
    share = Decimal(bits) / 2_044_928
    assert store_bits(more) - store_bits(GNMT) == bits
    assert float(total_area(more) - total_area(GNMT)) == pytest.approx(float(Decimal("0.87") * share))
    assert float(leakage_mw(more) - leakage_mw(GNMT)) == pytest.approx(0.06 * 0.41 * float(share))
    assert access(f"{path}={value}")["others"] > access()["others"]


def test_the_largest_buffer_costs_as_much_as_it_holds() -> None:
    chip = load_chip("acortex_gnmt", ["buffer.words=65536", "buffer.windows=1"])
    assert float(control_area(chip)) == pytest.approx(0.13 + 0.87 * store_bits(chip) / 2_044_928)
    assert float(total_area(chip)) > float(total_area(GNMT)) + 7


# Main memory


def test_four_times_the_memory_in_four_times_the_banks_is_four_times_as_large_and_twice_as_dear() -> None:
    four = ("memory.capacity_kb=4096", "memory.banks=32")
    assert area_by_component(load_chip("acortex_gnmt", four))["main_memory"] == 4 * Decimal("6.43")
    assert access(*four)["main_memory"] == 2 * 52_000_000


def test_more_banks_take_more_around_them() -> None:
    areas = [area_by_component(load_chip("acortex_gnmt", [f"memory.banks={n}"]))["main_memory"] for n in (2, 8, 32)]
    assert areas == [Decimal("6.43") * factor for factor in (Decimal("0.9"), 1, Decimal("1.2"))]
    assert access("memory.banks=2")["main_memory"] < 52_000_000 < access("memory.banks=32")["main_memory"]


@pytest.mark.parametrize(("kilobytes", "published_pj"), [(8, 10), (32, 20), (1024, 100)])
def test_the_root_law_is_that_of_published_memories(kilobytes: int, published_pj: float) -> None:
    """Horowitz, ISSCC 2014, 64-bit accesses in 45 nm: the largest is the anchor, banks are of one size."""
    banks = ["area.memory_anchor_banks=1024", f"memory.banks={kilobytes}", f"memory.capacity_kb={kilobytes}"]
    law = float(memory_side_factor(load_chip("acortex_gnmt", banks)))
    assert 100 * law == pytest.approx(published_pj, rel=0.15)


@pytest.mark.parametrize("memory", ["edram", "feram", "gain_cell", "sram"])
def test_a_small_memory_of_any_technology_leaks_and_costs_less(memory: str) -> None:
    large, small = [f"memory.type={memory}"], [f"memory.type={memory}", "memory.capacity_kb=1"]
    assert leakage_mw(load_chip("acortex_gnmt", small)) < leakage_mw(load_chip("acortex_gnmt", large))
    assert access(*small)["main_memory"] * 10 < access(*large)["main_memory"]


def test_static_ram_leaks_by_its_bits() -> None:
    """0.22 mW at 1 MB, 0.73 of it the memory's: four times as much of that, in as many banks for each MB."""
    leaks = [
        float(leakage_mw(load_chip("acortex_gnmt", ["memory.type=sram", *more])))
        for more in ([], ["memory.capacity_kb=4096", "memory.banks=32"])
    ]
    assert leaks[1] - leaks[0] == pytest.approx(3 * 0.73 * 0.22)


def test_leakage_can_be_switched_off() -> None:
    off = ["energy.leakage_mw=0", "energy.leakage_per_array_uw=0", "memory.capacity_kb=4096", "memory.ports=2"]
    assert leakage_mw(load_chip("acortex_gnmt", off)) == 0


@pytest.mark.parametrize("share", ["0", "1"])
def test_no_share_makes_an_area_or_a_leakage_negative(share: str) -> None:
    shares = [f"{path}={share}" for path in SETTINGS if path.endswith("_share")]
    least = [f"{path}=1" for path in ("memory.capacity_kb", "memory.banks", *MORE_BITS)]
    chip = load_chip("acortex_gnmt", [*shares, *least])
    assert min(area_by_component(chip).values()) > 0
    assert leakage_mw(chip) > 0


# Converters and frames


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_a_conversion_costs_the_steps_of_its_ramp_and_the_area_of_its_bits(bits: int) -> None:
    chip = load_chip("acortex_gnmt", [f"neurons.bits={bits}"])
    assert prices(chip).total[INDEX["neurons.convert"]] == round(Decimal(83_000) * 2**bits / 16)
    assert area_by_component(chip)["neurons_adcs"] == Decimal(630) * 128 * bits / 4 / 10**6


def test_a_shorter_frame_takes_larger_circuits_and_a_longer_one_no_smaller_ones() -> None:
    areas = {
        ns: area_by_component(load_chip("acortex_gnmt", [f"arrays.frame_ns={ns}"]))["sensing"] for ns in (2, 32, 64)
    }
    assert areas[2] == 16 * areas[32]
    assert areas[64] == areas[32]


def test_a_second_group_on_a_segment_takes_the_wires_of_every_array_again() -> None:
    others = [
        area_by_component(load_chip("acortex_gnmt", settings))["others"]
        for settings in ([], ["buses.segment_capacity=2"], ["buses.segment_capacity=2", "neurons.adcs_per_column=2"])
    ]
    wires = Decimal(1290) * 32768 / 10**6
    assert [more - others[0] for more in others] == [0, wires, 3 * wires]


# What does more at once


def added(component: str, *settings: str) -> Decimal:
    """What settings add to the area of a component of the published chip, in mm2."""
    before, behind = (area_by_component(load_chip("acortex_gnmt", chosen))[component] for chosen in ((), settings))
    return behind - before


@pytest.mark.parametrize("ports", [2, 4])
def test_each_further_port_takes_half_a_memory_and_its_root_per_access(ports: int) -> None:
    setting = f"memory.ports={ports}"
    assert added("main_memory", setting) == Decimal("6.43") * (ports - 1) / 2
    assert access(setting)["main_memory"] == round(52_000_000 * math.sqrt(1 + (ports - 1) / 2))


def test_a_second_set_of_latches_takes_half_a_dac_at_each_array() -> None:
    assert added("dacs", "arrays.overlap_loads=true") == Decimal(327) * 32768 / 10**6


@pytest.mark.parametrize(
    "setting", ["buses.down_lanes=3", "buses.up_lanes=3", "arrays.loads_per_cycle=3"], ids=["down", "up", "loads"]
)
def test_each_further_lane_takes_its_wires_along_the_side_of_the_die(setting: str) -> None:
    published = float(total_area(GNMT))
    assert float(added("others", setting)) == pytest.approx(2 * 51_200 * math.sqrt(published) / 1e6)
