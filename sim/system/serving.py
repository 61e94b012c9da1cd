"""A stream of requests through the chips of a system, as processes of simpy: one for each chip, and one for each link.

A chip ends a request when an idle one would, counted from the last word that it waited for, and no earlier than a busy
one would behind the request before (`Service`). A link takes a request's words when the chip has given all of them.
Queues have room for all requests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from acortex.sim.system.parts import System
from acortex.sim.system.service import Service

if TYPE_CHECKING:
    import simpy

    Steps = Generator[simpy.Event, int, None]

Progress = Callable[[int, int], None]


@dataclass
class Course:
    """What became of a stream, in attoseconds: when each request came and ended, and at which replica it was.

    `waits[replica][stage]` adds up what requests took longer at a stage than on an idle chip.
    """

    came: Sequence[int]
    replica: list[int]
    ended: list[int]
    waits: list[list[int]]
    link_waits: list[list[int]]
    """For each replica and wire, how long requests waited for the link."""

    @property
    def span(self) -> int:
        """The time from 0 to the last completion."""
        return max(self.ended)

    def served(self, replica: int) -> int:
        """The requests that a replica served."""
        return self.replica.count(replica)


@dataclass
class _Replica:
    """One copy of the system as it works: what comes to each stage, and how many requests are in it."""

    entries: list[simpy.Store]
    wires: list[simpy.Store]
    """What is to be sent, for each wire."""
    joined: list[simpy.Store]
    """What has come, for each wire."""
    given: list[deque[int]]
    """When that was given to the link, for each wire."""
    number: int
    inside: int = 0
    left: dict[int, int] = field(default_factory=dict)
    """Stages that are still to end, for each request under way."""


class _Floor:
    """All replicas, the stream, and what is noted of it."""

    def __init__(self, system: System, services: Sequence[Service], came: Sequence[int], replicas: int) -> None:
        import simpy

        self.system, self.services = system, services
        self.env = simpy.Environment()
        self.replicas = [self._replica(number) for number in range(replicas)]
        waits = [[[0] * len(found) for _ in self.replicas] for found in (system.stages, system.wires)]
        self.course = Course(came, [0] * len(came), [0] * len(came), *waits)
        self.done = 0

    def _replica(self, number: int) -> _Replica:
        """An empty copy of the system."""
        import simpy

        wires = len(self.system.wires)
        entries, sends, joined = (
            [simpy.Store(self.env) for _ in range(size)] for size in (len(self.system.stages), wires, wires)
        )
        return _Replica(entries, sends, joined, [deque() for _ in range(wires)], number)

    def start(self) -> None:
        """Begins all processes."""
        self.env.process(self._requests())
        for replica in self.replicas:
            for stage in range(len(self.system.stages)):
                self.env.process(self._chip(replica, stage))
            for wire in range(len(self.system.wires)):
                self.env.process(self._link(replica, wire))

    def _requests(self) -> Steps:
        """Hands each request as it comes to the replica with the fewest under way, the first of equals."""
        for request, time in enumerate(self.course.came):
            if time > self.env.now:
                yield self.env.timeout(time - self.env.now)
            chosen = min(self.replicas, key=lambda one: one.inside)
            chosen.inside += 1
            chosen.left[request] = len(self.system.stages)
            self.course.replica[request] = chosen.number
            for entry in chosen.entries:
                entry.put(request)

    def _chip(self, replica: _Replica, stage: int) -> Steps:
        """Takes requests in their order, each as all that it needs is there."""
        service, entry = self.services[stage], replica.entries[stage]
        takes = [number for number, wire in enumerate(self.system.wires) if wire.target == stage]
        ended, behind = -1, 0
        while True:
            request = yield entry.get()
            for wire in takes:
                yield replica.joined[wire].get()
            now = int(self.env.now)
            idle = now + service.idle_as
            if now >= ended:
                ended, behind = idle, 0
            else:
                ended, behind = max(idle, ended + service.gap_as(behind)), behind + 1
            self.course.waits[replica.number][stage] += ended - idle
            self._after(ended - now, partial(self._ended, replica, stage, request))

    def _after(self, delay: int, action: Callable[[], object]) -> None:
        """Does something later."""

        def act(_: simpy.Event) -> None:
            action()

        self.env.timeout(delay).callbacks.append(act)

    def _ended(self, replica: _Replica, stage: int, request: int) -> None:
        """A chip has given the last word of a request."""
        for number, wire in enumerate(self.system.wires):
            if wire.source == stage:
                replica.given[number].append(int(self.env.now))
                replica.wires[number].put(request)
        replica.left[request] -= 1
        if not replica.left[request]:
            del replica.left[request]
            replica.inside -= 1
            self.course.ended[request] = int(self.env.now)
            self.done += 1

    def _link(self, replica: _Replica, number: int) -> Steps:
        """Sends what comes, one after the other; each is there a latency after it was sent."""
        link, words = self.system.link, self.system.wires[number].words
        busy, latency = link.busy_as(words), link.latency_as
        while True:
            request = yield replica.wires[number].get()
            since = replica.given[number].popleft()
            self.course.link_waits[replica.number][number] += int(self.env.now) - since
            yield self.env.timeout(busy)
            self._after(latency, partial(replica.joined[number].put, request))


def serve(
    system: System,
    services: Sequence[Service],
    came: Sequence[int],
    replicas: int = 1,
    progress: Progress | None = None,
) -> Course:
    """Serves requests that come at some times, in attoseconds and in order, on so many copies of a system."""
    floor = _Floor(system, services, came, replicas)
    floor.start()
    env, total = floor.env, len(came)
    while floor.done < total:
        for _ in range(STEPS):
            if floor.done == total:
                break
            env.step()
        if progress is not None:
            progress(floor.done, total)
    return floor.course


STEPS = 10_000
"""Events between two looks at the progress."""
