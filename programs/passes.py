"""Passes: what the chip does in one go, from main memory through the arrays or the vector agent back to main memory.

A layer of the graph becomes one pass, or several; two layers become one where the second works on the stream of the
first on its way to memory. Maps have a *layout* here: where in the words of a pixel each of their channels lies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Add, Code, Geometry, Layer, Map, Mul, Pool, Product, Requant

CHANNELS = 64
"""Channels of a word, rows and columns of an array."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """A map in main memory: `words` a pixel, or a word for `packed` pixels; rows from left to right, top to bottom."""

    name: str
    height: int
    width: int
    words: int
    packed: int = 1

    @property
    def row_words(self) -> int:
        """Words of a row."""
        return -(-self.width // self.packed) * self.words

    @property
    def size(self) -> int:
        """Words of the whole map."""
        return self.height * self.row_words


def layout_of(source: Map) -> Layout:
    """How a map lies in memory: channel c of a pixel is channel c % 64 of its word c // 64."""
    words = 1 if source.packed > 1 else -(-source.channels // CHANNELS)
    return Layout(source.name, source.height, source.width, words, source.packed)


@dataclass(frozen=True, slots=True)
class Source:
    """What a pass reads: words `word` to `word + words - 1` of every pixel of a crop of a map.

    `tail` channels of the last word are of interest; `row_words` are those of the map's rows.
    """

    layout: Layout
    word: int
    words: int
    tail: int
    top: int
    left: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Pixels of the crop."""
        return self.height * self.width

    @property
    def offset(self) -> int:
        """The first word, counted from the map's."""
        return self.top * self.layout.row_words + self.left * self.layout.words + self.word


@dataclass(frozen=True, slots=True)
class Sink:
    """Where a pass writes: `words` words a pixel, the last of `tail` channels, moved up by `shift` from `word` on.

    Where a shift pushes channels over the last word's border, they fill one word more.
    """

    layout: Layout
    word: int
    words: int
    shift: int = 0
    tail: int = CHANNELS

    @property
    def filled(self) -> int:
        """Words of a pixel that are written."""
        return self.words + (self.shift + self.tail > CHANNELS)

    @property
    def whole(self) -> bool:
        """Whether all channels of these words are written."""
        return self.shift == 0 and self.tail == CHANNELS


@dataclass(frozen=True, eq=False)
class Matrix:
    """What a product asks of a group: its size in cells and how to fill it, which is done when it is needed.

    Row tap * `tap_rows` + `inputs[i]`, column j - `first` holds the weight of the layer's input i and output j; a layer
    of several `groups` gives each output the inputs of its own part.
    """

    layer: Product
    tap_rows: int
    inputs: Ints
    first: int
    rows: int
    columns: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one position."""
        outputs: int = self.layer.weights.shape[3]
        return self.layer.macs_per_position // outputs * self.columns

    def values(self) -> NDArray[np.int8]:
        """The weights: int8 of shape (rows, columns)."""
        weights, groups = self.layer.weights, self.layer.groups
        height, width, inside, outputs = weights.shape
        own = outputs // groups
        filled = np.zeros((self.rows, self.columns), dtype=np.int8)
        for start in range(self.first // own * own, self.first + self.columns, own):
            left, right = max(start, self.first), min(start + own, self.first + self.columns)
            rows = self.inputs[start // own * inside : (start // own + 1) * inside]
            for tap in range(height * width):
                kernel = weights[tap // width, tap % width, :, left:right]
                filled[tap * self.tap_rows + rows, left - self.first : right - self.first] = kernel
        return filled


@dataclass(frozen=True, eq=False)
class Multiply:
    """The part of a pass that runs on the arrays: a window over the source, a matrix, and a code for each column."""

    geometry: Geometry
    pad: int
    dense: bool
    matrix: Matrix
    code: Code
    """Offsets and multipliers of shape (columns,), one for each column of the matrix."""

    @property
    def positions(self) -> int:
        """Array operations of the group."""
        return self.geometry.rows * self.geometry.columns


@dataclass(frozen=True, eq=False)
class Stage:
    """The part of a pass that the vector agent does, on a stream of `words` words a pixel."""

    layer: Pool | Add | Mul | Requant
    words: int
    height: int
    width: int
    operand: Source | None = None
    swapped: bool = False
    """Whether what arrives is the layer's `b`, and the operand its `a`."""


@dataclass(frozen=True, eq=False)
class Pass:
    """One way through the chip. `layers` are what it computes, the first of them gives it its name."""

    layers: tuple[Layer, ...]
    source: Source
    sink: Sink
    multiply: Multiply | None = None
    stage: Stage | None = None

    @property
    def name(self) -> str:
        """The layer that it belongs to."""
        return self.layers[0].name

    def reads(self) -> dict[str, list[str]]:
        """The maps that each agent reads."""
        found = {"read": [self.source.layout.name]}
        if self.stage is not None and self.stage.operand is not None:
            found["operand"] = [self.stage.operand.layout.name]
        return found

    def writes(self) -> list[str]:
        """The maps that the write agent fills."""
        return [self.sink.layout.name]


@dataclass
class Lowered:
    """A network as passes: in order, with the layouts of all maps."""

    passes: list[Pass] = field(default_factory=list)
    layouts: dict[str, Layout] = field(default_factory=dict)


def plain(code: Code) -> bool:
    """Whether a code is the same for every column, with no offset: what a quantiser register holds."""
    return not np.any(code.offset) and np.size(np.unique(code.multiplier)) == 1


def one(value: Any) -> int:
    """The number of a code that is the same for every column."""
    return int(np.asarray(value).reshape(-1)[0])
