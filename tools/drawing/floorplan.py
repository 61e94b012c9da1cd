"""The floor plan of a chip to scale, with the arrays of a program coloured by layer, and the route of a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from acortex.errors import UsageError
from acortex.sim.chip.area import total_area
from acortex.sim.chip.groups import Group
from acortex.sim.chip.specs import Chip
from acortex.tools.drawing.column import Column
from acortex.tools.drawing.die import FILLS, NEURONS, Die
from acortex.tools.drawing.names import name_of_part, names_of_stages, obstacles, owners
from acortex.tools.drawing.page import MARGIN, TOP, page
from acortex.tools.drawing.palette import DIM, EMPTY, INK, PAPER, Look, look
from acortex.tools.drawing.routes import Route, drawn, told
from acortex.tools.drawing.scene import Box, Cells, Line, Picture, Rect, Shape, Text
from acortex.tools.drawing.stages import Stage, heading, stage_numbers, stages
from acortex.units import percent
from acortex.wording import count

SIZE, KEYS = 620.0, 360.0
"""The side of the die, and the width of the keys beside it, in pixels."""

FINE = 16.0
"""The shorter side of an array from which on its parts are drawn in it."""

GRID = 4.0
"""The shorter side of an array from which on a line parts it from the next."""

INSET = 130.0
"""The longer side of the one array that is drawn enlarged."""


@dataclass(frozen=True)
class Plan:
    """What a floor plan shows of a program: its groups of arrays, and the layer of each."""

    name: str
    groups: Sequence[Group] = ()
    layers: dict[int, str] | None = None

    def layer(self, group: Group) -> str:
        """The layer of a group; its number where no layer has it."""
        return (self.layers or {}).get(group.number, f"g{group.number}")

    @property
    def arrays(self) -> int:
        """How many arrays hold weights."""
        return sum(group.arrays for group in self.groups)


BARE = Plan("")
"""A chip without a program."""


def floorplan(chip: Chip, plan: Plan = BARE, route: Route | None = None) -> Picture:
    """The picture. `route` is one of the groups', drawn from main memory to the arrays and back."""
    die = Die(chip, MARGIN, TOP, SIZE)
    found = stages([plan.layer(group) for group in plan.groups])
    keys = Column(MARGIN + SIZE + 30, TOP, KEYS)
    _key(keys, die, plan, found, route)
    way = [*drawn(die, route)] if route else []
    shapes = [
        *_parts(die),
        *_groups(die, plan, found),
        *_grid(die),
        *way,
        *_names(die, plan, found, way),
        *_scale_bar(die),
        *keys.shapes,
    ]
    title = f"{plan.name} on {chip.name}" if plan.name else chip.name
    sizes = f"{chip.columns:,} columns of {chip.rows:,} arrays, each {chip.arrays.k} x {chip.arrays.k} cells"
    subtitle = f"Floor plan to scale: {float(total_area(chip)):.3g} mm² of die, {sizes}"
    bottom = max(TOP + SIZE + 30, keys.y)
    return page(title, subtitle, shapes, MARGIN * 2 + SIZE + 30 + KEYS, bottom, _caption(die, plan, found))


def _filled(box: Box, fill: str, tip: str = "", stroke: str = "", hatched: bool = False) -> Rect:
    return Rect(box.left, box.top, box.right - box.left, box.bottom - box.top, fill, stroke, hatched, tip)


def _parts(die: Die) -> Iterator[Shape]:
    """The parts of the die, and their names where they fit."""
    for part in die.parts:
        if part.box is not None:
            yield _filled(part.box, FILLS[part.name], f"{part.name}, {part.area_mm2:.3g} mm²")
    for half in die.halves:
        yield _filled(half, EMPTY, "arrays that hold no weights")


def _groups(die: Die, plan: Plan, found: Sequence[Stage]) -> Iterator[Shape]:
    """The arrays of each group in the look of its layer; where arrays are large, their parts too."""
    numbers = stage_numbers(found)
    fine = min(die.pitch) >= FINE
    for group in plan.groups:
        told_of, style = plan.layer(group), look(numbers[plan.layer(group)])
        tip = f"{told_of}: g{group.number}, {group.rows:,} x {group.columns:,} cells, {count(group.arrays, 'array')}"
        boxes = [box for rect in group.rects for box in die.held(rect)]
        if fine:
            yield from _fine(die, group, style, tip)
        else:
            yield Cells(tuple((b.left, b.top, b.right - b.left, b.bottom - b.top) for b in boxes), *style, tip=tip)
        for box in boxes:
            yield _edge(box, PAPER, 0.8)


def _fine(die: Die, group: Group, style: Look, tip: str) -> Iterator[Shape]:
    """The arrays of a group with cells in the look of the layer, and the circuits beside them."""
    places: dict[str, list[tuple[float, float, float, float]]] = {}
    for column, row in chain.from_iterable(group.tiles):
        for name, box in die.inside(die.array(column, row)):
            places.setdefault(name, []).append((box.left, box.top, box.right - box.left, box.bottom - box.top))
    yield Cells(tuple(places.pop("cells")), *style, tip=tip)
    for name, held in places.items():
        yield Cells(tuple(held), FILLS[name], tip=name)


def _grid(die: Die) -> Iterator[Shape]:
    """Lines between arrays where there is room for them, else around each half; and one around the die."""
    wide, high = die.pitch
    lines = min(wide, high) >= GRID
    colour = PAPER if lines else DIM
    for half, rows in zip(die.halves, (die.chip.arrays.m_top, die.chip.arrays.m_bottom), strict=True):
        for x in _cuts(half.left, wide, die.chip.columns, lines):
            yield Line(((x, half.top), (x, half.bottom)), colour, 0.7)
        for y in _cuts(half.top, high, rows, lines):
            yield Line(((half.left, y), (half.right, y)), colour, 0.7)
    yield _edge(Box(die.left, die.top, die.left + die.size, die.top + die.size), INK, 1.2)


