"""What every unit of the timed chip keeps to: a class of tests, of which each unit makes one of its own in a few lines.

A unit stands alone on a chip whose controller does nothing. It gets one instruction and all that this needs, each with
the cycle from which it is seen; so it shows when it acts at the earliest, and what it does while something is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar

from timed_chips import Kept, Runs, of_ours

from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.timing.canonical import Plan
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import CAUSES, IDLE
from acortex.sim.timing.unit import Agent, Unit
from acortex.sim.timing.wiring import TimedChip

Give = Callable[[TimedChip, int], None]
"""Gives a unit on a chip one thing that it needs, seen from a cycle on."""

EARLY, LATE = 5, 40
NEVER = None


@cache
def runs_of(program: str) -> Runs:
    """A program of the repository, on its chip."""
    return of_ours(program, inferences=1)


@cache
def dispatches(program: str) -> Mapping[str, Dispatch]:
    """The first instruction of each mnemonic that an agent receives."""
    sequencer, found = Sequencer(runs_of(program).program, 1), dict[str, Dispatch]()
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is not None:
            found.setdefault(dispatch.row.mnemonic, dispatch)
    return found


def instruction(agent: str, program: str, mnemonic: str) -> Give:
    """Puts an instruction of a program into the queue of an agent."""

    def give(chip: TimedChip, cycle: int) -> None:
        chip.agents[agent].queue.put(cycle, dispatches(program)[mnemonic])

    return give


def room(channel: Callable[[TimedChip], Channel[Any]]) -> Give:
    """Frees all places of a channel, which is full before."""

    def give(chip: TimedChip, cycle: int) -> None:
        channel(chip).free(cycle, channel(chip).capacity)

    give.channel = channel  # type: ignore[attr-defined]
    return give


def needing(**needs: Give) -> Mapping[str, Give]:
    """What a unit needs to begin, by the cause that it waits for without it; `idle` where there is no instruction."""
    return needs


class Conformance:
    """The tests. A subclass says which unit it is of, and what it needs to act; `program` has its instruction."""

    path: ClassVar[str]
    program: ClassVar[str] = "vmm"
    needs: ClassVar[Mapping[str, Give]]
    lag: ClassVar[int] = 0
    """Cycles from the last of its needs to its first event: 1 where it must ask the arbiter."""

    def alone(self, cycles: Mapping[str, int | None], listeners: int = 1) -> tuple[TimedChip, Unit, list[Kept]]:
        """A chip on which only this unit has something to do: what it needs is there from some cycles on, or never."""
        kept = [Kept() for _ in range(listeners)]
        chip = runs_of(self.program).new(kept)
        chip._began = True  # the controller issues nothing
        for give in self.needs.values():
            if hasattr(give, "channel"):
                give.channel(chip).reserve(give.channel(chip).capacity)
        self.begin(chip)
        for cause, cycle in cycles.items():
            if cycle is not None:
                self.needs[cause](chip, cycle)
        return chip, next(unit for unit in chip.units if unit.path == self.path), kept

    def begin(self, chip: TimedChip) -> None:
        """What there is beside the needs: nothing, for an agent."""

    def when(self, **late: int | None) -> dict[str, int | None]:
        """The cycles of all needs: early, but for some."""
        return {cause: late.get(cause, EARLY) for cause in self.needs}

    def earliest(self, cycles: Mapping[str, int | None]) -> int | None:
        """The cycle of the unit's first event; None if it has none."""
        chip, unit, kept = self.alone(cycles)
        chip.kernel.drain(None, 64)
        chip._probe.publish()
        events = [row for row in kept[0].rows[0] if row[2] == unit.number]
        return min((row[0] for row in events), default=None)

    # The tests ---------------------------------------------------------------------------------------------------

    def test_nothing_happens_before_its_stamp_and_all_happens_then(self) -> None:
        """Whatever is seen last, the unit acts in that cycle: not in the one before, in which it may have been made."""
        for cause in self.needs:
            assert self.earliest(self.when(**{cause: LATE})) == LATE + self.lag, cause
            assert self.earliest(self.when(**{cause: LATE + 1})) == LATE + 1 + self.lag, cause

    def test_without_any_of_its_needs_it_waits_for_that_cause(self) -> None:
        for cause in self.needs:
            chip, unit, _ = self.alone(self.when(**{cause: NEVER}))
            chip.kernel.drain(None, 64)
            assert (CAUSES[unit.cause], unit.busy) == (cause, 0)
            assert unit.cause in {IDLE, *type(unit).causes}

    def test_a_step_that_is_refused_changes_no_state(self) -> None:
        for cause in self.needs:
            chip, unit, _ = self.alone(self.when(**{cause: NEVER}))
            chip.kernel.advance(LATE)
            plan = Plan(chip.parts(), ())
            before = plan.take(chip.now, 0)
            for cycle in range(LATE, LATE + 3):
                unit.alarm.at(cycle)  # type: ignore[attr-defined]  # no lane of a bus is tested here
                chip.kernel.advance(cycle + 1)
            assert plan.take(chip.now, 0) == before, cause

    def test_every_cycle_is_busy_waiting_for_a_declared_cause_or_idle(self) -> None:
        chip, unit, _ = self.alone(self.when(**dict.fromkeys(self.needs, LATE)))
        chip.kernel.drain(None, 64)
        end = max(one.since for one in chip.units) + 7
        unit.close(end)
        assert unit.busy + sum(unit.spent) == end
        assert unit.busy > 0
        assert {cause for cause, spent in enumerate(unit.spent) if spent} <= {IDLE, *type(unit).causes}

    def test_a_snapshot_in_every_cycle_is_restored(self) -> None:
        cycles = {cause: LATE + 2 * number for number, cause in enumerate(self.needs)}
        whole, unit, _ = self.alone(cycles)
        whole.kernel.drain(None, 64)
        for cycle in range(LATE - 2, unit.since + 2, 1 + unit.since // 100):
            first, _, _ = self.alone(cycles)
            first.kernel.advance(cycle)
            second = runs_of(self.program).new()
            second.restore(first.snapshot())
            second.kernel.drain(None, 64)
            found = next(one for one in second.units if one.path == self.path)
            assert (found.since, found.busy, found.spent) == (unit.since, unit.busy, unit.spent)

    def test_observers_change_nothing(self) -> None:
        ends = []
        for listeners in (0, 1, 5):
            chip, _, kept = self.alone(self.when(), listeners)
            chip.kernel.drain(None, 64)
            ends.append((chip.snapshot().state, chip.snapshot().sums))
            assert len({str(one.rows) for one in kept}) <= 1
        assert ends[0] == ends[1] == ends[2]

    def test_an_agent_declares_what_it_executes(self) -> None:
        _, unit, _ = self.alone({})
        if isinstance(unit, Agent):
            assert unit.executes
