"""Holds the executors against each other, event by event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.tensors import accept, decode
from acortex.isa.program import Program
from acortex.sim.chip.prices import KINDS
from acortex.sim.chip.specs import Chip
from acortex.sim.run import Result, run
from acortex.sim.timing.kernel import CAUSES
from acortex.sim.timing.wiring import unit_paths
from judge.clockwork import Event, Wait
from judge.stepped import Stepped
from judge.valued import simulate_values
from judge.values import Outputs

QUICK_WRITES = [f"program_erase.{name}=1" for name in ("levels", "pulses_per_level", "pulse_ns", "verify_ns")]
"""Settings under which the set-up is not a thousand times longer than the run."""


@dataclass
class Notes:
    """An observer that keeps all it hears, with names for numbers."""

    paths: tuple[str, ...]
    events: list[Event] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)

    def emit(self, start: int, duration: int, unit: int, kind: int, count: int, pc: int, layer: int,
             inference: int, _: int) -> None:  # fmt: skip
        """Keeps an event."""
        self.events.append((start, duration, self.paths[unit], KINDS[kind].name, count, pc, layer, inference))

    def wait(self, start: int, duration: int, unit: int, cause: int, pc: int, *_: int) -> None:
        """Keeps a wait."""
        self.waits.append((start, duration, self.paths[unit], CAUSES[cause], pc))


def differences(
    program: Program, chip: Chip, inputs: dict[str, NDArray[Any]], inferences: int, trace: Path | None = None
) -> tuple[list[str], Result, Stepped]:
    """In what the event-driven chip and the stepped one differ, in words; the run; and the stepped chip.

    Outputs are those of the program's order on one side, and on the other of what the stepped chip had in each cycle.
    """
    notes = Notes(unit_paths(chip))
    result = run(program, chip, inputs=inputs, observers=[notes], trace=trace)
    codes = {tensor.name: accept(tensor, inputs[tensor.name]) for tensor in program.inputs}
    setup, cycles, stepped, outputs = simulate_values(program, chip, codes, inferences)
    found = [
        *same_outputs(program, result.outputs, outputs),
        *_differ("cycles", [result.cycles], [cycles]),
        *_differ("cycles of the set-up", [result.report["setup"]["cycles"]], [setup]),
        *_differ("events", notes.events, stepped.events),
        *_differ("waits", notes.waits, stepped.waits),
    ]
    return found, result, stepped


def _differ(what: str, chip: Iterable[Hashable], stepped: Iterable[Hashable]) -> list[str]:
    mine, other = Counter(chip), Counter(stepped)
    if mine == other:
        return []
    first = [min(counter.elements(), default=None) for counter in (mine - other, other - mine)]  # type: ignore[type-var]
    return [f"{what}: first that only the chip has {first[0]}, that only the stepped one has {first[1]}"]


def same_outputs(program: Program, found: dict[str, NDArray[Any]], wanted: Outputs) -> list[str]:
    """Which outputs of a run differ from the codes that a judge has, in words."""
    return [
        f"output {tensor.name} differs"
        for tensor in program.outputs
        if not np.array_equal(found[tensor.name], decode(tensor, wanted[tensor.name].reshape(found[tensor.name].shape)))
    ]
