"""A second simulator: the chip stepped cycle by cycle, in plain loops over integers, written from docs/timing.md alone.

It shares with the chip that it judges the instruction decoder (`Sequencer`), the settings, and nothing else: streams,
windows, groups and bus segments are counted here anew. What its items say is the cargo's part: here nothing, in
`valued.py` the codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any

from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.chip.specs import Chip
from judge.clockwork import Channel, Clockwork, Steps, Unit
from judge.counting import WORD, GroupCounts, Turn, fed, fetches, group_counts, image, slid, stepwise, walk
from judge.coverage import known


@dataclass
class Vector:
    """An input vector, with the buffer words that are free once it is loaded."""

    frees: int
    codes: Any


@dataclass
class Loaded:
    """What the latches of a group hold, on its way to the neurons."""

    dispatch: Dispatch
    codes: Any


class Lane:
    """What frames run on: latches, sums that wait for the neurons, and how many frames are still to come."""

    def __init__(self, latches: int) -> None:
        self.latches = Channel(latches)
        self.samples = Channel(1)
        self.due = 0
        self.loading = -1


class Cargo:
    """What the items of a stepped chip say: nothing. Each method is called in the cycle in which the chip does it."""

    def program(self, dispatch: Dispatch) -> None:
        """Weights are written into a group."""

    def read(self, now: int, address: int, cycles: int) -> Any:
        """A read of a word of main memory is granted, for so many cycles."""

    def write(self, now: int, address: int, cycles: int, word: Any) -> None:
        """A write of a whole word is granted."""

    def writing(self, dispatch: Dispatch) -> Callable[[int, int, int, Any], None]:
        """For a `write`: what each grant does, with cycle, address, cycles, and what comes (None: no more)."""
        return lambda now, address, cycles, comes: None

    def host_word(self, dispatch: Dispatch, number: int) -> Any:
        """A word that the host gives."""

    def host_takes(self, dispatch: Dispatch, number: int, word: Any) -> None:
        """A word that it takes."""

    def vectors(self, dispatch: Dispatch) -> Callable[[list[Any]], Any]:
        """For a `feed` or a `slide`: the next vector, of the new words that it takes."""
        return lambda words: None

    def sums(self, loaded: Loaded) -> Any:
        """A frame runs."""

    def words(self, dispatch: Dispatch, sums: Any) -> Callable[[Turn], list[Any]]:
        """For a position of a `convert`: the words that leave with each of its turns."""
        return lambda turn: [None] * len(turn.leaving)

    def steps(self, dispatch: Dispatch) -> Callable[[list[Any], bool], Any]:
        """For an instruction of the vector agent: what a step makes of the words that it takes, if it gives any."""
        return lambda taken, gives: None


@dataclass
class Stepped(Clockwork):
    """The agents of the chip, between the channels that join them."""

    cargo: Cargo = field(default_factory=Cargo)

    def wire(self) -> None:
        """Makes the channels between the units, and starts the lanes of frames."""
        chip = self.chip
        self.words = Channel(chip.buffer.words)
        self.vectors = Channel(chip.buffer.windows)
        self.codes = Channel(chip.neurons.output_words)
        self.stream, self.operand, self.results = (Channel(chip.vector.queue_words) for _ in range(3))
        self.frame_lanes = [Lane(2 if chip.arrays.overlap_loads else 1) for _ in self.frames]
        self.loads = Channel(0)
        """The lane of each load whose sums the neurons have not taken."""
        self.groups: dict[int, GroupCounts] = {}
        self.unsampled = 0
        self.sampled_at = -1
        for path, lane in zip(self.frames, self.frame_lanes, strict=True):
            self.units[path].steps = self._frame(self.units[path], lane)

    def carry_out(self, unit: Unit, dispatch: Dispatch) -> Steps:
        """What an agent does for an instruction."""
        return known(WORK, dispatch, "judge/stepped.py")(self, unit, dispatch)

    def drained(self) -> bool:
        """Whether every frame that the VMM's agent caused was sampled in an earlier cycle."""
        return not self.unsampled and self.sampled_at <= self.now - self.cycle

    # Main memory ----------------------------------------------------------------------------------------------------

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
            lane = yield from self._ask(dispatch.agent, self.now + self.cycle, address, bus, self.latency)
            self._spend(unit, self.chip.memory.access_cycles, "memory.read", 1, dispatch)
            if bus:
                self._carried(bus, lane, self.latency, dispatch)
            word = self.cargo.read(self.now, address, self.chip.memory.access_cycles)
            way = self.latency + (self.chip.buses.word_cycles if bus else 0)
            self._give(receiver, self.now + way, ("read", word))

    def _write(self, unit: Unit, dispatch: Dispatch) -> Steps:
        assert dispatch.stream is not None
        neurons = dispatch.row.by_name["source"].kind.choices[dispatch.ops.source] == "neurons"
        source, bus = (self.codes, "buses/up") if neurons else (self.results, "")
        spills, pixel = dispatch.ops.shift + dispatch.ops.tail > WORD, dispatch.stream.extents[0]
        takes, access = self.cargo.writing(dispatch), self.chip.memory.access_cycles
        for number, address in enumerate(walk(dispatch.stream), 1):
            if spills and number % pixel == 0:  # what the word before it left over
                yield from self._ask("write", self.now + self.cycle, address)
                self._spend(unit, access, "memory.write", 1, dispatch)
                takes(self.now, address, access, None)
                continue
            yield from self._item(source, "codes")
            word = source.take()
            lane = yield from self._ask("write", self.now + self.cycle, address, bus)
            self._spend(unit, access, "memory.write", 1, dispatch)
            takes(self.now, address, access, word)
            if bus:
                self._carried(bus, lane, 0, dispatch)
            self._free(source, self.now + (self.chip.buses.word_cycles if bus else self.cycle))

    def _input(self, unit: Unit, dispatch: Dispatch) -> Steps:
        access = self.chip.memory.access_cycles
        for number, address in enumerate(walk(dispatch.stream)):
            yield from self._until(unit.busy_until)
            yield from self._until(self._spend(unit, self.chip.host.word_cycles, "host.in", 1, dispatch))
            yield from self._ask("host_in", self.now, address)
            self._spend(unit, access, "memory.write", 1, dispatch)
            self.cargo.write(self.now, address, access, self.cargo.host_word(dispatch, number))

    def _output(self, unit: Unit, dispatch: Dispatch) -> Steps:
        access = self.chip.memory.access_cycles
        for number, address in enumerate(walk(dispatch.stream)):
            yield from self._ask("host_out", self.now + self.cycle, address)
            self._spend(unit, access, "memory.read", 1, dispatch)
            word = self.cargo.read(self.now, address, access)
            yield from self._until(self._later(self.now + self.latency), "latency")
            yield from self._until(self._spend(unit, self.chip.host.word_cycles, "host.out", 1, dispatch))
            self.cargo.host_takes(dispatch, number, word)

    # Buffer, arrays, neurons ----------------------------------------------------------------------------------------

    def _prepare(self, unit: Unit, dispatch: Dispatch) -> Steps:
        keep, held = dispatch.window is None and dispatch.ops.keep, 0
        vector = self.cargo.vectors(dispatch)
        for needs, frees in fed(dispatch) if dispatch.window is None else image(slid, dispatch):
            yield from self._item(self.words, "words", needs and held + needs)
            words = self.words.look(held, needs) if keep else [self.words.take() for _ in range(needs)]
            held += needs if keep else 0
            yield from self._room(self.vectors, "windows")
            end = self._spend(unit, self.cycle, "buffer.slide", needs, dispatch)
            self._give(self.vectors, end, Vector(frees, vector([word for _, word in words])))
            yield from self._until(end)

    def _group(self, number: int) -> GroupCounts:
        if number not in self.groups:
            self.groups[number] = group_counts(self.sequencer.groups[number], self.chip)
        return self.groups[number]

    def _multiply(self, unit: Unit, dispatch: Dispatch) -> Steps:
        group, positions = self._group(dispatch.group), dispatch.ops.positions
        number = dispatch.group % len(self.frame_lanes)
        lane = self.frame_lanes[number]
        lane.due += positions
        lane.loading = dispatch.pc
        self.unsampled += positions
        for _ in range(positions):
            yield from self._item(self.vectors, "vectors")
            yield from self._room(lane.latches, "latches")
            vector = self.vectors.take()
            end = self._spend(unit, group.load * self.cycle, "vmm.load", group.arrays, dispatch)
            self._give(lane.latches, end, Loaded(dispatch, vector.codes))
            self._give(self.loads, end, number)
            self._free(self.vectors, end)
            self._free(self.words, end, vector.frees)
            yield from self._until(end)

    def _switch(self, unit: Unit, dispatch: Dispatch) -> Steps:
        yield from self._all_ended(unit)
        kind, segments = f"vmm.{dispatch.row.mnemonic}", self._group(dispatch.group).segments
        yield from self._until(self._spend(unit, self.chip.buses.switch_cycles, kind, segments, dispatch))

    def _frame(self, unit: Unit, lane: Lane) -> Steps:
        while True:
            while not lane.latches.sees(self.now):
                unit.pc = lane.loading
                yield "load" if lane.due else "idle"
            loaded: Loaded = lane.latches.take()
            unit.pc = loaded.dispatch.pc
            lane.due -= 1
            group = self._group(loaded.dispatch.group)
            end = self._spend(unit, group.frame, "vmm.frame", group.arrays, loaded.dispatch)
            sums = self.cargo.sums(loaded)
            self._free(lane.latches, end)
            yield from self._until(end)
            yield from self._room(lane.samples, "neurons")
            self._give(lane.samples, self.now + self.cycle, (loaded.dispatch.group, sums))
            self.unsampled -= 1
            self.sampled_at = self.now

    def _sample(self) -> Iterator[str]:
        """Waits until the sums of the load whose turn it is are seen."""
        while not (self.loads.sees(self.now) and self.frame_lanes[self.loads.items[0][1]].samples.sees(self.now)):
            yield "sums"

    def _convert(self, unit: Unit, dispatch: Dispatch) -> Steps:
        memory = dispatch.row.by_name["to"].kind.choices[dispatch.ops.to] == "memory"
        receiver = self.codes if memory else self.stream
        for _ in range(dispatch.ops.positions):
            yield from self._sample()
            samples = self.frame_lanes[self.loads.take()].samples
            group, sums = samples.take()
            turns = self._group(group).turns
            yield from self._room(receiver, "output_full", sum(len(turn.leaving) for turn in turns))
            self._free(samples, self.now + self.conversion * len(turns))
            words = self.cargo.words(dispatch, sums)
            for turn in turns:
                end = self._spend(unit, self.conversion, "neurons.convert", turn.outputs, dispatch)
                for word in words(turn):
                    self._give(receiver, end, ("neurons", word))
                yield from self._until(end)

    # The vector agent, program and erase ----------------------------------------------------------------------------

    def _vector(self, unit: Unit, dispatch: Dispatch) -> Steps:
        two = dispatch.row.mnemonic in ("add", "mul")
        makes = self.cargo.steps(dispatch)
        for takes, gives in stepwise(dispatch):
            if takes:
                yield from self._item(self.stream, "stream")
            if two:
                yield from self._item(self.operand, "operand")
            if gives:
                yield from self._room(self.results, "results_full", 1)
            taken = [channel.take() for channel in [self.stream] * takes + [self.operand] * two]
            if takes and taken[0][0] == "neurons":
                lane = yield from self._ask("vector", self.now + self.cycle, bus="buses/up")
                self._carried("buses/up", lane, 0, dispatch)
                yield from self._until(self.now + self.chip.buses.word_cycles, "crossing")
            end = self._spend(unit, self.chip.vector.step_cycles, "vector.step", 1, dispatch)
            made = makes([word for _, word in taken], gives)
            if gives:
                self._give(self.results, end, ("vector", made))
            if takes:
                self._free(self.stream, end)
            if two:
                self._free(self.operand, end)
            yield from self._until(end)

    def _program(self, unit: Unit, dispatch: Dispatch) -> Steps:
        self.cargo.program(dispatch)
        for _ in range(self._group(dispatch.group).arrays):
            rows = self.chip.arrays.k
            yield from self._until(self._spend(unit, self.writing, "program_erase.write", rows, dispatch))

    def _work(self, unit: Unit, dispatch: Dispatch) -> Steps:
        host, operations = self.chip.host, dispatch.ops.operations
        ns = Fraction(host.part_ns) + operations / Fraction(host.operations_per_ns)
        cycles = max(ceil(ns / Fraction(self.chip.clock_ns)), 1)
        yield from self._until(self._spend(unit, cycles, "host.work", operations, dispatch))


WORK: dict[str, Callable[[Stepped, Unit, Dispatch], Steps]] = {
    "signal": Stepped._signal,
    "await": Stepped._await,
    "read": Stepped._read,
    "fetch": Stepped._read,
    "operand": Stepped._operand,
    "write": Stepped._write,
    "input": Stepped._input,
    "output": Stepped._output,
    "work": Stepped._work,
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


def simulate(
    program: Program, chip: Chip, inferences: int = 1, cycle: int = 1, cargo: Cargo | None = None
) -> tuple[int, int, Stepped]:
    """The cycles of set-up and run, and the chip of the run; its accesses begin with those of the initial memory."""
    sequencer, cargo = Sequencer(program, inferences), cargo or Cargo()
    setup = Stepped(chip, sequencer, cycle=cycle, cargo=cargo).run()
    held = [(0, word, True, -1) for table in program.memory for word in range(table.address, table.end)]
    stepped = Stepped(chip, sequencer, accesses=held, cycle=cycle, cargo=cargo)
    return setup, stepped.run(), stepped
