"""A timeline of a trace for the terminal: one row per unit, time from left to right, busy, waiting and idle as shades.

`timeline` counts, `render` draws, `report` says the same as a document; all are pure, and the same trace gives the
same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.text import Text

from acortex.errors import UsageError
from acortex.traces.covers import covers
from acortex.traces.file.coverage import EVER
from acortex.traces.file.digest import LARGE, Rows
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Event, Ints, Table, Wait, Window
from acortex.traces.results import Covers
from acortex.traces.results_of_timelines import TimelineReport, TimelineUnit
from acortex.traces.rows.real_time import unit_of
from acortex.wording import layer_name

ColourBy = Literal["layer", "kind"]
SHADES = " ░▒▓█"
WAITING, IDLE, LEFT_OUT = "╌", "·", " "
PALETTE = ("cyan", "green", "yellow", "magenta", "blue", "red", "bright_cyan", "bright_green", "bright_yellow")
_AXIS_STEP = 20
LEAST = 1e-6
"""Cycles in a column from which on there is something in it."""
LEGEND_LINES = 5
"""Lines of a legend at most: colours repeat after a few names anyway."""


@dataclass(frozen=True)
class Timeline:
    """Cycles by unit and column of the picture, float64 of shape (units, columns), and what each busy cell is mostly.

    `edges` are the columns' borders in cycles, one more than columns. `owner` is int64 of the same shape: the layer or
    kind (as `colour_by` says) with the most busy cycles there, -1 where there is none. `interval` is 0 where each row
    was drawn, else the cycles within which rows were drawn as one.
    """

    window: Window
    edges: NDArray[np.float64]
    busy: NDArray[np.float64]
    waiting: NDArray[np.float64]
    owner: Ints
    colour_by: ColourBy
    interval: int


MOST_ROWS = LARGE
"""Rows that are drawn one by one, where the trace also has them with less detail."""

FINEST = 4
"""Intervals of a digest that a column has at least: rows of an interval lie within a part of a column then."""


def timeline(
    trace: Trace, *, window: Window | None = None, columns: int = 80, colour_by: ColourBy = "layer"
) -> Timeline:
    """Spreads each row's cycles over the columns that it lies in. `window` is (first, end) in cycles, default all.

    Where many rows lie in the window, those of a trace's digest stand for them if its intervals are short enough.
    """
    first, end = window or (min(_first_cycle(trace), 0), max(trace.cycles, 1))
    if end <= first:
        raise UsageError(f"the window {first}..{end} has no cycles", hint=f"the run has {trace.cycles}")
    if columns < 1:
        raise UsageError(f"{columns} columns are too few", hint="at least 1")
    edges = np.linspace(first, end, columns + 1)
    units = len(trace.header.units)
    groups = len(trace.header.layers) if colour_by == "layer" else len(trace.header.kinds)
    interval, rows = _rows(trace, (first, end), columns)
    by_group = _spread(rows.events.select(window=(first, end)), edges, units, colour_by, groups)
    waiting = _spread(rows.waits.select(window=(first, end)), edges, units, None, 1)[:, 0]
    busy = by_group.sum(axis=1)
    owner = np.where(busy > 0, by_group.argmax(axis=1), -1) if groups else np.full(busy.shape, -1)
    return Timeline((first, end), edges, busy, waiting, owner, colour_by, interval)


def _first_cycle(trace: Trace) -> int:
    """The first cycle of any event, or 0: blocks that begin later are not looked into."""
    if min(trace.events.first_starts(), default=0) >= 0:
        return 0
    return min((int(chunk["start"].min()) for chunk in trace.events.chunks("start")), default=0)


def _rows(trace: Trace, window: Window, columns: int) -> tuple[int, Trace | Rows]:
    """What is drawn: the rows of a trace, or those of its digest with the cycles of an interval."""
    digest = trace.digest
    if digest is None or window[1] - window[0] < FINEST * columns * digest.interval:
        return 0, trace
    rows = trace.events.rows_within(window) + trace.waits.rows_within(window)
    return (0, trace) if rows <= MOST_ROWS else (digest.interval, digest.by_time)


def _spread(
    table: Table[Event] | Table[Wait], edges: NDArray[np.float64], units: int, group: str | None, groups: int
) -> NDArray[np.float64]:
    """Cycles by (unit, group, column). A merged row's cycles are spread evenly over its span."""
    columns = len(edges) - 1
    total = np.zeros((units, max(groups, 1), columns))
    width = (edges[-1] - edges[0]) / columns
    names = ("start", "span", "duration", "unit", *((group,) if group else ()))
    for chunk in table.chunks(*names):
        row = chunk["unit"] * max(groups, 1) + (chunk[group] if group else 0)
        begin = np.clip((chunk["start"] - edges[0]) / width, 0, columns)
        finish = np.clip((chunk["start"] + chunk["span"] - edges[0]) / width, 0, columns)
        density = np.divide(chunk["duration"], chunk["span"], out=np.zeros(len(row)), where=chunk["span"] > 0)
        total += _cover(row, begin, finish, density * width, total.shape[0] * total.shape[1], columns).reshape(
            total.shape
        )
    total[np.abs(total) < LEAST] = 0  # what sums of fractions leave where nothing was
    return total


