"""What other settings would change of a run, as a type: `acortex.what-if/1`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, Pair, TableResult

Value = bool | int | float


class Slower(Document):
    """The wait on the critical path that grew most as a run became slower, although its setting is better."""

    unit: str
    """The unit that waits."""
    name: str
    """What it waits for: port, bank or bus."""
    held_by: str
    """The unit that holds it longest; `-` where that is not known."""
    line: str
    """The line of the instruction that it holds it for: file:line, or `-`."""
    text: str
    """That instruction in assembly; empty where it is not known."""
    cycles: Pair[int]
    """Cycles of the path in this wait, before and with the setting."""


class WhatIfRow(Document):
    """One setting moved one step to the better, or two of the best together: what a run takes then."""

    path: str
    """The setting, as `--set` takes it; two of them with ` + ` between."""
    from_: Value | list[Value] = Field(alias="from")
    """Its value in the run; a list of two for two settings."""
    to: Value | list[Value]
    """Its value one step better; a list of two for two settings."""
    cycles: int
    """Cycles of the run with it, simulated."""
    cycles_before: int
    """Cycles of the recorded run."""
    energy_j: float
    """Energy of the run with it, in joules, leakage included."""
    energy_aj: int
    """The same in attojoules."""
    bound: int | None
    """Cycles by which the run could be shorter at most, by its critical path alone; null where that bounds nothing."""
    slower: Slower | None
    """Where the run is slower: the wait that grew most; null where it is not, or where no such wait grew."""


class WhatIf(TableResult):
    """What each setting one step better, and each pair of the best, would change of a recorded run: simulated."""

    SHOWN: ClassVar[dict[str, str]] = {"program": "program", "chip": "chip", "cycles": "cycles", "rows": "rows"}
    ROWS: ClassVar[str] = "rows"

    schema_: Literal["acortex.what-if/1"] = Field(default="acortex.what-if/1", alias="schema")
    """The layout of this document."""
    program: str
    """The program's name."""
    chip: str
    """The chip's name."""
    cycles: int
    """Cycles of the recorded run."""
    energy_j: float
    """Its energy in joules."""
    energy_aj: int
    """The same in attojoules."""
    contention: int
    """Cycles of its critical path in waits for ports, banks and lanes."""
    rows: list[WhatIfRow]
    """Single settings, the fastest run first; then the pairs, likewise."""
