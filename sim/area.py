"""The one table of area: what each part of a chip takes of the die, in mm2, and the side of the die in mm.

Source of the form: derived from Fig. 7b. What follows the number of arrays is priced an array, what is shared down the
columns is priced for each of the n columns of a block, and a rest is fixed.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

from acortex.sim.specs import Chip

PRECISION = 60
"""Decimal digits of areas and lengths: the same on every machine, whatever the caller's decimal context."""

UM2_PER_MM2 = Decimal(10) ** 6


def area_by_component(chip: Chip) -> dict[str, Decimal]:
    """The area of each component in mm2, by its name in reports."""
    area, arrays = chip.area, chip.array_count
    with localcontext(prec=PRECISION):
        return {
            "main_memory": area.main_memory_mm2_per_mb * chip.memory.capacity_kb / 1024,
            "sensing": area.sensing_um2 * arrays / UM2_PER_MM2,
            "arrays": area.cells_um2 * arrays / UM2_PER_MM2,
            "dacs": area.dacs_um2 * arrays / UM2_PER_MM2,
            "neurons_adcs": area.neurons_um2_per_column * chip.arrays.n / UM2_PER_MM2,
            "program_erase": area.program_erase_mm2_per_column * chip.arrays.n,
            "others": area.others_per_array_um2 * arrays / UM2_PER_MM2 + area.fixed_mm2,
        }


def total_area(chip: Chip) -> Decimal:
    """The area of the die in mm2."""
    with localcontext(prec=PRECISION):
        return sum(area_by_component(chip).values(), Decimal(0))


def die_side(chip: Chip) -> Decimal:
    """The side of the die in mm, taken as a square: what a word travels where the bus charges its full span."""
    with localcontext(prec=PRECISION):
        return total_area(chip).sqrt()


def chip_report(chip: Chip) -> dict[str, Any]:
    """A chip as `acortex.chip/1`: its areas, its number of arrays and its settings, in plain types."""
    return {
        "schema": "acortex.chip/1",
        "name": chip.name,
        "description": chip.description,
        "sha256": chip.sha256,
        "area_mm2": float(total_area(chip)),
        "area_by_component_mm2": {name: float(area) for name, area in area_by_component(chip).items()},
        "arrays": chip.array_count,
        "config": chip.config,
    }
