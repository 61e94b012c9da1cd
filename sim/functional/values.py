"""What a program's words hold: take, compute, give, in values alone. No rules, no order, no clock.

Values are computed inference after inference, or for many inferences at once, which are then lanes: a leading axis of
main memory, of pipes, of the state store and of the outputs. Data never steer control, so that the instructions are
those of one inference for all lanes.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.tensors import words_of
from acortex.isa.machine import CHANNELS
from acortex.isa.program import Program
from acortex.isa.semantics import MEANINGS, Flow, Shape, written
from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.layer_dump import LayerDump

Words = NDArray[np.uint8]
Array = NDArray[Any]


@dataclass
class ValuePipe:
    """The values between two agents, each part with the items that it holds: arrays of shape (..., rows, width)."""

    parts: deque[tuple[int, Array]] = field(default_factory=deque)

    def put(self, count: int, values: Array) -> None:
        """Adds items behind all others."""
        if count:
            self.parts.append((count, values))

    def take(self, count: int, keep: bool = False) -> list[Array]:
        """The values of the next `count` items; they stay with `keep`."""
        before = self.parts.copy() if keep else self.parts
        taken = []
        while count:
            held, values = self.parts.popleft()
            if held > count:
                rows = values.shape[-2] // held * count  # an item of neurons may have several rows
                self.parts.appendleft((held - count, values[..., rows:, :]))
                held, values = count, values[..., :rows, :]
            taken.append(values)
            count -= held
        self.parts = before
        return taken


class Values:
    """Main memory, pipes, state store and outputs of a program, in values.

    `tensors` are the inputs as words, by name: uint8 of shape (inferences, words, 64). With `lanes` these inferences
    are lanes, and the instructions those of one inference. `out` has the outputs in the same form.
    """

    def __init__(
        self, program: Program, chip: Chip, tensors: Mapping[str, Words], inferences: int, lanes: bool
    ) -> None:
        axes = (inferences,) if lanes else ()
        self.program = program
        self.memory = np.zeros((*axes, chip.memory_words, CHANNELS), dtype=np.uint8)
        for table in program.memory:
            self.memory[..., table.address : table.end, :] = table.values
        self.out: dict[str, Words] = {
            tensor.name: np.zeros((inferences, words_of(tensor), CHANNELS), dtype=np.uint8)
            for tensor in program.outputs
        }
        self._axes = axes
        self._tensors = tensors
        self._states = np.zeros((*axes, chip.vector.state_words, CHANNELS), dtype=np.int16)
        self._pipes: defaultdict[str, ValuePipe] = defaultdict(ValuePipe)

    def move(
        self, dispatch: Dispatch, flow: Flow, shape: Shape | None, addresses: NDArray[np.int64], dump: LayerDump | None
    ) -> None:
        """Takes what an instruction takes, computes, and gives what it gives; `dump` notes what it writes."""
        given = MEANINGS[dispatch.row.mnemonic].compute(self._taken(dispatch, flow, addresses), dispatch, shape)
        rows = (len(addresses) if flow.writes else flow.given) + flow.state
        if (flow.writes or rows) and given.shape[-2] != rows:
            told = f"its Flow says {rows} items, and its function made {given.shape[-2]}"
            raise AssertionError(f"{dispatch.row.mnemonic}: {told}")
        if flow.state:
            first = dispatch.ops.state
            self._states[..., first : first + flow.state, :] = given[..., flow.given :, :]
            given = given[..., : flow.given, :].astype(np.uint8)
        if flow.writes:
            self._store(dispatch, addresses, given)
            if dump is not None and flow.takes != "host_in":
                dump.note(dispatch, addresses, self.memory[..., addresses, :])
        if flow.gives == "host_out":
            self.out[self.program.outputs[dispatch.ops.tensor].name][self._turn(dispatch)] = given
        elif flow.gives:
            self._pipes[flow.gives].put(flow.given, given)

    @property
    def columns(self) -> int:
        """How many columns the sums have that are converted next."""
        parts = self._pipes["sums"].parts
        return parts[0][1].shape[-1] if parts else 1

    def _turn(self, dispatch: Dispatch) -> slice | int:
        """The inference of a host transfer; with lanes, all of them."""
        return slice(None) if self._axes else dispatch.inference

    def _taken(self, dispatch: Dispatch, flow: Flow, addresses: NDArray[np.int64]) -> Array:
        """The values that an instruction takes, from memory, the host, pipes or the state store."""
        if flow.takes == "host_in":
            words: Words = self._tensors[self.program.inputs[dispatch.ops.tensor].name][self._turn(dispatch)]
            return words
        if flow.reads:
            run = _run(addresses)
            return self.memory[..., addresses, :] if run is None else self.memory[..., run, :].copy()
        parts = self._pipes[flow.takes].take(flow.taken, flow.keeps) + self._pipes["operand"].take(flow.operands)
        if flow.state:
            first = dispatch.ops.state
            old = self._states[..., first : first + flow.state, :]
            parts.append(old if flow.recalls else np.zeros_like(old))
        if not parts:  # a window that lies wholly outside its image needs no words
            return np.zeros((*self._axes, 0, CHANNELS), dtype=np.uint8)
        return np.concatenate(parts, axis=-2) if len(parts) > 1 else parts[0]

    def _store(self, dispatch: Dispatch, addresses: NDArray[np.int64], words: Words) -> None:
        """Writes words into main memory, or the channels of them that the instruction changes, in the order given."""
        mask = written(dispatch)
        if mask is None:
            run = _run(addresses)
            self.memory[..., addresses if run is None else run, :] = words
            return
        changed = np.tile(mask, (len(addresses) // len(mask), 1))
        word, channel = np.nonzero(changed)
        self.memory[..., addresses[word], channel] = words[..., word, channel]


def _run(addresses: NDArray[np.int64]) -> slice | None:
    """Words that follow each other in memory, as a slice, which moves much faster; None for others."""
    if not len(addresses) or addresses[-1] - addresses[0] + 1 != len(addresses) or (np.diff(addresses) != 1).any():
        return None
    return slice(int(addresses[0]), int(addresses[-1]) + 1)
