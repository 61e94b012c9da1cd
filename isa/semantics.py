"""What each agent's instruction computes: pure NumPy functions, without a clock and without a chip.

An instruction's meaning is one function here, bound to its mnemonic together with its `Flow`: how many items it takes
from a pipe and gives to one, and whether it walks over main memory. A pipe is the ordered stream of items between two
agents; its items are words of 64 codes, input vectors of a group, or the sums of its columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.operands import KINDS
from acortex.isa.sequencer import Dispatch, Quantiser
from acortex.isa.table import ROWS

CHANNELS = 64
"""Channels of a word, rows and columns of an array."""

Array = NDArray[Any]


class Shape(NamedTuple):
    """The matrix of a group, in cells, with its weights where values are wanted: float32 of shape (rows, columns)."""

    rows: int
    columns: int
    weights: NDArray[np.float32] | None

    @property
    def row_words(self) -> int:
        """Words of an input vector, one a row of arrays."""
        return -(-self.rows // CHANNELS)

    @property
    def column_words(self) -> int:
        """Words that the converted columns fill."""
        return -(-self.columns // CHANNELS)


class Flow(NamedTuple):
    """What an instruction moves: items from a pipe, items to a pipe, and whether it reads or writes main memory."""

    takes: str = ""
    taken: int = 0
    gives: str = ""
    given: int = 0
    reads: bool = False
    writes: bool = False


class Meaning(NamedTuple):
    """One instruction's meaning: its flow, and the function from what it takes to what it gives."""

    flow: Callable[[Dispatch, Shape | None], Flow]
    compute: Callable[[Array, Dispatch, Shape | None], Array]


MEANINGS: dict[str, Meaning] = {}

_Compute = Callable[[Array, Dispatch, Shape | None], Array]


def _means(mnemonic: str, flow: Callable[[Dispatch, Shape | None], Flow]) -> Callable[[_Compute], _Compute]:
    def bind(compute: _Compute) -> _Compute:
        MEANINGS[mnemonic] = Meaning(flow, compute)
        return compute

    return bind


def _choice(dispatch: Dispatch, name: str) -> str:
    operand = dispatch.row.by_name[name]
    return operand.kind.choices[getattr(dispatch.ops, name)]


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


@_means("write", lambda d, s: Flow(takes=_choice(d, "source"), taken=_words(d), writes=True))
def write(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """The words converted, as main memory takes them: uint8 of shape (words, 64)."""
    return words


# Positions --------------------------------------------------------------------------------------------------------


@_means("feed", lambda d, s: Flow("buffer", d.ops.positions * d.ops.words, "vectors", d.ops.positions))
def feed(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Input vectors: uint8 of shape (positions, words * 64 + 1).

    Every channel past the tail has the fill code; the one column too many holds it for the rows of the group beyond.
    """
    ops = dispatch.ops
    vectors = np.full((ops.positions, ops.words * CHANNELS + 1), ops.fill, dtype=np.uint8)
    given = (ops.words - 1) * CHANNELS + ops.tail
    vectors[:, :given] = words.reshape(ops.positions, ops.words * CHANNELS)[:, :given]
    return vectors


@_means("multiply", lambda d, s: Flow("vectors", d.ops.positions, "sums", d.ops.positions))
def multiply(vectors: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Sums of the group's columns: float32 of shape (positions, columns), each an exact integer below 2^24."""
    assert shape is not None and shape.weights is not None
    missing = shape.rows - (vectors.shape[1] - 1)
    if missing > 0:
        vectors = np.concatenate((vectors[:, :-1], np.repeat(vectors[:, -1:], missing, axis=1)), axis=1)
    return vectors[:, : shape.rows].astype(np.float32) @ shape.weights


@_means("convert", lambda d, s: _convert_flow(d, s))
def convert(sums: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Codes, 64 a word, zeros past the last column: uint8 of shape (positions * words, 64)."""
    assert dispatch.quantiser is not None
    codes = quantise(sums, dispatch.quantiser)
    positions, columns = codes.shape
    words = -(-columns // CHANNELS)
    padded = np.zeros((positions, words * CHANNELS), dtype=np.uint8)
    padded[:, :columns] = codes
    return padded.reshape(positions * words, CHANNELS)


def _convert_flow(dispatch: Dispatch, shape: Shape | None) -> Flow:
    assert shape is not None
    positions = dispatch.ops.positions
    to = "neurons" if _choice(dispatch, "to") == "memory" else "vector"
    return Flow("sums", positions, to, positions * shape.column_words)


def quantise(sums: Array, quantiser: Quantiser) -> NDArray[np.uint8]:
    """clip(activation(round(sum * multiplier / 2^shift)) + zero, low, high), ties to even.

    Exact: a sum is below 2^24 and a multiplier at most 2^16, so that their product is an exact float64.
    """
    codes = np.rint(sums.astype(np.float64) * (quantiser.multiplier / (1 << quantiser.shift)))
    if quantiser.activation == "relu":
        codes = np.maximum(codes, 0)
    return np.clip(codes + quantiser.zero, quantiser.low, quantiser.high).astype(np.uint8)


SYNC = frozenset(row.mnemonic for row in ROWS if row.timing == "sync")
"""Instructions that order agents and move nothing."""

QUIET = SYNC | frozenset(("connect", "disconnect", "program"))
"""Agents' instructions that move no items: they have no meaning here but what the chip's state says."""

_unbound = {row.mnemonic for row in ROWS if row.agent != "controller"} ^ (set(MEANINGS) | QUIET)
if _unbound:
    raise AssertionError(f"instructions without a meaning, or meanings without an instruction: {sorted(_unbound)}")
assert KINDS["channels"].high == CHANNELS
