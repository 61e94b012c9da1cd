"""The chip in time, and the only place where its units are wired together.

host/in -> main memory <- main_memory/write <- neurons <- vmm/frame <- vmm/load <- buffer <- main_memory/read
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from acortex.errors import UsageError
from acortex.garbage import rarely_collected
from acortex.isa.sequencer import Sequencer
from acortex.sim.chip.clock import delays
from acortex.sim.chip.prices import INDEX
from acortex.sim.chip.specs import Chip
from acortex.sim.timing import snapshot
from acortex.sim.timing.array import Frame, GroupTimes, Loader, LoaderPorts, LoaderSpec, Samples
from acortex.sim.timing.bindings import check_causes, check_executors, check_flows
from acortex.sim.timing.buffers import Buffer, BufferPorts
from acortex.sim.timing.channel import Channel, Recorded, Tokens
from acortex.sim.timing.controller import Controller, ControllerPorts, ControllerSpec
from acortex.sim.timing.deadlock import DeadlockError as DeadlockError
from acortex.sim.timing.deadlock import Stuck
from acortex.sim.timing.host import HOST, HostIn, HostOut, HostPorts, HostSpec
from acortex.sim.timing.host_work import HostWork, speed_of
from acortex.sim.timing.interrupts import uninterrupted
from acortex.sim.timing.kernel import LAST, Alarm, Kernel
from acortex.sim.timing.looks import Subject
from acortex.sim.timing.memory import (
    Access,
    Client,
    DataBus,
    Fabric,
    MemoryTimes,
    OperandReader,
    Reader,
    ReaderPorts,
    Writer,
    WriterPorts,
)
from acortex.sim.timing.neurons import Neurons, NeuronsPorts, NeuronsSpec
from acortex.sim.timing.paths import FRAME, lanes_of, process_paths
from acortex.sim.timing.paths import UNITS as UNITS
from acortex.sim.timing.paths import unit_paths as unit_paths
from acortex.sim.timing.probe import Listener, Probe
from acortex.sim.timing.processes import Process, Shared, Traffic, begin
from acortex.sim.timing.program_erase import ProgramErase, ProgramEraseSpec
from acortex.sim.timing.publishing import Publisher
from acortex.sim.timing.record import Record
from acortex.sim.timing.skipping import Skipper, refusal_of_skipping
from acortex.sim.timing.snapshot import NEVER, Snapshot
from acortex.sim.timing.tally import Tally
from acortex.sim.timing.unit import Agent, Site, Unit
from acortex.sim.timing.vector import Vector, VectorPorts, VectorSpec
from acortex.sim.timing.walk import Signatures, Walk

ARBITER = 1000
"""Where the arbiter of main memory stands in the order of the units."""

STEPS = 16
"""Steps of simpy from one call of progress to the next. In each ring up to `CHAIN` alarms, but few where processes of a
user come in between."""


class TimedChip:
    """A chip that runs the rest of a sequencer's program, from cycle 0, until it halts or its set-up ends.

    With `record` it keeps what came to the vector agent, for sim/arrivals.py. `processes` of a user live in it, see
    sim/timing/processes.py. With `skip` it does not simulate again what repeats, see sim/timing/skipping.py: it runs
    to its end at once, and refuses with a UsageError what needs each of its cycles.
    """

    def __init__(
        self,
        chip: Chip,
        sequencer: Sequencer,
        groups: Mapping[int, GroupTimes],
        listeners: Sequence[Listener] = (),
        price: Sequence[int] = (),
        record: bool = False,
        processes: Sequence[Process] = (),
        skip: bool = False,
    ) -> None:
        if skip and (record or processes):
            raise refusal_of_skipping("TimedChip", "record what comes" if record else "have processes of a user")
        self.chip = chip
        self.groups = groups
        self.kernel = Kernel()
        self.tally = Tally()
        self.tokens = Tokens()
        self.stopped = False
        """Whether a run ended before the program did: at its limit of cycles, or interrupted by the user."""
        self.interrupted = False
        self._channels = self._make_channels(record)
        self._sequencer = sequencer
        self._first = sequencer.serial
        with rarely_collected():  # it makes what stays to the end
            self._walk = Walk(sequencer) if skip else None
        self._site = Site(self.kernel, self.tally, self.tokens, chip.controller.queue_depth, INDEX["sync"])
        self._number = {path: number for number, path in enumerate(unit_paths(chip, len(processes)))}
        self._processes = processes
        self.agents = self._wire(groups)
        check_executors(self.agents)
        check_flows(self.agents)
        self.controller = Controller(
            self._site,
            *self._place("controller"),
            ControllerSpec(chip.controller.decode_cycles),
            ControllerPorts(self._walk or sequencer, self.agents),
        )
        lanes = [*self._frames, *self._down.lanes, *self._up.lanes]
        found = [self.controller, *self.agents.values(), *lanes, *self._traffic]
        self.units: list[Unit] = sorted(found, key=lambda unit: unit.number)
        check_causes(self.units)
        outside = {id(alarm) for traffic in self._traffic for alarm in (traffic.alarm, traffic.turn)}
        self._alarms = [alarm for alarm in self.kernel.alarms if id(alarm) not in outside]
        self._began = False
        self.skipper: Skipper | None = None
        if self._walk is None:
            self._probe: Probe | Publisher = Probe(self.units, listeners, price)
        else:
            kept = Record(self.units)
            self._probe = Publisher(kept, self._walk, groups, listeners, price)
            self.skipper = self._make_skipper(self._walk, kept)

    def _make_skipper(self, walk: Walk, record: Record) -> Skipper:
        fabric = self._fabric
        banks = fabric.times.banks if fabric.contended else None
        signatures = Signatures(walk, self.groups, len(self._frames), banks)
        self.controller.loop_ends = walk.loop_ends
        parts = self.kernel, self.controller, self.units, self.agents, self.parts(), self._channels
        return Skipper(Subject(*parts, self.groups, self.tally, walk, record, signatures))

    def _place(self, path: str) -> tuple[str, int]:
        return path, self._number[path]

    def _bus(self, path: str, lanes: int, kind: str) -> DataBus:
        units = [Unit(*self._place(lane), self.tally) for lane in lanes_of(path, lanes)]
        return DataBus(units, INDEX[kind], self.chip.buses.word_cycles)

    def _make_fabric(self) -> Fabric:
        """What the clients of main memory share."""
        memory = self.chip.memory
        latency = max(delays(self.chip).read_latency_cycles, memory.access_cycles)
        times = MemoryTimes(memory.ports, memory.banks, memory.access_cycles, memory.bank_cycles, latency)
        return Fabric(ARBITER, times)

    def _lanes_of_frames(self) -> Samples:
        """The lanes in which frames run, each with a place for the sums that the neurons sample."""
        latches = 2 if self.chip.arrays.overlap_loads else 1
        lanes = lanes_of(FRAME, self.chip.arrays.frames_at_once)
        self._frames = [Frame(self._site, *self._place(lane), latches) for lane in lanes]
        return Samples([frame.samples for frame in self._frames])

    def _make_channels(self, record: bool) -> dict[str, Channel[bool]]:
        """The channels of words, by their names in docs/timing.md."""
        chip = self.chip
        return {
            "words": Channel(chip.buffer.words),
            "codes": Channel(chip.neurons.output_words),
            "stream": (Recorded if record else Channel)(chip.vector.queue_words),
            "operand": Channel(chip.vector.queue_words),
            "results": Channel(chip.vector.queue_words),
        }

    def _wire(self, groups: Mapping[int, GroupTimes]) -> dict[str, Agent]:
        self._fabric = self._make_fabric()
        self._down = self._bus("buses/down", self.chip.buses.down_lanes, "bus.down")
        self._up = self._bus("buses/up", self.chip.buses.up_lanes, "bus.up")
        clients = self._clients()
        turns = ("write", "vector", "host_in", "operand", "read", "host_out")
        # The order in which requests of one cycle are granted: those of processes last, as the processes were given.
        self._traffic = self._of_processes()
        self._fabric.serve([*(clients[name] for name in turns), *self._traffic])
        return {**clients, **self._arrays(groups)}

    def _of_processes(self) -> list[Traffic]:
        """The units under which processes of a user have access to main memory."""
        paths = process_paths(len(self._processes))
        return [Traffic(self._site, *self._place(path), self._fabric) for path in paths]

    def _clients(self) -> dict[str, Client]:
        """The agents that request main memory, or its side of the data bus."""
        site, place, fabric, channels = self._site, self._place, self._fabric, self._channels
        stream, operand, results = (channels[name] for name in ("stream", "operand", "results"))
        to_read = ReaderPorts(fabric, {"buffer": channels["words"], "vector": stream}, self._down)
        to_write = WriterPorts(fabric, self._up, {"neurons": channels["codes"], "results": results})
        host = HostSpec(self.chip.host.word_cycles)
        to_vector = VectorPorts(fabric, self._up, stream, operand, results)
        return {
            "host_in": HostIn(site, *place("host/in"), host, HostPorts(fabric)),
            "host_out": HostOut(site, *place("host/out"), host, HostPorts(fabric)),
            "read": Reader(site, *place("main_memory/read"), to_read),
            "operand": OperandReader(site, *place("main_memory/operand"), ReaderPorts(fabric, {"operand": operand})),
            "write": Writer(site, *place("main_memory/write"), to_write),
            "vector": Vector(site, *place("vector"), VectorSpec(self.chip.vector.step_cycles), to_vector),
        }

    def _arrays(self, groups: Mapping[int, GroupTimes]) -> dict[str, Agent]:
        """The agents on the other side of the data bus: buffer, arrays and neurons."""
        chip, site, place, channels = self.chip, self._site, self._place, self._channels
        delay, k = delays(chip), chip.arrays.k
        vectors = self._vectors = Channel[int](chip.buffer.windows)
        samples = self._samples = self._lanes_of_frames()
        sums = samples if len(samples.lanes) > 1 else samples.lanes[0]
        load = LoaderSpec(groups, chip.buses.switch_cycles)
        to_load = LoaderPorts(vectors, channels["words"], self._frames, samples)
        to_neurons = NeuronsPorts(sums, {"neurons": channels["codes"], "vector": channels["stream"]})
        writing = ProgramEraseSpec(groups, delay.program_row_cycles * k, k)
        return {
            "buffer": Buffer(site, *place("buffer"), BufferPorts(channels["words"], vectors)),
            "vmm": Loader(site, *place("vmm/load"), load, to_load),
            "neurons": Neurons(site, *place("neurons"), NeuronsSpec(delay.ramp_cycles), to_neurons),
            "program_erase": ProgramErase(site, *place("program_erase"), writing),
            "host": HostWork(site, *place("host/work"), speed_of(chip)),
        }

    def run(self, limit: int | None = None, tick: Callable[[], None] | None = None) -> int:
        """Runs to the end, or past cycle `limit`; returns the cycles that the run took.

        Raises DeadlockError where units are left waiting for each other, and UsageError where some have begun in the
        limit's cycle already: they run ahead as far as they may.
        """
        self._check_limit(limit)
        self._begin()
        with rarely_collected():
            return self._to_its_end(limit, tick)

    def run_whole(self) -> int:
        """Runs to the end, where a part of the run would be taken for all of it: Ctrl-C is raised, as elsewhere."""
        cycles = self.run()
        if self.interrupted:
            raise KeyboardInterrupt
        return cycles

    def _to_its_end(self, limit: int | None, tick: Callable[[], None] | None) -> int:
        try:
            self._simulate(limit, tick)
            if not self.stopped:
                self._check_finished()
            cycles = max(unit.since for unit in self.units)
            if self.interrupted:
                cycles = max(cycles, self.now)  # what waits then waits up to there
            elif limit is not None and self.stopped:
                cycles = max(cycles, limit)
            for unit in self.units:
                unit.close(cycles)
            return cycles if self.skipper is None else self.skipper.finish(cycles)
        finally:
            self._probe.publish()

    def _check_limit(self, limit: int | None) -> None:
        """Raises UsageError for a limit that a chip that was run in part has not kept, or that skips."""
        if self._began or limit is not None:
            self._simulates_all("run" if limit is None else f"run({limit})", "stop and go on")
        ahead = max(self.now, *(unit.since + 1 for unit in self.units)) if self._began else 1
        if limit is not None and limit < ahead:
            raise UsageError(
                f"the units of the chip are ahead of cycle {limit}, allowed is {ahead} or more",
                where=f"run({limit})",
                hint="a lower limit is for a chip that has yet to begin",
            )

    def _simulate(self, limit: int | None, tick: Callable[[], None] | None) -> None:
        def each_while() -> None:
            if self._probe.due():
                self._probe.publish()
            if self.skipper is not None and self.skipper.long():
                self._restart(self.skipper)
            if tick is not None:
                tick()

        try:
            ended = self.kernel.drain(limit, STEPS, each_while)
            self.stopped = not ended and not self._over()
        except KeyboardInterrupt:
            self.stopped = self.interrupted = True

    def _restart(self, skipper: Skipper) -> None:
        """Has the skipper forget what it has seen, before its log takes too much memory."""
        with uninterrupted():
            self._probe.publish()
            skipper.restart()
            if isinstance(self._probe, Publisher):
                self._probe.restart()

    def _begin(self) -> None:
        if not self._began:
            self._began = True
            self.controller.alarm.at(0)
            if self._processes:
                self.kernel.over = self._over
                shared = Shared(self.kernel, self.agents, self.chip.memory_words)
                begin(shared, self._processes, self._traffic)

    def _over(self) -> bool:
        """Whether no unit of the chip will act again, whatever processes of a user do.

        They can free the chip in one way only: where host/in waits for words that they have yet to offer.
        """
        if self.agents["host_in"].cause == HOST or self.controller.alarm.due != NEVER:
            return False
        return all(alarm.due == NEVER for alarm in self._alarms)

    # Somewhere within a run -------------------------------------------------------------------------------------

    def _simulates_all(self, where: str, what: str) -> None:
        """Raises UsageError for a chip that skips, in which nothing can be done within a run."""
        if self._walk is not None:
            raise refusal_of_skipping(where, what)

    def advance(self, cycle: int) -> None:
        """Runs up to a cycle, in which nothing happens yet, and gives listeners their rows; `run` goes on from there.

        Raises UsageError for a cycle of the past, and for a chip that skips.
        """
        self._simulates_all(f"advance({cycle})", "stop and go on")
        if cycle < self.now:
            raise UsageError(f"the chip is in cycle {self.now} already", where=f"advance({cycle})")
        self._begin()
        self.kernel.advance(cycle)
        self._probe.publish()

    def step(self) -> bool:
        """Does one step of the event loop, some events of some units; returns whether there was one to do."""
        self._simulates_all("step", "stop and go on")
        self._begin()
        return self.kernel.advance_a_step()

    @property
    def begun(self) -> int:
        """How many inferences have begun, for progress."""
        return len(self.tally.inferences) if self._walk is None else self._walk.inference + 1

    @property
    def issued(self) -> int:
        """How many instructions have been issued, for progress."""
        return (self._sequencer.serial if self._walk is None else self._walk.serial) - self._first

    @property
    def now(self) -> int:
        """The cycle up to which all has been simulated. Units run ahead of it where nothing can come in between."""
        return max(int(self.kernel.now), self.kernel.cycle)

    def parts(self) -> dict[str, object]:
        """All that has state, by name: units, channels, buses, main memory, tokens, sums."""
        units = {unit.path: unit for unit in self.units}
        shared = {
            "vectors": self._vectors,
            **self._channels,
            "samples": self._samples,
            "fabric": self._fabric,
            "down": self._down,
            "up": self._up,
            "tokens": self.tokens,
            "tally": self.tally,
        }
        return snapshot.with_parts({**units, **shared})

    def snapshot(self, *, sums: bool = True) -> Snapshot:
        """Where the run stands: all that decides how it goes on, and with `sums` what it has summed up so far.

        Observers receive first all that has happened.
        """
        self._simulates_all("snapshot", "have a snapshot")
        if self._processes:
            raise UsageError("a chip with processes of a user has no snapshot", hint="simpy's generators have no copy")
        self._probe.publish()
        frame, parts = snapshot.Frame(self.now), self.parts()
        for part in parts.values():
            if isinstance(part, Channel):
                part.settle(self.now)
        state = (*snapshot.freeze(parts, frame), ("sequencer", self._sequencer.snapshot()), ("began", self._began))
        summed = snapshot.freeze(parts, frame, sums=True) if sums else None
        return Snapshot(self.now, state, summed, self._run)

    def restore(self, found: Snapshot, cycle: int | None = None) -> None:
        """Goes on from a snapshot of another run of the same program on the same chip, in its cycle or in another.

        All cycles move along, those of the sums too. Raises UsageError for a chip that has begun to run, for a state of
        another chip or program, and for a cycle before that of the snapshot.
        """
        self._simulates_all("restore", "go on from a snapshot")
        cycle = found.cycle if cycle is None else cycle
        self._check_fits(found)
        if not found.cycle <= cycle <= LAST:
            raise UsageError(
                f"cycle is {cycle}, allowed is {found.cycle} to {LAST}",
                where="restore",
                hint="what began before it would have begun before cycle 0",
            )
        parts, values = self.parts(), dict(found.state)
        self._sequencer.restore(values.pop("sequencer"))
        self._began = values.pop("began")
        self.kernel.advance(cycle)
        self._probe.publish()
        self.kernel.cycle = cycle
        frame = snapshot.Frame(cycle, units={unit.path: unit for unit in self.units})
        snapshot.restore(parts, frame, (*values.items(), *(found.sums or ())))
        for part in parts.values():
            if isinstance(part, (Unit, Alarm)):
                part.restored()

    def _check_fits(self, found: Snapshot) -> None:
        """Raises UsageError for a snapshot that this chip cannot go on from."""
        new = self.snapshot()
        same = [name for name, _ in new.state] == [name for name, _ in found.state]
        if found.sums is not None:
            same &= [name for name, _ in new.sums or ()] == [name for name, _ in found.sums]
        if self._began or not same or (found.run is not None and found.run != self._run):
            raise UsageError(
                "a snapshot is restored into a new chip of the same kind",
                where="restore",
                hint="one with the same settings, program and inferences that has yet to begin",
            )

    @property
    def _run(self) -> tuple[object, ...]:
        """What a snapshot is of: a chip, the words of a program, and inferences."""
        sequencer = self._sequencer
        return self.chip, sequencer.program.words.tobytes(), sequencer.inferences

    @property
    def arrived(self) -> list[bool]:
        """Of each word of the vector agent's stream whether the neurons gave it; empty unless the chip records."""
        stream = self._channels["stream"]
        return stream.record if isinstance(stream, Recorded) else []

    def accesses(self) -> list[Access]:
        """Every instruction that walked over main memory, with the cycles of its grants."""
        return [access for agent in self.agents.values() if isinstance(agent, Client) for access in agent.accesses]

    def _check_finished(self) -> None:
        stuck = [unit for unit in self.agents.values() if unit.waiting]
        source = self._walk or self._sequencer
        if source.state == "running":
            self._blocked([self.controller, *stuck])
        elif stuck:
            self._blocked(stuck)

    def _blocked(self, units: Sequence[Unit]) -> None:
        last = max(self.kernel.cycle, *(unit.since for unit in self.units))
        held = {name: channel.capacity for name, channel in self._channels.items()}
        held["vectors"] = self._vectors.capacity
        skipped = self.skipper.offset if self.skipper is not None else 0
        error = Stuck(self.units, self.agents, self._walk or self._sequencer, held, skipped).error(units, last)
        for unit in self.units:
            unit.close(last + 1)  # observers receive the waits that are the deadlock, that last cycle included
        raise error
