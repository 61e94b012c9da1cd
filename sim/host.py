"""The host's side of main memory: the agents that bring tensors in and take them out.

An inference starts when its first word leaves the host, and ends when its last one reaches it.
"""

from __future__ import annotations

from acortex.sim.energy import INDEX as KIND
from acortex.sim.kernel import CAUSE, Site
from acortex.sim.memory import READ, WRITE, Client, Fabric

HOST_IN, HOST_OUT = KIND["host.in"], KIND["host.out"]
LATENCY = CAUSE["latency"]


class HostIn(Client):
    """Brings a tensor from the host into main memory: a word crosses the port, then is written."""

    def __init__(self, site: Site, path: str, rank: int, fabric: Fabric, word_cycles: int) -> None:
        super().__init__(site, path, rank, fabric)
        self._word_cycles = word_cycles

    def work(self, now: int) -> bool:
        """Takes the next word from the host."""
        if not self.remaining:
            return True
        if now < self.since:
            self.alarm.at(self.since)
            return False
        self._tally.inferences.setdefault(self.context[2], [now, now])
        self.act(now, self._word_cycles, HOST_IN, 1)
        self.ask(now, self.since)
        return False

    def granted(self, now: int) -> None:
        """Writes the word, and goes on."""
        self.act(now, self.fabric.times.access, WRITE, 1)
        self.remaining -= 1
        self.wake(now)


class HostOut(Client):
    """Takes a tensor out of main memory to the host: a word is read, then crosses the port."""

    def __init__(self, site: Site, path: str, rank: int, fabric: Fabric, word_cycles: int) -> None:
        super().__init__(site, path, rank, fabric)
        self._word_cycles = word_cycles
        self._arrival = -1

    def work(self, now: int) -> bool:
        """Asks for the next word, or hands the one that has arrived to the host."""
        if not self.remaining:
            return True
        if self._arrival < 0:
            self.ask(now, now + 1)
        elif now < self._arrival:
            self.block(now, LATENCY)
            self.alarm.at(self._arrival)
        else:
            self._hand_over(now)
        return False

    def _hand_over(self, now: int) -> None:
        self._arrival = -1
        self.act(now, self._word_cycles, HOST_OUT, 1)
        self.remaining -= 1
        span = self._tally.inferences.setdefault(self.context[2], [now, now])
        span[1] = max(span[1], self.since)
        self.alarm.at(self.since)

    def granted(self, now: int) -> None:
        """The word will be here after the memory's latency."""
        self.act(now, self.fabric.times.access, READ, 1)
        self._arrival = now + max(self.fabric.times.latency, self.fabric.times.access)
        self.wake(now)
