"""The time and the energy of the parts of a compiled network, on the chip that it is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acortex.programs.compiler import Compiled
    from acortex.programs.results import CompileReport
    from acortex.sim.chip.specs import Chip


def priced(compiled: Compiled, chip: Chip) -> CompileReport:
    """The report of a compilation, with time and energy of its parts where the host works between these.

    The time of a chip's part is that of its layers, one after the other, if nothing but the bottleneck of each held it
    up; its energy is that of a simulated inference.
    """
    report = compiled.report
    if not compiled.plan.graph.parts:
        return report
    times = {"host": _times_of_host(compiled, chip), "chip": _times_of_chip(compiled, chip)}
    energies = _energies(compiled, chip)
    rows = [
        row.model_copy(
            update={"latency_s": next(times[row.part]), "energy_j": next(energies) if row.part == "chip" else None}
        )
        for row in report.partition
    ]
    return report.model_copy(update={"partition": rows})


def _times_of_host(compiled: Compiled, chip: Chip) -> Iterator[float]:
    """The seconds of each part of the host."""
    from acortex.sim.chip.clock import Clock
    from acortex.sim.timing.host_work import speed_of

    for part in compiled.plan.graph.parts:
        yield Clock(chip.clock_ns).seconds(speed_of(chip).cycles(part.operations))


def _times_of_chip(compiled: Compiled, chip: Chip) -> Iterator[float]:
    """The seconds of each stage of the chip."""
    from acortex.programs.compiler import expected_cycles
    from acortex.programs.partition_report import stages_of
    from acortex.sim.chip.clock import Clock
    from acortex.tools.open.machine import machine_of

    machine = machine_of(chip)
    for passes in stages_of(compiled.plan):
        yield Clock(chip.clock_ns).seconds(sum(max(expected_cycles(step, machine).values()) for step in passes))


def _energies(compiled: Compiled, chip: Chip) -> Iterator[float]:
    """The joules of each stage of the chip, with those of the exchange before it, in a simulated inference."""
    from acortex.programs.emit.program import names_of
    from acortex.programs.partition_report import stages_of
    from acortex.sim.run import prepare

    names = names_of(compiled.plan)
    energy = {row.name: row.energy_j for row in prepare(compiled.program, chip).time().report.layers or ()}
    parts = {part.stage: part.name for part in compiled.plan.graph.parts}
    for stage, passes in enumerate(stages_of(compiled.plan)):
        own = dict.fromkeys([*(step.name for step in passes), *([parts[stage]] if stage in parts else [])])
        yield sum(energy.get(names[name]) or 0.0 for name in own)
