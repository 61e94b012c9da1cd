"""The program/erase circuits in time: weights are written array by array, before the first inference."""

from __future__ import annotations

from collections.abc import Mapping

from acortex.isa.sequencer import Dispatch
from acortex.sim.array import GroupTimes
from acortex.sim.energy import INDEX as KIND
from acortex.sim.kernel import Agent, Site

PROGRAM = KIND["program_erase.write"]


class ProgramErase(Agent):
    """The agent that writes matrices of weights; one array is one event of a fixed number of write-verify pulses."""

    def __init__(
        self, site: Site, path: str, rank: int, groups: Mapping[int, GroupTimes], array_cycles: int, array_pulses: int
    ) -> None:
        super().__init__(site, path, rank)
        self._groups = groups
        self._cycles = array_cycles
        self._pulses = array_pulses

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to write a group's arrays."""
        self.remaining = self._groups[dispatch.group].arrays

    def work(self, now: int) -> bool:
        """Writes the next array."""
        if not self.remaining:
            return True
        self.act(now, self._cycles, PROGRAM, self._pulses)
        self.remaining -= 1
        self.alarm.at(self.since)
        return False
