"""The steady state of a loop: from when on its turns repeat, cycle by cycle in every unit, and what bounds a turn.

A period is held against the one before it: each row of the loop, an event or a wait, has one like it a period earlier,
in the same unit, for the same instruction. What comes after the last instruction was issued is left out: there the
loop runs dry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypedDict

import numpy as np

from acortex.traces.critical import BUSY, Segment, Walk
from acortex.traces.endings import GRANT
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.instructions.chains import parts
from acortex.traces.instructions.columns import Columns, Mask
from acortex.traces.instructions.loops import Loop
from acortex.traces.instructions.numbering import Executions
from acortex.traces.instructions.results import ChainPart, LoopUnit, LoopView

MOST_TURNS = 64
"""Turns of a period, at most."""

MOST_STEPS = 1 << 16
"""Steps back in which a chain has to close."""

PORTS = "main_memory ports"


class Steady(NamedTuple):
    """A steady state: its period in cycles and turns, its first cycle, and the cycle up to which it was seen."""

    period: int
    turns: int
    start: int
    end: int


@dataclass(frozen=True)
class Looked:
    """What loops are looked at in: a trace's tables, its columns, its executions, and the way back through it."""

    header: TraceHeader
    columns: Columns
    executions: Executions
    walk: Walk


def look_at(loop: Loop, run: Looked) -> LoopView:
    """What is known of a loop."""
    header, columns, executions = run.header, run.columns, run.executions
    issues = columns.start[executions.issue[loop.ends]]
    rows = _rows(loop, columns, executions)
    steady = _steady(issues, rows, columns)
    half = len(issues) // 2
    mean = (int(issues[-1]) - int(issues[half - 1])) / (len(issues) - half) if half else 0.0
    known = _bounds(steady, rows, run) if steady else _UNKNOWN
    return LoopView(
        line=header.source(loop.head),
        text=header.text(loop.head),
        end_line=header.source(loop.tail),
        end_text=header.text(loop.tail),
        turns=loop.turns,
        entered=loop.entered,
        looked_at=len(issues),
        cycles_per_turn=steady.period / steady.turns if steady else mean,
        period=steady.period if steady else None,
        turns_per_period=steady.turns if steady else None,
        inferences_per_period=_inferences(loop, executions, steady) if steady else None,
        from_cycle=steady.start if steady else None,
        until_cycle=steady.end if steady else None,
        **known,
    )


def _rows(loop: Loop, columns: Columns, executions: Executions) -> Ints:
    """The rows of a loop's longest stay in the order of their starts."""
    of = executions.of
    inside = (of >= loop.first) & (of <= loop.ends[-1]) & (columns.pc >= loop.head) & (columns.pc <= loop.tail)
    rows = np.flatnonzero(inside)
    ordered: Ints = rows[np.lexsort((columns.code[rows], columns.unit[rows], columns.start[rows]))]
    return ordered


def _steady(issues: Ints, rows: Ints, columns: Columns) -> Steady | None:
    """The steady state with the shortest period; None where no two periods are alike."""
    end = int(issues[-1])
    start = columns.start[rows]
    last = int(np.searchsorted(start, end))
    for turns in range(1, min(MOST_TURNS, len(issues) - 1) + 1):
        period = end - int(issues[-1 - turns])
        size = last - int(np.searchsorted(start, end - period))
        if not size or last < 2 * size:
            continue
        before = rows[last - 2 * size : last - size]
        if _alike(rows[last - size : last], before, period, end, columns).all():
            differ = np.flatnonzero(~_alike(rows[size:last], rows[: last - size], period, end, columns))
            first = int(start[differ[-1] + 1]) if len(differ) else int(start[0])
            return Steady(period, turns, first, end)
    return None


def _alike(later: Ints, earlier: Ints, period: int, end: int, columns: Columns) -> Mask:
    """Which rows have one like it a period earlier, as far as can be seen up to a cycle.

    What goes on at that cycle may last longer than its like: it is where the loop runs dry that ends it.
    """
    same: Mask = columns.start[later] == columns.start[earlier] + period
    same &= np.minimum(columns.end[later], end) == np.minimum(columns.end[earlier] + period, end)
    for column in (columns.unit, columns.code, columns.pc):
        same &= column[later] == column[earlier]
    return same


