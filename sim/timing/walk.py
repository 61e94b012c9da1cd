"""The instructions that a controller will issue, walked ahead: data never steer the clock, so all of them are known.

A *signature* is all of an instruction that time depends on. Two with equal signatures take the same steps, whatever
their addresses, codes, inferences and layers.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from acortex.isa.flows import CELL
from acortex.isa.program import Program
from acortex.isa.semantics import moves, shifts, spills
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.isa.table import NEXT
from acortex.sim.chip.groups import GroupTimes
from acortex.sim.timing.array import SWITCH
from acortex.sim.timing.unit import Context

UNTIMED = frozenset(
    (
        # registers: what they hold counts, as far as time depends on it
        "stream", "window", "group", "by", "step", "quantiser", "other", "gates",
        # codes: data never steer the clock
        "then", "every", "zero_a", "zero_b", "fill", "value", "mode", "inside", "state", "tensor",
        # which channels of a word are written; how many words that takes is in the flow
        "shift", "tail", "dense",
    )
)  # fmt: skip
"""Operands that move no cycle themselves. One that is not listed is part of the signature."""

END = "end"
"""Stands for the agent of what comes after the last instruction."""


class Places:
    """Some of the instructions, by their places in the order of issue: a byte for each of all."""

    def __init__(self, first: int, among: bytes) -> None:
        self._first = first
        self._among = among

    def __contains__(self, serial: object) -> bool:
        return isinstance(serial, int) and self._among[serial - self._first] > 0


class Walk:
    """Walks the rest of a sequencer's program at once; a controller takes its instructions from it one by one."""

    def __init__(self, sequencer: Sequencer) -> None:
        self.program: Program = sequencer.program
        self.inferences = sequencer.inferences
        self.first = sequencer.serial
        """The place of the first instruction in the order of issue."""
        self.dispatches: list[Dispatch | None] = []
        self._contexts: list[int] = []
        """Address, layer and inference of one instruction after the other."""
        self._at = 0
        self._walk(sequencer)
        self.agents = ["" if one is None else one.agent for one in self.dispatches]
        """The agent of each instruction; "" for the controller's own."""
        self.agents.append(END)
        ends = [row.effect == NEXT for row in sequencer.rows()]
        self.loop_ends = Places(self.first, bytes([ends[pc] for pc in self._contexts[::3]]))
        """The instructions that end a loop."""

    def _walk(self, sequencer: Sequencer) -> None:
        dispatches, contexts = self.dispatches, self._contexts
        while sequencer.state != "halted":
            contexts += sequencer.pc, sequencer.layer, sequencer.inference
            dispatches.append(sequencer.step())

    # As a controller sees it ------------------------------------------------------------------------------------

    @property
    def serial(self) -> int:
        """The place of the next instruction in the order of issue."""
        return self.first + self._at

    @serial.setter
    def serial(self, serial: int) -> None:
        """Goes to the instruction at a place."""
        self._at = serial - self.first

    @property
    def in_program(self) -> bool:
        """Whether there is a next instruction."""
        return self._at < len(self.dispatches)

    @property
    def state(self) -> str:
        """`running`, or `halted` after the last instruction."""
        return "running" if self.in_program else "halted"

    @property
    def context(self) -> Context:
        """The address, layer and inference of the next instruction, and its place in the order of issue."""
        at = self._at
        pc, layer, inference = self._contexts[3 * at : 3 * at + 3]
        return pc, layer, inference, self.first + at

    @property
    def inference(self) -> int:
        """The inference of the last instruction that was issued."""
        return self._contexts[3 * max(self._at - 1, 0) + 2] if self._contexts else -1

    def agent(self) -> str:
        """The agent that the next instruction is for; "" for the controller's own."""
        return self.agents[self._at]

    def step(self) -> Dispatch | None:
        """Gives the next instruction; None for one of the controller's own."""
        dispatch = self.dispatches[self._at]
        self._at += 1
        return dispatch

    # By place ---------------------------------------------------------------------------------------------------

    def dispatch(self, serial: int) -> Dispatch:
        """The instruction at a place in the order of issue, which is one of an agent."""
        found = self.dispatches[serial - self.first]
        assert found is not None
        return found

    @cached_property
    def contexts(self) -> NDArray[np.int64]:
        """Address, layer and inference of all instructions: int64 of shape (3, instructions)."""
        return np.array(self._contexts, dtype=np.int64).reshape(-1, 3).T.copy()

    def receivers(self, first: int, last: int) -> list[str]:
        """The agents of the instructions from one place to another, both included."""
        return self.agents[first - self.first : last - self.first + 1]


class Signatures:
    """The signatures of a walk's instructions as small numbers: equal ones for equal signatures."""

    def __init__(self, walk: Walk, groups: Mapping[int, GroupTimes], lanes: int, banks: int | None) -> None:
        self._walk = walk
        self._groups = groups
        self._lanes = lanes
        self._banks = banks
        """The banks of main memory, where an access can find its bank taken."""
        self._known: dict[int, int] = {}
        self._numbers: dict[Hashable, int] = {}
        self._seen: dict[Hashable, int] = {}
        self._timed_groups: dict[int, int] = {}
        """By group: equal numbers where time depends on equal things."""
        self._rows: dict[str, tuple[list[str], bool]] = {}
        """By mnemonic: the operands that time depends on themselves, and whether words can be shifted."""

    def of(self, serial: int) -> int:
        """The number of an instruction's signature, by its place; -1 for what is no agent's."""
        at = serial - self._walk.first
        if not 0 <= at < len(self._walk.dispatches):
            return -1
        found = self._known.get(at)
        if found is None:
            dispatch = self._walk.dispatches[at]
            found = self._known[at] = -1 if dispatch is None else self._number(dispatch)
        return found

    def before_events(self, serial: int) -> int:
        """The number of what time depends on of an instruction before its first event: not of its group."""
        return self._numbered(self._signature(self._walk.dispatch(serial), False))

    def _number(self, dispatch: Dispatch) -> int:
        alike = (dispatch.pc, dispatch.stream, dispatch.window, dispatch.group)
        if alike not in self._seen:
            self._seen[alike] = self._numbered(self._signature(dispatch, True))
        return self._seen[alike]

    def _numbered(self, signature: Hashable) -> int:
        return self._numbers.setdefault(signature, len(self._numbers))

    def _signature(self, dispatch: Dispatch, group: bool) -> Hashable:
        row, stream, window = dispatch.row, dispatch.stream, dispatch.window
        known = self._rows.get(row.mnemonic)
        if known is None:
            known = self._rows[row.mnemonic] = [name for name in row.by_name if name not in UNTIMED], shifts(dispatch)
        timed, shifted = known
        found: list[Hashable] = [row.mnemonic, moves(dispatch, CELL)]
        found += [getattr(dispatch.ops, name) for name in timed]
        if shifted:
            found.append(spills(dispatch))
        if stream is not None:
            found.append(stream.extents)
            if self._banks is not None:
                found += [stream.base % self._banks, *(stride % self._banks for stride in stream.strides)]
        if window is not None:
            found.append(window)
        if dispatch.group >= 0 and row.timing != SWITCH:
            found += [self._timed_group(dispatch.group) if group else None, dispatch.group % self._lanes]
        return tuple(found)

    def _timed_group(self, number: int) -> int:
        """What time depends on of a group, as a number: not how many multiplications it is, nor how many segments."""
        if number not in self._timed_groups:
            timed = replace(self._groups[number], macs=0, segments=0)
            self._timed_groups[number] = self._numbered(timed)
        return self._timed_groups[number]
