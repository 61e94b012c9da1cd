"""The report of a run, `acortex.run/1`: plain numbers, made of what units counted and of the chip's prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acortex.intervals import covered
from acortex.isa.container import sha256
from acortex.isa.program import Program
from acortex.sim.chip.area import area_by_component, total_area
from acortex.sim.chip.clock import Clock, delays
from acortex.sim.chip.overrides import overrides
from acortex.sim.chip.prices import COMPONENTS, INDEX, KINDS, NONE, Energies, Interval, prices, settle
from acortex.sim.chip.specs import Chip
from acortex.sim.ledger.flights import Flight, finished_macs, flights
from acortex.sim.ledger.occupancy import occupancy
from acortex.sim.ledger.power import power_report, window_cycles
from acortex.sim.ledger.retention import access_tables, late_reads
from acortex.sim.results import (
    ChipName,
    Inference,
    Layer,
    ProgramName,
    RunCovers,
    RunReport,
    Setup,
    Skipped,
    SteadyState,
    UnitTime,
    Wait,
)
from acortex.sim.timing.kernel import CAUSES, IDLE
from acortex.sim.timing.tally import Tally
from acortex.sim.timing.wiring import TimedChip
from acortex.units import joules


@dataclass(frozen=True)
class Timing:
    """What the timed executor leaves: the cycles of set-up and run, and the chips that counted them.

    `inferences` are those that the host has for the run.
    """

    setup: TimedChip
    setup_cycles: int
    chip: TimedChip
    cycles: int
    inferences: int


def functional_report(program: Program, chip: Chip, warnings: list[str], accuracy: float | None) -> RunReport:
    """The report of a run without time: what ran on what, and how right it was."""
    return RunReport(**_heading(program, chip, sha256(program)), warnings=warnings, accuracy=accuracy)


def _heading(program: Program, chip: Chip, digest: str) -> dict[str, Any]:
    """What ran on what: the part of a report that needs no simulation."""
    return {
        "program": ProgramName(name=program.name, sha256=digest, instructions=len(program.words)),
        "chip": ChipName(name=chip.name, sha256=chip.sha256, config=chip.config, overrides=overrides(chip)),
        "clock_ns": float(chip.clock_ns),
        "area_mm2": float(total_area(chip)),
        "area_by_component_mm2": {name: float(area) for name, area in area_by_component(chip).items()},
    }


def timed_report(program: Program, chip: Chip, timing: Timing, digest: str | None = None) -> RunReport:
    """The report of a run in time: what it took, of the whole and by component, unit, layer and inference.

    `digest` is the SHA-256 of the program, where it is known already.
    """
    tally, cycles, clock = timing.chip.tally, timing.cycles, Clock(chip.clock_ns)
    layers = [(layer - 1, start, end) for (layer, _), (start, end) in tally.layers.items() if layer]
    inferences = flights(program, tally, cycles, timing.chip.stopped)
    price = prices(chip)
    energies = settle(price, _by_layer_number(tally), cycles, layers, [one[:3] for one in inferences])
    macs = sum(tally.macs.values())
    seconds, width = clock.seconds(cycles), window_cycles(clock, cycles)
    energy_j = joules(energies.total)
    accesses = access_tables(timing.chip.accesses(), program.memory)
    return RunReport(
        **_heading(program, chip, sha256(program) if digest is None else digest),
        **_part(timing, inferences),
        cycles=cycles,
        latency_s=seconds,
        **_energy(energies.total, energies.by_component),
        power_w=energy_j / seconds if cycles else 0.0,
        power=power_report(tally.works, price, clock, cycles, energies.total),
        macs=macs,
        throughput_ops_per_s=_throughput(timing, inferences, seconds),
        efficiency_ops_per_j=2 * macs / energy_j if energies.total else 0.0,
        steady_state=None if timing.chip.stopped else _steady_state(clock, inferences, macs),
        counts=counts(tally),
        utilisation=_utilisation(timing.chip),
        waits=_waits(timing.chip),
        layers=_layers(program, tally, cycles, layers, energies),
        inferences=[_inference(clock, one, energies) for one in inferences],
        setup=_setup(chip, timing),
        memory=None if timing.chip.stopped else occupancy(accesses, chip.memory_words, cycles, width),
        retention=late_reads(program, clock, accesses, delays(chip).retention_cycles),
        skipped=_skipped(timing.chip),
    )


def _skipped(chip: TimedChip) -> Skipped:
    """The events that were not simulated."""
    events = sum(chip.tally.events.values())
    skipped = chip.skipper.skipped if chip.skipper is not None else 0
    return Skipped(events=skipped, share=skipped / events if events else 0.0)


INTERRUPTED = "interrupted"
"""Why a run ended that its user ended."""


def _part(timing: Timing, inferences: Sequence[Flight]) -> dict[str, Any]:
    """What a report says first of a run that ended before its program did: why, and what its numbers are about."""
    if not timing.chip.stopped:
        return {}
    why = INTERRUPTED if timing.chip.interrupted else "as --max-cycles asked"
    finished = sum(one.finished for one in inferences)
    stopped = f"stopped at cycle {timing.cycles:,}, {why}; the program goes on"
    covers = RunCovers(
        until_cycle=timing.cycles,
        inferences=timing.inferences,
        finished=finished,
        under_way=len(inferences) - finished,
        lost=stopped,
    )
    return {"stopped": stopped, "complete": False, "covers": covers}


def _throughput(timing: Timing, inferences: Sequence[Flight], seconds: float) -> float | None:
    """Operations per second; of a run that was stopped those of the inferences that had finished, if any had."""
    macs = timing.chip.tally.macs
    done = finished_macs(macs, inferences) if timing.chip.stopped else sum(macs.values())
    if done is None:
        return None
    return 2 * done / seconds if seconds else 0.0


def counts(tally: Tally) -> dict[str, int]:
    """How often each thing happened, over the whole run."""
    of = {kind.name: 0 for kind in KINDS}
    for (kind, _, _), count in tally.counts.items():
        of[KINDS[kind].name] += count
    of_host = {"host_operations": of["host.work"]} if of["host.work"] else {}
    return of_host | {
        "main_memory.reads": of["memory.read"],
        "main_memory.writes": of["memory.write"],
        "array_operations": of["vmm.frame"],
        "conversions": of["neurons.convert"],
        "bus_words": of["bus.down"] + of["bus.up"],
        "bus_words.down": of["bus.down"],
        "bus_words.up": of["bus.up"],
        "host_words.in": of["host.in"],
        "host_words.out": of["host.out"],
        "loads": of["vmm.load"],
        "positions": sum(count for (kind, _, _), count in tally.events.items() if kind == INDEX["vmm.frame"]),
        "tokens": of["sync"],
        "instructions": of["controller.issue"],
        "events": sum(tally.events.values()),
    }


def _by_layer_number(tally: Tally) -> dict[tuple[int, int, int], int]:
    """Counts by (kind, layer, inference), layers numbered as the program names them."""
    return {(kind, layer - 1, inference): count for (kind, layer, inference), count in tally.counts.items()}


def _steady_state(clock: Clock, inferences: Sequence[Flight], macs: int) -> SteadyState | None:
    """How fast results follow each other, apart from how long each takes: from the first completion to the last.

    None where there are no two completions apart.
    """
    ends = sorted(one.end for one in inferences)
    if ends[0] == ends[-1]:
        return None
    interval = clock.seconds(ends[-1] - ends[0]) / (len(ends) - 1)
    return SteadyState(
        interval_s=interval,
        inferences_per_s=1 / interval,
        throughput_ops_per_s=2 * macs / len(ends) / interval,
    )


def _energy(total: int, by_component: Mapping[str, int]) -> dict[str, Any]:
    return {
        "energy_j": joules(total),
        "energy_aj": total,
        "energy_by_component_j": {name: joules(by_component[name]) for name in COMPONENTS},
        "energy_by_component_aj": {name: by_component[name] for name in COMPONENTS},
    }


def _inference(clock: Clock, one: Flight, energies: Energies) -> Inference:
    parts = energies.by_inference.get(one.inference, dict.fromkeys(COMPONENTS, 0))
    return Inference(
        index=one.inference,
        start_cycle=one.start,
        end_cycle=one.end if one.finished else None,
        latency_s=clock.seconds(one.end - one.start) if one.finished else None,
        **_energy(sum(parts.values()), parts),
    )


def _layers(program: Program, tally: Tally, cycles: int, spans: Sequence[Interval], energies: Energies) -> list[Layer]:
    """A row for each layer in the order of the program, then what belongs to none."""
    numbers = [*range(len(program.layers)), NONE]
    macs = dict.fromkeys(numbers, 0)
    for (layer, _), count in tally.macs.items():
        macs[layer - 1] += count
    in_flight = {number: covered((start, end) for n, start, end in spans if n == number) for number in numbers}
    in_flight[NONE] = cycles - covered((start, end) for _, start, end in spans)
    return [
        Layer(
            name="-" if number == NONE else program.layers[number],
            cycles=in_flight[number],
            energy_j=joules(energies.by_layer.get(number, 0)),
            energy_aj=energies.by_layer.get(number, 0),
            macs=macs[number],
        )
        for number in numbers
    ]


def _utilisation(chip: TimedChip) -> dict[str, UnitTime]:
    return {
        unit.path: UnitTime(busy=unit.busy, waiting=sum(unit.spent) - unit.spent[IDLE], idle=unit.spent[IDLE])
        for unit in chip.units
    }


def _waits(chip: TimedChip) -> list[Wait]:
    """What each unit waited for, longest first."""
    rows = [
        Wait(unit=unit.path, cause=CAUSES[cause], cycles=spent)
        for unit in chip.units
        for cause, spent in enumerate(unit.spent)
        if spent and cause != IDLE
    ]
    return sorted(rows, key=lambda row: -row.cycles)


def _setup(chip: Chip, timing: Timing) -> Setup:
    """What writing the weights took, before the first inference."""
    energies = settle(prices(chip), _by_layer_number(timing.setup.tally), timing.setup_cycles)
    return Setup(
        cycles=timing.setup_cycles,
        latency_s=Clock(chip.clock_ns).seconds(timing.setup_cycles),
        **_energy(energies.total, energies.by_component),
    )
