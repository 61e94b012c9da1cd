"""Exact skipping: what has been simulated before is not simulated again (docs/skipping.md).

What a chip does from now on depends on its state (sim/timing/canonical.py) and on the instructions to come, which are
known (sim/timing/walk.py). Two things follow.

- A *period*. Two states within the same instructions are equal but for what counts down. Then what happened between
  them happens again, as often as enough is left, and as each event's own sizes repeat.
- A *passage*. A state at a mark equals an earlier one at a mark, and the instructions up to the next mark are alike.
  Then all that happened from there to that mark happens again, for the instructions of now.

Nothing is moved in time: the clock of the chip stands still, and the record notes how many cycles it lacks.
"""

from __future__ import annotations

from collections.abc import Sequence

from acortex.errors import UsageError
from acortex.sim.timing import totals
from acortex.sim.timing.canonical import set_context
from acortex.sim.timing.interrupts import uninterrupted
from acortex.sim.timing.kernel import Alarm
from acortex.sim.timing.looks import Look, Subject
from acortex.sim.timing.memory import Reader
from acortex.sim.timing.passages import Passages
from acortex.sim.timing.periods import Periods
from acortex.sim.timing.snapshot import NEVER
from acortex.sim.timing.unit import Agent, Context

LEAST = 12
"""The events of the shortest instruction within which periods are looked for."""

SHORT = 20
"""Within a row of fewer events no periods are looked for."""

FEW = 3
"""Where fewer events of an instruction are left, a look costs more than it can save."""

WORTH, PATIENCE = 40, 20
"""How many rows of the log are worth a look at a mark, for each such look in vain before it, of the last so many."""

KEPT = 4
"""How many looks with one state are kept, to look for a period among."""

FOLLOWING = 8
"""After how many events of the vector agent it is checked anew whether it follows the buffer."""

IN_VAIN, DEARER = 12, 2
"""Looks within an instruction that found no period: after so many of them looks become rare. Each one counts double."""

LONGEST = 1 << 18
"""The most rows of the log before what was seen is forgotten."""


def refusal_of_skipping(where: str, what: str) -> UsageError:
    """The error for what a chip that skips cannot do, where it does not simulate each cycle."""
    return UsageError(f"a chip that skips cannot {what}", where=where, hint="make the chip with skip=False")


