"""What skipping looks at: the parts of a chip, and its states as they were seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from acortex.sim.chip.groups import GroupTimes
from acortex.sim.timing.canonical import Canonical, Plan
from acortex.sim.timing.channel import AnyChannel, Channel
from acortex.sim.timing.controller import Controller
from acortex.sim.timing.kernel import Kernel
from acortex.sim.timing.record import Record
from acortex.sim.timing.tally import Tally
from acortex.sim.timing.unit import Agent, Unit
from acortex.sim.timing.walk import Signatures, Walk


@dataclass(frozen=True)
class Subject:
    """A chip as skipping sees it, with the walk of its instructions and the record of what it does."""

    kernel: Kernel
    controller: Controller
    units: Sequence[Unit]
    agents: Mapping[str, Agent]
    parts: Mapping[str, object]
    channels: Mapping[str, Channel[bool]]
    groups: Mapping[int, GroupTimes]
    tally: Tally
    walk: Walk
    record: Record
    signatures: Signatures

    @cached_property
    def words(self) -> list[AnyChannel]:
        """The channels of words that nothing tells apart."""
        return [self.channels[name] for name in ("words", "operand", "codes", "results")]

    @cached_property
    def plan(self) -> Plan:
        """How the state of the chip is taken and given."""
        return Plan(self.parts, self.words)

    def look(self) -> Look:
        """The state now, between two steps of the event loop."""
        now, record = self.kernel.cycle, self.record
        return Look(
            now + record.offset,
            self.walk.serial,
            self.plan.take(now, self.walk.serial),
            [unit.since + record.offset for unit in self.units],
            [unit.cause for unit in self.units],
            record.cut(),
            record.rows,
        )


class Look(NamedTuple):
    """A state as it was seen: in which cycle of the run, and the place of the next instruction to be issued.

    Of each unit `since` has the cycle of the run up to which its time was accounted for, and `causes` what it waited
    for. The `entry` of the record and the `row` of its log come next.
    """

    cycle: int
    serial: int
    state: Canonical
    since: list[int]
    causes: list[int]
    entry: int
    row: int
