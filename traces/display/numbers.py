"""What a notebook shows of a run or of a trace: the numbers of their reports, in one form that both give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from acortex.documents import chip_label
from acortex.traces.file.coverage import told
from acortex.traces.file.reader import Trace
from acortex.traces.results import TraceStats
from acortex.traces.stats import stats

MOST_EVENTS = 1 << 22
"""Events that are added up for a glance at a trace: some seconds. Of a longer one a notebook shows its header alone."""


class LayerNumbers(NamedTuple):
    """A layer, all inferences together; None where rows that are left out would count."""

    name: str
    cycles: int | None
    energy_aj: int | None


class WaitNumbers(NamedTuple):
    """How long a unit waited for one cause, in cycles."""

    unit: str
    cause: str
    cycles: int


class UnitNumbers(NamedTuple):
    """A unit's cycles."""

    busy: int
    waiting: int
    idle: int


@dataclass(frozen=True)
class PowerNumbers:
    """Energy by windows of equal width, of which the last ends with the run; peak and averages in watts.

    The peak is that of a whole window, if there is one, and `peak_cycle` its first cycle.
    """

    window_cycles: int
    windows_aj: Sequence[int]
    peak_w: float
    peak_cycle: int
    average_w: float
    leakage_w: float


@dataclass(frozen=True)
class Numbers:
    """A run in numbers: cycles and attojoules of all inferences together, of which there are `inferences`.

    `part` says in words what is missing of the run, "" for nothing. `added_up` is false for a trace that is too long to
    be added up at a glance: then only `cycles` is known.
    """

    title: str
    part: str
    cycles: int
    clock_ns: float
    inferences: int = 0
    energy_aj: int | None = None
    components: Mapping[str, int] = field(default_factory=dict)
    layers: Sequence[LayerNumbers] = ()
    units: Mapping[str, UnitNumbers] = field(default_factory=dict)
    waits: Sequence[WaitNumbers] = ()
    power: PowerNumbers | None = None
    added_up: bool = True

    @property
    def shared_by(self) -> int:
        """What totals are divided by: the inferences of a whole run, at least one; totals of a part stay whole."""
        return 1 if self.part else max(self.inferences, 1)

    @property
    def of_each(self) -> str:
        """What a number that was divided is of, in words."""
        return "in all" if self.part else "per inference"

    @property
    def latency_s(self) -> float:
        """The length of the run in seconds."""
        return self.cycles * self.clock_ns / 1e9


def of_trace(trace: Trace, most: int = MOST_EVENTS) -> Numbers:
    """The numbers of a trace, as `acortex trace stats` has them. Of one with more than `most` events its length alone.

    The number of events is that of the file, also of a part that was selected.
    """
    header = trace.header
    title = f"{header.program} on {chip_label(header.chip, header.overrides)}"
    part = told("events", trace.missing, header.filters)  # sums are the same at every level of detail
    if trace.events.stored_rows > most:
        return Numbers(title, part, trace.cycles, header.clock_ns, added_up=False)
    found = stats(trace)
    return Numbers(
        title,
        part,
        trace.cycles,
        header.clock_ns,
        inferences=sum(row.index >= 0 for row in found.inferences),
        energy_aj=found.totals.energy_aj,
        components=_components(found),
        layers=_layers(found),
        units=_units(found),
        waits=[WaitNumbers(row.unit, row.cause, row.cycles) for row in found.waits],
    )


def _components(found: TraceStats) -> dict[str, int]:
    return {row.name: row.energy_aj for row in found.components}


def _layers(found: TraceStats) -> list[LayerNumbers]:
    """In the order of the program; what is in no layer comes last, as in the report of a run."""
    rows = [LayerNumbers(row.name, row.cycles, row.energy_aj) for row in found.layers]
    return sorted(rows, key=lambda row: row.name == "-")


def _units(found: TraceStats) -> dict[str, UnitNumbers]:
    """The units of which all is known: in a part of a run that may be none."""
    return {
        row.name: UnitNumbers(row.busy, row.waiting, row.idle)
        for row in found.units
        if row.idle is not None and row.waiting is not None and row.busy is not None
    }
