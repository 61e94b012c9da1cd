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

CHANNELS = 64

Ints = NDArray[np.int64]


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
    """A window over an image of `height` rows, with `words` words a pixel: who needs what, and when.

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
        last = -(-end // w.together)
        return np.where(start < end, start // w.together, last), last

    @cached_property
    def _fresh(self) -> tuple[Ints, Ints]:
        """For each column of positions the word columns that the position before it did not have."""
        first, last = self._spans
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
    def coordinates(self) -> tuple[Ints, Ints, Ints]:
        """The words in the order in which they are fetched: image row, word column, word of the pixel."""
        fresh, last = self._fresh
        lengths = last - fresh
        column = np.repeat(np.arange(len(lengths)), lengths)
        offset = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = np.repeat(fresh, lengths) + offset
        orders: dict[int, Ints] = {}
        ys, xs = [], []
        for row in range(self.window.rows):
            rows = self.image_rows(row)
            count = len(rows)
            if count not in orders:
                orders[count] = np.argsort(np.tile(column, count), kind="stable")
            ys.append(np.repeat(rows, len(columns))[orders[count]])
            xs.append(np.tile(columns, count)[orders[count]])
        y, x = np.concatenate(ys), np.concatenate(xs)
        return np.repeat(y, self.words), np.repeat(x, self.words), np.tile(np.arange(self.words), len(y))

    def vectors(self, fetched: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels under every position: uint8 of shape (positions, taps, channels of a pixel).

        `fetched` are the words in the order of `coordinates`: uint8 of shape (size, 64).
        """
        w = self.window
        y, x, c = self.coordinates
        held = CHANNELS // w.packed if w.apart else CHANNELS
        if w.apart:
            fetched = fetched.reshape(-1, w.packed, held)[np.arange(len(fetched)), x % w.packed]
        image = np.zeros((self.height, -(-w.width // w.together), self.words, held), dtype=np.uint8)
        image[y, x, c] = fetched
        return self.under(image.reshape(self.height, -1, self.words * held // w.together)[:, : w.width])

    def under(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels under every position, of an image of shape (height, width, channels)."""
        return self._cut(self._padded(pixels), pixels.shape[2])

    def taps(self, pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """The pixel under each tap, for all positions at once: uint8 of shape (rows, columns, channels), for each tap.

        Views of one padded image: of as many taps as a window may have, `under` would make as many copies of it.
        """
        w, padded = self.window, self._padded(pixels)
        for tap_y in range(w.kernel_y):
            rows = padded[tap_y * w.dilation_y :][: (w.rows - 1) * w.stride_y + 1 : w.stride_y]
            for tap_x in range(w.kernel_x):
                yield rows[:, tap_x * w.dilation_x :][:, : (w.columns - 1) * w.stride_x + 1 : w.stride_x]

    def _padded(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image with what the windows cover around it."""
        w = self.window
        bottom = (w.rows - 1) * w.stride_y + (w.kernel_y - 1) * w.dilation_y + 1 - w.top - self.height
        right = (w.columns - 1) * w.stride_x + (w.kernel_x - 1) * w.dilation_x + 1 - w.left - w.width
        around = ((w.top, max(bottom, 0)), (w.left, max(right, 0)), (0, 0))
        return np.pad(pixels, around, constant_values=w.value)

    def _cut(self, padded: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
        """Every window of the padded image, taps in reading order."""
        w = self.window
        row, column, _ = padded.strides
        windows = np.lib.stride_tricks.as_strided(
            padded,
            shape=(w.rows, w.columns, w.kernel_y, w.kernel_x, channels),
            strides=(row * w.stride_y, column * w.stride_x, row * w.dilation_y, column * w.dilation_x, 1),
            writeable=False,
        )
        return windows.reshape(w.positions, w.taps, channels)


@lru_cache(maxsize=256)
def slide(window: Window, height: int, words: int) -> Slide:
    """The slide of a window over an image; kept, since a loop over inferences asks for the same one again."""
    return Slide(window, height, words)
