"""Time: the event loop on simpy, among whose events are those of the units of the chip.

A unit acts in a cycle on what it saw at the cycle's start. Whatever it changes is stamped with the cycle from which the
others see it, at the earliest the next one; therefore the order in which units act within one cycle changes nothing.
(docs/timing.md is the norm of this.) A unit has an alarm, set again and again. All alarms together are one event of
simpy, whose turn comes after all else in a cycle: they ring one after the other until something else of simpy comes
first. So processes of a user can live beside the units, and where there are none nothing goes over simpy's heap.

Stamps also make the kernel fast. As a unit begins an event, it looks ahead: it checks at once what will be missing at
the event's end, and where nothing is missing begins the next event from there. Where something is missing, the unit is
notified as soon as another unit stamps it, long before that cycle, and goes on with the stamp. So a unit
may be far ahead of the clock, but it uses only stamps that other units have fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from heapq import heappop, heappush
from operator import index
from typing import Any, TypeVar

import simpy
from simpy.core import EmptySchedule, StopSimulation
from simpy.events import NORMAL, Event, EventPriority, Process

from acortex.errors import UsageError
from acortex.sim.timing.handovers import CAUSE as CAUSE
from acortex.sim.timing.handovers import CAUSES as CAUSES
from acortex.sim.timing.snapshot import CYCLE, NEVER, Roles

IDLE, TOKEN = CAUSE["idle"], CAUSE["token"]

NOTHING = IDLE
"""The answer of `missing` where the unit can go on."""

LAST = NEVER - 1
"""The last cycle of any run."""

CHAIN = range(64)
"""How many alarms ring in one step of simpy, at most: progress counts steps."""

RANK_BITS = 16
"""An entry of the alarms' queue is a number: the cycle above so many bits, and below it the place of the alarm."""

PLACES = (1 << RANK_BITS) - 1
BEFORE_UNITS = 16
"""How many ranks there are below 0."""

MOST_STEPS = 1_000_000
"""The steps of simpy in one cycle that processes can reasonably need."""

T = TypeVar("T")

FIRST, UNITS = EventPriority(-1), EventPriority(NORMAL + 1)
"""Before all that happens in a cycle. simpy's own events come next, then the units in the order of their ranks."""


