"""The kinds of operand: how each is written in assembly, its range, and the bits it takes in a word.

A kind is one row of `KINDS`. Registers are written with a one-letter prefix (`d3`), choices by name, labels and tables
by the name that the source gave them, everything else as an integer expression.
"""

from __future__ import annotations

from dataclasses import dataclass

AGENTS = (
    "read",
    "operand",
    "buffer",
    "vmm",
    "neurons",
    "vector",
    "write",
    "host_in",
    "host_out",
    "program_erase",
    "host",
)
"""The units that take instructions from the controller, in the order of their codes."""

ACTIVATIONS = ("none", "relu", "leaky", "sigmoid", "tanh", "hardsigmoid", "hardswish")
"""The activation functions of a neuron, in the order of their codes."""


PACKED = ("1", "2", "4", "8", "16")
"""How many pixels a word may hold, in the order of their codes."""


@dataclass(frozen=True, slots=True)
class OperandKind:
    """One kind of operand.

    `low..high` is the range of the value; a word holds `value - low`, or two's complement where `low` is below zero,
    so that every code of the field means something unless the range says otherwise. A value at an end of the range may
    be a word's: it has that name alone, and `numbers` are the others.
    """

    name: str
    bits: int
    low: int
    high: int
    doc: str
    prefix: str = ""
    choices: tuple[str, ...] = ()
    table: str = ""
    words: tuple[tuple[str, int], ...] = ()
    """Names with the value that each stands for, the lowest or the highest: no number or register means the same."""

    @property
    def signed(self) -> bool:
        """Whether the field holds a two's complement number."""
        return self.low < 0

    def encode(self, value: int) -> int:
        """The field's bits for a value in range."""
        return value & ((1 << self.bits) - 1) if self.signed else value - self.base

    def decode(self, field: int) -> int:
        """The value that a field's bits stand for."""
        if self.signed:
            return field - (1 << self.bits) if field >> (self.bits - 1) else field
        return field + self.base

    @property
    def numbers(self) -> range:
        """What a source may write as a number, or behind the prefix of a register: the range without the words'."""
        meanings = [meaning for _, meaning in self.words]
        return range(self.low + (self.low in meanings), self.high + 1 - (self.high in meanings))

    @property
    def registers(self) -> range:
        """The numbers of the registers that an operand of this kind may name; empty where it names none."""
        return self.numbers if self.prefix else range(0)

    @property
    def base(self) -> int:
        """What an unsigned field's zero stands for: 1 for counts, else 0."""
        return self.low


def _register(name: str, prefix: str, bits: int, doc: str) -> OperandKind:
    return OperandKind(name, bits, 0, (1 << bits) - 1, doc, prefix=prefix)


def _choice(name: str, bits: int, choices: tuple[str, ...], doc: str) -> OperandKind:
    return OperandKind(name, bits, 0, len(choices) - 1, doc, choices=choices)


def _unsigned(name: str, bits: int, doc: str, **more: object) -> OperandKind:
    return OperandKind(name, bits, 0, (1 << bits) - 1, doc, **more)  # type: ignore[arg-type]  # forwarded field values


def _count(name: str, bits: int, doc: str) -> OperandKind:
    return OperandKind(name, bits, 1, 1 << bits, doc)


NO_LOOP = 8
"""The value of a `by` operand that names no loop register."""

NO_LABEL = 0
"""The value of an `onward` operand that names no instruction: none that is further down has this address."""

MOST_TOKENS = (1 << 16) - 1
"""How many tokens of a number may be left at once: what a counter of 16 bits holds."""

HOST_COUNT = 0
"""The value of a `loop` count that stands for the number of inferences that the host has."""

