"""Values at any place of a run: the program walked in its order, up to the last instruction that was issued.

Values do not depend on time, so that they are computed when they are first wanted, and again from a snapshot where one
goes back. What has been issued but has yet to happen is taken back from main memory: so it holds what the chip holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Tensor
from acortex.isa.semantics import EFFECTS, MEANINGS, Flow, Shape, visited
from acortex.isa.sequencer import Dispatch
from acortex.isa.table import HOST_WORK, JOIN_GROUP, PART_GROUP
from acortex.sim.debug.ring import NEAR, Ring
from acortex.sim.debug.timeline import Timeline
from acortex.sim.functional.host_work import host_values
from acortex.sim.functional.rules.situation import NOWHERE
from acortex.sim.functional.values import Part, Values, ValuesSnapshot

Words = NDArray[np.uint8]
Ints = NDArray[np.int64]

EVERY = 64
"""Instructions from one snapshot to the next."""

BYTES = 1 << 28
"""About how much memory snapshots may take: 256 MB."""

BANDS = 10
"""About how many distances of snapshots a long run has."""

FOLLOWED = ("buffer", "vectors")
"""The pipes of which it is kept what was given to them last."""

NOBODY = -1
"""Stands for the instruction that wrote a word which none has written."""


class Given(NamedTuple):
    """What an instruction gave to a pipe: its place in the order of issue, and a row for each item."""

    serial: int
    part: Part


class Switched(NamedTuple):
    """An instruction that connected or disconnected a group: its place in the order of issue, and its address."""

    serial: int
    pc: int
    on: bool


class Stored(NamedTuple):
    """A write to main memory: its instruction, the words that it visits, and what it writes there, in their order."""

    dispatch: Dispatch
    addresses: Ints
    words: Words


class Noting(Values):
    """Values whose writes to main memory are noted, while `stores` is a list."""

    stores: list[Stored] | None = None

    def store(self, dispatch: Dispatch, addresses: Ints, words: Words) -> None:
        """Writes words, and notes them."""
        super().store(dispatch, addresses, words)
        if self.stores is not None:
            self.stores.append(Stored(dispatch, addresses, words))


@dataclass
class Notes:
    """What is noted along the walk, beside values.

    `writers` has for each word of main memory the address of the instruction that wrote it last; `inputs` and `outputs`
    have for each tensor, by name, and each inference the place of the instruction that moved it in the order of issue,
    0 for none; `given` what pipes were given last.
    """

    writers: NDArray[np.int32]
    inputs: dict[str, Ints]
    outputs: dict[str, Ints]
    given: dict[str, deque[Given]] = field(default_factory=lambda: {pipe: deque() for pipe in FOLLOWED})
    switched: dict[int, tuple[Switched, ...]] = field(default_factory=dict)

    def copy(self) -> Notes:
        """The same, to be gone on with."""
        given = {pipe: deque(found) for pipe, found in self.given.items()}
        inputs, outputs = _copied(self.inputs), _copied(self.outputs)
        return Notes(self.writers.copy(), inputs, outputs, given, dict(self.switched))


def _copied(arrays: Mapping[str, Ints]) -> dict[str, Ints]:
    return {name: array.copy() for name, array in arrays.items()}


class _Kept(NamedTuple):
    """A place between two instructions."""

    serial: int
    registers: tuple[object, ...]
    values: ValuesSnapshot
    notes: Notes


class Replay:
    """The values of a run, up to any of its instructions."""

    def __init__(self, timeline: Timeline) -> None:
        prepared = timeline.prepared
        program, chip, inferences = prepared.program, prepared.chip, prepared.host.inferences
        self._configuration = timeline.fence.configuration
        self._chip = chip
        self._program = program
        self._first = timeline.first
        self._sequencer = timeline.sequencer()
        host = host_values(program, prepared.host.numbers, inferences)
        self._values = Noting(program, chip, prepared.host.words(program), inferences, False, host=host)
        inputs, outputs = _unmoved(program.inputs, inferences), _unmoved(program.outputs, inferences)
        self._notes = Notes(np.full(chip.memory_words, NOBODY, np.int32), inputs, outputs)
        self._kept: Ring[_Kept] = Ring(EVERY, _near(self._values))
        self._keep()

    @property
    def notes(self) -> Notes:
        """What was noted up to the current instruction."""
        return self._notes

    @property
    def memory(self) -> Words:
        """Main memory after the last instruction: uint8 of shape (words, 64)."""
        return self._values.memory

    def given(self, tensor: Tensor, inference: int) -> Words:
        """An input of an inference as words, uint8 of shape (1, words, 64): zeros where the host has yet to make it."""
        return self._values.given(tensor, inference)

    @property
    def out(self) -> Mapping[str, Words]:
        """The outputs as words, by name: uint8 of shape (inferences, words, 64)."""
        return self._values.out

    def go_to(self, serial: int) -> None:
        """Walks to before an instruction."""
        if serial < self._sequencer.serial:
            self._back_to(serial)
        while self._sequencer.serial < serial and self._sequencer.state != "halted":
            self._step()
            if (self._sequencer.serial - self._first) % EVERY == 0:
                self._keep()

    def stores(self, serial: int) -> list[Stored]:
        """Walks on to before an instruction; returns the writes to main memory on the way, in order."""
        found: list[Stored] = []
        self._values.stores = found
        try:
            self.go_to(serial)
        finally:
            self._values.stores = None
        return found

    def _keep(self) -> None:
        place = self._sequencer.serial - self._first
        if place not in self._kept:
            snapshot = self._values.snapshot(), self._notes.copy()
            self._kept.keep(place, _Kept(self._sequencer.serial, self._sequencer.snapshot(), *snapshot))

    def _back_to(self, serial: int) -> None:
        found = next(self._kept.before(serial - self._first))
        self._sequencer.restore(found.registers)
        self._values.restore(found.values)
        self._notes = found.notes.copy()

    def _step(self) -> None:
        """Carries out the next instruction."""
        dispatch = self._sequencer.step()
        if dispatch is None:
            return
        if dispatch.row.mnemonic in EFFECTS:
            self._act(dispatch)
            return
        shape = self._shape(dispatch)
        flow = MEANINGS[dispatch.row.mnemonic].flow(dispatch, shape)
        addresses = visited(dispatch) if flow.reads or flow.writes else NOWHERE
        self._values.move(dispatch, flow, shape, addresses, None)
        self._note(dispatch, flow, addresses)

    def _shape(self, dispatch: Dispatch) -> Shape:
        """The matrix that an instruction works with: of the group that it names, or as wide as the sums come next."""
        if dispatch.group >= 0:
            return self._configuration.shape(dispatch.group, True)
        return Shape(1, self._values.columns, None)

    def _act(self, dispatch: Dispatch) -> None:
        """Carries out what moves no items: a part of the host's, or a switch of a group."""
        effect = dispatch.row.effect
        if effect == HOST_WORK:
            self._values.work(dispatch)
        if effect in (JOIN_GROUP, PART_GROUP):
            before = self._notes.switched.get(dispatch.group, ())[-self._pending :]
            switched = Switched(dispatch.serial, dispatch.pc, effect == JOIN_GROUP)
            self._notes.switched[dispatch.group] = (*before, switched)

    @property
    def _pending(self) -> int:
        """How many instructions one agent has under way at most, and one that has ended."""
        return self._chip.controller.queue_depth + 2

    def _note(self, dispatch: Dispatch, flow: Flow, addresses: Ints) -> None:
        notes = self._notes
        if flow.writes:
            notes.writers[addresses] = dispatch.pc
        if flow.takes == "host_in":
            notes.inputs[self._program.inputs[dispatch.ops.tensor].name][dispatch.inference] = dispatch.serial
        if flow.gives == "host_out":
            notes.outputs[self._program.outputs[dispatch.ops.tensor].name][dispatch.inference] = dispatch.serial
        if flow.gives in FOLLOWED and flow.given:
            tail = notes.given[flow.gives]
            tail.append(Given(dispatch.serial, self._values.last_given(flow.gives)))
            self._cut(tail)

    def _cut(self, tail: deque[Given]) -> None:
        """Drops what no unit can hold any more: all before the instructions under way, and what their queue holds."""
        most = max(self._chip.buffer.words, self._chip.buffer.windows)
        held = sum(given.part.items for given in list(tail)[: -self._pending])
        while len(tail) > self._pending and held - tail[0].part.items >= most:
            held -= tail.popleft().part.items


def _unmoved(tensors: Sequence[Tensor], inferences: int) -> dict[str, Ints]:
    return {tensor.name: np.zeros(inferences, np.int64) for tensor in tensors}


def _near(values: Values) -> int:
    """How many snapshots of each distance the memory has room for."""
    size = values.memory.nbytes + 4 * len(values.memory) + sum(words.nbytes for words in values.out.values())
    return max(2, min(NEAR, BYTES // (BANDS * size)))
