"""The operand agent: it reads beside the read agent, and runs ahead as far as its queue has room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from acortex.errors import AcortexError

WORDS = 4
ACCESS = 2
LATENCY = 12

SOURCE = f""".program sums
.chip    acortex_digits
.input   x, shape={WORDS * 64}
.output  y, shape={WORDS * 64}
quant    q0, 1, 0, activation=relu
quant    q1, 1, 0, activation=relu
start
inference
base     d0, 0
dim      d0, 0, {WORDS}
base     d1, {WORDS}
dim      d1, 0, {WORDS}
input    x, d0
signal   host_in, t0
signal   host_in, t1
await    read, t0
await    operand, t1
read     d0, to=vector
operand  d0
add      q0, q1, {WORDS}
write    d1, source=vector
signal   write, t2
await    host_out, t2
output   y, d1
endinference
halt
"""
"""Doubles every code of its input."""

CODES = np.random.default_rng(3).integers(0, 8, (1, WORDS * 64))

Watch = Callable[..., Any]


@pytest.fixture
def free(watch: Watch) -> Any:
    """The run with room for every word."""
    return watch(SOURCE, CODES)


@pytest.fixture
def tight(watch: Watch) -> Any:
    """The run with room for two words on each side of the vector agent."""
    return watch(SOURCE, CODES, ["vector.queue_words=2"])


def begin(run: Any) -> int:
    """The first grant of the read agent: two cycles after its token, for request and grant."""
    first: int = run.starts("main_memory/read", "memory.read")[0]
    assert first == run.starts("main_memory/read", "sync")[0] + 2
    return first


def test_the_operand_is_added(free: Any) -> None:
    np.testing.assert_array_equal(free.output(), 2 * CODES)


def test_operands_go_before_reads_at_the_port(free: Any) -> None:
    # Its token is made one cycle after the read agent's: the first access is read's, then every request of both is
    # seen by the arbiter when the port is free again.
    a = begin(free)
    assert free.starts("main_memory/operand", "memory.read") == [a + ACCESS * (1 + word) for word in range(WORDS)]
    assert free.starts("main_memory/read", "memory.read") == [a, *(a + ACCESS * (1 + WORDS + w) for w in range(3))]


def test_an_operand_is_seen_a_latency_after_its_grant_and_not_a_cycle_sooner(free: Any) -> None:
    steps = free.starts("vector", "vector.step")
    assert steps[0] == free.starts("main_memory/operand", "memory.read")[0] + LATENCY
    word, operand = begin(free) + LATENCY, steps[0]
    assert free.waits["vector", "operand"] == [(word, operand)]


def test_it_waits_for_its_port_while_another_has_it(free: Any) -> None:
    a = begin(free)
    assert free.waits["main_memory/operand", "grant"][0] == (a, a + 1)
    assert free.waits["main_memory/operand", "port"] == [(a + 1, a + ACCESS)]


def test_it_runs_ahead_as_far_as_its_queue_has_room(tight: Any) -> None:
    # Two words are taken at once; the third waits for the end of the first step. The request follows in the next cycle,
    # with that of the first sum, and writes go first.
    a = begin(tight)
    granted = tight.starts("main_memory/operand", "memory.read")
    step = tight.events["vector", "vector.step"][0]
    assert granted[:2] == [a + ACCESS, a + 2 * ACCESS]
    assert step == (a + ACCESS + LATENCY, a + ACCESS + LATENCY + 1)
    assert granted[2] == step[1] + 1 + ACCESS
    assert tight.waits["main_memory/operand", "operand_full"][0] == (granted[1] + ACCESS, step[1])


def test_it_needs_room_for_no_more_than_one_word(watch: Watch) -> None:
    run = watch(SOURCE, CODES, ["vector.queue_words=1"])
    np.testing.assert_array_equal(run.output(), 2 * CODES)


def test_signals_of_the_agent_say_that_its_reads_have_ended(watch: Watch) -> None:
    source = SOURCE.replace("add ", "signal   operand, t5\nawait    host_out, t5\nadd ")
    run = watch(source, CODES)
    last = run.events["main_memory/operand", "memory.read"][-1]
    assert run.starts("main_memory/operand", "sync")[1] == last[1]


def test_an_operand_that_nothing_orders_behind_its_write_is_an_error(watch: Watch) -> None:
    with pytest.raises(AcortexError) as caught:
        watch(SOURCE.replace("await    operand, t1\n", ""), CODES)
    assert caught.value.message == (
        "operand reads word 0 of main memory, which is written by input at test.s:13, and nothing orders the two"
    )
    assert caught.value.hint == ("signal a token from host_in after that line, and await it in operand before this one")
