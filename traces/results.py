"""What a trace says, as types: `acortex.trace-info/1`, `acortex.trace-stats/1`, `acortex.trace-query/1` and goldens.

What two traces differ in, and the critical path, are in `acortex.traces.results_of_paths`. Numbers come out of a file
and have no bounds here: the reader holds them to what a trace may say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from acortex.documents import ChipName, Document, ProgramName, Result, TableResult, Versioned, pandas_module

if TYPE_CHECKING:
    from pandas import DataFrame


class Covers(Document):
    """Which part of a run numbers are about; what is null is there as a whole."""

    units: list[str] | None = None
    """The units whose rows are there."""
    layers: list[str] | None = None
    """The layers."""
    kinds: list[str] | None = None
    """The kinds of events; there are no waits then."""
    inferences: list[int] | None = None
    """The inferences."""
    lines: list[str] | None = None
    """The lines of the source."""
    from_cycle: int | None = None
    """The first cycle; a row that begins before and ends later is there as a whole if it was selected from a trace."""
    until_cycle: int | None = None
    """The first cycle that is left out."""
    level: str
    """Each event, or all events of one key as one row: events, instructions or layers; of pictures also intervals."""
    lost: str
    """Why the file or the run ended too early; empty if neither did."""


class KindInfo(Document):
    """One kind of event."""

    name: str
    """Its name, such as vmm.frame."""
    unit: str
    """What the `count` of an event counts."""
    description: str
    """What happens."""
    component: str
    """The component of the chip that its energy belongs to, but for `prices_aj`."""
    prices_aj: list[tuple[str, int]]
    """Other components that share it, each with its attojoules for one count."""


class TraceInfo(TableResult):
    """What a trace is, in one glance."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program.name",
        "chip": "chip.name",
        "complete": "complete",
        "events": "events",
        "cycles": "cycles",
        "energy_j": "energy_j",
        "bytes": "bytes",
        "level": "level",
    }
    ROWS: ClassVar[str] = "kinds"

    schema_: Literal["acortex.trace-info/1"] = Field(default="acortex.trace-info/1", alias="schema")
    """The layout of this document."""
    complete: bool
    """Whether it holds every event of the run, to its end."""
    covers: Covers | None
    """Which part of the run it holds; null where it is complete."""
    lost: str
    """What is missing at the end of the file; empty in a finished one."""
    events: int
    """Events that it holds, also where several are one row."""
    rows: int
    """Rows that it holds of them."""
    waits: int
    """How many there are; a coarser level merges them into fewer rows."""
    cycles: int
    """Length of the run, without its set-up."""
    latency_s: float
    """The same in seconds."""
    energy_aj: int | None
    """Of the run, leakage included, in attojoules; null where rows were left out."""
    energy_j: float | None
    """The same in joules."""
    event_energy_aj: int
    """Of its events, without leakage, in attojoules."""
    bytes: int
    """Size of the file."""
    level: str
    """How much it holds: events, instructions or layers."""
    filters: dict[str, Any]
    """What the writer was to keep: `units`, `layers`, `from_cycle`, `to_cycle`; empty where all was."""
    clock_ns: float
    """One cycle in nanoseconds."""
    units: list[str]
    """The paths of the units."""
    kinds: list[KindInfo]
    """The kinds of events."""
    causes: list[str]
    """The causes of waits."""
    layers: list[str]
    """The layers of the program; first `-`, what belongs to none."""
    program: ProgramName
    """Which program ran."""
    chip: ChipName
    """Which chip it ran on."""


class StatisticInfo(Document):
    """What the numbers under one name are."""

    unit: str
    """Their unit."""
    description: str
    """What is added up."""


class NamedRow(Document):
    """A row of a table by name."""

    name: str
    """What the row is of."""


class OfLine(Document):
    """A row of a table by line of the source."""

    line: str
    """Where it is: file:line."""
    text: str
    """The instruction in assembly, several of one line with a semicolon between; empty where there is none."""


