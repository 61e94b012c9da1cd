"""The program as data: words, tables and tensors, and where each word came from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from acortex.wording import count


@dataclass(frozen=True, eq=False)
class Weights:
    """A matrix of weights for one group.

    `values` is int8 of shape (rows, columns), each in -8..7, a differential pair of cells each. `macs` counts the
    multiply-accumulates of one array operation: the true kernel, without biases and padding.
    """

    name: str
    values: NDArray[np.int8]
    macs: int


@dataclass(frozen=True, eq=False)
class Constants:
    """What each neuron of a conversion adds to its sum and multiplies it by: one row per column of the group.

    `values` is int64 of shape (columns, 2): the offset within -2^31 to 2^31, and the multiplier, 1 to 2^16.
    """

    name: str
    values: NDArray[np.int64]


@dataclass(frozen=True)
class Tensor:
    """An input or output of the network, as the host sees it.

    `shapes` are the forms that one inference may take, the first of them the canonical one; an output is given in the
    last. `encode` names how the
    host turns a user's numbers into codes, `bits` is the width of a code; `scale` and `zero` belong to `linear`. `axes`
    is the order in which the canonical shape's axes lie in memory, channels last; None where the shape says it.
    A word holds `packed` pixels. See acortex.isa.arithmetic.tensors.
    """

    name: str
    shapes: tuple[tuple[int, ...], ...]
    encode: str = "codes"
    bits: int = 4
    scale: float = 1.0
    zero: int = 0
    axes: tuple[int, ...] | None = None
    packed: int = 1
    host: bool = False
    """Whether a part of the host makes it, or takes it: the user neither gives nor gets it."""

    @property
    def size(self) -> int:
        """How many codes one inference has."""
        return math.prod(self.shapes[0])


TYPED = ("<text>", "<stdin>")
"""What stands in the place of a file where a program was given as text."""


def compiled_file(network: str) -> str:
    """What stands in the place of a file in the lines of a compiled network."""
    name = f"<{network.replace('/', '_')}>"
    return f"<network {network}>" if name in TYPED else name


@dataclass(frozen=True)
class Line:
    """Where an instruction came from: a file, a line (from 1), and that line's text."""

    file: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"

    @property
    def compiled(self) -> bool:
        """Whether the compiler wrote the line: no file holds it, and the network's name stands in angle brackets."""
        return self.file[:1] == "<" and self.file not in TYPED


@dataclass(frozen=True, eq=False)
class Memory:
    """Words that main memory holds before anything runs, and where the source gives them.

    `values` is uint8 of shape (words, 64), one code per channel; the first lies at `address`.
    """

    address: int
    values: NDArray[np.uint8]
    line: Line

    @property
    def end(self) -> int:
        """The address past the last word."""
        return self.address + len(self.values)


@dataclass(frozen=True, eq=False)
class HostPart:
    """A part of the network that the host works on, between parts of the chip.

    `model` is an ONNX model, uint8 of shape (bytes,). Its inputs have the names of inputs and outputs of the program,
    or of what parts before it have made; its outputs those of inputs and results, or of what later parts take.
    """

    name: str
    model: NDArray[np.uint8]


@dataclass(frozen=True)
class HostResult:
    """An output of the network that a part of the host makes: its shape for one inference, and its type."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """How many numbers one inference has."""
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class Program:
    """An assembled program: everything that a run needs except the chip and the user's inputs.

    Compare programs by `acortex.isa.sha256`.

    `words` is uint64 of shape (instructions,). `lines` has one entry per instruction. `memory` is
    in the order of addresses, without overlaps. `samples` holds the program's own
    data, used where the user gives none: one array per input name, in the form of `--input`. `labels` are the right
    answers to it (int64), or None.
    """

    name: str
    chip: str
    words: NDArray[np.uint64]
    lines: tuple[Line, ...]
    weights: tuple[Weights, ...] = ()
    constants: tuple[Constants, ...] = ()
    memory: tuple[Memory, ...] = ()
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    layers: tuple[str, ...] = ()
    samples: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    labels: NDArray[np.int64] | None = None
    targets: dict[str, int] = field(default_factory=dict)
    """The labels of a source, and the addresses that they stand for. A container holds none."""

    calls: dict[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)
    """Where the lines begin that a line of a source calls, repeats or includes, by its file and number; as above."""

    parts: tuple[HostPart, ...] = ()
    results: tuple[HostResult, ...] = ()
    chip_at: str = ""
    """Where the chip is named: "file:line:column" of a source, the file of a container; empty where it is not."""

    def __repr__(self) -> str:
        return f"Program({self.name} for {self.chip}, {count(len(self.words), 'instruction')})"

    @property
    def given(self) -> tuple[Tensor, ...]:
        """The inputs that the user gives."""
        return tuple(tensor for tensor in self.inputs if not tensor.host)

    @property
    def shown(self) -> tuple[Tensor, ...]:
        """The outputs of the chip that the user gets."""
        return tuple(tensor for tensor in self.outputs if not tensor.host)
