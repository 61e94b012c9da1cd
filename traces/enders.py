"""What ended the waits of a trace: another unit's event, an instruction that was taken, or what held what was awaited.

Waits are looked at many at a time, those of one unit for one cause together. What ends them is what the walk of the
critical path (traces/critical.py) goes on to, by the same table of hand-overs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from acortex.traces.critical import Walk, has_path
from acortex.traces.endings import AGENT, CROSSED, END, FREED, GRANT, NOW, OVER, START, TOKEN, HandOver, matches
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints
from acortex.traces.rivals import Holders
from acortex.traces.rows.by_time import NONE, Mask, Row

Progress = Callable[[int, int], None]

OTHERWISE, ENDED, TAKEN, HELD = range(4)
"""How a wait ended: in a way that no other unit has to do with, or that a trace does not show; as an event, or a wait,
of another unit ended or began; as its instruction was taken; as what held what was waited for let it go."""


class EndedBy(NamedTuple):
    """What ended each of some waits, an element for each.

    `how`, one of the words above; the number of the `unit` that did; the address `pc` of the instruction that it worked
    for; and the `row` of the trace by unit and time, NONE where none shows it.
    """

    how: Ints
    unit: Ints
    pc: Ints
    row: Ints


@dataclass
class _Alike:
    """Waits of one unit for one cause, and what is known of each; those are `open` that nothing fits yet."""

    unit: str
    cause: str
    start: Ints
    end: Ints
    pc: Ints
    open: Mask
    found: EndedBy
    taken: EndedBy

    def settle(self, some: Ints, how: int, unit: int, pc: Ints | int, row: Ints | int) -> None:
        """Notes what ended some of the waits."""
        self.open[some] = False
        _note(self.found, some, how, unit, pc, row)


class Enders:
    """Finds what ended waits. `shown`: only by rows of the trace, and nothing that only held what was waited for."""

    def __init__(self, trace: Trace, shown: bool = False) -> None:
        self.walk = Walk(trace)
        self._rows = self.walk.rows
        self._table = self.walk.table
        self._delays = trace.header.delays
        self._number = {unit: at for at, unit in enumerate(trace.header.units)}
        self._shown = shown
        self._holders = Holders(self._rows, trace.header)
        self._tokens = _tokens(trace.header.instructions)
        self._ways: dict[str, Callable[[HandOver, _Alike, Ints], None]] = {
            END: self._ended,
            START: self._started,
            OVER: self._over,
            CROSSED: self._crossed,
            FREED: self._freed,
        }
        if not shown:
            self._ways[NOW] = self._now

    def of(self, waits: Ints, progress: Progress = lambda done, of: None) -> EndedBy:
        """What ended some waits: `waits` are their places among the rows of the trace by unit, start and end.

        `progress` receives how many were looked at, of how many.
        """
        rows, found, done = self._rows, _nothing(len(waits)), 0
        units = rows.unit_of(waits)
        order = np.lexsort((rows.code[waits], units))
        changes = np.diff(units[order]) | np.diff(rows.code[waits][order].astype(np.int64))
        for some in np.split(order, np.flatnonzero(changes) + 1) if len(order) else ():
            progress(done, len(waits))
            first = rows.row(int(waits[some[0]]))
            alike = self._looked_at(first.unit, first.name, waits[some])
            _note(found, some, *alike)
            done += len(some)
        return found

    def _looked_at(self, unit: str, cause: str, at: Ints) -> EndedBy:
        """What ended waits of one unit for one cause: by the first hand-over that can have."""
        rows = self._rows
        start, end, pc = (column[at].astype(np.int64) for column in (rows.start, rows.end, rows.pc))
        alike = _Alike(unit, cause, start, end, pc, np.ones(len(at), np.bool_), _nothing(len(at)), _nothing(len(at)))
        for hand_over in self._table.of(unit, cause):
            if hand_over.by in self._ways:
                some = np.flatnonzero(alike.open)
                self._ways[hand_over.by](hand_over, alike, some[self._applies(hand_over, alike, some)])
        taken = np.flatnonzero(alike.taken.how == TAKEN)
        _note(alike.found, taken, *(column[taken] for column in alike.taken))
        if not self._shown:
            self._held(alike)
        own = (alike.found.how == ENDED) & (alike.found.unit == self._number[unit])
        alike.found.how[own] = OTHERWISE
        return alike.found

    # What a row of the table leads to: as in the walk, for many waits at once --------------------------------------

    def _applies(self, hand_over: HandOver, alike: _Alike, some: Ints) -> Mask:
        """Which waits are of the kind that a hand-over is about."""
        applies = np.ones(len(some), np.bool_)
        route, then = hand_over.route, hand_over.then
        if route:
            used = partial(self._uses, route.lstrip("!"))
            applies &= _by_value(used, alike.pc[some]) != route.startswith("!")
        if then:
            follows = self._rows.started_at(alike.unit, alike.end[some])
            applies &= self._rows.are_waits_for(follows, then.lstrip("!")) != then.startswith("!")
        return applies

    def _uses(self, pattern: str, pc: int) -> bool:
        """Whether an instruction had events in a unit of a pattern."""
        return any(matches(pattern, unit) for unit in self._rows.agents_of(pc))

    def _when(self, hand_over: HandOver, alike: _Alike, some: Ints) -> Ints:
        """The cycles of what ended waits."""
        return alike.end[some] - hand_over.after - self._delays.get(hand_over.delay, 0)

    def _first_of(
        self, hand_over: HandOver, alike: _Alike, some: Ints, find: Callable[[str, Ints], Ints], same: str = ""
    ) -> None:
        """The first of the units that may have ended a wait, of which there is a row."""
        at = self._when(hand_over, alike, some)
        for unit in self.walk.others(hand_over, alike.unit):
            left = np.flatnonzero(alike.open[some])
            row = find(unit, at[left])
            fits = row != NONE
            if same == TOKEN:
                fits &= self._same_token(self._rows.pc[row], alike.pc[some[left]])
            row = row[fits]
            alike.settle(some[left[fits]], ENDED, self._number[unit], self._rows.pc[row], row)

    def _same_token(self, one: Ints, two: Ints) -> Mask:
        """Which pairs of instructions name the same token last; taken as so where their texts are unknown."""
        tokens, unknown = self._tokens, len(self._tokens) - 1
        first, second = (
            tokens[np.minimum(pc, unknown)] for pc in (one, two)
        )  # that of -1, no instruction, is the last
        same: Mask = (first == second) | (first == NONE) | (second == NONE)
        return same

    def _ended(self, hand_over: HandOver, alike: _Alike, some: Ints) -> None:
        """An event ended."""
        find = partial(self._rows.ended_at, kinds=hand_over.kinds)
        self._first_of(hand_over, alike, some, find, hand_over.same)

    def _started(self, hand_over: HandOver, alike: _Alike, some: Ints) -> None:
        """An event began."""
        find = partial(self._rows.begun_at, kinds=hand_over.kinds)
        self._first_of(hand_over, alike, some, find, hand_over.same)

    def _over(self, hand_over: HandOver, alike: _Alike, some: Ints) -> None:
        """An event ended, or a wait that came after it."""
        self._first_of(hand_over, alike, some, self._rows.over_at)

    def _now(self, hand_over: HandOver, alike: _Alike, some: Ints) -> None:
        """A unit acted in a way that no row shows, or took an instruction: what it does from then on is of that."""
        if hand_over.same:
            for pc, at in _groups(alike.pc[some]):
                units = self.walk.takers(alike.unit, pc)
                if len(units) == 1:
                    self._take(hand_over, alike, some[at], units[0])
        if hand_over.same != AGENT:
            units = self.walk.others(hand_over, alike.unit)
            if len(units) == 1:
                alike.settle(some, ENDED, self._number[units[0]], alike.pc[some], NONE)

    def _take(self, hand_over: HandOver, alike: _Alike, some: Ints, unit: str) -> None:
        row = self._rows.started_at(unit, self._when(hand_over, alike, some))
        pc = np.where(row == NONE, -1, self._rows.pc[row])
        _note(alike.taken, some, TAKEN, self._number[unit], pc, row)
        if hand_over.same == AGENT:
            alike.open[some] = False

    def _crossed(self, hand_over: HandOver, alike: _Alike, some: Ints) -> None:
        """The unit's own word has crossed a bus."""
        rows = self._rows
        for lane in self._table.lanes(hand_over.ended_by):
            word = rows.ended_at(lane, alike.end[some])
            own = (word != NONE) & (rows.pc[word] == alike.pc[some]) & (alike.start[some] <= rows.start[word])
            alike.open[some[own]] = False

    def _freed(self, hand_over: HandOver, alike: _Alike, some: Ints) -> None:
        """A lane will be free as the next word comes to it: the unit waits for its own words before."""
        rows, delay = self._rows, self._delays.get(hand_over.delay, 0)
        for lane in self._table.lanes(hand_over.ended_by):
            word = rows.ended_at(lane, alike.end[some] + delay)
            granted = rows.start[word] - np.int64(delay)
            begun = rows.begun_at(alike.unit, granted, hand_over.kinds)
            alike.open[some[(word != NONE) & (begun != NONE)]] = False

    def _held(self, alike: _Alike) -> None:
        """The last of what held what was waited for, where nothing else is known."""
        if not any(ending.by == GRANT for ending in self._table.of(alike.unit, alike.cause)):
            return
        for at in np.flatnonzero(alike.found.how == OTHERWISE).tolist():
            wait = Row(alike.unit, int(alike.start[at]), int(alike.end[at]), False, alike.cause, -1, 0, -1)
            held = [holder for holder, _ in self._holders.during(wait)]
            if held:
                unit = self._number[self._holders.agent(held[-1])]
                alike.settle(np.array([at]), HELD, unit, held[-1].pc, NONE)


