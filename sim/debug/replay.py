"""Values at any place of a run: the program walked in its order, up to the last instruction that was issued.

Values do not depend on time, so that they are computed when they are first wanted, and again from a snapshot where one
goes back. What has been issued but has yet to happen is taken back from main memory: so it holds what the chip holds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.semantics import EFFECTS, MEANINGS, Flow, Shape, visited
from acortex.isa.sequencer import Dispatch
from acortex.isa.table import JOIN_GROUP, PART_GROUP
from acortex.sim.debug.ring import NEAR, Ring
from acortex.sim.debug.timeline import Timeline
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


@dataclass(frozen=True)
class Undo:
    """What a write has replaced: the words, what they held, and which instructions had written that."""

    serial: int
    pc: int
    addresses: Ints
    before: Words
    writers: NDArray[np.int32]


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
        moved = (
            {name: places.copy() for name, places in side.items()} for side in (self.inputs, self.outputs)
        )
        given = {pipe: deque(found) for pipe, found in self.given.items()}
        return Notes(self.writers.copy(), *moved, given, dict(self.switched))


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
        self._values = Values(program, chip, prepared.host.words(program), inferences, False)
        moved = (
            {tensor.name: np.zeros(inferences, np.int64) for tensor in side}
            for side in (program.inputs, program.outputs)
        )
        self._notes = Notes(np.full(chip.memory_words, NOBODY, np.int32), *moved)
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

    @property
    def out(self) -> Mapping[str, Words]:
        """The outputs as words, by name: uint8 of shape (inferences, words, 64)."""
        return self._values.out

    def go_to(self, serial: int, noting: Container[int] = ()) -> list[Undo]:
        """Walks to before an instruction; returns what the writes of those in `noting` have replaced, in order."""
        if serial < self._sequencer.serial:
            self._back_to(serial)
        undo = []
        while self._sequencer.serial < serial and self._sequencer.state != "halted":
            undo += self._step(noting)
            if (self._sequencer.serial - self._first) % EVERY == 0:
                self._keep()
        return undo

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

    def _step(self, noting: Container[int]) -> list[Undo]:
        """Carries out the next instruction; returns what its write replaced, if that is to be noted."""
        dispatch = self._sequencer.step()
        if dispatch is None:
            return []
        if dispatch.row.mnemonic in EFFECTS:
            self._switch(dispatch)
            return []
        shape = self._shape(dispatch)
        flow = MEANINGS[dispatch.row.mnemonic].flow(dispatch, shape)
        addresses = visited(dispatch) if flow.reads or flow.writes else NOWHERE
        undo = []
        if flow.writes and dispatch.serial in noting:
            old = self.memory[addresses].copy(), self._notes.writers[addresses].copy()
            undo.append(Undo(dispatch.serial, dispatch.pc, addresses, *old))
        self._values.move(dispatch, flow, shape, addresses, None)
        self._note(dispatch, flow, addresses)
        return undo

    def _shape(self, dispatch: Dispatch) -> Shape:
        """The matrix that an instruction works with: of the group that it names, or as wide as the sums come next."""
        if dispatch.group >= 0:
            return self._configuration.shape(dispatch.group, True)
        return Shape(1, self._values.columns, None)

    def _switch(self, dispatch: Dispatch) -> None:
        effect = dispatch.row.effect
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


def _near(values: Values) -> int:
    """How many snapshots of each distance the memory has room for."""
    size = values.memory.nbytes + 4 * len(values.memory) + sum(words.nbytes for words in values.out.values())
    return max(2, min(NEAR, BYTES // (BANDS * size)))
