"""What each instruction computes of one item, in plain Python integers: from the texts of the instruction table.

The two judges of values share it, and neither shares it with the product: `values.py` goes through a program in its own
order, `valued.py` computes what the stepped chip has at hand in each cycle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.windows import Window
from acortex.isa.sequencer import Dispatch
from judge.counting import across, fetched, pooling, spans
from judge.coverage import known

WORD = 64
Word = tuple[int, ...]
Vector = tuple[list[int], int]
"""The codes of an input vector, and the code of the rows past them."""
Place = tuple[int, int, int]
"""A word of an image: row, word column, word of the pixel."""


# From sums to codes -----------------------------------------------------------------------------------------------


def nearest(value: Fraction) -> int:
    """The nearest whole number, of two the even one."""
    return round(value)


def _table(function: Callable[[float], float]) -> Callable[[int, Quantiser], int]:
    def look_up(x: int, q: Quantiser) -> int:
        return round((q.high - q.zero) * function(min(max(x, -1024), 1024) / 64))

    return look_up


def _hard_swish(x: int, q: Quantiser) -> int:
    x = min(max(x, -1024), 1024)
    return nearest(Fraction(x * min(max(x + 192, 0), 384) * q.gain, 384 * 65536))


ACTIVATE: dict[str, Callable[[int, Quantiser], int]] = {
    "none": lambda x, q: x,
    "relu": lambda x, q: max(x, 0),
    "leaky": lambda x, q: nearest(Fraction(x * q.gain, 65536)) if x < 0 else x,
    "sigmoid": _table(lambda x: 1 / (1 + math.exp(-x))),
    "tanh": _table(math.tanh),
    "hardsigmoid": _table(lambda x: min(max(x / 6 + 0.5, 0), 1)),
    "hardswish": _hard_swish,
}


@lru_cache(maxsize=1 << 16)
def code(scaled: int, q: Quantiser, divisor: int = 1) -> int:
    """The code of a sum that is multiplied already."""
    x = nearest(Fraction(scaled, divisor << q.shift))
    return min(max(ACTIVATE[q.activation](x, q) + q.zero, q.low), q.high)


# Words of main memory ---------------------------------------------------------------------------------------------


def spills(d: Dispatch) -> bool:
    """Whether a write needs one word more for a pixel than come."""
    return bool(d.ops.shift + d.ops.tail > WORD)


def merged(d: Dispatch, index: int, old: Word, before: Word | None, comes: Word | None) -> Word:
    """Word `index` of a pixel as a write leaves it: of what was there, and of the words that come for it.

    `before` is the word that came for the word before it, whose last channels move up into this one.
    """
    assert d.stream is not None
    shift = d.ops.shift
    come = d.stream.extents[0] - spills(d)
    codes = list(old)
    for channel in range(WORD):
        word, place = divmod(index * WORD + channel - shift, WORD)
        source = comes if word == index else before
        if source is not None and 0 <= word < come and (word < come - 1 or place < d.ops.tail):
            codes[channel] = source[place]
    return tuple(codes)


# Vectors and sums -------------------------------------------------------------------------------------------------


def fed_vector(d: Dispatch, words: Sequence[Word]) -> Vector:
    """The input vector that a feed makes of some words."""
    codes = [code for word in words for code in word]
    return codes[: (d.ops.words - 1) * WORD + d.ops.tail], d.ops.fill


def under(window: Window, height: int, position: int) -> list[tuple[int, int] | None]:
    """The pixels under a position of a window, in reading order; None for one outside the image."""
    w = window
    row, column = divmod(position, w.columns)
    found: list[tuple[int, int] | None] = []
    for tap_y in range(w.kernel_y):
        y = row * w.stride_y - w.top + tap_y * w.dilation_y
        for tap_x in range(w.kernel_x):
            x = column * w.stride_x - w.left + tap_x * w.dilation_x
            found.append((y, x) if 0 <= y < height and 0 <= x < w.width else None)
    return found


def slid_vector(d: Dispatch, position: int, words: Mapping[Place, Word]) -> Vector:
    """The input vector that a slide makes at a position, of the words of the image that it holds."""
    assert d.window is not None and d.stream is not None
    window, depth = d.window, d.stream.extents[0]
    each = WORD // window.packed
    channels = min(d.ops.tail, each) if window.packed > 1 else (depth - 1) * WORD + d.ops.tail
    gap = 0 if d.ops.dense else -channels % WORD
    codes: list[int] = []
    for place in under(window, d.stream.extents[2], position):
        if place is None:
            pixel = [window.value] * channels
        else:
            y, x = place
            start = x % window.packed * each
            held = [code for word in range(depth) for code in words[y, across(window, x), word]]
            pixel = held[start : start + each][:channels] if window.packed > 1 else held[:channels]
        codes += [*pixel, *[0] * gap]
    return codes, d.ops.fill


class Sliding:
    """What the chain of buffers holds as a slide goes over its image: the words under the window, as they came."""

    def __init__(self, d: Dispatch) -> None:
        assert d.window is not None and d.stream is not None
        self.dispatch, self.columns, self.position = d, spans(d.window), 0
        self.coming = fetched(d.window, d.stream.extents[0], d.stream.extents[2])
        self.words: dict[Place, Word] = {}

    def vector(self, new: Sequence[Word]) -> Vector:
        """The vector of the next position, with the words that are new for it; what it does not need is gone."""
        column = self.position % len(self.columns)
        first = self.columns[column][0]
        self.words = {place: word for place, word in self.words.items() if column and place[1] >= first}
        self.words |= {next(self.coming): word for word in new}
        self.position += 1
        return slid_vector(self.dispatch, self.position - 1, self.words)


def product(matrix: NDArray[np.int64], vector: Vector) -> list[int]:
    """The sums of a group's columns."""
    codes, fill = vector
    column = (codes + [fill] * len(matrix))[: len(matrix)]
    return [int(total) for total in np.array(column, dtype=np.int64) @ matrix]


