"""Time: the event loop on simpy, and what a unit of the chip needs to live in it.

A unit acts in a cycle on what it saw at the cycle's start. Whatever it changes is stamped with the cycle from which the
others see it, at the earliest the next one; therefore the order in which units act within one cycle changes nothing.
(docs/timing.md is the norm of this.) A unit has one event, its alarm, armed again and again: bare callbacks on simpy's
heap cost a third of generator processes.

Stamps are also what makes the kernel fast. A unit need not wait for a cycle to come to see what it will miss then: as
it begins an event it looks ahead to the end of it, and goes on from there at once where nothing is missing. Where
something is, it hears of it as soon as another unit promises it, and goes on with that cycle's stamp. So a unit may be
far ahead of the clock, but never of what it knows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Protocol

import simpy
from simpy.core import EmptySchedule, StopSimulation
from simpy.events import NORMAL, EventPriority

from acortex.isa.sequencer import Dispatch
from acortex.sim.handovers import CAUSE as CAUSE
from acortex.sim.handovers import CAUSES as CAUSES

Work = tuple[int, int, tuple[tuple[int, int], ...]]
"""What a unit did for one instruction: first cycle, cycle after the last, and (kind, count) pairs."""

IDLE, TOKEN = CAUSE["idle"], CAUSE["token"]

NOTHING = IDLE
"""What a unit misses that can go on."""

NEVER = 1 << 62
"""A cycle that does not come."""

LAST = NEVER - 1
"""The last cycle that can."""

CHAIN = range(16)
"""How many alarms ring in one step of simpy, at most: progress counts steps."""

FIRST = EventPriority(-1)
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
        self._nobody = Alarm(self, 0, lambda now: None)
        """Held while no alarm rings, so that what is armed then goes on the heap."""
        self.alarms.clear()
        self.held: Alarm | None = self._nobody
        """The alarm that was armed first since one rang, not on the heap yet: it may be the next to ring."""

    @property
    def quiet(self) -> bool:
        """Whether no unit will act again of itself."""
        return all(alarm.due == NEVER for alarm in self.alarms)

    def drain(self, limit: int | None, every: int, tick: Callable[[], None] | None = None) -> bool:
        """Runs until nothing is left to happen before cycle `limit`; tells whether nothing is left at all.

        `tick` is called each `every` steps, for progress.
        """
        self.limit = LAST if limit is None else limit
        if limit is not None:
            self.stop_at(limit)
        step = self.step
        try:
            while True:
                for _ in range(every):
                    step()
                if tick is not None:
                    tick()
        except (EmptySchedule, StopSimulation):
            return self.quiet

    def stop_at(self, cycle: int) -> None:
        """Lets simpy stop before anything happens in a cycle, as its `run(until=cycle)` does."""
        self.schedule(_End(self), FIRST, cycle - self.now)


class _End(simpy.Event):
    """What stops simpy, in its own way."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self._ok = True
        self._value = None
        self.callbacks.append(StopSimulation.callback)


class Alarm(simpy.Event):
    """One unit's event, armed again and again. Units of lower rank act first within a cycle, however they were made.

    All that it takes of simpy is documented: `schedule` with a priority and a delay, and `callbacks`.
    """

    def __init__(self, kernel: Kernel, rank: int, action: Callable[[int], None]) -> None:
        super().__init__(kernel)
        self._ok = True
        self._value = None
        self._again = self.callbacks = [_ring]
        self.action = action
        self.due = NEVER
        """The cycle in which it rings."""
        self.floor = 0
        """A cycle before which it does not ring, whoever asks."""
        self.stale = 0
        """Later entries on the heap that a sooner one has replaced."""
        self._kernel = kernel
        self._schedule = kernel.schedule
        self._priority = EventPriority(NORMAL + 1 + rank)
        kernel.alarms.append(self)

    @property
    def now(self) -> int:
        """The current cycle."""
        return self._kernel.cycle

    def at(self, cycle: int) -> None:
        """Lets the unit act in a cycle, unless it will act sooner anyway."""
        if cycle < self.floor:
            cycle = self.floor
        due = self.due
        if cycle < due:
            self.due = cycle
            held = self._kernel.held
            if held is self:
                return
            if due != NEVER:
                self.stale += 1
            if held is None:
                self._kernel.held = self
            else:
                self.push()

    def push(self) -> None:
        """Puts an entry for the cycle in which it rings on simpy's heap."""
        self._schedule(self, self._priority, self.due - self._kernel.now)


