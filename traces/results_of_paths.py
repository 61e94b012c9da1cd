"""The critical path of a run, and what two traces differ in, as types: `acortex.critical/1` and `acortex.diff/1`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, Pair, TableResult
from acortex.traces.results import Covers, NamedRow, OfLine


class CauseCycles(Document):
    """What a unit did or awaited on the critical path, all of it together."""

    unit: str
    """The unit's path."""
    what: str
    """busy, latency, waiting, hand-over or idle."""
    name: str
    """The kind of event, or the cause of the wait."""
    cycles: int
    """Cycles of the path."""


class PathUnit(Document):
    """A unit's share of the critical path; the parts add up to `cycles`."""

    name: str
    """The unit's path."""
    cycles: int
    """Cycles of the critical path that are its own."""
    busy: int
    """Of them: events."""
    latency: int
    """Of them: the way of what was read."""
    waiting: int
    """Of them: waits for what units share."""
    hand_over: int
    """Of them: the cycle until a change is seen."""
    idle: int
    """Of them: nothing."""


class PathLayer(Document):
    """A layer's share of the critical path."""

    name: str
    """As the program's mark says; `-` is what belongs to none."""
    cycles: int
    """Cycles of the path."""


class PathLine(Document):
    """A source line's share of the critical path."""

    line: str
    """Where it is: file:line; `-` is what no instruction made."""
    text: str
    """Its instructions on the path in assembly, with a semicolon between; empty where there is none."""
    cycles: int
    """Cycles of the path."""


class Rival(Document):
    """What held a port or a lane while the path waited for it."""

    unit: str
    """The unit that waited."""
    name: str
    """The cause of the wait: port or bus."""
    held_by: str
    """The unit that held it."""
    line: str
    """The line of the instruction that it held it for: file:line, or `-`."""
    text: str
    """That instruction in assembly; empty where it is not known."""
    cycles: int
    """Cycles of the path."""


class Halving(Document):
    """What a unit, or a part of the chip, with its delays halved could gain."""

    name: str
    """The unit's path, or the name of the part."""
    cycles: int
    """Cycles of the path that are its own delays."""
    gain_at_most: int
    """Cycles by which the run could be shorter, at most: half of those, and all of `contention`."""


class PathSegment(Document):
    """A stretch of the critical path, in which one unit did or awaited one thing."""

    start: int
    """Its first cycle."""
    end: int
    """The cycle after it."""
    unit: str
    """The unit's path."""
    what: str
    """busy, latency, waiting, hand-over or idle."""
    name: str
    """The kind of event, or the cause of the wait."""
    layer: str
    """The layer that it belongs to."""
    inference: int
    """The inference that it belongs to, or -1."""
    source: str
    """The line of its instruction: file:line, or `-`."""
    text: str
    """The instruction in assembly; empty where it is not known or there is none."""


class CriticalPath(TableResult):
    """Which chain of events set the length of a run, and what a faster unit could gain at most."""

    SHOWN: ClassVar[dict[str, str]] = {
        "complete": "complete",
        "cycles": "cycles",
        "segments": "segments",
        "units": "by_unit",
        "layers": "by_layer",
        "lines": "by_line",
    }
    ROWS: ClassVar[str] = "by_cause"

    schema_: Literal["acortex.critical/1"] = Field(default="acortex.critical/1", alias="schema")
    """The layout of this document."""
    complete: bool
    """Whether it is the path of the whole run."""
    covers: Covers | None
    """Which part of the path there is; null where it is complete."""
    cycles: int
    """Cycles of the segments, and so of each of the sums: the length of the run, or of the part of its path."""
    by_unit: list[PathUnit]
    """Largest first."""
    by_cause: list[CauseCycles]
    """By unit and what it did or awaited, largest first."""
    rivals: list[Rival]
    """What held what the path waited for, largest first. What held a bank is not known, nor a
    port that was taken again during a wait for a bus."""
    by_layer: list[PathLayer]
    """Largest first."""
    by_line: list[PathLine]
    """Largest first."""
    contention: int
    """Cycles of waits for what units share: another order of grants, after whatever change, could gain them all."""
    halving: list[Halving]
    """Units and parts with at least a hundredth of the path, the largest bound first; empty for a part of the path
    and for a stopped run, which bound nothing. What is not listed gains less than half of that hundredth, and
    `contention`."""
    segments: list[PathSegment]
    """Without a gap from cycle 0 to the end."""


class SettingChange(Document):
    """A setting in which two chips differ."""

    path: str
    """Its path, as `--set` takes it."""
    a: bool | int | float | str | None
    """Of the first chip; null where it has no such setting."""
    b: bool | int | float | str | None
    """Of the second chip; null where it has no such setting."""


class ProgramChange(Document):
    """An instruction in which two programs differ."""

    kind: Literal["inserted", "removed", "changed"]
    """What became of the first program's instruction."""
    source_a: str | None
    """Its line in the first program: file:line; null where it has none, or lines are not known."""
    source_b: str | None
    """Its line in the second program: file:line; null where it has none."""
    text_a: str | None
    """The instruction in the first program; null where it has none."""
    text_b: str | None
    """The instruction in the second program; null where it has none."""


class Changed(Document):
    """What two runs were given that differs."""

    settings: list[SettingChange] | None
    """By path; null where one side's settings are not known."""
    program: list[ProgramChange] | None
    """In the order of the programs, without jumps that moved with their target; null where instructions are not known.
    """