def converted(d: Dispatch, sums: Sequence[int], tile: int) -> Word:
    """The word of codes of a tile column."""
    last = d.other is not None and (tile + 1) % d.ops.every == 0
    q = d.other if last and d.other else quantiser(d)
    columns = range(tile * WORD, min((tile + 1) * WORD, len(sums)))
    codes = [_tuned(sums[column], column, q) for column in columns]
    return (*codes, *[0] * (WORD - len(codes)))


def _tuned(total: int, column: int, q: Quantiser) -> int:
    """The code of a column's sum, with the constants of its neuron if it has any."""
    if q.constants is None:
        return code(total * q.multiplier, q)
    offset, multiplier = (int(value) for value in q.constants.values[column])
    return code((total + offset) * multiplier, Quantiser(1, q.shift, q.zero, q.low, q.high, q.activation, q.gain))


def quantiser(d: Dispatch) -> Quantiser:
    """The quantiser of an instruction that has one."""
    assert d.quantiser is not None
    return d.quantiser


# The vector agent -------------------------------------------------------------------------------------------------


def pooled_word(d: Dispatch, number: int, words: Mapping[int, Word]) -> Word:
    """Word `number` of those that a pool gives, of the words of the image by their place in the order of arrival."""
    assert d.stream is not None
    depth, width, height, _ = d.stream.extents
    window = pooling(d)
    position, word = divmod(number, depth)
    around = None if d.ops.inside else (window.value,) * WORD
    taps = [
        around if place is None else words[(place[0] * width + place[1]) * depth + word]
        for place in under(window, height, position)
    ]
    counted = [tap for tap in taps if tap is not None]
    return tuple(_pooled(d, codes) for codes in zip(*counted, strict=True)) if counted else (_pooled(d, ()),) * WORD


def _pooled(d: Dispatch, codes: Sequence[int]) -> int:
    """One channel of a pooled pixel, of the codes that count."""
    if d.row.by_name["mode"].kind.choices[d.ops.mode] == "max":
        return max([*codes, 0])
    q = quantiser(d)
    return code(sum(codes) * q.multiplier, q, max(len(codes), 1))


def gates_of(d: Dispatch) -> int:
    """How many words an instruction of the vector agent takes for one that it makes; a pool aside."""
    if d.row.mnemonic == "getstate":
        return 0
    return 4 if d.row.mnemonic == "lstm" or (d.row.mnemonic == "gru" and d.ops.reset) else 1 + (d.row.mnemonic == "gru")