class Flight(Document):
    """From the first word of an inference to its last; null where some of its rows may be left out."""

    index: int
    """The first is 0; what belongs to no inference has -1."""
    start_cycle: int | None
    """The cycle in which its first word leaves the host."""
    end_cycle: int | None
    """The cycle after its last word reached the host."""
    latency: int | None
    """Cycles between the two."""
    latency_s: float | None
    """The same in seconds."""


class RowSums(Document):
    """What some of the events of a trace come to."""

    events: int
    """How many there were."""
    busy: int
    """Their durations together, in cycles."""
    energy_aj: int
    """In attojoules, exact; of the whole run and of components with leakage."""
    energy_j: float
    """The same in joules."""


class PaidSums(Document):
    """What some of the events of a trace come to, and what they pay for beside themselves."""

    events: int
    """How many there were."""
    busy: int
    """Their durations together, in cycles."""
    energy_aj: int | None
    """In attojoules, with its share of leakage and of what belongs to no inference, as the report of the run has it;
    null where that needs rows that may be left out."""
    energy_j: float | None
    """The same in joules."""
    event_energy_aj: int
    """Of its own events, without leakage, in attojoules."""


class Totals(Document):
    """What the whole run comes to, or the part of it that is there."""

    events: int
    """How many there are."""
    busy: int
    """Their durations together, in cycles."""
    energy_aj: int | None
    """Of the run, leakage included, in attojoules; null where rows were left out."""
    energy_j: float | None
    """The same in joules."""
    event_energy_aj: int
    """Of all events, without leakage, in attojoules."""
    leakage_aj: int | None
    """Leakage of the chip over the run, in attojoules; null where rows were left out."""
    cycles: int
    """Length of the run."""
    latency_s: float
    """The same in seconds."""


class ComponentSums(RowSums, NamedRow):
    """A component of the chip. Events that several components pay for are counted in each of them."""

    name: str
    """As the report of a run names it."""


class KindCount(NamedRow):
    """How much a kind of event did."""

    name: str
    """Its name, such as vmm.frame."""
    component: str
    """The component that pays for it, but for what others share."""
    count: int
    """What its events moved or made."""
    unit: str
    """The unit of `count`."""


class KindSums(RowSums, KindCount):
    """A kind of event."""


class UnitSums(NamedRow):
    """A unit: busy, waiting and idle add up to the run, but for what overlaps. What a selection leaves out is null."""

    name: str
    """Its path."""
    events: int | None
    """How many there were."""
    busy: int | None
    """Their durations together, in cycles."""
    energy_aj: int | None
    """In attojoules, exact."""
    energy_j: float | None
    """The same in joules."""
    waiting: int | None
    """Its waits together, in cycles."""
    idle: int | None
    """Cycles in which it was neither busy nor waiting."""
    overlap: int | None
    """Busy and waiting cycles beyond the run: it did several things at once, at least for so long."""


class WaitSums(Document):
    """How long a unit waited for one cause."""

    unit: str
    """Its path."""
    cause: str
    """What it waited for (docs/timing.md)."""
    cycles: int
    """All its waits of this kind together."""


class LayerFlight(NamedRow):
    """When a layer was in flight; null where some of its rows may be left out."""

    name: str
    """As the program's mark says; `-` is what belongs to none."""
    start_cycle: int | None
    """The first cycle of its work."""
    end_cycle: int | None
    """The cycle after its work."""
    cycles: int | None
    """Cycles in which it was in flight."""


class LayerSums(PaidSums, LayerFlight):
    """A layer of the program."""

    waiting: int
    """Waits of its instructions, in cycles."""


class InferenceSums(PaidSums, Flight):
    """An inference."""

    waiting: int
    """Waits of its instructions, in cycles."""


class InstructionSums(RowSums, OfLine):
    """An instruction of the program; what no instruction made has pc -1."""

    pc: int
    """Its place in instruction memory."""
    waiting: int
    """Its waits, in cycles."""


class LineSums(RowSums, OfLine):
    """A line of the source."""

    waiting: int
    """Waits of its instructions, in cycles."""


