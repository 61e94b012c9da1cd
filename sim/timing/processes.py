"""Processes of a user in the timed chip: ordinary simpy processes, and what they may do there.

A process is a function of one argument, a `Handle`, that returns a generator. Within a cycle processes act before all
units, whatever the order in which they were made, and all that they do is seen from the next cycle.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

import simpy

from acortex.errors import UsageError
from acortex.sim.timing.channel import UNBOUNDED
from acortex.sim.timing.host import HostIn, HostOut, Offered
from acortex.sim.timing.kernel import Kernel
from acortex.sim.timing.memory import READ, WRITE, Client, Fabric
from acortex.sim.timing.snapshot import Roles
from acortex.sim.timing.unit import Agent, Site

Process = Callable[["Handle"], Generator[simpy.Event, Any, Any]]
"""What a user gives: it is called once, before cycle 0, and what it returns becomes a process of simpy."""


MOST_WORDS = 1 << 24
"""The words that can be offered at once."""


class Traffic(Client):
    """The accesses of one process to main memory: a unit of its own, one access at a time, in the order of requests."""

    spans = False  # it works for no layer

    roles = Roles(ports=("_requests",))  # they lead to events that processes wait for, which no snapshot holds

    def __init__(self, site: Site, path: str, rank: int, fabric: Fabric) -> None:
        super().__init__(site, path, rank, fabric)
        self._requests: deque[tuple[int, int, Completed]] = deque()

    def request(self, now: int, kind: int, address: int) -> simpy.Event:
        """Posts a request; the event succeeds as its access is over, with the cycle of the grant for its value."""
        completed = Completed(self.kernel)
        self._requests.append((kind, address, completed))
        if not self.remaining:
            self._next(now)
        return completed

    def _next(self, now: int) -> None:
        self.remaining = 1
        self._addresses = [self._requests[0][1]]
        self.post(now, now + 1)

    def granted(self, now: int) -> None:
        """Begins the access, and posts the next request."""
        kind, _, completed = self._requests.popleft()
        self.act(now, self.fabric.access, kind, 1)
        self.remaining = 0
        completed.at(now + self.fabric.times.latency if kind == READ else self.since, now)
        if self._requests:
            self._next(now)


class Completed(simpy.Event):
    """An access that a process waits for."""

    def at(self, cycle: int, granted: int) -> None:
        """Succeeds in a cycle that comes, as simpy's own Timeout does."""
        self._ok = True
        self._value = granted
        self.env.schedule(self, delay=cycle - self.env.now)


class Host:
    """The host's side of its port, which a process has taken over: words come in only as it offers them."""

    def __init__(self, handle: Handle, words: Offered) -> None:
        self._handle = handle
        self._words = words

    def offer(self, words: int) -> None:
        """Offers so many more words; host/in sees them from the next cycle, and takes them in the order of its inputs.

        What the words hold is in the inputs of the run: time does not depend on it.
        """
        now = self._handle.now
        self._words.put(now + 1, _whole(words, "a number of words", 1, MOST_WORDS, self._handle.path), places=0)


def _whole(value: int, what: str, low: int, high: int, where: str) -> int:
    """A whole number within bounds, NumPy's too. Raises UsageError for another value."""
    try:
        number = low - 1 if isinstance(value, bool) else index(value)
    except TypeError:
        number = low - 1
    if not low <= number <= high:
        raise UsageError(f"{what} is {value!r}, allowed is {low} to {high}", where=where)
    return number


@dataclass(frozen=True)
class Shared:
    """What processes of one chip share."""

    kernel: Kernel
    agents: Mapping[str, Agent]
    words: int
    """The words of main memory."""

    @property
    def host_in(self) -> HostIn:
        """The agent that brings tensors in."""
        found = self.agents["host_in"]
        assert isinstance(found, HostIn)
        return found

    @property
    def host_out(self) -> HostOut:
        """The agent that takes tensors out."""
        found = self.agents["host_out"]
        assert isinstance(found, HostOut)
        return found


