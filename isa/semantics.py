"""What each agent's instruction computes: pure NumPy functions, without a clock and without a chip.

An instruction's meaning is one function here, bound to its mnemonic together with its `Flow`: how many items it takes
from a pipe and gives to one, and whether it walks over main memory. A pipe is the ordered stream of items between two
agents; its items are words of 64 codes, input vectors of a group, or the sums of its columns.

An array has the shape (..., items, width). Leading axes are lanes: independent inputs that one walk of the program
computes together. Shapes below are those of one lane.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.products import product
from acortex.isa.arithmetic.quantisers import LARGEST_SHIFT, nearest, quantise
from acortex.isa.arithmetic.recurrent import gru_reset_step, gru_step, lstm_step, saturate
from acortex.isa.arithmetic.tables import mapped
from acortex.isa.arithmetic.windows import Slide, slide
from acortex.isa.flows import BUFFER, LINES, example_flows
from acortex.isa.flows import CELL as CELL
from acortex.isa.flows import MEANINGS as MEANINGS
from acortex.isa.flows import Flow as Flow
from acortex.isa.flows import Meaning as Meaning
from acortex.isa.flows import Shape as Shape
from acortex.isa.flows import means as _means
from acortex.isa.machine import CHANNELS
from acortex.isa.operands import KINDS
from acortex.isa.sequencer import Dispatch
from acortex.isa.table import HOST_WORK as HOST_WORK
from acortex.isa.table import JOIN_GROUP as JOIN_GROUP
from acortex.isa.table import MAKE_TOKEN as MAKE_TOKEN
from acortex.isa.table import PART_GROUP as PART_GROUP
from acortex.isa.table import ROWS
from acortex.isa.table import TAKE_TOKEN as TAKE_TOKEN
from acortex.isa.table import WRITE_GROUP as WRITE_GROUP

Array = NDArray[Any]


def _choice(dispatch: Dispatch, name: str) -> str:
    operand = dispatch.row.by_name[name]
    choice: str = operand.kind.choices[getattr(dispatch.ops, name)]
    return choice


_SOURCES = {"neurons": "neurons", "vector": "results"}
"""The pipe that a `write` takes from."""


def _words(dispatch: Dispatch) -> int:
    assert dispatch.stream is not None
    return dispatch.stream.size


# Words ------------------------------------------------------------------------------------------------------------


@_means("input", lambda d, s: Flow(taken=_words(d), takes="host_in", writes=True))
def host_in(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """The tensor's words, as main memory takes them: uint8 of shape (words, 64)."""
    return words


