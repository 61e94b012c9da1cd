"""The report of a run, `acortex.run/1`, as types: what each number is, and its unit."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from acortex.documents import ChipName as ChipName
from acortex.documents import Document, TableResult
from acortex.documents import ProgramName as ProgramName

Cycles = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Joules = dict[str, float]
Attojoules = dict[str, int]


class Energy(Document):
    """An energy, whole and by component. Attojoules are exact; joules are the same numbers, rounded to a float."""

    energy_j: float
    """In joules."""
    energy_aj: int
    """In attojoules, exact."""
    energy_by_component_j: Joules
    """In joules."""
    energy_by_component_aj: Attojoules
    """In attojoules: they add up to the whole, exactly."""


class Setup(Energy):
    """What stood before `start`: writing the weights. In no other number of the report."""

    cycles: Cycles
    """How long it took."""
    latency_s: float
    """The same in seconds."""


class Inference(Energy):
    """One inference: in flight from its first word's leaving the host to the arrival of its last.

    Of one that was under way as its run was stopped the energies are those up to there.
    """

    index: int
    """The first is 0."""
    start_cycle: Cycles
    """The cycle in which its first word leaves the host."""
    end_cycle: Cycles | None
    """The first cycle after it; null where it was under way as the run was stopped."""
    latency_s: float | None
    """How long it was in flight, in seconds; null where its end is."""

    @property
    def finished(self) -> bool:
        """Whether all its outputs have reached the host; false only in a run that was stopped."""
        return self.end_cycle is not None


class Layer(Document):
    """A layer of the program, all its inferences together; `-` is what belongs to none."""

    name: str
    """As the program's mark says."""
    cycles: Cycles
    """Cycles in which it was in flight."""
    energy_j: float
    """Of its events, in joules."""
    energy_aj: int
    """The same in attojoules, exact."""
    macs: int
    """Multiply-accumulates: the full kernel at every position."""


class Wait(Document):
    """How long a unit waited for one cause."""

    unit: str
    """The unit's path."""
    cause: str
    """What it waited for (docs/timing.md)."""
    cycles: Cycles
    """How long, all waits of this kind together."""


class UnitTime(Document):
    """A unit's cycles; they add up to those of the run."""

    busy: Cycles
    """Cycles in which it did something."""
    waiting: Cycles
    """Cycles in which its next work could not begin."""
    idle: Cycles
    """Cycles in which it had no work."""


class Power(Document):
    """Power over time, in windows of equal width."""

    average_w: float
    """Over the whole run, in watts."""
    leakage_w: float
    """The part of it that is leakage, in watts."""
    peak_w: float
    """The mean power in the window with the most energy."""
    peak_cycle: Cycles
    """The first cycle of that window."""
    window_s: float
    """The width of a window in seconds."""
    window_cycles: Cycles
    """The width of a window in cycles."""
    windows_aj: list[int]
    """Attojoules in each window."""


class SteadyState(Document):
    """How fast results follow each other, from the first completion to the last."""

    interval_s: float
    """Seconds from one completion to the next, on average."""
    inferences_per_s: float
    """Completions in a second."""
    throughput_ops_per_s: float
    """Operations in a second; one multiply-accumulate is two operations."""


class Occupancy(Document):
    """How much of main memory holds words that are still read."""

    capacity_words: int
    """Words that the memory holds."""
    written_words: int
    """Words that were ever written."""
    peak_words: int
    """Words in use at once, at most."""
    peak_cycle: Cycles
    """The first cycle in which it was so many."""
    peak_share: float
    """The share of the capacity that was in use then."""
    mean_words: float
    """Words in use, averaged over the run."""
    current_words: int
    """At the end of the run."""
    current_share: float
    """The same as a share of the capacity."""
    window_cycles: Cycles = 0
    """The width of a window in cycles, as that of power; 0 in the trace of an older version."""
    windows_words: list[int] = Field(default_factory=list)
    """Words in use at once in each window, at most."""


class LateRead(Document):
    """A word that was read later after its last write than the memory retains it."""

    word: int
    """Its address."""
    age_cycles: Cycles
    """Cycles from its write to its read."""
    age_s: float
    """The same in seconds."""
    read: str
    """The source line that read it."""
    written: str
    """The source line that wrote it."""