def _ring(alarm: Alarm) -> None:
    """The callback of every alarm: lets its unit act, unless the entry is stale.

    After it comes the alarm that was armed first meanwhile, as long as nothing else comes before that. Three of four
    alarms are the next event of the simulation as they are armed, and need no entry on the heap.
    """
    alarm.callbacks = alarm._again  # simpy takes the list away, so that an event happens once
    kernel, cycle = alarm._kernel, alarm.due
    if alarm.stale and cycle != kernel.now:
        alarm.stale -= 1
        return
    following: Alarm | None = alarm
    for _ in CHAIN:
        kernel.held = None
        kernel.cycle = cycle
        alarm.due = NEVER
        alarm.action(cycle)
        following = kernel.held
        if following is None:
            break
        alarm, cycle = following, following.due
        if cycle >= kernel.peek():
            break
    kernel.held = kernel._nobody
    if following is not None:
        alarm.push()


class Tally:
    """What units did and for whom: counts, cycles and spans, summed as instructions end.

    `events` and `counts` are by (kind, layer, inference). `layers` has the first and last cycle of each
    (layer, inference). `macs` is by layer.
    """

    def __init__(self) -> None:
        self.events: dict[tuple[int, int, int], int] = {}
        self.counts: dict[tuple[int, int, int], int] = {}
        self.layers: dict[tuple[int, int], list[int]] = {}
        self.macs: dict[tuple[int, int], int] = {}
        self.inferences: dict[int, list[int]] = {}
        self.work: list[Work] = []
        """What each unit did for each instruction, and when: for power over time."""

    def book(self, key: tuple[int, int, int], events: int, count: int) -> None:
        """Books events of a kind, and what they count, for a layer of an inference."""
        self.events[key] = self.events.get(key, 0) + events
        self.counts[key] = self.counts.get(key, 0) + count

    def compute(self, context: tuple[int, int, int], macs: int) -> None:
        """Books the multiply-accumulates of array operations."""
        key = context[1:]
        self.macs[key] = self.macs.get(key, 0) + macs

    def span(self, layer: int, inference: int, start: int, end: int) -> None:
        """Stretches a layer's time in an inference over start..end."""
        span = self.layers.setdefault((layer, inference), [start, end])
        span[0] = min(span[0], start)
        span[1] = max(span[1], end)

    def take_off(self, inference: int, cycle: int) -> list[int]:
        """The span of an inference one of whose words crosses the host's port from `cycle` on; told in any order."""
        span = self.inferences.setdefault(inference, [cycle, cycle])
        span[0] = min(span[0], cycle)
        return span


class Log:
    """What observed units did and waited for for a while, in the fewest integers: flat rows.

    A *place* is a unit at work for one instruction; the row of its number says the rest.
    """

    def __init__(self) -> None:
        self.events: list[int] = []
        """start, duration, kind, count, place; and so on."""
        self.waits: list[int] = []
        """start, duration, cause, place."""
        self.places: list[int] = []
        """unit, pc, layer, inference."""

    def enter(self, unit: int, context: tuple[int, int, int]) -> int:
        """The number of a new place."""
        number = len(self.places) // 4
        self.places += unit, *context
        return number


