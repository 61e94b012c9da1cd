"""What a chip holds in a cycle, in codes: main memory, buffer, groups and tensors, as time and values together say.

Values come from a walk in program order, up to the last instruction that was issued. The chip in time says how much of
the instructions under way has happened. A word of main memory is written as its access is granted: of each write under
way as many words are there as were granted, so that each word is what the chip holds. Queues between units keep the
order of the program, so that what they hold is a stretch of all that was ever given to them: it ends where the
instructions under way begin.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.arithmetic.tensors import from_words, words_of
from acortex.isa.flows import CELL
from acortex.isa.program import Tensor
from acortex.isa.semantics import moves
from acortex.sim.debug import look
from acortex.sim.debug.replay import NOBODY, Given, Replay
from acortex.sim.debug.results import BufferState, GroupState, Item, Place, TensorState, Word
from acortex.sim.debug.timeline import Timeline, View
from acortex.sim.functional.values import put
from acortex.wording import any_of, count, did_you_mean

Codes = NDArray[np.uint8]


class Contents:
    """Main memory, buffer, groups and tensors of a run, in any cycle. Values are computed when they are first wanted.

    What a method takes beside a view is checked: UsageError for a word, a group or a name that there is not.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._program = timeline.prepared.program
        self._made: Replay | None = None

    @property
    def _replay(self) -> Replay:
        if self._made is None:
            self._made = Replay(self._timeline)
        return self._made

    def _place(self, pc: int) -> Place | None:
        return None if pc == NOBODY else look.place_of(self._program, pc)

    # Main memory ------------------------------------------------------------------------------------------------

    def memory(self, view: View, first: int, last: int) -> tuple[Word, ...]:
        """Words of main memory, from an address to another, both included."""
        words = self._timeline.prepared.chip.memory_words
        for address in (first, last):
            if not 0 <= address < words:
                raise UsageError(f"main memory has no word {address}", hint=f"its words are 0 to {words - 1}")
        if last < first:
            raise UsageError(f"{first}..{last} ends before it begins", hint=f"write {last}..{first}")
        held = _held(self._replay, view)
        return tuple(self._word(held, address) for address in range(first, last + 1))

    def _word(self, held: _Held, address: int) -> Word:
        by = int(held.writers[address])
        state = "written" if by != NOBODY else "initial" if self._is_initial(address) else "empty"
        coming = held.coming.get(address)
        found = Word(address, held.memory[address].copy(), state, self._place(by))  # type: ignore[arg-type]
        if coming is None:
            return found
        after = self._replay.memory[address].copy()
        return Word(address, found.codes, found.state, found.by, after, self._place(coming))

    def _is_initial(self, address: int) -> bool:
        return any(table.address <= address < table.end for table in self._program.memory)

    # The buffer -------------------------------------------------------------------------------------------------

    def buffer(self, view: View) -> BufferState:
        """The words and the input vectors in the buffer."""
        self._replay.go_to(view.sequencer.serial)
        between = look.channels(view)
        words = look.channel_state("words", between["words"], view.cycle)
        vectors = look.channel_state("vectors", between["vectors"], view.cycle)
        unit = next(one for one in look.units(self._program, view) if one.path == "buffer")
        held = self._items("buffer", between["words"].stamps(), _ungiven(view, "buffer"))
        made = self._items("vectors", between["vectors"].stamps(), _ungiven(view, "vectors"))
        return BufferState(unit, words, vectors, held, made)

    def _items(self, pipe: str, stamps: list[int], ungiven: int) -> tuple[Item, ...]:
        """The items of a pipe that were given last, but for those that have yet to be given."""
        rows = _last(self._replay.notes.given[pipe], ungiven + len(stamps))[: len(stamps)]
        return tuple(Item(row, seen) for row, seen in zip(rows, stamps, strict=True))

    # Groups -----------------------------------------------------------------------------------------------------

    def group(self, view: View, number: int) -> GroupState:
        """A group of arrays."""
        configuration = self._timeline.fence.configuration
        if number not in configuration.groups:
            known = [f"g{one}" for one in sorted(configuration.groups)]
            raise UsageError(f"the program has no group g{number}", hint=f"it has {', '.join(known) or 'none'}")
        self._replay.go_to(view.sequencer.serial)
        under_way = [dispatch for dispatch, _ in look.under_way(view.chip.agents["vmm"])]
        at_work = [one for one in under_way if one.group == number and one.row.timing == "position"]
        connected, by, coming_by = self._switched(number, {one.serial for one in under_way})
        group, weights = configuration.groups[number], configuration.weights[number]
        return GroupState(
            number,
            group.rows,
            group.columns,
            group.arrays,
            tuple(view.sequencer.groups[number].rects),
            weights.name,
            weights.values,
            connected,
            by,
            coming_by,
            tuple(look.dispatched(self._program, one) for one in at_work),
        )

    def _switched(self, number: int, under_way: set[int]) -> tuple[bool, Place | None, Place | None]:
        """Whether a group is connected, which instruction did that last, and the last of those that will change it."""
        switched = self._replay.notes.switched.get(number, ())
        done = [one for one in switched if one.serial not in under_way]
        coming = [one for one in switched if one.serial in under_way]
        by, coming_by = (self._place(found[-1].pc) if found else None for found in (done, coming))
        return bool(done and done[-1].on), by, coming_by

    # Tensors ----------------------------------------------------------------------------------------------------

    def tensor(self, view: View, name: str, inference: int | None = None) -> TensorState:
        """An input or an output of an inference, by default of the one at work, or a matrix of weights."""
        program = self._program
        for weights in program.weights:
            if weights.name == name:
                return TensorState(name, "weights", -1, weights.values, 0, 0)
        tensors = {one.name: one for one in (*program.inputs, *program.outputs)}
        if name not in tensors:
            known = (*tensors, *(one.name for one in program.weights))
            raise UsageError(
                f"the program has no tensor {name!r}",
                hint=did_you_mean(name, known, f"there are {any_of(known)}" if known else "it has none"),
            )
        number = self._at_work(view) if inference is None else inference
        inferences = self._timeline.prepared.host.inferences
        if not 0 <= number < inferences:
            hint = f"the host has {count(inferences, 'inference')}, 0 to {inferences - 1}"
            raise UsageError(f"there is no inference {number}", hint=hint)
        if any(one.name == name for one in program.inputs):
            return self._input(view, tensors[name], number)
        return self._output(view, tensors[name], number)

    def _at_work(self, view: View) -> int:
        """The inference at work: the controller's, else the last of which a tensor was moved, else the first."""
        if view.sequencer.inference >= 0:
            return view.sequencer.inference
        self._replay.go_to(view.sequencer.serial)
        notes = self._replay.notes
        moved = [np.flatnonzero(places) for side in (notes.inputs, notes.outputs) for places in side.values()]
        return max((int(found[-1]) for found in moved if len(found)), default=0)

    def _input(self, view: View, tensor: Tensor, inference: int) -> TensorState:
        self._replay.go_to(view.sequencer.serial)
        size, words = words_of(tensor), self._replay.given(tensor, inference)
        issued = self._replay.notes.inputs[tensor.name][inference]
        there = _crossed(view, "host_in", issued, size) if issued else 0
        return TensorState(tensor.name, "input", inference, from_words(tensor, words)[0], size, there)

    def _output(self, view: View, tensor: Tensor, inference: int) -> TensorState:
        self._replay.go_to(view.sequencer.serial)
        size, words = words_of(tensor), self._replay.out[tensor.name][inference : inference + 1].copy()
        issued = self._replay.notes.outputs[tensor.name][inference]
        there = _crossed(view, "host_out", issued, size) if issued else 0
        words[:, there:] = 0
        return TensorState(tensor.name, "output", inference, from_words(tensor, words)[0], size, there)


