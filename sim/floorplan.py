"""The floor plan: where the parts of a chip lie, in mm, and how far it is between them.

Nothing public gives the layout. This one is derived from the areas alone: a square die; on its left a strip with the
main memory above the controller, instruction memory and buffer; right of it the upper arrays, a band with the neurons,
converters and program/erase circuits that both halves share, and the lower arrays. Every part has exactly its area.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from html import escape

from acortex.sim.area import PRECISION, area_by_component, die_side
from acortex.sim.groups import Group, Rect
from acortex.sim.specs import Chip


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
        fixed = chip.area.fixed_mm2
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


STRIP_TEXT = 20
"""Characters that the text drawing gives to the strip with memory and controller."""

NOTES = 22
"""Characters that its frame and the notes beside it take."""

NARROWEST = 22
"""Characters that the arrays are given at least."""

RULE = "─"
"""A line of the text drawing that is a rule across its box."""

MOST_LINES = 16
"""Lines that the text drawing gives to one half of the arrays, at most."""

FRAMES = {
    (False, False): ("│", "│", "│"),
    (True, False): ("├", "┤", "│"),
    (False, True): ("│", "├", "┤"),
    (True, True): ("├", "┼", "┤"),
}
"""The frame of a line of the text drawing, by whether its left and its right part are rules."""

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def text(chip: Chip, width: int = 80, groups: Sequence[Group] = ()) -> str:
    """The floor plan for a terminal `width` characters wide: what lies where, not to scale, with the arrays of groups.

    Every array is drawn where there is room; else a mark stands for several, with the last digit of a group's number in
    base 36, or * where groups share the mark.
    """
    plan = floor_plan(chip)
    room = max(width - STRIP_TEXT - NOTES, NARROWEST)
    owners = {array: group.number for group in groups for row in group.tiles for array in row}
    token = max((len(f"g{group.number}") for group in groups), default=1)
    across, down = _grain(chip, room, token)
    split = chip.arrays.m_top
    bands = [range(0, split), range(split, chip.rows)]
    halves = [[band[row : row + down] for row in range(0, len(band), down)] for band in bands]
    top, bottom = ([_marks(chip, owners, rows, across, token) for rows in half] for half in halves)
    right = [*top, RULE, " neurons, converters", " program/erase", RULE, *bottom]
    notes = {0: f"rows 0 to {split - 1}", len(top) + 4: f"rows {split} to {chip.rows - 1}"}
    title = f"die {plan.side:.3f} x {plan.side:.3f} mm, {chip.columns} columns of {chip.rows} arrays"
    if across * down > 1:
        title += f", {across} x {down} a mark"
    return "\n".join([title, *_framed(_strip(len(right), plan, chip), right, notes)])


def _grain(chip: Chip, room: int, token: int) -> tuple[int, int]:
    """How many arrays across and down one mark stands for."""
    tallest = max(chip.arrays.m_top, chip.arrays.m_bottom)
    if chip.columns * (token + 1) + 1 <= room and tallest <= MOST_LINES:
        return 1, 1
    return -(-chip.columns // room), -(-tallest // MOST_LINES)


def _framed(left: Sequence[str], right: Sequence[str], notes: dict[int, str]) -> Iterator[str]:
    """Two boxes side by side, with notes beside some of their lines."""
    inner = max(NARROWEST, *map(len, right))
    yield f"┌{RULE * STRIP_TEXT}┬{RULE * inner}┐"
    for number, (west, east) in enumerate(zip(left, right, strict=True)):
        rules = (west == RULE, east == RULE)
        start, middle, end = FRAMES[rules]
        row = f"{start}{_wide(west, STRIP_TEXT)}{middle}{_wide(east, inner)}{end} {notes.get(number, '')}"
        yield row.rstrip()
    yield f"└{RULE * STRIP_TEXT}┴{RULE * inner}┘"


def _wide(line: str, width: int) -> str:
    """A line as wide as its box."""
    return RULE * width if line == RULE else f"{line:<{width}}"


def _marks(chip: Chip, owners: dict[tuple[int, int], int], rows: range, across: int, token: int) -> str:
    """One line of arrays."""
    cells = []
    for column in range(0, chip.columns, across):
        block = [(c, row) for c in range(column, min(column + across, chip.columns)) for row in rows]
        numbers = {owners[array] for array in block if array in owners}
        cells.append(_mark(numbers, len(block) == 1 and across == 1))
    if across == 1 and len(rows) == 1:
        return " " + " ".join(f"{cell:<{token}}" for cell in cells)
    return "".join(cell[-1] for cell in cells)


def _mark(numbers: set[int], alone: bool) -> str:
    """What stands for one array, or for several."""
    if not numbers:
        return "·"
    if len(numbers) > 1:
        return "*"
    (number,) = numbers
    return f"g{number}" if alone else DIGITS[number % len(DIGITS)]


def _strip(lines: int, plan: FloorPlan, chip: Chip) -> list[str]:
    """The strip on the left: memory above controller, their lines in proportion to their areas where text fits."""
    memory = [" main memory", f" {chip.memory.capacity_kb} KB, {chip.memory.banks} banks"]
    control = [" controller", " instruction memory", " buffer, host port"]
    share = int(lines * plan.memory.height / plan.side)
    above = max(len(memory), min(share, lines - len(control) - 1))
    upper = memory + [""] * (above - len(memory))
    lower = control + [""] * (lines - above - 1 - len(control))
    return [*upper, RULE, *lower][:lines]


DRAWING_PX = 600
"""The side of the die in the SVG drawing."""

LEGEND_PX = 440
"""What the legend takes beside it."""

COLOURS = {
    "memory": "#dfe7f2",
    "control": "#e6e6e6",
    "top": "#f7f3e8",
    "band": "#e4efe4",
    "bottom": "#f7f3e8",
}
GROUP_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee8866", "#44bb99", "#77aadd")

MOST_NAMED = 20
"""Groups that the legend of the SVG drawing names."""


def svg(chip: Chip, groups: Sequence[Group] = ()) -> str:
    """The floor plan as an SVG drawing, to scale, with a legend; the arrays of groups are coloured."""
    plan = floor_plan(chip)
    scale = DRAWING_PX / float(plan.side)
    width, height = DRAWING_PX + LEGEND_PX, DRAWING_PX + 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f'<rect width="100%" height="100%" fill="#ffffff"/><g transform="translate(20 {height - DRAWING_PX - 30})">',
        f'<text x="0" y="-14" font-size="16" font-weight="bold">{escape(chip.name)}</text>',
    ]
    for key in COLOURS:
        box: Box = getattr(plan, key)
        parts.append(_rectangle(box, scale, COLOURS[key], "#555555"))
    places = [(group, box) for group in groups for rect in group.rects for box in _place(chip, plan, rect)]
    parts += [_rectangle(box, scale, _colour(group), "#ffffff") for group, box in places]
    parts += _grid(chip, plan, scale)
    parts += [_number(group, box, scale) for group, box in places if _has_room(box, scale)]
    parts += _scale_bar(plan, scale)
    parts += _legend(chip, plan, groups)
    return "\n".join([*parts, "</g></svg>\n"])


def _rectangle(box: Box, scale: float, fill: str, stroke: str) -> str:
    x, y, width, height = (float(edge) * scale for edge in (box.x, box.y, box.width, box.height))
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{fill}" '
        f'stroke="{stroke}" stroke-width="0.8"><title>{escape(box.name)}</title></rect>'
    )


def _place(chip: Chip, plan: FloorPlan, rect: Rect) -> list[Box]:
    """Where a rectangle of arrays lies: one box in each half that it touches."""
    split = chip.arrays.m_top
    x, width = plan.top.x + plan.pitch_x * rect.column, plan.pitch_x * rect.width
    above = max(0, min(rect.row + rect.height, split) - rect.row)
    boxes = []
    if above:
        boxes.append(Box(str(rect), x, plan.pitch_y * rect.row, width, plan.pitch_y * above))
    if above < rect.height:
        y = plan.bottom.y + plan.pitch_y * (max(rect.row, split) - split)
        boxes.append(Box(str(rect), x, y, width, plan.pitch_y * (rect.height - above)))
    return boxes


def _colour(group: Group) -> str:
    return GROUP_COLOURS[group.number % len(GROUP_COLOURS)]


def _has_room(box: Box, scale: float) -> bool:
    """Whether a group's number fits into one of its rectangles."""
    return float(box.width) * scale >= 28 and float(box.height) * scale >= 16