# fmt: off
_ROWS = (
    _register("stream", "d", 5, "a stream descriptor"),
    _register("loop", "l", 3, "a loop register"),
    _register("token", "t", 6, "a token"),
    _register("group", "g", 10, "a group of arrays"),
    _register("quantiser", "q", 6, "a quantiser: how neurons turn a sum into a code"),
    _register("window", "w", 3, "a sliding window"),
    OperandKind("by", 4, 0, NO_LOOP, "a loop register whose count moves the operand, or none", prefix="l",
         words=(("none", NO_LOOP),)),
    _choice("agent", 4, AGENTS, "a unit that takes instructions"),
    _choice("activation", 4, ACTIVATIONS, "an activation function"),
    _choice("to_read", 1, ("buffer", "vector"), "where the words go"),
    _choice("from_write", 1, ("neurons", "vector"), "where the words come from"),
    _choice("to_convert", 1, ("memory", "vector"), "where the codes go"),
    OperandKind("repeat", 24, 0, (1 << 24) - 1, "how often a loop runs, at least once; host: once for each inference"
                " that the host has", words=(("host", HOST_COUNT),)),
    _unsigned("target", 16, "an instruction's address", table="label"),
    OperandKind("onward", 16, 0, (1 << 16) - 1, "an instruction further down, or none", table="label",
         words=(("none", NO_LABEL),)),
    _unsigned("turns", 7, "turns of a loop"),
    _unsigned("address", 20, "a word of main memory"),
    _unsigned("every", 6, "of how many words the last is coded otherwise; 0 for none"),
    _unsigned("ring", 7, "how many places a ring has; 0 for no ring"),
    OperandKind("stride", 20, -(1 << 19), (1 << 19) - 1, "words from one element to the next"),
    OperandKind("step", 10, -(1 << 9), (1 << 9) - 1, "groups from one turn of a loop to the next"),
    OperandKind("axis", 2, 0, 3, "an axis of a stream, 0 the fastest"),
    _count("extent", 16, "how many elements an axis has"),
    _count("positions", 20, "how many positions, one array operation each"),
    _count("words", 12, "words per position"),
    _count("channels", 6, "channels, out of the 64 of a word"),
    _unsigned("offset", 6, "channels into a word"),
    _unsigned("code", 8, "an activation's code"),
    _count("kernel", 7, "pixels of a window, one way"),
    _count("hop", 5, "pixels from one to the next, one way"),
    OperandKind("image_width", 14, 1, 1 << 14, "pixels in a row of the image"),
    _choice("packed", 3, PACKED, "pixels in a word"),
    _count("places", 14, "positions of a window, one way"),
    _unsigned("margin", 7, "pixels of padding"),
    _choice("flag", 1, ("no", "yes"), "whether to do what the operand's name says"),
    _choice("pooling", 1, ("max", "average"), "how a window's codes become one"),
    _count("vector_words", 20, "words"),
    _unsigned("state", 16, "a word of the vector agent's state store"),
    _count("multiplier", 16, "the quantiser's multiplier"),
    _unsigned("shift", 6, "the quantiser divides by two to this power"),
    _count("rows", 16, "rows of a matrix, in cells"),
    _count("columns", 16, "columns of a matrix, in cells"),
    _unsigned("array_column", 10, "a column of arrays of the chip"),
    _unsigned("array_row", 9, "a row of arrays of the chip, the topmost 0"),
    _count("height", 9, "arrays, from top to bottom"),
    _count("width", 10, "arrays, from left to right"),
    _unsigned("layer", 12, "a layer's name", table="layer"),
    _unsigned("weights", 12, "a matrix of weights", table="weights"),
    _unsigned("constants", 12, "a table of constants, one for each neuron", table="constants"),
    _unsigned("input", 10, "an input tensor", table="input"),
    _unsigned("output", 10, "an output tensor", table="output"),
    _unsigned("part", 12, "a part of the network that the host works on", table="part"),
    OperandKind("operations", 40, 1, 1 << 40, "operations of the host"),
)
# fmt: on

KINDS: dict[str, OperandKind] = {kind.name: kind for kind in _ROWS}
KIND_COUNT = len(_ROWS)

if any(len(kind.numbers) + len(kind.words) != kind.high + 1 - kind.low for kind in _ROWS):
    raise AssertionError("a word of a kind stands for no end of its range, or for that of another word")