@_means("output", lambda d, s: Flow(gives="host_out", given=_words(d), reads=True))
def host_out(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """The words read from main memory, as the host takes them: uint8 of shape (words, 64)."""
    return words


@_means("read", lambda d, s: Flow(gives=_choice(d, "to"), given=_words(d), reads=True))
def read(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """The words read from main memory, as the buffer takes them: uint8 of shape (words, 64)."""
    return words


@_means("operand", lambda d, s: Flow(gives="operand", given=_words(d), reads=True))
def operand(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """The words read from main memory, as the vector agent takes them: uint8 of shape (words, 64)."""
    return words


def shifts(dispatch: Dispatch) -> bool:
    """Whether an instruction can write a part of a pixel's channels, or move them up."""
    return dispatch.row.by_name.keys() >= {"shift", "tail"}


def spills(dispatch: Dispatch) -> bool:
    """Whether a `write` shifts a pixel's channels into one word more than come."""
    spilt: bool = dispatch.ops.shift + dispatch.ops.tail > CHANNELS
    return spilt


def _write_flow(dispatch: Dispatch, shape: Shape | None) -> Flow:
    assert dispatch.stream is not None
    pixels = dispatch.stream.size // dispatch.stream.extents[0]
    taken = dispatch.stream.size - pixels if spills(dispatch) else dispatch.stream.size
    return Flow(takes=_SOURCES[_choice(dispatch, "source")], taken=taken, writes=True)


def written(dispatch: Dispatch) -> NDArray[np.bool_] | None:
    """Which channels of a pixel's words a `write` changes: bool of shape (words of a pixel, 64); None for all."""
    if not shifts(dispatch) or (dispatch.ops.shift == 0 and dispatch.ops.tail == CHANNELS):
        return None
    assert dispatch.stream is not None
    shift, tail = dispatch.ops.shift, dispatch.ops.tail
    words = dispatch.stream.extents[0]
    end = (words - spills(dispatch) - 1) * CHANNELS + tail + shift
    place = np.arange(words * CHANNELS)
    mask: NDArray[np.bool_] = (place >= shift) & (place < end)
    return mask.reshape(words, CHANNELS)


@_means("write", _write_flow)
def write(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """The words as main memory takes them, each pixel's channels moved up by `shift`: uint8 of shape (words, 64)."""
    assert dispatch.stream is not None
    shift, held = dispatch.ops.shift, dispatch.stream.extents[0]
    if shift == 0:
        return words
    pixels = words.reshape(*words.shape[:-2], -1, (held - spills(dispatch)) * CHANNELS)
    moved = np.zeros((*pixels.shape[:-1], held * CHANNELS), dtype=np.uint8)
    reached = min(pixels.shape[-1], held * CHANNELS - shift)
    moved[..., shift : shift + reached] = pixels[..., :reached]
    return moved.reshape(*words.shape[:-2], -1, CHANNELS)


# Positions --------------------------------------------------------------------------------------------------------


@_means("feed", lambda d, s: _feed_flow(d))
def feed(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Input vectors: uint8 of shape (positions, words * 64 + 1).

    Every channel past the tail has the fill code; the one column too many holds it for the rows of the group beyond.
    """
    ops, lanes = dispatch.ops, words.shape[:-2]
    vectors = np.full((*lanes, ops.positions, ops.words * CHANNELS + 1), ops.fill, dtype=np.uint8)
    given = (ops.words - 1) * CHANNELS + ops.tail
    vectors[..., :given] = words.reshape(*lanes, ops.positions, ops.words * CHANNELS)[..., :given]
    return vectors


def _feed_flow(dispatch: Dispatch) -> Flow:
    ops = dispatch.ops
    taken, keeps = ops.positions * ops.words, bool(ops.keep)
    held, store = (taken, BUFFER) if keeps else (0, "")
    return Flow("buffer", taken, "vectors", ops.positions, keeps=keeps, held=held, store=store)


@_means("multiply", lambda d, s: Flow("vectors", d.ops.positions, "sums", d.ops.positions))
def multiply(vectors: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Sums of the group's columns: exact integers, of the type that its weights need, of shape (positions, columns)."""
    assert shape is not None and shape.weights is not None
    return product(on_rows(vectors, shape), shape.weights)


def on_rows(vectors: Array, shape: Shape) -> Array:
    """The code on each row of a group: of shape (positions, rows). Rows beyond a vector hold its fill code."""
    missing = shape.rows - (vectors.shape[-1] - 1)
    if missing > 0:
        vectors = np.concatenate((vectors[..., :-1], np.repeat(vectors[..., -1:], missing, axis=-1)), axis=-1)
    return vectors[..., : shape.rows]


@_means("convert", lambda d, s: _convert_flow(d, s))
def convert(sums: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Codes, 64 per word, zeros past the last column: uint8 of shape (positions * words, 64)."""
    assert dispatch.quantiser is not None and shape is not None
    codes = quantise(sums, dispatch.quantiser, whole=shape.whole)
    *lanes, positions, columns = codes.shape
    words = -(-columns // CHANNELS)
    if dispatch.other is not None:
        others = quantise(sums, dispatch.other, whole=shape.whole)
        codes = np.where(of_other(dispatch, columns), others, codes)
    if columns == words * CHANNELS:
        return codes.reshape(*lanes, positions * words, CHANNELS)
    padded = np.zeros((*lanes, positions, words * CHANNELS), dtype=np.uint8)
    padded[..., :columns] = codes
    return padded.reshape(*lanes, positions * words, CHANNELS)


def of_other(dispatch: Dispatch, columns: int) -> NDArray[np.bool_]:
    """Which columns a `convert` with two quantisers gives to the other one: the last of each `every` words."""
    words = -(-columns // CHANNELS)
    last = np.arange(1, words + 1) % dispatch.ops.every == 0
    return np.repeat(last, CHANNELS)[:columns]


def _convert_flow(dispatch: Dispatch, shape: Shape | None) -> Flow:
    assert shape is not None
    positions = dispatch.ops.positions
    to = "neurons" if _choice(dispatch, "to") == "memory" else "vector"
    return Flow("sums", positions, to, positions * shape.column_words)


# Windows ----------------------------------------------------------------------------------------------------------


def slide_of(dispatch: Dispatch) -> Slide:
    """The window of an instruction over the image in its stream: axes 0, 1 and 2 are words, columns and rows."""
    assert dispatch.window is not None and dispatch.stream is not None
    return slide(dispatch.window, dispatch.stream.extents[2], dispatch.stream.extents[0])


def visited(dispatch: Dispatch) -> NDArray[np.int64]:
    """The words of main memory that an instruction reads or writes, in order."""
    assert dispatch.stream is not None
    if dispatch.window is None:
        return dispatch.stream.addresses()
    along_c, along_x, along_y, _ = dispatch.stream.strides
    y, x, c = slide_of(dispatch).coordinates
    x = x // dispatch.window.packed if dispatch.window.apart else x
    return dispatch.stream.base + y * along_y + x * along_x + c * along_c


def _window_size(dispatch: Dispatch) -> tuple[tuple[str, int], ...]:
    return (("the window needs", slide_of(dispatch).size),)


@_means("fetch", lambda d, s: Flow(gives="buffer", given=slide_of(d).size, reads=True), _window_size)
def fetch(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """The words read from main memory, as the buffer takes them: uint8 of shape (words, 64)."""
    return words


def _slide_flow(dispatch: Dispatch) -> Flow:
    over = slide_of(dispatch)
    at_once = not over.new[0]  # a window that at first lies outside its image needs no word of it there
    return Flow("buffer", over.size, "vectors", over.window.positions, at_once=at_once, held=over.held, store=BUFFER)


@_means("slide", lambda d, s: _slide_flow(d), _window_size)
def slide_over(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Input vectors as those of `feed`: uint8 of shape (positions, rows + 1), the taps' channels in reading order."""
    ops, over = dispatch.ops, slide_of(dispatch)
    channels = min((-(-over.channels // CHANNELS) - 1) * CHANNELS + ops.tail, over.channels)
    vectors = over.vectors(words, channels, channels if ops.dense else -(-channels // CHANNELS) * CHANNELS)
    vectors[..., -1] = ops.fill
    return vectors


def vector_words(dispatch: Dispatch) -> int:
    """Words of each input vector that an instruction of the buffer makes."""
    if dispatch.window is None:
        flow = moves(dispatch)
        return -(-flow.taken // max(flow.given, 1))
    assert dispatch.stream is not None
    if dispatch.window.packed > 1:
        channels: int = dispatch.ops.tail
    else:
        channels = (dispatch.stream.extents[0] - 1) * CHANNELS + dispatch.ops.tail
    taps = dispatch.window.taps
    return -(-taps * channels // CHANNELS) if dispatch.ops.dense else taps * -(-channels // CHANNELS)


# The vector agent -------------------------------------------------------------------------------------------------


def pooling_of(dispatch: Dispatch) -> Slide:
    """The window of a `pool` over the image that arrives."""
    assert dispatch.window is not None and dispatch.stream is not None
    depth, columns, rows, _ = dispatch.stream.extents
    return slide(replace(dispatch.window, width=columns), rows, depth)


def _pool_sizes(dispatch: Dispatch) -> tuple[tuple[str, int], ...]:
    assert dispatch.window is not None and dispatch.stream is not None
    pooled = dispatch.window.positions * dispatch.stream.extents[0]
    return (("the image has", dispatch.stream.size), ("the pooled image has", pooled))


@_means("pool", lambda d, s: _pool_flow(d), _pool_sizes)
def pool(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Pooled pixels, row by row: uint8 of shape (positions * words of a pixel, 64)."""
    assert dispatch.quantiser is not None
    over, lanes = pooling_of(dispatch), words.shape[:-2]
    rows, columns, depth = over.height, over.window.width, over.words
    pixels = words.reshape(*lanes, rows, columns, depth * CHANNELS)
    largest = _choice(dispatch, "mode") == "max"
    gather = np.maximum if largest else np.add
    size = (*lanes, over.window.rows, over.window.columns, depth * CHANNELS)
    found = np.zeros(size, dtype=np.uint8 if largest else np.int64)
    for at_rows, at_columns, under in over.taps(pixels):
        part = found[..., at_rows, at_columns, :]
        gather(part, under, out=part)
    outside = (over.window.taps - over.inside)[:, :, None]
    if not dispatch.ops.inside:
        around = (outside > 0) * over.window.value if largest else outside * over.window.value
        gather(found, around.astype(found.dtype), out=found)
    if largest:
        return found.reshape(*lanes, -1, CHANNELS)
    counts: Array | int = np.maximum(over.inside, 1).reshape(-1, 1) if dispatch.ops.inside else over.window.taps
    codes = quantise(found.reshape(*lanes, -1, depth * CHANNELS), dispatch.quantiser, counts)
    return codes.reshape(*lanes, -1, CHANNELS)


def _pool_flow(dispatch: Dispatch) -> Flow:
    over, taken = pooling_of(dispatch), _words(dispatch)
    unneeded = taken - 1 - int(over.ready[-1])
    given = over.window.positions * over.words
    lines = min((over.window.kernel_y - 1) * over.window.dilation_y + 1, over.height)
    held = lines * over.window.width * over.words
    return Flow("vector", taken, "results", given, unneeded=unneeded, held=held, store=LINES)


def _vector_flow(operands: int) -> Callable[[Dispatch, Shape | None], Flow]:
    def flow(dispatch: Dispatch, shape: Shape | None) -> Flow:
        words = dispatch.ops.words
        return Flow("vector", words, "results", words, operands=words if operands == 2 else 0)

    return flow


@_means("add", _vector_flow(2))
def add(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """(a - zero_a) * multiplier + (b - zero_b) * the other's multiplier, quantised: uint8 of shape (words, 64)."""
    assert dispatch.quantiser is not None and dispatch.other is not None
    first, factor = dispatch.quantiser, dispatch.other.multiplier
    once = replace(first, multiplier=1)
    return _in_blocks(words, dispatch, lambda a, b: quantise(a * first.multiplier + b * factor, once))


@_means("mul", _vector_flow(2))
def mul(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """(a - zero_a) * (b - zero_b), quantised: uint8 of shape (words, 64)."""
    quantiser = dispatch.quantiser
    assert quantiser is not None
    return _in_blocks(words, dispatch, lambda a, b: quantise(a * b, quantiser))


@_means("requant", _vector_flow(1))
def requant(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """`a` less `zero_a`, quantised: uint8 of shape (words, 64)."""
    quantiser = dispatch.quantiser
    assert quantiser is not None
    return _in_blocks(words, dispatch, lambda a: quantise(a, quantiser))


def _cell_flow(taken: Callable[[Dispatch], int]) -> Callable[[Dispatch, Shape | None], Flow]:
    def flow(dispatch: Dispatch, shape: Shape | None) -> Flow:
        words = dispatch.ops.words
        old = not dispatch.ops.first
        return Flow("vector", words * taken(dispatch), "results", words, state=words, recalls=old)

    return flow


@_means("lstm", _cell_flow(lambda d: 4))
def lstm(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Codes of h, then the cell states: int64 of shape (2 * words, 64)."""
    assert dispatch.quantiser is not None and dispatch.other is not None
    (i, f, o, g), cell = _gates(words, dispatch)
    after, h = lstm_step(i, f, o, g, cell, dispatch.other)
    return np.concatenate((quantise(h, dispatch.quantiser), after), axis=-2)


@_means("gru", _cell_flow(lambda d: 4 if d.ops.reset else 2))
def gru(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Codes of h, then h as states: int64 of shape (2 * words, 64)."""
    assert dispatch.quantiser is not None and dispatch.other is not None
    gates, state = _gates(words, dispatch)
    if dispatch.ops.reset:
        z, nx, r, nh = gates
        after = gru_reset_step(z, nx, r, nh, state, dispatch.other)
    else:
        z, n = gates
        after = gru_step(z, n, state, dispatch.other)
    return np.concatenate((quantise(after, dispatch.quantiser), after), axis=-2)


def _gates(words: Array, dispatch: Dispatch) -> tuple[list[Array], Array]:
    """The words of each gate, which arrive in turns, and the state, which stands behind: int64 (words, 64) each."""
    count = dispatch.ops.words
    wide = words.astype(np.int64)
    arrived = wide[..., :-count, :].reshape(*words.shape[:-2], count, -1, CHANNELS)
    return [arrived[..., gate, :] for gate in range(arrived.shape[-2])], wide[..., -count:, :]


@_means("putstate", lambda d, s: Flow("vector", d.ops.words, state=d.ops.words))
def put_state(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """The states that words become: int64 of shape (words, 64)."""
    assert dispatch.quantiser is not None
    scaled = (
        words[..., : dispatch.ops.words, :].astype(np.int64) - dispatch.ops.zero_a
    ) * dispatch.quantiser.multiplier
    return saturate(nearest(scaled, 1 << min(dispatch.quantiser.shift, LARGEST_SHIFT)))


@_means("getstate", lambda d, s: Flow(gives="results", given=d.ops.words, state=d.ops.words, recalls=True))
def get_state(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """The states as codes, then as they are: int64 of shape (2 * words, 64)."""
    assert dispatch.quantiser is not None
    return np.concatenate((quantise(words, dispatch.quantiser), words.astype(np.int64)), axis=-2)


def _in_blocks(words: Array, dispatch: Dispatch, function: Callable[..., Array]) -> Array:
    """Codes, uint8 of shape (words, 64), of what arrives and of the operands behind it, each less its zero code.

    By a table of codes, else a block of words at a time.
    """
    names = ("zero_a", "zero_b") if moves(dispatch).operands else ("zero_a",)
    zeros = [getattr(dispatch.ops, name, 0) for name in names]
    return mapped(function, np.split(words, len(zeros), axis=-2), zeros)


SYNC = frozenset(row.mnemonic for row in ROWS if row.timing == "sync")
"""Instructions that order agents and move nothing."""

EFFECTS = {row.mnemonic: row.effect for row in ROWS if row.effect and row.agent != "controller"}
"""What agents' instructions do that move no items: to tokens, to the bus switches, to the cells of a group."""

QUIET = frozenset(EFFECTS)
"""Agents' instructions that move no items: they have no meaning here but what the chip's state says."""


def moves(dispatch: Dispatch, shape: Shape | None = None) -> Flow:
    """What an instruction moves: nothing where it has an effect only. A conversion needs the shape of its group."""
    meaning = MEANINGS.get(dispatch.row.mnemonic)
    return Flow() if meaning is None else meaning.flow(dispatch, shape)


def operations(dispatch: Dispatch) -> int:
    """How many operations of its group's arrays an instruction is."""
    flow = moves(dispatch) if dispatch.group >= 0 else Flow()
    return flow.given if flow.gives == "sums" else 0


_unbound = {row.mnemonic for row in ROWS if row.agent != "controller"} ^ (set(MEANINGS) | QUIET)
if _unbound:
    raise AssertionError(f"instructions without a meaning, or meanings without an instruction: {sorted(_unbound)}")
for _row in ROWS:
    if _row.mnemonic in MEANINGS:
        list(example_flows(_row))
assert KINDS["channels"].high == CHANNELS