class Percentiles(Document):
    """Latencies of inferences in cycles, by nearest rank: each of them occurred."""

    least: int
    """The shortest."""
    p50: int
    """Half of them took so long at most."""
    p90: int
    """Nine in ten took so long at most."""
    p99: int
    """99 in a hundred took so long at most."""
    greatest: int
    """The longest."""


class TraceStats(TableResult):
    """Where the time and the energy of a trace went: exact sums over its rows."""

    SHOWN: ClassVar[dict[str, str]] = {
        "complete": "complete",
        "events": "totals.events",
        "cycles": "totals.cycles",
        "latency_s": "totals.latency_s",
        "energy_j": "totals.energy_j",
        "units": "units",
        "layers": "layers",
        "inferences": "inferences",
        "lines": "lines",
    }
    ROWS: ClassVar[str] = "units"

    schema_: Literal["acortex.trace-stats/1"] = Field(default="acortex.trace-stats/1", alias="schema")
    """The layout of this document."""
    complete: bool
    """Whether the trace holds every event of the run, to its end."""
    covers: Covers | None
    """Which part of the run the numbers are about; null where it is complete."""
    statistics: dict[str, StatisticInfo]
    """What each number is, by its name."""
    totals: Totals
    """The whole run."""
    components: list[ComponentSums]
    """They add up to the energy of the run, leakage included."""
    kinds: list[KindSums]
    """By kind of event."""
    units: list[UnitSums]
    """By unit."""
    waits: list[WaitSums]
    """By unit and cause, longest first."""
    layers: list[LayerSums]
    """By layer of the program."""
    inferences: list[InferenceSums]
    """By inference."""
    latency_percentiles: Percentiles | None
    """Over all inferences; null where there are none, or where some may be left out."""
    instructions: list[InstructionSums]
    """By instruction, longest first."""
    lines: list[LineSums]
    """By line of the source, longest first."""


class QueryAnswer(Result):
    """The rows that a statement in SQL gives."""

    SHOWN: ClassVar[dict[str, str]] = {"columns": "columns", "rows": "rows"}

    schema_: Literal["acortex.trace-query/1"] = Field(default="acortex.trace-query/1", alias="schema")
    """The layout of this document."""
    complete: bool
    """Whether the trace holds every event of the run, to its end."""
    covers: Covers | None
    """Which part of the run the tables hold; null where it is complete."""
    columns: list[str]
    """The names of the columns."""
    rows: list[list[Any]]
    """The values of each row: integers are exact, what is no number is text or null."""

    def to_pandas(self) -> DataFrame:
        """The rows. Raises MissingExtra where pandas is not installed."""
        found: DataFrame = pandas_module().DataFrame(self.rows, columns=self.columns)
        return found


class GoldenFile(Versioned):
    """Timing pinned in a file: whole numbers that a run is held against."""

    schema_: Literal["acortex.golden/1"] = Field(default="acortex.golden/1", alias="schema")
    """The layout of this document."""
    program: str
    """The program that ran."""
    chip: str
    """The chip that it ran on."""
    cycles: int
    """Length of the run."""
    counts: dict[str, int]
    """How often each thing happened; what never did is left out."""
    layers: dict[str, int]
    """Cycles in which each layer was in flight."""
    busy: dict[str, int]
    """Busy cycles of each unit; units that never were are left out."""
    waiting: dict[str, dict[str, int]]
    """Waiting cycles of each unit by cause."""
    inferences: list[int]
    """The latency of each inference, in cycles."""
    energy_aj: dict[str, int]
    """Attojoules of each component; what costs nothing is left out."""
    critical: dict[str, int]
    """Cycles of the critical path by what took them; empty where the trace did not hold every event."""
    settings: dict[str, bool | int | float | str | None] = Field(default_factory=dict)
    """Every setting of the chip by its path; older goldens have none."""
    instructions: list[str] = Field(default_factory=list)
    """Every instruction of the program; empty where it has very many. Older goldens have none."""
