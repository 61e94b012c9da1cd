"""What a program computes, in program order, one code at a time in plain Python integers.

Shares with the functional executor the instruction decoder and nothing else.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Program, Tensor
from acortex.isa.sequencer import Dispatch, Sequencer
from judge.arithmetic import (
    WORD,
    Sliding,
    Word,
    converted,
    fed_vector,
    gates_of,
    has_state,
    merged,
    pooled_word,
    spills,
    state_before,
    stepped_word,
)
from judge.arithmetic import (
    product as multiplied,
)
from judge.counting import fetches, image, pooling, slid, walk
from judge.coverage import SWITCHES, SYNCS, known

Pipes = defaultdict[str, deque[Any]]
Outputs = dict[str, NDArray[np.uint8]]


def initial_memory(program: Program) -> dict[int, Word]:
    """The words that main memory holds from the beginning."""
    return {
        table.address + index: tuple(int(c) for c in word)
        for table in program.memory
        for index, word in enumerate(table.values)
    }


@lru_cache
def places(tensor: Tensor) -> list[int]:
    """Where each code of a tensor lies in the channels of its words, from its docstring's and its module's texts."""
    shape, axes = tensor.shapes[0], tensor.axes
    if axes is None:
        shape, axes = (shape, (1, 2, 0)) if len(shape) == 3 else ((1, tensor.size), (0, 1))
    width = shape[axes[-2]] if len(axes) > 1 else 1
    room = WORD // tensor.packed if tensor.packed > 1 else -(-shape[axes[-1]] // WORD) * WORD
    found = []
    for index in product(*map(range, shape)):
        row = 0
        for axis in axes[:-2]:
            row = row * shape[axis] + index[axis]
        column = index[axes[-2]] if len(axes) > 1 else 0
        found.append((row * -(-width // tensor.packed) * tensor.packed + column) * room + index[axes[-1]])
    return found


def input_word(program: Program, inputs: Mapping[str, NDArray[np.uint8]], d: Dispatch, index: int) -> Word:
    """A word of the tensor that an `input` moves."""
    tensor = program.inputs[d.ops.tensor]
    word = [0] * WORD
    first, codes = index * WORD, inputs[tensor.name][d.inference].reshape(-1)
    for place, code in zip(places(tensor), codes, strict=True):
        if 0 <= place - first < WORD:
            word[place - first] = int(code)
    return tuple(word)


def output_codes(tensor: Tensor, codes: Sequence[int]) -> NDArray[np.uint8]:
    """The codes of an output tensor, of those in the words that an `output` moves."""
    return np.array([codes[place] for place in places(tensor)], dtype=np.uint8)


class Machine:
    """Main memory and the pipes between agents; one method an instruction."""

    def __init__(self, program: Program, inputs: Mapping[str, NDArray[np.uint8]], inferences: int) -> None:
        self.program = program
        self.inputs = inputs
        self.sequencer = Sequencer(program, inferences)
        self.memory = initial_memory(program)
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
            if dispatch is not None and dispatch.row.mnemonic not in (*SYNCS, *SWITCHES):
                known(MEANING, dispatch, "judge/values.py")(self, dispatch)
        return self.outputs

    def take(self, pipe: str, count: int) -> list[Any]:
        """The next items of a pipe."""
        return [self.pipes[pipe].popleft() for _ in range(count)]

    def program_weights(self, d: Dispatch) -> None:
        self.matrices[d.group] = self.program.weights[d.ops.weights].values.astype(np.int64)

    def input(self, d: Dispatch) -> None:
        for index, address in enumerate(walk(d.stream)):
            self.memory[address] = input_word(self.program, self.inputs, d, index)

    def output(self, d: Dispatch) -> None:
        tensor = self.program.outputs[d.ops.tensor]
        codes = [c for address in walk(d.stream) for c in self.memory[address]]
        self.outputs[tensor.name][d.inference] = output_codes(tensor, codes)

    def read(self, d: Dispatch) -> None:
        addresses = walk(d.stream) if d.window is None else fetches(d)
        pipe = "vector" if d.window is None and d.ops.to else "buffer"
        self.pipes[pipe].extend(self.memory[address] for address in addresses)

    def operand(self, d: Dispatch) -> None:
        self.pipes["operand"].extend(self.memory[address] for address in walk(d.stream))

    def write(self, d: Dispatch) -> None:
        assert d.stream is not None
        pipe, held = "results" if d.ops.source else "codes", d.stream.extents[0]
        before: Word | None = None
        for number, address in enumerate(walk(d.stream)):
            index = number % held
            left_over = spills(d) and index == held - 1
            comes = None if left_over else self.pipes[pipe].popleft()
            old = self.memory.get(address, (0,) * WORD)
            self.memory[address] = merged(d, index, old, before if index else None, comes)
            before = comes

    def feed(self, d: Dispatch) -> None:
        ops = d.ops
        count = ops.positions * ops.words
        words = list(self.pipes["buffer"])[:count] if ops.keep else self.take("buffer", count)
        for start in range(0, count, ops.words):
            self.pipes["vectors"].append(fed_vector(d, words[start : start + ops.words]))

    def slide(self, d: Dispatch) -> None:
        sliding = Sliding(d)
        for new, _ in image(slid, d):
            self.pipes["vectors"].append(sliding.vector(self.take("buffer", new)))

    def multiply(self, d: Dispatch) -> None:
        for vector in self.take("vectors", d.ops.positions):
            self.pipes["sums"].append(multiplied(self.matrices[d.group], vector))

    def convert(self, d: Dispatch) -> None:
        for sums in self.take("sums", d.ops.positions):
            tiles = range(-(-len(sums) // WORD))
            self.pipes["vector" if d.ops.to else "codes"].extend(converted(d, sums, tile) for tile in tiles)

    def pool(self, d: Dispatch) -> None:
        assert d.stream is not None
        depth, width, height, _ = d.stream.extents
        words = dict(enumerate(self.take("vector", depth * width * height)))
        count = pooling(d).positions * depth
        self.pipes["results"].extend(pooled_word(d, number, words) for number in range(count))

    def step(self, d: Dispatch) -> None:
        """Any other instruction of the vector agent, word by word."""
        for number in range(d.ops.words):
            words = self.take("vector", gates_of(d))
            words += self.take("operand", d.row.mnemonic in ("add", "mul"))
            result, after = stepped_word(d, words, state_before(d, number, self.states))
            if has_state(d):
                self.states[d.ops.state + number] = after
            if result is not None:
                self.pipes["results"].append(result)


MEANING: dict[str, Callable[[Machine, Dispatch], None]] = {
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
    "add": Machine.step,
    "mul": Machine.step,
    "requant": Machine.step,
    "lstm": Machine.step,
    "gru": Machine.step,
    "putstate": Machine.step,
    "getstate": Machine.step,
}