class DiffEvent(Document):
    """An event or a wait of one of two traces."""

    cycle: int
    """In which it begins."""
    duration: int
    """Its cycles."""
    unit: str
    """The unit's path."""
    kind: str
    """The kind of event; of a wait, `wait: CAUSE`."""
    count: int
    """What it moved or made; 0 of a wait."""
    energy_aj: int
    """In attojoules; 0 of a wait."""
    source: str
    """The line of its instruction in the file of its own trace: file:line, or `-`."""
    text: str
    """The instruction in assembly; empty where it is not known or there is none."""
    layer: str
    """The layer that it belongs to."""
    inference: int
    """The inference that it belongs to, or -1."""


class ChainStep(Document):
    """A step of the chain of events that led to a row."""

    unit: str
    """The unit's path."""
    what: str
    """busy, latency, waiting, hand-over or idle."""
    name: str
    """The kind of event, or the cause of the wait."""
    cycle: int
    """In which it begins."""
    duration: int
    """Its cycles."""


class Divergence(Document):
    """The first row that only one of two traces has."""

    cycle: int
    """In which it begins."""
    unit: str
    """The unit's path."""
    kind: str
    """The kind of event; of a wait, `wait: CAUSE`."""
    source: str
    """The line of its instruction in the file of the trace that has the row: file:line, or `-`."""
    text: str
    """The instruction in assembly; empty where it is not known or there is none."""
    instruction: int | None
    """The position of that instruction in its program; null where there is none."""
    layer: str
    """The layer that it belongs to."""
    inference: int
    """The inference that it belongs to, or -1."""
    parted: int
    """The cycle in which the unit does something else than in the other trace."""
    differs: list[str]
    """The columns in which the two rows differ; empty if only one trace has the row."""
    a: DiffEvent | None
    """The row of the first trace; null where it has none like it."""
    b: DiffEvent | None
    """The row of the second trace; null where it has none like it."""
    before: list[DiffEvent]
    """The last rows in common that had ended by then, with the lines of the first trace."""
    led_to: list[list[ChainStep]] = Field(default_factory=list)
    """For each trace, the last steps to its row; empty where a trace does not hold every event."""


class MovedEnergy(Document):
    """An energy in both traces."""

    energy_aj: Pair[int | None]
    """In attojoules."""
    energy_j: Pair[float | None]
    """In joules."""


class MovedTime(Document):
    """Cycles in both traces."""

    busy: Pair[int | None]
    """Durations of its events together."""
    waiting: Pair[int | None]
    """Its waits together."""


class PairedCycles(NamedRow):
    """A length in both traces."""

    cycles: Pair[int | None]
    """Cycles in which it was in flight."""


class MovedComponent(MovedEnergy, NamedRow):
    """The energy of a component in both traces."""

    name: str
    """The component."""


class MovedUnit(MovedEnergy, MovedTime, NamedRow):
    """A unit in both traces."""

    name: str
    """Its path."""


class MovedLayer(MovedEnergy, MovedTime, PairedCycles):
    """A layer in both traces."""

    name: str
    """As the program's mark says; `-` is what belongs to none."""


class MovedLine(MovedEnergy, MovedTime, OfLine):
    """An instruction in both traces."""

    line: str
    """Where it is in the first program, or in the second if only that one has it: file:line, or `-`."""
    text: str
    """The instruction in assembly, that of the second program too where it was changed; empty where not known."""
    source_a: str | None
    """Its line in the first program; null where it has none."""
    source_b: str | None
    """Its line in the second program; null where it has none."""


class MovedCause(Document):
    """A part of the critical path in both traces."""

    unit: str
    """The unit's path."""
    what: str
    """busy, latency, waiting, hand-over or idle."""
    name: str
    """The kind of event, or the cause of the wait."""
    cycles: Pair[int]
    """Cycles of the path."""


class MovedWait(Document):
    """A wait in both traces."""

    unit: str
    """The unit's path."""
    cause: str
    """What it waited for (docs/timing.md)."""
    cycles: Pair[int]
    """All waits of this kind together."""


class TraceDiff(TableResult):
    """What differs between two traces: where they part first, and what moved. Pairs are [first, second].

    A number that needs rows which a trace has left out is null.
    """

    SHOWN: ClassVar[dict[str, str]] = {
        "equal": "equal",
        "cycles": "cycles",
        "parted": "first_divergence.parted",
        "unit": "first_divergence.unit",
        "source": "first_divergence.source",
    }
    ROWS: ClassVar[str] = "by_unit"

    schema_: Literal["acortex.diff/1"] = Field(default="acortex.diff/1", alias="schema")
    """The layout of this document."""
    equal: bool
    """Whether they are the same within the tolerance that was given."""
    complete: Pair[bool]
    """Whether each holds every event of its run, to its end."""
    covers: Pair[Covers | None] = Field(default=[None, None])
    """Which part of its run each holds; null where it is complete."""
    cycles: Pair[int]
    """Length of the runs."""
    latency_s: Pair[float]
    """The same in seconds."""
    events: Pair[int]
    """Events that each holds."""
    energy_aj: Pair[int | None]
    """Of the runs, leakage included, in attojoules."""
    energy_j: Pair[float | None]
    """The same in joules."""
    changed: Changed
    """The settings and instructions that differ."""
    first_divergence: Divergence | None
    """Where they part; null where all rows are the same."""
    by_component: list[MovedComponent]
    """Energy by component, what moved most first."""
    by_layer: list[MovedLayer]
    """By layer, what moved most first."""
    by_unit: list[MovedUnit]
    """By unit, what moved most first."""
    by_instruction: list[MovedLine]
    """By instruction, only what moved."""
    critical: list[MovedCause]
    """The critical paths, only what moved; empty where a trace does not hold every event, to the end of its run."""
    by_wait: list[MovedWait]
    """By unit and cause, only what moved."""
