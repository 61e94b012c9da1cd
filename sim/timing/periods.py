"""Periods of a timed run: two states within the same instructions that are equal but for what counts down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from acortex.sim.timing.buffers import Buffer
from acortex.sim.timing.channel import AnyChannel
from acortex.sim.timing.kernel import IDLE
from acortex.sim.timing.looks import Look, Subject
from acortex.sim.timing.memory import Reader
from acortex.sim.timing.record import Repeat
from acortex.sim.timing.unit import Agent

NO_END = 1 << 60
"""More periods than there are of anything."""


class Periods:
    """Finds periods of one chip, and moves it on by them."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        buffer, reader = subject.agents["buffer"], subject.agents["read"]
        assert isinstance(buffer, Buffer) and isinstance(reader, Reader)
        self._buffer, self._reader = buffer, reader
        self._operands = subject.agents["operand"]
        counted = [part for part, _ in subject.plan.countdowns]
        self._counts = len(counted)
        self._agents = [(number, part) for number, part in enumerate(counted) if isinstance(part, Agent)]
        """The agents whose events a countdown counts, by its number."""
        self._most_new: dict[int, NDArray[np.int64]] = {}
        """By signature: of so many last vectors of a buffer's instruction, the most words that one of them adds."""
        self._columns: dict[tuple[str, int], list[NDArray[np.int64]]] = {}

    def times(self, a: Look, b: Look) -> int:
        """How many periods like that from a to b follow b."""
        used = self._used(a, b)
        most = NO_END
        for left, done in zip(b.state.linear, used, strict=False):
            if done < 0:
                return 0
            if done:
                most = min(most, (left - 1) // done)
        if most == NO_END or most <= 0 or not self._waits_repeat(a, b):
            return 0
        for number, channel in enumerate(self._subject.words):
            at = self._counts + 2 * number
            was, now = a.state.linear[at : at + 2], b.state.linear[at : at + 2]
            if was != now:
                most = min(most, self._filling(channel, was, now, used))
        for number, agent in self._agents:
            if most > 0 and used[number]:
                for column in self._columns_of(agent):
                    most = min(most, repeats(column, len(column) - agent.remaining, used[number], most))
        return most

    def _used(self, a: Look, b: Look) -> list[int]:
        """By how much each countdown fell from a to b."""
        return [x - y for x, y in zip(a.state.linear[: self._counts], b.state.linear, strict=False)]

    def used_by(self, agent: Agent, a: Look, b: Look) -> int:
        """How many events of its instruction an agent did from a to b."""
        number = next(number for number, one in self._agents if one is agent)
        return a.state.linear[number] - b.state.linear[number]

    def _waits_repeat(self, a: Look, b: Look) -> bool:
        """Whether what units went on from had lasted as long before a as before b: so their waits are alike."""
        apart = b.cycle - a.cycle
        return all(
            before == after or after - before == apart or unit.cause == IDLE
            for unit, before, after in zip(self._subject.units, a.since, b.since, strict=True)
        )

    def _filling(self, channel: AnyChannel, before: Sequence[int], after: Sequence[int], used: Sequence[int]) -> int:
        """How many periods a queue allows that fills or drains steadily, never so near an end that it is noticed.

        What takes must find all that it takes in a period there as the period begins; what gives, all its room.
        """
        buffer = self._buffer
        if channel is self._subject.words[0] and self._reader._receiver is channel and not buffer._keep:
            giver: Agent = self._reader
            need = self._needed(buffer) if buffer.remaining else 0
        elif channel is self._subject.words[1]:
            giver, need = self._operands, 1
        else:
            return 0
        given = next(used[number] for number, agent in self._agents if agent is giver)
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

    def _needed(self, buffer: Buffer) -> int:
        """The most words that a vector adds which the buffer has yet to make."""
        assert buffer.current is not None
        alike = self._subject.signatures.of(buffer.current.serial)
        if alike not in self._most_new:
            self._most_new[alike] = np.maximum.accumulate(np.array(buffer._new[::-1], dtype=np.int64))
        return int(self._most_new[alike][buffer.remaining - 1])

    def _columns_of(self, agent: Agent) -> list[NDArray[np.int64]]:
        """What tells the events of an agent's instruction apart: no column in which all numbers are alike.

        Instructions with equal signatures take the same steps, so they have the same columns.
        """
        assert agent.current is not None
        alike = agent.path, self._subject.signatures.of(agent.current.serial)
        found = self._columns.get(alike)
        if found is None:
            columns = [np.array(column, dtype=np.int64) for column in agent.columns()]
            found = self._columns[alike] = [one for one in columns if (one != one[:1]).any()]
        return found

    def repeat(self, a: Look, b: Look, times: int, paces: Sequence[Agent]) -> None:
        """Moves on by so many periods."""
        period = b.cycle - a.cycle
        total = times * period
        record = self._subject.record
        record.entries.append(Repeat(a.entry, b.entry, times, period))
        record.offset += total
        for unit, before, after in zip(self._subject.units, a.since, b.since, strict=True):
            if before == after:
                unit.since -= total
        linear = zip(a.state.linear, b.state.linear, strict=True)
        for (part, name), (before, after) in zip(self._subject.plan.countdowns, linear, strict=False):
            setattr(part, name, getattr(part, name) - times * (before - after))
        for channel in self._subject.words:
            (level, level_after), (room, room_after) = next(linear), next(linear)
            _fill(channel, times * (level_after - level), times * (room_after - room), self._subject.kernel.cycle)
        for agent in paces:
            if agent.look_at >= 0 and agent.remaining:
                used = self.used_by(agent, a, b)
                within = agent.row and used % agent.row
                agent.look_at = agent.remaining - (agent.row - agent.place() if within else 1)


def _fill(channel: AnyChannel, words: int, room: int, now: int) -> None:
    """Adds words that have been there since long to a channel, or takes some."""
    for _ in range(-words):
        channel._items.popleft()
    channel._items.extendleft([(now, False)] * words)
    channel._room += room


def repeats(column: NDArray[np.int64], at: int, used: int, most: int) -> int:
    """How often the `used` entries before `at` come again from there on, with the one after them, at most `most`."""
    end = min(len(column), at + used * most + 1)
    differs = column[at:end] != column[at - used : end - used]
    first = int(differs.argmax())
    same = first if differs[first] else end - at
    return max((same - 1) // used, 0)
