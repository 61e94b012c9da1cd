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

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.semantics import operations
from acortex.sim.timing import totals
from acortex.sim.timing.canonical import Canonical, Plan, set_context
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import IDLE, NEVER, Alarm
from acortex.sim.timing.record import Copy, Record, Repeat
from acortex.sim.timing.unit import Agent
from acortex.sim.timing.walk import Signatures, Walk

if TYPE_CHECKING:
    from acortex.sim.timing.wiring import TimedChip

LEAST = 12
"""The events of the shortest instruction within which periods are looked for."""

KEPT = 4
"""How many states of one form are kept to look for a period among."""

LONGEST = 1 << 18
"""The most events of the log before what was seen is forgotten."""


class Look(NamedTuple):
    """A state as it was seen: in which cycle of the run, at which instruction, and what of the record comes next.

    `since` has the cycle up to which the time of each unit was accounted for.
    """

    cycle: int
    serial: int
    state: Canonical
    since: list[int]
    causes: list[int]
    entry: int
    row: int


class Passage(NamedTuple):
    """What happened between two marks: the entries of the record, how long it took, and on what it rests."""

    entries: tuple[int, int]
    cycle: int
    serial: int
    cycles: int
    serials: int
    receivers: list[str]
    """The agents of all instructions that were issued, and of the next one: the controller has looked at it."""
    begun: list[int]
    """The places of the instructions that began, relative to the first, and their signatures."""
    signatures: list[int]
    bare: int | None
    """The place among them of one that had no event yet: its group does not count."""
    waited: list[tuple[int, int, int]]
    """Units that waited when it began, and went on: since when, relative to its begin, and the row of the wait."""
    acted: list[tuple[int, int]]
    """Units that acted: up to which cycle their time is accounted for, relative to its end."""
    after: int
    refs: tuple[int, ...]
    """The state after it, by its number; the instructions that it refers to."""


