"""What the compiler and the zoo say of networks: `acortex.compile/1` and `acortex.zoo/1` as types."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, TableResult


class SmallestSizes(Document):
    """The sizes of the smallest chip that holds a network, otherwise like the one that it was compiled for."""

    m_top: int
    """Rows of arrays in the upper half."""
    m_bottom: int
    """Rows of arrays in the lower half."""
    n: int
    """Columns of arrays in a block."""
    memory_kb: int
    """Main memory, in KB."""
    buffer_words: int | None = None
    """Words of the buffer; null, as below, where the chip's own are enough."""
    line_words: int | None = None
    """Words of the line store of pooling."""
    output_words: int | None = None
    """Converted words that wait for the bus, and words of the vector agent's queues."""
    state_words: int | None = None
    """Words of 16-bit states."""
    instruction_words: int | None = None
    """Instructions that fit."""


class GroupPart(Document):
    """The part of a group of arrays that lies in one block: a rectangle, counted from the block's corner."""

    block: int
    """0 top left, 1 top right, 2 bottom left, 3 bottom right."""
    row: int
    """The first row of arrays."""
    column: int
    """The first column of arrays."""
    rows: int
    """Arrays below each other."""
    columns: int
    """Arrays beside each other."""


class CompiledLayer(Document):
    """A layer as the chip carries it out; those that are fused into it have no row of their own."""

    name: str
    """As the network names it."""
    op: str
    """Its operator."""
    fused: list[str]
    """Layers that are done on the way."""
    group: list[GroupPart]
    """The arrays that hold its weights."""
    arrays: int
    """How many those are."""
    utilisation: float | None
    """The share of their cells that hold weights; null of a layer without weights."""
    macs: int
    """Multiply-accumulates of one inference."""
    array_operations: int
    """Operations of arrays in one inference."""
    memory_accesses: int
    """Words of main memory that are read or written in one inference."""
    cycles: int
    """Cycles of one inference, if nothing but its bottleneck held it up."""
    bottleneck: str
    """The part of the chip that takes longest: memory, vector, vmm or neurons."""


class LayerSensitivity(Document):
    """What the rounding of a layer costs."""

    layer: str
    """As the network names it."""
    op: str
    """Its operator."""
    sqnr_db: float
    """The signal to noise of what it makes of codes of exact numbers; 200 without noise."""
    output_correlation_without: float
    """The correlation of the outputs with floating point, were this layer alone exact."""


class PartitionPart(Document):
    """What the chip or the host does of a network in one go."""

    part: Literal["chip", "host"]
    """Which of the two."""
    nodes: list[str]
    """The nodes of the network; of a network that is not divided its layers."""
    macs: int
    """Multiply-accumulates of one inference."""
    words_in: int
    """Words of main memory that come in before it: of the host those that it takes from the chip."""
    words_out: int
    """Words that leave after it: of the host those that it gives to the chip."""
    latency_s: float | None = None
    """Its time for one inference, in seconds: of the chip if nothing but the bottleneck of each layer held it up."""
    energy_j: float | None = None
    """Its energy for one inference, in joules, with that of words which the host gives it; null of the host."""


class CompileReport(TableResult):
    """How a network was mapped onto a chip."""

    SHOWN: ClassVar[dict[str, str]] = {
        "network": "network",
        "chip": "chip",
        "arrays_used": "arrays_used",
        "arrays_in_chip": "arrays_in_chip",
        "memory_peak_bytes": "memory_peak_bytes",
        "instructions": "instructions",
        "layers": "layers",
    }
    ROWS: ClassVar[str] = "layers"

    schema_: Literal["acortex.compile/1"] = Field(default="acortex.compile/1", alias="schema")
    """The layout of this document."""
    network: str
    """The network's name."""
    chip: str
    """The chip that it was compiled for."""
    arrays_used: int
    """Arrays that hold weights."""
    arrays_least: int
    """The fewest that could: dense rows, one set of tiles for each group of a convolution."""
    arrays_in_chip: int
    """Arrays of the chip."""
    memory_peak_bytes: int
    """Main memory in use at once, at most, in bytes."""
    instructions: int
    """Words of instruction memory."""
    smallest_chip: SmallestSizes
    """The smallest chip that holds it."""
    layers: list[CompiledLayer]
    """In the order of the program."""
    host_nodes: list[str]
    """Nodes that are left to the host."""
    partition: list[PartitionPart] = Field(default_factory=list)
    """What the chip and the host do, in order."""
    mapping: str = ""
    """How taps fill rows of arrays: taps, dense or best."""
    calibration: str | None = None
    """The inputs on which the ranges of all maps were chosen, in words; null where none were."""
    quantise: str | None = None
    """How levels were chosen: best, layer by layer, or fast, each layer alone."""
    output_correlation: float | None = None
    """The correlation of the outputs with floating point, on some of the calibration's inputs; null unless measured."""
    sensitivity: list[LayerSensitivity] = Field(default_factory=list)
    """What each measured layer costs, the costliest first; all of them with --sensitivity."""
    warnings: list[str] = Field(default_factory=list)
    """What is no error, but hardly meant."""


class ZooNetwork(Document):
    """A built-in network."""

    name: str
    """`acortex run zoo:NAME` runs it."""
    chip: str
    """The chip that it runs on by default."""
    doc: str
    """What it is, and where it comes from."""


class Zoo(TableResult):
    """The built-in networks."""

    SHOWN: ClassVar[dict[str, str]] = {"networks": "networks"}
    ROWS: ClassVar[str] = "networks"

    schema_: Literal["acortex.zoo/1"] = Field(default="acortex.zoo/1", alias="schema")
    """The layout of this document."""
    networks: list[ZooNetwork]
    """Small ones first."""
