"""Passes: what the chip does in one go, from main memory through the arrays or the vector agent back to main memory.

A layer of the graph becomes one pass, or several; two layers become one where the second works on the stream of the
first on its way to memory. Maps have a *layout* here: where in the words of a pixel each of their channels lies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acortex.isa.arithmetic.windows import Slide, Window, slide
from acortex.isa.machine import CHANNELS, Machine
from acortex.programs.graph import EVERY, Add, Code, Geometry, Layer, Map, Mul, Phase, Pool, Requant
from acortex.programs.mapping.placement import Tiles, tiles_of

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
    def columns(self) -> int:
        """Pixels of a row that have words of their own: those that share words count once."""
        return -(-self.width // self.packed)

    @property
    def row_words(self) -> int:
        """Words of a row."""
        return self.columns * self.words

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
    def columns(self) -> int:
        """Pixels of a row of the crop; those that share words count once."""
        return -(-self.width // self.layout.packed)

    def shows(self, sink: Sink) -> bool:
        """Whether any pixel that a sink writes is read here."""
        if sink.layout.name != self.layout.name or sink.pixel is None:
            return sink.layout.name == self.layout.name
        row, column = divmod(sink.pixel, self.layout.width)
        return 0 <= row - self.top < self.height and 0 <= column - self.left < self.width

    @property
    def offset(self) -> int:
        """The first word, counted from the map's."""
        return self.top * self.layout.row_words + self.left * self.layout.words + self.word


