"""The frame of the second simulator: channels, units, the loop over cycles, the controller and the arbiter.

Written from docs/timing.md alone. A unit is a generator that is advanced once in every cycle; what it yields is the
cause that the cycle counts under, unless an event of the unit covers it. `stepped.py` says what each agent does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from math import ceil
from typing import Any

from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.chip.specs import Chip

PATHS = (
    "controller", "host/in", "host/out", "main_memory/read", "main_memory/operand", "main_memory/write", "buffer",
    "vmm/load", "vmm/frame", "neurons", "vector", "program_erase", "host/work",
)  # fmt: skip
AGENTS = {
    "host_in": "host/in",
    "host_out": "host/out",
    "read": "main_memory/read",
    "operand": "main_memory/operand",
    "write": "main_memory/write",
    "buffer": "buffer",
    "vmm": "vmm/load",
    "neurons": "neurons",
    "vector": "vector",
    "program_erase": "program_erase",
    "host": "host/work",
}
CLIENTS = ("write", "vector", "host_in", "operand", "read", "host_out")
"""The clients of the arbiter, in the order in which it serves them."""


def lanes_of(path: str, count: int) -> tuple[str, ...]:
    """The units of what has several lanes, or the one of what has one."""
    return tuple(f"{path}{lane}" for lane in range(count)) if count > 1 else (path,)


Event = tuple[int, int, str, str, int, int, int, int]
"""(start, duration, unit, kind, count, pc, layer, inference)."""
Wait = tuple[int, int, str, str, int]
"""(start, duration, unit, cause, pc)."""
Steps = Iterator[str]
Asking = Generator[str, None, int]


class Channel:
    """A bounded queue: each item has the cycle in which it is first seen, each free place that of its next use."""

    def __init__(self, places: int) -> None:
        self.items: deque[tuple[int, Any]] = deque()
        self.places = places
        self.coming: list[tuple[int, int]] = []

    def room(self, now: int, count: int = 1) -> bool:
        """Whether so many places may be used now."""
        self.places += sum(freed for cycle, freed in self.coming if cycle <= now)
        self.coming = [(cycle, freed) for cycle, freed in self.coming if cycle > now]
        return self.places >= count

    def sees(self, now: int, count: int = 1) -> bool:
        """Whether so many items are seen now."""
        if count < 2:
            return not count or (bool(self.items) and self.items[0][0] <= now)
        return len(self.items) >= count and self.items[count - 1][0] <= now

    def take(self) -> Any:
        """The next item."""
        return self.items.popleft()[1]

    def look(self, past: int, count: int) -> list[Any]:
        """`count` items behind the next `past`, which all stay where they are."""
        return [item for _, item in islice(self.items, past, past + count)]


@dataclass(eq=False)
class Unit:
    """What a unit is doing: since when, and the instruction that it took last."""

    path: str
    queue: Channel
    steps: Steps = field(default_factory=lambda: iter(()))
    state: str = "idle"
    busy_until: int = 0
    pc: int = -1
    booked: tuple[str, int] = ("idle", -1)
    since: int = 0
    changed: int = 0


@dataclass
class Request:
    """What a client asks of the arbiter: seen from a cycle on; `turn` is when its word is on a bus, if on any."""

    seen: int
    address: int
    bus: str
    turn: int
    cause: str = "grant"
    granted: int = -1
    lane: int = -1


@dataclass
class Clockwork(ABC):
    """One chip, on which a sequencer's program runs from cycle 0 until nothing is left to happen."""

    chip: Chip
    sequencer: Sequencer
    events: list[Event] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    ties: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often the first client was served and the second, which it kept from being served, was not."""
    accesses: list[tuple[int, int, bool, int]] = field(default_factory=list)
    """(cycle of the grant, word, whether it writes, pc) of every access to main memory."""
    cycle: int = 1
    """How long all that takes which the norm calls one cycle: hand-overs, tokens, a vector from the buffer, a load."""
    now: int = 0
    horizon: int = 0
    """The last cycle in which anything is known to change."""

    def __post_init__(self) -> None:
        chip = self.chip
        ns = Fraction(chip.clock_ns)
        self.latency = max(ceil(Fraction(chip.memory.read_latency_ns) / ns), chip.memory.access_cycles)
        self.conversion = 2**chip.neurons.bits * chip.neurons.cycles_per_step
        erase = chip.program_erase
        pulses_ns = erase.levels * erase.pulses_per_level * Fraction(erase.pulse_ns + erase.verify_ns)
        self.writing = chip.arrays.k * ceil(pulses_ns / ns)
        self.frames = lanes_of("vmm/frame", chip.arrays.frames_at_once)
        paths = [lane for path in PATHS for lane in (self.frames if path == "vmm/frame" else (path,))]
        self.units = {path: Unit(path, Channel(chip.controller.queue_depth)) for path in paths}
        self.tokens: dict[int, Channel] = {}
        self.ports = [0] * chip.memory.ports
        self.banks = [0] * chip.memory.banks
        self.lanes = {"buses/down": [0] * chip.buses.down_lanes, "buses/up": [0] * chip.buses.up_lanes}
        self.requests: dict[str, Request] = {}
        self.wire()
        self.units["controller"].steps = self._control(self.units["controller"])
        for path in AGENTS.values():
            self.units[path].steps = self._agent(self.units[path])

    @abstractmethod
    def wire(self) -> None:
        """Makes what stands between the units, and starts those that are no agents."""

    @abstractmethod
    def carry_out(self, unit: Unit, dispatch: Dispatch) -> Steps:
        """What an agent does for an instruction."""

    @abstractmethod
    def drained(self) -> bool:
        """Whether every frame that the VMM's agent caused was sampled in an earlier cycle."""

    # The loop over cycles -------------------------------------------------------------------------------------------

    def run(self, limit: int = 10**7) -> int:
        """Steps until nothing is left to happen; the cycles that the run took. Fails after `limit` cycles."""
        while self.now <= self.horizon:
            assert self.now < limit, f"more than {limit} cycles"
            for unit in self.units.values():
                unit.state = next(unit.steps, "idle")
            self._arbitrate()
            for unit in self.units.values():
                self._book(unit)
            self.now += 1
        ends = [start + duration for start, duration, *_ in self.events]
        return max([*ends, *(unit.changed for unit in self.units.values())], default=0)

    @property
    def finished(self) -> bool:
        """Whether all is done after `run`: nothing waits, and the controller has halted."""
        return self.sequencer.state == "halted" and all(unit.state == "idle" for unit in self.units.values())

    def _book(self, unit: Unit) -> None:
        """Counts this cycle under what the unit does; a wait is written when it ends."""
        state = "busy" if self.now < unit.busy_until else unit.state
        doing = (state, unit.pc)
        if doing == unit.booked:
            return
        cause, pc = unit.booked
        if cause not in ("busy", "idle"):
            self.waits.append((unit.since, self.now - unit.since, unit.path, cause, pc))
        if cause != state:
            unit.changed = self.now
        unit.booked, unit.since = doing, self.now

    def _later(self, cycle: int) -> int:
        """A cycle in which something changes."""
        self.horizon = max(self.horizon, cycle)
        return cycle

    def _spend(self, unit: Unit, cycles: int, kind: str, count: int, what: Dispatch | tuple[int, int, int]) -> int:
        """An event of a unit, from now on; its end."""
        context = (what.pc, what.layer, what.inference) if isinstance(what, Dispatch) else what
        self.events.append((self.now, cycles, unit.path, kind, count, *context))
        unit.busy_until = max(unit.busy_until, self.now + cycles)
        return self._later(self.now + cycles)

    def _until(self, cycle: int, cause: str = "busy") -> Steps:
        """Lets the cycles before `cycle` pass."""
        while self.now < cycle:
            yield cause

    def _give(self, channel: Channel, cycle: int, item: Any = None) -> None:
        channel.items.append((self._later(cycle), item))

    def _free(self, channel: Channel, cycle: int, count: int = 1) -> None:
        channel.coming.append((self._later(cycle), count))

    def _room(self, channel: Channel, cause: str, count: int = 1) -> Steps:
        """Waits until the channel has so many free places, and takes them."""
        while not channel.room(self.now, count):
            yield cause
        channel.places -= count

    def _item(self, channel: Channel, cause: str, count: int = 1) -> Steps:
        """Waits until so many items are seen."""
        while not channel.sees(self.now, count):
            yield cause

    # The controller and its agents ----------------------------------------------------------------------------------

    def _control(self, unit: Unit) -> Steps:
        sequencer, cycles = self.sequencer, self.chip.controller.decode_cycles
        while True:
            agent = sequencer.agent()
            unit.pc = sequencer.pc
            mark = (sequencer.layer, sequencer.inference)
            queue = None if agent == "controller" else self.units[AGENTS[agent]].queue
            if queue is not None:
                yield from self._room(queue, "queue")
            dispatch = sequencer.step()
            end = self._spend(unit, cycles, "controller.issue", 1, (unit.pc, *mark))
            if queue is not None:
                self._give(queue, end, dispatch)
            yield from self._until(end)
            if sequencer.state in ("halted", "started"):
                return

    def _agent(self, unit: Unit) -> Steps:
        """Takes instruction after instruction from the queue."""
        while True:
            yield from self._item(unit.queue, "idle")
            dispatch: Dispatch = unit.queue.take()
            self._free(unit.queue, self.now + self.cycle)
            unit.pc = dispatch.pc
            yield from self.carry_out(unit, dispatch)

    def _all_ended(self, unit: Unit) -> Steps:
        yield from self._until(unit.busy_until)
        if unit.path == "vmm/load":
            while not self.drained():
                yield "frame"

    def _token(self, dispatch: Dispatch) -> Channel:
        return self.tokens.setdefault(dispatch.ops.token, Channel(0))

    def _signal(self, unit: Unit, dispatch: Dispatch) -> Steps:
        yield from self._all_ended(unit)
        self._give(self._token(dispatch), self.now + self.cycle)
        yield from self._until(self._spend(unit, self.cycle, "sync", 1, dispatch))

    def _await(self, unit: Unit, dispatch: Dispatch) -> Steps:
        yield from self._all_ended(unit)
        yield from self._item(self._token(dispatch), "token")
        self._token(dispatch).take()
        yield from self._until(self._spend(unit, self.cycle, "sync", 1, dispatch))

    def _arbitrate(self) -> None:
        """Grants what can be granted in this cycle; a client that is served goes on at once."""
        wanted = [client for client in CLIENTS if client in self.requests and self.requests[client].seen <= self.now]
        able = {client for client in wanted if not self._missing(client)}
        served: list[str] = []
        for client in wanted:
            unit = self.units[AGENTS[client]]
            missing = self._missing(client)
            if not missing:
                self._grant(self.requests.pop(client), client, unit.pc)
                served.append(client)
                unit.state = next(unit.steps, "idle")
                continue
            before = self.requests[client].cause
            if before == "grant" or (missing != "port" and before != "bus"):
                self.requests[client].cause = unit.state = missing
            if client in able:
                asks_port = missing != "bus"
                self.ties.update((winner, client) for winner in served if not asks_port or winner != "vector")

    def _missing(self, client: str) -> str:
        """What keeps a client's request from being granted now; "" for nothing."""
        request, memory = self.requests[client], self.chip.memory
        if client != "vector" and min(self.ports) > self.now:
            return "port"
        busy_bank = self.banks[request.address % memory.banks] > self.now
        if client != "vector" and busy_bank and (memory.bank_cycles > memory.access_cycles or memory.ports > 1):
            return "bank"
        if request.bus and min(self.lanes[request.bus]) > self.now + request.turn:
            return "bus"
        return ""

    def _grant(self, request: Request, client: str, pc: int) -> None:
        memory, now = self.chip.memory, self.now
        request.granted = now
        if client != "vector":
            self.accesses.append((now, request.address, client in ("write", "host_in"), pc))
            self.ports[self.ports.index(min(self.ports))] = self._later(now + memory.access_cycles)
            self.banks[request.address % memory.banks] = self._later(now + memory.bank_cycles)
        if request.bus:
            lanes, cycles = self.lanes[request.bus], self.chip.buses.word_cycles
            start = now + request.turn
            request.lane = lanes.index(min(lanes))
            lanes[request.lane] = self._later(start + cycles)

    def _ask(self, client: str, seen: int, address: int = 0, bus: str = "", turn: int = 0) -> Asking:
        """Waits for a grant."""
        seen = self._later(max(seen, self.units[AGENTS[client]].busy_until))
        request = self.requests[client] = Request(seen, address, bus, turn)
        while request.granted < 0:
            yield request.cause
        return request.lane

    def _carried(self, bus: str, lane: int, turn: int, dispatch: Dispatch) -> None:
        """The event of a word on a lane of a bus, `turn` cycles from now; a bus of one lane has the lane's name."""
        path = lanes_of(bus, len(self.lanes[bus]))[lane]
        kind = bus.replace("buses/", "bus.")
        row = (self.chip.buses.word_cycles, path, kind, 1, dispatch.pc, dispatch.layer, dispatch.inference)
        self.events.append((self.now + turn, *row))
