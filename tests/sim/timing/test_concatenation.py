"""Writes that shift a pixel's channels, and leave the others as they were: concatenation inside a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.errors import AcortexError
from acortex.isa import assemble
from acortex.sim.run import run

ACCESS = 2

Watch = Callable[..., Any]

RANDOM = np.random.default_rng(5)


def source(first: int, second: int, side: int, order: str) -> str:
    """Joins two images of `side` x `side` pixels, the one of `second` channels behind that of `first`."""
    words, total = [-(-channels // 64) for channels in (first, second)], -(-(first + second) // 64)
    pixels = side * side
    copies = {
        "a": f" read d0, to=vector\n requant q0, {words[0] * pixels}\n"
        f" write d3, source=vector, tail={first % 64 or 64}\n",
        "b": f" read d1, to=vector\n requant q0, {words[1] * pixels}\n"
        f" write d4, source=vector, shift={first % 64}, tail={second % 64 or 64}\n",
    }
    z = words[0] * pixels
    y = z + words[1] * pixels
    behind = first // 64
    return f""".program join
.chip acortex_gnmt
.input a, shape={first}x{side}x{side}
.input b, shape={second}x{side}x{side}
.output y, shape={first + second}x{side}x{side}
 quant q0, 1, 0, activation=relu
 start
 base d0, 0
 dim d0, 0, {z}
 base d1, {z}
 dim d1, 0, {words[1] * pixels}
 base d2, {y}
 dim d2, 0, {total * pixels}
 base d3, {y}
 dim d3, 0, {words[0]}
 dim d3, 1, {pixels}, stride={total}
 base d4, {y + behind}
 dim d4, 0, {total - behind}
 dim d4, 1, {pixels}, stride={total}
 inference
 input a, d0
 input b, d1
 signal host_in, t0
 await read, t0
{"".join(copies[name] for name in order)}
 signal write, t1
 await host_out, t1
 output y, d2
 endinference
 halt
"""


@pytest.mark.parametrize(
    ("first", "second", "order"),
    [(40, 24, "ab"), (40, 24, "ba"), (20, 178, "ab"), (20, 178, "ba"), (104, 40, "ab"), (64, 10, "ba"), (1, 63, "ab")],
)
def test_two_branches_become_one_image(first: int, second: int, order: str) -> None:
    a, b = (RANDOM.integers(0, 16, (1, channels, 2, 2)) for channels in (first, second))
    made = run(assemble(source(first, second, 2, order)), inputs={"a": a, "b": b}).outputs["y"]
    np.testing.assert_array_equal(made, np.concatenate((a, b), axis=1))


# Time: three words a pixel from the neurons, moved by 20 channels into four -----------------------------------------

SHIFTED = """.program shifted
.chip acortex_gnmt
.input x, shape=128
.output y, shape=396
.weights w, 64x178, file="w.npz", key=w
 group g0, 64, 178
 rect g0, 0, 0, 1, 3
 program g0, w
 quant q0, 1, 5, zero=8
 start
 connect g0
 base d0, 0
 dim d0, 0, 2
 base d1, 2
 dim d1, 0, 4
 dim d1, 1, 2, stride=4
 base d2, 2
 dim d2, 0, 7
 inference
 input x, d0
 signal host_in, t0
 await read, t0
 read d0
 feed 2, 1
 multiply g0, 2
 convert q0, 2
 write d1, shift=20, tail=50
 signal write, t1
 await host_out, t1
 output y, d2
 endinference
 halt
"""


@pytest.fixture
def shifted(watch: Watch, tmp_path: Path) -> Callable[..., Any]:
    """Runs two positions; the weights lie where the source looks for them."""
    np.savez(tmp_path / "w.npz", w=RANDOM.integers(-8, 8, (64, 178)).astype(np.int8))
    return lambda *settings: watch(SHIFTED, RANDOM.integers(0, 16, (1, 128)), settings, "acortex_gnmt", tmp_path)


def test_every_word_written_is_an_access_and_only_words_that_come_cross_the_bus(shifted: Callable[..., Any]) -> None:
    counts = shifted().result.report["counts"]
    assert (counts["main_memory.writes"], counts["bus_words.up"]) == (2 + 2 * 4, 2 * 3)


def test_what_is_left_over_follows_at_once_and_takes_no_word(shifted: Callable[..., Any]) -> None:
    run = shifted()
    (_, first), (_, second) = run.events["neurons", "neurons.convert"]
    granted = run.starts("main_memory/write", "memory.write")
    assert granted == [end + 1 + word * ACCESS for end in (first, second) for word in range(4)]
    assert run.starts("buses/up", "bus.up") == [end + 1 + word * ACCESS for end in (first, second) for word in range(3)]


def test_the_last_place_in_codes_is_free_before_what_is_left_over_is_written(shifted: Callable[..., Any]) -> None:
    # Memory is so slow that the next sample is there first: it waits until the third word has crossed the bus.
    slow = ("neurons.output_words=3", "memory.access_cycles=40", "memory.bank_cycles=40")
    run = shifted(*slow)
    granted = run.starts("main_memory/write", "memory.write")
    _, second = run.starts("neurons", "neurons.convert")
    assert second == granted[2] + 1 < granted[3]
    assert run.waits["neurons", "output_full"][-1][1] == second


def test_channels_that_fit_no_word_are_an_error() -> None:
    text = source(40, 24, 1, "ab").replace("shift=40, tail=24", "shift=40, tail=25")
    with pytest.raises(AcortexError) as caught:
        run(assemble(text, file="join.s"))
    assert (
        caught.value.message
        == "25 channels from channel 40 on need 2 words, and axis 0 of the stream has 1 for a pixel"
    )
    assert caught.value.hint == "give axis 0 an extent of at least 2, or lower shift or tail"
