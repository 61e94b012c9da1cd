"""Hand-overs between units: bounded queues whose items and free places carry the cycle from which they are seen."""

from __future__ import annotations

from collections import deque
from typing import Any, Generic, Protocol, TypeVar

from acortex.sim.timing.kernel import Alarm
from acortex.sim.timing.snapshot import (
    COUNTS,
    NUMBER,
    STAMPED,
    UNIT,
    UNITS,
    Frame,
    Frozen,
    Kind,
    Roles,
    freeze,
    restore,
)

T = TypeVar("T")


class Waiter(Protocol):
    """A unit that a channel wakes in a cycle, or notifies ahead of it."""

    path: str
    alarm: Alarm

    def notify(self, cycle: int) -> None:
        """Notifies the unit that what it found missing may be there from a cycle on."""


class Channel(Generic[T]):
    """A bounded, ordered hand-over between two units; every item and every free place is stamped with a cycle.

    The stamp is the first cycle in which the other unit may see it. A unit may act ahead of the clock, so an item can
    be in the queue before its cycle has come.


    The producer checks `room`, then calls `put`; the consumer checks `ready`, then `take`s, and calls `free` when the
    place can be used again. A unit that finds nothing is woken or notified.
    """

    __slots__ = ("_empty", "_freed", "_full", "_items", "_room", "capacity")

    roles = Roles(
        spec=("capacity",),
        state={"_room": NUMBER, "_items": STAMPED, "_freed": STAMPED, "_full": UNITS, "_empty": UNIT},
    )

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._room = capacity
        self._items: deque[tuple[int, T]] = deque()
        self._freed: deque[tuple[int, int]] = deque()
        self._full: list[Waiter] = []
        self._empty: Waiter | None = None

    def watch(self, consumer: Waiter) -> None:
        """Notifies the consumer of the next item."""
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
        elif producer not in self._full:  # a producer may check twice before a place is free
            self._full.append(producer)
        return False

    def settle(self, now: int) -> None:
        """Counts the places that are free by now as room: their stamps do not matter any more."""
        while self._freed and self._freed[0][0] <= now:
            self._room += self._freed.popleft()[1]

    def reserve(self, places: int) -> None:
        """Takes places for items that are put later, with `places=0`."""
        self._room -= places

    def put(self, seen: int, item: T, places: int = 1) -> None:
        """Hands an item over, visible to the consumer from cycle `seen`."""
        self._room -= places
        self._items.append((seen, item))
        consumer = self._empty
        if consumer is not None:
            self._empty = None
            consumer.notify(seen)

    def ready(self, now: int, consumer: Waiter) -> bool:
        """Whether an item can be seen in this cycle; if not, the consumer is woken when it may be so."""
        if self._items:
            seen = self._items[0][0]
            if seen <= now:
                return True
            consumer.alarm.at(seen)
        else:
            self._empty = consumer
        return False

    def ready_many(self, now: int, consumer: Waiter, depth: int) -> bool:
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

    def head(self) -> T:
        """The next item, left where it is."""
        return self._items[0][1]

    def last(self) -> T:
        """The item that was put last, left where it is."""
        return self._items[-1][1]

    def items(self) -> list[T]:
        """All items in their order, left where they are."""
        return [item for _, item in self._items]

    def take(self) -> T:
        """The next item. Its place stays taken until `free`."""
        return self._items.popleft()[1]

    def take_many(self, depth: int) -> None:
        """Takes `depth` items that hold no value."""
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
                    producer.notify(seen)

    def seen(self, now: int) -> int:
        """How many items can be seen in a cycle, and have not been taken."""
        return sum(seen <= now for seen, _ in self._items)

    def stamps(self) -> list[int]:
        """The cycle from which each item can be seen, in their order."""
        return [seen for seen, _ in self._items]

    def taken(self, now: int) -> int:
        """How many places are taken in a cycle."""
        return self.capacity - self._room - sum(places for seen, places in self._freed if seen <= now)

    @property
    def used(self) -> bool:
        """Whether anything is in it, or waits for it."""
        return bool(self._items or self._full or self._empty)

    def __len__(self) -> int:
        return len(self._items)


AnyChannel = Channel[Any]
"""A channel of whatever items."""


class Recorded(Channel[T]):
    """A channel that keeps all items that were put into it, in order: for a run that is checked."""

    __slots__ = ("record",)

    roles = Roles(sums={"record": COUNTS})

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.record: list[T] = []

    def put(self, seen: int, item: T, places: int = 1) -> None:
        """Hands an item over, as any channel does."""
        self.record.append(item)
        super().put(seen, item, places)


def _freeze_channels(value: dict[int, AnyChannel], frame: Frame) -> tuple[tuple[int, Frozen], ...]:
    """The state of the channels that are in use: an empty one is as good as none."""
    return tuple((number, freeze({"": value[number]}, frame)) for number in sorted(value) if value[number].used)


def _thaw_channels(plain: tuple[tuple[int, Frozen], ...], frame: Frame) -> dict[int, AnyChannel]:
    made: dict[int, AnyChannel] = {number: Channel(UNBOUNDED) for number, _ in plain}
    for number, frozen in plain:
        restore({"": made[number]}, frame, frozen)
    return made


CHANNELS = Kind("channels by number", _freeze_channels, _thaw_channels)

UNBOUNDED = 1 << 62
"""The places of a channel whose producer never checks for room."""


class Tokens:
    """The tokens that order agents: counted, each seen from the cycle after it was made."""

    roles = Roles(state={"_channels": CHANNELS})

    def __init__(self) -> None:
        self._channels: dict[int, Channel[None]] = {}

    def of(self, token: int) -> Channel[None]:
        """The channel of one token."""
        if token not in self._channels:
            self._channels[token] = Channel(UNBOUNDED)
        return self._channels[token]

    def left(self) -> dict[int, int]:
        """Tokens made and never taken."""
        return {number: len(channel) for number, channel in sorted(self._channels.items()) if len(channel)}