class Unit:
    """A unit's time: every cycle of a run is busy, waiting for a named cause, or idle.

    `act` is the only way to spend time: it makes the delay, the event and the count together. `block` names what the
    unit waits for from now on.
    """

    spans = True
    """Whether a layer is in flight while this unit works for it."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Gives each kind of unit copies of its own of all that it inherits.

        CPython keeps in a function's code where it found attributes, for one class of `self`; shared by ten classes, it
        would look each up anew. This alone makes a run a fifth faster.
        """
        super().__init_subclass__(**options)
        for base in cls.__mro__[1:]:
            for name, found in vars(base).items():
                if isinstance(found, FunctionType) and name not in vars(cls):
                    setattr(cls, name, _copied(found))

    def __init__(self, path: str, number: int, tally: Tally) -> None:
        self.path = path
        self.number = number
        self.busy = 0
        self.spent = [0] * len(CAUSES)
        self.since = 0
        self.cause = IDLE
        self.first = -1
        """When the current instruction's first event began, -1 before it."""
        self.last = 0
        """When its last event ended."""
        self.context: tuple[int, int, int] = (-1, 0, -1)
        """The address, layer and inference of the instruction that the unit works on."""
        self._log: Log | None = None
        self._place = 0
        self._tally = tally
        self._done: dict[int, list[int]] = {}

    def act(self, start: int, duration: int, kind: int, count: int) -> None:
        """Spends `duration` cycles from cycle `start` on one event; what is missing after it is yet to be found out."""
        if start > self.since:
            self.spent[self.cause] += start - self.since
            if self._log is not None and self.cause != IDLE:
                self._log.waits += self.since, start - self.since, self.cause, self._place
        self.cause = IDLE
        self.last = self.since = start + duration
        self.busy += duration
        try:
            done = self._done[kind]
            done[0] += 1
            done[1] += count
        except KeyError:
            self._done[kind] = [1, count]
            if self.first < 0:
                self.first = start
        if self._log is not None:
            self._log.events += start, duration, kind, count, self._place

    def block(self, now: int, cause: int) -> None:
        """Waits for `cause` from cycle `now`, or from the end of what the unit does."""
        if now > self.since and cause != self.cause:
            self.pause(now)
        self.cause = cause

    def pause(self, until: int) -> None:
        """Spends the time up to cycle `until`, where some is left, on what the unit waits for."""
        if until > self.since:
            self.spent[self.cause] += until - self.since
            if self._log is not None and self.cause != IDLE:
                self._log.waits += self.since, until - self.since, self.cause, self._place
            self.since = until

    def attach(self, log: Log) -> None:
        """From now on writes all that it does into a log."""
        self._log = log
        self._place = log.enter(self.number, self.context)

    def turn_to(self, context: tuple[int, int, int]) -> None:
        """Begins to work for an instruction: its address, layer and inference."""
        self.flush()
        self.context = context
        if self._log is not None:
            self._place = self._log.enter(self.number, context)

    def flush(self) -> None:
        """Books what was done since the last time to the layer and inference that it was done for."""
        _, layer, inference = self.context
        for kind, (events, count) in self._done.items():
            self._tally.book((kind, layer, inference), events, count)
        if self._done:
            done = tuple((kind, count) for kind, (_, count) in self._done.items())
            self._tally.work.append((self.first, self.last, done))
        self._done.clear()
        if self.spans and self.first >= 0:
            self._tally.span(layer, inference, self.first, self.last)
        self.first = -1

    def close(self, end: int) -> None:
        """Accounts for what is left of a run that ends at `end`."""
        self.flush()
        self.pause(end)


def _copied(function: FunctionType) -> FunctionType:
    """The same function with code of its own."""
    code, given = function.__code__.replace(), (function.__name__, function.__defaults__, function.__closure__)
    copy = FunctionType(code, function.__globals__, *given)
    copy.__kwdefaults__, copy.__doc__ = function.__kwdefaults__, function.__doc__
    return copy


