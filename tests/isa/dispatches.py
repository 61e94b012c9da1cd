"""What the tests of semantics share: instructions as an agent receives them, and strategies of what they take."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from acortex.isa.arithmetic.products import exact_weights
from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.windows import Window
from acortex.isa.semantics import MEANINGS, Flow, Shape
from acortex.isa.sequencer import _OPERANDS, Dispatch, Stream
from acortex.isa.table import MNEMONICS

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
        rows, columns, exact_weights(np.random.default_rng(seed).integers(-8, 8, (rows, columns), dtype=np.int8))
    ),
    seeds, st.integers(1, 200), st.integers(1, 150),
)  # fmt: skip
STREAM = Stream(5, (3, 4, 1, 1), (1, 10, 0, 0))


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
