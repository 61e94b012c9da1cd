"""What each instruction of a program takes on its chip, without waits: measured in a simulated run of one inference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from acortex.isa.program import Program
from acortex.sim.chip.prices import INDEX

MOST_CYCLES = 100_000
"""Cycles of a run that is simulated for costs; a longer one has none."""

ISSUE = INDEX["controller.issue"]


@dataclass(slots=True)
class Cost:
    """What an instruction took in all: how often it was issued, the busy cycles of each unit, and the energy."""

    issued: int = 0
    busy: dict[str, int] = field(default_factory=dict)
    energy_aj: int = 0


@dataclass(frozen=True)
class Costs:
    """The costs of a program's instructions by address, on a chip; without any, why there are none."""

    chip: str
    by_address: dict[int, Cost] = field(default_factory=dict)
    missing: str = ""


def costs_of(program: Program) -> Costs:
    """Simulates the time of one inference; samples are left out, since data never steer the clock."""
    from acortex.errors import AcortexError
    from acortex.sim import run as simulator
    from acortex.sim.chip.program_chip import chip_of
    from acortex.sim.timing.paths import unit_paths

    try:
        chip = chip_of(program)
        ready = simulator.prepare(replace(program, samples={}, labels=None), chip)
        meter = _Meter()
        result = ready.time(observers=[meter], max_cycles=MOST_CYCLES)
    except AcortexError:
        return Costs(program.chip, missing="the program does not run to its end")
    if not result.report["complete"]:
        return Costs(program.chip, missing=f"one inference takes more than {MOST_CYCLES:,} cycles")
    units = unit_paths(chip)
    return Costs(program.chip, {pc: meter.cost(pc, units) for pc in meter.issued})


class _Meter:
    """Adds up what is observed, by the address of the instruction."""

    def __init__(self) -> None:
        self.issued: dict[int, int] = defaultdict(int)
        self.energy: dict[int, int] = defaultdict(int)
        self.busy: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))

    def emit(
        self, start: int, duration: int, unit: int, kind: int, count: int, pc: int, layer: int, inference: int,
        energy_aj: int, /
    ) -> None:  # fmt: skip
        """Receives an event."""
        self.energy[pc] += energy_aj
        if kind == ISSUE:
            self.issued[pc] += 1
        self.busy[pc][unit] += duration

    def wait(self, start: int, duration: int, unit: int, cause: int, pc: int, layer: int, inference: int, /) -> None:
        """Receives a wait, which is left out."""

    def cost(self, pc: int, units: Sequence[str]) -> Cost:
        """What an instruction took."""
        return Cost(self.issued[pc], {units[unit]: cycles for unit, cycles in self.busy[pc].items()}, self.energy[pc])
