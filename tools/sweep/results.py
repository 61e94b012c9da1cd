"""What comes of a sweep, as types: `acortex.sweep/1`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, TableResult
from acortex.tools.sweep.axes import Given


class SweepRow(Document):
    """One point: what it is, and what its run took."""

    key: str
    """What it is known by: equal for points with equal programs, options, inputs and chips."""
    program: str
    """Its program, as `acortex run` takes it."""
    chip: str | None
    """Its chip before settings are laid over it; null where it could not be read."""
    axes: dict[str, Given]
    """What each axis says."""
    status: Literal["done", "failed", "missing"]
    """Whether it ran, failed, or has not been run yet."""
    error: str | None = None
    """Why it failed; null where it did not."""
    cycles: int | None = None
    """Cycles of the run, without its set-up."""
    latency_s: float | None = None
    """How long the whole run takes, in seconds."""
    energy_j: float | None = None
    """The energy of the whole run, in joules."""
    energy_aj: int | None = None
    """The same in attojoules, exactly."""
    power_w: float | None = None
    """The mean power, in watts."""
    area_mm2: float | None = None
    """The chip's area, in square millimetres."""
    accuracy: float | None = None
    """The share of right answers; null where they are not known. Of chips with errors it is the mean of a population.
    """
    inferences: int | None = None
    """Inferences of the run."""
    inference_latency_s: float | None = None
    """The median latency of an inference, in seconds."""
    inferences_per_s: float | None = None
    """Inferences per second in the steady state; null for one alone."""
    throughput_ops_per_s: float | None = None
    """Operations per second; a multiplication with its addition is two."""
    efficiency_ops_per_j: float | None = None
    """Operations per joule."""
    cycles_p5: float | None = None
    """The cycles that one of twenty samples is below, whose constants are drawn. Null without `--uncertain`, as all
    ends; of numbers that delays alone move also where none is drawn.
    """
    cycles_p95: float | None = None
    """The cycles that one of twenty samples is above."""
    latency_s_p5: float | None = None
    """The lower end of how long the whole run takes, in the same way."""
    latency_s_p95: float | None = None
    """The upper end of how long the whole run takes."""
    energy_j_p5: float | None = None
    """The lower end of energy, in the same way."""
    energy_j_p95: float | None = None
    """The upper end of energy."""
    power_w_p5: float | None = None
    """The lower end of power, in the same way."""
    power_w_p95: float | None = None
    """The upper end of power."""
    area_mm2_p5: float | None = None
    """The lower end of the area, in the same way."""
    area_mm2_p95: float | None = None
    """The upper end of the area."""
    inference_latency_s_p5: float | None = None
    """The lower end of the median latency of an inference, in the same way."""
    inference_latency_s_p95: float | None = None
    """The upper end of the median latency of an inference."""
    inferences_per_s_p5: float | None = None
    """The lower end of inferences per second, in the same way."""
    inferences_per_s_p95: float | None = None
    """The upper end of inferences per second."""
    throughput_ops_per_s_p5: float | None = None
    """The lower end of operations per second, in the same way."""
    throughput_ops_per_s_p95: float | None = None
    """The upper end of operations per second."""
    efficiency_ops_per_j_p5: float | None = None
    """The lower end of operations per joule, in the same way."""
    efficiency_ops_per_j_p95: float | None = None
    """The upper end of operations per joule."""
    late_reads_p5: float | None = None
    """The lower end of late reads, in the same way."""
    late_reads_p95: float | None = None
    """The upper end of late reads."""
    late_reads: int | None = None
    """Reads of words that were older than the memory keeps them."""
    cpu_s: float | None = None
    """Processor time, in seconds, shared out evenly among points that one simulation serves."""


class SweepEffect(Document):
    """How much of the variance of a number an axis explains, or two of them beside what each does alone."""

    metric: str
    """The number of a run."""
    axes: list[str]
    """One axis, or two."""
    share: float
    """The share of the variance, 0 to 1; of the number's logarithm where it is above 0 everywhere."""
    points: int = 0
    """Points that it is a share of: of a grid with gaps fewer than ran, a part that is whole."""


