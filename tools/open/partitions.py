"""The time and the energy of the parts of a compiled network, on the chip that it is for."""

from __future__ import annotations

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
    from acortex.programs.compiler import expected_cycles
    from acortex.programs.emit.program import names_of
    from acortex.programs.partition_report import stages_of
    from acortex.sim.chip.clock import Clock
    from acortex.sim.run import prepare
    from acortex.sim.timing.host_work import speed_of
    from acortex.tools.open.machine import machine_of

    plan, report = compiled.plan, compiled.report
    if not plan.graph.parts:
        return report
    clock, machine, speed = Clock(chip.clock_ns), machine_of(chip), speed_of(chip)
    names = names_of(plan)
    layers = prepare(compiled.program, chip).time().report.layers or ()
    energy = {row.name: row.energy_j for row in layers}
    parts = {part.stage: part for part in plan.graph.parts}
    latencies: dict[str, list[float]] = {"host": [], "chip": []}
    spent = []
    for part in sorted(parts.values(), key=lambda one: one.stage):
        latencies["host"].append(clock.seconds(speed.cycles(part.operations)))
    for stage, passes in enumerate(stages_of(plan)):
        cycles = sum(max(expected_cycles(step, machine).values()) for step in passes)
        latencies["chip"].append(clock.seconds(cycles))
        own = [names[name] for name in dict.fromkeys(step.name for step in passes)]
        own += [names[parts[stage].name]] if stage in parts else []
        spent.append(sum(energy.get(name) or 0.0 for name in own))
    times, energies = {name: iter(rows) for name, rows in latencies.items()}, iter(spent)
    rows = [
        row.model_copy(
            update={"latency_s": next(times[row.part]), "energy_j": next(energies) if row.part == "chip" else None}
        )
        for row in report.partition
    ]
    return report.model_copy(update={"partition": rows})