class Waiter(Protocol):
    """Whom a channel wakes, or tells ahead that what it waits for may be there from a cycle on."""

    alarm: Alarm

    def hear(self, cycle: int) -> None:
        """Hears that what it found missing may be there from a cycle on."""


class Channel:
    """A bounded, ordered hand-over between two units; every item and every free place has the cycle it is seen in.

    The producer asks `room`, then calls `put`; the consumer asks `ready`, then `take`s, and calls `free` when the
    place can be used again. Who finds nothing is woken.
    """

    __slots__ = ("_empty", "_freed", "_full", "_items", "_room", "capacity")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._room = capacity
        self._items: deque[tuple[int, Any]] = deque()
        self._freed: deque[tuple[int, int]] = deque()
        self._full: list[Waiter] = []
        self._empty: Waiter | None = None

    def watch(self, consumer: Waiter) -> None:
        """Wakes the consumer at the next item."""
        self._empty = consumer

    def room(self, now: int, places: int, producer: Waiter) -> bool:
        """Whether `places` are free in this cycle; if not, the producer is woken when more are."""
        if self._room >= places:
            return True
        freed = self._freed
        while freed and freed[0][0] <= now:
            self._room += freed.popleft()[1]
        if self._room >= places:
            return True
        if freed:
            producer.alarm.at(freed[0][0])
        else:
            self._full.append(producer)
        return False

    def reserve(self, places: int) -> None:
        """Takes places for items that are put later, with `places=0`."""
        self._room -= places

    def put(self, seen: int, item: Any, places: int = 1) -> None:
        """Hands an item over; the consumer sees it from cycle `seen`."""
        self._room -= places
        self._items.append((seen, item))
        consumer = self._empty
        if consumer is not None:
            self._empty = None
            consumer.hear(seen)

    def ready(self, now: int, consumer: Waiter, depth: int = 1) -> bool:
        """Whether `depth` items can be seen in this cycle; if not, the consumer is woken when it may be so."""
        items = self._items
        if len(items) >= depth:
            seen = items[depth - 1][0]
            if seen <= now:
                return True
            consumer.alarm.at(seen)
        else:
            self._empty = consumer
        return False

    def head(self) -> Any:
        """The next item, left where it is."""
        return self._items[0][1]

    def take(self) -> Any:
        """The next item. Its place stays taken until `free`."""
        return self._items.popleft()[1]

    def take_many(self, depth: int) -> None:
        """Takes `depth` items that say nothing but that they are there."""
        pop = self._items.popleft
        for _ in range(depth):
            pop()

    def free(self, seen: int, places: int = 1) -> None:
        """Gives places back; the producer sees them from cycle `seen`."""
        if places:
            self._freed.append((seen, places))
            if self._full:
                waiting, self._full = self._full, []
                for producer in waiting:
                    producer.hear(seen)

    def __len__(self) -> int:
        return len(self._items)


class Recorded(Channel):
    """A channel that keeps all items that were put into it, in order: for a run that is checked."""

    __slots__ = ("record",)

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.record: list[Any] = []

    def put(self, seen: int, item: Any, places: int = 1) -> None:
        """Hands an item over, as any channel does."""
        self.record.append(item)
        super().put(seen, item, places)


class Tokens:
    """The tokens that order agents: counted, each seen from the cycle after it was made."""

    def __init__(self) -> None:
        self._channels: dict[int, Channel] = {}

    def of(self, token: int) -> Channel:
        """The channel of one token."""
        if token not in self._channels:
            self._channels[token] = Channel(1 << 62)
        return self._channels[token]

    def left(self) -> dict[int, int]:
        """Tokens made and never taken."""
        return {number: len(channel) for number, channel in sorted(self._channels.items()) if len(channel)}


@dataclass
class Site:
    """What the units of one chip share."""

    kernel: Kernel
    tally: Tally
    tokens: Tokens
    queue_depth: int
    sync_kind: int