class Handle:
    """The chip as one process sees it: simpy's environment, the host's port, a port of main memory, what can be read.

    All quantities are exact: they count what has happened in the cycles before this one. Units run ahead of the clock
    where nothing can come in between, so nothing else of theirs is shown.
    """

    def __init__(self, chip: Shared, traffic: Traffic) -> None:
        self.env: simpy.Environment = chip.kernel
        self.path = traffic.path
        """The unit under which accesses of this process stand in reports and traces."""
        self._chip = chip
        self._traffic = traffic

    @property
    def now(self) -> int:
        """The current cycle. Raises UsageError between two: the chip knows whole cycles only."""
        now = self.env.now
        if now != int(now):
            raise UsageError(f"it is {now}, between two cycles", where=self.path, hint="wait for whole cycles")
        return int(now)

    # What a process can do ---------------------------------------------------------------------------------------

    def take_host(self) -> Host:
        """Takes over the host's port for this run; one process can, in cycle 0, before it has waited for anything."""
        host_in = self._chip.host_in
        if host_in.offered is not None:
            raise UsageError("another process has the host's port", where=self.path)
        if self.now:
            raise UsageError(f"takes the host's port in cycle {self.now}, allowed is 0", where=self.path)
        host_in.offered = Offered(UNBOUNDED)
        return Host(self, host_in.offered)

    def read(self, address: int) -> simpy.Event:
        """Requests a word of main memory: the event succeeds as the word arrives; its value is the grant's cycle.

        The arbiter sees the request in the next cycle. It grants the chip's own requests first, then those of the
        processes in the order in which they were given.
        """
        return self._request(READ, address)

    def write(self, address: int) -> simpy.Event:
        """Requests to write a word, as `read`; the event succeeds as the access ends. It changes no value."""
        return self._request(WRITE, address)

    def _request(self, kind: int, address: int) -> simpy.Event:
        word = _whole(address, "an address of main memory", 0, self._chip.words - 1, self.path)
        return self._traffic.request(self.now, kind, word)

    # What a process can look at ----------------------------------------------------------------------------------

    def granted(self, agent: str) -> int:
        """How many accesses to main memory an agent has been granted; its name is that of `signal` and `await`."""
        client = self._agent(agent)
        if not isinstance(client, Client) or not client.at_port:
            raise UsageError(f"{agent} asks for no access to main memory", where=self.path)
        return sum(bisect_left(grants, self.now) for _, grants in client.accesses)

    def queued(self, agent: str) -> int:
        """How many instructions an agent can see in its queue."""
        return self._agent(agent).queue.seen(self.now)

    @property
    def written(self) -> int:
        """How many of the host's words main memory has taken."""
        return self.granted("host_in")

    @property
    def received(self) -> int:
        """How many words of outputs have reached the host."""
        out = self._chip.host_out
        before = self.now - out.word_cycles - out.fabric.times.latency
        return sum(bisect_right(grants, before) for _, grants in out.accesses)

    def _agent(self, name: str) -> Agent:
        if not isinstance(name, str) or name not in self._chip.agents:
            known = ", ".join(self._chip.agents)
            raise UsageError(f"the chip has no agent {name!r}", where=self.path, hint=f"it has {known}")
        return self._chip.agents[name]


def begin(chip: Shared, processes: Sequence[Process], traffic: Sequence[Traffic]) -> None:
    """Starts the processes of a user, in their order. Raises UsageError for one that is none."""
    for process, port in zip(processes, traffic, strict=True):
        if not callable(process):
            raise UsageError(f"processes are functions of one argument, and this is {process!r}", where=port.path)
        generator = process(Handle(chip, port))
        if not isinstance(generator, Generator):
            raise UsageError(
                f"a process is a function that returns a generator, and this one returned {type(generator).__name__}",
                where=getattr(process, "__name__", repr(process)),
                hint="it needs a yield, such as `yield chip.env.timeout(1)`",
            )
        chip.kernel.process(generator)
