"""Whether inferences are independent of each other, so that their values may be computed as lanes.

The instructions of one inference stand for those of all where each turn of the loop over the host's inferences takes
the same steps, and each step reads what the same steps of its own turn wrote. `Lineage` follows a walk of the rules
without values. It records for each word the turn and the step that wrote it. The digest of a turn covers every step,
and for every word that is read the step that wrote it: all turns must have the digest of the first. A word that no turn
writes has its initial value: its address enters the digest.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS
from acortex.isa.semantics import written
from acortex.sim.functional.rules.pipes import room
from acortex.sim.functional.rules.situation import Known, Situation

Ints = NDArray[np.int64]

ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
"""All channels of a word, a bit each."""


class Lineage:
    """Follows a walk turn by turn. `why` says why its inferences cannot be lanes; it is empty where they can.

    With `layers` the words that each layer writes count as read, because they are dumped.
    """

    def __init__(self, known: Known, layers: bool) -> None:
        words = known.chip.memory_words
        self.why = ""
        self.largest = 0
        """The most words that the items take which one instruction gives."""
        self.turn = -1
        """The turn that is walked; -1 before the loop, and after it."""
        self.turn_of = np.full(words, -1, dtype=np.int64)
        """In which turn each word was last written; -1 for never."""
        self._known = known
        self._layers = layers
        self._step_of = np.zeros(words, dtype=np.int64)
        self._fresh = np.zeros(words, dtype=np.uint64)
        self._ever = np.zeros(words, dtype=np.uint64)
        """Which channels of a word its last turn wrote, and which any turn did."""
        self._states = np.full(len(known.states), -1, dtype=np.int64)
        self._steps: dict[tuple[object, ...], int] = {}
        self._count = 0
        self._digest = blake2b()
        self._first: bytes | None = None

    def fixed(self) -> tuple[object, ...]:
        """What is equal at the end of all turns from some turn on."""
        arrays = (self._step_of, self._fresh, self._ever)
        return (self.why, self._first, *(array.tobytes() for array in arrays))

    def begin(self, turn: int) -> None:
        """A turn begins, or, with -1, the loop has ended."""
        if self.turn >= 0:
            digest = self._digest.digest()
            self._first = self._first or digest
            if digest != self._first:
                self._refuse(f"turn {self.turn} takes other steps than the first, or other words")
            if any(pipe.held for pipe in self._known.pipes.values()):
                self._refuse("some items stay in pipes from one turn to the next")
        self.turn, self._count, self._digest = turn, 0, blake2b()

    def move(self, at: Situation) -> None:
        """Follows an instruction that moves items."""
        if self.why:
            return
        if self.turn < 0:
            self._refuse(f"{self._line(at)} moves items outside the loop over the host's inferences")
            return
        self.largest = max(self.largest, room(at))
        self._note_step(at)
        if at.flow.reads:
            self._read(at, at.addresses)
        if at.flow.state:
            self._state(at)
        if at.flow.writes:
            self._write(at)

    def _refuse(self, why: str) -> None:
        self.why = self.why or why

    def _line(self, at: Situation) -> str:
        return self._known.line(at.dispatch)

    def _note_step(self, at: Situation) -> None:
        """The step itself: its instruction and the values of its registers, except the first address of its stream."""
        dispatch = at.dispatch
        form = (dispatch.stream.extents, dispatch.stream.strides) if dispatch.stream is not None else None
        named = (dispatch.quantiser, dispatch.other, dispatch.window, form)
        step = (dispatch.pc, dispatch.group, dispatch.layer if self._layers else 0, *named)
        self._digest.update(self._steps.setdefault(step, len(self._steps)).to_bytes(8, "little"))
        self._count += 1
        to_host = at.flow.takes == "host_in" or at.flow.gives == "host_out"
        if dispatch.inference != self.turn and (to_host or (self._layers and at.flow.writes)):
            self._refuse(f"{self._line(at)} does not belong to the inference of its turn")

    def _read(self, at: Situation, addresses: Ints) -> None:
        """A word that is read was written in this turn, in all channels that any turn writes, or is an initial word."""
        turns, fresh = self.turn_of[addresses], self._fresh[addresses]
        own, initial = turns == self.turn, turns < 0
        part = own & (fresh != ALL)
        stale = (self._ever[addresses] & ~fresh) != 0
        if not (own | initial).all() or (part & (stale | self._known.order.loaded[addresses])).any():
            self._refuse(f"{self._line(at)} reads what an earlier turn of the loop wrote")
        self._digest.update(np.where(own, self._step_of[addresses], -1 - addresses).tobytes())

    def _state(self, at: Situation) -> None:
        words = slice(at.dispatch.ops.state, at.dispatch.ops.state + at.flow.state)
        if at.flow.recalls and (self._states[words] != self.turn).any():
            self._refuse(f"{self._line(at)} recalls what an earlier turn of the loop left in the state store")
        self._states[words] = self.turn

    def _write(self, at: Situation) -> None:
        addresses, mask = at.addresses, written(at.dispatch)
        if mask is not None:
            self._write_part(at, _bits(mask))
        else:
            self._fresh[addresses] = self._ever[addresses] = ALL
        self.turn_of[addresses] = self.turn
        self._step_of[addresses] = (self._count << 32) + np.arange(len(addresses))
        if self._layers and mask is not None:
            self._read(at, addresses)

    def _write_part(self, at: Situation, bits: NDArray[np.uint64]) -> None:
        """A write of some channels: the other channels keep what this turn wrote there, and so count as read."""
        addresses = at.addresses
        bits = np.tile(bits, len(addresses) // len(bits))
        own = self.turn_of[addresses] == self.turn
        self._digest.update(np.where(own, self._step_of[addresses], -1).tobytes())
        self._fresh[addresses[~own]] = 0
        for channels in (self._fresh, self._ever):
            np.bitwise_or.at(channels, addresses, bits)  # a word may come twice


def _bits(mask: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """The channels of words, a bit each: uint64 of shape (words,)."""
    weights = np.uint64(1) << np.arange(CHANNELS, dtype=np.uint64)
    bits: NDArray[np.uint64] = (mask * weights).sum(axis=1, dtype=np.uint64)
    return bits
