"""The one table of energy: what each kind of event costs and to which component, in attojoules.

Energy is an integer everywhere. Each rate is rounded once, from the chip's decimal numbers; everything after that is a
sum of products of Python integers, exact and independent of order. Units hold no energy: they count events, and
`settle` turns the counts into energy by component, by layer and by inference, three tables with one sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from acortex.sim.chip.area import (
    PRECISION,
    added_area,
    array_um2,
    bank_factor,
    control_side_factor,
    memory_side_factor,
    store_factor,
)
from acortex.sim.chip.buses import word_length_mm
from acortex.sim.chip.floorplan import floor_plan
from acortex.sim.chip.side import cells_factor, line_factor
from acortex.sim.chip.specs import Chip
from acortex.traces.leakage import NONE as NONE
from acortex.traces.leakage import Interval as Interval
from acortex.traces.leakage import share_leakage as share_leakage
from acortex.traces.leakage import share_out
from acortex.units import AJ_PER_PJ, UM2_PER_MM2

COMPONENTS = (
    "main_memory",
    "sensing",
    "arrays",
    "dacs",
    "neurons_adcs",
    "buses",
    "leakage",
    "program_erase",
    "others",
)
"""The components that energy is reported for."""

Rate = Callable[[Chip], Decimal]


@dataclass(frozen=True)
class PricedKind:
    """A kind of event: its number and name in traces, what is counted, what it costs.

    `rates` are (component, picojoules a count) pairs; none where the published figures include the cost elsewhere.
    """

    index: int
    name: str
    unit: str
    description: str
    rates: tuple[tuple[str, Rate], ...] = ()


def _per_row(chip: Chip) -> Decimal:
    """Writing one row of an array: two cells a weight, every level, every pulse."""
    writing = chip.program_erase
    return 2 * chip.arrays.k * writing.levels * writing.pulses_per_level * chip.energy.program_pulse_pj


def _load(chip: Chip) -> Decimal:
    """Loading one array's latches: with a second set both are written, and a broadcast word crosses the array too.

    The way from the buffer to an array's DACs is in the DACs' price; only what is driven beyond it is added.
    """
    energy, arrays = chip.energy, chip.arrays
    crossing = energy.bus_to_arrays_pj_per_mm * floor_plan(chip).pitch_x if arrays.broadcast_loads else 0
    words = line_factor(chip)  # of 64 rows each
    return words * (energy.dacs_pj + energy.latches_pj * int(arrays.overlap_loads) + crossing)


def _convert(chip: Chip) -> Decimal:
    """Converting one output: the ramp and the counter beside it take as many steps as there are codes."""
    return chip.energy.conversion_pj * Decimal(2) ** (chip.neurons.bits - chip.area.converter_anchor_bits)


_ACCESS: tuple[tuple[str, Rate], ...] = (
    ("main_memory", lambda chip: chip.energy.memory_access_pj * memory_side_factor(chip)),
    ("others", lambda chip: chip.energy.others_access_pj * control_side_factor(chip)),
)
_FRAME: tuple[tuple[str, Rate], ...] = (
    ("sensing", lambda chip: chip.energy.sensing_pj * line_factor(chip)),
    ("arrays", lambda chip: chip.energy.array_pj * cells_factor(chip)),
)
_DOWN: Rate = lambda chip: chip.energy.bus_to_arrays_pj_per_mm * word_length_mm(chip, "down")  # noqa: E731
_UP: Rate = lambda chip: chip.energy.bus_from_arrays_pj_per_mm * word_length_mm(chip, "up")  # noqa: E731

_TABLE: tuple[tuple[str, str, str, tuple[tuple[str, Rate], ...]], ...] = (
    ("controller.issue", "instructions", "an instruction issued; its energy is in that of memory accesses", ()),
    ("sync", "tokens", "a token made or taken", ()),
    ("memory.read", "words", "words read from main memory", _ACCESS),
    ("memory.write", "words", "words written to main memory", _ACCESS),
    ("bus.down", "words", "words carried to the arrays", (("buses", _DOWN),)),
    ("bus.up", "words", "words carried back from the arrays", (("buses", _UP),)),
    ("buffer.slide", "words", "words of an input vector prepared; its energy is in that of memory accesses", ()),
    ("vmm.connect", "segments", "bus segments joined for a group", ()),
    ("vmm.disconnect", "segments", "bus segments released by a group", ()),
    ("vmm.load", "arrays", "arrays whose DAC latches were loaded", (("dacs", _load),)),
    ("vmm.frame", "arrays", "arrays that took part in an analog frame", _FRAME),
    (
        "neurons.convert",
        "outputs",
        "outputs converted to codes",
        (("neurons_adcs", _convert),),
    ),
    ("vector.step", "words", "words that the vector agent worked on", ()),
    ("host.in", "words", "words taken from the host; the memory's write is an event of its own", ()),
    ("host.out", "words", "words given to the host; the memory's read is an event of its own", ()),
    ("program_erase.write", "rows", "rows of an array written by pulses", (("program_erase", _per_row),)),
    ("host.work", "operations", "operations of the host; its energy is not the chip's, and in none of these", ()),
)

KINDS: tuple[PricedKind, ...] = tuple(PricedKind(index, *row) for index, row in enumerate(_TABLE))
"""Every kind of event, in the order of their numbers. New kinds go to the end: traces hold the numbers."""

INDEX: dict[str, int] = {kind.name: kind.index for kind in KINDS}
"""The number of each kind by its name."""

for _kind in KINDS:
    if INDEX[_kind.name] != _kind.index or not {component for component, _ in _kind.rates} <= set(COMPONENTS):
        raise AssertionError(f"{_kind.name} is an event twice, or has a price of a component that there is not")


@dataclass(frozen=True)
class Prices:
    """What events cost on one chip, in attojoules a count: `by_component[kind]` and its sum `total[kind]`."""

    by_component: tuple[dict[str, int], ...]
    total: tuple[int, ...]
    leakage_aj_per_cycle: int


def prices(chip: Chip) -> Prices:
    """The prices of a chip, each rounded once to whole attojoules, ties to even."""
    with localcontext(prec=PRECISION):
        rows = tuple(
            {component: _whole(rate(chip) * Decimal(AJ_PER_PJ)) for component, rate in kind.rates} for kind in KINDS
        )
    return Prices(rows, tuple(sum(row.values()) for row in rows), leakage_aj_per_cycle(chip))


def leakage_mw(chip: Chip) -> Decimal:
    """What the whole chip leaks, in mW.

    Of what does not follow the arrays, main memory's part follows its area, and that of the stores their bits. An array
    with its circuits leaks as its area, and so does what is added to do more at once.
    """
    area, energy = chip.area, chip.energy
    with localcontext(prec=PRECISION):
        priced_um2 = area.cells_um2 + area.sensing_um2 + area.dacs_um2 + area.others_per_array_um2
        added = added_area(chip) * UM2_PER_MM2 / priced_um2 if priced_um2 else Decimal(0)
        each = array_um2(chip) / priced_um2 if priced_um2 else cells_factor(chip)
        stores = 1 - energy.store_leakage_share + energy.store_leakage_share * store_factor(chip)
        memory = energy.memory_leakage_share * bank_factor(chip)
        fixed = energy.leakage_mw * (memory + (1 - energy.memory_leakage_share) * stores)
        return fixed + energy.leakage_per_array_uw * (chip.array_count * each + added) / 1000


def leakage_aj_per_cycle(chip: Chip) -> int:
    """What the whole chip leaks in one cycle, in attojoules, rounded once. 1 mW for 1 ns is 1 pJ."""
    with localcontext(prec=PRECISION):
        return _whole(leakage_mw(chip) * chip.clock_ns * AJ_PER_PJ)


def _whole(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_HALF_EVEN))


@dataclass(frozen=True)
class Energies:
    """Where the energy of a run went, in attojoules, three times: each table adds up to `total`.

    `by_inference` has the components of each inference. `NONE` is the number of no layer, and of no inference in a run
    that has none.
    """

    total: int
    by_component: dict[str, int]
    by_layer: dict[int, int]
    by_inference: dict[int, dict[str, int]]


def settle(
    price: Prices,
    counts: Mapping[tuple[int, int, int], int],
    cycles: int,
    layers: Sequence[Interval] = (),
    inferences: Sequence[Interval] = (),
) -> Energies:
    """The energy of a run of `cycles` from its counts by (kind, layer, inference) and what was in flight when.

    What belongs to no inference, or to one that was never in flight, is for all of them: each pays floor(E/n) of it,
    and the first the rest, for each component. Leakage is shared as `share_leakage` says.
    """
    by_layer = share_leakage(layers, cycles, price.leakage_aj_per_cycle, idle=NONE)
    leaked = share_leakage(inferences, cycles, price.leakage_aj_per_cycle)
    flown = {owner for owner, _, _ in inferences}
    by_inference = {owner: dict.fromkeys(COMPONENTS, 0) for owner in sorted(flown)}
    for owner, energy in leaked.items():
        by_inference.setdefault(owner, dict.fromkeys(COMPONENTS, 0))["leakage"] += energy
    rates = [tuple(row.items()) for row in price.by_component]
    for (kind, layer, inference), count in counts.items():
        by_layer[layer] = by_layer.get(layer, 0) + count * price.total[kind]
        payer = inference if inference in flown or not flown else NONE  # one that never flew is paid for by all
        row = by_inference.get(payer)
        if row is None:
            row = by_inference[payer] = dict.fromkeys(COMPONENTS, 0)
        for component, each in rates[kind]:
            row[component] += count * each
    by_component = {name: sum(row[name] for row in by_inference.values()) for name in COMPONENTS}
    share_out(by_inference)
    return Energies(sum(by_component.values()), by_component, by_layer, by_inference)
