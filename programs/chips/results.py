"""How a network was divided over chips, `acortex.division/1`, as types."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, TableResult


class ChipPart(Document):
    """What one chip does of a network."""

    name: str
    """The stage, which is the name of its program."""
    program: str | None
    """The file of its program, as the system's file names it; null where none was written."""
    layers: list[str]
    """The layers that it does."""
    arrays_used: int
    """Arrays that hold its matrices."""
    arrays_in_chip: int
    """Arrays of the chip."""
    memory_peak_bytes: int
    """Main memory in use at once, at most."""
    instructions: int
    """Words of instruction memory."""
    macs: int
    """Multiply-accumulates of an inference."""
    words_sent: int
    """Words of an inference that it gives to other chips, each once for each of these."""


class DivisionReport(TableResult):
    """How a network was divided over several chips."""

    SHOWN: ClassVar[dict[str, str]] = {"network": "network", "chip": "chip", "parts": "parts", "output": "output"}
    ROWS: ClassVar[str] = "parts"

    schema_: Literal["acortex.division/1"] = Field(default="acortex.division/1", alias="schema")
    """The layout of this document."""
    network: str
    """Its name."""
    chip: str
    """What kind each chip is."""
    output: str | None
    """The system's file; null where none was written."""
    parts: list[ChipPart]
    """By chip, in the order in which data flow."""
    host_nodes: list[str]
    """Nodes that the host does after the outputs."""
    warnings: list[str] = Field(default_factory=list)
    """What a reader should know."""