class _Held(NamedTuple):
    """Main memory as the chip holds it: its words, who wrote each, and by whom a word will be written."""

    memory: Codes
    writers: NDArray[np.int32]
    coming: dict[int, int]


def _held(replay: Replay, view: View) -> _Held:
    """What has been issued up to the oldest write that is under way, and of all after it what has happened."""
    left: dict[int, int | None] = {}
    for agent in view.chip.agents.values():
        left |= {one.serial: events for one, events in look.under_way(agent) if moves(one, CELL).writes}
    issued = view.sequencer.serial
    replay.go_to(min(left, default=issued))
    held = _Held(replay.memory.copy(), replay.notes.writers.copy(), {})
    for dispatch, addresses, words in replay.stores(issued):
        rest = left.get(dispatch.serial, 0)
        done = 0 if rest is None else len(addresses) - rest
        put(held.memory, dispatch, addresses, words, done)
        held.writers[addresses[:done]] = dispatch.pc
        held.coming.update(dict.fromkeys(addresses[done:].tolist(), dispatch.pc))
    return held


def _crossed(view: View, agent: str, serial: int, words: int) -> int:
    """How many of the words of a tensor have crossed the host's port, of a transfer that has been issued."""
    for dispatch, left in look.under_way(view.chip.agents[agent]):
        if dispatch.serial == serial:
            return 0 if left is None else words - left
    return words


def _ungiven(view: View, pipe: str) -> int:
    """How many items of a pipe have been issued and have yet to be given."""
    found = 0
    for agent in view.chip.agents.values():
        for dispatch, left in look.under_way(agent):
            flow = moves(dispatch) if pipe in agent.gives else None
            if flow is not None and flow.gives == pipe:
                found += flow.given if left is None else left
    return found


def _last(given: deque[Given], items: int) -> list[Codes]:
    """The rows that were given last to a pipe, the oldest of them first."""
    rows: list[Codes] = []
    for _, part in reversed(given):
        if items <= len(rows):
            break
        rows = [*part.values, *rows]
    return rows[-items:] if items else []
