"""A second simulator: the chip stepped cycle by cycle, in plain loops over integers, written from docs/timing.md alone.

It shares with the chip that it judges the instruction decoder (`Sequencer`), the settings, and nothing else: streams,
windows, groups and bus segments are counted here anew. A unit is a generator that is advanced once in every cycle; what
it yields is the cause that the cycle counts under, unless an event of the unit covers it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any

from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.specs import Chip
from judge.counting import (
    CELLS,
    GroupCounts,
    fed,
    fetches,
    group_counts,
    image,
    slid,
    stepwise,
    walk,
)

PATHS = (
    "controller", "host/in", "host/out", "main_memory/read", "main_memory/operand", "main_memory/write", "buffer",
    "vmm/load", "vmm/frame", "neurons", "vector", "program_erase",
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
}
CLIENTS = ("write", "vector", "host_in", "operand", "read", "host_out")
"""The clients of the arbiter, in the order in which it serves them."""

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

    def take(self, count: int = 1) -> Any:
        """The last of the next `count` items."""
        item = None
        for _ in range(count):
            _, item = self.items.popleft()
        return item


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
    cause: str
    granted: int = -1
    lane: int = -1


@dataclass
class Vector:
    """An input vector, with the buffer words that are free once it is loaded."""

    frees: int


@dataclass
class Stepped:
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
        self.units = {path: Unit(path, Channel(chip.controller.queue_depth)) for path in PATHS}
        self.words = Channel(chip.buffer.words)
        self.vectors = Channel(chip.buffer.windows)
        self.latches = Channel(2 if chip.arrays.overlap_loads else 1)
        self.samples = Channel(1)
        self.codes = Channel(chip.neurons.output_words)
        self.stream, self.operand, self.results = (Channel(chip.vector.queue_words) for _ in range(3))
        self.tokens: dict[int, Channel] = {}
        self.ports = [0] * chip.memory.ports
        self.banks = [0] * chip.memory.banks
        self.lanes = {"buses/down": [0] * chip.buses.down_lanes, "buses/up": [0] * chip.buses.up_lanes}
        self.requests: dict[str, Request] = {}
        self.groups: dict[int, GroupCounts] = {}
        self.frames_due = 0
        self.loading = -1
        self.unsampled = 0
        self.sampled_at = -1
        self._start()

    def _start(self) -> None:
        self.units["controller"].steps = self._control(self.units["controller"])
        self.units["vmm/frame"].steps = self._frame(self.units["vmm/frame"])
        for path in AGENTS.values():
            self.units[path].steps = self._agent(self.units[path])

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
            yield from _WORK[dispatch.row.mnemonic](self, unit, dispatch)

    def _all_ended(self, unit: Unit) -> Steps:
        yield from self._until(unit.busy_until)
        if unit.path == "vmm/load":
            while self.unsampled or self.sampled_at > self.now - self.cycle:
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

    # Main memory ----------------------------------------------------------------------------------------------------

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
            if missing != "port" and self.requests[client].cause != "bus":
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

    def _ask(self, client: str, cause: str, seen: int, address: int = 0, bus: str = "", turn: int = 0) -> Asking:
        """Waits for a grant."""
        seen = self._later(max(seen, self.units[AGENTS[client]].busy_until))
        request = self.requests[client] = Request(seen, address, bus, turn, cause)
        while request.granted < 0:
            yield request.cause
        return request.lane

    def _carried(self, bus: str, lane: int, turn: int, dispatch: Dispatch) -> None:
        """The event of a word on a lane of a bus, `turn` cycles from now; a bus of one lane has the lane's name."""
        path = bus if len(self.lanes[bus]) == 1 else f"{bus}{lane}"
        kind = bus.replace("buses/", "bus.")
        row = (self.chip.buses.word_cycles, path, kind, 1, dispatch.pc, dispatch.layer, dispatch.inference)
        self.events.append((self.now + turn, *row))

    def _read(self, unit: Unit, dispatch: Dispatch) -> Steps:
        to = dispatch.row.by_name["to"].kind.choices[dispatch.ops.to] if dispatch.window is None else "buffer"
        addresses = walk(dispatch.stream) if dispatch.window is None else fetches(dispatch)
        if to == "buffer":
            yield from self._fetch(unit, dispatch, addresses, self.words, "buffer_full", "buses/down")
        else:
            yield from self._fetch(unit, dispatch, addresses, self.stream, "buffer_full")

    def _operand(self, unit: Unit, dispatch: Dispatch) -> Steps:
        yield from self._fetch(unit, dispatch, walk(dispatch.stream), self.operand, "operand_full")

    def _fetch(
        self, unit: Unit, dispatch: Dispatch, addresses: Iterator[int], receiver: Channel, full: str, bus: str = ""
    ) -> Steps:
        for address in addresses:
            yield from self._room(receiver, full)
            lane = yield from self._ask(dispatch.agent, "port", self.now + self.cycle, address, bus, self.latency)
            self._spend(unit, self.chip.memory.access_cycles, "memory.read", 1, dispatch)
            if bus:
                self._carried(bus, lane, self.latency, dispatch)
            self._give(receiver, self.now + self.latency + (self.chip.buses.word_cycles if bus else 0), "read")

    def _write(self, unit: Unit, dispatch: Dispatch) -> Steps:
        assert dispatch.stream is not None
        neurons = dispatch.row.by_name["source"].kind.choices[dispatch.ops.source] == "neurons"
        source, bus = (self.codes, "buses/up") if neurons else (self.results, "")
        spills, pixel = dispatch.ops.shift + dispatch.ops.tail > CELLS, dispatch.stream.extents[0]
        for number, address in enumerate(walk(dispatch.stream), 1):
            if spills and number % pixel == 0:  # what the word before it left over
                yield from self._ask("write", "port", self.now + self.cycle, address)
                self._spend(unit, self.chip.memory.access_cycles, "memory.write", 1, dispatch)
                continue
            yield from self._item(source, "codes")
            source.take()
            lane = yield from self._ask("write", "port", self.now + self.cycle, address, bus)
            self._spend(unit, self.chip.memory.access_cycles, "memory.write", 1, dispatch)
            if bus:
                self._carried(bus, lane, 0, dispatch)
            self._free(source, self.now + (self.chip.buses.word_cycles if bus else self.cycle))

    def _input(self, unit: Unit, dispatch: Dispatch) -> Steps:
        for address in walk(dispatch.stream):
            yield from self._until(unit.busy_until)
            yield from self._until(self._spend(unit, self.chip.host.word_cycles, "host.in", 1, dispatch))
            yield from self._ask("host_in", "port", self.now, address)
            self._spend(unit, self.chip.memory.access_cycles, "memory.write", 1, dispatch)

    def _output(self, unit: Unit, dispatch: Dispatch) -> Steps:
        for address in walk(dispatch.stream):
            yield from self._ask("host_out", "port", self.now + self.cycle, address)
            self._spend(unit, self.chip.memory.access_cycles, "memory.read", 1, dispatch)
            yield from self._until(self._later(self.now + self.latency), "latency")
            yield from self._until(self._spend(unit, self.chip.host.word_cycles, "host.out", 1, dispatch))

    # Buffer, arrays, neurons ----------------------------------------------------------------------------------------

    def _prepare(self, unit: Unit, dispatch: Dispatch) -> Steps:
        keep, held = dispatch.window is None and dispatch.ops.keep, 0
        for needs, frees in fed(dispatch) if dispatch.window is None else image(slid, dispatch):
            yield from self._item(self.words, "words", needs and held + needs)
            if keep:
                held += needs
            else:
                self.words.take(needs)
            yield from self._room(self.vectors, "windows")
            end = self._spend(unit, self.cycle, "buffer.slide", needs, dispatch)
            self._give(self.vectors, end, Vector(frees))
            yield from self._until(end)

    def _group(self, number: int) -> GroupCounts:
        if number not in self.groups:
            self.groups[number] = group_counts(self.sequencer.groups[number], self.chip)
        return self.groups[number]

    def _multiply(self, unit: Unit, dispatch: Dispatch) -> Steps:
        group, positions = self._group(dispatch.group), dispatch.ops.positions
        self.frames_due += positions
        self.loading = dispatch.pc
        for _ in range(positions):
            yield from self._item(self.vectors, "vectors")
            yield from self._room(self.latches, "latches")
            vector = self.vectors.take()
            self.unsampled += 1
            end = self._spend(unit, group.load * self.cycle, "vmm.load", group.arrays, dispatch)
            self._give(self.latches, end, dispatch)
            self._free(self.vectors, end)
            self._free(self.words, end, vector.frees)
            yield from self._until(end)

    def _switch(self, unit: Unit, dispatch: Dispatch) -> Steps:
        yield from self._all_ended(unit)
        kind, segments = f"vmm.{dispatch.row.mnemonic}", self._group(dispatch.group).segments
        yield from self._until(self._spend(unit, self.chip.buses.switch_cycles, kind, segments, dispatch))

    def _frame(self, unit: Unit) -> Steps:
        while True:
            while not self.latches.sees(self.now):
                unit.pc = self.loading
                yield "load" if self.frames_due else "idle"
            dispatch = self.latches.take()
            unit.pc = dispatch.pc
            self.frames_due -= 1
            group = self._group(dispatch.group)
            end = self._spend(unit, group.frame, "vmm.frame", group.arrays, dispatch)
            self._free(self.latches, end)
            yield from self._until(end)
            yield from self._room(self.samples, "neurons")
            self._give(self.samples, self.now + self.cycle, dispatch.group)
            self.unsampled -= 1
            self.sampled_at = self.now

    def _convert(self, unit: Unit, dispatch: Dispatch) -> Steps:
        memory = dispatch.row.by_name["to"].kind.choices[dispatch.ops.to] == "memory"
        receiver = self.codes if memory else self.stream
        for _ in range(dispatch.ops.positions):
            yield from self._item(self.samples, "sums")
            turns = self._group(self.samples.take()).turns
            yield from self._room(receiver, "output_full", sum(words for _, words in turns))
            self._free(self.samples, self.now + self.conversion * len(turns))
            for outputs, words in turns:
                end = self._spend(unit, self.conversion, "neurons.convert", outputs, dispatch)
                for _ in range(words):
                    self._give(receiver, end, "neurons")
                yield from self._until(end)

    # The vector agent, program and erase ----------------------------------------------------------------------------

    def _vector(self, unit: Unit, dispatch: Dispatch) -> Steps:
        two = dispatch.row.mnemonic in ("add", "mul")
        for takes, gives in stepwise(dispatch):
            if takes:
                yield from self._item(self.stream, "stream")
            if two:
                yield from self._item(self.operand, "operand")
                self.operand.take()
            if gives:
                yield from self._room(self.results, "results_full", 1)
            if takes and self.stream.take() == "neurons":
                lane = yield from self._ask("vector", "bus", self.now + self.cycle, bus="buses/up")
                self._carried("buses/up", lane, 0, dispatch)
                yield from self._until(self.now + self.chip.buses.word_cycles, "bus")
            end = self._spend(unit, self.chip.vector.step_cycles, "vector.step", 1, dispatch)
            if gives:
                self._give(self.results, end)
            if takes:
                self._free(self.stream, end)
            if two:
                self._free(self.operand, end)
            yield from self._until(end)

    def _program(self, unit: Unit, dispatch: Dispatch) -> Steps:
        for _ in range(self._group(dispatch.group).arrays):
            rows = self.chip.arrays.k
            yield from self._until(self._spend(unit, self.writing, "program_erase.write", rows, dispatch))


