"""Odd processes of a user: their exceptions arrive as they are, and what is no process, number or cycle is refused."""

from __future__ import annotations

import re
import traceback
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import simpy
from echo_runs import WORDS, Steps, echo, idles, sends

import acortex
from acortex.errors import UsageError
from acortex.sim.timing.processes import MOST_WORDS, Handle


class OddError(Exception):
    """One that cannot be made of its `args`."""

    def __init__(self, number: int, *, what: str) -> None:
        super().__init__(f"{what} {number}")


def test_an_exception_of_a_process_arrives_as_it_was_raised() -> None:
    def fails(chip: Handle) -> Steps:
        yield chip.env.timeout(7)
        raise OddError(7, what="cycle")

    with pytest.raises(OddError, match="cycle 7") as caught:
        echo(fails)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[-1].name == "fails" and frames[-1].filename == __file__
    assert caught.value.__context__ is None


def test_an_exception_that_another_process_handles_ends_nothing() -> None:
    def fails(chip: Handle) -> Steps:
        yield chip.env.timeout(2)
        raise ValueError("for its parent")

    told: list[str] = []

    def parent(chip: Handle) -> Steps:
        try:
            yield chip.env.process(fails(chip))
        except ValueError as error:
            told.append(str(error))

    assert echo(parent).cycles == echo().cycles
    assert told == ["for its parent"]


def test_an_exception_that_cannot_be_made_anew_reaches_the_process_that_waits_as_it_was_raised() -> None:
    raised = OddError(7, what="child")

    def fails(chip: Handle) -> Steps:
        yield chip.env.timeout(2)
        raise raised

    def waits(chip: Handle) -> Steps:
        yield chip.env.process(fails(chip)) & chip.env.timeout(9)

    def handles(chip: Handle) -> Steps:
        try:
            yield chip.env.process(waits(chip))
        except OddError as error:
            told.append(error)

    told: list[OddError] = []
    assert echo(handles).cycles == echo().cycles
    assert told == [raised]
    with pytest.raises(OddError, match="child 7") as caught:
        echo(waits)
    assert caught.value is raised and caught.value.__context__ is None


def test_an_interrupt_reaches_a_process_and_its_access_goes_on() -> None:
    causes: list[object] = []

    def reads_on(chip: Handle) -> Steps:
        try:
            while True:
                yield chip.read(1)
        except simpy.Interrupt as interrupt:
            causes.append(interrupt.cause)

    def interrupts(chip: Handle) -> Steps:
        other = chip.env.process(reads_on(chip))
        yield chip.env.timeout(5)
        other.interrupt("enough")
        yield other

    echo(interrupts)
    assert causes == ["enough"]


def test_what_is_no_event_is_named_with_the_line_of_the_process() -> None:
    def yields_a_number(chip: Handle) -> Steps:
        yield 5

    with pytest.raises(RuntimeError, match="in yields_a_number") as caught:
        echo(yields_a_number)
    assert __file__ in str(caught.value) and 'Invalid yield value "5"' in str(caught.value)


@pytest.mark.parametrize(("given", "hint"), [(5, ""), ([], ""), (idles, "call the function: `env.process(f())`")])
def test_a_process_within_a_process_is_made_of_a_generator(given: Any, hint: str) -> None:
    def process(chip: Handle) -> Steps:
        chip.env.process(given)
        yield chip.env.timeout(1)

    with pytest.raises(UsageError, match="a process is made of a generator, not of") as caught:
        echo(process)
    assert caught.value.hint == hint


def test_processes_that_never_let_a_cycle_end_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acortex.sim.timing.kernel.MOST_STEPS", 5_000)

    def goes_round(chip: Handle) -> Steps:
        yield chip.env.timeout(7)
        while True:
            yield chip.env.timeout(0)

    for more in ({}, {"max_cycles": 60}):
        with pytest.raises(UsageError, match=r"more than 5,000 events have happened in cycle 7, which does not end"):
            echo(goes_round, **more)

    def busy(chip: Handle) -> Steps:
        for _ in range(20):
            yield chip.env.all_of([chip.env.timeout(1) for _ in range(1_000)])

    assert echo(busy).cycles == echo().cycles


