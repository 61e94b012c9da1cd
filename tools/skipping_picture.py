"""The picture of docs/skipping.md: which events of a run were simulated, and which came again.

python -m acortex.tools.skipping_picture FILE.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from acortex.isa.asm.assembler import assemble_file
from acortex.safe_files import write
from acortex.sim.run import prepare
from acortex.sim.timing.record import Copy, Record, Repeat, gathered

PROGRAM = Path(__file__).parents[1] / "programs" / "conv3x3.s"
INFERENCES = 12

LEFT, WIDTH, ROW, TOP = 150, 830, 18, 46
"""Sizes in pixels: the column of names, the time, the height of a unit's row, and where the first one begins."""

GAP = 3
"""Pixels between events of one unit that are drawn as one."""

COLOURS = {"simulated": "#374151", "a period that repeats": "#60a5fa", "a passage that was known": "#f59e0b"}

Band = tuple[int, int, int, str]
"""A unit, its first cycle, the cycle after its last, and what happened: a key of `COLOURS`."""


def draw() -> str:
    """The picture of a run, as SVG: the same text on every machine."""
    program = assemble_file(PROGRAM)
    codes = np.zeros((INFERENCES, *program.inputs[0].shapes[0]), np.uint8)
    chip = prepare(program, inputs=codes).timed_chip(skip=True)
    cycles = chip.run()
    assert chip.skipper is not None
    names = [unit.path for unit in chip.units]
    bands = _bands(chip.skipper.record, cycles)
    used = sorted({unit for unit, _, _, _ in bands})
    height = TOP + ROW * len(used) + 34
    skipped = chip.skipper.skipped / sum(chip.tally.events.values())
    text = f"conv3x3.s, {INFERENCES} inferences, {cycles:,} cycles: {skipped:.1%} of the events were skipped"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 12}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="8" y="16" font-weight="bold">{text}</text>',
        *_legend(),
        *_axis(cycles, height),
    ]
    for row, unit in enumerate(used):
        y = TOP + ROW * row
        parts.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{names[unit]}</text>')
        for _, begin, end, what in [band for band in bands if band[0] == unit]:
            x, right = (LEFT + WIDTH * at / cycles for at in (begin, end))
            box = f'x="{x:.1f}" y="{y + 2}" width="{max(right - x, 0.6):.1f}" height="{ROW - 5}"'
            parts.append(f'<rect {box} fill="{COLOURS[what]}"/>')
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> list[str]:
    parts, x = [], LEFT
    for what, colour in COLOURS.items():
        parts.append(f'<rect x="{x}" y="25" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{x + 17}" y="36">{what}</text>')
        x += 190
    return parts


def _axis(cycles: int, height: int) -> list[str]:
    parts = [f'<text x="{LEFT + WIDTH}" y="{height - 6}" text-anchor="end">cycle {cycles:,}</text>']
    parts.append(f'<text x="{LEFT}" y="{height - 6}">cycle 0</text>')
    parts.append(f'<path d="M{LEFT} {height - 24}h{WIDTH}" stroke="#6b7280"/>')
    return parts


def _bands(record: Record, cycles: int) -> list[Band]:
    """The events of a record, those of a unit that follow closely as one."""
    table, (begins, ends) = record.table(), record.ranges()
    gap = GAP * cycles // WIDTH
    found: list[Band] = []
    latest: dict[tuple[int, str], int] = {}
    for number, entry in enumerate(record.entries):
        what = list(COLOURS)[1 if isinstance(entry, Repeat) else 2 if isinstance(entry, Copy) else 0]
        came = record.instances(number, number + 1)
        rows, owner = gathered(begins[came.pieces], ends[came.pieces])
        rows, owner = rows[table.kind[rows] >= 0], owner[table.kind[rows] >= 0]
        starts = table.start[rows] + came.cycles[owner]
        stops = starts + table.duration[rows]
        for unit, start, stop in zip(table.unit[rows].tolist(), starts.tolist(), stops.tolist(), strict=True):
            at = latest.get((unit, what))
            if at is not None and 0 <= start - found[at][2] <= gap:
                found[at] = unit, found[at][1], stop, what
            else:
                latest[unit, what] = len(found)
                found.append((unit, start, stop, what))
    return found


if __name__ == "__main__":
    write(sys.argv[1], draw().encode())
