"""What a program's words hold: take, compute, give, in values alone. No rules, no order, no clock.

Values are computed inference after inference, or for many inferences at once, which are then lanes: a leading axis of
main memory, of pipes, of the state store and of the outputs. Data never steer control, so that the instructions are
those of one inference for all lanes.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.tensors import words_of
from acortex.isa.codec import OPCODE_SHIFT
from acortex.isa.machine import CHANNELS
from acortex.isa.program import Program, Tensor
from acortex.isa.semantics import MEANINGS, Flow, Shape, on_rows, written
from acortex.isa.sequencer import Dispatch
from acortex.isa.table import OPCODES
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.configuration import Configuration
from acortex.sim.functional.host_work import HostValues
from acortex.sim.functional.layer_dump import LayerDump

Words = NDArray[np.uint8]
Array = NDArray[Any]


class Part(NamedTuple):
    """Items that were put into a pipe together: an array of shape (..., rows, width), and the group of its sums."""

    items: int
    values: Array
    group: int = -1


@dataclass
class ValuePipe:
    """The values between two agents."""

    parts: deque[Part] = field(default_factory=deque)

    def put(self, part: Part) -> None:
        """Adds items behind all others."""
        if part.items:
            self.parts.append(part)

    def take(self, count: int, keep: bool = False) -> list[Part]:
        """The next `count` items; they stay with `keep`."""
        before = self.parts.copy() if keep else self.parts
        taken = []
        while count:
            part = self.parts.popleft()
            if part.items > count:
                rows = part.values.shape[-2] // part.items * count  # an item of neurons may have several rows
                self.parts.appendleft(Part(part.items - count, part.values[..., rows:, :], part.group))
                part = Part(count, part.values[..., :rows, :], part.group)
            taken.append(part)
            count -= part.items
        self.parts = before
        return taken


class ValuesSnapshot(NamedTuple):
    """What main memory, state store, outputs and pipes hold between two instructions."""

    memory: Words
    states: Array
    out: Mapping[str, Words]
    pipes: Mapping[str, tuple[Part, ...]]


class AnalogArrays(Protocol):
    """What stands in for ideal arrays and neurons: a population of chips, each with its own errors.

    Chips are the first axis of all values. It is one long until a value differs from chip to chip.
    """

    @property
    def chips(self) -> int:
        """How many there are."""

    def begin(self) -> None:
        """Begins a walk of the program."""

    def sums(self, codes: Array, dispatch: Dispatch, first: int) -> Array:
        """What a group's columns give: float of shape (chips, ..., positions, columns).

        `codes` on its rows are of shape (chips or 1, ..., positions, rows); `first` is the inference of the first lane.
        """

    def neurons(self, sums: Array, group: int, dispatch: Dispatch) -> Array:
        """The sums as the neurons of a group see them, which a `convert` quantises: float64 of the shape of `sums`."""


ArraysOf: TypeAlias = Callable[[Configuration], AnalogArrays]
"""Makes analog arrays of what a program sets up; they are asked for sums after its set-up alone."""


Note: TypeAlias = Callable[[Dispatch, Array], None]
"""What is told of each product: its instruction, and the codes on the rows of its group."""


def of_one_chip(out: Mapping[str, Words], analog: AnalogArrays | None) -> dict[str, Words]:
    """Outputs without their axis of chips, where they have one: those of the first."""
    return dict(out) if analog is None else {name: words[0] for name, words in out.items()}


class Values:
    """Main memory, pipes, state store and outputs of a program, in values.

    `tensors` are the inputs as words, by name: uint8 of shape (inferences, words, 64). With `lanes` these inferences
    are lanes, and the instructions those of one inference. `out` has the outputs in the same form. With `analog` arrays
    chips are an axis before all others, also of `out`; `first` is then the number of the first inference. `note` is
    told of each product. `host` computes what the host does between parts of the chip.
    """

    def __init__(
        self,
        program: Program,
        chip: Chip,
        tensors: Mapping[str, Words],
        inferences: int,
        lanes: bool,
        analog: AnalogArrays | None = None,
        first: int = 0,
        note: Note | None = None,
        host: HostValues | None = None,
    ) -> None:
        axes = (1,) * (analog is not None) + (inferences,) * lanes
        self.program = program
        self.memory = np.zeros((*axes, chip.memory_words, CHANNELS), dtype=np.uint8)
        for table in program.memory:
            self.memory[..., table.address : table.end, :] = table.values
        self.out: dict[str, Words] = {
            tensor.name: np.zeros((*_chips(analog), inferences, words_of(tensor), CHANNELS), dtype=np.uint8)
            for tensor in program.outputs
        }
        self._axes = axes
        self._inferences = inferences
        self._lanes = lanes
        self._analog = analog
        self._first = first
        self._note = note
        self._tensors = dict(tensors)
        self._host = host
        self._states = np.zeros((*axes, states_of(program, chip), CHANNELS), dtype=np.int16)
        self._pipes: defaultdict[str, ValuePipe] = defaultdict(ValuePipe)

    def move(
        self, dispatch: Dispatch, flow: Flow, shape: Shape | None, addresses: NDArray[np.int64], dump: LayerDump | None
    ) -> None:
        """Takes what an instruction takes, computes, and gives what it gives; `dump` notes what it writes."""
        given = self._given(dispatch, flow, shape, self._taken(dispatch, flow, addresses))
        rows = (len(addresses) if flow.writes else flow.given) + flow.state
        if (flow.writes or rows) and given.shape[-2] != rows:
            told = f"its Flow says {rows} items, and its function made {given.shape[-2]}"
            raise AssertionError(f"{dispatch.row.mnemonic}: {told}")
        if flow.state:
            first = dispatch.ops.state
            self._states = self._on_chips(self._states, given)
            self._states[..., first : first + flow.state, :] = given[..., flow.given :, :]
            given = given[..., : flow.given, :].astype(np.uint8)
        if flow.writes:
            self.store(dispatch, addresses, given)
            if dump is not None and flow.takes != "host_in":
                held = self.memory if self._analog is None else self.memory[0]
                dump.note(dispatch, addresses, held[..., addresses, :])
        if flow.gives == "host_out":
            self.out[self.program.outputs[dispatch.ops.tensor].name][..., self._turn(dispatch), :, :] = given
        elif flow.gives:
            self._pipes[flow.gives].put(Part(flow.given, given, dispatch.group))

    def snapshot(self) -> ValuesSnapshot:
        """All that they hold, for `restore`: copies, since main memory and the state store are written in place."""
        out = {name: words.copy() for name, words in self.out.items()}
        pipes = {name: tuple(pipe.parts) for name, pipe in self._pipes.items()}
        return ValuesSnapshot(self.memory.copy(), self._states.copy(), out, pipes)

    def restore(self, found: ValuesSnapshot) -> None:
        """Holds again what a snapshot has."""
        self.memory, self._states = found.memory.copy(), found.states.copy()
        self.out = {name: words.copy() for name, words in found.out.items()}
        self._pipes.clear()
        for name, parts in found.pipes.items():
            self._pipes[name].parts.extend(parts)

    def last_given(self, pipe: str) -> Part:
        """What the last instruction gave to a pipe, of which nothing has been taken."""
        return self._pipes[pipe].parts[-1]

    def work(self, dispatch: Dispatch) -> None:
        """Has the host work on a part of the network: of all inferences where these are lanes."""
        if self._host is None:
            return
        turn = slice(None) if self._lanes else slice(dispatch.inference, dispatch.inference + 1)
        first = self._first if self._lanes else dispatch.inference
        taken = {name: words[..., turn, :, :] for name, words in self.out.items()}
        lanes = len(range(*turn.indices(self._inferences)))
        for name, words in self._host.work(dispatch, first, lanes, taken).items():
            if name not in self._tensors:
                shape = (*words.shape[:-3], self._inferences, *words.shape[-2:])
                self._tensors[name] = np.zeros(shape, dtype=np.uint8)
            self._tensors[name][..., turn, :, :] = words

    def given(self, tensor: Tensor, inference: int) -> Words:
        """An input of an inference as words, uint8 of shape (1, words, 64): zeros where the host has yet to make it."""
        words = self._tensors.get(tensor.name)
        return (
            np.zeros((1, words_of(tensor), CHANNELS), np.uint8) if words is None else words[inference : inference + 1]
        )

    @property
    def columns(self) -> int:
        """How many columns the sums have that are converted next."""
        parts = self._pipes["sums"].parts
        return parts[0].values.shape[-1] if parts else 1

    def _turn(self, dispatch: Dispatch) -> slice | int:
        """The inference of a host transfer; with lanes, all of them."""
        return slice(None) if self._lanes else dispatch.inference

    def _given(self, dispatch: Dispatch, flow: Flow, shape: Shape | None, taken: Array) -> Array:
        """What an instruction computes of what it takes: of ideal arrays, or of analog ones."""
        if self._note is not None and flow.gives == "sums" and shape is not None:
            self._note(dispatch, on_rows(taken, shape))
        if self._analog is None or shape is None:
            return MEANINGS[dispatch.row.mnemonic].compute(taken, dispatch, shape)
        if flow.gives == "sums":
            first = self._first if self._lanes else dispatch.inference
            return self._analog.sums(on_rows(taken, shape), dispatch, first)
        return MEANINGS[dispatch.row.mnemonic].compute(taken, dispatch, shape._replace(whole=False))

    def _taken(self, dispatch: Dispatch, flow: Flow, addresses: NDArray[np.int64]) -> Array:
        """The values that an instruction takes, from memory, the host, pipes or the state store."""
        if flow.takes == "host_in":
            tensor = self.program.inputs[dispatch.ops.tensor]
            words: Words = self._tensors[tensor.name][..., self._turn(dispatch), :, :]
            return words if self._analog is None or tensor.host else words[None]
        if flow.reads:
            run = _run(addresses)
            return self.memory[..., addresses, :] if run is None else self.memory[..., run, :].copy()
        parts = self._items(dispatch, flow)
        if flow.state:
            first = dispatch.ops.state
            old = self._states[..., first : first + flow.state, :]
            parts.append(old if flow.recalls else np.zeros_like(old))
        if not parts:  # a window that lies wholly outside its image needs no words
            return np.zeros((*self._axes, 0, CHANNELS), dtype=np.uint8)
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts if self._analog is None else _for_all_chips(parts), axis=-2)

    def _items(self, dispatch: Dispatch, flow: Flow) -> list[Array]:
        """What an instruction takes from pipes; sums as the neurons see them."""
        taken = self._pipes[flow.takes].take(flow.taken, flow.keeps)
        if self._analog is not None and flow.takes == "sums":
            return [self._analog.neurons(part.values, part.group, dispatch) for part in taken]
        return [part.values for part in (*taken, *self._pipes["operand"].take(flow.operands))]

    def _on_chips(self, held: Array, values: Array) -> Array:
        """What all chips held alike, for each chip: once a value that is stored differs from chip to chip."""
        if self._analog is None or len(values) <= len(held):
            return held
        return np.repeat(held, len(values), axis=0)

    def store(self, dispatch: Dispatch, addresses: NDArray[np.int64], words: Words) -> None:
        """Writes words into main memory, or the channels of them that the instruction changes, in the order given."""
        self.memory = self._on_chips(self.memory, words)
        put(self.memory, dispatch, addresses, words)


def put(memory: Words, dispatch: Dispatch, addresses: NDArray[np.int64], words: Words, done: int | None = None) -> None:
    """Writes words of an instruction, uint8 of shape (..., words, 64): the channels that it changes.

    Of its words the first `done`, by default all.
    """
    mask = written(dispatch)
    if mask is None:
        run = _run(addresses[:done])
        memory[..., addresses[:done] if run is None else run, :] = words[..., :done, :]
        return
    changed = np.tile(mask, (len(addresses) // len(mask), 1))[:done]
    word, channel = np.nonzero(changed)
    memory[..., addresses[word], channel] = words[..., word, channel]


def states_of(program: Program, chip: Chip) -> int:
    """The words of the state store that a program may use: none where no instruction of it has a state."""
    used = {int(word) >> OPCODE_SHIFT for word in program.words}
    return chip.vector.state_words if any("state" in OPCODES[opcode].by_name for opcode in used) else 0


def _chips(analog: AnalogArrays | None) -> tuple[int, ...]:
    """The axis of chips, where there is one."""
    return () if analog is None else (analog.chips,)


def _for_all_chips(parts: list[Array]) -> list[Array]:
    """Parts of which some are alike for all chips, each with as many chips as the others."""
    most = max(len(part) for part in parts)
    return [np.broadcast_to(part, (most, *part.shape[1:])) for part in parts]


def _run(addresses: NDArray[np.int64]) -> slice | None:
    """Words that follow each other in memory, as a slice, which moves much faster; None for others."""
    if not len(addresses) or addresses[-1] - addresses[0] + 1 != len(addresses) or (np.diff(addresses) != 1).any():
        return None
    return slice(int(addresses[0]), int(addresses[-1]) + 1)
