"""The one table of area: what each part of a chip takes of the die, in mm2, and the side of the die in mm.

Source of the form: derived from Fig. 7b. What follows the number of arrays is priced an array, what is shared down the
columns is priced for each of the n columns of a block, and a rest is fixed.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from acortex.sim.chip.results import ChipReport, ChipRow, GroupOnChip
from acortex.sim.chip.specs import Chip
from acortex.units import UM2_PER_MM2

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
    return {
        "main_memory": area.main_memory_mm2_per_mb * chip.memory.capacity_kb / 1024,
        "sensing": area.sensing_um2 * arrays / UM2_PER_MM2,
        "arrays": area.cells_um2 * arrays / UM2_PER_MM2,
        "dacs": area.dacs_um2 * arrays / UM2_PER_MM2,
        "neurons_adcs": area.neurons_um2_per_column * chip.arrays.n / UM2_PER_MM2,
        "program_erase": area.program_erase_mm2_per_column * chip.arrays.n,
        "others": area.others_per_array_um2 * arrays / UM2_PER_MM2 + area.fixed_mm2,
    }


def _added(chip: Chip, serial: dict[str, Decimal]) -> dict[str, Decimal]:
    """What doing more at once adds to the areas of a serial chip.

    Further ports, converters and latches take area where the first ones are; the wires of further lanes, among them
    those that load several arrays in a cycle, run along the side of the die without them.
    """
    area, buses = chip.area, chip.buses
    lanes = buses.down_lanes + buses.up_lanes + chip.arrays.loads_per_cycle - 3
    side = sum(serial.values(), Decimal(0)).sqrt()
    return {
        "main_memory": serial["main_memory"] * area.port_share * (chip.memory.ports - 1),
        "dacs": area.latches_um2 * chip.array_count * int(chip.arrays.overlap_loads) / UM2_PER_MM2,
        "neurons_adcs": serial["neurons_adcs"] * (chip.neurons.adcs_per_column - 1),
        "others": area.lane_um2_per_mm * side * lanes / UM2_PER_MM2,
    }


def added_area(chip: Chip) -> Decimal:
    """What doing more at once than the published chip adds to a chip's area, in mm2."""
    with localcontext(prec=PRECISION):
        return total_area(chip) - sum(_serial(chip).values(), Decimal(0))


def memory_side_factor(chip: Chip) -> Decimal:
    """How much longer than with one port the lines of main memory are: an access costs so much more energy."""
    with localcontext(prec=PRECISION):
        return (1 + chip.area.port_share * (chip.memory.ports - 1)).sqrt()


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
    return ChipReport(
        name=chip.name,
        description=chip.description,
        sha256=chip.sha256,
        area_mm2=float(total_area(chip)),
        area_by_component_mm2={name: float(area) for name, area in area_by_component(chip).items()},
        arrays=chip.array_count,
        config=chip.config,
        groups=groups,
    )


def chip_row(chip: Chip) -> ChipRow:
    """A chip among others: its sizes."""
    return ChipRow(
        name=chip.name,
        arrays=chip.array_count,
        memory_kb=chip.memory.capacity_kb,
        area_mm2=float(total_area(chip)),
        description=chip.description,
    )