class Ended(NamedTuple):
    """A wait, the event that ended it, and what the unit began then: an event, or its next wait; None for nothing."""

    wait: Row
    by: Row
    then: Row | None


MOST_WAITS = 1 << 17
"""Waits of a trace up to which each has its `Ended`, of about a kilobyte."""


def enders(trace: Trace) -> list[Ended]:
    """The waits of a trace that an event of another unit ended, each with that event.

    None of a trace that does not hold every event of its run, for then another may have; and none where there are more
    than MOST_WAITS waits.
    """
    if not has_path(trace) or len(trace.waits) > MOST_WAITS:
        return []
    found = Enders(trace, shown=True)
    rows = found.walk.rows
    waits = rows.waits()
    by = found.of(waits)
    ended = np.flatnonzero((by.how == ENDED) & rows.are_events(by.row))
    return [
        Ended(wait := rows.row(waits[at]), rows.row(by.row[at]), rows.started(wait.unit, wait.end))
        for at in ended.tolist()
    ]


def _nothing(count: int) -> EndedBy:
    """What ended so many waits, as long as nothing is known."""
    return EndedBy(np.full(count, OTHERWISE), *(np.full(count, NONE) for _ in range(3)))


def _note(found: EndedBy, some: Ints, *values: Ints | int) -> None:
    """Sets the elements of some waits: how each ended, the unit, the instruction and the row."""
    for column, new in zip(found, values, strict=True):
        column[some] = new


def _tokens(texts: Sequence[str]) -> Ints:
    """A number for the last word of each instruction, and NONE behind those of all."""
    numbers: dict[str, int] = {}
    words = [text.split()[-1:] for text in texts]
    return np.array([*(numbers.setdefault("".join(word), len(numbers)) for word in words), NONE], np.int64)


def _by_value(say: Callable[[int], bool], values: Ints) -> Mask:
    """What is said of each value; the same of equal ones."""
    distinct, at = np.unique(values, return_inverse=True)
    return np.array([say(value) for value in distinct.tolist()], np.bool_)[at]


def _groups(values: Ints) -> Iterator[tuple[int, Ints]]:
    """Each distinct value, with the places at which it is."""
    order = np.argsort(values, kind="stable")
    distinct, first = np.unique(values[order], return_index=True)
    yield from zip(distinct.tolist(), np.split(order, first)[1:], strict=True)
