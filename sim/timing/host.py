"""The host's side of main memory: the agents that bring tensors in and take them out.

An inference starts when its first word leaves the host, and ends when its last one reaches it.
"""

from __future__ import annotations

from dataclasses import dataclass

from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import CAUSE
from acortex.sim.timing.memory import GRANT, READ, WRITE, Client, Fabric
from acortex.sim.timing.snapshot import Roles
from acortex.sim.timing.unit import Ports, Site

HOST_IN, HOST_OUT = KIND["host.in"], KIND["host.out"]
LATENCY, HOST = CAUSE["latency"], CAUSE["host"]


@dataclass(frozen=True)
class HostPorts(Ports):
    """Main memory, as the host's agents reach it."""

    fabric: Fabric


@dataclass(frozen=True)
class HostSpec:
    """The cycles in which a word crosses the host's port."""

    word_cycles: int


class Offered(Channel[int]):
    """Words that a process has offered. An item stands for all those of one offer: millions take no more room."""

    roles = Roles()

    def take(self) -> int:
        """Takes one word; returns how many of its offer are left."""
        seen, words = self._items.popleft()
        if words > 1:
            self._items.appendleft((seen, words - 1))
        return words - 1


class HostIn(Client):
    """Brings a tensor from the host into main memory: a word crosses the port, then is written.

    The host has all its words at once, unless a process of a user has taken over its port.
    """

    executes = ("word",)
    takes = frozenset({"host_in"})
    causes = Client.causes - {GRANT} | {HOST}  # its request is made while it is busy

    roles = Roles(spec=("word_cycles",), ports=("offered",))
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, spec: HostSpec, ports: HostPorts) -> None:
        ports.check(path)
        super().__init__(site, path, rank, ports.fabric)
        self.word_cycles = spec.word_cycles
        self.offered: Offered | None = None
        """The words that a process has offered; None where the host has all its words."""

    def bind(self, dispatch: Dispatch) -> None:
        """Counts the words."""
        super().bind(dispatch)
        assert dispatch.stream is not None
        self.total = dispatch.stream.size

    def work(self, now: int) -> None:
        """Takes the next word from the host as soon as the one before is written: nothing can come in between."""
        start = max(now, self.since)
        if self.offered is not None and not self._takes(self.offered, start):
            return
        if start < self.kernel.limit:
            if self.first < 0:
                self._tally.cross(self.context[2], start)
            self.act(start, self.word_cycles, HOST_IN, 1)
            self.post(start, self.since)
        else:
            self.alarm.at(start)

    def _takes(self, offered: Offered, start: int) -> bool:
        """Whether there is a word to take; if not, the agent waits for one."""
        if start < self.kernel.limit:
            if not offered.ready(start, self):
                self.block(start, HOST)
                return False
            offered.take()
        return True

    def notify(self, cycle: int) -> None:
        """A word is offered, seen from a cycle on: the agent looks for it then."""
        self.alarm.at(cycle)

    def granted(self, now: int) -> None:
        """Writes the word, and goes on."""
        self.act(now, self.fabric.access, WRITE, 1)
        self.proceed(now)
        if self.remaining <= self.look_at and self.skipper is not None:
            self.skipper.stepped(self)


class HostOut(Client):
    """Takes a tensor out of main memory to the host: a word is read, then crosses the port."""

    executes = ("word",)
    gives = frozenset({"host_out"})
    causes = Client.causes | {LATENCY}

    roles = Roles(spec=("word_cycles",))
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, spec: HostSpec, ports: HostPorts) -> None:
        ports.check(path)
        super().__init__(site, path, rank, ports.fabric)
        self.word_cycles = spec.word_cycles

    def work(self, now: int) -> None:
        """Requests the next word."""
        self.post(now, now + 1)

    def granted(self, now: int) -> None:
        """Hands the word to the host after the memory's latency, and requests the next: nothing can come in between."""
        self.act(now, self.fabric.access, READ, 1)
        self.block(now, LATENCY)
        arrival = now + self.fabric.times.latency
        if arrival < self.kernel.limit:
            self._hand_over(arrival)
        else:
            self.alarm.at(arrival)

    def _hand_over(self, now: int) -> None:
        self.act(now, self.word_cycles, HOST_OUT, 1)
        self.remaining -= 1
        end = self.since
        self._tally.cross(self.context[2], now, end)
        if self.remaining and end < self.kernel.limit:
            self.post(end, end + 1)
        else:
            self.alarm.at(end)
