"""Words that a feed keeps: used by several groups, fetched once; freed by the feed that does not keep them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.errors import AcortexError
from acortex.isa import assemble
from acortex.sim.run import run

RANDOM = np.random.default_rng(6)
CODES = RANDOM.integers(0, 16, (1, 128))
WEIGHTS = RANDOM.integers(-8, 8, (2, 128, 64)).astype(np.int8)


def source(*body: str, output: int) -> str:
    """A program whose input are the two words d0, whose body uses g0 and g1, and writes its output d1."""
    lines = "\n".join(body)
    return f""".program keep
.chip    acortex_digits
.input   x, shape=128
.output  y, shape={output * 64}
.weights w0, 128x64, file="w.npz", key=w0
.weights w1, 128x64, file="w.npz", key=w1
group    g0, 128, 64
rect     g0, 0, 0, 2
program  g0, w0
group    g1, 128, 64
rect     g1, 1, 0, 2
program  g1, w1
quant    q0, 1, 6, zero=8
start
connect  g0
connect  g1
inference
base     d0, 0
dim      d0, 0, 2
base     d1, 2
dim      d1, 0, {output}
input    x, d0
signal   host_in, t0
await    read, t0
{lines}
convert  q0, {output}
write    d1
signal   write, t1
await    host_out, t1
output   y, d1
endinference
halt
"""


BOTH = ("read d0", "feed 1, 2, keep=yes", "multiply g0, 1", "feed 1, 2", "multiply g1, 1")


@pytest.fixture
def watched(watch: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Runs a body."""
    np.savez(tmp_path / "w.npz", w0=WEIGHTS[0], w1=WEIGHTS[1])
    return lambda text, *settings: watch(text, CODES, settings, folder=tmp_path)


def product(vector: Any, group: int) -> Any:
    """A group's codes."""
    return np.clip(np.rint(vector @ WEIGHTS[group].astype(np.int64) / 64) + 8, 0, 15).reshape(-1)


def test_two_groups_take_the_same_words_which_are_fetched_once(watched: Callable[..., Any]) -> None:
    made = watched(source(*BOTH, output=2))
    np.testing.assert_array_equal(made.output()[0], np.concatenate((product(CODES, 0), product(CODES, 1))))
    assert made.result.report["counts"]["bus_words.down"] == 2


def test_the_second_vector_needs_no_new_words(watched: Callable[..., Any]) -> None:
    first, second = watched(source(*BOTH, output=2)).events["buffer", "buffer.slide"]
    assert second[0] == first[1]


def test_the_words_are_free_when_the_feed_that_keeps_none_is_loaded(watched: Callable[..., Any]) -> None:
    again = ("read d0", "feed 1, 2", "multiply g0, 1")
    made = watched(source(*BOTH, *again, output=3), "buffer.words=2")
    loads = made.events["vmm/load", "vmm.load"]
    # A place is free at the end of the second load; the request that it lets through is granted a cycle later.
    assert made.starts("main_memory/read", "memory.read")[2] == loads[1][1] + 1
    assert made.waits["main_memory/read", "buffer_full"][0][1] == loads[1][1]


def test_a_vector_of_several_that_are_kept_needs_all_words_before_its_own(watched: Callable[..., Any]) -> None:
    body = ("read d0", "feed 2, 1, keep=yes", "multiply g0, 2", "feed 2, 1", "multiply g1, 2")
    made = watched(source(*body, output=4), "buffer.windows=4")
    (_, one), (_, two) = made.events["buses/down", "bus.down"]
    assert made.starts("buffer", "buffer.slide") == [one, two, two + 1, two + 2]
    assert made.waits["buffer", "words"][-1] == (one + 1, two)


@pytest.mark.parametrize("timing", [True, False])
def test_words_that_nobody_frees_are_an_error(tmp_path: Path, timing: bool) -> None:
    np.savez(tmp_path / "w.npz", w0=WEIGHTS[0], w1=WEIGHTS[1])
    text = source(*BOTH[:3], "feed 1, 2, keep=yes", "multiply g1, 1", output=2)
    with pytest.raises(AcortexError) as caught:
        run(assemble(text, file="keep.s", folder=tmp_path), inputs=CODES, timing=timing)
    assert caught.value.message == "2 words in the buffer are given here and never taken"


def test_more_words_than_the_buffer_holds_cannot_be_kept(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", w0=WEIGHTS[0], w1=WEIGHTS[1])
    text = source("feed 150, 2, keep=yes", *BOTH, output=2)
    with pytest.raises(AcortexError) as caught:
        run(assemble(text, file="keep.s", folder=tmp_path), inputs=CODES)
    assert caught.value.message == "feed keeps 300 words, and acortex_digits has room for 256"
    assert caught.value.hint == "make positions or words smaller, or take a chip with buffer.words=300"