class Skipper:
    """Looks for periods and passages on one chip, and skips."""

    def __init__(self, chip: TimedChip, walk: Walk, record: Record, signatures: Signatures) -> None:
        self._chip, self._walk, self._record = chip, walk, record
        self._kernel, self._groups = chip.kernel, chip.groups
        self._signatures = signatures
        agents = chip.agents
        words, operand = chip.channel("words"), chip.channel("operand")
        self._words = [words, operand, chip.channel("codes"), chip.channel("results")]
        self._plan = Plan(chip.parts(), self._words)
        self._units = chip.units
        self._paces = [agents["buffer"], agents["vector"], agents["host_in"]]
        self._buffer, self._vector, self._reader = agents["buffer"], agents["vector"], agents["read"]
        self._operands, self._loader = agents["operand"], agents["vmm"]
        self._alarm = Alarm(chip.kernel, -2, self._look)
        self._at_mark = False
        self._seen: dict[object, list[Look]] = {}
        self._serial, self._failed = -1, 0
        self._prints: set[tuple[int, ...]] = set()
        self._numbers: dict[object, int] = {}
        self._states: list[Canonical] = []
        self._memo: defaultdict[object, list[Passage]] = defaultdict(list)
        self._last: tuple[Look, object] | None = None
        self._columns: dict[str, tuple[int, list[NDArray[np.int64]]]] = {}
        self.skipped = 0
        """Events that were not simulated, after a run."""
        self._totals = totals.Totals(chip.units, walk, chip.groups)
        for agent in (*self._paces, self._reader):
            agent.skipper = self
        chip.controller.skipper = self

    # When to look -----------------------------------------------------------------------------------------------

    def began(self, agent: Agent) -> None:
        """An agent begins an instruction."""
        agent.look_at = -1
        if agent is not self._reader and agent.remaining >= LEAST:
            agent.total = agent.remaining
            agent.look_at = agent.remaining - 2
            self._prints.clear()
            self._seen.clear()
            self._failed = 0

    def stepped(self, agent: Agent) -> None:
        """An agent did an event of an instruction: looks, before anything else happens, where it may be worth it."""
        remaining = agent.remaining
        if not remaining:
            agent.look_at = -1
            return
        agent.look_at = remaining - 1
        if agent is self._vector and self._buffer.current is not None and self._reader._receiver is self._words[0]:
            return
        row, done = agent.row, agent.total - remaining
        if row and done % row == 0:
            self._alarm.at(self._kernel.cycle)
            return
        if row and row < 20:
            agent.look_at = remaining - (row - done % row)
            return
        if self._failed > 6:
            self._failed -= 1
            agent.look_at = remaining - 1 - self._failed // 2
        found = self._print()
        if found in self._prints:
            self._alarm.at(self._kernel.cycle)
        else:
            self._prints.add(found)

    def _print(self) -> tuple[int, ...]:
        """Some of the state, cheap to have: where that does not come again, the whole does not either."""
        now = self._kernel.cycle
        found = [alarm.due - now for alarm in self._plan.alarms if alarm.due != NEVER]
        found += [len(channel._items) for channel in self._words[2:]]
        found += [unit.cause for unit in self._units]
        return tuple(found)

    def synced(self, agent: Agent) -> None:
        """The reader made a token or took one: a layer may begin here."""
        if agent is self._reader:
            self.passed()

    def passed(self) -> None:
        """The controller has passed the end of a loop: a passage may end here."""
        self._at_mark = True
        self._alarm.at(self._kernel.cycle)

    # What is seen -----------------------------------------------------------------------------------------------

    def _look(self, now: int) -> None:
        """Looks and skips; a user who interrupts that leaves the run as it was before."""
        record, entries = self._record, self._record.cut()
        offset = record.offset
        accounted = [(unit.since, unit.cause, unit.context) for unit in self._units]
        try:
            self._see(now)
        except KeyboardInterrupt:
            record.offset = offset
            del record.entries[entries:]
            for unit, before in zip(self._units, accounted, strict=True):
                unit.since, unit.cause, unit.context = before
                unit.attach(record.log)
            raise

    def _see(self, now: int) -> None:
        offset = self._record.offset
        state = self._plan.take(now, self._walk.serial)
        since = [unit.since + offset for unit in self._units]
        causes = [unit.cause for unit in self._units]
        look = Look(now + offset, self._walk.serial, state, since, causes, self._record.cut(), self._record.rows)
        if self._at_mark:
            self._at_mark = False
            self._seen.clear()
            self._mark(look)
            return
        if self._serial != look.serial:
            self._serial = look.serial
            self._seen.clear()
        known = self._seen.setdefault(state.strict, [])
        for before in reversed(known[-KEPT:]):
            times = self._times(before, look)
            if times > 0:
                self._repeat(before, look, times)
                self._failed = 0
                return
        self._failed += 2
        known.append(look)

    # Periods ----------------------------------------------------------------------------------------------------

    def _times(self, a: Look, b: Look) -> int:
        """How many periods like that from a to b follow b."""
        counts = len(self._plan.countdowns)
        most = 1 << 60
        for before, after in zip(a.state.linear[:counts], b.state.linear[:counts], strict=True):
            if before < after:
                return 0
            if before > after:
                most = min(most, (after - 1) // (before - after))
        if most == 1 << 60 or most <= 0 or not self._waits_repeat(a, b):
            return 0
        for number, channel in enumerate(self._words):
            at = counts + 2 * number
            before, after = a.state.linear[at : at + 2], b.state.linear[at : at + 2]
            if before != after:
                most = min(most, self._filling(channel, before, after, a, b))
        for agent, used in self._used(a, b):
            if most > 0 and used:
                for column in self._columns_of(agent):
                    most = min(most, repeats(column, len(column) - agent.remaining, used, most))
        return most

    def _used(self, a: Look, b: Look) -> list[tuple[Agent, int]]:
        """How much of its instruction each agent did from a to b."""
        return [
            (part, before - after)
            for (part, _), before, after in zip(self._plan.countdowns, a.state.linear, b.state.linear, strict=False)
            if isinstance(part, Agent)
        ]

    def _waits_repeat(self, a: Look, b: Look) -> bool:
        """Whether what units went on from had lasted as long before a as before b: so their waits are alike."""
        for unit, before, after in zip(self._units, a.since, b.since, strict=True):
            if before != after and before - a.cycle != after - b.cycle and unit.cause != IDLE:
                return False
        return True

    def _filling(self, channel: Channel[Any], before: Sequence[int], after: Sequence[int], a: Look, b: Look) -> int:
        """How many periods a queue allows that fills or drains steadily, never so near an end that it is noticed.

        What takes must find all that it takes in a period there as the period begins; what gives, all its room.
        """
        buffer: Any = self._buffer
        if channel is self._words[0] and self._reader._receiver is channel and not buffer._keep:
            giver, need = self._reader, max(buffer._new[-buffer.remaining :], default=0) if buffer.remaining else 0
        elif channel is self._words[1]:
            giver, need = self._operands, 1
        else:
            return 0
        given = next(used for agent, used in self._used(a, b) if agent is giver)
        rise, room = after[0] - before[0], after[1] - before[1]
        taken = given - rise
        if taken < 0 or before[0] < taken + need or (given and before[1] < given + 1):
            return 0
        most = 1 << 59
        if rise < 0:
            most = min(most, (after[0] - taken - need) // -rise + 1)
        if room < 0 and given:
            most = min(most, (after[1] - given - 1) // -room + 1)
        return max(most, 0)

    def _columns_of(self, agent: Agent) -> list[NDArray[np.int64]]:
        """What tells the events of an agent's instruction apart."""
        assert agent.current is not None
        serial, found = self._columns.get(agent.path, (-1, []))
        if serial != agent.current.serial:
            found = [np.array(column, dtype=np.int64) for column in agent.columns()]
            self._columns[agent.path] = agent.current.serial, found
        return found

    def _repeat(self, a: Look, b: Look, times: int) -> None:
        """Moves on by so many periods."""
        period = b.cycle - a.cycle
        total = times * period
        record = self._record
        record.entries.append(Repeat(a.entry, b.entry, times, period))
        record.offset += total
        for unit, before, after in zip(self._units, a.since, b.since, strict=True):
            if before == after:
                unit.since -= total
        linear = zip(a.state.linear, b.state.linear, strict=True)
        for (part, name), (before, after) in zip(self._plan.countdowns, linear, strict=False):
            setattr(part, name, getattr(part, name) - times * (before - after))
        for channel in self._words:
            (level, level_after), (room, room_after) = next(linear), next(linear)
            _fill(channel, times * (level_after - level), times * (room_after - room), self._kernel.cycle)
        for agent in self._paces:
            if agent.look_at >= 0 and agent.remaining:
                done, used = agent.total - agent.remaining, next(n for one, n in self._used(a, b) if one is agent)
                whole = agent.row and used % agent.row
                agent.look_at = agent.remaining - (agent.row - done % agent.row if whole else used + 1)

    # Passages ---------------------------------------------------------------------------------------------------

    def _mark(self, look: Look) -> None:
        number = self._number(look.state)
        key = (number, self._signed(look.state.refs, look.serial))
        if self._last is not None:
            before, before_key = self._last
            self._memo[before_key].append(self._passage(before, look, number))
        cycle, serial, since = look.cycle, look.serial, list(look.since)
        found: Passage | None = None
        while (passage := self._next(key, serial)) is not None:
            found = passage
            longer = tuple([(row, at - since[unit] + cycle) for unit, at, row in found.waited])
            self._record.entries.append(Copy(*found.entries, cycle - found.cycle, serial - found.serial, longer))
            cycle, serial = cycle + found.cycles, serial + found.serials
            for unit, at in found.acted:
                since[unit] = cycle + at
            number, key = found.after, (found.after, self._signed(found.refs, serial))
        if found is not None:
            self._set_up(self._states[number], cycle, serial, since)
            causes = [unit.cause for unit in self._units]
            look = Look(cycle, serial, self._states[number], since, causes, self._record.cut(), self._record.rows)
        self._last = look, key

    def _bare(self, serial: int) -> int | None:
        """The place, relative to an instruction, of that of the loader which has had no event yet."""
        dispatch = self._loader.current
        if dispatch is None or self._loader.remaining != max(operations(dispatch), 1):
            return None
        return dispatch.serial - serial

    def _signed_begun(self, begun: Sequence[int], bare: int | None, serial: int) -> list[int]:
        signatures = self._signatures
        return [
            signatures.before_events(serial + place) if place == bare else signatures.of(serial + place)
            for place in begun
        ]

    def _number(self, state: Canonical) -> int:
        """The number of a state: equal ones have one."""
        alike = state.strict, state.linear
        if alike not in self._numbers:
            self._numbers[alike] = len(self._states)
            self._states.append(state)
        return self._numbers[alike]

    def _signed(self, refs: Sequence[int], serial: int) -> tuple[int, ...]:
        return tuple([self._signatures.of(serial + ref) for ref in refs])

    def _next(self, key: object, serial: int) -> Passage | None:
        """A passage that begins in a state, and rests on nothing that is not so now."""
        for passage in self._memo.get(key, ()):
            if (
                self._walk.receivers(serial, serial + passage.serials) == passage.receivers
                and self._signed_begun(passage.begun, passage.bare, serial) == passage.signatures
            ):
                return passage
        return None

    def _passage(self, a: Look, b: Look, number: int) -> Passage:
        """What happened from one mark to the next."""
        issued = b.serial - a.serial
        still = {place + issued for place in b.state.queued}
        places = [*a.state.queued, *range(issued)]
        begun = [place for place in places if place not in still and self._signatures.of(a.serial + place) >= 0]
        bare = self._bare(a.serial)
        waited = [unit for unit, cause in enumerate(a.causes) if cause != IDLE and a.since[unit] < a.cycle]
        rows = self._record.first_waits(a.row, waited)
        acted = [unit for unit, (x, y) in enumerate(zip(a.since, b.since, strict=True)) if x != y]
        return Passage(
            (a.entry, b.entry),
            a.cycle,
            a.serial,
            b.cycle - a.cycle,
            issued,
            self._walk.receivers(a.serial, b.serial),
            begun,
            self._signed_begun(begun, bare, a.serial),
            bare,
            [(unit, a.since[unit] - a.cycle, row) for unit, row in rows.items()],
            [(unit, b.since[unit] - b.cycle) for unit in acted],
            number,
            b.state.refs,
        )

    def _set_up(self, state: Canonical, cycle: int, serial: int, since: Sequence[int]) -> None:
        """Sets the chip up in a state, at a cycle of the run and an instruction."""
        now = self._kernel.cycle
        self._record.offset = offset = cycle - now
        self._walk.serial = serial
        self._plan.give(state, now, self._walk, self._groups)
        for unit, at in zip(self._units, since, strict=True):
            unit.since = at - offset
            unit.first = -1
            set_context(unit, self._walk)
            unit.restored()
        for agent in self._paces:
            agent.look_at = -1
            if agent.remaining >= 2:
                agent.total = agent.remaining
                agent.look_at = agent.remaining - 2

    def finish(self, now: int) -> int:
        """Fills the sums of the chip after a run that ended in a cycle of its clock; returns the cycles of the run."""
        self._record.cut()
        self._totals.add(self._record)
        cycles = now + self._record.offset
        done = self._totals.fill(self._chip.tally, cycles)
        self.skipped = int(done.events.sum()) - self._totals.simulated
        return cycles

    @property
    def offset(self) -> int:
        """What the clock of the chip lacks: the cycles that were skipped so far."""
        return self._record.offset

    def long(self) -> bool:
        """Whether the log is so long that it is time to restart."""
        return self._record.rows > LONGEST

    def restart(self) -> None:
        """Forgets what was seen, once the log is long: memory stays bounded where nothing repeats."""
        self._record.cut()
        self._totals.add(self._record)
        self._record.clear()
        self._seen.clear()
        self._memo.clear()
        self._columns.clear()
        self._last = None


def _fill(channel: Channel[Any], words: int, room: int, now: int) -> None:
    """Adds words that have been there since long to a channel, or takes some."""
    for _ in range(-words):
        channel._items.popleft()
    channel._items.extendleft([(now, False)] * words)
    channel._room += room


def repeats(column: NDArray[np.int64], at: int, used: int, most: int) -> int:
    """How often the `used` entries before `at` come again from there on, with the one after them, at most `most`."""
    end = min(len(column), at + used * most + 1)
    differs = np.flatnonzero(column[at:end] != column[at - used : end - used])
    same = int(differs[0]) if len(differs) else end - at
    return max((same - 1) // used, 0)