def stepped_word(d: Dispatch, words: Sequence[Word], old: Word) -> tuple[Word | None, Word]:
    """What one step makes of the words that arrived for it and of a word of states: a result, and the states after."""
    return known(STEPS, d, "judge/arithmetic.py")(d, words, old)


def _add(d: Dispatch, words: Sequence[Word], old: Word) -> tuple[Word, Word]:
    assert d.other is not None
    q, m = quantiser(d), d.other.multiplier
    pairs = zip(*words, strict=True)
    return tuple(code((a - d.ops.zero_a) * q.multiplier + (b - d.ops.zero_b) * m, q) for a, b in pairs), old


def _mul(d: Dispatch, words: Sequence[Word], old: Word) -> tuple[Word, Word]:
    q = quantiser(d)
    pairs = zip(*words, strict=True)
    return tuple(code((a - d.ops.zero_a) * (b - d.ops.zero_b) * q.multiplier, q) for a, b in pairs), old


def _requant(d: Dispatch, words: Sequence[Word], old: Word) -> tuple[Word, Word]:
    q = quantiser(d)
    return tuple(code((a - d.ops.zero_a) * q.multiplier, q) for a in words[0]), old


def _lstm(d: Dispatch, words: Sequence[Word], old: Word) -> tuple[Word, Word]:
    assert d.other is not None
    q, one, span = quantiser(d), d.other.high, d.other.high - d.other.zero
    after, codes = [], []
    for i, f, o, g, c in zip(*words, old, strict=True):
        new = _sixteen(nearest(Fraction(f * c, one) + Fraction(i * (g - d.other.zero) * 2048, one * span)))
        after.append(new)
        codes.append(code(o * _tanh(new) * q.multiplier, q))
    return tuple(codes), tuple(after)


def _gru(d: Dispatch, words: Sequence[Word], old: Word) -> tuple[Word, Word]:
    assert d.other is not None
    q, gates = quantiser(d), d.other
    one, zero = gates.high, gates.zero
    after = []
    for *codes, h in zip(*words, old, strict=True):
        z = codes[0]
        if d.ops.reset:
            _, nx, r, nh = codes
            argument = Fraction((one * (nx - zero) + r * (nh - zero)) * gates.multiplier, one << gates.shift)
            n = Fraction(_tanh(_sixteen(nearest(argument))))
        else:
            n = Fraction((codes[1] - zero) * 32767, one - zero)
        after.append(_sixteen(nearest((z * h + (one - z) * n) / one)))
    return tuple(code(h * q.multiplier, q) for h in after), tuple(after)


def _put_state(d: Dispatch, words: Sequence[Word], old: Word) -> tuple[None, Word]:
    q = quantiser(d)
    scaled = [Fraction((a - d.ops.zero_a) * q.multiplier, 1 << q.shift) for a in words[0]]
    return None, tuple(_sixteen(nearest(value)) for value in scaled)


def _get_state(d: Dispatch, words: Sequence[Word], old: Word) -> tuple[Word, Word]:
    q = quantiser(d)
    return tuple(code(h * q.multiplier, q) for h in old), old


STEPS: dict[str, Callable[[Dispatch, Sequence[Word], Word], tuple[Word | None, Word]]] = {
    "add": _add,
    "mul": _mul,
    "requant": _requant,
    "lstm": _lstm,
    "gru": _gru,
    "putstate": _put_state,
    "getstate": _get_state,
}


def has_state(d: Dispatch) -> bool:
    """Whether an instruction reads or writes the state store."""
    return d.row.mnemonic in ("lstm", "gru", "putstate", "getstate")


def recalls(d: Dispatch) -> bool:
    """Whether it goes on from the states that are there."""
    return d.row.mnemonic == "getstate" or (d.row.mnemonic in ("lstm", "gru") and not d.ops.first)


def state_before(d: Dispatch, number: int, states: Mapping[int, Word]) -> Word:
    """The word of states that the step for word `number` finds; one that it needs must be there."""
    return states[d.ops.state + number] if recalls(d) else (0,) * WORD


def _sixteen(value: int) -> int:
    return min(max(value, -32768), 32767)


def _tanh(c: int) -> int:
    return round(32767 * math.tanh(c / 2048))
