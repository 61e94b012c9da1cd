"""The one table of area: what each part of a chip takes of the die, in mm2, and the side of the die in mm.

Source of the form: derived from Fig. 7b. What follows the number of arrays is priced for each array, what is shared
down the columns for each of the n columns of a block, and a rest is fixed. Laws of storage, converters and circuits
start at an anchor that the chip file states: there their factor is exactly 1.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from acortex.sim.chip.chip_files import has_source
from acortex.sim.chip.errors import missing
from acortex.sim.chip.free import FREE
from acortex.sim.chip.side import cells_factor, line_factor
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.sim.chip.stores import store_bits
from acortex.units import UM2_PER_MM2

if TYPE_CHECKING:
    from acortex.sim.chip.results import ChipReport, ChipRow, GroupOnChip

PRECISION = 60
"""Decimal digits of areas and lengths: the same on every machine, whatever the caller's decimal context."""


def area_by_component(chip: Chip) -> dict[str, Decimal]:
    """The area of each component in mm2, by its name in reports."""
    with localcontext(prec=PRECISION):
        serial = _serial(chip)
        added = _added(chip, serial)
        return {name: area + added.get(name, 0) for name, area in serial.items()}


def _serial(chip: Chip) -> dict[str, Decimal]:
    """The areas of a chip that does one thing at a time, as the published one does."""
    area, arrays = chip.area, chip.array_count
    codes = Decimal(chip.neurons.bits) / area.converter_anchor_bits
    line, cells = line_factor(chip), cells_factor(chip)
    return {
        "main_memory": area.main_memory_mm2_per_mb * area.memory_anchor_kb / 1024 * bank_factor(chip),
        "sensing": area.sensing_um2 * line * arrays / UM2_PER_MM2,
        "arrays": area.cells_um2 * cells * arrays / UM2_PER_MM2,
        "dacs": area.dacs_um2 * line * arrays / UM2_PER_MM2,
        "neurons_adcs": area.neurons_um2_per_column * line * codes * chip.arrays.n / UM2_PER_MM2,
        "program_erase": area.program_erase_mm2_per_column * line * chip.arrays.n,
        "others": area.others_per_array_um2 * cells * arrays / UM2_PER_MM2 + control_area(chip),
    }


def array_um2(chip: Chip) -> Decimal:
    """One array with its own circuits and wires, in um2."""
    area, line, cells = chip.area, line_factor(chip), cells_factor(chip)
    return cells * (area.cells_um2 + area.others_per_array_um2) + line * (area.sensing_um2 + area.dacs_um2)


def bank_factor(chip: Chip) -> Decimal:
    """Main memory with one port, as a multiple of the one that its area is stated for.

    Cells follow the capacity. What surrounds a bank stands along its sides, which grow with the root of its bits: for
    all banks together, with the root of capacity times banks. Source of the form: CACTI (Wilton and Jouppi, JSSC 1996),
    from memory, not checked.
    """
    memory, area = chip.memory, chip.area
    with localcontext(prec=PRECISION):
        capacity = Decimal(memory.capacity_kb) / area.memory_anchor_kb
        sides = (capacity * memory.banks / area.memory_anchor_banks).sqrt()
        return (1 - area.periphery_share) * capacity + area.periphery_share * sides


def store_factor(chip: Chip) -> Decimal:
    """The bits of all stores beside main memory, as a multiple of those that prices are stated for."""
    with localcontext(prec=PRECISION):
        return Decimal(store_bits(chip)) / chip.area.store_anchor_bits


def control_factor(chip: Chip) -> Decimal:
    """Controller, stores and host port, as a multiple of the area that the chip file states."""
    with localcontext(prec=PRECISION):
        return 1 - chip.area.store_share + chip.area.store_share * store_factor(chip)


def control_area(chip: Chip) -> Decimal:
    """The area of controller, stores and host port, in mm2."""
    with localcontext(prec=PRECISION):
        return chip.area.fixed_mm2 * control_factor(chip)