class Agent(Unit):
    """A unit that takes instructions from the controller, one after the other, and works on them event by event.

    A kind of agent says what it does in `begin`, `missing` and `step`. It waits for one thing at a time: the first that
    is missing, in the order in which `missing` asks.
    """

    looks_ahead = True
    """Whether it may ask before an event ends what it will miss then: not where another unit could come in between."""

    def __init__(self, site: Site, path: str, rank: int) -> None:
        super().__init__(path, rank, site.tally)
        self.alarm = Alarm(site.kernel, rank, self.wake)
        self.queue = Channel(site.queue_depth)
        self.queue.watch(self)
        self.current: Dispatch | None = None
        self.remaining = 0
        """Events, or words, that the current instruction has yet to do."""
        self.kernel = site.kernel
        self._tokens = site.tokens
        self._sync_kind = site.sync_kind
        self._syncs = False

    def begin(self, dispatch: Dispatch) -> None:
        """Makes an instruction the current one."""
        raise AssertionError(f"{self.path} does not say how an instruction begins")

    def missing(self, now: int) -> int:
        """The cause to wait for in cycle `now`, with the agent to be woken when that may be over; else NOTHING."""
        raise AssertionError(f"{self.path} does not say what it waits for")

    def step(self, now: int) -> None:
        """Does the instruction's next event from cycle `now`."""
        raise AssertionError(f"{self.path} does not say what it does")

    def wake(self, now: int) -> None:
        """Goes on with the current instruction, or with the next one in the queue."""
        while self.current is not None or self._fetch(now):
            if self._syncs:
                self._sync(now)
                return
            if self.remaining:
                self.work(now)
                return
            self.current = None

    def hear(self, cycle: int) -> None:
        """Goes on from the cycle in which what it lacks will be there, without waiting for that cycle to come."""
        if self.remaining and self.looks_ahead and cycle < self.kernel.limit:
            self.work(max(cycle, self.alarm.floor))
        else:
            self.alarm.at(cycle)

    def work(self, now: int) -> None:
        """Does the next event from cycle `now`, and those after it that nothing can come in between; then waits."""
        cause = self.missing(now)
        while not cause:
            self.step(now)
            now = self.since
            if not self.remaining or not self.looks_ahead or now >= self.kernel.limit:
                self.alarm.at(now)
                return
            cause = self.missing(now)
        self.alarm.floor = now
        self.block(now, cause)

    def _fetch(self, now: int) -> bool:
        """Whether there is a next instruction to see; its place in the queue is free from the next cycle."""
        if not self.queue.ready(now, self):
            self.block(now, IDLE)
            return False
        dispatch: Dispatch = self.queue.take()
        self.queue.free(now + 1)
        self.current = dispatch
        self.turn_to((dispatch.pc, dispatch.layer, dispatch.inference))
        self._syncs = dispatch.row.timing == "sync"
        if not self._syncs:
            self.begin(dispatch)
        return True

    def settled(self, now: int) -> bool:
        """Whether all that the agent began has ended; if not, the agent is woken when it may have."""
        if now < self.since:
            self.alarm.at(self.since)
            return False
        return True

    def _sync(self, now: int) -> None:
        """Carries out a signal or an await once all before it has ended."""
        dispatch = self.current
        if dispatch is None or not self.settled(now):
            return
        token = self._tokens.of(dispatch.ops.token)
        if dispatch.row.mnemonic == "signal":
            token.put(now + 1, None)
        elif token.ready(now, self):
            token.take()
        else:
            self.block(now, TOKEN)
            return
        self.act(now, 1, self._sync_kind, 1)
        self.alarm.at(now + 1)
        self.current = None

    @property
    def waiting(self) -> int:
        """How many instructions are under way or wait in the queue; one whose last event has begun counts for ended."""
        begun = self.current is not None and (self._syncs or self.remaining > 0)
        return begun + len(self.queue)
