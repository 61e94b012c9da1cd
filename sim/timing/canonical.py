"""The canonical state of a chip: what decides how its run goes on, in a form that is equal where it goes on alike.

Cycles are relative to now, and those of the past are one. Instructions are places in the order of issue, relative to
the next one to be issued. Addresses, codes and sums are not in it. What only counts down, and how full the queues of
words are, stand apart: within a period these may differ.

The form follows from the roles that the parts of a chip declare (sim/timing/snapshot.py): a new attribute with a known
kind is in it without a word here, and a kind that is not known fails as a chip is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.groups import GroupTimes
from acortex.sim.timing import snapshot as kinds
from acortex.sim.timing.array import Frame, Operation
from acortex.sim.timing.channel import CHANNELS, AnyChannel, Channel, Tokens
from acortex.sim.timing.controller import Controller
from acortex.sim.timing.kernel import Alarm
from acortex.sim.timing.snapshot import NEVER, Plain, roles_of
from acortex.sim.timing.unit import Agent, Context, Unit
from acortex.sim.timing.walk import Walk

PAST = -1
"""Stands for every cycle of the past, where the present one is another."""

Strict = tuple[Plain, ...]
"""What must be equal, in the order of the plan."""


class Canonical(NamedTuple):
    """A state: what must be `strict`ly equal, what counts down or fills (`linear`), and the instructions in `refs`.

    `refs` are those that units work on, and those whose array operations are in flight: as places relative to the next
    instruction to be issued. `queued` are those that wait in queues, likewise.
    """

    strict: Strict
    linear: tuple[int, ...]
    refs: tuple[int, ...]
    queued: tuple[int, ...]


_Named = list[tuple[Plain, str]]


class Plan:
    """How the state of one chip is taken and given, worked out once from the roles of its parts."""

    def __init__(self, parts: Mapping[str, Plain], words: Sequence[AnyChannel]) -> None:
        self.words = list(words)
        """Channels of words that nothing tells apart: how full they are is in `linear`, two numbers for each."""
        self._by_kind: dict[str, _Named] = {}
        self.channels: list[AnyChannel] = []
        self.alarms: list[Alarm] = []
        self._tokens: list[Tokens] = []
        for part in parts.values():
            self._enter(part)
        self.countdowns = self._of(kinds.COUNTDOWN)
        self._queues: dict[AnyChannel, _Queued] = {}
        self._read = {name: [(part, attrgetter(at), at) for part, at in rows] for name, rows in self._by_kind.items()}

    def _enter(self, part: Plain) -> None:
        if isinstance(part, Channel):
            if not any(part is one for one in self.words):
                self.channels.append(part)
            return
        if isinstance(part, Alarm):
            self.alarms.append(part)
            return
        for name, kind in roles_of(type(part)).state.items():
            if kind is CHANNELS:
                self._tokens.append(part)
            elif kind.name in KNOWN:
                self._by_kind.setdefault(kind.name, []).append((part, name))
            else:
                raise AssertionError(f"{type(part).__name__}.{name} has a kind of state without a canonical form")

    def _of(self, kind: kinds.Kind) -> _Named:
        return self._by_kind.get(kind.name, [])

    # Taken ------------------------------------------------------------------------------------------------------

    def take(self, now: int, serial: int) -> Canonical:
        """The state in a cycle, with the place of the next instruction to be issued."""
        strict = self._cycles(now)
        found = _Taken(now, serial, self._queues)
        strict.append(found.instructions([get(part) for part, get, _ in self._read["instruction"]]))
        strict += [found.held(get(part)) for part, get, _ in self._read["operation"]]
        # Most channels are empty: what is equal of them then needs no call.
        strict += [
            found.channel(one) if one._items or one._freed or one._full else (one._room, one._empty)
            for one in self.channels
        ]
        linear = [get(part) for part, get, _ in self._read["countdown"]]
        for channel in self.words:
            level, room, rest = _level(channel, now)
            linear += level, room
            strict.append(rest)
        strict += [_of_tokens(tokens, now) for tokens in self._tokens]
        return Canonical(tuple(strict), tuple(linear), tuple(found.refs), tuple(found.queued))

    def _cycles(self, now: int) -> list[Plain]:
        """What is neither an instruction nor in a channel."""
        read = self._read
        strict: list[Plain] = [-1 if (due := alarm.due) == NEVER else due - now for alarm in self.alarms]
        strict += [at - now if (at := alarm.floor) > now else 0 for alarm in self.alarms]
        strict += [at - now if (at := get(part)) >= now else PAST for part, get, _ in read["since"]]
        strict += [at - now if (at := get(part)) > now else 0 for part, get, _ in read["cycle"]]
        strict += [get(part) for part, get, _ in read["number"]]
        strict += [get(part) for part, get, _ in read["unit"]]
        strict += [_clipped(get(part), now) for part, get, _ in read["cycles"]]
        strict += [tuple(sorted(_clipped(get(part), now))) for part, get, _ in read["cycles of like places"]]
        strict += [_lanes(get(part), now) for part, get, _ in read["cycles of lanes"]]
        return strict

    # Given ------------------------------------------------------------------------------------------------------

    def give(self, found: Canonical, now: int, walk: Walk, groups: Mapping[int, GroupTimes]) -> None:
        """Sets a chip up in a state, from a cycle on; the next instruction to be issued is that of the walk.

        What `since` was in the past is not in a state: whoever gives it sets that too.
        """
        take = iter(found.strict).__next__
        dues, floors = ([take() for _ in self.alarms] for _ in range(2))
        self._give_cycles(take, now)
        made = _Made(walk, groups)
        for (part, _, name), at in zip(self._read["instruction"], take(), strict=True):
            setattr(part, name, None if at is None else walk.dispatch(walk.serial + at))
        for part, _, name in self._read["operation"]:
            setattr(part, name, made.held(take()))
        for channel in self.channels:
            made.fill(channel, take(), now)
        linear = iter(found.linear).__next__
        for part, _, name in self._read["countdown"]:
            setattr(part, name, linear())
        for channel in self.words:
            _set_level(channel, linear(), linear(), take(), now)
        for tokens in self._tokens:
            _set_tokens(tokens, take(), now)
        for alarm, due, floor in zip(self.alarms, dues, floors, strict=True):
            alarm.rearm(NEVER if due < 0 else now + due, now + floor)

    def _give_cycles(self, take: Callable[[], Plain], now: int) -> None:
        read = self._read
        for part, _, name in (*read["since"], *read["cycle"]):
            setattr(part, name, now + take())
        for part, _, name in (*read["number"], *read["unit"]):
            setattr(part, name, take())
        for part, _, name in (*read["cycles"], *read["cycles of like places"]):
            setattr(part, name, [now + at for at in take()])
        for part, _, name in read["cycles of lanes"]:
            setattr(part, name, _lanes_again(take(), now))


KNOWN = frozenset(
    kind.name
    for kind in (
        kinds.SINCE, kinds.CYCLE, kinds.NUMBER, kinds.UNIT, kinds.CYCLES, kinds.PLACES, kinds.LANES, kinds.INSTRUCTION,
        kinds.COUNTDOWN, kinds.OPERATION,
    )
)  # fmt: skip
"""The kinds of state that attributes of parts have here, beside those of channels, tokens and alarms."""

PLAIN, OF_AGENT, IN_FLIGHT = 0, 1, 2
"""What an item of a channel is: a plain value, an instruction, an array operation."""


class _Taken:
    """Takes what refers to instructions, and notes to which."""

    def __init__(self, now: int, serial: int, queues: dict[AnyChannel, _Queued]) -> None:
        self._now = now
        self._serial = serial
        self._queues = queues
        """What queues of instructions held as they were last seen."""
        self.refs: list[int] = []
        self.queued: list[int] = []

    def instructions(self, found: Sequence[Dispatch | None]) -> tuple[int | None, ...]:
        """The instructions that agents work on."""
        serial = self._serial
        places = tuple([None if one is None else one.serial - serial for one in found])
        self.refs += [place for place in places if place is not None]
        return places

    def held(self, operation: Operation | None) -> int | None:
        """An operation, or none."""
        if operation is None:
            return None
        place = operation.context[3] - self._serial
        self.refs.append(place)
        return place

    def channel(self, channel: AnyChannel) -> tuple[Plain, ...]:
        """The items and the places of a channel, and what waits for them; two values where there is but room."""
        now, items = self._now, channel._items
        ends = _ends(channel, now)
        if not items:
            if not (channel._freed or channel._full):
                return channel._room, channel._empty
            return *ends, (), PLAIN, ()
        kind = type(items[0][1])
        if kind is Dispatch:
            return *ends, _later(items, now), OF_AGENT, self._queue(channel)
        times = tuple([at - now if at > now else 0 for at, _ in items])
        if kind is Operation:
            return *ends, times, IN_FLIGHT, tuple([self.held(item) for _, item in items])
        return *ends, times, PLAIN, tuple([item for _, item in items])

    def _queue(self, channel: AnyChannel) -> tuple[int, ...]:
        """The instructions in a queue, which has some. The first and how many there are say which they are."""
        serial, items, seen = self._serial, channel._items, self._queues.get(channel)
        first = items[0][1]
        if seen is None or seen.first is not first or seen.size != len(items) or seen.serial != serial:
            places = tuple([item.serial - serial for _, item in items])
            seen = self._queues[channel] = _Queued(first, len(items), serial, places)
        self.queued += seen.places
        return seen.places


class _Queued(NamedTuple):
    """What a queue of instructions held: their `places` relative to the next instruction to be issued, `serial`."""

    first: Dispatch
    size: int
    serial: int
    places: tuple[int, ...]


def _later(items: Sequence[tuple[int, Plain]], now: int) -> tuple[int, ...]:
    """From when the items of a queue can be seen: none where that is the past for all, as they come in order."""
    return () if items[-1][0] <= now else tuple([at - now if at > now else 0 for at, _ in items])


class _Made:
    """Makes what refers to instructions again; the context of an instruction is one."""

    def __init__(self, walk: Walk, groups: Mapping[int, GroupTimes]) -> None:
        self._walk = walk
        self._groups = groups
        self._contexts: dict[int, Context] = {}

    def held(self, place: int | None) -> Operation | None:
        """An operation of the instruction at a place relative to the next one; None for none."""
        if place is None:
            return None
        serial = self._walk.serial + place
        dispatch = self._walk.dispatch(serial)
        context = self._contexts.setdefault(serial, (dispatch.pc, dispatch.layer, dispatch.inference, serial))
        return Operation(self._groups[dispatch.group], context)

    def fill(self, channel: AnyChannel, found: tuple[Plain, ...], now: int) -> None:
        """Sets up a channel as it was taken."""
        room, *rest = found
        freed, full, empty, times, what, items = rest if len(rest) > 1 else ((), (), *rest, (), PLAIN, ())
        times = times or (0,) * len(items)
        _set_ends(channel, (room, freed, full, empty), now)
        channel._items.clear()
        channel._items.extend([(now + at, self._item(what, item)) for at, item in zip(times, items, strict=True)])

    def _item(self, what: int, item: Plain) -> Plain:
        if what == OF_AGENT:
            return self._walk.dispatch(self._walk.serial + item)
        return self.held(item) if what == IN_FLIGHT else item


def _clipped(cycles: Sequence[int], now: int) -> tuple[int, ...]:
    """Cycles relative to now; those of the past are one."""
    return tuple([at - now if at > now else 0 for at in cycles])


def _ends(channel: AnyChannel, now: int) -> tuple[Plain, ...]:
    """What is free of a channel, now and later, and what waits for it."""
    later: tuple[Plain, ...] = ()
    if channel._freed:
        channel.settle(now)
        later = tuple([(at - now, places) for at, places in channel._freed])
    return channel._room, later, tuple(channel._full), channel._empty


def _set_ends(channel: AnyChannel, ends: tuple[Plain, ...], now: int) -> None:
    room, freed, full, empty = ends
    channel._room = room
    channel._freed.clear()
    channel._freed.extend([(now + at, places) for at, places in freed])
    channel._full[:] = full
    channel._empty = empty


def _level(channel: AnyChannel, now: int) -> tuple[int, int, tuple[Plain, ...]]:
    """How many words of a channel can be seen, how many places are free, and when and for what the others will be."""
    later, items = [], channel._items
    if items and items[-1][0] > now:
        for at, _ in reversed(items):
            if at <= now:
                break
            later.append(at - now)
    room, freed, full, empty = _ends(channel, now)
    return len(items) - len(later), room, (tuple(later[::-1]), freed, full, empty)


def _set_level(channel: AnyChannel, level: int, room: int, rest: tuple[Plain, ...], now: int) -> None:
    later, *ends = rest
    _set_ends(channel, (room, *ends), now)
    channel._items.clear()
    channel._items.extend([(now, False)] * level)
    channel._items.extend([(now + at, False) for at in later])


def _lanes(free: Sequence[int], now: int) -> tuple[Plain, ...]:
    """From when lanes are free, and in which order they became so: of those of the past, that alone counts."""
    if len(free) == 1:
        return _clipped(free, now)
    return _clipped(free, now), tuple(sorted(range(len(free)), key=free.__getitem__))


def _lanes_again(found: tuple[Plain, ...], now: int) -> list[int]:
    if len(found) == 1:
        return [now + found[0]]
    free, order = found
    return [now + at if at else now - len(free) + order.index(lane) for lane, at in enumerate(free)]


def _of_tokens(tokens: Tokens, now: int) -> tuple[Plain, ...]:
    """The tokens that are left or waited for, by number."""
    found = []
    for number in sorted(tokens._channels):
        channel = tokens._channels[number]
        if channel.used:
            found.append((number, tuple([at - now if at > now else 0 for at, _ in channel._items]), channel._empty))
    return tuple(found)


def _set_tokens(tokens: Tokens, found: tuple[Plain, ...], now: int) -> None:
    for channel in tokens._channels.values():
        channel._items.clear()
        channel._empty = None
    for number, items, empty in found:
        channel = tokens.of(number)
        channel._items.extend([(now + at, None) for at in items])
        channel._empty = empty


def set_context(unit: Unit, walk: Walk) -> None:
    """Gives a unit the context of what it works on, in a state that was given: its sums go there."""
    if isinstance(unit, Agent) and unit.current is not None:
        one = unit.current
        unit.context = (one.pc, one.layer, one.inference, one.serial)
    elif isinstance(unit, Controller) and walk.in_program:
        unit.context = walk.context  # what it may wait with for a queue: it does not look again before there is room
    elif isinstance(unit, Frame) and unit._held is not None:
        unit.context = unit._held.context
