"""The program/erase circuits in time: weights are written array by array, before the first inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.timing.array import GroupTimes
from acortex.sim.timing.kernel import NOTHING
from acortex.sim.timing.snapshot import Roles
from acortex.sim.timing.unit import Agent, Site

PROGRAM = KIND["program_erase.write"]


@dataclass(frozen=True)
class ProgramEraseSpec:
    """The groups by number, and the cycles and pulses of writing one array."""

    groups: Mapping[int, GroupTimes]
    array_cycles: int
    array_pulses: int


class ProgramErase(Agent):
    """The agent that writes matrices of weights; one array is one event of a fixed number of write-verify pulses."""

    executes = ("array",)
    needs = ("group",)

    roles = Roles(spec=("_groups", "_cycles", "_pulses"))
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, spec: ProgramEraseSpec) -> None:
        super().__init__(site, path, rank)
        self._groups = spec.groups
        self._cycles = spec.array_cycles
        self._pulses = spec.array_pulses

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to write a group's arrays."""
        self.remaining = self._groups[dispatch.group].arrays

    def missing(self, now: int) -> int:
        """Nothing: weights come with the program."""
        return NOTHING

    def step(self, now: int) -> None:
        """Writes the next array."""
        self.act(now, self._cycles, PROGRAM, self._pulses)
        self.remaining -= 1
