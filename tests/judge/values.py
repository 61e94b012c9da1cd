"""What a program computes, in program order, one code at a time in plain Python integers.

Shares with the functional executor the instruction decoder and nothing else; written from the texts of the instruction
table and from the docstring of acortex.isa.quantisers.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Program
from acortex.isa.quantisers import Quantiser
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.isa.windows import Window
from judge.counting import fetched, fetches, walk

WORD = 64
Word = tuple[int, ...]
Pipes = defaultdict[str, deque[Any]]
Outputs = dict[str, NDArray[np.uint8]]


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


# Pixels under windows ---------------------------------------------------------------------------------------------


def under(window: Window, height: int, pixel: Callable[[int, int], Word], outside: Word) -> Iterator[list[Word]]:
    """For each position of a window the pixels under it, in reading order."""
    w = window
    for row in range(w.rows):
        for column in range(w.columns):
            taps = []
            for tap_y in range(w.kernel_y):
                for tap_x in range(w.kernel_x):
                    y = row * w.stride_y - w.top + tap_y * w.dilation_y
                    x = column * w.stride_x - w.left + tap_x * w.dilation_x
                    taps.append(pixel(y, x) if 0 <= y < height and 0 <= x < w.width else outside)
            yield taps


# The machine ------------------------------------------------------------------------------------------------------


class Machine:
    """Main memory and the pipes between agents; one method an instruction."""

    def __init__(self, program: Program, inputs: Mapping[str, NDArray[np.uint8]], inferences: int) -> None:
        self.program = program
        self.inputs = inputs
        self.sequencer = Sequencer(program, inferences)
        self.memory: dict[int, Word] = {
            table.address + index: tuple(int(c) for c in word)
            for table in program.memory
            for index, word in enumerate(table.values)
        }
        self.states: dict[int, Word] = {}
        self.pipes: Pipes = defaultdict(deque)
        self.matrices: dict[int, NDArray[np.int64]] = {}
        self.outputs: Outputs = {
            tensor.name: np.zeros((inferences, tensor.size), dtype=np.uint8) for tensor in program.outputs
        }

    def run(self) -> Outputs:
        """The outputs of all inferences, by name: uint8 of shape (inferences, size)."""
        while self.sequencer.state != "halted":
            dispatch = self.sequencer.step()
            if dispatch is not None and dispatch.row.mnemonic in _MEANING:
                _MEANING[dispatch.row.mnemonic](self, dispatch)
        return self.outputs

    def take(self, pipe: str, count: int) -> list[Any]:
        """The next items of a pipe."""
        return [self.pipes[pipe].popleft() for _ in range(count)]

    def program_weights(self, d: Dispatch) -> None:
        self.matrices[d.group] = self.program.weights[d.ops.weights].values.astype(np.int64)

    def input(self, d: Dispatch) -> None:
        codes = [int(c) for c in self.inputs[self.program.inputs[d.ops.tensor].name][d.inference].reshape(-1)]
        codes += [0] * (-len(codes) % WORD)
        for index, address in enumerate(walk(d.stream)):
            self.memory[address] = tuple(codes[index * WORD : (index + 1) * WORD])

    def output(self, d: Dispatch) -> None:
        tensor = self.program.outputs[d.ops.tensor]
        codes = [c for address in walk(d.stream) for c in self.memory[address]]
        self.outputs[tensor.name][d.inference] = codes[: tensor.size]

    def read(self, d: Dispatch) -> None:
        addresses = walk(d.stream) if d.window is None else fetches(d)
        pipe = "vector" if d.window is None and d.ops.to else "buffer"
        self.pipes[pipe].extend(self.memory[address] for address in addresses)

    def operand(self, d: Dispatch) -> None:
        self.pipes["operand"].extend(self.memory[address] for address in walk(d.stream))

    def write(self, d: Dispatch) -> None:
        assert d.stream is not None
        pipe = "results" if d.ops.source else "codes"
        shift, tail, held = d.ops.shift, d.ops.tail, d.stream.extents[0]
        addresses = list(walk(d.stream))
        for start in range(0, len(addresses), held):
            come = held - (shift + tail > WORD)
            codes = [c for word in self.take(pipe, come) for c in word][: (come - 1) * WORD + tail]
            words = addresses[start : start + held]
            for index, address in enumerate(words):
                old = list(self.memory.get(address, (0,) * WORD))
                for channel in range(WORD):
                    if 0 <= index * WORD + channel - shift < len(codes):
                        old[channel] = codes[index * WORD + channel - shift]
                self.memory[address] = tuple(old)

    def feed(self, d: Dispatch) -> None:
        ops = d.ops
        count = ops.positions * ops.words
        words = list(self.pipes["buffer"])[:count] if ops.keep else self.take("buffer", count)
        for _ in range(ops.positions):
            codes = [c for word in words[: ops.words] for c in word]
            del words[: ops.words]
            self.pipes["vectors"].append((codes[: (ops.words - 1) * WORD + ops.tail], ops.fill))

    def slide(self, d: Dispatch) -> None:
        assert d.window is not None and d.stream is not None
        window, depth, height = d.window, d.stream.extents[0], d.stream.extents[2]
        words = {place: self.pipes["buffer"].popleft() for place in fetched(window, depth, height)}
        each = WORD // window.packed

        def pixel(y: int, x: int) -> Word:
            if window.packed > 1:
                start = x % window.packed * each
                return words[y, x // window.packed, 0][start : start + each][: d.ops.tail]
            codes = [c for word in range(depth) for c in words[y, x, word]]
            return tuple(codes[: (depth - 1) * WORD + d.ops.tail])

        channels = min(d.ops.tail, each) if window.packed > 1 else (depth - 1) * WORD + d.ops.tail
        for taps in under(window, height, pixel, (window.value,) * channels):
            gap = 0 if d.ops.dense else -channels % WORD
            self.pipes["vectors"].append(([c for tap in taps for c in (*tap, *(0,) * gap)], d.ops.fill))

    def multiply(self, d: Dispatch) -> None:
        matrix = self.matrices[d.group]
        for codes, fill in self.take("vectors", d.ops.positions):
            column = (codes + [fill] * len(matrix))[: len(matrix)]
            self.pipes["sums"].append([int(s) for s in np.array(column, dtype=np.int64) @ matrix])

    def convert(self, d: Dispatch) -> None:
        for sums in self.take("sums", d.ops.positions):
            codes = []
            for column, total in enumerate(sums):
                last = d.other is not None and (column // WORD + 1) % d.ops.every == 0
                codes.append(_converted(total, column, d.other if last and d.other else _quantiser(d)))
            codes += [0] * (-len(codes) % WORD)
            words = [tuple(codes[i : i + WORD]) for i in range(0, len(codes), WORD)]
            self.pipes["vector" if d.ops.to else "codes"].extend(words)

    # The vector agent -------------------------------------------------------------------------------------------------

    def pool(self, d: Dispatch) -> None:
        assert d.window is not None and d.stream is not None
        depth, width, height, _ = d.stream.extents
        words = self.take("vector", depth * width * height)
        pixels = {
            (y, x): tuple(c for word in range(depth) for c in words[(y * width + x) * depth + word])
            for y in range(height)
            for x in range(width)
        }
        q = _quantiser(d)
        around = () if d.ops.inside else (d.window.value,) * (depth * WORD)
        for taps in under(d.window, height, lambda y, x: pixels[y, x], around):
            counted = [tap for tap in taps if tap]
            for word in range(depth):
                columns = [[tap[channel] for tap in counted] for channel in range(word * WORD, (word + 1) * WORD)]
                self.pipes["results"].append(tuple(_pooled(codes, d, q) for codes in columns))

    def add(self, d: Dispatch) -> None:
        assert d.other is not None
        q, m = _quantiser(d), d.other.multiplier
        self._two(d, lambda a, b: code(a * q.multiplier + b * m, q))

    def mul(self, d: Dispatch) -> None:
        q = _quantiser(d)
        self._two(d, lambda a, b: code(a * b * q.multiplier, q))

    def _two(self, d: Dispatch, function: Callable[[int, int], int]) -> None:
        words, others = self.take("vector", d.ops.words), self.take("operand", d.ops.words)
        for word, other in zip(words, others, strict=True):
            pairs = zip(word, other, strict=True)
            self.pipes["results"].append(tuple(function(a - d.ops.zero_a, b - d.ops.zero_b) for a, b in pairs))

    def requant(self, d: Dispatch) -> None:
        q = _quantiser(d)
        for word in self.take("vector", d.ops.words):
            self.pipes["results"].append(tuple(code((a - d.ops.zero_a) * q.multiplier, q) for a in word))

    def lstm(self, d: Dispatch) -> None:
        assert d.other is not None
        q, one, span = _quantiser(d), d.other.high, d.other.high - d.other.zero
        for word in range(d.ops.state, d.ops.state + d.ops.words):
            gates = zip(*self.take("vector", 4), self.old(word, d), strict=True)
            after, codes = [], []
            for i, f, o, g, c in gates:
                new = _sixteen(nearest(Fraction(f * c, one) + Fraction(i * (g - d.other.zero) * 2048, one * span)))
                after.append(new)
                codes.append(code(o * _tanh(new) * q.multiplier, q))
            self.states[word] = tuple(after)
            self.pipes["results"].append(tuple(codes))

    def gru(self, d: Dispatch) -> None:
        assert d.other is not None
        q, gates = _quantiser(d), d.other
        one, zero = gates.high, gates.zero
        for word in range(d.ops.state, d.ops.state + d.ops.words):
            after = []
            for *codes, h in zip(*self.take("vector", 4 if d.ops.reset else 2), self.old(word, d), strict=True):
                z = codes[0]
                if d.ops.reset:
                    _, nx, r, nh = codes
                    argument = Fraction((one * (nx - zero) + r * (nh - zero)) * gates.multiplier, one << gates.shift)
                    n = Fraction(_tanh(_sixteen(nearest(argument))))
                else:
                    n = Fraction((codes[1] - zero) * 32767, one - zero)
                after.append(_sixteen(nearest((z * h + (one - z) * n) / one)))
            self.states[word] = tuple(after)
            self.pipes["results"].append(tuple(code(h * q.multiplier, q) for h in after))

    def old(self, word: int, d: Dispatch) -> Word:
        """A word of states before a step."""
        return (0,) * WORD if d.ops.first else self.states[word]

    def put_state(self, d: Dispatch) -> None:
        q = _quantiser(d)
        for word in range(d.ops.state, d.ops.state + d.ops.words):
            (codes,) = self.take("vector", 1)
            scaled = [Fraction((a - d.ops.zero_a) * q.multiplier, 1 << q.shift) for a in codes]
            self.states[word] = tuple(_sixteen(nearest(value)) for value in scaled)

    def get_state(self, d: Dispatch) -> None:
        q = _quantiser(d)
        for word in range(d.ops.state, d.ops.state + d.ops.words):
            self.pipes["results"].append(tuple(code(h * q.multiplier, q) for h in self.states[word]))


def _sixteen(value: int) -> int:
    return min(max(value, -32768), 32767)


def _tanh(c: int) -> int:
    return round(32767 * math.tanh(c / 2048))


def _converted(total: int, column: int, q: Quantiser) -> int:
    """The code of a column's sum, with the constants of its neuron if it has any."""
    if q.constants is None:
        return code(total * q.multiplier, q)
    offset, multiplier = (int(value) for value in q.constants.values[column])
    return code((total + offset) * multiplier, Quantiser(1, q.shift, q.zero, q.low, q.high, q.activation, q.gain))


def _quantiser(d: Dispatch) -> Quantiser:
    assert d.quantiser is not None
    return d.quantiser


def _pooled(codes: list[int], d: Dispatch, q: Quantiser) -> int:
    """One channel of a pooled pixel, of the codes that count."""
    if d.row.by_name["mode"].kind.choices[d.ops.mode] == "max":
        return max([*codes, 0])
    return code(sum(codes) * q.multiplier, q, max(len(codes), 1))


_MEANING: dict[str, Callable[[Machine, Dispatch], None]] = {
    "program": Machine.program_weights,
    "input": Machine.input,
    "output": Machine.output,
    "read": Machine.read,
    "fetch": Machine.read,
    "operand": Machine.operand,
    "write": Machine.write,
    "feed": Machine.feed,
    "slide": Machine.slide,
    "multiply": Machine.multiply,
    "convert": Machine.convert,
    "pool": Machine.pool,
    "add": Machine.add,
    "mul": Machine.mul,
    "requant": Machine.requant,
    "lstm": Machine.lstm,
    "gru": Machine.gru,
    "putstate": Machine.put_state,
    "getstate": Machine.get_state,
}