@pytest.mark.parametrize("delay", [float("nan"), np.float32("nan")])
def test_a_delay_that_is_no_number_is_refused(delay: float) -> None:
    def process(chip: Handle) -> Steps:
        yield chip.env.timeout(delay)

    with pytest.raises(UsageError, match="process: a delay is nan cycles, allowed is 0 or more"):
        echo(process)


def test_time_does_not_go_back() -> None:
    def process(chip: Handle) -> Steps:
        yield chip.env.timeout(4)
        chip.env.schedule(chip.env.event(), delay=-1)

    with pytest.raises(UsageError, match="a delay is -1 cycles, allowed is 0 or more"):
        echo(process)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float16, np.float32, np.int64, float, Fraction])
def test_a_delay_of_any_kind_of_number_is_as_long_as_a_python_integer(kind: Any) -> None:
    """A sum of NumPy's small numbers would wrap around, or lose its lowest bits."""
    told: list[tuple[int, int]] = []

    def process(chip: Handle) -> Steps:
        yield chip.env.timeout(kind(250))
        for _ in range(300):
            yield chip.env.timeout(kind(100))
        told.append((chip.now, (yield chip.read(0))))

    def offers_late(chip: Handle) -> Steps:
        host = chip.take_host()
        yield chip.env.timeout(40_000)
        host.offer(WORDS)

    echo(process, offers_late)
    assert told == [(30_250, 30_251)]


def test_a_process_between_two_cycles_may_not_touch_the_chip() -> None:
    def process(chip: Handle) -> Steps:
        yield chip.env.timeout(0.5)
        chip.read(0)

    with pytest.raises(UsageError, match=r"it is 0\.5, between two cycles"):
        echo(process)


def test_what_is_no_process_is_refused() -> None:
    with pytest.raises(UsageError, match="this one returned NoneType"):
        echo(lambda chip: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(UsageError, match="processes are a list of functions"):
        acortex.run("zoo:digits_mlp", processes=idles)  # type: ignore[arg-type]
    with pytest.raises(
        UsageError, match="main_memory/process0: processes are functions of one argument, and this is 5"
    ):
        echo(5)  # type: ignore[arg-type]
    for given in (None, iter([idles])):
        with pytest.raises(UsageError, match="processes are a list of functions"):
            acortex.run("zoo:digits_mlp", processes=given)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="processes need time"):
        acortex.run("zoo:digits_mlp", timing=False, processes=[idles])


@pytest.mark.parametrize(("ask", "message"), [
    (lambda chip: chip.queued("reed"), "the chip has no agent 'reed'"),
    (lambda chip: chip.queued(["read"]), r"the chip has no agent \['read'\]"),
    (lambda chip: chip.take_host().offer(np.array([4])), r"a number of words is array\(\[4\]\), allowed is 1 to"),
    (lambda chip: chip.granted("buffer"), "buffer asks for no access to main memory"),
    (lambda chip: chip.take_host().offer(0), "a number of words is 0, allowed is 1 to"),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused(ask: Callable[[Handle], object], message: str) -> None:
    def process(chip: Handle) -> Steps:
        ask(chip)
        yield chip.env.timeout(1)

    with pytest.raises(UsageError, match=message):
        echo(process)


@pytest.mark.parametrize("address", [-1, 32, 2.5, True, "0"])
def test_an_address_that_memory_has_not_is_refused_with_its_range(address: Any) -> None:
    def process(chip: Handle) -> Steps:
        yield chip.read(address)

    message = re.escape(f"main_memory/process0: an address of main memory is {address!r}, allowed is 0 to 31")
    with pytest.raises(UsageError, match=message):
        echo(process)


def test_millions_of_words_are_offered_at_once() -> None:
    tracemalloc.start()
    result = echo(sends((0, MOST_WORDS)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.cycles == echo().cycles
    assert peak < 20_000_000
