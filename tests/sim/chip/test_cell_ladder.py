"""Recurrent cells under contention: each cause that the vector agent waits for, and the bound of each bottleneck.

A step of a cell takes a word, and gives one only with the last of those that a word of states needs; that sets the
bounds, and which steps ask for room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Watch = Callable[..., Any]

STATES = 6
"""Words of states."""

TAKEN = {"lstm": 4, "gru": 2, "gru reset": 4}
"""Words that a cell takes for each word of states."""

CELLS = {
    "lstm": f"lstm q0, q1, {STATES}, 0, first=yes",
    "gru": f"gru q0, q1, {STATES}, 0, first=yes",
    "gru reset": f"gru q0, q1, {STATES}, 0, reset=yes, first=yes",
}

NEURONS = "read d0\nfeed {0}, 1\nmultiply g0, {0}\nconvert q0, {0}, to=vector"
"""What gives words over the bus."""

ONES = "\n".join(".row " + ", ".join("1" if row == column else "0" for column in range(64)) for row in range(64))


def source(name: str, give: str = "read d0, to=vector", before: str = "", times: int = 1) -> str:
    """A program that runs a cell so often on words that `give` brings; `before` stands before the cell."""
    taken = TAKEN[name] * STATES
    return f"""
        .program cells
        .chip acortex_digits
        .input x, shape={taken * 64}
        .output y, shape={STATES * 64}
        .weights w, 64x64
        {ONES}
        group g0, 64, 64
        rect g0, column=0, row=0
        program g0, w
        quant q0, 1, 4, zero=8
        quant q1, 1, 0, zero=8
        start
        connect g0
        inference
        base d0, 0
        dim d0, 0, {taken}
        base d1, {taken}
        dim d1, 0, {STATES}
        base d2, {taken + STATES}
        dim d2, 0, {taken}
        input x, d0
        signal host_in, t0
        await read, t0
        {before}
        loop l0, {times}
turn:   {give.format(taken)}
        {CELLS[name]}
        write d1, source=vector
        next l0, turn
        signal write, t1
        await host_out, t1
        output y, d1
        endinference
        halt
    """


@pytest.fixture
def cells(watch: Watch) -> Callable[..., Any]:
    """Runs a cell, some settings changed."""

    def run(name: str, settings: tuple[str, ...] = (), **parts: Any) -> Any:
        codes = np.random.default_rng(6).integers(0, 16, (1, TAKEN[name] * STATES * 64))
        return watch(source(name, **parts), codes, ["memory.capacity_kb=4", *settings])

    return run


LATE = "input x, d2\nsignal host_in, t9\nawait {}, t9"
"""Makes an agent wait for a second input, of words that nobody else uses."""

WAITS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "token": ((), {"before": LATE.format("vector")}),
    "stream": ((), {}),
    "results_full": (("vector.queue_words=2",), {"before": LATE.format("write")}),
    "grant": ((), {"give": NEURONS}),
    "crossing": ((), {"give": NEURONS}),
}


def test_a_cell_has_every_cause_of_the_vector_agent_but_the_operand_and_a_bus_that_another_has(
    in_the_norm: set[tuple[str, str]],
) -> None:
    assert {cause for unit, cause in in_the_norm if unit == "vector"} == {*WAITS, "operand", "bus"}


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("cause", WAITS)
def test_a_cell_waits_for_each_cause_and_its_time_adds_up(cells: Any, name: str, cause: str) -> None:
    settings, parts = WAITS[cause]
    run = cells(name, settings, **parts)
    assert run.waits["vector", cause]
    for spent in run.report["utilisation"].values():
        assert sum(spent.values()) == run.report["cycles"]


@pytest.mark.parametrize("name", TAKEN)
def test_only_the_step_that_gives_a_word_waits_for_room(cells: Any, name: str) -> None:
    run = cells(name, ("vector.queue_words=1", "host.word_cycles=20"), before=LATE.format("write"))
    steps, granted = run.events["vector", "vector.step"], run.starts("main_memory/write", "memory.write")
    taken = TAKEN[name]
    # The second word's first steps go on while the first waits for the write agent, which has not begun.
    assert steps[2 * taken - 2][1] < granted[0]
    # Its last step, that gives, begins as the place is free, a cycle after the grant, and no cycle earlier.
    assert steps[2 * taken - 1][0] == granted[0] + 1


# Bounds: cycles from one word of states to the next, where one part is the bottleneck


def memory_bound(taken: int) -> int:
    """A word of states costs as many reads as the cell takes, and a write: 2 cycles each at the one port."""
    return (taken + 1) * 2


def bus_bound(taken: int) -> int:
    """A word crosses the bus, its step follows, and the next is asked for a cycle before it is granted."""
    return taken * (90 + 1 + 1)


BOUNDS: dict[str, tuple[tuple[str, ...], str, Callable[[int], int], str]] = {
    # name: settings, what gives words, cycles a word of states, the busiest unit
    "memory": ((), "read d0, to=vector", memory_bound, "main_memory/read"),
    "steps": (("vector.step_cycles=7",), "read d0, to=vector", lambda taken: taken * 7, "vector"),
    "bus up": (("buses.word_cycles=90", "memory.ports=2", "buses.down_lanes=4"), NEURONS, bus_bound, "buses/up"),
}


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("bound", BOUNDS)
def test_states_follow_each_other_at_the_bound_of_the_bottleneck(cells: Any, name: str, bound: str) -> None:
    settings, give, cycles, busiest = BOUNDS[bound]
    run = cells(name, settings, give=give, times=8)
    steps, taken = run.starts("vector", "vector.step"), TAKEN[name]
    assert steps[36 * taken] - steps[12 * taken] == 24 * cycles(taken)
    busy = {unit: spent["busy"] for unit, spent in run.report["utilisation"].items()}
    assert max(busy, key=lambda unit: busy[unit]) == busiest