def _cuts(start: float, step: float, count: int, every: bool) -> list[float]:
    """Where arrays begin and end: each of them, or the first and the last."""
    return [start + step * number for number in (range(count + 1) if every else (0, count))]


def _edge(box: Box, colour: str, width: float) -> Line:
    """A line around a box."""
    left, top, right, bottom = box
    return Line(((left, top), (right, top), (right, bottom), (left, bottom), (left, top)), colour, width)


def _names(die: Die, plan: Plan, found: Sequence[Stage], route: Sequence[Shape]) -> Iterator[Shape]:
    """The names of stages and of parts of the die, where they fit beside each other and the route."""
    numbers = stage_numbers(found)
    of_groups = [numbers[plan.layer(group)] for group in plan.groups]
    taken = obstacles(route)
    for plate, text in names_of_stages(die, owners(die, plan.groups, of_groups), [one.name for one in found], taken):
        yield plate
        yield text
    boxes = {part.name: part.box for part in die.parts if part.box is not None}
    strip = boxes.pop(NEURONS)
    for name, box in boxes.items():
        yield from name_of_part(box, name, FILLS[name], [*taken, strip])


def _scale_bar(die: Die) -> Iterator[Shape]:
    """A bar of a round length, under the die."""
    side = float(die.plan.side)
    length = max(step for step in (0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if step <= max(side / 2, 0.001))
    y = die.top + die.size + 14
    end = die.left + length * die.scale
    yield Line(((die.left, y), (end, y)), INK, 2)
    yield Text(end + 8, y + 4, f"{length:g} mm; the die is {side:.3g} x {side:.3g} mm", 12, colour=DIM)


def _key(keys: Column, die: Die, plan: Plan, found: Sequence[Stage], route: Route | None) -> None:
    if plan.groups:
        _utilisation(keys, die, plan)
        _layers(keys, plan, found)
    if route:
        keys.heading(f"A word through g{route.group.number}")
        told(keys, route)
        keys.gap()
    keys.heading("The die by part")
    whole = float(total_area(die.chip))
    for part in sorted(die.parts, key=lambda one: -one.area_mm2):
        keys.key(Look(FILLS[part.name]), part.name, f"{part.area_mm2:.3g} mm²  {percent(part.area_mm2, whole)}")
    keys.gap()
    _inset(keys, die)


def _utilisation(keys: Column, die: Die, plan: Plan) -> None:
    arrays, cells = die.chip.array_count, sum(group.rows * group.columns for group in plan.groups)
    all_cells = arrays * die.chip.arrays.k**2
    keys.heading("In use")
    keys.bar("arrays", plan.arrays / arrays, f"{plan.arrays:,} of {arrays:,}  {percent(plan.arrays, arrays)}", DIM)
    keys.bar("cells", cells / all_cells, f"{cells:,}  {percent(cells, all_cells)}", DIM)
    keys.gap()


def _layers(keys: Column, plan: Plan, found: Sequence[Stage]) -> None:
    held = _by_layer(plan)
    keys.heading(heading(found))
    for number, stage in enumerate(found):
        keys.key(look(number), stage.label, count(sum(held[layer] for layer in stage.layers), "array"))
    keys.key(Look(EMPTY), "no weights")
    keys.gap()


def _by_layer(plan: Plan) -> Counter[str]:
    """The arrays of each layer."""
    held: Counter[str] = Counter()
    for group in plan.groups:
        held[plan.layer(group)] += group.arrays
    return held


def _inset(keys: Column, die: Die) -> None:
    """One array enlarged, with the names of its parts beside it."""
    keys.heading("One array, enlarged")
    wide, high = die.pitch
    scale = INSET / max(wide, high)
    around = Box(keys.x, keys.y, keys.x + wide * scale, keys.y + high * scale)
    for name, box in die.inside(around):
        keys.shapes.append(_filled(box, FILLS[name], name, INK))
    beside = Column(around.right + 16, keys.y, keys.x + keys.width - around.right - 16)
    whole = sum(part.area_mm2 for part in die.parts if part.box is None)
    for part in die.parts:
        if part.box is None:
            beside.key(Look(FILLS[part.name]), part.name, percent(part.area_mm2, whole))
    beside.lines([f"{1e6 * whole / die.chip.array_count:,.0f} µm²"])
    keys.shapes += beside.shapes
    keys.y = max(around.bottom, beside.y) + 8


def _caption(die: Die, plan: Plan, found: Sequence[Stage]) -> str:
    largest = max(die.parts, key=lambda part: part.area_mm2)
    of_die = f"The largest part of the die: {largest.name}, {percent(largest.area_mm2, float(total_area(die.chip)))}."
    if not plan.groups:
        return f"{of_die} Each part has its exact area; where it lies is derived, as no layout was published."
    held = _by_layer(plan)
    most = max(found, key=lambda stage: sum(held[layer] for layer in stage.layers))
    its = percent(sum(held[layer] for layer in most.layers), plan.arrays)
    used = f"{plan.arrays:,} of {count(die.chip.array_count, 'array')}"
    return f"{plan.name} takes {used}, and {most.name} {its} of them. {of_die}"


def group_named(name: str, plan: Plan) -> Group:
    """The group of a program by its name, as g3. Raises UsageError where there is none."""
    known = {f"g{group.number}": group for group in plan.groups}
    if name in known:
        return known[name]
    few = ", ".join([*known][:8]) + (", ..." if len(known) > 8 else "")
    raise UsageError(f"{plan.name or 'the chip'} has no group {name}", hint=f"its groups are {few}" if known else "")
