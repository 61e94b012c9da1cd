"""Sliding windows against a walk in plain loops."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acortex.isa.arithmetic.windows import Slide, Window


def _words_under(w: Window, column: int) -> list[int]:
    """The words of a row that a window covers in one of its columns."""
    start = column * w.stride_x - w.left
    end = start + (w.kernel_x - 1) * w.dilation_x
    return sorted({x // (1 if w.apart else w.packed) for x in range(start, end + 1) if 0 <= x < w.width})


def _walk(s: Slide) -> tuple[list[int], list[int], list[tuple[int, int, int]]]:
    """New words, freed words and the order of fetches, pixel by pixel and position by position."""
    w = s.window
    new, freed, order = [], [], []
    under = [_words_under(w, column) for column in range(w.columns)]
    for row in range(w.rows):
        reached = (row * w.stride_y - w.top + k * w.dilation_y for k in range(w.kernel_y))
        rows = [y for y in reached if y in range(s.height)]
        seen: set[int] = set()
        for column, words in enumerate(under):
            fresh = [x for x in words if x not in seen]
            seen.update(words)
            order += [(y, x, c) for y in rows for x in fresh for c in range(s.words)]
            new.append(len(rows) * len(fresh) * s.words)
            later = set(chain(*under[column + 1 :]))
            freed.append(len(rows) * len(set(words) - later) * s.words)
    return new, freed, order


@st.composite
def slides(draw: st.DrawFn) -> Slide:
    """Windows of every kind over small images."""
    size = st.integers(1, 4)
    packed = draw(st.sampled_from((1, 1, 2, 16)))
    window = Window(
        kernel_y=draw(size), kernel_x=draw(size), stride_y=draw(size), stride_x=draw(size),
        dilation_y=draw(st.integers(1, 2)), dilation_x=draw(st.integers(1, 2)), width=draw(st.integers(1, 20)),
        packed=packed, rows=draw(size), columns=draw(st.integers(1, 9)), top=draw(st.integers(0, 3)),
        left=draw(st.integers(0, 3)), value=draw(st.integers(0, 15)), apart=packed > 1 and draw(st.booleans()),
    )  # fmt: skip
    return Slide(window, draw(st.integers(1, 7)), 1 if packed > 1 else draw(st.integers(1, 3)))


BEYOND = Slide(Window(1, 1, 1, 4, 1, 1, width=3, packed=2, columns=2), 1, 1)
"""Its second position lies to the right of the image, whose last word is half full."""


@example(BEYOND)
@given(slides())
def test_words_are_fetched_when_a_window_first_covers_them_and_freed_when_none_will(s: Slide) -> None:
    new, freed, order = _walk(s)
    assert s.new.tolist() == new
    assert s.freed.tolist() == freed
    assert list(zip(*(axis.tolist() for axis in s.coordinates), strict=True)) == order


@given(slides())
def test_every_word_that_is_fetched_is_freed_once(s: Slide) -> None:
    held = np.cumsum(s.new) - np.cumsum(s.freed)
    assert held[-1] == 0
    assert held.min() >= 0


@given(slides())
def test_what_is_held_at_most_is_what_a_walk_holds_before_it_frees(s: Slide) -> None:
    held, most = 0, 0
    for new, freed in zip(s.new.tolist(), s.freed.tolist(), strict=True):
        held += new
        most = max(most, held)
        held -= freed
    assert s.held == most


@pytest.mark.parametrize(("packed", "words", "channels"), [(1, 1, 64), (1, 3, 192), (2, 1, 32), (4, 1, 16), (16, 1, 4)])
def test_a_pixel_has_the_channels_of_its_words_or_of_its_part_of_one(packed: int, words: int, channels: int) -> None:
    assert Slide(Window(1, 1, 1, 1, 1, 1, 16, packed), 1, words).channels == channels


def test_lanes_are_slid_over_each_by_itself() -> None:
    s = Slide(Window(2, 2, 1, 1, 1, 1, 4, 1, rows=2, columns=3), 3, 1)
    lanes = np.random.default_rng(3).integers(0, 16, (2, 5, s.size, 64)).astype(np.uint8)
    made = s.vectors(lanes, 6, 8)
    assert (made.dtype, made.shape) == (np.uint8, (2, 5, 6, 4 * 8 + 1))
    for place in np.ndindex(2, 5):
        np.testing.assert_array_equal(made[place], s.vectors(lanes[place], 6, 8))


@given(slides(), st.integers(0, 2**32 - 1), st.data())
def test_vectors_hold_the_pixels_under_the_window_and_the_value_around_the_image(
    s: Slide, seed: int, data: st.DataObject
) -> None:
    w = s.window
    channels = s.words * 64 // w.packed
    some, more = data.draw(st.integers(1, channels)), data.draw(st.sampled_from((0, 3)))
    pixels = np.random.default_rng(seed).integers(0, 16, (s.height, w.width, channels), dtype=np.uint8)
    words = np.zeros((s.height, -(-w.width // w.packed) * w.packed, channels), dtype=np.uint8)
    words[:, : w.width] = pixels
    y, x, c = s.coordinates
    fetched = words.reshape(s.height, -1, s.words, 64)[y, x // w.packed if w.apart else x, c]
    wide = s.vectors(fetched, some, some + more)
    assert not wide[:, -1].any()
    taps = wide[:, :-1].reshape(w.positions, w.taps, some + more)
    assert not taps[:, :, some:].any()
    for position in range(w.positions):
        row, column = divmod(position, w.columns)
        for tap in range(w.taps):
            ky, kx = divmod(tap, w.kernel_x)
            at_y = row * w.stride_y - w.top + ky * w.dilation_y
            at_x = column * w.stride_x - w.left + kx * w.dilation_x
            inside = 0 <= at_y < s.height and 0 <= at_x < w.width
            expected = pixels[at_y, at_x, :some] if inside else np.full(some, w.value)
            assert taps[position, tap, :some].tolist() == expected.tolist()


@pytest.mark.parametrize(("kernel", "stride", "reads"), [(3, 1, 3 * 3 * 8 * 8 - 2 * 3 * 8), (1, 1, 64), (2, 2, 64)])
def test_a_window_reads_each_new_column_of_its_rows_once(kernel: int, stride: int, reads: int) -> None:
    pad = kernel // 2 if stride == 1 else 0
    out = 8 // stride
    s = Slide(Window(kernel, kernel, stride, stride, 1, 1, 8, 1, out, out, pad, pad), 8, 1)
    # Eight rows of positions of three image rows each, but two border rows of them have one fewer.
    assert s.size == (reads if kernel != 3 else (8 * 3 - 2) * 8)


@given(slides())
def test_each_tap_sees_the_pixels_of_the_positions_at_which_it_lies_inside_the_image(s: Slide) -> None:
    w = s.window
    pixels = np.arange(s.height * w.width * 2).reshape(s.height, w.width, 2).astype(np.uint8)
    seen = np.zeros((w.rows, w.columns), int)
    for tap, (rows, columns, under) in enumerate(s.taps(pixels)):
        tap_y, tap_x = divmod(tap, w.kernel_x)
        assert under.shape[:2] == (rows.stop - rows.start, columns.stop - columns.start)
        for row in range(w.rows):
            for column in range(w.columns):
                y = row * w.stride_y - w.top + tap_y * w.dilation_y
                x = column * w.stride_x - w.left + tap_x * w.dilation_x
                inside = 0 <= y < s.height and 0 <= x < w.width
                assert inside == (row in range(w.rows)[rows] and column in range(w.columns)[columns])
                if inside:
                    assert under[row - rows.start, column - columns.start].tolist() == pixels[y, x].tolist()
                    seen[row, column] += 1
    assert s.inside.tolist() == seen.tolist()


@pytest.mark.parametrize(
    ("slide", "ready"),
    [
        (Slide(Window(2, 2, 1, 1, 1, 1, 3, 1, 2, 2), 3, 1), [4, 5, 7, 8]),
        (Slide(Window(2, 2, 1, 1, 1, 1, 3, 1, 2, 2), 3, 2), [8, 9, 10, 11, 14, 15, 16, 17]),
        (Slide(Window(3, 3, 1, 1, 1, 1, 3, 1, 3, 3, 1, 1), 3, 1), [4, 5, 5, 7, 8, 8, 8, 8, 8]),
        (Slide(Window(2, 2, 2, 3, 2, 1, 5, 1, 2, 2), 5, 1), [11, 14, 21, 24]),
        (Slide(Window(1, 1, 1, 1, 1, 1, 4, 1, 1, 2, 0, 2), 1, 1), [0, 0]),
    ],
    ids=["pixels", "two words each", "a border", "strides and dilation", "left of the image"],
)
def test_a_pool_gives_a_word_once_the_last_pixel_of_its_window_and_of_those_before_has_come(
    slide: Slide, ready: list[int]
) -> None:
    assert slide.ready.tolist() == ready


def test_a_window_has_one_position_unless_it_says_otherwise() -> None:
    w = Window(1, 1, 1, 1, 1, 1, 4, 1)
    assert (w.positions, w.top, w.left, w.value, w.apart) == (1, 0, 0, 0, False)
