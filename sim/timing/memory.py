"""Main memory in time: its ports and banks, the arbiter that shares them, and the agents that read and write words.

A client posts one request at a time; the arbiter sees it in the next cycle (`grant` until then) and grants in the fixed
order of the clients, writes first. A granted access holds a port for `access` cycles and its bank for `bank` cycles. A
word that is read leaves `latency` cycles after its grant, pipelined, and crosses the bus; a word that is written
crosses the bus as it is granted.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from acortex.isa.semantics import moves, shifts, slide_of, spills, visited
from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import CAUSE, Alarm
from acortex.sim.timing.snapshot import CYCLE, CYCLES, GRANTS, LANES, NUMBER, PLACES, Roles
from acortex.sim.timing.unit import Agent, Context, Ports, Site, Unit

READ, WRITE = KIND["memory.read"], KIND["memory.write"]
GRANT, PORT, BANK, BUS = CAUSE["grant"], CAUSE["port"], CAUSE["bank"], CAUSE["bus"]
BUFFER_FULL, OPERAND_FULL, CODES = CAUSE["buffer_full"], CAUSE["operand_full"], CAUSE["codes"]

AT_ONCE = range(15, -1, -1)
"""How many words more are read in one step of the kernel, at most."""

ACROSS, FROM_NEURONS = "buffer", "neurons"
"""The pipes that lie across the data bus, of words that are read and of words that are written."""

Access = tuple[Dispatch, "array[int] | NDArray[np.int64]"]
"""An instruction that walks over main memory, and the cycles in which its words were granted."""


@dataclass(frozen=True)
class MemoryTimes:
    """The sizes and times of main memory, in cycles."""

    ports: int
    banks: int
    access: int
    bank: int
    latency: int


class DataBus:
    """The data bus in one direction: lanes that each carry a word in `word_cycles`."""

    roles = Roles(
        spec=("_kind", "_word_cycles", "_several"),
        ports=("lanes",),
        state={"free_from": CYCLE, "_free_at": LANES, "_next": NUMBER},
    )
    __slots__ = roles.names()

    def __init__(self, lanes: list[Unit], kind: int, word_cycles: int) -> None:
        self.lanes = lanes
        self.free_from = 0
        """The cycle from which some lane is free."""
        self._kind = kind
        self._word_cycles = word_cycles
        self._free_at = [0] * len(lanes)
        self._several = len(lanes) > 1
        self._next = 0
        """The lane that is free the longest."""

    def carry(self, start: int, context: Context) -> int:
        """Carries a word from cycle `start` on the lane that is free the longest; returns the cycle it is seen in."""
        number = self._next
        unit = self.lanes[number]
        if unit.context is not context:
            unit.turn_to(context)
        seen = start + self._word_cycles
        unit.act(start, self._word_cycles, self._kind, 1)
        self._free_at[number] = self.free_from = seen
        if self._several:
            self.free_from = min(self._free_at)
            self._next = self._free_at.index(self.free_from)
        return seen


class Fabric:
    """What the clients of main memory share: its ports and banks, and an order among themselves.

    No arbiter walks over requests: each client has a turn in every cycle, after all units have acted. Turns come in the
    order of ranks, which is the order of grants.
    """

    roles = Roles(
        spec=("times", "access", "contended", "_rank"),
        state={"port_free": CYCLE, "_ports": PLACES, "_banks": CYCLES},
    )
    __slots__ = roles.names()

    def __init__(self, rank: int, times: MemoryTimes) -> None:
        self.times = times
        self.access = times.access
        self.port_free = 0
        """The cycle from which some port is free."""
        self.contended = times.bank > times.access or times.ports > 1
        """Whether an access can find its bank taken."""
        self._rank = rank
        self._ports = [0] * times.ports
        self._banks = [0] * times.banks

    def serve(self, clients: Sequence[Client]) -> None:
        """Gives the clients their turns, in this order in each cycle."""
        for place, client in enumerate(clients):
            client.turn = Alarm(client.kernel, self._rank + place, client.seek)

    def bank_free(self, address: int) -> int:
        """The cycle from which the bank of an address is free."""
        return self._banks[address % self.times.banks]

    def take(self, now: int, address: int) -> None:
        """Takes the port that is free the longest, and the bank of an address."""
        self._ports[self._ports.index(min(self._ports))] = now + self.access
        self.port_free = min(self._ports)
        self._banks[address % self.times.banks] = now + self.times.bank


class Client(Agent):
    """An agent that requests main memory, word by word.

    It takes its next instruction as the last access of the current one is granted, so that streams follow each other
    without a gap.
    """

    needs: ClassVar[tuple[str, ...]] = ("stream",)
    causes = Agent.causes | {GRANT, PORT, BANK}

    roles = Roles(
        spec=("bus_delay", "at_port"),
        ports=("fabric",),
        sums={"accesses": GRANTS},
        derived=("bus", "grants", "_addresses"),
        parts=("turn",),
    )
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, fabric: Fabric) -> None:
        super().__init__(site, path, rank)
        self.fabric = fabric
        self.at_port = True
        """Whether it requests a port of main memory, or the bus alone."""
        self.bus: DataBus | None = None
        self.bus_delay = 0
        """Cycles from a grant to the word's turn on the bus."""
        self.turn: Alarm
        """Rings when the posted request may be granted. Within a cycle turns ring by rank: ranks are the arbiter."""
        self.accesses: list[Access] = []
        self.grants = array("q")
        """The cycles in which words of the current instruction were granted."""
        self._addresses: list[int] = []

    def bind(self, dispatch: Dispatch) -> None:
        """Finds the addresses of the words, where banks matter."""
        if self.fabric.contended:
            self._addresses = visited(dispatch).tolist()

    def columns(self) -> Sequence[Sequence[int]]:
        """The bank of each word, where an access can find its bank taken."""
        banks = self.fabric.times.banks
        return ([address % banks for address in self._addresses],) if self.fabric.contended and self.at_port else ()

    def begin(self, dispatch: Dispatch) -> None:
        """Begins to walk over a stream."""
        assert dispatch.stream is not None
        self.grants = array("q")
        self.accesses.append((dispatch, self.grants))
        self.remaining = dispatch.stream.size if dispatch.window is None else slide_of(dispatch).size

    def restored(self) -> None:
        """Goes on with the record of the current instruction."""
        super().restored()
        if self.accesses and isinstance(grants := self.accesses[-1][1], array):
            self.grants = grants

    def post(self, now: int, seen: int) -> None:
        """Posts a request for the next word, which the arbiter sees from cycle `seen`; nothing contends before that."""
        fabric = self.fabric
        if now > self.since and self.cause != GRANT:  # as `block`: a call fewer for each word
            self.pause(now)
        self.cause = GRANT
        if seen < self.since:
            seen = self.since  # a client has one access at a time: further ports serve other clients
        if self.at_port and seen < fabric.port_free:
            self.pause(seen)
            self.cause = PORT
            seen = fabric.port_free
        self.turn.at(seen)

    def seek(self, now: int) -> None:
        """Begins the requested access, or tries again in the cycle in which port, bank and bus may be free."""
        fabric, at_port = self.fabric, self.at_port
        contended, address = fabric.contended, 0
        if at_port:
            if fabric.port_free > now:
                if self.cause == GRANT:
                    self.block(now, PORT)
                self.turn.at(fabric.port_free)
                return
            if contended:
                address = self._addresses[-self.remaining]
                if fabric.bank_free(address) > now:
                    # A client that waits for the bus keeps that cause: the port and the bank that it found free may be
                    # taken again meanwhile, but it does not look at them in every cycle.
                    if self.cause != BUS:
                        self.block(now, BANK)
                    self.turn.at(fabric.bank_free(address))
                    return
        bus = self.bus
        if bus is not None and bus.free_from - self.bus_delay > now:
            self.block(now, BUS)
            self.turn.at(bus.free_from - self.bus_delay)
            return
        if at_port:
            self.grants.append(now)
            fabric.port_free = now + fabric.access
            if contended:
                fabric.take(now, address)
        self.granted(now)

    def notify(self, cycle: int) -> None:
        """The next word's only missing thing will be there in `cycle`: requests at once, with that cycle's stamp."""
        if self.remaining and cycle < self.kernel.limit:
            self.post(cycle, cycle + 1)
        else:
            self.alarm.at(cycle)

    def granted(self, now: int) -> None:
        """An access begins in cycle `now`."""
        raise AssertionError(f"{self.path} does not define what a grant does")

    def proceed(self, now: int) -> None:
        """Counts a word as done, and goes on to the next, or to the next instruction."""
        self.remaining -= 1
        if self.remaining:
            self.work(now)
        else:
            self.wake(now)