def _number(group: Group, box: Box, scale: float) -> str:
    """A group's number in the middle of one of its rectangles."""
    x, y = (float(place) * scale for place in box.center)
    style = 'text-anchor="middle" fill="#ffffff" font-weight="bold"'
    return f'<text x="{x:.2f}" y="{y + 4:.2f}" {style}>g{group.number}</text>'


def _grid(chip: Chip, plan: FloorPlan, scale: float) -> Iterator[str]:
    """Lines between the arrays where they are wide enough to see, else between the two blocks of each half."""
    step_x, step_y = float(plan.pitch_x) * scale, float(plan.pitch_y) * scale
    for box in (plan.top, plan.bottom):
        x, y, width, height = (float(edge) * scale for edge in (box.x, box.y, box.width, box.height))
        columns = range(1, chip.columns) if min(step_x, step_y) >= 4 else [chip.arrays.n]
        rows = range(1, round(height / step_y)) if min(step_x, step_y) >= 4 else []
        path = "".join(f"M{x + step_x * column:.2f} {y:.2f}v{height:.2f}" for column in columns)
        path += "".join(f"M{x:.2f} {y + step_y * row:.2f}h{width:.2f}" for row in rows)
        yield f'<path d="{path}" stroke="#3d382b" stroke-opacity="0.4" stroke-width="0.6" fill="none"/>'


