"""The floor plan as an SVG drawing, to scale, with the arrays of groups and the way of one to its neurons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from acortex.sim.chip.buses import TOP, GroupRoute, Segment
from acortex.sim.chip.floorplan import Box, FloorPlan, floor_plan
from acortex.sim.chip.groups import Group, Rect
from acortex.sim.chip.specs import Chip
from acortex.wording import count

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


def svg(chip: Chip, groups: Sequence[Group] = (), route: GroupRoute | None = None) -> str:
    """The floor plan as an SVG drawing, to scale, with a legend; the arrays of groups are coloured, a route drawn."""
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
    if route is not None:
        parts.append(_wires(chip, plan, route.segments, scale))
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


def _wires(chip: Chip, plan: FloorPlan, segments: Iterable[Segment], scale: float) -> str:
    """The bus segments of a route as lines through the middles of arrays and along the band."""
    lines = sorted(_wire(chip, plan, segment) for segment in segments)
    path = "".join("M{:.2f} {:.2f}L{:.2f} {:.2f}".format(*(end * scale for end in line)) for line in lines)
    return f'<path d="{path}" stroke="#b30000" stroke-width="2" fill="none"><title>route</title></path>'


def _wire(chip: Chip, plan: FloorPlan, segment: Segment) -> tuple[float, float, float, float]:
    """Where a bus segment lies: x and y of both of its ends, in mm."""
    kind, *place = segment
    upper, lower = float(plan.band.y), float(plan.bottom.y)
    edges = {TOP: upper, "bottom": lower}
    pitch_x, pitch_y, left = float(plan.pitch_x), float(plan.pitch_y), float(plan.top.x)
    x = left + pitch_x * (int(place[-1 if kind != "column" else 0]) + 0.5)
    if kind == "column":
        row = int(place[1])
        if row < chip.arrays.m_top:
            return x, pitch_y * (row + 0.5), x, min(pitch_y * (row + 1.5), upper)
        down = lower + pitch_y * (row - chip.arrays.m_top + 0.5)
        return x, down, x, max(down - pitch_y, lower)
    if kind == "across":
        return x, edges[str(place[0])], x + pitch_x, edges[str(place[0])]
    if kind == "switch":
        return x, upper, x, lower
    middle = (upper + lower) / 2
    return (x, edges[str(place[0])], x, middle) if kind == "tap" else (x, middle, x, middle)


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
        (_colour(group), f"g{group.number}: {group.rows} x {group.columns} cells, {count(group.arrays, 'array')}")
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