def _added(chip: Chip, serial: dict[str, Decimal]) -> dict[str, Decimal]:
    """What doing more at once, or in less time, adds to the areas of a serial chip.

    Further ports, converters and latches take area where the first ones are; the wires of further lanes, among them
    those that load several arrays in a cycle, run along the side of the die without them. A set of converters, and a
    further group on a segment, need the wires of every array again. The charge of a shorter frame takes a current, and
    so transistors, as much larger.
    """
    area, buses = chip.area, chip.buses
    lanes = buses.down_lanes + buses.up_lanes + chip.arrays.loads_per_cycle - 3
    wires = chip.neurons.adcs_per_column * buses.segment_capacity - 1
    side = sum(serial.values(), Decimal(0)).sqrt()
    array_wires = cells_factor(chip) * chip.array_count
    return {
        "main_memory": serial["main_memory"] * area.port_share * (chip.memory.ports - 1),
        "sensing": serial["sensing"] * max(Decimal(0), area.frame_anchor_ns / chip.arrays.frame_ns - 1),
        "dacs": area.latches_um2 * line_factor(chip) * chip.array_count * int(chip.arrays.overlap_loads) / UM2_PER_MM2,
        "neurons_adcs": serial["neurons_adcs"] * (chip.neurons.adcs_per_column - 1),
        "others": (area.lane_um2_per_mm * side * lanes + area.others_per_array_um2 * array_wires * wires) / UM2_PER_MM2,
    }


def added_area(chip: Chip) -> Decimal:
    """What doing more at once than the published chip, or in less time, adds to a chip's area, in mm2."""
    with localcontext(prec=PRECISION):
        return total_area(chip) - sum(_serial(chip).values(), Decimal(0))


def memory_side_factor(chip: Chip) -> Decimal:
    """How much longer the lines of main memory are than at its anchor: an access costs so much more energy.

    An access drives word and bit lines and the wires to its bank: all as long as the memory's side. Source of the form:
    CACTI, as above; a 64-bit access of 10, 20 and 100 pJ at 8 KB, 32 KB and 1 MB (Horowitz, ISSCC 2014) follows it
    within 15 %, with banks of one size.
    """
    with localcontext(prec=PRECISION):
        return (bank_factor(chip) * (1 + chip.area.port_share * (chip.memory.ports - 1))).sqrt()


def control_side_factor(chip: Chip) -> Decimal:
    """The same for the stores beside main memory: the side of controller, stores and host port."""
    with localcontext(prec=PRECISION):
        return control_factor(chip).sqrt()


def total_area(chip: Chip) -> Decimal:
    """The area of the die in mm2."""
    with localcontext(prec=PRECISION):
        return sum(area_by_component(chip).values(), Decimal(0))


def die_side(chip: Chip) -> Decimal:
    """The side of the die in mm, taken as a square: what a word travels where the bus charges its full span."""
    with localcontext(prec=PRECISION):
        return total_area(chip).sqrt()


def chip_report(chip: Chip, groups: list[GroupOnChip] | None = None) -> ChipReport:
    """A chip's areas, its number of arrays and its settings; with the groups of a program on it where given."""
    from acortex.sim.chip.results import ChipReport  # a run prices areas, too, and needs no such report

    return ChipReport(
        name=chip.name,
        description=chip.description,
        sha256=chip.sha256,
        area_mm2=float(total_area(chip)),
        area_by_component_mm2={name: float(area) for name, area in area_by_component(chip).items()},
        arrays=chip.array_count,
        config=chip.config,
        sources={path: chip.sources.get(path, "") for path in SETTINGS},
        unsourced=[
            path for path in SETTINGS if chip.value(path) is not None and not has_source(chip.sources.get(path, ""))
        ],
        free=list(FREE),
        not_stated=missing(chip.errors),
        groups=groups,
    )


def chip_row(chip: Chip) -> ChipRow:
    """A chip among others: its sizes."""
    from acortex.sim.chip.results import ChipRow

    return ChipRow(
        name=chip.name,
        arrays=chip.array_count,
        memory_kb=chip.memory.capacity_kb,
        area_mm2=float(total_area(chip)),
        description=chip.description,
    )
