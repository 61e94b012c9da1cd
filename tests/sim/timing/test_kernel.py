"""The event loop: alarms among simpy's own events, in the order of cycles and ranks, whoever made them first."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import simpy

from acortex.sim.timing.kernel import CHAIN, Alarm, Kernel

Told = list[tuple[str, int]]


def alarm(kernel: Kernel, told: Told, name: str, rank: int = 0) -> Alarm:
    """An alarm that says when it rings."""
    return Alarm(kernel, rank, lambda now: told.append((name, now)))


def test_alarms_ring_in_the_order_of_cycles_and_then_of_ranks() -> None:
    kernel, told = Kernel(), Told()
    alarms = {name: alarm(kernel, told, name, rank) for name, rank in (("c", 2), ("a", 0), ("b", 1))}
    for name, cycle in (("c", 5), ("b", 5), ("a", 5), ("b", 5)):
        alarms[name].at(cycle)
    kernel.drain(None, 64)
    assert told == [("a", 5), ("b", 5), ("c", 5)]


def test_an_alarm_that_is_moved_sooner_rings_once_and_one_that_is_moved_later_does_not_move() -> None:
    kernel, told = Kernel(), Told()
    one = alarm(kernel, told, "one")
    for cycle in (9, 4, 7):
        one.at(cycle)
    kernel.drain(None, 64)
    assert told == [("one", 4)]
    assert kernel.queue == []


def test_an_alarm_rings_again_in_the_cycle_of_a_stale_entry_once() -> None:
    kernel, told = Kernel(), Told()

    def again(now: int) -> None:
        told.append(("one", now))
        if now == 4:
            one.at(9)

    one = Alarm(kernel, 0, again)
    one.at(9)
    one.at(4)
    kernel.drain(None, 64)
    assert told == [("one", 4), ("one", 9)]


def test_no_alarm_rings_before_its_floor() -> None:
    kernel, told = Kernel(), Told()
    one = alarm(kernel, told, "one")
    one.floor = 12
    one.at(3)
    kernel.drain(None, 64)
    assert told == [("one", 12)]


@pytest.mark.parametrize("first", ["process", "alarm"])
def test_processes_of_simpy_act_before_all_units_of_their_cycle(first: str) -> None:
    kernel, told = Kernel(), Told()

    def process() -> Generator[simpy.Event, Any, None]:
        while kernel.now < 12:
            yield kernel.timeout(4)
            told.append(("process", int(kernel.now)))

    def again(now: int) -> None:
        told.append(("unit", now))
        if now < 12:
            one.at(now + 4)

    one = Alarm(kernel, 0, again)
    made = {"process": lambda: kernel.process(process()), "alarm": lambda: one.at(4)}
    made.pop(first)()
    next(iter(made.values()))()
    kernel.drain(None, 64)
    assert told == [(name, cycle) for cycle in (4, 8, 12) for name in ("process", "unit")]


@pytest.mark.parametrize("others", [0, 1])
def test_alarms_that_come_next_ring_in_one_step_of_simpy_in_their_order(others: int) -> None:
    kernel, told = Kernel(), Told()

    def again(name: str) -> Any:
        def action(now: int) -> None:
            told.append((name, now))
            if now < 100:
                alarms[name].at(now + 1)

        return action

    alarms = {name: Alarm(kernel, rank, again(name)) for rank, name in enumerate("ab"[: 1 + others])}
    for one in alarms.values():
        one.at(0)
    steps = 0
    while kernel.advance_a_step():
        steps += 1
    assert told == [(name, now) for now in range(101) for name in alarms]
    assert steps == -(-101 * (1 + others) // len(CHAIN))


def test_a_process_that_comes_between_two_alarms_of_a_chain_has_its_turn() -> None:
    """What an alarm schedules for its own cycle comes before the alarms after it; so does what came on the heap."""
    kernel, told = Kernel(), Told()

    def process() -> Generator[simpy.Event, Any, None]:
        yield kernel.timeout(3)
        told.append(("process", int(kernel.now)))

    def asks(now: int) -> None:
        told.append(("asks", now))
        event = simpy.Event(kernel)
        event.callbacks.append(lambda _: told.append(("event", int(kernel.now))))
        event._ok, event._value = True, None
        kernel.schedule(event, delay=now - kernel.now)

    first, second = Alarm(kernel, 0, asks), alarm(kernel, told, "second", 1)
    for cycle in (2, 4):
        first.at(cycle)
        second.at(cycle)
        if cycle == 2:
            kernel.process(process())
            kernel.drain(4, 1)
    kernel.drain(None, 1)
    assert told == [
        ("asks", 2), ("event", 2), ("second", 2), ("process", 3), ("asks", 4), ("event", 4), ("second", 4)
    ]  # fmt: skip


def test_two_alarms_of_one_kernel_have_two_ranks() -> None:
    kernel, told = Kernel(), Told()
    alarm(kernel, told, "one", 3)
    with pytest.raises(AssertionError, match="rank 3 is taken"):
        alarm(kernel, told, "other", 3)


def test_nothing_happens_at_a_limit_or_after_it_and_the_rest_can_go_on() -> None:
    kernel, told = Kernel(), Told()
    for cycle in (5, 6, 7):
        alarm(kernel, told, str(cycle), cycle).at(cycle)
    assert not kernel.drain(6, 64)
    assert told == [("5", 5)]
    assert kernel.drain(None, 64)
    assert told == [("5", 5), ("6", 6), ("7", 7)]


def test_the_clock_counts_whole_numbers() -> None:
    kernel, told = Kernel(), Told()
    alarm(kernel, told, "one").at(1 << 60)
    kernel.drain(None, 64)
    assert told == [("one", 1 << 60)] and isinstance(kernel.now, int)


def test_a_process_bears_the_name_of_its_function() -> None:
    kernel = Kernel()

    def my_host() -> Generator[simpy.Event, Any, None]:
        yield kernel.timeout(1)

    assert kernel.process(my_host()).name == "my_host"


def going_on(others: dict[int, int], cycles: int, stop: int | None = None) -> tuple[Told, int]:
    """What rings where an alarm of rank 3 goes on each cycle if it may; others ring once each, by their ranks."""
    kernel, told, queued = Kernel(), Told(), 0

    def act(now: int) -> None:
        nonlocal queued
        queued += 1
        while True:
            assert kernel.cycle == now
            told.append(("one", now))
            if now + 1 == cycles or not one.comes_next(now + 1):
                return
            now += 1

    one = Alarm(kernel, 3, act)
    one.at(0)
    for rank, cycle in others.items():
        alarm(kernel, told, f"rank {rank}", rank).at(cycle)
    kernel.drain(stop, 64)
    return told, queued


@pytest.mark.parametrize("rank", [0, 2, 4, 9])
@pytest.mark.parametrize("cycle", range(6))
def test_an_alarm_goes_on_at_once_where_it_comes_next_and_the_order_is_that_of_all_alarms(
    rank: int, cycle: int
) -> None:
    told, queued = going_on({rank: cycle}, 5)
    rings = [(now, 3, "one") for now in range(5)] + [(cycle, rank, f"rank {rank}")]
    assert told == [(name, now) for now, _, name in sorted(rings)]
    before = (1 <= cycle < 5 and rank < 3) or (1 <= cycle + 1 < 5 and rank > 3)
    assert queued == 1 + before


def test_an_alarm_that_comes_next_does_not_go_on_at_the_limit_of_a_run() -> None:
    told, queued = going_on({}, 9, stop=4)
    assert told == [("one", now) for now in range(4)]
    assert queued == 1


def test_an_alarm_does_not_go_on_past_an_event_of_simpy() -> None:
    kernel, told = Kernel(), Told()

    def process() -> Generator[simpy.Event, Any, None]:
        yield kernel.timeout(2)
        told.append(("process", kernel.now))

    kernel.process(process())
    one = Alarm(kernel, 0, lambda now: act(now))

    def act(now: int) -> None:
        told.append(("one", now))
        while now < 3 and one.comes_next(now + 1):
            now += 1
            told.append(("one", now))

    one.at(0)
    kernel.drain(None, 64)
    assert told == [("one", 0), ("one", 1), ("process", 2), ("one", 2), ("one", 3)]