@dataclass(frozen=True)
class ReaderPorts(Ports):
    """`receivers` take the words, by the pipes of their flows: that of the buffer across the bus."""

    fabric: Fabric
    receivers: Mapping[str, Channel[bool]]
    bus: DataBus | None = None


class Reader(Client):
    """The agent that reads a stream of words, as far ahead as its receiver has room.

    The buffer lies across the bus, the vector agent on the memory's side of it.
    """

    executes = ("word",)
    gives = frozenset({"buffer", "vector"})
    causes = Client.causes | {BUS, BUFFER_FULL}

    roles = Roles(ports=("_down", "_receivers"), derived=("_receiver",))
    __slots__ = roles.names()

    full = BUFFER_FULL
    """What it waits for where its receiver has no room."""

    def __init__(self, site: Site, path: str, rank: int, ports: ReaderPorts) -> None:
        ports.check(path)
        super().__init__(site, path, rank, ports.fabric)
        self.bus_delay = ports.fabric.times.latency
        self._down = ports.bus
        self._receivers = ports.receivers
        self._receiver = next(iter(ports.receivers.values()))

    def bind(self, dispatch: Dispatch) -> None:
        """Chooses the receiver of the words."""
        super().bind(dispatch)
        gives = moves(dispatch).gives
        self._receiver = self._receivers[gives]
        self.bus = self._down if gives == ACROSS else None

    def work(self, now: int) -> None:
        """Requests the next word where its receiver has room."""
        if self._receiver.room(now, 1, self):
            self.post(now, now + 1)
        else:
            self.block(now, self.full)

    def granted(self, now: int) -> None:
        """Sends the word on its way, and goes on: to the next word at once, where its turn is what comes next."""
        fabric, bus, receiver = self.fabric, self.bus, self._receiver
        access = fabric.access
        for left in AT_ONCE:
            self.act(now, access, READ, 1)
            seen = now + self.bus_delay
            if bus is not None:
                seen = bus.carry(seen, self.context)
            receiver.put(seen, False)
            self.remaining -= 1
            if not self.remaining:
                self.wake(now)
                return
            if receiver._room <= 0 and not receiver.room(now, 1, self):
                self.block(now, self.full)
                return
            # As `work` and `post`: its own access ends when a port is free again.
            self.cause = GRANT
            now = self.since
            if not left or fabric.contended:
                self.turn.at(now)
                return
            if not self.turn.comes_next(now):
                return
            if bus is not None and bus.free_from - self.bus_delay > now:
                self.seek(now)
                return
            self.grants.append(now)
            fabric.port_free = now + access