def _cover(
    row: Ints,
    begin: NDArray[np.float64],
    finish: NDArray[np.float64],
    weight: NDArray[np.float64],
    rows: int,
    columns: int,
) -> NDArray[np.float64]:
    """How much of each cell the intervals cover: differences at both ends, then a running sum along the columns."""
    flat = np.zeros(rows * (columns + 2))
    for edge, sign in ((begin, 1.0), (finish, -1.0)):
        cell = np.minimum(edge.astype(np.int64), columns)
        inside = edge - cell
        at = row * (columns + 2) + cell
        # An interval that begins within a cell covers the rest of it, and each later cell wholly.
        flat += np.bincount(at, weights=sign * weight * (1 - inside), minlength=len(flat))
        flat += np.bincount(at + 1, weights=sign * weight * inside, minlength=len(flat))
    return np.cumsum(flat.reshape(rows, columns + 2), axis=1)[:, :columns]


def render(trace: Trace, *, window: Window | None = None, width: int = 100, colour_by: ColourBy = "layer") -> Text:
    """The timeline as text of `width` cells per line, with axes in cycles and ns and a legend.

    A trace that is a part of its run says so first; the window is what the axes say.
    """
    part = f"incomplete: {trace.part}\n" if trace.part else ""
    drawn = picture(trace, window=window, width=width, colour_by=colour_by)
    return Text.assemble((part, "red"), drawn, no_wrap=True)


def picture(trace: Trace, *, window: Window | None = None, width: int = 100, colour_by: ColourBy = "layer") -> Text:
    """The timeline alone, as `render` gives it."""
    names = trace.header.units
    margin = max((cell_len(name) for name in names), default=0) + 1
    if width < margin + _AXIS_STEP:
        raise UsageError(f"a width of {width} is too narrow", hint=f"at least {margin + _AXIS_STEP}")
    drawn = timeline(trace, window=window, columns=width - margin, colour_by=colour_by)
    text = Text(no_wrap=True)
    text.append(_less(trace, drawn.interval), style="red")
    text.append_text(_axes(drawn, trace.header.exact_clock_ns(), margin))
    for unit, name in enumerate(names):
        text.append(name.ljust(margin))
        text.append_text(_row(drawn, unit, _idle(trace, name)))
        text.append("\n")
    text.append_text(_legend(trace, drawn, width))
    return text


def _less(trace: Trace, interval: int) -> str:
    """The lines that say how much less a picture shows than the trace has; "" where it shows each row."""
    if not interval:
        return ""
    rows = trace.events.rows_within(EVER) + trace.waits.rows_within(EVER)
    told = f"less detail: {rows:,} events and waits, drawn by intervals of {interval:,} cycles"
    return f"{told}\n  --from and --until select a part, which is drawn event by event\n"


def report(
    trace: Trace, *, window: Window | None = None, columns: int = 80, colour_by: ColourBy = "layer"
) -> TimelineReport:
    """The timeline as a document, in so many columns."""
    drawn = timeline(trace, window=window, columns=columns, colour_by=colour_by)
    part = shown(trace, drawn.window, drawn.interval)
    names = _owners(trace, colour_by)
    units = [
        TimelineUnit(
            name=name,
            busy=drawn.busy[at].tolist(),
            waiting=drawn.waiting[at].tolist(),
            mostly=[None if owner < 0 else names[owner] for owner in drawn.owner[at].tolist()],
        )
        for at, name in enumerate(trace.header.units)
    ]
    return TimelineReport(
        complete=part is None,
        covers=part,
        clock_ns=trace.header.clock_ns,
        by=colour_by,
        from_cycle=drawn.window[0],
        until_cycle=drawn.window[1],
        columns=columns,
        interval=drawn.interval,
        units=units,
    )


