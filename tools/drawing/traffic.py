"""What the layers of a program use and move in one inference: groups of arrays, words of main memory, each other.

It is read off the program itself, in its order, so that any program has it, whatever wrote it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.flows import CELL, Flow
from acortex.isa.machine import CHANNELS
from acortex.isa.program import Program
from acortex.isa.semantics import moves, visited, written
from acortex.isa.sequencer import Dispatch, Sequencer

MOST_STEPS = 3_000_000
"""Instructions that are looked at: a program that goes on for longer is not drawn."""

MULTIPLY = "multiply"

Addresses = NDArray[np.int64]

NOBODY = -1
"""Who wrote what nothing has written."""

OUTSIDE = "outside layers"
"""The node of what no layer mark covers."""


@dataclass(frozen=True)
class Node:
    """A layer, or an input or an output of the network (`kind`), with its multiply-accumulates for one inference.

    `groups` are the numbers of its groups of arrays; `words` those that it writes to main memory.
    """

    name: str
    kind: str
    macs: int = 0
    groups: tuple[int, ...] = ()
    words: int = 0


@dataclass(frozen=True)
class Traffic:
    """Nodes in the order of the program, and the words that go from one to another: `edges[giver, taker]`.

    A word that several layers wrote, each some of its channels, counts for each of them.
    A giver that stands at or behind its taker is a state that comes back.
    """

    nodes: Sequence[Node]
    edges: Mapping[tuple[int, int], int]

    @property
    def layers(self) -> list[str]:
        """The names of the layers, in the order of the program."""
        return [node.name for node in self.nodes if node.kind == "layer"]

    def layer_of_group(self) -> dict[int, str]:
        """The layer of each group of arrays; of one that several layers use, the first of them."""
        found: dict[int, str] = {}
        for node in self.nodes:
            for group in node.groups:
                found.setdefault(group, node.name)
        return found


class Writers:
    """Who wrote each channel of each word of main memory, and last.

    Words that the same layers wrote in the same channels share a state: there are few of those, however many words. A
    word that was read is begun anew by who writes its first channel: what others held is of an earlier map, whose words
    were wider.
    """

    def __init__(self, words: int) -> None:
        self._states: list[tuple[int, ...]] = [(NOBODY,) * CHANNELS]
        self._numbers = {self._states[0]: 0}
        self._held = np.zeros(words, np.int32)
        self._read = np.zeros(words, np.bool_)

    def write(self, layer: int, addresses: NDArray[np.int64], mask: NDArray[np.bool_] | None) -> None:
        """A layer writes words; with `mask` of shape (words of a pixel, 64) those channels alone, pixel by pixel."""
        for channels, places in zip(*_by_mask(addresses, mask), strict=True):
            if channels[0]:
                self._held[places[self._read[places]]] = 0
            before, of_place = np.unique(self._held[places], return_inverse=True)
            after = [self._changed(int(state), layer, channels) for state in before]
            self._held[places] = np.array(after, np.int32)[of_place]
            self._read[places] = False

    def read(self, addresses: NDArray[np.int64]) -> Counter[int]:
        """For each layer that wrote into some of these words how many of them."""
        found: Counter[int] = Counter()
        self._read[addresses] = True
        for state, words in zip(*np.unique(self._held[addresses], return_counts=True), strict=True):
            for layer in {*self._states[int(state)]} - {NOBODY}:
                found[layer] += int(words)
        return found

    def _changed(self, state: int, layer: int, channels: NDArray[np.bool_]) -> int:
        before = self._states[state]
        return self._number(tuple(layer if new else old for new, old in zip(channels.tolist(), before, strict=True)))

    def _number(self, state: tuple[int, ...]) -> int:
        """The number of a state, which is made where there is none."""
        if state not in self._numbers:
            self._numbers[state] = len(self._states)
            self._states.append(state)
        return self._numbers[state]


def _by_mask(addresses: NDArray[np.int64], mask: NDArray[np.bool_] | None) -> tuple[NDArray[np.bool_], Addresses]:
    """The channels that are written of each word of a pixel, and for each the addresses of all pixels."""
    if mask is None:
        return np.ones((1, CHANNELS), np.bool_), addresses[None]
    return mask, addresses.reshape(-1, len(mask)).T


@dataclass
class _Walk:
    """What a walk has seen. Numbers of layers are those of dispatches: 0 for none; then inputs, then outputs."""

    program: Program
    writers: Writers
    macs: Counter[int] = field(default_factory=Counter)
    words: Counter[int] = field(default_factory=Counter)
    groups: dict[int, dict[int, None]] = field(default_factory=dict)
    edges: Counter[tuple[int, int]] = field(default_factory=Counter)
    pipes: dict[str, int] = field(default_factory=dict)
    used: dict[int, None] = field(default_factory=dict)

    def note(self, dispatch: Dispatch, weights: Mapping[int, int]) -> None:
        """Follows an instruction."""
        flow = moves(dispatch, CELL)
        layer = self._place(dispatch, flow)
        if dispatch.row.mnemonic == MULTIPLY:
            self._multiply(layer, dispatch, weights)
        if any((flow.takes, flow.gives, flow.reads, flow.writes)):
            self.used[layer] = None
        self._items(layer, flow)
        if flow.reads:
            for giver, words in self.writers.read(visited(dispatch)).items():
                self.edges[giver, layer] += words
        if flow.writes:
            addresses = visited(dispatch)
            self.writers.write(layer, addresses, written(dispatch) if "shift" in dispatch.row.by_name else None)
            self.words[layer] += len(addresses)

    def _multiply(self, layer: int, dispatch: Dispatch, weights: Mapping[int, int]) -> None:
        self.groups.setdefault(layer, {})[dispatch.group] = None
        macs = self.program.weights[weights[dispatch.group]].macs if dispatch.group in weights else 0
        self.macs[layer] += macs * int(dispatch.ops.positions)

    def _place(self, dispatch: Dispatch, flow: Flow) -> int:
        """The number of the node of an instruction: a tensor's for what comes from the host or goes there."""
        first = len(self.program.layers) + 1
        if flow.takes == "host_in":
            return first + int(dispatch.ops.tensor)
        if flow.gives == "host_out":
            return first + len(self.program.inputs) + int(dispatch.ops.tensor)
        return dispatch.layer

    def _items(self, layer: int, flow: Flow) -> None:
        """What goes from unit to unit, without main memory between them."""
        giver = self.pipes.get(flow.takes, layer)
        if flow.taken and giver != layer:
            self.edges[giver, layer] += flow.taken
        if flow.gives and flow.gives != "host_out":
            self.pipes[flow.gives] = layer


