"""The report of a run, `acortex.run/1`, as types: what each number is, and its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from acortex import __version__
from acortex.documents import Document, Result, frame

if TYPE_CHECKING:
    from pandas import DataFrame

Cycles = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Joules = dict[str, float]
Attojoules = dict[str, int]


class ProgramName(Document):
    """Which program ran."""

    name: str
    sha256: str
    """Of its instructions, data and tables."""
    instructions: Annotated[int, Field(ge=0)]
    """Words of instruction memory."""


class ChipName(Document):
    """Which chip it ran on."""

    name: str
    sha256: str
    """Of its settings."""
    config: dict[str, Any]
    """Every setting, resolved, by section and name."""


class Energy(Document):
    """An energy, whole and by component. Attojoules are exact; joules are the same numbers, rounded to a float."""

    energy_j: float
    energy_aj: int
    energy_by_component_j: Joules
    energy_by_component_aj: Attojoules


class Setup(Energy):
    """What stood before `start`: writing the weights. In no other number of the report."""

    cycles: Cycles
    latency_s: float


class Inference(Energy):
    """One inference: in flight from its first word's leaving the host to the arrival of its last."""

    index: int
    start_cycle: Cycles
    end_cycle: Cycles
    """The first cycle after it."""
    latency_s: float


class Layer(Document):
    """A layer of the program, all its inferences together; `-` is what belongs to none."""

    name: str
    cycles: Cycles
    """Cycles in which it was in flight."""
    energy_j: float
    energy_aj: int
    macs: int
    """Multiply-accumulates: the full kernel at every position."""


class Wait(Document):
    """How long a unit waited for one cause."""

    unit: str
    cause: str
    cycles: Cycles


class UnitTime(Document):
    """A unit's cycles; they add up to those of the run."""

    busy: Cycles
    waiting: Cycles
    idle: Cycles


class Power(Document):
    """Power over time, in windows of equal width."""

    average_w: float
    leakage_w: float
    peak_w: float
    """The mean power in the window with the most energy."""
    peak_cycle: Cycles
    """The first cycle of that window."""
    window_s: float
    window_cycles: Cycles
    windows_aj: list[int]
    """Attojoules in each window."""


class SteadyState(Document):
    """How fast results follow each other, from the first completion to the last."""

    interval_s: float
    inferences_per_s: float
    throughput_ops_per_s: float


class Occupancy(Document):
    """How much of main memory holds words that are still read."""

    capacity_words: int
    written_words: int
    peak_words: int
    peak_cycle: Cycles
    peak_share: float
    mean_words: float
    current_words: int
    """At the end of the run."""
    current_share: float


class LateRead(Document):
    """A word that was read later after its last write than the memory retains it."""

    word: int
    age_cycles: Cycles
    age_s: float
    read: str
    """The source line that read it."""
    written: str
    """The source line that wrote it."""


class LateReads(LateRead):
    """All late reads of one pair of lines; the word and its age are those of the oldest."""

    reads: int


class Retention(Document):
    """Words read too late, over the whole run."""

    late_reads: int
    worst: LateRead | None
    pairs: list[LateReads]


class Verification(Document):
    """The run's outputs held against an evaluation that shares no code with the chip."""

    equal: bool
    codes: int
    """How many were compared."""
    different: int
    first: int | None
    """The first inference with a difference."""


class RunReport(Result):
    """What a run took and where it went. What was not simulated is null: of `timing=False`, all of time and energy."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program.name",
        "chip": "chip.name",
        "cycles": "cycles",
        "latency_s": "latency_s",
        "energy_j": "energy_j",
        "power_w": "power_w",
        "area_mm2": "area_mm2",
        "inferences": "inferences",
        "accuracy": "accuracy",
        "stopped": "stopped",
    }

    schema_: Literal["acortex.run/1"] = Field("acortex.run/1", alias="schema")
    version: str = __version__
    program: ProgramName
    chip: ChipName
    clock_ns: float
    area_mm2: float
    area_by_component_mm2: dict[str, float]
    cycles: Cycles | None = None
    """Of the whole run, without its set-up."""
    latency_s: float | None = None
    """Of the whole run."""
    energy_j: float | None = None
    energy_aj: int | None = None
    energy_by_component_j: Joules | None = None
    energy_by_component_aj: Attojoules | None = None
    power_w: float | None = None
    power: Power | None = None
    macs: int | None = None
    """Multiply-accumulates over all inferences: the full kernel at every position, no bias, no vector work."""
    throughput_ops_per_s: float | None = None
    """One multiply-accumulate is two operations."""
    efficiency_ops_per_j: float | None = None
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
    setup: Setup | None = None
    memory: Occupancy | None = None
    retention: Retention | None = None
    accuracy: Share | None = None
    """The share of inferences whose largest output code is where the label says; null where labels are not known."""
    stopped: str | None = None
    """Why the run ended before its program did; null where it did not."""
    warnings: list[str] = Field(default_factory=list)
    """What is no error, but hardly meant."""
    trace_failure: str | None = None
    """Why the trace could not be written to its end."""
    order_checked: bool = False
    """Whether the timed run was held to the order of the program (docs/soundness.md)."""
    verification: Verification | None = None
    """Of programs that bring an independent evaluation along."""
    trace: str | None = None
    """The trace that was written."""

    def summary(self) -> dict[str, Any]:
        """What a trace keeps of the report: all that time decides, as plain data."""
        return self.model_dump(mode="json", by_alias=True, include=set(TIMED), exclude_none=False) | (
            {"stopped": self.stopped} if self.stopped else {}
        )

    def to_pandas(self) -> DataFrame:
        """The inferences, a row each. Raises MissingExtra where pandas is not installed."""
        return frame(list(self.inferences or []))


TIMED = (
    "cycles", "latency_s", "energy_j", "energy_aj", "energy_by_component_j", "energy_by_component_aj", "power_w",
    "power", "macs", "throughput_ops_per_s", "efficiency_ops_per_j", "steady_state", "counts", "utilisation", "waits",
    "layers", "inferences", "setup", "memory", "retention",
)  # fmt: skip
"""The fields of a run's report that time decides: null where none was simulated."""
