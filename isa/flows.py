"""What an instruction moves, and what binds its meaning to its mnemonic. acortex.isa.semantics has the meanings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from acortex.isa.arithmetic.products import ExactWeights
from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.windows import Window
from acortex.isa.codec import decode
from acortex.isa.machine import CHANNELS
from acortex.isa.sequencer import Dispatch, Stream, operands_of
from acortex.isa.table import InstructionRow

Array = NDArray[Any]


class Shape(NamedTuple):
    """The matrix of a group, in cells, with its weights where values are wanted, as `exact_weights` gives them."""

    rows: int
    columns: int
    weights: ExactWeights | None
    whole: bool = True
    """Whether its sums are whole numbers, as those of ideal arrays are."""

    @property
    def row_words(self) -> int:
        """Words of an input vector."""
        return -(-self.rows // CHANNELS)

    @property
    def column_words(self) -> int:
        """Words that the converted columns fill."""
        return -(-self.columns // CHANNELS)


CELL = Shape(1, 1, None)
"""The shape of what works with no group, and of a conversion of which only the pipes count."""

BUFFER, LINES = "buffer.words", "vector.line_words"
"""The settings that say how many words the buffer holds, and how many the vector agent keeps of an image."""


class Flow(NamedTuple):
    """What an instruction moves: items from a pipe, items to a pipe, and whether it reads or writes main memory."""

    takes: str = ""
    taken: int = 0
    gives: str = ""
    given: int = 0
    reads: bool = False
    writes: bool = False
    operands: int = 0
    """Items from the pipe of operands, which follow those of `takes` in what is computed."""
    state: int = 0
    """Words of the state store. As they were they come last in what is computed; as they become, last in the result."""
    recalls: bool = False
    """Whether those words must have been written before; else they count as 0."""
    keeps: bool = False
    """Whether the items that it takes stay where they are, for what takes the next."""
    unneeded: int = 0
    """Items that it takes after it has given the last of its own: that this is there says nothing of them."""
    at_once: bool = False
    """Whether it begins before the first of its items is there."""
    held: int = 0
    """Words that it keeps at once in the store of its agent, whose size is the setting `store`."""
    store: str = ""


_Flows = Callable[[Dispatch, Shape | None], Flow]
_Compute = Callable[[Array, Dispatch, Shape | None], Array]
_Sizes = Callable[[Dispatch], tuple[tuple[str, int], ...]]


class Meaning(NamedTuple):
    """One instruction's meaning: its flow, and the function from what it takes to what it gives.

    `sizes` are what it goes through, in words, each as errors call it: known before anything of that size is made.
    """

    flow: _Flows
    compute: _Compute
    sizes: _Sizes


MEANINGS: dict[str, Meaning] = {}
"""Every instruction that moves items, by mnemonic; filled as acortex.isa.semantics is imported."""


def means(mnemonic: str, flow: _Flows, sizes: _Sizes = lambda d: ()) -> Callable[[_Compute], _Compute]:
    """Binds a function to its mnemonic, with what the instruction moves and goes through."""

    def bind(compute: _Compute) -> _Compute:
        MEANINGS[mnemonic] = Meaning(flow, compute, sizes)
        return compute

    return bind


def example_flows(row: InstructionRow) -> Iterator[Flow]:
    """What an instruction moves in its example pair, and with each other choice of an operand in turn.

    Raises AssertionError where its `Flow` asks for an operand or a register that its row does not name.
    """
    given = decode(row.word).values
    variants: list[Mapping[str, int]] = [given]
    for operand in row.operands:
        variants.extend({**given, operand.name: choice} for choice in range(len(operand.kind.choices)))
    for values in variants:
        flow = _flow_of(row, values)
        for has, name in ((flow.state, "state"), ("host" in flow.takes + flow.gives, "tensor")):
            if has and name not in row.by_name:
                raise AssertionError(f"{row.mnemonic}: its Flow needs the operand {name}, and its row has none")
        yield flow


def _flow_of(row: InstructionRow, values: Mapping[str, int]) -> Flow:
    """The flow with registers that hold the least: one word, one pixel, one cell."""
    names = row.by_name
    quantiser = Quantiser(1, 0) if "quantiser" in names else None
    stream = Stream(0) if "stream" in names else None
    window = Window(1, 1, 1, 1, 1, 1, width=1, packed=1) if "window" in names else None
    ops = operands_of(row, values)
    dispatch = Dispatch(0, row, ops, row.agent, 0, 0, stream, quantiser, quantiser, window, 0)
    try:
        return MEANINGS[row.mnemonic].flow(dispatch, CELL)
    except (AttributeError, AssertionError) as error:
        lacks = error.name if isinstance(error, AttributeError) else "a stream, a window or a quantiser"
        has = ", ".join(names) or "none"
        raise AssertionError(f"{row.mnemonic}: its Flow asks for {lacks}, and its row has {has}") from error