_WORK: dict[str, Callable[[Stepped, Unit, Dispatch], Steps]] = {
    "signal": Stepped._signal,
    "await": Stepped._await,
    "read": Stepped._read,
    "fetch": Stepped._read,
    "operand": Stepped._operand,
    "write": Stepped._write,
    "input": Stepped._input,
    "output": Stepped._output,
    "feed": Stepped._prepare,
    "slide": Stepped._prepare,
    "multiply": Stepped._multiply,
    "connect": Stepped._switch,
    "disconnect": Stepped._switch,
    "convert": Stepped._convert,
    "pool": Stepped._vector,
    "add": Stepped._vector,
    "mul": Stepped._vector,
    "requant": Stepped._vector,
    "lstm": Stepped._vector,
    "gru": Stepped._vector,
    "putstate": Stepped._vector,
    "getstate": Stepped._vector,
    "program": Stepped._program,
}


def simulate(program: Program, chip: Chip, inferences: int = 1, cycle: int = 1) -> tuple[int, int, Stepped]:
    """The cycles of set-up and run, and the chip of the run; its accesses begin with those of the initial memory."""
    sequencer = Sequencer(program, inferences)
    setup = Stepped(chip, sequencer, cycle=cycle).run()
    held = [(0, word, True, -1) for table in program.memory for word in range(table.address, table.end)]
    stepped = Stepped(chip, sequencer, accesses=held, cycle=cycle)
    return setup, stepped.run(), stepped
