"""The event loop held to a sorted list, the simplest one that there is: who acts in which cycle, and in which order."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol

import simpy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acortex.sim.timing.kernel import LAST, Alarm, Kernel

Told = list[tuple[str, int]]
Arm = tuple[int, int]
"""An alarm by its number, and how many cycles from now it is armed for."""


@dataclass(frozen=True)
class Plan:
    """What happens: alarms by their ranks, what each arms as it rings, and processes that arm others at some cycles."""

    ranks: tuple[int, ...]
    first: tuple[Arm, ...]
    floors: tuple[int, ...]
    rings: tuple[tuple[Arm, ...], ...]
    """What the ring of that number, of all rings of the run, arms."""
    processes: tuple[tuple[tuple[int, Arm], ...], ...]
    """For each process its steps: the cycles that it waits, and what it arms then, from the next cycle on."""
    events: tuple[int | None, ...] = ()
    """How many cycles after the ring of that number an event of simpy comes, as one for which a process waits."""

    def event(self, ring: int) -> int | None:
        """How many cycles after a ring an event comes, if one does."""
        return self.events[ring] if ring < len(self.events) else None


class Loop(Protocol):
    """What both event loops can do."""

    told: Told

    def run(self, limit: int | None) -> None: ...

    def steps(self) -> None: ...


class Naive:
    """A list of what is to happen, in which the least is found anew each time. Processes come before alarms."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.told, self.rung = plan, Told(), 0
        self.due: list[int | None] = [None] * len(plan.ranks)
        self.floor = list(plan.floors)
        self.next = [[0, steps[0][0]] if steps else [0, None] for steps in plan.processes]
        self.events: list[tuple[int, int]] = []
        for number, delay in plan.first:
            self.arm(number, delay)

    def arm(self, number: int, cycle: int) -> None:
        cycle, due = max(cycle, self.floor[number]), self.due[number]
        self.due[number] = cycle if due is None else min(cycle, due)

    def least(self) -> tuple[int, int, int, int] | None:
        """The cycle, whether it is an alarm, its rank and its number."""
        alarms = [(due, 1, self.plan.ranks[one], one) for one, due in enumerate(self.due) if due is not None]
        others = [(cycle, 0, 0, one) for one, (_, cycle) in enumerate(self.next) if cycle is not None]
        return min(alarms + others + [(cycle, 0, 1, ring) for cycle, ring in self.events], default=None)

    def run(self, limit: int | None) -> None:
        while (least := self.least()) is not None and (limit is None or least[0] < limit):
            self.happens(*least)

    def steps(self) -> None:
        self.run(None)

    def happens(self, now: int, is_alarm: int, is_event: int, number: int) -> None:
        if is_event and not is_alarm:
            self.events.remove((now, number))
            self.told.append((f"process of ring {number}", now))
            return
        if is_alarm:
            self.due[number] = None
            self.told.append((f"alarm {number}", now))
            for other, delay in self.plan.rings[self.rung] if self.rung < len(self.plan.rings) else ():
                self.arm(other, now + delay)
            event = self.plan.event(self.rung)
            self.events += [] if event is None else [(now + event, self.rung)]
            self.rung += 1
            return
        self.told.append((f"process {number}", now))
        step = self.next[number][0]
        other, delay = self.plan.processes[number][step][1]
        self.arm(other, now + 1 + delay)
        more = self.plan.processes[number][step + 1 :]
        self.next[number] = [step + 1, now + more[0][0] if more else None]