class Kernel(simpy.Environment):
    """The event loop: simpy's own, in integer cycles, with the alarms of the units among its events."""

    limit = LAST
    """Nothing begins in this cycle or after it."""

    cycle = 0
    """The last cycle in which a unit acted: now, for whatever acts. simpy's clock moves with its heap, and may lag."""

    def __init__(self) -> None:
        super().__init__()
        self.alarms: list[Alarm] = []
        self.queue: list[int] = []
        """When alarms ring, as a heap of numbers: the cycle, and the place of the alarm. An entry is stale where its
        alarm rings in another cycle."""
        self._by_place: dict[int, Alarm] = {}
        self._units = _Units(self)
        self.armed = NEVER
        """The cycle for which the event of all alarms stands on simpy's heap; below all others while they ring."""
        self.soon: float = NEVER
        """The cycle of the first entry on simpy's heap, while alarms ring."""
        self._here: float = -1
        """The cycle of the last check of `_moves_on`."""
        self._steps_here = 0
        """The steps of simpy done in that cycle up to then."""
        self.over: Callable[[], bool] | None = None
        """Checked before each step where processes of a user may go on for ever: whether the run is over."""

    def enter(self, alarm: Alarm, rank: int) -> int:
        """Takes in an alarm, which has its rank alone; returns its place among those of a cycle."""
        place = rank + BEFORE_UNITS
        assert 0 <= place <= PLACES and place not in self._by_place, f"rank {rank} is taken, or out of bounds"
        self.alarms.append(alarm)
        self._by_place[place] = alarm
        return place

    def arm(self, cycle: int) -> None:
        """Has the alarms ring from a cycle on, which is the soonest of theirs."""
        self.armed = cycle
        super().schedule(self._units, UNITS, cycle - self.now)

    def ring(self) -> None:
        """Lets the units act whose alarms come next, until something else of simpy comes before them."""
        now = self.now
        if now != self.armed:  # a sooner entry has replaced this one, which simpy cannot remove
            return
        queue, by_place = self.queue, self._by_place
        self.armed = -1
        self.soon = max(self.peek(), now + 1)  # what else is to come in this cycle comes after all units
        for _ in CHAIN:
            if not queue:
                break
            entry = heappop(queue)
            cycle = entry >> RANK_BITS
            if cycle >= self.soon:
                heappush(queue, entry)
                break
            alarm = by_place[entry & PLACES]
            if alarm.due == cycle:
                self.cycle = cycle
                alarm.due = NEVER
                action = alarm.action  # a call of an attribute in one go would look for a method first
                action(cycle)
        self.armed = NEVER
        if queue:
            self.arm(queue[0] >> RANK_BITS)

    def drain(self, limit: int | None, every: int, tick: Callable[[], None] | None = None) -> bool:
        """Runs until nothing is left to happen before cycle `limit`, or the run is over; returns whether it did.

        `tick` is called each `every` steps, for progress. What a process of a user raises is raised as it is.
        """
        self.limit = LAST if limit is None else limit
        if limit is not None:
            self.stop_at(limit)
        return self._as_raised(lambda: self._loop(every, tick))

    def _loop(self, every: int, tick: Callable[[], None] | None) -> bool:
        steps = self._steps if self.over is None else self._steps_until_over
        try:
            while steps(every):
                if tick is not None:
                    tick()
        except EmptySchedule:
            return True
        except StopSimulation:
            return False
        return True

    def _steps(self, count: int) -> bool:
        step = self.step
        for _ in range(count):
            step()
        return True

    def _steps_until_over(self, count: int) -> bool:
        assert self.over is not None
        for _ in range(count):
            if self.over():
                return False
            self.step()
        self._moves_on(count)
        return True

    def _moves_on(self, steps: int) -> None:
        """Raises UsageError where so many steps were done in one cycle that processes must be going round in it."""
        self._steps_here = self._steps_here + steps if self.now == self._here else 0
        self._here = self.now
        if self._steps_here > MOST_STEPS:
            raise UsageError(
                f"more than {MOST_STEPS:,} events have happened in cycle {self.now}, which does not end",
                where="processes",
                hint="a process that goes on for ever waits for a later cycle: `yield chip.env.timeout(1)`",
            )

    def schedule(self, event: Event, priority: EventPriority = NORMAL, delay: float = 0) -> None:
        """Schedules an event as simpy does, and notes whether it is the next.

        Raises UsageError for a delay that is none: time would go back, or have no order any more.
        """
        if type(delay) is not int:
            delay = _plain(delay)
        if not delay >= 0:  # nor is it a number
            where = self.active_process.name if self.active_process is not None else ""
            raise UsageError(f"a delay is {delay!r} cycles, allowed is 0 or more", where=where)
        super().schedule(event, priority, delay)
        self.soon = min(self.soon, self.now + delay)

    def process(self, generator: Generator[Event, Any, Any]) -> Process:
        """Makes a process of simpy of a generator, as simpy does; its exceptions arrive as they are."""
        if not hasattr(generator, "throw"):
            hint = "call the function: `env.process(f())`" if callable(generator) else ""
            raise UsageError(f"a process is made of a generator, not of {generator!r}", where="process", hint=hint)
        driven: Any = Driven(generator)
        return Process(self, driven)

    def _as_raised(self, work: Callable[[], T]) -> T:
        """What `work` returns; where a process fails in it, that raises what the process raised."""
        try:
            return work()
        except ProcessFailed as failed:
            error = failed.error
        raise error  # here, where that exception is no context of it

    def advance(self, cycle: int) -> None:
        """Runs up to before a cycle, which is not of the past, and ends nothing."""
        if cycle > self.now:
            self._as_raised(lambda: self.run(until=cycle))

    def advance_a_step(self) -> bool:
        """Does one step of simpy; returns whether there was one to do."""
        try:
            self._as_raised(self.step)
        except EmptySchedule:
            return False
        return True

    def stop_at(self, cycle: int) -> None:
        """Lets simpy stop before anything happens in a cycle, as its `run(until=cycle)` does."""
        self.schedule(_End(self), FIRST, cycle - self.now)


