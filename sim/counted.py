"""What is counted in a run: all that its numbers follow from, but for prices and the length of a cycle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from acortex.sim.chip.area import total_area
from acortex.sim.chip.clock import Clock, delays
from acortex.sim.chip.prices import INDEX, KINDS, prices
from acortex.sim.chip.specs import Chip
from acortex.sim.ledger.flights import Flight, flights
from acortex.sim.ledger.report import Timing
from acortex.sim.ledger.retention import access_tables, late_reads
from acortex.sim.repriced import timing_of
from acortex.sim.run import Prepared
from acortex.units import joules

Plain = Mapping[str, bool | int | float | str | None]
"""What was counted, as a line of a file has it."""


@dataclass(frozen=True)
class Counted:
    """What of a run its numbers follow from."""

    cycles: int
    events: Mapping[int, int]
    """By kind."""
    macs: int
    inference_cycles: int | None = None
    """How long the median inference takes."""
    intervals: int = 0
    """Inferences that end after the first."""
    steady_cycles: int = 0
    """From the end of the first inference to that of the last."""
    late: Mapping[int, int] | None = None
    """Reads of words that are older than so many cycles."""

    def plain(self) -> dict[str, int | str | None]:
        """The same, for a file."""
        return {
            "cycles": self.cycles,
            "macs": self.macs,
            "inference_cycles": self.inference_cycles,
            "intervals": self.intervals,
            "steady_cycles": self.steady_cycles,
            "events": _text({KINDS[kind].name: number for kind, number in self.events.items()}),
            "late": _text(self.late or {}),
        }

    @classmethod
    def of_plain(cls, row: Plain) -> Counted:
        """What `plain` made."""
        events, late = (dict(_pairs(str(row[name]))) for name in ("events", "late"))
        whole = {name: int(row[name] or 0) for name in ("cycles", "macs", "intervals", "steady_cycles")}
        one = row["inference_cycles"]
        return cls(
            **whole,
            inference_cycles=None if one is None else int(one),
            events={INDEX[name]: number for name, number in events.items()},
            late={int(limit): number for limit, number in late.items()},
        )


def _text(numbers: Mapping[str, int] | Mapping[int, int]) -> str:
    return " ".join(f"{name}:{number}" for name, number in numbers.items())


def _pairs(text: str) -> Iterable[tuple[str, int]]:
    return ((name, int(number)) for name, _, number in (one.rpartition(":") for one in text.split()))


def limit_of(chip: Chip) -> int:
    """The cycles after which a word of main memory has faded."""
    return delays(chip).retention_cycles


def counted(prepared: Prepared, limits: Sequence[int]) -> Counted:
    """Simulates a run without values, and counts; late reads for each of these limits, in cycles.

    Raises the errors of a program that breaks a rule.
    """
    timing = timing_of(prepared)
    tally, cycles = timing.chip.tally, timing.cycles
    events = Counter[int]()
    for (kind, _, _), number in tally.counts.items():
        events[kind] += number
    return Counted(
        cycles=cycles,
        events=events,
        macs=sum(tally.macs.values()),
        late=_late(prepared, timing, limits),
        **_of_inferences(flights(prepared.program, tally, cycles, timing.chip.stopped)),
    )


def _of_inferences(found: Sequence[Flight]) -> dict[str, int]:
    """The median of how long inferences take, and how they follow each other."""
    ends = sorted(one.end for one in found)
    took = sorted(one.end - one.start for one in found)
    steady = ends[-1] - ends[0]
    return {
        "inference_cycles": took[len(took) // 2],
        "intervals": len(ends) - 1 if steady else 0,
        "steady_cycles": steady,
    }


def _late(prepared: Prepared, timing: Timing, limits: Sequence[int]) -> dict[int, int]:
    """Late reads by limit. A word is no older than the run, so that most limits need no look at accesses."""
    program, clock = prepared.program, Clock(prepared.chip.clock_ns)
    found = dict.fromkeys(limits, 0)
    short = [limit for limit in limits if limit < timing.cycles]
    if short:
        tables = access_tables(timing.chip.accesses(), program.memory)
        found |= {limit: late_reads(program, clock, tables, limit).late_reads for limit in short}
    return found


def energy_aj(chip: Chip, run: Counted) -> int:
    """The energy of a run on a chip, in attojoules."""
    price = prices(chip)
    of_events = sum(number * price.total[kind] for kind, number in run.events.items())
    return run.cycles * price.leakage_aj_per_cycle + of_events


def numbers(chip: Chip, run: Counted) -> dict[str, float]:
    """The numbers of a run on a chip by the names of a sweep's columns: those of its report. What it has not is left
    out.
    """
    clock, energy = Clock(chip.clock_ns), energy_aj(chip, run)
    seconds, energy_j = clock.seconds(run.cycles), joules(energy)
    found: dict[str, float] = {"cycles": run.cycles, "latency_s": seconds}
    found |= {"energy_j": energy_j, "area_mm2": float(total_area(chip))}
    if run.cycles:
        found["power_w"] = energy_j / seconds
    if run.inference_cycles is not None:
        found["inference_latency_s"] = clock.seconds(run.inference_cycles)
    if run.intervals:
        found["inferences_per_s"] = 1 / (clock.seconds(run.steady_cycles) / run.intervals)
    if run.macs and run.cycles:
        found["throughput_ops_per_s"] = 2 * run.macs / seconds
    if run.macs and energy:
        found["efficiency_ops_per_j"] = 2 * run.macs / energy_j
    if run.late is not None:
        found["late_reads"] = run.late.get(limit_of(chip), 0)
    return found
