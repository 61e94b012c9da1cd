"""The controller in time: it fetches and decodes an instruction every `decode` cycles, and hands each to its agent."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Protocol

from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.timing.kernel import CAUSE, IDLE, Alarm
from acortex.sim.timing.snapshot import NUMBER, Roles
from acortex.sim.timing.unit import Agent, Context, Ports, Site, Skipper, Unit

ISSUE = KIND["controller.issue"]
QUEUE = CAUSE["queue"]


class Source(Protocol):
    """What gives a controller its instructions: a sequencer, or a walk of one that went ahead."""

    @property
    def state(self) -> str:
        """`running` as long as there are more."""

    @property
    def in_program(self) -> bool:
        """Whether there is a next instruction."""

    @property
    def context(self) -> Context:
        """The address, layer and inference of the next instruction, and its place in the order of issue."""

    def agent(self) -> str:
        """The agent that the next instruction is for."""

    def step(self) -> Dispatch | None:
        """Carries out the next instruction; an agent's comes back."""


@dataclass(frozen=True)
class ControllerPorts(Ports):
    """The program, and the agents by the names that the instruction table gives them."""

    source: Source
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
        spec=("_decode_cycles", "loop_ends"),
        ports=("_source", "_agents", "skipper"),
        state={"_stopped": NUMBER},
        parts=("alarm",),
    )
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, spec: ControllerSpec, ports: ControllerPorts) -> None:
        ports.check(path)
        super().__init__(path, rank, site.tally)
        self.alarm = Alarm(site.kernel, rank, self.wake)
        self._source = ports.source
        self.skipper: Skipper | None = None
        self.loop_ends: Container[int] = ()
        """The instructions that end a loop, by their places in the order of issue, where the skipper looks there."""
        self._agents = ports.agents
        self._decode_cycles = spec.decode_cycles
        self._stopped = False

    def wake(self, now: int) -> None:
        """Issues the next instruction, if its agent's queue has room."""
        if self._stopped:
            self.block(now, IDLE)
            return
        source = self._source
        self.turn_to(source.context)
        agent = self._agents.get(source.agent()) if source.in_program else None
        if agent is not None and not agent.queue.room(now, 1, self):
            self.block(now, QUEUE)
            return
        dispatch = source.step()
        self.act(now, self._decode_cycles, ISSUE, 1)
        if agent is not None and dispatch is not None:
            agent.queue.put(self.since, dispatch)
        self._stopped = source.state != "running"
        self.alarm.at(self.since)
        if self.skipper is not None and self.context[3] in self.loop_ends:
            self.skipper.passed()

    def notify(self, cycle: int) -> None:
        """Looks again in the cycle in which a queue has room."""
        self.alarm.at(cycle)
