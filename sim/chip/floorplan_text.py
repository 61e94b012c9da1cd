"""The floor plan as text for a terminal: what lies where, the arrays of groups, and the way of one to its neurons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from acortex.sim.chip.buses import GroupRoute
from acortex.sim.chip.floorplan import FloorPlan, floor_plan
from acortex.sim.chip.groups import Group
from acortex.sim.chip.specs import Chip
from acortex.wording import count

STRIP_TEXT = 20
"""Characters that the text drawing gives to the strip with memory and controller."""

NOTES = 22
"""Characters that its frame and the notes beside it take."""

NARROWEST = 22
"""Characters that the arrays are given at least."""

WIRE = "|"
"""What stands for the bus in an array that a group's currents pass."""

Owners = dict[tuple[int, int], str]
"""What is drawn in an array, by (column, row): the number of its group, or a wire."""

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

MOST_NAMED = 20
"""Groups that the key names."""

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def text(chip: Chip, width: int = 80, groups: Sequence[Group] = (), route: GroupRoute | None = None) -> str:
    """The floor plan for a terminal `width` characters wide: what lies where, not to scale, with the arrays of groups.

    Every array is drawn where there is room; else a mark stands for several, with the last digit of a group's number in
    base 36, or * where groups share the mark. With a route, | marks the arrays that its currents pass.
    """
    plan = floor_plan(chip)
    room = max(width - STRIP_TEXT - NOTES, NARROWEST)
    owners: Owners = {array: str(group.number) for group in groups for row in group.tiles for array in row}
    if route is not None:
        owners = {(int(s[1]), int(s[2])): WIRE for s in route.segments if s[0] == "column"} | owners
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


def _marks(chip: Chip, owners: Owners, rows: range, across: int, token: int) -> str:
    """One line of arrays."""
    cells = []
    for column in range(0, chip.columns, across):
        block = [(c, row) for c in range(column, min(column + across, chip.columns)) for row in rows]
        numbers = {owners[array] for array in block if array in owners}
        cells.append(_mark(numbers, len(block) == 1 and across == 1))
    if across == 1 and len(rows) == 1:
        return " " + " ".join(f"{cell:<{token}}" for cell in cells)
    return "".join(cell[-1] for cell in cells)


def _mark(found: set[str], alone: bool) -> str:
    """What stands for one array, or for several: a group before a wire."""
    numbers = found - {WIRE}
    if not numbers:
        return WIRE if found else "·"
    if len(numbers) > 1:
        return "*"
    (number,) = numbers
    return f"g{number}" if alone else DIGITS[int(number) % len(DIGITS)]


def _strip(lines: int, plan: FloorPlan, chip: Chip) -> list[str]:
    """The strip on the left: memory above controller, their lines in proportion to their areas where text fits."""
    memory = [" main memory", f" {chip.memory.capacity_kb} KB, {chip.memory.banks} banks"]
    control = [" controller", " instruction memory", " buffer, host port"]
    share = int(lines * plan.memory.height / plan.side)
    above = max(len(memory), min(share, lines - len(control) - 1))
    upper = memory + [""] * (above - len(memory))
    lower = control + [""] * (lines - above - 1 - len(control))
    return [*upper, RULE, *lower][:lines]


def key(chip: Chip, groups: Sequence[Group], width: int = 80) -> str:
    """What a drawing's marks mean: one line per group, with its size and its rectangles, cut to `width` characters."""
    taken = sum(group.arrays for group in groups)
    lines = [f"{count(len(groups), 'group')} on {taken:,} of {chip.array_count:,} arrays"]
    for group in groups[:MOST_NAMED]:
        where = "; ".join(map(str, group.rects))
        line = f"  g{group.number}: {group.rows} x {group.columns} cells, {count(group.arrays, 'array')}: {where}"
        lines.append(line if len(line) <= width else f"{line[: width - 3]}...")
    if len(groups) > MOST_NAMED:
        lines.append(f"  and {count(len(groups) - MOST_NAMED, 'group')} more")
    single = _grain(chip, max(width - STRIP_TEXT - NOTES, NARROWEST), 3) == (1, 1)
    several = "" if single else "a mark is the last digit of a number in base 36, * several groups, "
    return "\n".join([*lines, f"  {several}· no group"])


def route_key(group: Group, route: GroupRoute) -> str:
    """A group's way to its neurons in words."""
    kinds = Counter(str(segment[0]) for segment in route.segments)
    parts = [f"{kinds[kind]} {name}" for kind, name in WAYS.items() if kinds[kind]]
    homes = sorted(set(group.homes))
    neurons = f"columns {homes[0]} to {homes[-1]}" if len(homes) > 1 else f"column {homes[0]}"
    return (
        f"  {count(len(route.segments), 'bus segment')}: {', '.join(parts)}\n"
        f"  longest way {route.length_mm:.3f} mm, to the neurons of {neurons};"
        f" {count(route.rounds, 'turn')} to convert\n"
        f"  {WIRE} an array that its currents pass"
    )


WAYS = {
    "column": "down columns",
    "across": "between columns",
    "switch": "across the halves",
    "tap": "to neurons",
    "input": "into them",
}
"""Where the kinds of bus segments lead."""