@dataclass(frozen=True, slots=True)
class Sink:
    """Where a pass writes: `words` words per pixel, the last of `tail` channels, moved up by `shift` from `word` on.

    Where a shift pushes channels over the last word's border, they fill one word more.
    """

    layout: Layout
    word: int
    words: int
    shift: int = 0
    tail: int = CHANNELS
    pixel: int | None = None
    """The one pixel that is written; None for all, or those of the phase."""
    phase: Phase = EVERY

    @property
    def pixels(self) -> int:
        """Pixels that are written; those that share words count once."""
        return prod(self.phase.size(self.layout.height, self.layout.columns)) if self.pixel is None else 1

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
    """What a layer needs of a group: its size in cells, and how to fill it, which is done when it is needed.

    `values()` is int8 of shape (rows, columns); `weights` counts its cells that hold a weight of the layer; `k` are the
    rows and columns of an array.
    """

    layer: str
    rows: int
    columns: int
    weights: int
    values: Callable[[], NDArray[np.int8]]
    k: int

    @property
    def tiles(self) -> Tiles:
        """Its size in arrays."""
        return tiles_of(self.rows, self.columns, self.k)

    @property
    def loads(self) -> int:
        """Words that load the latches of its arrays once."""
        return -(-self.rows // CHANNELS) * self.tiles.columns


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

    def apart(self, source: Source) -> bool:
        """Whether each of the pixels in a word is fetched by itself."""
        return fetched_apart(source, self.dense)

    def fetched(self, source: Source) -> int:
        """Words that the window reads of a source."""
        fetched: int = _slide(self.geometry, source, self.dense).size
        return fetched


def fetched_apart(source: Source, dense: bool) -> bool:
    """Whether pixels that share a word are fetched one by one: so the paper counts accesses, with taps of their own."""
    return source.layout.packed > 1 and not dense


def _window(g: Geometry, width: int, packed: int = 1, apart: bool = False) -> Window:
    return Window(
        g.kernel_y, g.kernel_x, g.stride_y, g.stride_x, g.dilation_y, g.dilation_x, width, packed,
        g.rows, g.columns, g.top, g.left, apart=apart,
    )  # fmt: skip


def _slide(g: Geometry, source: Source, dense: bool) -> Slide:
    window = _window(g, source.width, source.layout.packed, fetched_apart(source, dense))
    return slide(window, source.height, source.words)


class WindowCost(NamedTuple):
    """What a window over a source costs, its taps without gaps or not."""

    held: int
    """Words that it holds at once at most."""
    arrays_down: int
    """Arrays below each other that hold the rows of its matrix."""
    fetched: int
    """Words that it reads over all positions."""


def window_cost(geometry: Geometry, source: Source, dense: bool, k: int) -> WindowCost:
    """What a window over a source costs with arrays of `k` rows."""
    made = _slide(geometry, source, dense)
    taps = geometry.kernel_y * geometry.kernel_x
    channels = (source.words - 1) * CHANNELS + source.tail
    rows = (taps - 1) * (channels if dense else source.words * CHANNELS) + channels
    return WindowCost(made.held, -(-rows // k), made.size)


def dense_is_cheaper(geometry: Geometry, source: Source, machine: Machine) -> bool:
    """Whether a window costs less without gaps between its taps: what it holds beyond the buffer of the machine, then
    arrays, then words that are fetched.
    """
    dense, taps = (
        (max(cost.held, machine.buffer_words), cost.arrays_down, cost.fetched)
        for cost in (window_cost(geometry, source, dense, machine.k) for dense in (True, False))
    )
    return dense < taps


@dataclass(frozen=True, eq=False)
class VectorStage:
    """The part of a pass that the vector agent does, on a stream of `words` words per pixel."""

    layer: Pool | Add | Mul | Requant
    words: int
    height: int
    width: int
    operand: Source | None = None
    swapped: bool = False
    """Whether what arrives is the layer's `b`, and the operand its `a`."""

    @property
    def ends_early(self) -> bool:
        """Whether its last word leaves before the last one arrives: a pool whose windows leave out the image's end."""
        if not isinstance(self.layer, Pool):
            return False
        over = slide(_window(self.layer.geometry, self.width), self.height, self.words)
        return int(over.ready[-1]) < self.height * self.width * self.words - 1


@dataclass(frozen=True, eq=False)
class Cell:
    """The part of a pass that steps recurrent cells: `words` words of them, whose states begin at a word of the store.

    Of each `every` words of gates the last is coded by `then`. `gates` scales the codes of gates in the vector agent,
    `out` makes codes of h. `first` is the first step: the state was 0.
    """

    kind: str
    out: Code
    gates: Code
    words: int
    state: int
    then: Code
    every: int
    first: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """A state for cells: (code - `zero`) * `unit`, the codes in memory from the start."""

    source: Source
    zero: int
    unit: int


@dataclass(frozen=True, eq=False)
class Pass:
    """One way through the chip. `layers` are what it computes, the first of them gives it its name."""

    layers: tuple[Layer, ...]
    source: Source
    sink: Sink
    multiply: Multiply | None = None
    stage: VectorStage | None = None
    cell: Cell | None = None
    more: tuple[Source, ...] = ()
    """What is read after the source, and fed behind it."""
    state: tuple[Sink, Code] | None = None
    """Where the cell's state goes when the step is done, and by which code."""
    begin: Begin | None = None
    """The state that the cells have before the step, where it is their first and the state is not 0."""

    @property
    def name(self) -> str:
        """The layer that it belongs to."""
        return self.layers[0].name

    @property
    def to_vector(self) -> bool:
        """Whether what the neurons convert goes to the vector agent."""
        return self.stage is not None or self.cell is not None

    @property
    def gives_vector(self) -> tuple[str, ...]:
        """The agents that give words to the vector agent, in order: `read` a whole map or a state, `neurons` codes."""
        if self.multiply is None:
            return ("read",)
        return ("read",) * (self.begin is not None) + ("neurons",) * self.to_vector

    @property
    def begins_unfed(self) -> bool:
        """Whether its first product needs no word of memory, for the window lies outside the image there."""
        multiply = self.multiply
        return multiply is not None and not _slide(multiply.geometry, self.source, multiply.dense).new[0]

    @property
    def ends_early(self) -> bool:
        """Whether its last word is written before all that it reads has been read."""
        return self.stage is not None and self.stage.ends_early

    @property
    def accesses(self) -> int:
        """Words that it reads and writes in main memory."""
        read = self.source.pixels * self.source.words
        if self.multiply is not None:
            read = self.multiply.fetched(self.source)
        operand = self.stage.words * self.stage.height * self.stage.width if self.stage and self.stage.operand else 0
        others = (*self.more, self.begin.source) if self.begin else self.more
        more = sum(source.pixels * source.words for source in others)
        return read + more + operand + self.sink.pixels * self.sink.filled

    def reads(self) -> dict[str, list[Source]]:
        """What each agent reads."""
        begin = [self.begin.source] if self.begin else []
        found = {"read": [*begin, self.source, *self.more]}
        if self.stage is not None and self.stage.operand is not None:
            found["operand"] = [self.stage.operand]
        return found

    def writes(self) -> list[Sink]:
        """What the write agent fills."""
        return [self.sink, *([self.state[0]] if self.state else [])]


@dataclass
class Lowered:
    """A network as passes: in order, with the layouts of all maps."""

    passes: list[Pass] = field(default_factory=list)
    layouts: dict[str, Layout] = field(default_factory=dict)
    constants: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    """Maps that are in memory from the start, and never change: words of shape (words, 64)."""


def matrices(passes: Iterable[Pass]) -> list[Matrix]:
    """The matrices of passes, each once, in the order in which they are first used: the i-th is group i."""
    return list(dict.fromkeys(step.multiply.matrix for step in passes if step.multiply is not None))


def plain(code: Code) -> bool:
    """Whether a code is the same for every column, with no offset: what a quantiser register holds."""
    return not np.any(code.offset) and np.size(np.unique(code.multiplier)) == 1


def one(value: ArrayLike) -> int:
    """The number of a code that is the same for every column."""
    return int(np.asarray(value).reshape(-1)[0])
