"""Recurrent cells on a chip: values over a sequence, the rules of the state store, and a step a word in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from acortex.errors import AcortexError
from acortex.isa import assemble
from acortex.isa.arithmetic.quantisers import Quantiser, quantise
from acortex.isa.arithmetic.recurrent import gru_reset_step, gru_step, lstm_step
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run

WORDS = 2
"""Words of state."""

CODES = np.random.default_rng(4).integers(0, 16, (1, 4 * WORDS * 64))
GATES = Quantiser(1, 0, zero=8)
OUT = Quantiser(3, 16, zero=8)

Watch = Callable[..., Any]


def source(*body: str, output: int = WORDS) -> str:
    """A program whose input are words of gates, d0, and whose body writes its output, d1."""
    lines = "\n".join(body)
    return f""".program cell
.chip    acortex_digits
.input   x, shape={4 * WORDS * 64}
.output  y, shape={output * 64}
quant    q0, {OUT.multiplier}, {OUT.shift}, zero={OUT.zero}
quant    q1, 1, 0, zero=8
quant    q2, 1000, 0, zero=8
start
inference
base     d0, 0
dim      d0, 0, {4 * WORDS}
base     d2, 0
dim      d2, 0, {2 * WORDS}
base     d1, {4 * WORDS}
dim      d1, 0, {output}
input    x, d0
signal   host_in, t0
await    read, t0
{lines}
write    d1, source=vector
signal   write, t1
await    host_out, t1
output   y, d1
endinference
halt
"""


SWALLOW = f"write    d1, source=vector, tail=1\nread     d0, to=vector\nlstm     q0, q1, {WORDS}, 5"
LSTM = source("read     d0, to=vector", f"lstm     q0, q1, {WORDS}, 5, first=yes", SWALLOW)


def gates(count: int) -> list[Any]:
    """The words of each gate, int64 of shape (words, 64)."""
    words = CODES.astype(np.int64).reshape(-1, 64)[: count * WORDS]
    return [words[gate::count] for gate in range(count)]


def test_an_lstm_keeps_its_cells_between_steps(watch: Watch) -> None:
    i, f, o, g = gates(4)
    once, _ = lstm_step(i, f, o, g, np.zeros_like(i), GATES)
    _, product = lstm_step(i, f, o, g, once, GATES)
    np.testing.assert_array_equal(watch(LSTM, CODES).output().reshape(WORDS, 64), quantise(product, OUT))


@pytest.mark.parametrize(("stream", "reset", "count"), [("d2", "no", 2), ("d0", "yes", 4)])
def test_a_gru_goes_on_from_a_state_that_was_put(watch: Watch, stream: str, reset: str, count: int) -> None:
    put = [f"base d3, 0\ndim d3, 0, {WORDS}\nread d3, to=vector", f"putstate q2, {WORDS}, 0, zero_a=8"]
    text = source(*put, f"read {stream}, to=vector", f"gru q0, q1, {WORDS}, 0, reset={reset}")
    before = (CODES.reshape(-1, 64)[:WORDS] - 8) * 1000
    step: Any = gru_reset_step if reset == "yes" else gru_step
    after = step(*gates(count), before, GATES)
    np.testing.assert_array_equal(watch(text, CODES).output().reshape(WORDS, 64), quantise(after, OUT))


def test_a_state_is_read_as_often_as_wanted(watch: Watch) -> None:
    put = [f"base d3, 0\ndim d3, 0, {WORDS}\nread d3, to=vector", f"putstate q2, {WORDS}, 9, zero_a=8"]
    text = source(*put, f"getstate q0, {WORDS}, 9", f"getstate q0, {WORDS}, 9", output=2 * WORDS)
    expected = quantise((CODES.reshape(-1, 64)[:WORDS] - 8) * 1000, OUT)
    run = watch(text, CODES)
    np.testing.assert_array_equal(run.output().reshape(-1, 64), np.concatenate((expected, expected)))


# Time -------------------------------------------------------------------------------------------------------------


def test_a_cell_takes_a_step_a_word_and_gives_with_its_last_gate(watch: Watch) -> None:
    # Steps of 5 cycles: words come every 2, so that steps follow without a gap from the second on.
    run = watch(LSTM, CODES, ["vector.step_cycles=5"])
    steps = run.events["vector", "vector.step"]
    assert len(steps) == 2 * 4 * WORDS
    assert [end - start for start, end in steps] == [5] * len(steps)
    assert steps[0][0] == run.starts("main_memory/read", "memory.read")[0] + 12
    assert [end for _, end in steps[:-1]] == [start for start, _ in steps[1:]]
    granted = run.starts("main_memory/write", "memory.write")
    # A request in the cycle after; nobody else is at the port by then.
    assert granted == [steps[4 * word + 3][1] + 1 for word in range(2 * WORDS)]


def test_a_state_that_is_given_takes_a_step_a_word_and_no_word_of_the_stream(watch: Watch) -> None:
    put = [f"base d3, 0\ndim d3, 0, {WORDS}\nread d3, to=vector", f"putstate q2, {WORDS}, 9, zero_a=8"]
    text = source(*put, f"getstate q0, {WORDS}, 9", "signal vector, t5", "await host_out, t5")
    run = watch(text, CODES, ["vector.step_cycles=7"])
    steps = run.events["vector", "vector.step"]
    assert [end for _, end in steps[:-1]] == [start for start, _ in steps[1:]]
    assert run.starts("vector", "sync") == [steps[-1][1]]
    assert len(steps) == 2 * WORDS


def test_a_state_waits_for_room_in_results(watch: Watch) -> None:
    put = [f"base d3, 0\ndim d3, 0, {WORDS}\nread d3, to=vector", f"putstate q2, {WORDS}, 9, zero_a=8"]
    run = watch(source(*put, f"getstate q0, {WORDS}, 9"), CODES, ["vector.queue_words=1"])
    *_, first, second = run.events["vector", "vector.step"]
    granted = run.starts("main_memory/write", "memory.write")[0]
    assert granted == first[1] + 1
    assert second[0] == granted + 1  # the place is free a cycle after the grant
    assert run.waits["vector", "results_full"] == [(first[1], second[0])]


# Rules ------------------------------------------------------------------------------------------------------------

RULES = {
    "never written": (
        LSTM.replace(", first=yes", ""),
        "lstm reads word 5 of the state store, which was never written",
        "say first=yes where a sequence begins, or write it with putstate",
    ),
    "partly written": (
        LSTM.replace(f"{WORDS}, 5, first=yes", f"{WORDS}, 4, first=yes"),
        "lstm reads word 6 of the state store, which was never written",
        "say first=yes where a sequence begins, or write it with putstate",
    ),
    "beyond the store": (
        LSTM.replace("5, first=yes", "1023, first=yes"),
        "lstm needs words 1023 to 1024 of the state store; acortex_digits has 0 to 1023",
        "keep fewer states, or take a chip with vector.state_words=1025",
    ),
    "gates without a one": (
        LSTM.replace("q1, 1, 0, zero=8", "q1, 1, 0, zero=15"),
        "the quantiser of the gates has zero and high at 15: no code of a tanh stands for 1",
        "give high a value above zero, as in the quantiser that made g or n",
    ),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("values", [True, False])
def test_rule_of_the_state_store(name: str, values: bool) -> None:
    text, message, hint = RULES[name]
    with pytest.raises(AcortexError) as caught:
        run(assemble(text, file="cell.s"), inputs=CODES, values=values)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_store_may_be_as_large_as_the_chip_says() -> None:
    text = LSTM.replace(f"{WORDS}, 5", f"{WORDS}, 1023")
    assert run(assemble(text), load_chip("acortex_digits", ["vector.state_words=1025"]), inputs=CODES).cycles > 0