class LateReads(LateRead):
    """All late reads of one pair of lines; the word and its age are those of the oldest."""

    reads: int
    """How many there were."""


class Retention(Document):
    """Words read too late, over the whole run."""

    late_reads: int
    """How many there were."""
    worst: LateRead | None
    """The oldest word that was read; null where none was late."""
    pairs: list[LateReads]
    """By the lines that wrote and read, oldest first."""


class RunCovers(Document):
    """Which part of a run its numbers are about, where it ended before its program did."""

    from_cycle: Literal[0] = 0
    """The first cycle: a run begins at its beginning."""
    until_cycle: Cycles
    """The first cycle that is left out."""
    inferences: int
    """Inferences that the host has for the run."""
    finished: int
    """Of them those whose outputs had all reached the host."""
    under_way: int
    """Of them those that had begun, and had not finished."""
    lost: str
    """Why the run ended too early."""


class Verification(Document):
    """The run's outputs held against an evaluation that shares no code with the chip."""

    equal: bool
    """Whether all codes are the same."""
    codes: int
    """How many were compared."""
    different: int
    """How many of them differ."""
    first: int | None
    """The first inference with a difference."""


class Skipped(Document):
    """What was not simulated event by event, because it repeats what had been (docs/skipping.md)."""

    events: int
    """How many events that are."""
    share: Share
    """Of all events of the run."""


class AnalogErrors(Document):
    """Which chip's errors acted."""

    noise_seed: int
    """The seed of its population (`acortex accuracy --noise-seed`)."""
    chip: int
    """Its number there."""
    settings: dict[str, float | str]
    """The errors that the chip states, by path."""


class LayerDataEnergy(Document):
    """What the arrays of a layer drew for the codes that came."""

    name: str
    """As the program's mark says; `-` is what belongs to none."""
    operations: int
    """Array operations."""
    activity: int
    """The sum of code times level over all cells and operations."""
    energy_aj: int
    """By the activity, in attojoules, rounded once."""
    energy_j: float
    """The same in joules."""
    fixed_aj: int
    """What these operations are charged in the energy of the run, where each costs the same."""


class DataEnergy(Document):
    """Energy of the arrays' cells by the data, beside the fixed figure, which stays that of the run."""

    energy_aj: int
    """Of all layers, in attojoules."""
    energy_j: float
    """The same in joules."""
    fixed_aj: int
    """What the run is charged for the same operations, in attojoules."""
    ratio: float | None
    """The first over the second; null without an operation."""
    layers: list[LayerDataEnergy]
    """By the program's layer marks."""


