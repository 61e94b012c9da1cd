"""The sums of a run from its record: what units would have booked, had each of its events been simulated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.alike import grouped
from acortex.sim.chip.groups import GroupTimes
from acortex.sim.chip.prices import INDEX
from acortex.sim.timing.array import SWITCHES
from acortex.sim.timing.handovers import ACCESSES, CAUSES
from acortex.sim.timing.kernel import IDLE
from acortex.sim.timing.memory import Client
from acortex.sim.timing.record import Ranges, Record, Table, Weighed, gathered
from acortex.sim.timing.tally import Tally, Works
from acortex.sim.timing.unit import Unit
from acortex.sim.timing.walk import Walk

Ints = NDArray[np.int64]

GRANTED = [INDEX[name] for name in ACCESSES]
"""The kinds of events that are accesses to main memory. One begins in the cycle of its grant."""

SWITCH_KINDS = list(SWITCHES.values())
LOAD, HOST_IN, HOST_OUT = INDEX["vmm.load"], INDEX["host.in"], INDEX["host.out"]


AT_ONCE = 1 << 17
"""How many pieces that came are added up at a time."""


class Done(NamedTuple):
    """What each unit did for each instruction: rows by (owner, unit, instruction, kind), sorted by these.

    `owner` is the piece of a record, or 0. Cycles are those from the first begin to the last end; `busy` are those of
    all events.
    """

    owner: Ints
    unit: Ints
    serial: Ints
    kind: Ints
    first: Ints
    last: Ints
    events: Ints
    counted: Ints
    busy: Ints


class Totals:
    """The sums of a run, of one record after the other."""

    def __init__(self, units: Sequence[Unit], walk: Walk, groups: Mapping[int, GroupTimes]) -> None:
        self._units, self._walk, self._groups = units, walk, groups
        self._spans = np.array([unit.spans for unit in units])
        self._alike = _alike(walk.contexts[1:])
        """Of each instruction the first of those in a row that have its layer and inference."""
        self.simulated = 0
        """How many events were simulated."""
        self._done = [Done(*(np.zeros(0, np.int64),) * len(Done._fields))]
        """Begun with nothing: a run may be interrupted before its first event."""
        self._spent = np.zeros((len(units), len(CAUSES)), np.int64)
        self._granted: defaultdict[int, list[Ints]] = defaultdict(list)
        """The cycles of grants, by unit."""

    def add(self, record: Record) -> None:
        """Adds what a record says."""
        weighed, table, ranges = record.weighed(), record.table(), record.ranges()
        simulated = _by_piece(ranges, table)
        self.simulated += int(simulated.events.sum())
        for begin in range(0, len(weighed.pieces), AT_ONCE):
            part = Weighed(*(column[begin : begin + AT_ONCE] for column in weighed))
            self._done.append(self._joined(_weigh(simulated, part)))
        self._wait(record, table, weighed, ranges)
        self._grant(record, table, ranges)

    def fill(self, tally: Tally, cycles: int) -> Done:
        """Gives a tally and the units what they did in a run of `cycles`; the rest of it these were idle."""
        done = _merged(Done(*(np.concatenate(columns) for columns in zip(*self._done, strict=True))))
        switches = np.flatnonzero(np.isin(done.kind, SWITCH_KINDS))
        for row in switches.tolist():  # how many segments join a group moves no cycle: those of its own count
            done.counted[row] = done.events[row] * self._group(int(done.serial[row])).segments
        busy = np.zeros(len(self._units), np.int64)
        np.add.at(busy, done.unit, done.busy)
        for number, unit in enumerate(self._units):
            unit.busy, unit.spent = int(busy[number]), self._spent[number].tolist()
            unit.spent[IDLE] = cycles - unit.busy - sum(unit.spent)
        self._tally(tally, done)
        self._give_accesses(done)
        return done

    def _joined(self, done: Done) -> Done:
        """The same with one row for all instructions of a layer and inference, for units that no layer is in flight by.

        Those are a controller's, of which only the sums count: one for each turn of a loop may be millions.
        """
        chosen = ~self._spans[done.unit]
        serial = done.serial.copy()
        serial[chosen] = self._alike[serial[chosen] - self._walk.first] + self._walk.first
        return _merged(done._replace(serial=serial))

    def _group(self, serial: int) -> GroupTimes:
        return self._groups[self._walk.dispatch(serial).group]

    def _wait(self, record: Record, table: Table, weighed: Weighed, ranges: Ranges) -> None:
        came = np.zeros(len(record.entries), np.int64)
        np.add.at(came, weighed.pieces, weighed.times)
        begins, ends = ranges
        waits = np.flatnonzero(table.kind < 0)
        spent = table.duration[waits] * np.repeat(came, ends - begins)[waits]
        np.add.at(self._spent.reshape(-1), table.unit[waits] * len(CAUSES) + ~table.kind[waits], spent)
        for row, longer in record.longer():
            self._spent[table.unit[row], ~table.kind[row]] += longer

    def _grant(self, record: Record, table: Table, ranges: Ranges) -> None:
        """Notes the cycles of grants, which come in order: a unit carries out one instruction after the other."""
        granted = np.flatnonzero(np.isin(table.kind, GRANTED))
        units = table.unit[granted]
        for unit in self._units:
            if isinstance(unit, Client):
                rows = granted[units == unit.number]
                self._granted[unit.number].append(record.begins(rows, table.start[rows], ranges))

    def _give_accesses(self, done: Done) -> None:
        """Gives clients the cycles of their grants, by instruction: there are as many of each as it did accesses."""
        cycles = {number: np.concatenate(parts) for number, parts in self._granted.items()}
        clients = {unit.number: unit for unit in self._units if isinstance(unit, Client)}
        for client in clients.values():
            client.accesses.clear()
        begins = dict.fromkeys(clients, 0)
        rows = np.flatnonzero(np.isin(done.kind, GRANTED))
        columns = (column[rows].tolist() for column in (done.unit, done.serial, done.events))
        for number, serial, grants in zip(*columns, strict=True):
            begin = begins[number]
            begins[number] = end = begin + grants
            clients[number].accesses.append((self._walk.dispatch(serial), cycles[number][begin:end]))

    def _tally(self, tally: Tally, done: Done) -> None:
        tally.clear()
        layer, inference = self._walk.contexts[1:, done.serial - self._walk.first]
        (kinds, layers, ones), (events, counts) = _grouped((done.kind, layer, inference), done.events, done.counted)
        by_kind = list(zip(kinds, layers, ones, strict=True))
        tally.events.update(zip(by_kind, events, strict=True))
        tally.counts.update(zip(by_kind, counts, strict=True))
        spanning = np.flatnonzero(self._spans[done.unit])
        for of, one, first, last in _spans((layer[spanning], inference[spanning]), done, spanning):
            tally.layers[of, one] = [first, last]
        loads = np.flatnonzero(done.kind == LOAD)
        each = np.array([self._group(serial).macs for serial in done.serial[loads].tolist()], np.int64)
        (layers, ones), (macs,) = _grouped((layer[loads], inference[loads]), done.events[loads] * each)
        tally.macs.update(zip(zip(layers, ones, strict=True), macs, strict=True))
        outside = np.flatnonzero(done.kind == HOST_OUT)
        both = np.flatnonzero((done.kind == HOST_IN) | (done.kind == HOST_OUT))
        for one, first, _ in _spans((inference[both],), done, both):
            tally.inferences[one] = [first, first]
        for one, _, last in _spans((inference[outside],), done, outside):
            tally.inferences[one][1] = last
        tally.give(_works(done, spanning))


def _works(done: Done, chosen: Ints) -> Works:
    """The works of some rows, which are sorted by unit and instruction."""
    unit, serial = done.unit[chosen], done.serial[chosen]
    _, at = grouped(unit, serial)
    lows = np.minimum.reduceat(done.first[chosen], at) if len(at) else at
    highs = np.maximum.reduceat(done.last[chosen], at) if len(at) else at
    return Works(unit[at], serial[at], lows, highs, at, done.kind[chosen], done.counted[chosen])


def _by_piece(ranges: Ranges, table: Table) -> Done:
    """What was simulated, by the pieces of a record, whose rows lie in `ranges`."""
    events = np.flatnonzero(table.kind >= 0)
    begins, ends = (np.searchsorted(events, edge) for edge in ranges)
    rows, owner = gathered(begins, ends)
    rows = events[rows]
    start, duration = table.start[rows], table.duration[rows]
    columns = start, start + duration, np.ones(len(rows), np.int64), table.counted[rows], duration
    return _merged(Done(owner, table.unit[rows], table.serial[rows], table.kind[rows], *columns))


def _weigh(done: Done, weighed: Weighed) -> Done:
    """What came, of what each piece did."""
    begins = np.searchsorted(done.owner, weighed.pieces)
    rows, owner = gathered(begins, np.searchsorted(done.owner, weighed.pieces, side="right"))
    times = weighed.times[owner]
    return _merged(
        Done(
            np.zeros(len(rows), np.int64),
            done.unit[rows],
            done.serial[rows] + weighed.serials[owner],
            done.kind[rows],
            done.first[rows] + weighed.first[owner],
            done.last[rows] + weighed.last[owner],
            done.events[rows] * times,
            done.counted[rows] * times,
            done.busy[rows] * times,
        )
    )


def _merged(done: Done) -> Done:
    """One row where several have the same owner, unit, instruction and kind."""
    order, at = grouped(*done[:4])
    if not len(at):
        return done
    first = order[at]
    sums = [np.add.reduceat(column[order], at) for column in done[6:]]
    lows, highs = np.minimum.reduceat(done.first[order], at), np.maximum.reduceat(done.last[order], at)
    return Done(*[*(column[first] for column in done[:4]), lows, highs, *sums])


def _alike(contexts: Ints) -> Ints:
    """The first place of each stretch of equal columns, for each of them."""
    changes = np.ones(contexts.shape[1], bool)
    changes[1:] = (contexts[:, 1:] != contexts[:, :-1]).any(axis=0)
    found: Ints = np.maximum.accumulate(np.where(changes, np.arange(len(changes)), 0))
    return found


def _sorted(keys: tuple[Ints, ...]) -> tuple[Ints, Ints, list[list[int]]]:
    """An order that brings equal keys together, where each begins in it, and the columns of the keys."""
    order, at = grouped(*keys)
    return order, at, [key[order[at]].tolist() for key in keys]


def _grouped(keys: tuple[Ints, ...], *columns: Ints) -> tuple[list[list[int]], list[list[int]]]:
    """Keys, each once, in columns, and of each column the sum for each key."""
    order, at, names = _sorted(keys)
    sums = [np.add.reduceat(column[order], at).tolist() if len(at) else [] for column in columns]
    return names, sums


def _spans(keys: tuple[Ints, ...], done: Done, chosen: Ints) -> list[tuple[int, ...]]:
    """Rows of a key, its first and its last cycle, of some rows."""
    order, at, names = _sorted(keys)
    if not len(at):
        return []
    lows = np.minimum.reduceat(done.first[chosen][order], at)
    highs = np.maximum.reduceat(done.last[chosen][order], at)
    return list(zip(*names, lows.tolist(), highs.tolist(), strict=True))
