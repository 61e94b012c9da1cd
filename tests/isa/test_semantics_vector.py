"""What the instructions of the vector agent compute, against plain Python on integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.recurrent import gru_reset_step, gru_step, lstm_step
from acortex.isa.arithmetic.windows import Window
from acortex.isa.semantics import Flow
from acortex.isa.sequencer import Stream

from .dispatches import (
    Codes,
    code,
    codes,
    compute,
    dispatch,
    flow,
    image_stream,
    quantised,
    quantisers,
    seeds,
    under,
    windows,
)


def pooled(image: Codes, window: Window, q: Quantiser, mode: str, inside: bool) -> list[list[int]]:
    """The pooled pixels of an image of shape (height, width, channels)."""
    made = []
    outside = [0 if inside else window.value] * image.shape[2]
    for taps in under(window, len(image)):
        pixels = [image[tap].tolist() if tap else outside for tap in taps]
        count = sum(tap is not None for tap in taps) if inside else len(taps)
        if mode == "max":
            made.append([max(column) for column in zip(*pixels, strict=True)])
        else:
            made.append([quantised(sum(column), q, count) for column in zip(*pixels, strict=True)])
    return made


@given(seeds, windows(), quantisers, st.integers(1, 5), st.integers(1, 2), st.sampled_from(("max", "average")))
def test_pool_takes_the_largest_or_the_mean(
    seed: int, window: Window, q: Quantiser, height: int, words: int, mode: str
) -> None:
    found, wanted = pooling(seed, window, q, height, words, mode, 0)
    assert found == wanted


@given(seeds, windows(), quantisers, st.integers(1, 5))
def test_pool_inside_counts_no_pixel_outside(seed: int, window: Window, q: Quantiser, height: int) -> None:
    assume(all(any(taps) for taps in under(window, height)))
    found, wanted = pooling(seed, window, q, height, 1, "average", 1)
    assert found == wanted


Pooling = tuple[list[list[int]], Flow]
"""The codes that a pooling gives, and what flows."""


def pooling(
    seed: int, window: Window, q: Quantiser, height: int, words: int, mode: str, inside: int
) -> tuple[Pooling, Pooling]:
    """One pooling as the agent computes it, and in plain Python."""
    stream = image_stream(window, height, words)
    image = codes(seed, height, window.width, words * 64)
    what = dispatch("pool", stream, window, q, mode=mode, inside=inside)
    made = compute(image.reshape(-1, 64), what).reshape(window.positions, -1).tolist()
    last = max(last_pixel(taps, window, height) for taps in bounds(window))
    unneeded = stream.size - (last[0] * window.width + last[1] + 1) * words
    lines = min(1 + (window.kernel_y - 1) * window.dilation_y, height)
    kept = {"held": lines * window.width * words, "store": "vector.line_words"}
    wanted = Flow("vector", stream.size, "results", window.positions * words, unneeded=unneeded, **kept)
    return (made, flow(what)), (pooled(image, window, q, mode, bool(inside)), wanted)


def bounds(window: Window) -> list[tuple[int, int]]:
    """The last row and column under the window at each position, wherever they lie."""
    last_y, last_x = (window.kernel_y - 1) * window.dilation_y, (window.kernel_x - 1) * window.dilation_x
    return [
        (row * window.stride_y - window.top + last_y, column * window.stride_x - window.left + last_x)
        for row in range(window.rows)
        for column in range(window.columns)
    ]


def last_pixel(end: tuple[int, int], window: Window, height: int) -> tuple[int, int]:
    """The pixel of the image with which a window that ends there is complete."""
    return min(max(end[0], 0), height - 1), min(max(end[1], 0), window.width - 1)


def test_pool_sees_the_border_s_value_outside_unless_inside() -> None:
    window = Window(3, 3, 1, 1, 1, 1, 2, 1, rows=2, columns=2, top=1, left=1, value=12)
    stream = image_stream(window, 2, 1)
    image = np.full((4, 64), 3, dtype=np.uint8)
    one = Quantiser(1, 0, 0, 0, 255, "none")
    found = {
        (mode, inside): compute(image, dispatch("pool", stream, window, one, mode=mode, inside=inside))[0, 0]
        for mode in ("max", "average")
        for inside in (0, 1)
    }
    assert found == {("max", 0): 12, ("max", 1): 3, ("average", 0): (4 * 3 + 5 * 12) // 9, ("average", 1): 3}


@given(seeds, quantisers, st.integers(1, 1 << 12), st.integers(1, 3), code, code)
def test_add_scales_both_before_it_rounds(seed: int, q: Quantiser, other: int, words: int, a0: int, b0: int) -> None:
    what = dispatch("add", None, None, q, Quantiser(other, 9), words=words, zero_a=a0, zero_b=b0)
    a, b = codes(seed, words, 64), codes(seed + 1, words, 64)
    once = Quantiser(1, q.shift, q.zero, q.low, q.high, q.activation)
    expected = [
        quantised((int(x) - a0) * q.multiplier + (int(y) - b0) * other, once)
        for x, y in zip(a.flat, b.flat, strict=True)
    ]
    assert compute(np.concatenate((a, b)), what).reshape(-1).tolist() == expected
    assert flow(what) == Flow("vector", words, "results", words, operands=words)


@given(seeds, quantisers, st.integers(1, 3), code, code)
def test_mul_multiplies_without_the_zero_codes(seed: int, q: Quantiser, words: int, a0: int, b0: int) -> None:
    what = dispatch("mul", None, None, q, words=words, zero_a=a0, zero_b=b0)
    a, b = codes(seed, words, 64), codes(seed + 1, words, 64)
    expected = [quantised((int(x) - a0) * (int(y) - b0), q) for x, y in zip(a.flat, b.flat, strict=True)]
    assert compute(np.concatenate((a, b)), what).reshape(-1).tolist() == expected
    assert flow(what) == Flow("vector", words, "results", words, operands=words)


@given(seeds, quantisers, st.integers(1, 3), code)
def test_requant_quantises_anew(seed: int, q: Quantiser, words: int, a0: int) -> None:
    what = dispatch("requant", None, None, q, words=words, zero_a=a0)
    a = codes(seed, words, 64)
    assert compute(a, what).reshape(-1).tolist() == [quantised(int(x) - a0, q) for x in a.flat]
    assert flow(what) == Flow("vector", words, "results", words)


@given(seeds, quantisers, st.integers(1, 3), st.booleans(), st.data())
def test_cells_take_a_word_of_each_gate_in_turn(
    seed: int, q: Quantiser, words: int, first: bool, data: st.DataObject
) -> None:
    mnemonic, reset, taken = data.draw(st.sampled_from((("lstm", 0, 4), ("gru", 0, 2), ("gru", 1, 4))))
    gates = Quantiser(90, 4, 8)
    operands = {"words": words, "first": int(first), **({"reset": reset} if mnemonic == "gru" else {})}
    what = dispatch(mnemonic, None, None, q, gates, **operands)
    stream, old = codes(seed, words * taken, 64).astype(np.int64), states(seed, words)
    turns = [stream[gate::taken] for gate in range(taken)]
    if mnemonic == "lstm":
        after, product = lstm_step(*turns, old, gates)
    else:
        after = product = (gru_reset_step if reset else gru_step)(*turns, old, gates)
    made = compute(np.concatenate((stream, old)), what)
    assert made[:words].reshape(-1).tolist() == [quantised(int(h), q) for h in product.flat]
    assert made[words:].tolist() == after.tolist()
    assert flow(what) == Flow("vector", words * taken, "results", words, state=words, recalls=not first)


def states(seed: int, words: int) -> NDArray[np.int64]:
    """Random states of 16 bits."""
    return np.random.default_rng(seed).integers(-32768, 32768, (words, 64))


@given(seeds, quantisers, st.integers(1, 3), code)
def test_putstate_scales_codes_to_16_bits(seed: int, q: Quantiser, words: int, a0: int) -> None:
    what = dispatch("putstate", None, None, q, words=words, zero_a=a0)
    a = codes(seed, words, 64)
    expected = [round(Fraction((int(x) - a0) * q.multiplier, 1 << q.shift)) for x in a.flat]
    made = compute(np.concatenate((a, np.zeros_like(a))), what)
    assert made.reshape(-1).tolist() == [min(max(value, -32768), 32767) for value in expected]
    assert flow(what) == Flow("vector", words, state=words)


def test_putstate_divides_by_the_largest_power_of_two() -> None:
    what = dispatch("putstate", None, None, Quantiser(65536, 63), words=1)
    assert not compute(np.full((2, 64), 15), what).any()


@given(seeds, quantisers, st.integers(1, 3))
def test_getstate_quantises_and_keeps_the_states(seed: int, q: Quantiser, words: int) -> None:
    what = dispatch("getstate", None, None, q, words=words)
    old = states(seed, words)
    made = compute(old, what)
    assert made[:words].reshape(-1).tolist() == [quantised(int(x), q) for x in old.flat]
    assert made[words:].tolist() == old.tolist()
    assert flow(what) == Flow(gives="results", given=words, state=words, recalls=True)


def test_a_window_that_lies_outside_pools_to_the_zero_code() -> None:
    window = Window(2, 2, 4, 4, 1, 1, 2, 1, 2, 1)
    what = dispatch("pool", Stream(0, (1, 2, 2, 1)), window, Quantiser(1, 0, 3), mode="average", inside=1)
    assert compute(codes(0, 4, 64), what)[1].tolist() == [3] * 64
