"""What costs most in a run, as a type: `acortex.trace-top/1`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, TableResult
from acortex.traces.results import Covers, NamedRow, OfLine, RowSums

By = Literal["cycles", "energy", "waits"]
"""What is ranked: busy cycles, energy of events, or cycles of waiting."""


class Shared(Document):
    """A row's part of the whole."""

    share: float | None
    """Of what is ranked; null where the whole is 0."""


class CostSums(RowSums):
    """What some rows come to: busy cycles, energy of events without leakage, and waits, of all units together."""

    waiting: int
    """Their waits together, in cycles."""


class TopInstruction(Shared, CostSums, OfLine):
    """One of the instructions that cost most; what no instruction made has pc -1."""

    pc: int
    """Its place in instruction memory."""
    layer: str
    """The layer of the most of what is ranked; `-` is what belongs to none."""


class TopLayer(Shared, CostSums, NamedRow):
    """One of the layers that cost most; `-` is what belongs to none."""

    name: str
    """As the program's mark says."""


class Others(Shared, CostSums):
    """All that is in no row of a table: with its rows it adds up to the whole, exactly."""

    rows: int
    """How many instructions or layers it stands for."""


class TraceTop(TableResult):
    """The instructions and the layers that cost most: exact sums over the rows of a trace."""

    SHOWN: ClassVar[dict[str, str]] = {
        "complete": "complete",
        "by": "by",
        "cycles": "cycles",
        "instructions": "instructions",
        "layers": "layers",
    }
    ROWS: ClassVar[str] = "instructions"

    schema_: Literal["acortex.trace-top/1"] = Field(default="acortex.trace-top/1", alias="schema")
    """The layout of this document."""
    complete: bool
    """Whether the trace holds every event of the run, to its end."""
    covers: Covers | None
    """Which part of the run the numbers are about; null where it is complete."""
    by: By
    """What rows are ranked by: `busy`, `energy_aj` or `waiting`."""
    cycles: int
    """Length of the run. Units work side by side, so that all busy cycles together may be more."""
    whole: CostSums
    """All rows together."""
    instructions: list[TopInstruction] | None
    """Those that cost most, the dearest first; what costs nothing is not among them. Null where the trace does not say
    which instruction a row is of."""
    other_instructions: Others | None
    """All others; null likewise."""
    layers: list[TopLayer]
    """Those that cost most, the dearest first."""
    other_layers: Others
    """All others."""
