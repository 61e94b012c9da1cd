"""The controller in time: it fetches and decodes an instruction every `decode` cycles, and hands each to its agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acortex.isa.sequencer import Sequencer
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.timing.kernel import CAUSE, IDLE, Alarm
from acortex.sim.timing.snapshot import NUMBER, Roles
from acortex.sim.timing.unit import Agent, Ports, Site, Unit

ISSUE = KIND["controller.issue"]
QUEUE = CAUSE["queue"]


@dataclass(frozen=True)
class ControllerPorts(Ports):
    """The program, and the agents by the names that the instruction table gives them."""

    sequencer: Sequencer
    agents: Mapping[str, Agent]


@dataclass(frozen=True)
class ControllerSpec:
    """The cycles in which an instruction is fetched, decoded and issued."""

    decode_cycles: int


class Controller(Unit):
    """Walks the program until it halts, or until its set-up ends; waits where an agent's queue is full."""

    spans = False  # a layer is in flight while agents work for it, not while it is issued
    causes = frozenset({QUEUE})

    roles = Roles(
        spec=("_decode_cycles",), ports=("_sequencer", "_agents"), state={"_stopped": NUMBER}, parts=("alarm",)
    )

    def __init__(self, site: Site, path: str, rank: int, spec: ControllerSpec, ports: ControllerPorts) -> None:
        ports.check(path)
        super().__init__(path, rank, site.tally)
        self.alarm = Alarm(site.kernel, rank, self.wake)
        self._sequencer = ports.sequencer
        self._agents = ports.agents
        self._decode_cycles = spec.decode_cycles
        self._stopped = False

    def wake(self, now: int) -> None:
        """Issues the next instruction, if its agent's queue has room."""
        if self._stopped:
            self.block(now, IDLE)
            return
        sequencer = self._sequencer
        self.turn_to((sequencer.pc, sequencer.layer, sequencer.inference))
        agent = self._agents.get(sequencer.agent()) if sequencer.in_program else None
        if agent is not None and not agent.queue.room(now, 1, self):
            self.block(now, QUEUE)
            return
        dispatch = sequencer.step()
        self.act(now, self._decode_cycles, ISSUE, 1)
        if agent is not None and dispatch is not None:
            agent.queue.put(self.since, dispatch)
        self._stopped = sequencer.state != "running"
        self.alarm.at(self.since)

    def notify(self, cycle: int) -> None:
        """Looks again in the cycle in which a queue has room."""
        self.alarm.at(cycle)