def _plain(delay: float) -> float:
    """A delay as Python has it, whole where it is. A number of NumPy would lend its few bits to the clock."""
    try:
        return index(delay)  # type: ignore[arg-type]
    except TypeError:
        found = float(delay)
        return int(found) if found.is_integer() else found


class ProcessFailed(Exception):
    """Stands for the exception of a process in simpy, which makes exceptions anew from their `args`."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Driven:
    """The generator of a process as simpy drives it: exceptions pass through simpy in an envelope, both ways."""

    def __init__(self, generator: Generator[Event, object, object]) -> None:
        self._generator = generator
        self.__name__ = getattr(generator, "__name__", "process")  # simpy names a process after its generator

    @property
    def gi_frame(self) -> object:
        """Where the generator stands, for simpy's message on what is no event."""
        return getattr(self._generator, "gi_frame", None)

    def send(self, value: object) -> Event:
        """Goes on with what an event gave."""
        return _enveloped(self._generator.send, value)

    def throw(self, error: BaseException) -> Event:
        """Goes on with the exception of an event, that of another process as it was raised."""
        return _enveloped(self._generator.throw, error.error if isinstance(error, ProcessFailed) else error)


def _enveloped(goes_on: Callable[[T], Event], given: T) -> Event:
    try:
        return goes_on(given)
    except StopIteration:
        raise
    except Exception as error:
        raise ProcessFailed(error) from None


class _Units(simpy.Event):
    """The event of all alarms, put on simpy's heap again and again.

    It takes of simpy what is documented: `schedule` with a priority and a delay, and `callbacks`. `_ok` and `_value`
    say that it has succeeded, as simpy's own `Timeout` says it.
    """

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self._ok = True
        self._value = None
        self._kernel = kernel
        self._again = self.callbacks = [self._happens]

    def _happens(self, event: Event) -> None:
        self.callbacks = self._again  # simpy takes the list away, so that an event happens once
        self._kernel.ring()


class _End(simpy.Event):
    """What stops simpy, in its own way."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self._ok = True
        self._value = None
        self.callbacks.append(StopSimulation.callback)


class Alarm:
    """One unit's wake-up, set again and again. Units of lower rank act first within a cycle, however they were made."""

    roles = Roles(spec=("action", "_kernel", "_place", "_queue"), state={"due": CYCLE, "floor": CYCLE})
    __slots__ = roles.names()

    def __init__(self, kernel: Kernel, rank: int, action: Callable[[int], None]) -> None:
        self.action = action
        self.due = NEVER
        """The cycle in which it rings."""
        self.floor = 0
        """It rings in no cycle before this one: a unit that looked ahead has already acted in those."""
        self._kernel = kernel
        self._place = kernel.enter(self, rank)
        self._queue = kernel.queue

    @property
    def now(self) -> int:
        """The current cycle."""
        return self._kernel.cycle

    def at(self, cycle: int) -> None:
        """Wakes the unit in a cycle, unless its alarm rings sooner: it then looks again itself."""
        if cycle < self.floor:
            cycle = self.floor
        if cycle < self.due:
            self.due = cycle
            heappush(self._queue, cycle << RANK_BITS | self._place)
            if cycle < self._kernel.armed:
                self._kernel.arm(cycle)

    def comes_next(self, cycle: int) -> bool:
        """Whether nothing comes before this alarm, were it set to a cycle: then that cycle is now, and it is not set.

        Otherwise it is set. Who goes on in that cycle at once acts in the order of the alarms, without their queue.
        """
        kernel, queue = self._kernel, self._queue
        if cycle < kernel.soon and not (queue and queue[0] < (cycle << RANK_BITS | self._place)):
            kernel.cycle = cycle
            return True
        self.at(cycle)
        return False

    def restored(self) -> None:
        """Enters the queue of a kernel in which it has no entry."""
        if self.due != NEVER:
            due, self.due = self.due, NEVER
            self.at(due)

    def rearm(self, due: int, floor: int) -> None:
        """Rings in another cycle instead, or not at all: an entry for the one before becomes stale."""
        before, self.due, self.floor = self.due, due, floor
        if due not in (before, NEVER):
            self.due = NEVER
            self.at(due)