def _scale_bar(plan: FloorPlan, scale: float) -> Iterator[str]:
    """A bar of a round length, under the die."""
    length = max(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if step <= max(float(plan.side) / 2, 0.1))
    y = DRAWING_PX + 12
    yield f'<path d="M0 {y}h{length * scale:.2f}" stroke="#222222" stroke-width="2"/>'
    yield f'<text x="{length * scale + 8:.2f}" y="{y + 5}">{length} mm</text>'


def _legend(chip: Chip, plan: FloorPlan, groups: Sequence[Group]) -> Iterator[str]:
    """What the colours mean, with areas, and the groups with their sizes."""
    entries = [
        (COLOURS[key], f"{box.name}: {box.width * box.height:.3g} mm²")
        for key, box in ((key, getattr(plan, key)) for key in COLOURS)
    ]
    entries += [
        (_colour(group), f"g{group.number}: {group.rows} x {group.columns} cells, {group.arrays} arrays")
        for group in groups[:MOST_NAMED]
    ]
    if len(groups) > MOST_NAMED:
        entries.append(("#ffffff", f"and {len(groups) - MOST_NAMED} groups more"))
    side = f"die {plan.side:.3g} x {plan.side:.3g} mm, {chip.columns} columns of {chip.rows} arrays"
    yield f'<text x="{DRAWING_PX + 20}" y="12">{side}</text>'
    for number, (colour, words) in enumerate(entries):
        y = 28 + 22 * number
        yield f'<rect x="{DRAWING_PX + 20}" y="{y}" width="12" height="12" fill="{colour}" stroke="#555555"/>'
        yield f'<text x="{DRAWING_PX + 40}" y="{y + 11}">{escape(words)}</text>'
