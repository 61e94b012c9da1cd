"""What each agent's instruction computes, against plain Python on integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.isa.arithmetic.products import exact_weights
from acortex.isa.arithmetic.quantisers import Quantiser
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
from acortex.isa.sequencer import Dispatch, Stream
from acortex.isa.table import ROWS

from .dispatches import (
    STREAM,
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
    shapes,
    under,
    windows,
)

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
    matrix = shape.weights.values.astype(np.int64)
    for position in range(positions):
        rows = (vectors[position, :-1].tolist() + [fill] * shape.rows)[: shape.rows]
        assert sums[position].tolist() == (np.array(rows, dtype=np.int64) @ matrix).tolist()
    assert flow(what, shape) == Flow("vectors", positions, "sums", positions)


def test_multiply_is_exact_at_the_largest_sums() -> None:
    shape = Shape(65535, 1, exact_weights(np.full((65535, 1), -8, dtype=np.int8)))
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


# The whole table


def test_what_moves_nothing_has_no_meaning() -> None:
    assert frozenset(("signal", "await")) == SYNC
    assert SYNC | {"connect", "disconnect", "program", "work"} == QUIET
    assert not QUIET & set(MEANINGS)


def test_every_instruction_is_tested_here_or_beside() -> None:
    beside = ("test_semantics.py", "test_semantics_vector.py", "test_sequencer.py")
    text = "".join(Path(__file__).with_name(name).read_text() for name in beside)
    missing = [row.mnemonic for row in ROWS if f'"{row.mnemonic}"' not in text and f'"{row.mnemonic} ' not in text]
    assert missing == []
