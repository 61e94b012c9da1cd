"""The host at work, in time: its parts of a network, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.chip.specs import Chip
from acortex.sim.timing.kernel import NOTHING
from acortex.sim.timing.snapshot import Roles
from acortex.sim.timing.unit import Agent, Site

WORK = KIND["host.work"]


@dataclass(frozen=True)
class HostSpeed:
    """How fast the host is: what a part takes beside its operations, operations in a nanosecond, and the clock."""

    part_ns: Decimal
    operations_per_ns: Decimal
    clock_ns: Decimal

    def cycles(self, operations: int) -> int:
        """The cycles that a part of so many operations takes, rounded up once; one at least."""
        ns = self.part_ns * self.operations_per_ns + operations
        return max(int((ns / (self.operations_per_ns * self.clock_ns)).to_integral_value(ROUND_CEILING)), 1)


def speed_of(chip: Chip) -> HostSpeed:
    """The speed of a chip's host."""
    return HostSpeed(chip.host.part_ns, chip.host.operations_per_ns, chip.clock_ns)


class HostWork(Agent):
    """The processor of the host: a part of the network is one event."""

    executes = ("work",)
    needs = ("operations",)

    roles = Roles(spec=("_speed",))
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, speed: HostSpeed) -> None:
        super().__init__(site, path, rank)
        self._speed = speed

    def begin(self, dispatch: Dispatch) -> None:
        """Begins a part."""
        self.remaining = 1

    def missing(self, now: int) -> int:
        """Nothing: tokens order it behind what it works on."""
        return NOTHING

    def step(self, now: int) -> None:
        """Works on the whole part."""
        assert self.current is not None
        operations = self.current.ops.operations
        self.act(now, self._speed.cycles(operations), WORK, operations)
        self.remaining -= 1
