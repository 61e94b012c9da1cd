"""The floor plan: where the parts of a chip lie, in mm, and how far it is between them.

Nothing public gives the layout. This one is derived from the areas alone: a square die; on its left a strip with the
main memory above the controller, instruction memory and buffer; right of it the upper arrays, a band with the neurons,
converters and program/erase circuits that both halves share, and the lower arrays. Every part has exactly its area.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext

from acortex.sim.chip.area import PRECISION, area_by_component, control_area, die_side
from acortex.sim.chip.specs import Chip


@dataclass(frozen=True)
class Box:
    """A part of the die: its name, and in mm its left edge, top edge, width and height."""

    name: str
    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal

    @property
    def center(self) -> tuple[Decimal, Decimal]:
        """Its middle, in mm from the die's top left corner."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class FloorPlan:
    """The parts of a chip in their places; lengths in mm. `pitch_x` and `pitch_y` are the sides of one array."""

    side: Decimal
    memory: Box
    control: Box
    top: Box
    band: Box
    bottom: Box
    pitch_x: Decimal
    pitch_y: Decimal

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The parts; together they cover the die."""
        return self.memory, self.control, self.top, self.band, self.bottom

    @property
    def ports(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Where the ends of the data buses are: (x, y) in mm. "hub" is their common switch, at the band's left end."""
        hub = (self.band.x, self.band.center[1])
        return {
            "host": (Decimal(0), self.control.center[1]),
            "memory": self.memory.center,
            "buffer": (self.control.x + self.control.width, self.control.center[1]),
            "vector": (self.memory.x + self.memory.width, self.memory.center[1]),
            "neurons": self.band.center,
            "hub": hub,
        }


def floor_plan(chip: Chip) -> FloorPlan:
    """The floor plan of a chip."""
    area = area_by_component(chip)
    with localcontext(prec=PRECISION):
        side = die_side(chip)
        fixed = control_area(chip)
        strip = (area["main_memory"] + fixed) / side
        width = side - strip
        arrays = area["sensing"] + area["arrays"] + area["dacs"] + area["others"] - fixed
        top_height = arrays * chip.arrays.m_top / chip.rows / width
        bottom_height = arrays * chip.arrays.m_bottom / chip.rows / width
        band_height = side - top_height - bottom_height
        memory_height = area["main_memory"] / strip
        return FloorPlan(
            side=side,
            memory=Box("main memory", Decimal(0), Decimal(0), strip, memory_height),
            control=Box(
                "controller, instruction memory, buffer", Decimal(0), memory_height, strip, side - memory_height
            ),
            top=Box("upper arrays", strip, Decimal(0), width, top_height),
            band=Box("neurons, converters, program/erase", strip, top_height, width, band_height),
            bottom=Box("lower arrays", strip, top_height + band_height, width, bottom_height),
            pitch_x=width / chip.columns,
            pitch_y=(top_height + bottom_height) / chip.rows,
        )


def distance(start: tuple[Decimal, Decimal], end: tuple[Decimal, Decimal]) -> Decimal:
    """How long a wire between two places is, in mm: wires run along the edges of the die."""
    return abs(start[0] - end[0]) + abs(start[1] - end[1])