class Skipper:
    """Looks for periods and passages on one chip, and skips."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.record = subject.record
        self._periods, self._passages = Periods(subject), Passages(subject)
        self._totals = totals.Totals(subject.units, subject.walk, subject.groups)
        agents = subject.agents
        self._paces = [agents["buffer"], agents["vector"], agents["host_in"]]
        self._buffer, self._vector = agents["buffer"], agents["vector"]
        reader = agents["read"]
        assert isinstance(reader, Reader)
        self._reader = reader
        self._alarm = Alarm(subject.kernel, -2, self._look)
        self._at_mark = False
        self._missed = self._marked = 0
        """Looks at marks in vain, and the rows of the log at the last one."""
        self._seen: dict[object, list[Look]] = {}
        self._serial = -1
        """The next instruction to be issued at the looks that are kept."""
        self._prints: set[tuple[int, ...]] = set()
        self._failed = 0
        self.skipped = 0
        """Events that were not simulated, after a run."""
        for agent in (*self._paces, self._reader):
            agent.skipper = self
        subject.controller.skipper = self

    # When to look -----------------------------------------------------------------------------------------------

    def began(self, agent: Agent) -> None:
        """An agent begins an instruction."""
        agent.look_at = -1
        if agent is self._reader:
            self.passed()
        elif agent.remaining >= LEAST:
            agent.look_at = agent.remaining - 2
            self._prints.clear()
            self._seen.clear()
            self._failed = 0

    def stepped(self, agent: Agent) -> None:
        """An agent did an event of an instruction: looks, before anything else happens, where it may be worth it."""
        remaining = agent.remaining
        if remaining < FEW:
            agent.look_at = -1
            return
        if agent is self._vector and self._follows():
            agent.look_at = remaining - FOLLOWING
            return
        agent.look_at = remaining - 1
        place = agent.place()
        if agent.row and not place:
            if remaining > agent.row:  # else no row comes again
                self._alarm.at(self._subject.kernel.cycle)
            return
        if 0 < agent.row < SHORT:
            agent.look_at = remaining - (agent.row - place)
            return
        if place % agent.grain:
            agent.look_at = remaining - (agent.grain - place % agent.grain)
            return
        if self._failed > IN_VAIN:
            self._failed -= 1
            agent.look_at = remaining - 1 - self._failed // 2
        found = self._print()
        if found in self._prints:
            self._alarm.at(self._subject.kernel.cycle)
        else:
            self._prints.add(found)

    def _follows(self) -> bool:
        """Whether the vector agent has the pace of the buffer, at whose events the looks are then."""
        return self._buffer.current is not None and self._reader._receiver is self._subject.words[0]

    def _print(self) -> tuple[int, ...]:
        """Some of the state, cheap to have: where that does not come again, the whole does not either."""
        now = self._subject.kernel.cycle
        found = [alarm.due - now for alarm in self._subject.plan.alarms if alarm.due != NEVER]
        found += [len(channel._items) for channel in self._subject.words[2:]]
        found += [unit.cause for unit in self._subject.units]
        return tuple(found)

    def passed(self) -> None:
        """The controller has passed the end of a loop, or the reader begins an instruction: a passage may end here.

        The longer none has come again, the more must have happened since the last look.
        """
        if self.record.rows - self._marked >= WORTH * min(self._missed, PATIENCE):
            self._at_mark = True
            self._alarm.at(self._subject.kernel.cycle)

    # What is seen -----------------------------------------------------------------------------------------------

    def _look(self, now: int) -> None:
        look = self._subject.look()
        contexts = [unit.context for unit in self._subject.units]
        try:
            self._skip(look)
        except BaseException:  # an interrupt of the user, which may come anywhere
            self._undo(look, contexts)
            raise

    def _skip(self, look: Look) -> None:
        """Skips what comes again, if it is known."""
        if self._at_mark:
            self._at_mark = False
            self._mark(look)
            return
        if self._serial != look.serial:
            self._serial = look.serial
            self._seen.clear()
        known = self._seen.setdefault(look.state.strict, [])
        for before in reversed(known[-KEPT:]):
            times = self._periods.times(before, look)
            if times > 0:
                self._periods.repeat(before, look, times, self._paces)
                self._failed = 0
                return
        self._failed += DEARER
        known.append(look)

    def _mark(self, look: Look) -> None:
        """Ends a passage, and follows those that are known."""
        key = self._passages.end(look)
        found = self._passages.follow(look, key)
        self._missed = 0 if found is not None else self._missed + 1
        self._marked = self.record.rows
        if found is not None:
            self._set_up(found[0])
            self._passages.begin(self._subject.look(), found[1])

    def _undo(self, look: Look, contexts: Sequence[Context]) -> None:
        """Brings all back to where it was at a look."""
        del self.record.entries[look.entry :]
        self._set_up(look)
        for unit, context in zip(self._subject.units, contexts, strict=True):
            unit.turn_to(context)

    def _set_up(self, look: Look) -> None:
        """Sets the chip up as it is at a look."""
        now = self._subject.kernel.cycle
        self.record.offset = offset = look.cycle - now
        self._subject.walk.serial = look.serial
        self._subject.plan.give(look.state, now, self._subject.walk, self._subject.groups)
        for unit, at in zip(self._subject.units, look.since, strict=True):
            unit.since = at - offset
            unit.first = -1
            set_context(unit, self._subject.walk)
            unit.restored()
        for agent in self._paces:
            agent.look_at = agent.remaining - 2 if agent.remaining >= 2 else -1

    # The end ----------------------------------------------------------------------------------------------------

    def finish(self, now: int) -> int:
        """Fills the sums of the chip after a run that ended in a cycle of its clock; returns the cycles of the run."""
        with uninterrupted():
            self.record.cut()
            self._totals.add(self.record)
            cycles = now + self.record.offset
            done = self._totals.fill(self._subject.tally, cycles)
            self.skipped = int(done.events.sum()) - self._totals.simulated
            self._forget()
        return cycles

    @property
    def offset(self) -> int:
        """What the clock of the chip lacks: the cycles that were skipped so far."""
        return self.record.offset

    def long(self) -> bool:
        """Whether the log is so long that it is time to restart."""
        return self.record.rows > LONGEST

    def restart(self) -> None:
        """Forgets what was seen, once the log is long: memory stays bounded where nothing repeats."""
        self.record.cut()
        self._totals.add(self.record)
        self.record.clear()
        self._marked = 0
        self._forget()

    def _forget(self) -> None:
        self._seen.clear()
        self._passages.clear()
