"""How one chip serves requests: what the timed simulation of its program says of one inference and of many.

Two runs are simulated, of one inference and of `MANY` back to back. Of these follow the time of an inference on an idle
chip, the gaps between completions of a chip that is never idle, and the energy of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from acortex.errors import UsageError
from acortex.isa.program import Program
from acortex.sim.chip.prices import leakage_aj_per_cycle
from acortex.sim.chip.specs import Chip
from acortex.sim.inputs import HostData
from acortex.sim.results import RunReport
from acortex.sim.run import Prepared
from acortex.sim.system.parts import Stage
from acortex.units import AS_PER_NS
from acortex.wording import count

MANY, DRAIN = 72, 8
"""Inferences of the longer run, and how many of its last gaps are left out, for too little comes behind them. Of the
gaps that are left, the second half comes again and again.
"""


@dataclass(frozen=True)
class Service:
    """What a chip takes for requests, in its cycles and in attojoules.

    `idle` cycles pass from an inference's first word to its last where nothing is before it. `gaps[k]` pass between the
    completions k and k + 1 of a run that is never idle. `before` and `after` are cycles of the run around its
    inferences. `first_aj` is the energy of the first inference and `others_aj` that of the `MANY` - 1 others together,
    without leakage; `leak_aj` is that of a cycle.
    """

    cycle_as: int
    idle: int
    gaps: tuple[int, ...]
    before: int
    after: int
    first_aj: int
    others_aj: int
    leak_aj: int

    @property
    def idle_as(self) -> int:
        """The time of an inference on an idle chip, in attoseconds."""
        return self.idle * self.cycle_as

    def gap_as(self, number: int) -> int:
        """The time between two completions of a busy chip, the first of them the `number`-th since it was idle."""
        last = len(self.gaps)
        if number < last:
            return self.gaps[number] * self.cycle_as
        half = last // 2
        return self.gaps[half + (number - half) % (last - half)] * self.cycle_as

    @property
    def interval_as(self) -> float:
        """The time between completions of a chip that is never idle, on average, in attoseconds."""
        steady = self.gaps[len(self.gaps) // 2 :]
        return sum(steady) / len(steady) * self.cycle_as

    def dynamic_aj(self, requests: int) -> int:
        """The energy of so many inferences without leakage."""
        return self.first_aj + (requests - 1) * self.others_aj // (MANY - 1) if requests else 0

    def leaked_aj(self, span_as: int) -> int:
        """What the chip leaks while a stream of this span is served, from its start to its halt."""
        return self.leak_aj * (self.before + -(-span_as // self.cycle_as) + self.after)


def service_of(stage: Stage) -> Service:
    """How the chip of a stage serves requests. Raises the errors of its program's rules."""
    one, many = _report(stage.program, stage.chip, 1), _report(stage.program, stage.chip, MANY)
    _check_stream(stage, one, 1)
    _check_stream(stage, many, MANY)
    ends = completions(many)
    assert one.inferences and one.cycles is not None
    start, (end,) = one.inferences[0].start_cycle, completions(one)
    first = _dynamic(one)
    return Service(
        cycle_as=round(stage.chip.clock_ns * AS_PER_NS),
        idle=end - start,
        gaps=tuple(after - before for before, after in pairwise(ends[:-DRAIN])),
        before=start,
        after=one.cycles - end,
        first_aj=first,
        others_aj=_dynamic(many) - first,
        leak_aj=leakage_aj_per_cycle(stage.chip),
    )


def _check_stream(stage: Stage, report: RunReport, asked: int) -> None:
    """Refuses a program that does another number of inferences than the host has, or does not answer them."""
    found = len(report.inferences or ())
    if found != asked:
        message = f"{stage.name} does {count(found, 'inference')} where the host has {asked}: it serves no stream"
        raise UsageError(message, hint="`loop l0, host` takes as many as there are, and `inference l0` counts them")
    if any(one.end_cycle is None or one.end_cycle <= one.start_cycle for one in report.inferences or ()):
        message = f"{stage.name} gives the host nothing, so that no request of it ends"
        raise UsageError(message, hint="`output` gives an answer for each inference")


def completions(report: RunReport) -> list[int]:
    """The cycles in which the inferences of a run have ended."""
    return [inference.end_cycle or 0 for inference in report.inferences or ()]


def _report(program: Program, chip: Chip, inferences: int) -> RunReport:
    """The report of so many inferences in time. Time does not depend on what they are."""
    return Prepared(program, chip, HostData({}, inferences, None)).time().report


def _dynamic(report: RunReport) -> int:
    """The energy of a run without leakage, in attojoules."""
    return (report.energy_aj or 0) - (report.energy_by_component_aj or {})["leakage"]