class SweepConstant(Document):
    """How much of a number's uncertainty is that of one constant."""

    metric: str
    """The number of a run: latency, energy, power, or the chip's area. Efficiency goes as the energy, and cycles, rates
    and throughput as the latency.
    """
    constant: str
    """The path of the constant."""
    drawn_with: list[str]
    """Constants that are drawn with it, and share its share."""
    share: float
    """The share of the variance of its logarithm over samples, 0 to 1: the mean of all points."""
    least: float
    """The least of a point."""
    most: float
    """The largest of a point."""
    change: float
    """By how much of itself the number moves from one end of the constant's spread to the other, with all other
    constants in the middle of theirs: 0.1 is a tenth more. The mean of all points.
    """
    points: int
    """Points that it is a mean of."""


class SweepUncertainty(Document):
    """What the spreads of constants, which chip files state, do to the numbers of a sweep."""

    samples: int
    """Samples for each point."""
    seed: int
    """The seed of their draws."""
    time_samples: int
    """Draws of the delays among the constants for each point: each is a run in time, and samples go over them in turn.
    0 where none was drawn.
    """
    delays: list[str]
    """The delays that were drawn. Those that move no cycle of any of the runs are left out."""
    courses: int
    """Of a point at most, the runs that differ in cycles: so many were simulated for its draws."""
    points: int
    """Points that have intervals."""
    chance: float
    """The share that chance alone hardly exceeds in so many samples: smaller ones of `constants` may be nothing."""
    fewest_time_samples: int
    """Draws of delays from which on it is told which of them matters; with fewer, no share of a delay is."""
    constants: list[SweepConstant]
    """Which constant matters how much, by number, the most first."""
    held: list[str]
    """Prices, and where delays are drawn delays, without a spread: samples take them as they are. So they take sizes
    and counts, which are of a design.
    """


class ProgramFront(Document):
    """The front of one program of several: they do not do the same work."""

    program: str
    """The program, as `acortex run` takes it."""
    front: list[str]
    """The keys of its points that no other point of it beats, by the first number from the best on."""


class SweepReport(TableResult):
    """A sweep, or what there is of one: how many of its points are done, and where their rows lie."""

    SHOWN: ClassVar[dict[str, str]] = {
        "points": "points", "done": "done", "failed": "failed", "rows": "rows", "complete": "complete",
    }  # fmt: skip
    ROWS: ClassVar[str] = "rows"

    schema_: Literal["acortex.sweep/1"] = Field(default="acortex.sweep/1", alias="schema")
    """The layout of this document."""
    spec: str
    """The file of the sweep."""
    folder: str
    """The folder of its results."""
    table: str | None
    """The table of its rows, in Parquet; null where none was written."""
    complete: bool
    """Whether each point has been run."""
    covers: dict[str, int] | None
    """Of a sweep that is not complete: `points`, and how many of them have `results`."""
    points: int
    """Points of the sweep."""
    done: int
    """Points that ran."""
    failed: int
    """Points that failed, each a row with its error."""
    reused: int
    """Points whose results were there before."""
    simulations: int
    """Simulations in time that were done: one serves all points that differ in prices alone."""
    axes: list[str]
    """What is moved, in the order of the file."""
    free: list[str]
    """Those of them that move time, but no energy, area or capacity: a gain of theirs has no price."""
    front_of: list[str]
    """The numbers that the front is of."""
    front: list[str]
    """The keys of the points that no other beats in them, by the first of these numbers from the best on."""
    fronts: list[ProgramFront]
    """The same for each program alone, where there are several."""
    effects: list[SweepEffect]
    """Which axis moves which number; of drawn points without pairs."""
    uncertainty: SweepUncertainty | None
    """Where intervals come from; null without `--uncertain`."""
    rows: list[SweepRow]
    """The points in their order."""
