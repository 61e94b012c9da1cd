"""What a debugger shows of a program in some cycle: frozen, and nothing that a run goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.windows import Window
from acortex.isa.sequencer import Stream

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Place:
    """An instruction: its address, its line, and what it belongs to; `layer` is "" and `inference` -1 for none."""

    pc: int
    file: str
    line: int
    text: str
    layer: str = ""
    inference: int = -1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Change:
    """A write to a watched word: what it held before and holds now, uint8 of shape (64,), and what wrote it."""

    address: int
    before: Codes
    after: Codes
    by: Place | None


@dataclass(frozen=True)
class Where:
    """Where a run stands: all that begins before `cycle` has happened, and nothing else.

    `next` is the instruction that the controller issues next, in this cycle where `issues_now` is set; None where it
    has issued all. `issued` counts those since the set-up. `reasons` say what it stopped for, `changes` are those of
    watched words. `error` is what failed in this cycle.
    """

    cycle: int
    state: Literal["running", "ended", "failed"]
    next: Place | None
    issues_now: bool
    issued: int
    reasons: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    error: AcortexError | None = None


@dataclass(frozen=True)
class UnitState:
    """What a unit does: `busy` until cycle `cycle`, `waits` since then, or `idle`, or `goes on` in this cycle.

    A wait has its `cause` and, in words, `what` is waited for, and the unit `of` which it comes; "" for none.
    `place` is its instruction, of which `left` events are left to do.
    """

    path: str
    state: Literal["busy", "waits", "idle", "goes on"]
    cycle: int
    cause: str = ""
    what: str = ""
    of: str = ""
    place: Place | None = None
    left: int = 0


@dataclass(frozen=True)
class QueueState:
    """The queue of an agent: its instruction at work, of which `left` events are left, and those that wait for it."""

    agent: str
    capacity: int
    current: Place | None
    left: int
    waiting: tuple[Place, ...]


@dataclass(frozen=True)
class ChannelState:
    """A queue of items between two units: how many places are taken, and how many items are there.

    `coming` are the cycles from which those can be seen that are on their way.
    """

    name: str
    capacity: int
    taken: int
    items: int
    coming: tuple[int, ...]


@dataclass(frozen=True)
class TokenState:
    """A token: how many are there, in which cycles others will be, and which agents and instructions are about it."""

    number: int
    there: int
    coming: tuple[int, ...]
    awaited: tuple[str, ...]
    signals: tuple[Place, ...]
    """The instructions that will make one, of those that have been issued."""


@dataclass(frozen=True)
class Loop:
    """A loop's register: in which turn it is, from 0 on, of how many."""

    number: int
    turn: int
    turns: int


@dataclass(frozen=True)
class Registers:
    """The controller's registers after the last instruction that was issued."""

    pc: int
    layer: str
    inference: int
    loops: tuple[Loop, ...]
    streams: tuple[tuple[int, Stream], ...]
    quantisers: tuple[tuple[int, Quantiser], ...]
    windows: tuple[tuple[int, Window], ...]


@dataclass(frozen=True)
class Word:
    """A word of main memory: uint8 of shape (64,), as the chip holds it, and the instruction that wrote it last.

    `state` is `written`, `initial` for what the program gives it before the run, or `empty`. `coming` is what it holds
    after the writes that have been issued and have yet to happen; `coming_by` is the last of them.
    """

    address: int
    codes: Codes
    state: Literal["written", "initial", "empty"]
    by: Place | None = None
    coming: Codes | None = None
    coming_by: Place | None = None


@dataclass(frozen=True)
class Item:
    """A word or an input vector in the buffer: its codes, and the cycle from which it can be seen."""

    codes: Codes
    seen: int


@dataclass(frozen=True)
class BufferState:
    """The buffer: places taken, its words and its input vectors, the oldest first.

    Words that only a vector holds, until it is loaded, take places and are in `vectors` alone.
    """

    unit: UnitState
    words: ChannelState
    vectors: ChannelState
    held: tuple[Item, ...]
    made: tuple[Item, ...]


@dataclass(frozen=True)
class GroupState:
    """A group: its size, its weights, int8 of shape (rows, columns), where it lies, and whether it is connected.

    `rects` are (column, row, height, width), in arrays. `by` is the instruction that connected or disconnected it last,
    `coming_by` one that has been issued and will.
    """

    number: int
    rows: int
    columns: int
    arrays: int
    rects: tuple[tuple[int, int, int, int], ...]
    weights: str
    values: NDArray[np.int8]
    connected: bool
    by: Place | None
    coming_by: Place | None
    at_work: tuple[Place, ...]
    """The instructions under way and in the queue that work with it."""


@dataclass(frozen=True)
class TensorState:
    """A tensor: its numbers in its shape, and how many of its words the host has sent or received.

    `kind` is `input` or `output`, of an inference, or `weights`, of no inference.
    """

    name: str
    kind: Literal["input", "output", "weights"]
    inference: int
    values: NDArray[np.generic]
    words: int
    words_there: int


@dataclass(frozen=True)
class ListedLine:
    """A line of the program that has an instruction: whether it is the next one, and which breakpoints it has."""

    place: Place
    next: bool
    breakpoints: tuple[int, ...]


@dataclass(frozen=True)
class Breakpoint:
    """A breakpoint or a watch: its number, what it stops the run for, and how often it has."""

    number: int
    kind: Literal["breakpoint", "watch"]
    about: str
    hits: int = 0
