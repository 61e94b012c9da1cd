"""What it takes to measure and set the trims of a chip: operations of arrays, conversions, time and energy."""

from __future__ import annotations

from acortex.sim.accuracy.results import Trims
from acortex.sim.analog import converters
from acortex.sim.chip.clock import Clock, delays
from acortex.sim.chip.prices import INDEX, prices
from acortex.sim.chip.side import loads
from acortex.sim.chip.specs import Chip
from acortex.units import joules

AVERAGES = 16
"""How often each point is measured: the noise of a read falls to a quarter."""

OFFSETS, GAINS = 1, 2
"""Points that are measured: with no input, and with the largest one as well."""


def trims_of(chip: Chip) -> Trims | None:
    """What the trims of a chip take, from its settings; None where it has none.

    Each set of converters is measured through one array of its column; the columns are measured at once.
    """
    errors = chip.errors
    points = GAINS if errors.trim_pct else OFFSETS if errors.trim_codes else 0
    if not points:
        return None
    sets = chip.columns * chip.neurons.adcs_per_column
    cost = converters.trim_cost(sets, averages=AVERAGES, points=points, channels=chip.arrays.k)
    price = prices(chip).total
    of_array, of_output = price[INDEX["vmm.load"]] + price[INDEX["vmm.frame"]], price[INDEX["neurons.convert"]]
    took = delays(chip)
    words = sets * loads(chip, chip.arrays.k, 1)
    each = -(-words // chip.arrays.loads_per_cycle) + took.frame_cycles(1) + took.ramp_cycles
    return Trims(
        array_operations=cost.measurements,
        conversions=cost.conversions,
        time_s=Clock(chip.clock_ns).seconds(cost.measurements // sets * each),
        energy_j=joules(cost.measurements * of_array + cost.conversions * of_output),
    )
