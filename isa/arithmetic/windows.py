"""Sliding windows: which words of an image each position needs, which of them are new, and the vectors they make.

An image lies in main memory as a stream gives it: axis 0 walks the words of a pixel (or axis 1 the words of a row, with
several pixels packed in each), axis 2 the rows. Positions go row by row. The first position of a row takes the whole
window, each other one the columns that the window before it did not have: what a chain of buffers holds (Fig. 7a).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS

Ints = NDArray[np.int64]

SPARSE = 1 / 4
"""Where a tap's channels fill at most this share of its rows, vectors are called sparse."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window register: the kernel's shape and how it moves over an image `width` pixels wide.

    `rows` x `columns` positions; the first window begins `top` rows above and `left` columns before the image. What a
    window covers outside the image has the code `value`. A word holds `packed` pixels of 64 / packed channels each;
    with `apart` each pixel is fetched by itself, by a read of its word, and takes a place of its own.
    """

    kernel_y: int
    kernel_x: int
    stride_y: int
    stride_x: int
    dilation_y: int
    dilation_x: int
    width: int
    packed: int
    rows: int = 1
    columns: int = 1
    top: int = 0
    left: int = 0
    value: int = 0
    apart: bool = False

    @property
    def together(self) -> int:
        """Pixels that one fetched word brings."""
        return 1 if self.apart else self.packed

    @property
    def positions(self) -> int:
        """How many positions the window takes."""
        return self.rows * self.columns

    @property
    def taps(self) -> int:
        """Pixels under the window."""
        return self.kernel_y * self.kernel_x


@dataclass(frozen=True)
class Slide:
    """A window over an image of `height` rows, with `words` words per pixel: the words that each position needs.

    A row's words are counted in word columns: pixels, or packs of them that are fetched together.
    """

    window: Window
    height: int
    words: int

    @cached_property
    def _spans(self) -> tuple[Ints, Ints]:
        """For each column of positions the word columns under the window, clipped to the image: first, past last."""
        w = self.window
        start = np.arange(w.columns, dtype=np.int64) * w.stride_x - w.left
        end = start + (w.kernel_x - 1) * w.dilation_x + 1
        start, end = np.clip(start, 0, w.width), np.clip(end, 0, w.width)
        # A pack is fetched whole: a window that needs its first pixel alone needs all of it.
        last = -(-end // w.together)
        # A window outside the image spans nothing, wherever it lies: first and last are equal.
        return np.where(start < end, start // w.together, last), last

    @cached_property
    def _fresh(self) -> tuple[Ints, Ints]:
        """For each column of positions the word columns that the position before it did not have."""
        first, last = self._spans
        # Spans only move to the right: what a position shares with any before it, it shares with the one just before.
        fresh = first.copy()
        fresh[1:] = np.maximum(first[1:], last[:-1])
        return fresh, last

    def image_rows(self, row: int) -> Ints:
        """The rows of the image under a row of positions, those outside left out."""
        w = self.window
        rows = row * w.stride_y - w.top + np.arange(w.kernel_y, dtype=np.int64) * w.dilation_y
        return rows[(rows >= 0) & (rows < self.height)]

    @cached_property
    def _row_counts(self) -> Ints:
        w = self.window
        rows = (np.arange(w.rows) * w.stride_y - w.top)[:, None] + np.arange(w.kernel_y)[None, :] * w.dilation_y
        counts: Ints = ((rows >= 0) & (rows < self.height)).sum(axis=1)
        return counts

    @cached_property
    def new(self) -> Ints:
        """New words of each position: int64 of shape (positions,)."""
        fresh, last = self._fresh
        new: Ints = (self._row_counts[:, None] * ((last - fresh) * self.words)[None, :]).reshape(-1)
        return new

    @cached_property
    def freed(self) -> Ints:
        """Words that each position is the last to need: int64 of shape (positions,). Adds up to `new`."""
        first, last = self._spans
        after = np.append(first[1:], last[-1])
        freed = np.minimum(last, after) - first
        counts: Ints = (self._row_counts[:, None] * (freed * self.words)[None, :]).reshape(-1)
        return counts

    @cached_property
    def held(self) -> int:
        """The most words that are held at once, from before a position takes its new ones until its load."""
        return int((np.cumsum(self.new) - np.cumsum(self.freed) + self.freed).max())

    @cached_property
    def size(self) -> int:
        """How many words are fetched in all."""
        return int(self.new.sum())

    @cached_property
    def ready(self) -> Ints:
        """For each word that a pool gives, in order, the arrival after which it can be given: int64, never falling.

        All words of the image arrive, row by row, and words leave in the order of positions: one whose own window is
        complete still follows those before it. Windows are complete with the last pixel of theirs inside the image.
        """
        w = self.window

        def last(positions: int, stride: int, before: int, kernel: int, dilation: int, size: int) -> Ints:
            return np.clip(np.arange(positions) * stride - before + (kernel - 1) * dilation, 0, size - 1)

        y = last(w.rows, w.stride_y, w.top, w.kernel_y, w.dilation_y, self.height)
        x = last(w.columns, w.stride_x, w.left, w.kernel_x, w.dilation_x, w.width)
        pixels = (y[:, None] * w.width + x[None, :]).reshape(-1)
        arrivals = pixels[:, None] * self.words + np.arange(self.words)
        return np.maximum.accumulate(arrivals.reshape(-1))

    @cached_property
    def _columns(self) -> tuple[Ints, Ints, Ints]:
        """The word columns that each row of positions fetches, and for each those of its position: first, how many."""
        fresh, last = self._fresh
        lengths = last - fresh
        before = np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = np.repeat(fresh, lengths) + np.arange(lengths.sum()) - before
        return columns, before, np.repeat(lengths, lengths)

    @cached_property
    def coordinates(self) -> tuple[Ints, Ints, Ints]:
        """The words in the order in which they are fetched: image row, word column, word of the pixel."""
        columns, before, _ = self._columns
        orders: dict[int, Ints] = {}
        ys, xs = [], []
        for row in range(self.window.rows):
            rows = self.image_rows(row)
            count = len(rows)
            if count not in orders:
                orders[count] = np.argsort(np.tile(before, count), kind="stable")
            ys.append(np.repeat(rows, len(columns))[orders[count]])
            xs.append(np.tile(columns, count)[orders[count]])
        y, x = np.concatenate(ys), np.concatenate(xs)
        return np.repeat(y, self.words), np.repeat(x, self.words), np.tile(np.arange(self.words), len(y))

    @property
    def channels(self) -> int:
        """How many channels a pixel has."""
        return CHANNELS // self.window.packed if self.window.packed > 1 else CHANNELS * self.words

    def vectors(self, fetched: NDArray[np.uint8], channels: int, width: int) -> NDArray[np.uint8]:
        """The first channels of the pixels under every position: uint8 of shape (..., positions, taps * width + 1).

        Zeros fill each tap up to its `width`, and the last column. `fetched` are the words in the order of
        `coordinates`: uint8 of shape (..., size, 64). Each row of positions has those that were fetched for it,
        whatever came for the same place of the image before or after.
        """
        w, lanes = self.window, fetched.shape[:-2]
        found = _empty(lanes, w.positions, w.taps * width + 1, channels <= SPARSE * width)
        taps = found[..., :-1].reshape(*lanes, w.rows, w.columns, w.kernel_y, w.kernel_x, width)[..., :channels]
        if w.value:
            taps[...] = w.value
        words = self._own_pixels(fetched) if w.apart else fetched.reshape(*lanes, -1, self.words * CHANNELS)
        for tap_y, (rows, order) in enumerate(self._taps_down):
            pixels = self._pixels(np.take(words, order, axis=-2))  # ten times as fast as an index
            for tap_x, (columns, under) in enumerate(self._taps_across):
                taps[..., rows, columns, tap_y, tap_x, :] = pixels[..., under, :channels]
        return found

    @cached_property
    def _taps_down(self) -> list[tuple[slice, Ints]]:
        """For each tap down the rows of positions at which it lies inside the image, and the fetched words there."""
        w = self.window
        met = [_met(w.rows, w.stride_y, tap * w.dilation_y - w.top, self.height) for tap in range(w.kernel_y)]
        return [(rows, self._fetched_for(tap, rows)) for tap, rows in enumerate(met)]

    @cached_property
    def _taps_across(self) -> list[tuple[slice, Ints | slice]]:
        """For each tap across the columns of positions at which it lies inside the image, and the pixels there."""
        w = self.window
        starts = [tap * w.dilation_x - w.left for tap in range(w.kernel_x)]
        met = [(_met(w.columns, w.stride_x, start, w.width), start) for start in starts]
        return [
            (columns, self._places(np.arange(columns.start, columns.stop) * w.stride_x + start))
            for columns, start in met
        ]

    def _fetched_for(self, tap: int, rows: slice) -> Ints:
        """Which of the fetched words, in their order, are the image row under a tap: of shape (rows, columns)."""
        w, counts = self.window, self._row_counts
        # Words were fetched by row of positions, then by position, then by row of the image, then along that row.
        columns, before, lengths = self._columns
        outside = np.maximum(-((np.arange(w.rows) * w.stride_y - w.top) // w.dilation_y), 0)  # taps above the image
        number = (tap - outside)[rows, None]
        start = (np.cumsum(counts) - counts)[rows, None] * len(columns)
        order: Ints = start + counts[rows, None] * before + number * lengths + np.arange(len(columns)) - before
        return order

    def _own_pixels(self, fetched: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Of each word that is fetched for one of its pixels that pixel: uint8 of shape (..., size, channels)."""
        packed = self.window.packed
        places = np.arange(self.size) * packed + self.coordinates[1] % packed
        return np.take(fetched.reshape(*fetched.shape[:-2], -1, CHANNELS // packed), places, axis=-2)

    def _pixels(self, words: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels of rows of words, those of `_columns`: uint8 of shape (..., rows, pixels, channels)."""
        together, (*rows, columns, width) = self.window.together, words.shape
        return words.reshape(*rows, columns * together, width // together)

    def _places(self, x: Ints) -> Ints | slice:
        """The indices in `_pixels` of pixels of an image row; a slice, which copies nothing, where they are regular."""
        together = self.window.together
        places = np.searchsorted(self._columns[0], x // together) * together + x % together
        steps = np.diff(places)
        if len(places) and (len(places) == 1 or (steps == steps[0]).all()):
            step = int(steps[0]) if len(places) > 1 else 1
            return slice(int(places[0]), int(places[-1]) + 1, step)
        return places

    def taps(self, pixels: NDArray[np.uint8]) -> Iterator[tuple[slice, slice, NDArray[np.uint8]]]:
        """For each tap the rows and columns of positions at which it lies inside the image, and the pixels there.

        Views of the image, of shape (..., height, width, channels): one with its border around it could be of any size.
        """
        w = self.window
        for tap_y in range(w.kernel_y):
            y = tap_y * w.dilation_y - w.top
            rows = _met(w.rows, w.stride_y, y, self.height)
            lines = pixels[..., y + rows.start * w.stride_y :: w.stride_y, :, :][..., : rows.stop - rows.start, :, :]
            for tap_x in range(w.kernel_x):
                x = tap_x * w.dilation_x - w.left
                columns = _met(w.columns, w.stride_x, x, w.width)
                under = lines[..., x + columns.start * w.stride_x :: w.stride_x, :]
                yield rows, columns, under[..., : columns.stop - columns.start, :]

    @cached_property
    def inside(self) -> Ints:
        """For each position the taps that lie inside the image: int64 of shape (rows, columns)."""
        w = self.window
        x = (np.arange(w.columns) * w.stride_x - w.left)[:, None] + np.arange(w.kernel_x)[None, :] * w.dilation_x
        counts: Ints = self._row_counts[:, None] * ((x >= 0) & (x < w.width)).sum(axis=1)[None, :]
        return counts


def _empty(lanes: tuple[int, ...], positions: int, rows: int, sparse: bool) -> NDArray[np.uint8]:
    """Vectors of zeros, uint8 of shape (*lanes, positions, rows).

    Of sparse ones the codes on a row lie together in memory: rows that stay 0 are not touched, and take none.
    """
    if sparse:
        return np.zeros((*lanes, rows, positions), dtype=np.uint8).swapaxes(-1, -2)
    return np.zeros((*lanes, positions, rows), dtype=np.uint8)


def _met(positions: int, stride: int, start: int, size: int) -> slice:
    """The positions along one axis that lie inside the image: 0 <= start + position * stride < size."""
    first = max(-(start // stride), 0)
    return slice(first, max(first, min(positions, (size - 1 - start) // stride + 1)))


@lru_cache(maxsize=256)
def slide(window: Window, height: int, words: int) -> Slide:
    """The slide of a window over an image; kept, since a loop over inferences needs the same one again."""
    return Slide(window, height, words)