def _inferences(loop: Loop, executions: Executions, steady: Steady) -> int:
    """The inferences of the last period that the turn before it had no part in."""
    last, before = int(loop.ends[-1]), int(loop.ends[-1 - steady.turns])
    earlier = int(loop.ends[-2 - steady.turns]) if len(loop.ends) > steady.turns + 1 else loop.first - 1
    found = np.setdiff1d(executions.inference[before + 1 : last + 1], executions.inference[earlier + 1 : before + 1])
    return int((found >= 0).sum())


# What bounds a period -------------------------------------------------------------------------------------------------


class _Bounds(TypedDict):
    """What is said of a steady state alone."""

    bound: Literal["busy", "chain"] | None
    bound_by: list[str]
    simple_bound: int | None
    busiest: str
    units: list[LoopUnit]
    chain: list[ChainPart]
    chain_periods: int | None


_UNKNOWN: _Bounds = {
    "bound": None,
    "bound_by": [],
    "simple_bound": None,
    "busiest": "",
    "units": [],
    "chain": [],
    "chain_periods": None,
}


def _bounds(steady: Steady, rows: Ints, run: Looked) -> _Bounds:
    """What sets a period, how busy units are in it, and the chain that closes."""
    header, period = run.header, steady.period
    units = sorted(_units(steady, rows, run), key=lambda one: -one.busy)
    full = [one.unit for one in units if one.busy >= period]
    chain = _chain(steady, run)
    along: Counter[str] = Counter()
    for one in chain:
        along[one.unit] += one.end - one.start
    alone = len(along) == 1 and all(one.what == BUSY for one in chain)
    by = full or [unit for unit, _ in along.most_common()]
    return {
        "bound": ("busy" if full or alone else "chain") if by else None,
        "bound_by": by,
        "simple_bound": units[0].busy if units else 0,
        "busiest": units[0].unit if units else "",
        "units": units,
        "chain": parts(chain, header),
        "chain_periods": sum(along.values()) // period if chain else None,
    }


def _units(steady: Steady, rows: Ints, run: Looked) -> Iterator[LoopUnit]:
    """What units did for the loop in the last period."""
    columns, header, period = run.columns, run.header, steady.period
    first = np.maximum(columns.start[rows], steady.end - period)
    cycles = np.maximum(np.minimum(columns.end[rows], steady.end) - first, 0)
    events, unit = columns.events[rows], columns.unit[rows]
    for at, name in enumerate(header.units):
        busy = int(cycles[events & (unit == at)].sum())
        waiting = int(cycles[~events & (unit == at)].sum())
        if busy or waiting:
            yield _unit(name, busy, waiting, period)
    ports, held = _ports(header), int(cycles[np.isin(columns.code[rows], _accesses(header))].sum())
    if held and ports:
        yield _unit(PORTS, -(-held // ports), 0, period)


def _unit(name: str, busy: int, waiting: int, period: int) -> LoopUnit:
    idle = max(period - busy - waiting, 0)
    return LoopUnit(unit=name, busy=busy, waiting=waiting, idle=idle, slack=max(period - busy, 0))


def _ports(header: TraceHeader) -> int:
    """The ports of main memory, 0 where a trace does not say how many."""
    memory = header.config.get("memory")
    ports = memory.get("ports") if isinstance(memory, dict) else None
    return max(ports, 0) if type(ports) is int else 0


def _accesses(header: TraceHeader) -> list[int]:
    """The kinds of events that hold a port, by the table of hand-overs."""
    names = {kind for row in header.handovers if row.by == GRANT for kind in row.kinds}
    return [at for at, kind in enumerate(header.kinds) if kind.name in names]


def _chain(steady: Steady, run: Looked) -> list[Segment]:
    """The chain back from the end of the steady state, as soon as it comes again to where it was; else nothing."""
    unit, now = run.header.units[int(run.columns.unit[run.executions.issue[0]])], steady.end
    seen: dict[tuple[str, int], tuple[int, int]] = {}
    back: list[Segment] = []
    for _ in range(MOST_STEPS):
        place = unit, now % steady.period
        if place in seen and seen[place][1] > now:
            return back[seen[place][0] :][::-1]
        seen.setdefault(place, (len(back), now))
        unit, now, segments = run.walk.step(unit, now)
        back.extend(segments)
        if now < steady.start:
            return []
    return []