class RunReport(TableResult):
    """What a run took and where it went. What was not simulated is null: of `timing=False`, all of time and energy."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program.name",
        "chip": "chip.label",
        "stopped": "stopped",
        "cycles": "cycles",
        "latency_s": "latency_s",
        "energy_j": "energy_j",
        "power_w": "power_w",
        "area_mm2": "area_mm2",
        "inferences": "inferences",
        "accuracy": "accuracy",
    }
    ROWS: ClassVar[str] = "inferences"

    schema_: Literal["acortex.run/1"] = Field(default="acortex.run/1", alias="schema")
    """The layout of this document."""
    program: ProgramName
    """Which program ran."""
    chip: ChipName
    """Which chip it ran on."""
    complete: bool = True
    """Whether the program ran to its end. If not, every number is about the part that `covers` names."""
    covers: RunCovers | None = None
    """Which part of the run the numbers are about; null where it is complete."""
    clock_ns: float
    """One cycle in nanoseconds."""
    area_mm2: float
    """Of the die, in mm2."""
    area_by_component_mm2: dict[str, float]
    """In mm2: they add up to the area of the die."""
    cycles: Cycles | None = None
    """Of the whole run, without its set-up."""
    latency_s: float | None = None
    """Of the whole run."""
    energy_j: float | None = None
    """Of the whole run, without its set-up, in joules."""
    energy_aj: int | None = None
    """The same in attojoules, exact."""
    energy_by_component_j: Joules | None = None
    """In joules."""
    energy_by_component_aj: Attojoules | None = None
    """In attojoules: they add up to the whole, exactly."""
    power_w: float | None = None
    """Energy over latency, in watts."""
    power: Power | None = None
    """Over time."""
    macs: int | None = None
    """Multiply-accumulates over all inferences: the full kernel at every position whose vector was loaded, no bias,
    no vector work."""
    throughput_ops_per_s: float | None = None
    """One multiply-accumulate is two operations. Of a run that was stopped those of the inferences that had finished
    count; null where none had."""
    efficiency_ops_per_j: float | None = None
    """Operations for each joule; one multiply-accumulate is two operations."""
    steady_state: SteadyState | None = None
    """Null with fewer than two completions apart, and for a run that was stopped."""
    counts: dict[str, int] | None = None
    """How often each thing happened."""
    utilisation: dict[str, UnitTime] | None = None
    """Each unit's cycles, by its path."""
    waits: list[Wait] | None = None
    """Longest first: what limited the run."""
    layers: list[Layer] | None = None
    """By the program's layer marks."""
    inferences: list[Inference] | None = None
    """In the order of their index; of a run that was stopped those that had begun."""
    setup: Setup | None = None
    """Writing the weights, before the run."""
    memory: Occupancy | None = None
    """How full main memory was; null for a run that was stopped, of which it is not known what would be read again."""
    retention: Retention | None = None
    """Words read too late."""
    accuracy: Share | None = None
    """The share of inferences whose largest output code is where the label says; null where labels are not known."""
    stopped: str | None = None
    """Why the run ended before its program did; null where it did not."""
    warnings: list[str] = Field(default_factory=list)
    """What is no error, but hardly meant."""
    trace_failure: str | None = None
    """Why the trace could not be written to its end."""
    skipped: Skipped | None = None
    """Events that were not simulated, for they repeat what was: null without time. No other number depends on it."""
    errors: AnalogErrors | None = None
    """The analog errors that acted on values; null for the ideal chip, and where no values were computed."""
    data_energy: DataEnergy | None = None
    """Energy of the arrays by the data, where that was asked for; the energies above do not depend on it."""
    order_checked: bool = False
    """Whether the timed run was held to the order of the program (docs/soundness.md)."""
    verification: Verification | None = None
    """Of programs that bring an independent evaluation along."""
    trace: str | None = None
    """The trace that was written."""
    calibration: str | None = None
    """The inputs on which the ranges of a network's maps were chosen, in words; null where none was compiled."""

    def summary(self) -> dict[str, Any]:
        """What a trace keeps of the report, as plain data: all that time decides, and what a stopped run is of."""
        kept = {*TIMED, *(CUT if self.stopped else ())}
        return self.model_dump(mode="json", by_alias=True, include=kept, exclude_none=False)


TIMED = (
    "cycles", "latency_s", "energy_j", "energy_aj", "energy_by_component_j", "energy_by_component_aj", "power_w",
    "power", "macs", "throughput_ops_per_s", "efficiency_ops_per_j", "steady_state", "counts", "utilisation", "waits",
    "layers", "inferences", "setup", "memory", "retention",
)  # fmt: skip
"""The fields of a run's report that time decides: null where none was simulated."""

CUT = ("stopped", "complete", "covers")
"""The fields that say which part of a run its numbers are about."""


class TimedReport(RunReport):
    """The report of a run whose time was simulated: what `RunReport` has as null for other runs is there."""

    cycles: Cycles
    latency_s: float
    energy_j: float
    energy_aj: int
    energy_by_component_j: Joules
    energy_by_component_aj: Attojoules
    power_w: float
    power: Power
    macs: int
    efficiency_ops_per_j: float
    counts: dict[str, int]
    utilisation: dict[str, UnitTime]
    waits: list[Wait]
    layers: list[Layer]
    inferences: list[Inference]
    setup: Setup
    retention: Retention

    @property
    def occupancy(self) -> Occupancy:
        """`memory` of a run that went to its end. Raises ValueError for one that was stopped, whose is not known."""
        if self.memory is None:
            raise ValueError("the run was stopped: which words of memory would be read again is not known")
        return self.memory


def timed(report: RunReport) -> TimedReport:
    """The same report, of a run whose time was simulated: a type checker then knows that its numbers are there.

    Raises ValueError for a run of values alone.
    """
    if report.cycles is None:
        raise ValueError("the time of this run was not simulated")
    return TimedReport.model_construct(**vars(report))
