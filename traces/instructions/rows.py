"""A row for each execution of an instruction: when it was issued, waited and worked, its time as a strip of bins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.instructions.columns import Columns
from acortex.traces.instructions.numbering import Executions
from acortex.traces.instructions.results import InstructionRow, Stretch, What
from acortex.traces.instructions.waits import Waits

MOST_LOOKED_AT = 256
"""Waits of one row of which it is looked for what ended them."""


@dataclass(frozen=True)
class Bins:
    """Equal stretches of time: the first cycle, the cycles of each, and how many there are."""

    first: int
    cycles: int
    count: int

    @property
    def end(self) -> int:
        """The cycle behind the last."""
        return self.first + self.cycles * self.count


def bins_of(first: int, end: int, most: int) -> Bins:
    """At most so many bins over some cycles, each of as few whole cycles as that allows."""
    length = max(end - first, 1)
    cycles = -(-length // most)
    return Bins(first, cycles, -(-length // cycles))


class _Spent(NamedTuple):
    """Cycles of one row of a strip in which something was: first cycles, cycles after, what, the cause of a wait."""

    start: Ints
    end: Ints
    what: What
    cause: str = ""


class RowMaker:
    """Makes the rows of executions."""

    def __init__(self, header: TraceHeader, columns: Columns, executions: Executions, waits: Waits) -> None:
        self._header = header
        self._columns = columns
        self._executions = executions
        self._waits = waits
        self._order = np.argsort(executions.of, kind="stable")
        self._begins = np.searchsorted(executions.of[self._order], np.arange(len(executions.pc) + 1))
        self._cycles = columns.end - columns.start

    def span(self, chosen: Sequence[int]) -> tuple[int, int]:
        """The first cycle of some executions, and the cycle after their last."""
        rows = np.concatenate([self._of(at) for at in chosen])
        return int(self._columns.start[rows].min()), int(self._columns.end[rows].max())

    def _of(self, at: int) -> Ints:
        """The rows of an execution, by unit and time."""
        return np.sort(self._order[self._begins[at] : self._begins[at + 1]])

    def make(self, at: int, bins: Bins) -> InstructionRow:
        """The row of an execution."""
        columns, executions, header = self._columns, self._executions, self._header
        rows, unit, pc = self._of(at), int(executions.unit[at]), int(executions.pc[at])
        events = rows[columns.events[rows]]
        own = events[columns.unit[events] == unit]
        issue = int(executions.issue[at])
        waiting = rows[~columns.events[rows]]
        longest = waiting[np.argsort(-self._cycles[waiting], kind="stable")[:MOST_LOOKED_AT]]
        work = events[events != issue]
        return InstructionRow(
            index=at,
            inference=int(executions.inference[at]),
            layer=header.layers[executions.layer[at]],
            pc=pc,
            line=header.source(pc),
            text=header.text(pc),
            unit=header.units[unit],
            alike=int(executions.alike[at]),
            issued=int(columns.start[issue]),
            first_busy=_first(columns.start[own]),
            end=_last(columns.end[own]),
            done=_last(columns.end[events]) if len(work) or unit == columns.unit[issue] else None,
            busy=int(self._cycles[own].sum()),
            waited=int(self._cycles[waiting[columns.unit[waiting] == unit]].sum()),
            waits=self._waits.summed(waiting.tolist(), self._cycles, longest.tolist()),
            strip=_strip(self._spent(rows, unit, issue), bins),
        )

    def _spent(self, rows: Ints, unit: int, issue: int) -> Iterator[_Spent]:
        """What an execution did in its cycles."""
        columns, header = self._columns, self._header
        start, end, giver = columns.start, columns.end, columns.unit[issue]
        yield _Spent(start[[issue]], end[rows].max(keepdims=True), "between")
        yield _Spent(start[[issue]], end[[issue]], "issue")
        mine, events = columns.unit[rows] == unit, columns.events[rows]
        if unit != giver:
            taken = start[rows[mine]].min(keepdims=True) if mine.any() else end.max(keepdims=True)  # or stopped before
            yield _Spent(end[[issue]], taken, "queued")
        rest = rows != issue
        own, others = rows[mine & events & rest], rows[~mine & events & rest]
        yield _Spent(start[own], end[own], "busy")
        yield _Spent(start[others], end[others], "following")
        waiting = rows[~events & (mine | (columns.unit[rows] == giver))]
        for code in np.unique(columns.code[waiting]).tolist():
            some = waiting[columns.code[waiting] == code]
            yield _Spent(start[some], end[some], "waiting", header.causes[code - columns.kinds])


def _first(cycles: Ints) -> int | None:
    return int(cycles.min()) if len(cycles) else None


def _last(cycles: Ints) -> int | None:
    return int(cycles.max()) if len(cycles) else None


WEAK = ("between", "queued")
"""What a bin shows only where nothing else is, the weaker first."""

STRONG: tuple[What, ...] = ("following", "waiting", "busy", "issue")
"""What a bin shows where it has as many cycles of several, the weaker first."""

SEEN = ("busy", "issue")
"""What shows in one bin at least, in the one that has most of it, however short it is."""


def _strip(spent: Iterable[_Spent], bins: Bins) -> list[Stretch]:
    """The stretches of bins that show the same."""
    some = sorted((one for one in spent if len(one.start)), key=lambda one: _rank(one.what))
    inside = np.array([_cover(one, bins) for one in some], dtype=float)
    # Of what is weak any share of a cycle counts less than the least of what is strong, and the weakest least.
    for at, one in enumerate(some):
        if one.what in WEAK:
            inside[at] = (inside[at] > 0) * (at + 1) / (len(some) + 1)
    shown = np.where(inside.max(axis=0) > 0, len(some) - 1 - inside[::-1].argmax(axis=0), -1)
    for at, one in enumerate(some):
        if one.what in SEEN and at not in shown and inside[at].any():
            shown[inside[at].argmax()] = at
    found, at = [], 0
    for kind, run in groupby(shown.tolist()):
        length = len(list(run))
        if kind >= 0:
            ends = bins.first + at * bins.cycles, bins.first + (at + length) * bins.cycles
            found.append(Stretch(start=ends[0], end=ends[1], what=some[kind].what, cause=some[kind].cause))
        at += length
    return found


def _rank(what: What) -> int:
    return (*WEAK, *STRONG).index(what)


def _cover(one: _Spent, bins: Bins) -> Ints:
    """The cycles that lie in each bin, as the running sum of differences at both ends."""
    row = np.zeros(bins.count + 2, np.int64)
    for cycles, sign in ((one.start, 1), (one.end, -1)):
        at, rest = np.divmod(np.clip(cycles - bins.first, 0, bins.count * bins.cycles), bins.cycles)
        np.add.at(row, at, sign * (bins.cycles - rest))
        np.add.at(row, at + 1, sign * rest)
    return np.cumsum(row)[: bins.count]
