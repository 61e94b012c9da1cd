"""Energy: prices by hand, and three tables with one sum."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.sim.chip.prices import (
    COMPONENTS,
    INDEX,
    KINDS,
    NONE,
    Interval,
    leakage_aj_per_cycle,
    prices,
    settle,
)
from acortex.sim.chip.specs import chip_names, load_chip

DIGITS = load_chip("acortex_digits")
LEAK, READ, OTHERS = 103_211, 4_360_333, 2_915_286
"""On the digits chip: what leaks in a cycle, and what an access costs main memory and the rest."""

# Prices


def price(kind: str, *overrides: str) -> dict[str, int]:
    return prices(load_chip("acortex_gnmt", overrides)).by_component[INDEX[kind]]


def test_a_memory_access_is_52_pj_and_3_3_pj_of_others() -> None:
    assert price("memory.read") == price("memory.write") == {"main_memory": 52_000_000, "others": 3_300_000}


def test_an_array_operation_is_a_load_and_a_frame() -> None:
    assert price("vmm.load") == {"dacs": 945_000}
    assert price("vmm.frame") == {"sensing": 6_900_000, "arrays": 1_290_000}


def test_a_conversion_is_83_fj() -> None:
    assert price("neurons.convert") == {"neurons_adcs": 83_000}


def test_a_word_on_the_bus_pays_for_the_side_of_the_die() -> None:
    side = (Decimal("293.167216")).sqrt()  # mm, of the area of acortex_gnmt
    assert price("bus.down") == {"buses": round(Decimal("8.07") * side * 10**6)}
    assert price("bus.up") == {"buses": round(Decimal("3.84") * side * 10**6)}


def test_a_bus_priced_by_route_pays_for_the_way_alone() -> None:
    assert price("bus.down", "buses.pricing=route")["buses"] < price("bus.down")["buses"]


def test_a_written_row_pays_for_every_pulse_of_both_cells() -> None:
    # 64 weights x 2 cells x 8 levels x 4 pulses x 500 pJ
    assert price("program_erase.write") == {"program_erase": 4096 * 500_000_000}


def test_what_the_published_figures_include_elsewhere_is_free() -> None:
    free = {kind.name for kind in KINDS if not kind.rates}
    moved = {"controller.issue", "sync", "buffer.slide", "vector.step", "host.in", "host.out", "host.work"}
    assert free == moved | {"vmm.connect", "vmm.disconnect"}


@pytest.mark.parametrize("name", chip_names())
def test_a_total_is_the_sum_of_its_components(name: str) -> None:
    table = prices(load_chip(name))
    assert list(table.total) == [sum(row.values()) for row in table.by_component]


@pytest.mark.parametrize(
    ("pj", "aj"), [("0.0000005", 0), ("0.0000014999", 1), ("0.0000015", 2), ("0.0000025", 2), ("0.0000026", 3)]
)
def test_a_price_is_rounded_once_to_the_nearest_attojoule_ties_to_even(pj: str, aj: int) -> None:
    assert price("neurons.convert", f"energy.conversion_pj={pj}") == {"neurons_adcs": aj}


def test_doubling_a_setting_doubles_its_price() -> None:
    assert price("vmm.load", "energy.dacs_pj=1.89") == {"dacs": 2 * 945_000}


def test_leakage_by_hand() -> None:
    # Half of 0.12 mW follows main memory, 0.41 of the rest the stores.
    assert leakage_aj_per_cycle(load_chip("acortex_gnmt")) == round((120 + 32768 * 0.2255) * 1.785 * 1000)
    memory, stores = 0.8 / 1024 + 0.2 / 32, 1_528_832 / 2_044_928
    fixed_uw = 60 * memory + 60 * (0.59 + 0.41 * stores)
    assert leakage_aj_per_cycle(DIGITS) == LEAK == round((fixed_uw + 16 * 0.2255) * 1.785 * 1000)


def test_every_kind_is_named_once_and_says_what_it_counts() -> None:
    assert len(INDEX) == len(KINDS)
    assert all(kind.unit and kind.description and KINDS[kind.index] is kind for kind in KINDS)
    assert {component for kind in KINDS for component, _ in kind.rates} <= set(COMPONENTS)


# Three tables, one sum

INTERVALS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20), st.integers(0, 20)), max_size=8)
COUNTS = st.dictionaries(
    st.tuples(st.integers(0, len(KINDS) - 1), st.integers(NONE, 3), st.integers(NONE, 3)), st.integers(0, 10**12)
)
PRICES = prices(DIGITS)


@given(counts=COUNTS, cycles=st.integers(0, 10**6), layers=INTERVALS, inferences=INTERVALS)
def test_components_layers_and_inferences_add_up_to_the_same(
    counts: dict[tuple[int, int, int], int], cycles: int, layers: list[Interval], inferences: list[Interval]
) -> None:
    energies = settle(PRICES, counts, cycles, layers, inferences)
    events = sum(count * PRICES.total[kind] for (kind, _, _), count in counts.items())
    assert energies.total == events + cycles * PRICES.leakage_aj_per_cycle
    assert sum(energies.by_component.values()) == energies.total
    assert sum(energies.by_layer.values()) == energies.total
    assert sum(sum(row.values()) for row in energies.by_inference.values()) == energies.total


def test_each_event_goes_to_its_component_layer_and_inference() -> None:
    counts = {(INDEX["memory.read"], 2, 1): 3, (INDEX["neurons.convert"], 0, 0): 10}
    energies = settle(PRICES, counts, 0, inferences=[(0, 0, 1), (1, 0, 1)])
    assert energies.by_layer == {2: 3 * (READ + OTHERS), 0: 830_000}
    assert energies.by_inference[1]["main_memory"] == 3 * READ
    assert energies.by_inference[0]["neurons_adcs"] == 830_000
    assert energies.by_component["others"] == 3 * OTHERS


def test_what_belongs_to_no_inference_is_shared_and_the_first_pays_the_rest() -> None:
    odd = prices(load_chip("acortex_digits", ["energy.conversion_pj=0.000007"]))
    energies = settle(odd, {(INDEX["neurons.convert"], 0, NONE): 1}, 0, inferences=[(0, 0, 1), (1, 0, 1)])
    assert [energies.by_inference[index]["neurons_adcs"] for index in (0, 1)] == [4, 3]


def test_an_inference_that_never_flew_pays_nothing_and_takes_no_share() -> None:
    """The controller alone issued for it; the report lists those that flew, and their energies add up to the run."""
    counts = {(INDEX["controller.issue"], NONE, 1): 3, (INDEX["memory.read"], NONE, 1): 1}
    energies = settle(PRICES, counts, 10, inferences=[(0, 4, 4)])
    assert set(energies.by_inference) == {0}
    assert sum(energies.by_inference[0].values()) == energies.total


def test_a_run_without_inferences_keeps_all_its_energy_with_none() -> None:
    energies = settle(PRICES, {(INDEX["memory.read"], NONE, NONE): 1}, 5)
    assert list(energies.by_inference) == [NONE]
    assert energies.by_inference[NONE]["leakage"] == 5 * LEAK
    assert energies.by_layer == {NONE: READ + OTHERS + 5 * LEAK}


def test_sums_beyond_64_bits_are_exact() -> None:
    rows = 32768 * 64  # all the rows of the largest chip, twice
    energies = settle(PRICES, {(INDEX["program_erase.write"], NONE, NONE): 4 * rows}, 0)
    assert energies.total == 4 * rows * 2_048_000_000_000 > 2**63