def traffic(program: Program, memory_words: int) -> Traffic:
    """What the layers of a program move in one inference, on a chip with so many words of main memory.

    Raises the errors of its registers, and AcortexError where it goes on for more than MOST_STEPS instructions.
    """
    walk = _Walk(program, Writers(memory_words))
    sequencer = Sequencer(program, 1)
    weights: dict[int, int] = {}
    steps = 0
    while sequencer.state != "halted" and sequencer.in_program:
        dispatch = sequencer.step()
        steps += 1
        if steps > MOST_STEPS:
            raise AcortexError(
                f"{program.name} goes on for more than {MOST_STEPS:,} instructions in one inference",
                hint="draw another program, or one with fewer turns of its loops",
            )
        if dispatch is None:
            continue
        if "weights" in dispatch.row.by_name:
            weights[dispatch.group] = int(dispatch.ops.weights)
        else:
            walk.note(dispatch, weights)
    return _traffic(program, walk)


def _traffic(program: Program, walk: _Walk) -> Traffic:
    """Nodes in the order in which they are used, inputs first and outputs last."""
    names = [
        (OUTSIDE, "layer"),
        *((name, "layer") for name in program.layers),
        *((tensor.name, "input") for tensor in program.inputs),
        *((tensor.name, "output") for tensor in program.outputs),
    ]
    rank = {"input": 0, "layer": 1, "output": 2}
    order = sorted(walk.used, key=lambda number: rank[names[number][1]])
    nodes = [
        Node(*names[number], walk.macs[number], tuple(walk.groups.get(number, ())), walk.words[number])
        for number in order
    ]
    place = {number: at for at, number in enumerate(order)}
    edges = {(place[giver], place[taker]): words for (giver, taker), words in sorted(walk.edges.items())}
    return Traffic(nodes, edges)
