"""What ended the waits of a run: an event, an instruction that was taken, or what held what was waited for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal, NamedTuple

from acortex.traces.critical import WAITING, Segment, Step, Walk
from acortex.traces.enders import Enders
from acortex.traces.endings import HandOver
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints
from acortex.traces.instructions.columns import Columns
from acortex.traces.instructions.results import Ender, InstructionWait
from acortex.traces.rivals import Holders
from acortex.traces.rows.by_time import Row

How = Literal["ended", "taken", "held"]


class By(NamedTuple):
    """What ended a wait: a unit, the address of the instruction that it worked for, and how."""

    unit: str
    pc: int
    how: How


class WaitEnders(Enders):
    """Finds what ended a wait, an arbiter's grants and places in queues among it."""

    taken: Row | None = None

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        self._holders = Holders(self.rows, trace.header)

    def ender(self, wait: Row) -> By | None:
        """What ended a wait of another unit; None where its own time did, or where a trace does not show it."""
        self.taken = None
        self.of(wait)
        if self.taken is not None:
            return By(self.taken.unit, self.taken.pc, "taken")
        if self.found is not None:
            return None if self.found.unit == wait.unit else By(self.found.unit, self.found.pc, "ended")
        return self._held(wait)

    def _now(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        """A unit took an instruction: what it does from then on is of that."""
        units = self._takers(row) if hand_over.same else ()
        if len(units) == 1:
            at = self._when(hand_over, now)
            self.taken = self.rows.started(units[0], at) or Row(units[0], at, at, False, "", -1, 0, -1)
        return Walk._now(self, hand_over, row, now)

    def _held(self, wait: Row) -> By | None:
        """The last of what held what was waited for."""
        unit, start, end, _, name, pc, layer, inference = wait
        one = Segment(start, end, unit, WAITING, name, pc, layer, inference)
        held = [holder for holder, _ in self._holders.during(one)]
        return By(self._holders.agent(held[-1]), held[-1].pc, "held") if held else None


class Waits:
    """The waits of a trace by the instruction that they are booked to, with what ended most of each sort."""

    def __init__(self, trace: Trace, columns: Columns, walk: WaitEnders) -> None:
        self._header = trace.header
        self._columns = columns
        self._walk = walk
        self._found: dict[int, By | None] = {}

    def by(self, at: int) -> By | None:
        """What ended the wait in a row of the columns."""
        if at not in self._found:
            columns, header = self._columns, self._header
            unit, cause = header.units[columns.unit[at]], header.causes[columns.code[at] - columns.kinds]
            start, end, pc = int(columns.start[at]), int(columns.end[at]), int(columns.pc[at])
            wait = Row(unit, start, end, False, cause, pc, int(columns.layer[at]), int(columns.inference[at]))
            self._found[at] = self._walk.ender(wait)
        return self._found[at]

    def summed(self, rows: Iterable[int], cycles: Ints, looked_at: Iterable[int]) -> list[InstructionWait]:
        """The waits in some rows by unit and cause, most cycles first.

        `cycles` has those of each row of the columns that count; what ended a wait is found for the rows of
        `looked_at` alone.
        """
        columns, chosen = self._columns, set(looked_at)
        sums: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        enders: defaultdict[tuple[int, int], defaultdict[By, int]] = defaultdict(lambda: defaultdict(int))
        for at in rows:
            key, spent = (int(columns.unit[at]), int(columns.code[at]) - columns.kinds), int(cycles[at])
            sums[key][0] += 1
            sums[key][1] += spent
            if at in chosen and (found := self.by(at)) is not None:
                enders[key][found] += spent
        made = [self._wait(key, times, spent, enders[key]) for key, (times, spent) in sums.items()]
        return sorted(made, key=lambda wait: -wait.cycles)

    def _wait(self, key: tuple[int, int], times: int, cycles: int, enders: dict[By, int]) -> InstructionWait:
        by, ended = max(enders.items(), key=lambda entry: entry[1], default=(None, 0))
        header = self._header
        ender = by and Ender(unit=by.unit, line=header.source(by.pc), text=header.text(by.pc), how=by.how)
        unit, cause = header.units[key[0]], header.causes[key[1]]
        return InstructionWait(unit=unit, cause=cause, times=times, cycles=cycles, ended_by=ender, ended=ended)
