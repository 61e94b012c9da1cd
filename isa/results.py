"""What the instruction set says of itself and of a program: `acortex.isa/1` and `acortex.info/1` as types."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, ProgramName, TableResult


class TensorInfo(Document):
    """An input or an output of a program."""

    name: str
    """The name by which arrays are given and written."""
    shape: list[int]
    """Of the array of one inference."""
    shapes: list[list[int]]
    """All forms that an array may have; the first is `shape`."""
    encode: str
    """What its codes stand for: "binary", "codes" or "linear"."""
    bits: int
    """The width of a code."""
    scale: float | None
    """Where linear, the number is (code - zero) * scale; else null."""
    zero: int | None
    """See `scale`."""
    axes: list[int] | None
    """The order in which its axes lie in memory; null where it is their own."""
    packed: int
    """Pixels of a word."""
    words: int
    """Words of main memory."""


class HostPartInfo(Document):
    """A part of the network that the host works on."""

    name: str
    """Its name."""
    bytes: int
    """Bytes of its model."""


class ResultInfo(Document):
    """An output that the host makes."""

    name: str
    """The name by which its array is written."""
    shape: list[int]
    """Of the array of one inference."""
    type: str
    """The type of its numbers, as NumPy names it."""


class LayerMacs(Document):
    """A layer of a program."""

    name: str
    """As the program's mark says."""
    macs: int | None
    """Its multiply-accumulates; null where they could not be counted."""


class WeightsInfo(Document):
    """A matrix that is written into arrays."""

    name: str
    """As the program names it."""
    rows: int
    """Inputs of the product."""
    columns: int
    """Outputs of the product."""
    bytes: int
    """In the assembled program."""


class ConstantsInfo(Document):
    """A table of a constant for each neuron."""

    name: str
    """As the program names it."""
    columns: int
    """Neurons that it has a row for."""


class MemoryInfo(Document):
    """A stretch of main memory that holds something before anything runs."""

    address: int
    """Its first word."""
    words: int
    """How many follow each other."""


class ProgramInfo(TableResult):
    """What a program is for, without a run: its chip, tensors, layers and sizes."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program.name",
        "chip": "chip",
        "instructions": "program.instructions",
        "macs": "macs",
        "layers": "layers",
        "samples": "samples",
    }
    ROWS: ClassVar[str] = "layers"

    schema_: Literal["acortex.info/1"] = Field(default="acortex.info/1", alias="schema")
    """The layout of this document."""
    program: ProgramName
    """Which program it is."""
    chip: str
    """The chip that it is written for."""
    inputs: list[TensorInfo]
    """What the host gives."""
    outputs: list[TensorInfo]
    """What the host gets."""
    macs: int | None
    """Multiply-accumulates of `macs_inferences` inferences; null where they could not be counted."""
    macs_inferences: int
    """One, or the number of samples for a program that does not run with one."""
    layers: list[LayerMacs]
    """In the order of the program."""
    macs_outside_layers: int | None
    """Multiply-accumulates that belong to no layer; null where they could not be counted."""
    weights: list[WeightsInfo]
    """The matrices."""
    constants: list[ConstantsInfo]
    """The tables of constants."""
    memory: list[MemoryInfo]
    """What main memory holds before anything runs."""
    samples: int
    """Inferences that the program brings inputs for."""
    labels: bool
    """Whether it brings the right answers too."""
    parts: list[HostPartInfo] = Field(default_factory=list)
    """Parts of the network that the host works on, between parts of the chip."""
    results: list[ResultInfo] = Field(default_factory=list)
    """Outputs that the host makes, beside those of the chip."""


class OperandInfo(Document):
    """An operand of an instruction: where it stands in the word, and what it may be."""

    name: str
    """As the source may name it."""
    kind: str
    """The kind of value, shared by operands that take the same."""
    bits: int
    """Its width in the word."""
    shift: int
    """Its lowest bit in the word."""
    low: int
    """The smallest number that it may be."""
    high: int
    """The largest number that it may be."""
    default: str | None
    """What it is where left out; null where it must be given."""
    written: str
    """How the source writes it."""
    choices: list[str]
    """The names that it may be."""
    doc: str
    """What it means."""


class FieldInfo(Document):
    """The field of an operand in the word."""

    name: str
    """Of the operand."""
    holds: str
    """What it holds for a number."""
    codes: dict[str, int]
    """The code of each name that the operand may be."""


class Example(Document):
    """An instruction as the source writes it, and as the word holds it."""

    source: str
    """One line of assembly."""
    word: str
    """64 bits in hexadecimal."""


class Refusal(Document):
    """What an instruction is refused for though each of its operands is within its range."""

    code: str
    """The code of the diagnostic, for `acortex explain`."""
    title: str
    """What holds where it is not refused."""


class InstructionInfo(Document):
    """One instruction."""

    mnemonic: str
    """Its name."""
    opcode: int
    """The code in its lowest bits."""
    agent: str
    """Which unit carries it out."""
    timing: str
    """What its time is counted by."""
    setup: bool | None
    """True: allowed before `start` alone; false: after it alone; null: both."""
    doc: str
    """What it does."""
    syntax: str
    """All operands, in brackets those that may be left out."""
    operands: list[OperandInfo]
    """In the order of the source."""
    fields: list[FieldInfo]
    """In the order of the operands."""
    refusals: list[Refusal]
    """What must hold of its operands together, and of where it stands."""
    example: Example
    """One of many."""


class DirectiveField(Document):
    """A field of a directive."""

    name: str
    """As the source writes it."""
    required: bool
    """Whether it must be given."""
    doc: str
    """What it means."""


class DirectiveInfo(Document):
    """One directive of a source text."""

    directive: str
    """Its name, with the dot."""
    syntax: str
    """All fields, in brackets those that may be left out."""
    doc: str
    """What it does."""
    fields: list[DirectiveField]
    """Those that are required first."""


class TopicRow(Document):
    """A name, and what it is."""

    name: str
    """As the source writes it."""
    text: str
    """What it is or gives."""


class TopicInfo(Document):
    """What is to be known beside instructions and directives, on one subject."""

    topic: str
    """Its name, as `acortex isa` takes it."""
    title: str
    """Its heading."""
    text: list[str]
    """Its paragraphs."""
    rows: list[TopicRow]
    """Its table."""


class Manual(TableResult):
    """The reference of the instruction set: all of it, or the one thing that was named."""

    SHOWN: ClassVar[dict[str, str]] = {
        "instructions": "instructions",
        "directives": "directives",
        "topics": "topics",
    }
    ROWS: ClassVar[str] = "instructions"

    schema_: Literal["acortex.isa/1"] = Field(default="acortex.isa/1", alias="schema")
    """The layout of this document."""
    instructions: list[InstructionInfo]
    """In the order of the table."""
    directives: list[DirectiveInfo]
    """What a source says beside instructions."""
    topics: list[TopicInfo]
    """What is to be known beside both."""