class Ours:
    """The kernel."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.told, self.rung = plan, Told(), 0
        self.kernel = Kernel()
        self.alarms = [Alarm(self.kernel, rank, self.action(number)) for number, rank in enumerate(plan.ranks)]
        for alarm, floor in zip(self.alarms, plan.floors, strict=True):
            alarm.floor = floor
        for number, steps in enumerate(plan.processes):
            self.kernel.process(self.process(number, steps))
        for number, delay in plan.first:
            self.alarms[number].at(delay)

    def action(self, number: int) -> Any:
        def action(now: int) -> None:
            assert self.alarms[number].now == now == self.kernel.cycle
            self.told.append((f"alarm {number}", now))
            for other, delay in self.plan.rings[self.rung] if self.rung < len(self.plan.rings) else ():
                self.alarms[other].at(now + delay)
            event = self.plan.event(self.rung)
            if event is not None:
                self.event(self.rung, now + event)
            self.rung += 1

        return action

    def event(self, ring: int, cycle: int) -> None:
        event = simpy.Event(self.kernel)
        event._ok, event._value = True, None
        event.callbacks.append(lambda _: self.told.append((f"process of ring {ring}", int(self.kernel.now))))
        self.kernel.schedule(event, delay=cycle - self.kernel.now)

    def process(self, number: int, steps: tuple[tuple[int, Arm], ...]) -> Generator[simpy.Event, Any, None]:
        for wait, (other, delay) in steps:
            yield self.kernel.timeout(wait)
            now = int(self.kernel.now)
            self.told.append((f"process {number}", now))
            self.alarms[other].at(now + 1 + delay)

    def run(self, limit: int | None) -> None:
        ended = self.kernel.drain(limit, 3)
        assert ended or limit is not None

    def steps(self) -> None:
        while self.kernel.advance_a_step():
            pass
        assert self.kernel.queue == []


DELAYS = st.sampled_from([0, 0, 1, 1, 1, 2, 3, 5, 17, 40])
MOST = 5


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any plan."""
    count = draw(st.integers(1, MOST))
    ranks = tuple(draw(st.permutations(range(count))))
    arms = st.tuples(st.integers(0, count - 1), DELAYS)
    steps = st.tuples(st.integers(1, 9), st.tuples(st.integers(0, count - 1), DELAYS))
    return Plan(
        ranks,
        tuple(draw(st.lists(st.tuples(st.integers(0, count - 1), DELAYS), min_size=1, max_size=6))),
        tuple(draw(st.lists(DELAYS, min_size=count, max_size=count))),
        tuple(tuple(one) for one in draw(st.lists(st.lists(arms, max_size=4), max_size=40))),
        tuple(tuple(one) for one in draw(st.lists(st.lists(steps, min_size=1, max_size=6), max_size=2))),
        tuple(draw(st.lists(st.none() | st.integers(1, 9), max_size=20))),
    )


def by_cycle(told: Told) -> list[tuple[int, list[str], list[str]]]:
    """What happened in each cycle: the processes, in any order among themselves, and then the alarms in theirs."""
    found: list[tuple[int, list[str], list[str]]] = []
    for name, cycle in told:
        if not found or found[-1][0] != cycle:
            found.append((cycle, [], []))
        if name.startswith("process"):
            assert not found[-1][2], "a process acted after a unit"
        found[-1][1 if name.startswith("process") else 2].append(name)
    return [(cycle, sorted(processes), alarms) for cycle, processes, alarms in found]


STALE = Plan((1, 0), ((0, 9), (1, 9), (0, 4), (0, 2)), (0, 0), (((0, 7), (1, 1)), ((0, 6), (0, 5), (1, 6))), ())
"""Entries that a sooner one has replaced stand in cycles in which both alarms ring again."""


@settings(max_examples=300)
@example(STALE, None)
@given(plans(), st.none() | st.lists(st.integers(1, 60), max_size=4))
def test_the_kernel_is_a_sorted_list(plan: Plan, limits: list[int] | None) -> None:
    """In one go, step by step, or up to some limits one after the other: the same happens in the same order."""
    naive, ours = Naive(plan), Ours(plan)
    for loop in (naive, ours):
        if limits is None:
            loop.steps()
        else:
            for limit in sorted(set(limits)):
                loop.run(limit)
            loop.run(None)
    assert by_cycle(ours.told) == by_cycle(naive.told)


@settings(max_examples=100)
@given(plans(), st.lists(st.integers(1, 60), max_size=4))
def test_the_kernel_stops_before_a_cycle(plan: Plan, limits: list[int]) -> None:
    """All before a limit has happened as it stops there, and nothing of its cycle."""
    for limit in limits:
        naive, ours = Naive(plan), Ours(plan)
        naive.run(limit)
        ours.run(limit)
        assert by_cycle(ours.told) == by_cycle(naive.told)


def test_the_last_cycle_that_can_come_comes() -> None:
    plan = Plan((0, 1), ((0, LAST - 2), (1, LAST)), (0, 0), (((0, 1),), ((0, 1),)), ())
    naive, ours = Naive(plan), Ours(plan)
    naive.steps()
    ours.steps()
    assert ours.told == naive.told
    assert ours.told[-1] == ("alarm 1", LAST)


def test_a_limit_of_one_cycle_lets_only_the_first_one_happen() -> None:
    ours = Ours(Plan((0, 1), ((0, 0), (1, 0), (0, 1)), (0, 0), (((0, 1),),), ()))
    ours.run(1)
    assert ours.told == [("alarm 0", 0), ("alarm 1", 0)]
