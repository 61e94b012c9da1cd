"""The way of one word over the floor plan: from main memory through a group of arrays and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acortex.sim.chip.buses import Buses, GroupRoute
from acortex.sim.chip.groups import Group
from acortex.tools.drawing.column import Column
from acortex.tools.drawing.die import Die
from acortex.tools.drawing.palette import INK, PAPER
from acortex.tools.drawing.scene import Line, Mark, Shape, Text
from acortex.wording import count

READ, LOAD, ANALOG, BACK = "#cf222e", "#9a3412", "#101418", "#6639ba"
"""The colours of the four parts of the way: each has a number, too."""


@dataclass(frozen=True)
class Route:
    """The group that a word goes through, what it claims of the analog buses, and lengths of the ways in mm."""

    group: Group
    analog: GroupRoute
    read_mm: float
    back_mm: float


def route_of(group: Group, buses: Buses) -> Route:
    """The way of a word through a group."""
    read, back = buses.route("memory", "buffer").length_mm, buses.route("neurons", "memory").length_mm
    return Route(group, buses.group_route(group), float(read), float(back))


def drawn(die: Die, route: Route) -> Iterator[Shape]:
    """The four parts of the way, each with its number."""
    ports = {name: die.at(float(x), float(y)) for name, (x, y) in die.plan.ports.items()}
    column, row = route.group.tiles[0][0]
    array = die.array(column, row)
    middle = ((array.left + array.right) / 2, (array.top + array.bottom) / 2)
    home = die.wire(("input", route.group.homes[0]))[1]
    for segment in sorted(route.analog.segments, key=str):
        yield Line(die.wire(segment), ANALOG, 1.8, tip="analog bus")
    lines = (
        (READ, (ports["memory"], ports["hub"], ports["buffer"])),
        (LOAD, (ports["buffer"], middle)),
        (BACK, (home, ports["hub"], ports["memory"])),
    )
    for number, (colour, stops) in enumerate(lines):
        shift = 3.0 * (number - 1)
        bent = [(x + shift, y + shift) for x, y in _bent(stops)]
        yield Line(tuple(bent), colour, 2.2, arrow=True)
    for number, place in enumerate((ports["memory"], ports["buffer"], middle, home), start=1):
        yield from _number(place, number)


def _bent(stops: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """A way along the edges of the die: across first, then down or up."""
    points = [stops[0]]
    for x, y in stops[1:]:
        points += [(x, points[-1][1]), (x, y)]
    return [point for at, point in enumerate(points) if at == 0 or point != points[at - 1]]


def _number(place: tuple[float, float], number: int) -> Iterator[Shape]:
    x, y = place
    yield Mark(x, y, "circle", INK, 17)
    yield Text(x, y + 4, str(number), 11, "middle", True, PAPER)


def told(keys: Column, route: Route) -> None:
    """What the parts of the way are."""
    rows = route.analog.rounds
    keys.stroke(READ, "1  main memory to buffer", f"{route.read_mm:.3g} mm")
    keys.stroke(LOAD, f"2  buffer to latches of {count(route.group.arrays, 'array')}")
    keys.stroke(ANALOG, f"3  sums to neurons, in {count(rows, 'turn')}", f"{float(route.analog.length_mm):.3g} mm")
    keys.stroke(BACK, "4  codes back to main memory", f"{route.back_mm:.3g} mm")
