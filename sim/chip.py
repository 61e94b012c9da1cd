"""The chip in time, and the only place where its units are wired together.

host/in -> main memory <- main_memory/write <- neurons <- vmm/frame <- vmm/load <- buffer <- main_memory/read
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from acortex.errors import AcortexError
from acortex.isa.sequencer import Sequencer
from acortex.sim.array import Frame, GroupTimes, Loader, Samples
from acortex.sim.buffers import Buffer
from acortex.sim.clock import delays
from acortex.sim.controller import Controller
from acortex.sim.energy import INDEX
from acortex.sim.host import HostIn, HostOut
from acortex.sim.kernel import CAUSES, Agent, Channel, Kernel, Recorded, Site, Tally, Tokens, Unit
from acortex.sim.memory import Access, Client, DataBus, Fabric, MemoryTimes, OperandReader, Reader, Writer
from acortex.sim.neurons import Neurons
from acortex.sim.probe import Listener, Probe
from acortex.sim.program_erase import ProgramErase
from acortex.sim.specs import Chip
from acortex.sim.vector import Vector

UNITS = (
    "controller",
    "host/in",
    "host/out",
    "main_memory/read",
    "main_memory/operand",
    "main_memory/write",
    "buffer",
    "vmm/load",
    "vmm/frame",
    "neurons",
    "vector",
    "program_erase",
)
"""The units that every chip has, in the order in which they act within a cycle; the lanes of its buses follow."""

FRAME = "vmm/frame"
"""The unit that has a lane for each frame that runs at once."""

ARBITER = 1000
"""Where the arbiter of main memory stands in that order."""


class DeadlockError(AcortexError):
    """A run in which every unit waits for another."""


def unit_paths(chip: Chip) -> tuple[str, ...]:
    """The paths of a chip's units, in the order of their numbers."""
    lanes = {FRAME: chip.arrays.frames_at_once}
    units = [lane for path in UNITS for lane in _lanes(path, lanes.get(path, 1))]
    return (*units, *_lanes("buses/down", chip.buses.down_lanes), *_lanes("buses/up", chip.buses.up_lanes))


def _lanes(path: str, lanes: int) -> tuple[str, ...]:
    return tuple(f"{path}{lane}" for lane in range(lanes)) if lanes > 1 else (path,)