def _owners(trace: Trace, colour_by: ColourBy) -> Sequence[str]:
    """The names that colours stand for."""
    header = trace.header
    return header.layers if colour_by == "layer" else [kind.name for kind in header.kinds]


INTERVALS = "intervals"
"""The level of what is drawn from a digest."""


def shown(trace: Trace, window: Window | None, interval: int = 0) -> Covers | None:
    """Which part of its run a timeline of a trace shows: the rows that it holds, in a window; None for all of it.

    With an `interval` it shows the rows of that many cycles as one.
    """
    first, end = window or (0, trace.cycles)
    ends = {"from_cycle": first if first > 0 else None, "until_cycle": end if end < trace.cycles else None}
    cut: dict[str, object] = {name: cycle for name, cycle in ends.items() if cycle is not None}
    if interval:
        cut["level"] = INTERVALS
    part = covers(trace)["covers"] or Covers(level=trace.header.level, lost=trace.missing)
    return part.model_copy(update=cut) if cut or trace.part else None


def _idle(trace: Trace, unit: str) -> str:
    """The mark of cycles in which nothing is known of a unit: that it was idle, or a blank where rows were left out."""
    filters = trace.header.filters
    known = not set(filters) - {"units"} and unit in filters.get("units", (unit,))
    return IDLE if known else LEFT_OUT


def _row(drawn: Timeline, unit: int, idle: str) -> Text:
    """The cells of a unit; `idle` marks those without an event and a wait."""
    text = Text()
    cell_cycles = np.diff(drawn.edges)
    for column, length in enumerate(cell_cycles):
        busy, waiting = drawn.busy[unit, column] / length, drawn.waiting[unit, column] / length
        if busy > 1e-9:
            shade = SHADES[min(int(np.ceil(busy * 4 - 1e-9)), 4)]
            text.append(shade, style=PALETTE[int(drawn.owner[unit, column]) % len(PALETTE)])
        elif waiting > 1e-9:
            text.append(WAITING, style="red")
        else:
            text.append(idle, style="dim")
    return text


def _axes(drawn: Timeline, clock_ns: Fraction, margin: int) -> Text:
    """Two lines of marks every 20 cells: cycles, and the same in real time."""
    unit = unit_of(clock_ns)
    cycles, times = "cycle".ljust(margin), unit.name.ljust(margin)
    for column in range(0, len(drawn.edges) - 1, _AXIS_STEP):
        room = min(_AXIS_STEP, len(drawn.edges) - 1 - column)
        at = round(float(drawn.edges[column]))
        cycles += _mark(f"{at}", room)
        times += _mark(f"{float(at * clock_ns * unit.per_ns):.0f}", room)
    return Text(f"{cycles}\n{times}\n", style="bold")


def _mark(label: str, room: int) -> str:
    mark = f"|{label}"
    return mark.ljust(room) if len(mark) < room else "|".ljust(room)


def _legend(trace: Trace, drawn: Timeline, width: int) -> Text:
    """What the shades and colours mean, in lines of at most `width` cells; of very many names those seen most."""
    names = [layer_name(name) for name in _owners(trace, drawn.colour_by)]
    text = Text(f"{SHADES[1]}{SHADES[2]}{SHADES[3]}{SHADES[4]} busy  {WAITING} waiting  {IDLE} idle")
    seen, cells = np.unique(drawn.owner[drawn.owner >= 0], return_counts=True)
    kept = _kept([names[at] for at in seen], cells, width)
    used = width
    for name, style in (
        (f"{drawn.colour_by}s:", ""),
        *((names[at], PALETTE[at % len(PALETTE)]) for at in seen[kept].tolist()),
        *([(f"and {len(seen) - len(kept)} more", "dim")] if len(kept) < len(seen) else []),
    ):
        space = " " if used + 1 + cell_len(name) <= width else "\n"
        used = cell_len(name) + (used + 1 if space == " " else 0)
        text.append(space)
        text.append(name, style=style)
    return text


def _kept(names: Sequence[str], cells: Ints, width: int) -> Ints:
    """The places of the names that a legend has room for, in their order: those with the most cells."""
    ordered = np.argsort(-cells, kind="stable")
    taken = np.cumsum([cell_len(names[at]) + 1 for at in ordered.tolist()])
    room = LEGEND_LINES * width - _LEGEND_REST if len(names) and taken[-1] > LEGEND_LINES * width else taken[-1:].sum()
    kept: Ints = np.sort(ordered[taken <= room])
    return kept


_LEGEND_REST = 40
"""Cells of a legend for what stands before and behind the names, and at the ends of lines."""
