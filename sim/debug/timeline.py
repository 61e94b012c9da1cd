"""A run as a line along which one can go: the chip in any cycle, and what happened before it and after it.

A chip that runs on simulates a *stretch* of cycles after another. Units run ahead of the clock, so that it is exact at
no cycle; it only gives what happens, and a snapshot at the beginning of each stretch. To look at a cycle, another chip
goes on from a snapshot up to this cycle, with the cycle as its limit: no unit begins anything in it or after it. What
is seen depends on the cycle alone, whatever was looked at before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.semantics import moves
from acortex.isa.sequencer import Dispatch
from acortex.sim.arrivals import ArrivalError
from acortex.sim.chip.prices import prices
from acortex.sim.debug.issue import Fence, Fenced
from acortex.sim.debug.ring import Ring
from acortex.sim.run import Prepared
from acortex.sim.timing.deadlock import DeadlockError
from acortex.sim.timing.memory import Client
from acortex.sim.timing.snapshot import NEVER, Snapshot
from acortex.sim.timing.wiring import TimedChip

STRETCH = 256
"""The cycles that are simulated at a time. A look at a cycle simulates one or two of them again."""

CONTROLLER = 0
"""The number of the controller among the units."""

Rows = NDArray[np.int64]


class End(NamedTuple):
    """Where a run ends: in which cycle, and what failed there, if anything."""

    cycle: int
    error: AcortexError | None


class Write(NamedTuple):
    """An instruction that writes main memory, and the cycles in which its words were granted: int64, in their order."""

    dispatch: Dispatch
    grants: Rows


@dataclass(frozen=True)
class Stretch:
    """What happens from cycle `first` up to `last`, which is not part of it.

    `events` has a row for each of start, number of the unit and address of the instruction, in the order of starts.
    """

    first: int
    last: int
    events: Rows
    writes: tuple[Write, ...]
    end: End | None

    def issues(self) -> Rows:
        """The cycles and the addresses of the instructions that are issued: of shape (2, instructions)."""
        return self.events[:, self.events[1] == CONTROLLER][[0, 2]]


class _Point(NamedTuple):
    """The beginning of a stretch: the chip, the place of its next instruction in the order of issue, how far its units
    are ahead, and what they have begun beyond it.
    """

    snapshot: Snapshot
    serial: int
    ahead: int
    begun: Rows


@dataclass(frozen=True)
class View:
    """A chip in a cycle: nothing has begun in it or after it. It is to be looked at, and does not go on.

    `events` are those that led to it, and the turns on buses of words that were granted. They have the rows of a
    Stretch, and the layer and the inference below them.
    """

    cycle: int
    chip: TimedChip
    sequencer: Fenced
    events: Rows


class _Collector:
    """Receives the events of a chip."""

    def __init__(self) -> None:
        self.kept: list[Rows] = []

    def events(self, rows: Rows) -> None:
        """Keeps start, unit, address, layer and inference of each event."""
        self.kept.append(rows[[0, 2, 5, 6, 7]])

    def all(self) -> Rows:
        """What was kept."""
        return np.concatenate([np.zeros((5, 0), np.int64), *self.kept], axis=1)

    def waits(self, rows: Rows) -> None:
        """Drops waits: a chip in a cycle says itself what its units wait for."""


class Timeline:
    """The run of a prepared program; one that has ended is held to the order of its program where `check` says so.

    Raises the errors of its set-up.
    """

    def __init__(self, prepared: Prepared, check: bool = False) -> None:
        program, chip, inferences = prepared.program, prepared.chip, prepared.host.inferences
        self.prepared = prepared
        self._check = check
        self.fence = Fence(program, chip, inferences)
        self.groups = self.fence.configuration.times()
        self._sequencer = Fenced(program, inferences, self.fence)
        TimedChip(chip, self._sequencer, self.groups).run_whole()
        self.registers = self._sequencer.snapshot()
        """The controller's registers as cycle 0 begins."""
        self.first = self._sequencer.serial
        """The place of the first instruction after the set-up in the order of issue."""
        self.end: End | None = None
        """Where the run ends, once that is known."""
        self._price = prices(chip).total
        self._points: Ring[_Point] = Ring(STRETCH)
        self._running, self._collector, self._control = self._new()
        self._at = -1
        """The beginning of the stretch that the running chip simulates next; -1 before it begins."""
        self._stretch: Stretch | None = None
        self._view: View | None = None

    def sequencer(self) -> Fenced:
        """A sequencer of the program as cycle 0 begins."""
        return self._sequencer.at(self.registers)

    def _new(self) -> tuple[TimedChip, _Collector, Fenced]:
        """A chip that has yet to begin."""
        control, collector = self.sequencer(), _Collector()
        chip = TimedChip(self.prepared.chip, control, self.groups, [collector], self._price)
        return chip, collector, control

    # What happens -----------------------------------------------------------------------------------------------

    def stretches(self, cycle: int) -> Iterator[Stretch]:
        """The stretch that a cycle lies in, and those after it, up to the end of the run."""
        first = self.first_of(cycle)
        while self.end is None or first <= self.end.cycle:
            found = self.stretch(first)
            yield found
            first = found.last

    @staticmethod
    def first_of(cycle: int) -> int:
        """The first cycle of the stretch that a cycle lies in."""
        return cycle // STRETCH * STRETCH

    def stretch(self, first: int) -> Stretch:
        """What happens in the stretch that begins in a cycle, which is not past the end of the run."""
        if self._stretch is not None and self._stretch.first == first:
            return self._stretch
        point = next(self._points.before(first), None)
        nearest = -1 if point is None else point.snapshot.cycle
        if not nearest <= self._at <= first:
            self._go_to(point)
        while self._at <= first:
            try:
                self._stretch = self._simulate(max(self._at, 0))
            except BaseException:  # Ctrl-C: the chip stands anywhere within the stretch
                self._stretch, self._at = None, 1 << 62
                raise
        assert self._stretch is not None and self._stretch.first == first
        return self._stretch

    def _go_to(self, point: _Point | None) -> None:
        """Has the running chip stand at the beginning of a stretch; of the run, without one."""
        self._running, self._collector, self._control = self._new()
        self._at = -1
        if point is not None:
            self._running.restore(point.snapshot)
            self._collector.kept.append(point.begun)
            self._at = point.snapshot.cycle

    def _simulate(self, first: int) -> Stretch:
        """Simulates the stretch that begins in a cycle, and keeps the point at its end."""
        chip, last = self._running, first + STRETCH
        self.fence.look(self._control.serial + STRETCH + 1)
        chip.advance(last)
        writes = tuple(_writes(chip, first, last))
        self._forget(last)
        snapshot = replace(chip.snapshot(), run=None)  # `run` holds all words of the program
        events = self._collector.all()
        events = events[:, np.argsort(events[0], kind="stable")]
        within, begun = events[:, events[0] < last], events[:, events[0] >= last]
        end = self._end_of(chip, within, last)
        if end is not None:
            within = within[:, within[0] <= end.cycle]
        else:
            self._points.keep(last, _Point(snapshot, self._control.serial, _ahead(chip), begun))
        self._collector.kept = [begun]
        self._at = last
        return Stretch(first, last, within, writes, end)

    def _forget(self, cycle: int) -> None:
        """Drops the sums that nobody asks for, so that snapshots stay small however long the run is."""
        self._running.tally.clear()
        for agent in self._running.agents.values():
            if isinstance(agent, Client):
                done = agent.accesses[:-1]
                agent.accesses[:-1] = [one for one in done if len(one[1]) and one[1][-1] >= cycle]

    def _end_of(self, chip: TimedChip, events: Rows, last: int) -> End | None:
        """Where the run ends, if it does in what was simulated; the fence ends it in the cycle of its instruction."""
        if self._control.stands and self._control.state == "halted":
            issued = events[0][events[1] == CONTROLLER]
            self.end = End(int(issued[-1]), self.fence.error)
        elif all(alarm.due == NEVER for alarm in chip.kernel.alarms):
            self.end = self._ended(chip)
        return self.end if self.end is not None and self.end.cycle < last else None

    def _ended(self, chip: TimedChip) -> End:
        """The end of a chip in which nothing happens any more: of its run, or a deadlock."""
        error = self.fence.leaves_behind() if self._control.state == "halted" else None
        last = max(unit.since for unit in chip.units)
        again, _, _ = self._new()
        if (point := next(self._points.before(self._at), None)) is not None:
            again.restore(point.snapshot)
        try:
            last = again.run_whole()
        except DeadlockError as deadlock:
            last = max(last, chip.kernel.cycle) + 1
            error = error or deadlock
        if error is None and self._check:
            error = self._out_of_order()
        return End(last, error)

    def _out_of_order(self) -> AcortexError | None:
        """What a run of its own, whose every access is kept, did in another order than the program."""
        try:
            self.prepared.time(check_order=True)
        except ArrivalError as error:
            return error
        return None

    def issue(self, serial: int) -> int:
        """The cycle in which an instruction is issued, by its place in the order of issue; one of those issued so far.

        Cycle 0 where it is the first, so that the beginning of a run is one place.
        """
        if serial == self.first:
            return 0
        point = next((one for one in self._points.before(1 << 62) if one.serial <= serial), None)
        issued = self.first if point is None else point.serial
        for stretch in self.stretches(0 if point is None else point.snapshot.cycle):
            cycles = stretch.issues()[0]
            if serial < issued + len(cycles):
                return int(cycles[serial - issued])
            issued += len(cycles)
        raise AssertionError(f"instruction {serial} has not been issued")

    # What is there ----------------------------------------------------------------------------------------------

    def view(self, cycle: int) -> View:
        """The chip in a cycle, which is not past the end of the run."""
        if self._view is None or self._view.cycle != cycle:
            crossing = cycle - self.prepared.chip.buses.word_cycles  # words that began later may be on a bus still
            before = (one for one in self._points.before(cycle) if max(one.ahead, one.snapshot.cycle) <= crossing)
            point = next(before, None)
            chip, collector, control = self._new()
            if point is not None:
                chip.restore(point.snapshot)
                collector.kept.append(point.begun)
            self.fence.look(control.serial + cycle - chip.now + 1)
            chip.kernel.limit = cycle
            chip.advance(cycle)
            self._view = View(cycle, chip, control, collector.all())
        return self._view


def _ahead(chip: TimedChip) -> int:
    """The first cycle that a chip can be looked at in: no unit has begun anything in it or after it."""
    return max(chip.now, *(unit.since + 1 for unit in chip.units))


def _writes(chip: TimedChip, first: int, last: int) -> Iterator[Write]:
    """The instructions of which words were written from a cycle on up to another."""
    for dispatch, grants in chip.accesses():
        cycles = np.array(grants, dtype=np.int64)
        if len(cycles) and cycles[-1] >= first and cycles[0] < last and moves(dispatch).writes:
            yield Write(dispatch, cycles)