class TimedChip:
    """A chip that runs the rest of a sequencer's program, from cycle 0, until it halts or its set-up ends.

    With `record` it keeps what came to the vector agent, for sim/arrivals.py.
    """

    def __init__(
        self,
        chip: Chip,
        sequencer: Sequencer,
        groups: Mapping[int, GroupTimes],
        listeners: Sequence[Listener] = (),
        price: Sequence[int] = (),
        record: bool = False,
    ) -> None:
        self.chip = chip
        self.kernel = Kernel()
        self.tally = Tally()
        self.tokens = Tokens()
        self.stopped = False
        """Whether a run ended before the program did: at its limit of cycles, or interrupted by the user."""
        self.interrupted = False
        self._stream = (Recorded if record else Channel)(chip.vector.queue_words)
        self._sequencer = sequencer
        self._site = Site(self.kernel, self.tally, self.tokens, chip.controller.queue_depth, INDEX["sync"])
        self._number = {path: number for number, path in enumerate(unit_paths(chip))}
        self.agents = self._wire(groups)
        self.controller = Controller(
            self._site, *self._place("controller"), sequencer, self.agents, chip.controller.decode_cycles
        )
        found = [self.controller, *self.agents.values(), *self._frames, *self._down.lanes, *self._up.lanes]
        self.units: list[Unit] = sorted(found, key=lambda unit: unit.number)
        self._probe = Probe(self.units, listeners, price)

    def _place(self, path: str) -> tuple[str, int]:
        return path, self._number[path]

    def _bus(self, path: str, lanes: int, kind: str) -> DataBus:
        units = [Unit(*self._place(lane), self.tally) for lane in _lanes(path, lanes)]
        return DataBus(units, INDEX[kind], self.chip.buses.word_cycles)

    def _fabric(self) -> Fabric:
        """What the clients of main memory share."""
        memory = self.chip.memory
        latency = max(delays(self.chip).read_latency_cycles, memory.access_cycles)
        times = MemoryTimes(memory.ports, memory.banks, memory.access_cycles, memory.bank_cycles, latency)
        return Fabric(ARBITER, times)

    def _lanes_of_frames(self) -> Samples:
        """The lanes in which frames run, each with a place for the sums that the neurons sample."""
        latches = 2 if self.chip.arrays.overlap_loads else 1
        lanes = _lanes(FRAME, self.chip.arrays.frames_at_once)
        self._frames = [Frame(self._site, *self._place(lane), latches, Channel(1)) for lane in lanes]
        return Samples([frame.samples for frame in self._frames])

    def _wire(self, groups: Mapping[int, GroupTimes]) -> dict[str, Agent]:
        chip, site, delay = self.chip, self._site, delays(self.chip)
        fabric = self._fabric()
        self._down = self._bus("buses/down", chip.buses.down_lanes, "bus.down")
        self._up = self._bus("buses/up", chip.buses.up_lanes, "bus.up")
        words = Channel(chip.buffer.words)
        vectors = Channel(chip.buffer.windows)
        codes = Channel(chip.neurons.output_words)
        stream, operand, results = self._stream, *(Channel(chip.vector.queue_words) for _ in range(2))
        samples = self._lanes_of_frames()
        sums = samples if len(samples.lanes) > 1 else samples.lanes[0]
        host_in = HostIn(site, *self._place("host/in"), fabric, chip.host.word_cycles)
        host_out = HostOut(site, *self._place("host/out"), fabric, chip.host.word_cycles)
        read = Reader(site, *self._place("main_memory/read"), fabric, self._down, (words, stream))
        operands = OperandReader(site, *self._place("main_memory/operand"), fabric, None, (operand,))
        write = Writer(site, *self._place("main_memory/write"), fabric, self._up, (codes, results))
        vector = Vector(
            site, *self._place("vector"), fabric, self._up, stream, operand, results, chip.vector.step_cycles
        )
        turns: list[Client] = [  # the order in which requests of one cycle are granted
            write,
            vector,
            host_in,
            operands,
            read,
            host_out,
        ]
        fabric.serve(turns)
        return {
            "host_in": host_in,
            "host_out": host_out,
            "read": read,
            "operand": operands,
            "write": write,
            "buffer": Buffer(site, *self._place("buffer"), words, vectors),
            "vmm": Loader(
                site, *self._place("vmm/load"), vectors, words, self._frames, samples, groups, chip.buses.switch_cycles
            ),
            "neurons": Neurons(site, *self._place("neurons"), sums, (codes, stream), delay.ramp_cycles),
            "vector": vector,
            "program_erase": ProgramErase(
                site, *self._place("program_erase"), groups, delay.program_row_cycles * chip.arrays.k, chip.arrays.k
            ),
        }

    def run(self, limit: int | None = None, tick: Callable[[], None] | None = None) -> int:
        """Runs to the end, or past cycle `limit`; returns the cycles that the run took.

        Raises DeadlockError where units are left waiting for each other.
        """
        self.controller.alarm.at(0)
        try:
            self._simulate(limit, tick)
            if not self.stopped:
                self._check_finished()
            cycles = max(unit.since for unit in self.units)
            if limit is not None and self.stopped and not self.interrupted:
                cycles = max(cycles, limit)  # what waits then waits up to there
            for unit in self.units:
                unit.close(cycles)
            return cycles
        finally:
            self._probe.tell()

    def _simulate(self, limit: int | None, tick: Callable[[], None] | None) -> None:
        def each_while() -> None:
            self._probe.tell()
            if tick is not None:
                tick()

        try:
            self.stopped = not self.kernel.drain(limit, 1024, each_while)
        except KeyboardInterrupt:
            self.stopped = self.interrupted = True

    @property
    def arrived(self) -> list[bool]:
        """Of each word of the vector agent's stream whether the neurons gave it; empty unless the chip records."""
        return self._stream.record if isinstance(self._stream, Recorded) else []

    def accesses(self) -> list[Access]:
        """Every instruction that walked over main memory, with the cycles of its grants."""
        return [access for agent in self.agents.values() if isinstance(agent, Client) for access in agent.accesses]

    def _check_finished(self) -> None:
        stuck = [unit for unit in self.agents.values() if unit.waiting]
        if self._sequencer.state == "running":
            self._blocked([self.controller, *stuck])
        elif stuck:
            self._blocked(stuck)

    def _blocked(self, units: Sequence[Unit]) -> None:
        lines = self._sequencer.program.lines
        last = max(self.kernel.cycle, *(unit.since for unit in self.units))
        waits = [
            f"  {unit.path} waits for {CAUSES[unit.cause]} since cycle {unit.since}, at {lines[unit.context[0]]}:"
            f" {lines[unit.context[0]].text.strip()}"
            for unit in sorted(units, key=lambda unit: unit.since)
        ]
        raise DeadlockError(
            f"nothing can happen any more after cycle {last}, and {len(units)} units wait:\n" + "\n".join(waits),
            hint="the first of them has waited longest: what it waits for is held up by one of the others",
        )
