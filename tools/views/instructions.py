"""What `acortex view` prints for people, made from `acortex.view/1` alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from acortex.tools.views.grid import Column
from acortex.tools.views.loops import block, loop_parts, places
from acortex.tools.views.tables import part_line
from acortex.traces.instructions.results import (
    InstructionRow,
    InstructionSums,
    InstructionView,
    InstructionWait,
    Stretch,
)
from acortex.units import joules, percent, scaled
from acortex.wording import UNKNOWN, count

MOST_SUMS = 24
"""Instructions whose sums are shown."""

WIDE = 180
"""Columns from which on a row has its strip and its numbers on one line."""

MIDDLE = 100
"""Columns from which on sums have their energy."""

BROAD = 120
"""Columns from which on the instruction that ended a wait stands with its text, not with its line alone."""

MARKS = {"issue": "I", "queued": "-", "busy": "█", "following": "▒", "between": "·"}
"""How a strip shows what is no wait."""

MEANINGS = {
    "issue": "issued",
    "queued": "queued",
    "busy": "busy",
    "following": "another unit works for it",
    "between": "in between",
}

AXIS_STEP = 20
"""Cells from one mark of the axis to the next."""

NARROW_TEXT, WIDE_TEXT, NUMBERS = 24, 36, 84
"""Cells for an instruction beside its strip; and, on a wide terminal, for its numbers."""


def bins_for(width: int) -> int:
    """The bins that a strip has room for in lines of so many cells."""
    margin = 12 + (WIDE_TEXT + NUMBERS if width >= WIDE else NARROW_TEXT)
    return max(width - margin, AXIS_STEP)


def view_parts(report: InstructionView, width: int) -> Iterator[RenderableType]:
    """The view in lines of so many cells."""
    yield from part_line(report.covers)
    told = f"   {count(report.cycles, 'cycle')}, {count(report.instructions, 'instruction')} executed\n"
    yield Text.assemble((report.program.name, "bold cyan"), " on ", (report.chip.label, "bold cyan"), told)
    if report.rows:
        yield from _rows(report, width)
    yield from _sums(report, width)
    yield from loop_parts(report, width)


# Rows -----------------------------------------------------------------------------------------------------------------


def _rows(report: InstructionView, width: int) -> Iterator[RenderableType]:
    """The rows of executions: strips, and numbers beside or below them."""
    letters = _letters(report.rows)
    names = [
        Column("#", [f"{row.index:,}" for row in report.rows], number=True),
        Column("inf", [_inference(row) for row in report.rows], number=True),
        Column("instruction", [_cut(_name(row), WIDE_TEXT if width >= WIDE else NARROW_TEXT) for row in report.rows]),
    ]
    strip = Column(_axis(report), ["".join(_drawn(report, row.strip, letters)) for row in report.rows])
    numbers = _numbers(report.rows, width)
    if width >= WIDE:
        yield block([*names, strip, *numbers], width)
    else:
        yield block([*names, strip], width)
    yield Text(f"\n{_legend(report, letters)}", "dim")
    if width < WIDE:
        yield Text()
        yield block([names[0], *numbers], width)
    if report.instructions > len(report.rows):
        more = report.instructions - len(report.rows)
        yield Text(f"  and {count(more, 'more execution', 'more executions')}: --rows N, --from CYCLE", "dim")
    yield Text()


def _name(row: InstructionRow) -> str:
    """The text of an instruction, and how many executions the row stands for, where these are several."""
    return f"{row.alike}x {row.text or row.line}" if row.alike > 1 else row.text or row.line


def _inference(row: InstructionRow) -> str:
    return UNKNOWN if row.inference < 0 else f"{row.inference:,}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _numbers(rows: Sequence[InstructionRow], width: int) -> list[Column]:
    """When each was issued and worked, what it waited for longest, and what ended that."""
    longest = [_longest(row) for row in rows]
    return [
        places([row.line for row in rows]),
        Column("unit", [row.unit for row in rows]),
        Column("issued", [f"{row.issued:,}" for row in rows], number=True),
        Column("first", [_cycle(row.first_busy) for row in rows], number=True),
        Column("end", [_cycle(row.end) for row in rows], number=True),
        Column("waited", _each(longest, lambda wait: f"{wait.cycles:,}"), number=True),
        Column("for", [_for(wait, row.unit) if wait else "" for wait, row in zip(longest, rows, strict=True)]),
        Column("ended by", _each(longest, lambda wait: ended(wait, width)), cut=True),
    ]


def _each(waits: Sequence[InstructionWait | None], tell: Callable[[InstructionWait], str]) -> list[str]:
    """What is told of each wait, nothing where there is none."""
    return [tell(wait) if wait else "" for wait in waits]


def _cycle(cycle: int | None) -> str:
    return UNKNOWN if cycle is None else f"{cycle:,}"


def _longest(row: InstructionRow) -> InstructionWait | None:
    """The longest wait of its own unit; without one, that of another."""
    own = [wait for wait in row.waits if wait.unit == row.unit]
    return next(iter(own or row.waits), None)


def _for(wait: InstructionWait, unit: str) -> str:
    cause = wait.cause.replace("_", " ")
    return cause if wait.unit == unit else f"{cause} ({wait.unit})"


def ended(wait: InstructionWait, width: int) -> str:
    """What ended most of a wait, and its cycles where it did not end all of it; briefly in short lines."""
    by = wait.ended_by
    if by is None:
        return ""
    part = "" if wait.ended == wait.cycles else f"{wait.ended:,} by "
    how = "held by " if by.how == "held" and not part else ""
    text = f" {by.text}" if by.text and width >= BROAD else ""
    return f"{part}{how}{by.unit}:{by.line.rpartition(':')[2]}{text}"


# Strips ---------------------------------------------------------------------------------------------------------------


def _letters(rows: Sequence[InstructionRow]) -> dict[str, str]:
    """A letter for each cause that a strip shows: the first of its name that no other has."""
    found: dict[str, str] = {}
    for cause in sorted({one.cause for row in rows for one in row.strip if one.what == "waiting"}):
        spare = (letter for letter in f"{cause}abcdefghijklmnopqrstuvwxyz" if letter.isalpha())
        found[cause] = next((letter for letter in spare if letter not in found.values()), "?")
    return found


def _drawn(report: InstructionView, strip: Sequence[Stretch], letters: dict[str, str]) -> Iterator[str]:
    """The cells of a strip."""
    now = report.from_cycle
    for one in strip:
        yield " " * ((one.start - now) // report.bin_cycles)
        yield (MARKS.get(one.what) or letters[one.cause]) * ((one.end - one.start) // report.bin_cycles)
        now = one.end


def _axis(report: InstructionView) -> str:
    """Marks of cycles along the strips."""
    cells, axis = (report.until_cycle - report.from_cycle) // report.bin_cycles, ""
    for at in range(0, cells, AXIS_STEP):
        mark = f"|{report.from_cycle + at * report.bin_cycles}"
        room = min(AXIS_STEP, cells - at)
        axis += (mark if len(mark) <= room else "|").ljust(room)
    return axis


def _legend(report: InstructionView, letters: dict[str, str]) -> str:
    """What the marks mean, of those that there are."""
    there = {one.what for row in report.rows for one in row.strip}
    marks = [f"{MARKS[what]} {meaning}" for what, meaning in MEANINGS.items() if what in there]
    waits = [f"{letter} {cause.replace('_', ' ')}" for cause, letter in letters.items()]
    told = "  ".join(marks) + ("\nwaiting for  " + "  ".join(waits) if waits else "")
    return f"one mark: {count(report.bin_cycles, 'cycle')}   {told}"


# Sums -----------------------------------------------------------------------------------------------------------------


def _sums(report: InstructionView, width: int) -> Iterator[RenderableType]:
    """The sums of instructions."""
    rows = report.totals[:MOST_SUMS]
    longest = [next(iter(row.waits), None) for row in rows]
    columns = [
        places([row.line for row in rows]),
        Column("instruction", [row.text for row in rows], cut=True),
        Column("times", [f"{row.executions:,}" for row in rows], number=True),
        Column("busy", [f"{row.busy:,}" for row in rows], number=True),
        Column("waited", [f"{row.waiting:,}" for row in rows], number=True),
        Column("longest for", _each(longest, lambda wait: _sum_of(wait, width)), cut=True),
        Column("ended by", _each(longest, lambda wait: ended(wait, width)), cut=True),
    ]
    if width >= MIDDLE:
        columns.append(Column("energy", [scaled(row.energy_j, "J") for row in rows], number=True))
    columns.append(Column("critical", [_critical(row, report) for row in rows], number=True))
    yield block(columns, width)
    if len(report.totals) > MOST_SUMS:
        yield Text(f"  and {len(report.totals) - MOST_SUMS} more", "dim")
    busy, waited = sum(row.busy for row in report.totals), sum(row.waiting for row in report.totals)
    energy = scaled(joules(report.event_energy_aj), "J")
    yield Text(f"all: busy {busy:,}, waited {waited:,} cycles, {energy} of events, without leakage\n")


def _sum_of(wait: InstructionWait, width: int) -> str:
    unit = f" ({wait.unit})" if width >= BROAD else ""
    return f"{wait.cycles:,} {wait.cause.replace('_', ' ')}{unit}"


def _critical(row: InstructionSums, report: InstructionView) -> str:
    """The part of the critical path that is an instruction's own."""
    whole = sum(one.critical or 0 for one in report.totals)
    return UNKNOWN if row.critical is None or not whole else percent(row.critical, whole)