class OperandReader(Reader):
    """The agent that reads a stream of words for the vector agent's second operand, on the memory's side of the bus."""

    gives = frozenset({"operand"})

    __slots__ = ()

    full = OPERAND_FULL
    causes = Client.causes | {OPERAND_FULL}


@dataclass(frozen=True)
class WriterPorts(Ports):
    """`sources` give the words, by the pipes of their flows: that of the neurons across the bus."""

    fabric: Fabric
    bus: DataBus
    sources: Mapping[str, Channel[bool]]


class Writer(Client):
    """The agent that writes a stream of words as they come: from the neurons over the bus, or from the vector agent."""

    executes = ("word",)
    takes = frozenset({"", "neurons", "results"})
    causes = Client.causes | {BUS, CODES}

    roles = Roles(ports=("_up", "_sources"), derived=("_source", "_way", "_pixel", "_left_over"))
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, ports: WriterPorts) -> None:
        ports.check(path)
        super().__init__(site, path, rank, ports.fabric)
        self._up = ports.bus
        self._sources = ports.sources
        self._source = next(iter(ports.sources.values()))
        self._way: DataBus | None = ports.bus
        self._pixel = 0
        """Words per pixel in memory where a shift spreads them over one word more than arrive, else 0."""
        self._left_over = False
        """Whether the next word to write takes no word from the source: it holds what the one before it left over."""

    def bind(self, dispatch: Dispatch) -> None:
        """Chooses the source of the words, and what of them is left over."""
        super().bind(dispatch)
        assert dispatch.stream is not None
        takes = moves(dispatch).takes
        self._source = self._sources.get(takes, self._source)
        self.bus = self._way = self._up if takes == FROM_NEURONS else None
        self._pixel = dispatch.stream.extents[0] if shifts(dispatch) and spills(dispatch) else 0
        self._left_over = not takes
        if self._pixel:
            self._look_back()

    def columns(self) -> Sequence[Sequence[int]]:
        """The banks of its words, and which of them hold what the one before left over."""
        banks = super().columns()
        if not self._pixel or self.current is None or self.current.stream is None:
            return banks
        return *banks, [left % self._pixel == 1 for left in range(self.current.stream.size, 0, -1)]

    def _look_back(self) -> None:
        """Sets whether the next word comes over the bus, or holds what the one before it left over."""
        self._left_over = self.remaining % self._pixel == 1
        self.bus = None if self._left_over else self._way

    def work(self, now: int) -> None:
        """Requests the next access once a word is there, or at once for what the one before it left over."""
        if self._pixel:
            self._look_back()
        if self._left_over or self._source.ready(now, self):
            self.post(now, now + 1)
        else:
            self.block(now, CODES)

    def granted(self, now: int) -> None:
        """Takes the word into memory, and goes on."""
        self.act(now, self.fabric.access, WRITE, 1)
        if not self._left_over:
            self._source.take()
            self._source.free(now + 1 if self.bus is None else self.bus.carry(now, self.context))
        self.proceed(now)
