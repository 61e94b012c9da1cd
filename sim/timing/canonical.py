"""The canonical state of a chip: what decides how its run goes on, in a form that is equal where it goes on alike.

Cycles are relative to now, and those of the past are one. Instructions are places in the order of issue, relative to
the next one to be issued. Addresses, codes and sums are not in it. What only counts down, and how full the queues of
words are, stand apart: within a period these may differ.

The form follows from the roles that the parts of a chip declare (sim/timing/snapshot.py): a new attribute with a known
kind is in it without a word here, and a kind that is not known fails as a chip is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.groups import GroupTimes
from acortex.sim.timing import snapshot as kinds
from acortex.sim.timing.array import Frame, Operation
from acortex.sim.timing.channel import CHANNELS, Channel, Tokens
from acortex.sim.timing.controller import Controller
from acortex.sim.timing.kernel import Alarm
from acortex.sim.timing.snapshot import NEVER, roles_of
from acortex.sim.timing.unit import Agent, Unit
from acortex.sim.timing.walk import Walk

PAST, NONE = -1, -1

Strict = tuple[Any, ...]
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


_Named = list[tuple[Any, str]]


class Plan:
    """How the state of one chip is taken and given, worked out once from the roles of its parts."""

    def __init__(self, parts: Mapping[str, Any], words: Sequence[Channel[Any]]) -> None:
        self.words = list(words)
        """Channels of words that nothing tells apart: how full they are is in `linear`, two numbers for each."""
        self._by_kind: dict[str, _Named] = {}
        self.channels: list[Channel[Any]] = []
        self.alarms: list[Alarm] = []
        self._tokens: list[Tokens] = []
        for part in parts.values():
            self._enter(part)
        self.countdowns = self._of(kinds.COUNTDOWN)
        self._read = {name: [(part, attrgetter(at), at) for part, at in rows] for name, rows in self._by_kind.items()}

    def _enter(self, part: Any) -> None:
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
        read = self._read
        strict: list[Any] = [-1 if (due := alarm.due) == NEVER else due - now for alarm in self.alarms]
        strict += [at - now if (at := alarm.floor) > now else 0 for alarm in self.alarms]
        strict += [at - now if (at := get(part)) >= now else PAST for part, get, _ in read["since"]]
        strict += [at - now if (at := get(part)) > now else 0 for part, get, _ in read["cycle"]]
        strict += [get(part) for part, get, _ in read["number"]]
        strict += [get(part) for part, get, _ in read["unit"]]
        for part, get, _ in read["cycles"]:
            strict.append(tuple([at - now if at > now else 0 for at in get(part)]))
        for part, get, _ in read["cycles of like places"]:
            strict.append(tuple(sorted([at - now if at > now else 0 for at in get(part)])))
        for part, get, _ in read["cycles of lanes"]:
            strict.append(_lanes(get(part), now))
        refs = [one.serial - serial for part, get, _ in read["instruction"] if (one := get(part)) is not None]
        strict.append(
            tuple([None if (one := get(part)) is None else one.serial - serial for part, get, _ in read["instruction"]])
        )
        linear = [get(part) for part, get, _ in read["countdown"]]
        queued: list[int] = []
        for part, get, _ in read["operation"]:
            held = get(part)
            strict.append(None if held is None else held.context[3] - serial)
            if held is not None:
                refs.append(held.context[3] - serial)
        for channel in self.channels:
            items = channel._items
            ends = _ends(channel, now)
            if items:
                ends += (
                    tuple([(at - now if at > now else 0, *_plain(item, serial, refs, queued)) for at, item in items]),
                )
            strict.append(ends)
        for channel in self.words:
            level, future = _level(channel, now)
            ends = _ends(channel, now)
            linear += level, ends[0]
            strict.append((future, ends[1:]))
        for tokens in self._tokens:
            strict.append(_of_tokens(tokens, now))
        return Canonical(tuple(strict), tuple(linear), tuple(refs), tuple(queued))

    # Given ------------------------------------------------------------------------------------------------------

    def give(self, found: Canonical, now: int, walk: Walk, groups: Mapping[int, GroupTimes]) -> None:
        """Sets a chip up in a state, from a cycle on; the next instruction to be issued is that of the walk.

        What `since` was in the past is not in a state: whoever gives it sets that too.
        """
        serial = walk.serial
        take = iter(found.strict).__next__
        dues = [take() for _ in self.alarms]
        floors = [now + take() for _ in self.alarms]
        read = self._read
        for part, _, name in read["since"]:
            setattr(part, name, now + take())
        for part, _, name in read["cycle"]:
            setattr(part, name, now + take())
        for part, _, name in (*read["number"], *read["unit"]):
            setattr(part, name, take())
        for part, _, name in (*read["cycles"], *read["cycles of like places"]):
            setattr(part, name, [now + at for at in take()])
        for part, _, name in read["cycles of lanes"]:
            setattr(part, name, _lanes_again(take(), now))
        for (part, _, name), at in zip(read["instruction"], take(), strict=True):
            setattr(part, name, None if at is None else walk.dispatch(serial + at))
        linear = iter(found.linear).__next__
        for part, _, name in read["countdown"]:
            setattr(part, name, linear())
        made = _Made(walk, groups)
        for part, _, name in read["operation"]:
            at = take()
            setattr(part, name, None if at is None else made.operation(serial + at))
        for channel in self.channels:
            ends = take()
            _set_ends(channel, ends, now)
            channel._items.clear()
            for at, what, item in ends[4] if len(ends) > 4 else ():
                channel._items.append((now + at, made.item(what, item, serial)))
        for channel in self.words:
            future, ends = take()
            level = linear()
            _set_ends(channel, (linear(), *ends), now)
            channel._items.clear()
            channel._items.extend([(now, False)] * level)
            channel._items.extend([(now + at, False) for at in future])
        for tokens in self._tokens:
            _set_tokens(tokens, take(), now)
        for alarm, due, floor in zip(self.alarms, dues, floors, strict=True):
            alarm.rearm(NEVER if due < 0 else now + due, floor)


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


def _plain(item: Any, serial: int, refs: list[int], queued: list[int]) -> tuple[int, Any]:
    """An item of a channel, with what it is."""
    if type(item) is Dispatch:
        queued.append(item.serial - serial)
        return OF_AGENT, item.serial - serial
    if type(item) is Operation:
        refs.append(item.context[3] - serial)
        return IN_FLIGHT, item.context[3] - serial
    return PLAIN, item


class _Made:
    """Makes the items of channels again; an operation that is in two places is one."""

    def __init__(self, walk: Walk, groups: Mapping[int, GroupTimes]) -> None:
        self._walk = walk
        self._groups = groups
        self._contexts: dict[int, Any] = {}

    def operation(self, serial: int) -> Operation:
        """An operation of the instruction at a place in the order of issue."""
        dispatch = self._walk.dispatch(serial)
        context = self._contexts.setdefault(serial, (dispatch.pc, dispatch.layer, dispatch.inference, serial))
        return Operation(self._groups[dispatch.group], context)

    def item(self, what: int, item: Any, serial: int) -> Any:
        """An item as `_plain` took it."""
        if what == OF_AGENT:
            return self._walk.dispatch(serial + item)
        return self.operation(serial + item) if what == IN_FLIGHT else item


def _ends(channel: Channel[Any], now: int) -> tuple[Any, ...]:
    """What is free of a channel, now and later, and what waits for it."""
    room, freed = channel._room, channel._freed
    later: tuple[tuple[int, int], ...] = ()
    if freed:
        room += sum([places for at, places in freed if at <= now])
        later = tuple([(at - now, places) for at, places in freed if at > now])
    return room, later, tuple(channel._full), channel._empty


def _set_ends(channel: Channel[Any], ends: tuple[Any, ...], now: int) -> None:
    channel._room = ends[0]
    channel._freed.clear()
    channel._freed.extend([(now + at, places) for at, places in ends[1]])
    channel._full[:] = ends[2]
    channel._empty = ends[3]


def _level(channel: Channel[Any], now: int) -> tuple[int, tuple[int, ...]]:
    """How many words of a channel can be seen, and when the others can."""
    later = []
    for at, _ in reversed(channel._items):
        if at <= now:
            break
        later.append(at - now)
    return len(channel._items) - len(later), tuple(later[::-1])


def _lanes(free: Sequence[int], now: int) -> tuple[Any, ...]:
    """From when lanes are free, and in which order they became so: of those of the past, that alone counts."""
    if len(free) == 1:
        return (free[0] - now if free[0] > now else 0,)
    order = sorted(range(len(free)), key=free.__getitem__)
    return tuple([at - now if at > now else 0 for at in free]), tuple(order)


def _lanes_again(found: tuple[Any, ...], now: int) -> list[int]:
    if len(found) == 1:
        return [now + found[0]]
    free, order = found
    return [now + at if at else now - len(free) + order.index(lane) for lane, at in enumerate(free)]


def _of_tokens(tokens: Tokens, now: int) -> tuple[Any, ...]:
    """The tokens that are left or waited for, by number."""
    found = []
    for number in sorted(tokens._channels):
        channel = tokens._channels[number]
        if channel.used:
            found.append((number, tuple([at - now if at > now else 0 for at, _ in channel._items]), channel._empty))
    return tuple(found)


def _set_tokens(tokens: Tokens, found: tuple[Any, ...], now: int) -> None:
    for channel in tokens._channels.values():
        channel._items.clear()
        channel._empty = None
    for number, items, empty in found:
        channel = tokens.of(number)
        channel._items.extend([(now + at, None) for at in items])
        channel._empty = empty


def agents_of(units: Sequence[Unit]) -> Iterator[Agent]:
    """The units that take instructions."""
    return (unit for unit in units if isinstance(unit, Agent))


def set_context(unit: Unit, walk: Walk) -> None:
    """Gives a unit the context of what it works on, in a state that was given: its sums go there."""
    if isinstance(unit, Agent) and unit.current is not None:
        one = unit.current
        unit.context = (one.pc, one.layer, one.inference, one.serial)
    elif isinstance(unit, Controller) and walk.in_program:
        unit.context = walk.context  # what it may wait with for a queue: it does not look again before there is room
    elif isinstance(unit, Frame) and unit._held is not None:
        unit.context = unit._held.context
