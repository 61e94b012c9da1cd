"""Energy of arrays that follows the data: sums of codes and levels by hand, and prices rounded once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from acortex.isa import assemble
from acortex.sim.chip.specs import load_chip
from acortex.sim.ledger.data_energy import Meter
from acortex.sim.results import DataEnergy

PROGRAM = assemble("""
        .program two
        .chip acortex_digits
        start
        layer first
        endlayer
        layer second
        endlayer
        halt
""")
WEIGHTS = np.array([[1, -2, 3], [-4, 0, 5]], np.int8)
"""Loads of 6 and 9 in its two rows."""


def metered(settings: list[str], *products: tuple[int, int, Any], weights: Any = WEIGHTS) -> DataEnergy:
    """What is reported of products as (group, layer, codes); a group of number n has n + 1 arrays."""
    meter = Meter(PROGRAM, load_chip("acortex_digits", settings))
    levels = {0: SimpleNamespace(values=weights), 1: SimpleNamespace(values=10 * weights)}
    groups = {number: SimpleNamespace(arrays=number + 1) for number in levels}
    note = meter.begin(SimpleNamespace(weights=levels, groups=groups))  # type: ignore[arg-type]
    for group, layer, codes in products:
        note(SimpleNamespace(group=group, layer=layer), np.array(codes))  # type: ignore[arg-type]
    return meter.report()


PRICES = ["energy.array_pj=2", "energy.activity=1000"]
"""2,000 aJ for each unit of activity: 2 pJ are those of 1,000."""


def test_activity_is_codes_times_levels_and_operations_are_positions_on_each_array() -> None:
    found = metered(PRICES, (0, 1, [[1, 0], [2, 3]]), (0, 1, [[0, 1]]), (1, 1, [[0, 1]]))
    (layer,) = found.layers
    activity = (1 * 6) + (2 * 6 + 3 * 9) + 9 + 90
    assert (layer.name, layer.activity, layer.operations) == ("first", activity, 2 * 1 + 1 + 1 * 2)
    assert (layer.energy_aj, layer.fixed_aj) == (2000 * activity, 2_000_000 * 5)
    assert layer.energy_j == pytest.approx(2000 * activity / 1e18)


def test_layers_are_in_order_of_the_program_and_add_up() -> None:
    found = metered(PRICES, (0, 2, [[1, 1]]), (0, 0, [[2, 0]]), (0, 1, [[0, 0]]))
    assert [(one.name, one.activity) for one in found.layers] == [("-", 12), ("first", 0), ("second", 15)]
    assert (found.energy_aj, found.fixed_aj) == (2000 * 27, 3 * 2_000_000)
    assert (found.energy_j, found.ratio) == (pytest.approx(54_000 / 1e18), pytest.approx(54_000 / 6_000_000))


def test_batches_count_as_positions() -> None:
    one, all_together = metered(PRICES, *[(0, 1, [[1, 2]])] * 6), metered(PRICES, (0, 1, [[[1, 2]] * 3] * 2))
    assert one == all_together


@pytest.mark.parametrize(("activity", "energy_aj"), [("3000000", 2), ("2400000", 2), ("1600000", 4)])
def test_energy_is_rounded_once_for_each_layer_ties_to_even(activity: str, energy_aj: int) -> None:
    """Three units of activity at 2/3, 5/6 and 5/4 aJ each: 2, 2.5 and 3.75."""
    weights = np.array([[3], [0]], np.int8)
    found = metered(["energy.array_pj=2", f"energy.activity={activity}"], (0, 1, [[1, 0]]), weights=weights)
    assert found.layers[0].energy_aj == energy_aj


def test_what_is_charged_is_the_price_of_one_operation_so_many_times() -> None:
    """As the ledger has it: 1.4 aJ are 1 for each of five operations, not 7 for all of them."""
    found = metered(["energy.array_pj=0.0000014", "energy.activity=1"], (0, 1, [[1, 0]] * 5))
    assert found.fixed_aj == found.layers[0].fixed_aj == 5


def test_sums_do_not_end_with_the_bits_of_codes() -> None:
    found = metered(PRICES, (0, 1, np.full((1000, 2), 255, np.uint8)))
    assert found.layers[0].activity == 1000 * 255 * 15


def test_without_a_product_nothing_is_drawn() -> None:
    found = metered(PRICES)
    assert (found.layers, found.energy_aj, found.fixed_aj, found.ratio) == ([], 0, 0, None)


def test_larger_arrays_are_charged_for_their_cells_and_draw_for_the_data() -> None:
    small, large = (metered([*PRICES, f"arrays.k={side}"], (0, 1, [[1, 0]])) for side in (64, 128))
    assert (large.energy_aj, large.fixed_aj) == (small.energy_aj, 4 * small.fixed_aj)
