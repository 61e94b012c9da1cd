"""Where the parts of a chip lie on a drawing of its die: everything to scale, from the floor plan alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from acortex.sim.chip import floorplan
from acortex.sim.chip.area import area_by_component, control_area
from acortex.sim.chip.buses import TOP, Segment
from acortex.sim.chip.floorplan import FloorPlan, floor_plan
from acortex.sim.chip.groups import Rect
from acortex.sim.chip.specs import Chip
from acortex.tools.drawing.scene import Box

NEURONS = "neurons and ADCs"

FILLS = {
    "main memory": "#d6e4f0",
    "controller, stores, host port": "#e3e3e3",
    "program and erase": "#e7dcef",
    NEURONS: "#8250df",
    "cells": "#faf3df",
    "DACs": "#b4536f",
    "sensing": "#4f8f6b",
    "wiring and switches": "#b9b2a3",
}
"""The parts of a chip: pale where layers are drawn on them or names stand in them."""


@dataclass(frozen=True)
class Part:
    """A part of the die: its name, its area in mm2, and where all of it lies, if it is in one place."""

    name: str
    area_mm2: float
    box: Box | None = None


@dataclass(frozen=True)
class Die:
    """The die of a chip as a square of `size` pixels, with its top left corner at `left` and `top`."""

    chip: Chip
    left: float
    top: float
    size: float

    @cached_property
    def plan(self) -> FloorPlan:
        """The floor plan, in mm."""
        return floor_plan(self.chip)

    @cached_property
    def scale(self) -> float:
        """Pixels of a millimetre."""
        return self.size / float(self.plan.side)

    @property
    def pitch(self) -> tuple[float, float]:
        """The sides of an array, in pixels."""
        return float(self.plan.pitch_x) * self.scale, float(self.plan.pitch_y) * self.scale

    def box(self, part: floorplan.Box) -> Box:
        """Where a part of the floor plan lies."""
        x, y = self.at(float(part.x), float(part.y))
        return Box(x, y, x + float(part.width) * self.scale, y + float(part.height) * self.scale)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A place of the floor plan, in mm, on the drawing."""
        return self.left + x * self.scale, self.top + y * self.scale

    @cached_property
    def halves(self) -> tuple[Box, Box]:
        """The upper and the lower arrays."""
        return self.box(self.plan.top), self.box(self.plan.bottom)

    def held(self, rect: Rect) -> list[Box]:
        """Where a rectangle of arrays lies: one box in each half that it touches."""
        split = self.chip.arrays.m_top
        return [
            self._rows(rect, first, last)
            for first, last in ((0, split), (split, self.chip.rows))
            if rect.row < last and rect.row + rect.height > first
        ]

    def _rows(self, rect: Rect, first: int, last: int) -> Box:
        """What of a rectangle lies in some rows of arrays, all of one half."""
        half, (wide, high) = self.halves[first > 0], self.pitch
        begin, end = max(rect.row, first) - first, min(rect.row + rect.height, last) - first
        left = half.left + wide * rect.column
        return Box(left, half.top + high * begin, left + wide * rect.width, half.top + high * end)

    def array(self, column: int, row: int) -> Box:
        """Where one array lies."""
        return self.held(Rect(column, row))[0]

    @cached_property
    def parts(self) -> list[Part]:
        """All parts with their areas, which add up to the die's; of the arrays those that each array has."""
        area = {name: float(mm2) for name, mm2 in area_by_component(self.chip).items()}
        fixed = float(control_area(self.chip))
        band = self.box(self.plan.band)
        neurons = (band.bottom - band.top) * area["neurons_adcs"] / (area["neurons_adcs"] + area["program_erase"])
        middle = (band.top + band.bottom) / 2
        strip = Box(band.left, middle - neurons / 2, band.right, middle + neurons / 2)
        return [
            Part("main memory", area["main_memory"], self.box(self.plan.memory)),
            Part("controller, stores, host port", fixed, self.box(self.plan.control)),
            Part("program and erase", area["program_erase"], band),
            Part(NEURONS, area["neurons_adcs"], strip),
            Part("cells", area["arrays"]),
            Part("DACs", area["dacs"]),
            Part("sensing", area["sensing"]),
            Part("wiring and switches", area["others"] - fixed),
        ]

    def inside(self, array: Box) -> Iterator[tuple[str, Box]]:
        """The parts of one array within its box, each with its share of the area.

        DACs stand along its left side, sensing below the cells, and wires and switches between them and the right edge.
        """
        of_array = {part.name: part.area_mm2 for part in self.parts if part.box is None}
        whole = sum(of_array.values())
        wide, high = array.right - array.left, array.bottom - array.top
        dacs = array.left + wide * of_array["DACs"] / whole
        wires = array.right - wide * of_array["wiring and switches"] / whole
        sensing = array.bottom - high * of_array["sensing"] / (of_array["sensing"] + of_array["cells"])
        yield "DACs", Box(array.left, array.top, dacs, array.bottom)
        yield "wiring and switches", Box(wires, array.top, array.right, array.bottom)
        yield "sensing", Box(dacs, sensing, wires, array.bottom)
        yield "cells", Box(dacs, array.top, wires, sensing)

    def wire(self, segment: Segment) -> tuple[tuple[float, float], tuple[float, float]]:
        """Where a segment of the analog buses lies: both of its ends."""
        kind, *place = segment
        (upper, lower), (wide, high) = (self.halves[0].bottom, self.halves[1].top), self.pitch
        edges = {TOP: upper, "bottom": lower}
        x = self.halves[0].left + wide * (int(place[-1 if kind != "column" else 0]) + 0.5)
        if kind == "column":
            return self._down_a_column(x, int(place[1]), high)
        if kind == "across":
            y = edges[str(place[0])]
            return (x, y), (x + wide, y)
        if kind == "switch":
            return (x, upper), (x, lower)
        middle = (upper + lower) / 2
        return (x, edges[str(place[0])] if kind == "tap" else middle), (x, middle)

    def _down_a_column(self, x: float, row: int, high: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """From the middle of an array to that of the next one on the way to the neurons, or to the edge of its half."""
        upper, lower = self.halves[0].bottom, self.halves[1].top
        if row < self.chip.arrays.m_top:
            y = self.halves[0].top + high * (row + 0.5)
            return (x, y), (x, min(y + high, upper))
        y = lower + high * (row - self.chip.arrays.m_top + 0.5)
        return (x, y), (x, max(y - high, lower))
