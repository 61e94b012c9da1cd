"""What each agent's instruction computes, against plain Python on integers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.recurrent import gru_reset_step, gru_step, lstm_step
from acortex.isa.arithmetic.windows import Window
from acortex.isa.semantics import (
    MEANINGS,
    QUIET,
    SYNC,
    Flow,
    Shape,
    slide_of,
    vector_words,
    visited,
    written,
)
from acortex.isa.sequencer import _OPERANDS, Dispatch, Stream
from acortex.isa.table import MNEMONICS, ROWS

Codes = NDArray[np.uint8]

PLAIN = Quantiser(1, 0, high=255)


def dispatch(
    mnemonic: str,
    stream: Stream | None = None,
    window: Window | None = None,
    quantiser: Quantiser | None = None,
    other: Quantiser | None = None,
    **operands: int | str,
) -> Dispatch:
    """An instruction as an agent receives it; operands that are left out take their defaults, registers 0."""
    row = MNEMONICS[mnemonic]
    values = {}
    for operand in row.operands:
        value = operands.pop(operand.name, operand.default or 0)
        values[operand.name] = operand.kind.choices.index(value) if isinstance(value, str) else value
    assert not operands
    agent = "read" if row.agent == "any" else row.agent
    return Dispatch(0, row, _OPERANDS[mnemonic](**values), agent, 0, 0, stream, quantiser, other, window, 0)


def compute(values: NDArray[Any], what: Dispatch, shape: Shape | None = None) -> NDArray[Any]:
    """What an instruction makes of values."""
    return MEANINGS[what.row.mnemonic].compute(values, what, shape)


def flow(what: Dispatch, shape: Shape | None = None) -> Flow:
    """What an instruction moves."""
    return MEANINGS[what.row.mnemonic].flow(what, shape)


def codes(seed: int, *shape: int, high: int = 16) -> Codes:
    """Random codes."""
    return np.random.default_rng(seed).integers(0, high, shape).astype(np.uint8)


def quantised(value: int, q: Quantiser, divisor: int = 1) -> int:
    """The code of one sum, exactly; without an activation or with relu."""
    number = round(Fraction(value * q.multiplier, (1 << q.shift) * divisor))
    if q.activation == "relu":
        number = max(number, 0)
    return min(max(number + q.zero, q.low), q.high)


seeds = st.integers(0, 1 << 30)
code = st.integers(0, 15)
quantisers = st.builds(
    Quantiser,
    st.integers(1, 1 << 12), st.integers(0, 20), st.integers(0, 8), st.integers(0, 2), st.integers(8, 255),
    st.sampled_from(("none", "relu")),
)  # fmt: skip
shapes = st.builds(
    lambda seed, rows, columns: Shape(
        rows, columns, np.random.default_rng(seed).integers(-8, 8, (rows, columns)).astype(np.float32)
    ),
    seeds, st.integers(1, 200), st.integers(1, 150),
)  # fmt: skip
STREAM = Stream(5, (3, 4, 1, 1), (1, 10, 0, 0))


# Words


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (dispatch("input", STREAM), Flow(takes="host_in", taken=12, writes=True)),
        (dispatch("output", STREAM), Flow(gives="host_out", given=12, reads=True)),
        (dispatch("read", STREAM), Flow(gives="buffer", given=12, reads=True)),
        (dispatch("read", STREAM, to="vector"), Flow(gives="vector", given=12, reads=True)),
        (dispatch("operand", STREAM), Flow(gives="operand", given=12, reads=True)),
        (dispatch("write", STREAM), Flow(takes="neurons", taken=12, writes=True)),
        (dispatch("write", STREAM, source="vector"), Flow(takes="results", taken=12, writes=True)),
    ],
)
def test_words_move_as_they_are(what: Dispatch, expected: Flow) -> None:
    words = codes(0, 12, 64)
    np.testing.assert_array_equal(compute(words, what), words)
    assert flow(what) == expected


@given(
    seeds, st.integers(1, 3), st.integers(1, 3), st.integers(0, 63), st.integers(1, 64),
    st.sampled_from(("neurons", "vector")),
)  # fmt: skip
def test_write_moves_a_pixels_channels_and_leaves_the_others(
    seed: int, pixels: int, words: int, shift: int, tail: int, source: str
) -> None:
    held = words + (shift + tail > 64)
    what = dispatch("write", Stream(0, (held, pixels, 1, 1), (1, held, 0, 0)), source=source, shift=shift, tail=tail)
    given_words = codes(seed, pixels * words, 64)
    moved = compute(given_words, what).reshape(pixels, held * 64)
    mask = written(what)
    reached = np.ones(held * 64, dtype=bool) if mask is None else mask.reshape(-1)
    channels = (words - 1) * 64 + tail
    assert np.flatnonzero(reached).tolist() == list(range(shift, shift + channels))
    for pixel, own in zip(moved, given_words.reshape(pixels, -1), strict=True):
        assert pixel[reached].tolist() == own[:channels].tolist()
    pipe = "neurons" if source == "neurons" else "results"
    assert flow(what) == Flow(takes=pipe, taken=pixels * words, writes=True)


# Positions


@given(seeds, st.integers(1, 5), st.integers(1, 4), st.integers(1, 64), code)
def test_feed_fills_up_behind_the_tail(seed: int, positions: int, words: int, tail: int, fill: int) -> None:
    given_words = codes(seed, positions * words, 64)
    what = dispatch("feed", positions=positions, words=words, tail=tail, fill=fill)
    vectors = compute(given_words, what)
    for position in range(positions):
        own = [int(c) for word in given_words[position * words : (position + 1) * words] for c in word]
        held = (words - 1) * 64 + tail
        assert vectors[position].tolist() == own[:held] + [fill] * (words * 64 + 1 - held)
    assert flow(what) == Flow("buffer", positions * words, "vectors", positions)
    assert vector_words(what) == words


@given(seeds, shapes, st.integers(1, 3), st.integers(1, 4), code)
def test_multiply_sums_exactly(seed: int, shape: Shape, positions: int, words: int, fill: int) -> None:
    vectors = codes(seed, positions, words * 64 + 1)
    vectors[:, -1] = fill
    what = dispatch("multiply", positions=positions)
    sums = compute(vectors, what, shape)
    assert shape.weights is not None
    matrix = shape.weights.astype(np.int64)
    for position in range(positions):
        rows = (vectors[position, :-1].tolist() + [fill] * shape.rows)[: shape.rows]
        assert sums[position].tolist() == (np.array(rows, dtype=np.int64) @ matrix).tolist()
    assert flow(what, shape) == Flow("vectors", positions, "sums", positions)


def test_multiply_is_exact_at_the_largest_sums() -> None:
    shape = Shape(65535, 1, np.full((65535, 1), -8, dtype=np.float32))
    vectors = np.full((1, 65536), 15, dtype=np.uint8)
    assert compute(vectors, dispatch("multiply", positions=1), shape).tolist() == [[-8 * 15 * 65535]]


@given(seeds, quantisers, st.integers(1, 4), st.integers(1, 150), st.sampled_from(("memory", "vector")))
def test_convert_quantises_into_words(seed: int, q: Quantiser, positions: int, columns: int, to: str) -> None:
    sums = np.random.default_rng(seed).integers(-5000, 5000, (positions, columns))
    what = dispatch("convert", quantiser=q, positions=positions, to=to)
    words = -(-columns // 64)
    expected = [[quantised(int(s), q) for s in row] + [0] * (words * 64 - columns) for row in sums]
    made = compute(sums.astype(np.float32), what, Shape(1, columns, None))
    assert made.dtype == np.uint8
    assert made.shape == (positions * words, 64)
    assert made.reshape(positions, -1).tolist() == expected
    pipe = "neurons" if to == "memory" else "vector"
    assert flow(what, Shape(1, columns, None)) == Flow("sums", positions, pipe, positions * words)


# Windows


@st.composite
def windows(draw: st.DrawFn, packed: int = 1) -> Window:
    """Windows of every kind over small images."""
    size = st.integers(1, 3)
    return Window(
        draw(size), draw(size), draw(size), draw(size), draw(st.integers(1, 2)), draw(st.integers(1, 2)),
        draw(st.integers(1, 9)), packed, draw(size), draw(size), draw(st.integers(0, 2)), draw(st.integers(0, 2)),
        draw(code),
    )  # fmt: skip


def under(window: Window, height: int) -> list[list[tuple[int, int] | None]]:
    """For each position the pixels under it, (y, x), None outside the image."""
    positions: list[list[tuple[int, int] | None]] = []
    for row in range(window.rows):
        for column in range(window.columns):
            taps: list[tuple[int, int] | None] = []
            for i in range(window.kernel_y):
                for j in range(window.kernel_x):
                    y = row * window.stride_y - window.top + i * window.dilation_y
                    x = column * window.stride_x - window.left + j * window.dilation_x
                    taps.append((y, x) if 0 <= y < height and 0 <= x < window.width else None)
            positions.append(taps)
    return positions


def image_stream(window: Window, height: int, words: int) -> Stream:
    """An image that lies in memory from word 7 on, a gap behind each row."""
    columns = -(-window.width // window.packed)
    return Stream(7, (words, columns, height, 1), (1, words, columns * words + 3, 0))


@given(windows(), st.integers(1, 5), st.integers(1, 3))
def test_fetch_reads_every_word_under_a_row_of_positions_once(window: Window, height: int, words: int) -> None:
    stream = image_stream(window, height, words)
    what = dispatch("fetch", stream, window)
    expected = []
    for row in range(window.rows):
        rows = [row * window.stride_y - window.top + i * window.dilation_y for i in range(window.kernel_y)]
        # A chain of buffers holds the columns that a dilated kernel skips, too.
        starts = [column * window.stride_x - window.left for column in range(window.columns)]
        columns = {x for start in starts for x in range(start, start + (window.kernel_x - 1) * window.dilation_x + 1)}
        inside = [(y, x) for y in rows if 0 <= y < height for x in columns if 0 <= x < window.width]
        expected += [7 + y * stream.strides[2] + x * words + c for y, x in inside for c in range(words)]
    addresses = visited(what).tolist()
    assert sorted(addresses) == sorted(expected)
    assert flow(what) == Flow(gives="buffer", given=len(expected), reads=True)
    fetched = codes(0, len(expected), 64)
    np.testing.assert_array_equal(compute(fetched, what), fetched)


def sliding(image: Codes, window: Window, tail: int, dense: bool, fill: int) -> list[list[int]]:
    """The vectors over an image of shape (height, width, channels)."""
    vectors = []
    for taps in under(window, len(image)):
        vector: list[int] = []
        for tap in taps:
            channels = image.shape[2] if window.packed > 1 else image.shape[2] - 64 + tail
            own = image[tap[0], tap[1]].tolist() if tap else [window.value] * image.shape[2]
            own = own[: min(channels, tail) if window.packed > 1 else channels]
            vector += own if dense else own + [0] * (-len(own) % 64)
        vectors.append([*vector, fill])
    return vectors


def fetched_words(memory: Codes, what: Dispatch) -> Codes:
    """The words that `fetch` brings."""
    taken: Codes = memory[visited(what)]
    return taken


@given(seeds, windows(), st.integers(1, 5), st.integers(1, 2), st.integers(1, 64), st.booleans(), code)
def test_slide_makes_a_vector_at_every_position(
    seed: int, window: Window, height: int, words: int, tail: int, dense: bool, fill: int
) -> None:
    stream = image_stream(window, height, words)
    image = codes(seed, height, window.width, words * 64)
    memory = np.zeros((stream.bounds()[1] + 1, 64), dtype=np.uint8)
    memory[stream.addresses()] = image.reshape(-1, 64)
    what = dispatch("slide", stream, window, tail=tail, dense=int(dense), fill=fill)
    vectors = compute(fetched_words(memory, what), what)
    assert vectors.tolist() == sliding(image, window, tail, dense, fill)
    over = slide_of(what)
    kept = {"at_once": over.new.tolist()[0] == 0, "held": over.held, "store": "buffer.words"}
    assert flow(what) == Flow("buffer", over.size, "vectors", window.positions, **kept)
    assert vector_words(what) == -(-(vectors.shape[1] - 1) // 64)


@given(seeds, st.sampled_from((2, 4, 8, 16)).flatmap(windows), st.integers(1, 5), st.data(), st.booleans(), code)
def test_slide_over_packed_pixels(
    seed: int, window: Window, height: int, data: st.DataObject, dense: bool, fill: int
) -> None:
    held = 64 // window.packed
    tail = data.draw(st.integers(1, held))
    stream = image_stream(window, height, 1)
    image = codes(seed, height, stream.extents[1] * window.packed, held)
    memory = np.zeros((stream.bounds()[1] + 1, 64), dtype=np.uint8)
    memory[stream.addresses()] = image.reshape(-1, 64)
    what = dispatch("slide", stream, window, tail=tail, dense=int(dense), fill=fill)
    vectors = compute(fetched_words(memory, what), what)
    assert vectors.tolist() == sliding(image, window, tail, dense, fill)
    assert vector_words(what) == -(-(vectors.shape[1] - 1) // 64)


# The vector agent


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
    check_pool(seed, window, q, height, words, mode, 0)


@given(seeds, windows(), quantisers, st.integers(1, 5))
def test_pool_inside_counts_no_pixel_outside(seed: int, window: Window, q: Quantiser, height: int) -> None:
    assume(all(any(taps) for taps in under(window, height)))
    check_pool(seed, window, q, height, 1, "average", 1)


def check_pool(seed: int, window: Window, q: Quantiser, height: int, words: int, mode: str, inside: int) -> None:
    """Holds one pooling against plain Python."""
    stream = image_stream(window, height, words)
    image = codes(seed, height, window.width, words * 64)
    what = dispatch("pool", stream, window, q, mode=mode, inside=inside)
    made = compute(image.reshape(-1, 64), what)
    assert made.reshape(window.positions, -1).tolist() == pooled(image, window, q, mode, bool(inside))
    last = max(last_pixel(taps, window, height) for taps in bounds(window))
    unneeded = stream.size - (last[0] * window.width + last[1] + 1) * words
    lines = min(1 + (window.kernel_y - 1) * window.dilation_y, height)
    kept = {"held": lines * window.width * words, "store": "vector.line_words"}
    assert flow(what) == Flow("vector", stream.size, "results", window.positions * words, unneeded=unneeded, **kept)


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


# The whole table


def test_what_moves_nothing_has_no_meaning() -> None:
    assert frozenset(("signal", "await")) == SYNC
    assert SYNC | {"connect", "disconnect", "program"} == QUIET
    assert not QUIET & set(MEANINGS)


def test_every_instruction_is_tested_here_or_with_the_sequencer() -> None:
    here = Path(__file__)
    text = here.read_text() + here.with_name("test_sequencer.py").read_text()
    missing = [row.mnemonic for row in ROWS if f'"{row.mnemonic}"' not in text and f'"{row.mnemonic} ' not in text]
    assert missing == []


def test_a_window_that_lies_outside_pools_to_the_zero_code() -> None:
    window = Window(2, 2, 4, 4, 1, 1, 2, 1, 2, 1)
    what = dispatch("pool", Stream(0, (1, 2, 2, 1)), window, Quantiser(1, 0, 3), mode="average", inside=1)
    assert compute(codes(0, 4, 64), what)[1].tolist() == [3] * 64
