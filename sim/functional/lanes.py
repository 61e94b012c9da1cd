"""The values of many inferences: as lanes of one walk where they have nothing to do with each other, else in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS
from acortex.isa.program import Program
from acortex.isa.semantics import EFFECTS, HOST_WORK, MEANINGS, Shape, visited
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.configuration import Configuration
from acortex.sim.functional.executor import Functional
from acortex.sim.functional.host_work import HostValues
from acortex.sim.functional.layer_dump import LayerDump
from acortex.sim.functional.rules.situation import NOWHERE
from acortex.sim.functional.turns import turns_of
from acortex.sim.functional.values import AnalogArrays, ArraysOf, Note, Values, of_one_chip, states_of

Words = NDArray[np.uint8]

LANE_BYTES = 1 << 28
"""About how much memory the lanes that are computed together may take: 256 MB."""

WIDE = 16
"""Bytes that a code takes while it is computed with: wide integers of what comes in and of what comes out."""


def walk_many(
    program: Program,
    chip: Chip,
    inferences: int,
    tensors: Mapping[str, Words],
    dump: LayerDump | None,
    progress: Callable[[int], None],
    leap: bool = True,
    analog: ArraysOf | None = None,
    noting: Callable[[Configuration], Note] | None = None,
    host: HostValues | None = None,
) -> Functional:
    """Walks a program: its rules for all inferences, then their values. The outputs are those of the walk.

    `progress` is called with how many inferences have their values, `leap` is that of `turns_of`. Other arguments, and
    the errors, are those of `Functional`.
    """
    rules = follow(program, chip, inferences, layers=dump is not None, leap=leap)
    arrays = None if analog is None else analog(rules.configuration)
    note = None if noting is None else noting(rules.configuration)
    rules.out = of_one_chip(values_of(rules, tensors, dump, progress, arrays, note, host), arrays)
    return rules


def follow(program: Program, chip: Chip, inferences: int, layers: bool = False, leap: bool = True) -> Functional:
    """Walks a program for its rules alone, and finds out whether its inferences may be lanes."""
    rules = Functional(program, chip, inferences, None)
    rules.turns = turns_of(rules.known, lanes=True, layers=layers, leap=leap)
    rules.run()
    return rules


def values_of(
    rules: Functional,
    tensors: Mapping[str, Words],
    dump: LayerDump | None = None,
    progress: Callable[[int], None] = lambda done: None,
    analog: AnalogArrays | None = None,
    note: Note | None = None,
    host: HostValues | None = None,
) -> dict[str, Words]:
    """The outputs of a program that keeps every rule, as words by name: uint8 of shape (inferences, words, 64).

    With `analog` arrays chips are an axis before these.
    """
    inferences = rules.known.inferences
    compute = partial(_values, rules, dump=dump, analog=analog, note=note, host=host)
    if why_not(rules):
        return compute(tensors, inferences, lanes=False, progress=progress).out
    parts = []
    at_once = lanes_of(rules, 1 if analog is None else analog.chips)
    for first in range(0, inferences, at_once):
        if dump is not None:
            dump.first = first
        part = {name: words[first : first + at_once] for name, words in tensors.items()}
        count = min(at_once, inferences - first)
        parts.append(compute(part, count, lanes=True, first=first).out)
        progress(first + count)
    if dump is not None:
        dump.place(_writes(rules))
    return {name: np.concatenate([part[name] for part in parts], axis=-3) for name in parts[0]}


def _writes(rules: Functional) -> Iterator[tuple[Dispatch, NDArray[np.int64]]]:
    """Each instruction that writes main memory, without those of the host, and the words that it visits."""
    sequencer = Sequencer(rules.program, rules.known.inferences)
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is None or dispatch.row.mnemonic in EFFECTS:
            continue
        flow = MEANINGS[dispatch.row.mnemonic].flow(dispatch, Shape(1, 1, None))
        if flow.writes and flow.takes != "host_in":
            yield dispatch, visited(dispatch)


def why_not(rules: Functional) -> str:
    """Why the inferences of a walk cannot be lanes, in words; empty where they can."""
    if rules.turns is None or rules.turns.lineage is None:
        return "the program has no loop over the host's inferences"
    if rules.turns.lineage.turn >= 0:
        return "the program ends inside the loop over the host's inferences"
    return rules.turns.lineage.why


def lanes_of(rules: Functional, chips: int = 1) -> int:
    """How many inferences of so many chips are computed at once: as many as the memory allows, one at least."""
    chip, followed = rules.known.chip, None if rules.turns is None else rules.turns.lineage
    largest = chip.memory_words if followed is None else followed.largest  # what is not known is all that there is
    words = chip.memory_words + 2 * states_of(rules.program, chip) + WIDE * largest
    return max(LANE_BYTES // (CHANNELS * words * chips), 1)


def _values(
    rules: Functional,
    tensors: Mapping[str, Words],
    inferences: int,
    dump: LayerDump | None,
    lanes: bool,
    progress: Callable[[int], None] = lambda done: None,
    analog: AnalogArrays | None = None,
    first: int = 0,
    note: Note | None = None,
    host: HostValues | None = None,
) -> Values:
    """The values of inferences whose program is known to keep every rule."""
    program, chip = rules.program, rules.known.chip
    values = Values(program, chip, tensors, inferences, lanes, analog, first, note, host)
    if analog is not None:
        analog.begin()
    sequencer = Sequencer(program, 1 if lanes else inferences)
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is not None and dispatch.row.effect == HOST_WORK:
            values.work(dispatch)
        if dispatch is None or dispatch.row.mnemonic in EFFECTS:
            continue
        shape = _shape(rules, values, dispatch)
        flow = MEANINGS[dispatch.row.mnemonic].flow(dispatch, shape)
        addresses = visited(dispatch) if flow.reads or flow.writes else NOWHERE
        values.move(dispatch, flow, shape, addresses, dump)
        if flow.gives == "host_out":
            progress(dispatch.inference + 1)
    return values


def _shape(rules: Functional, values: Values, dispatch: Dispatch) -> Shape:
    """The matrix that an instruction works with: of the group that it names, or as wide as the sums that come next."""
    if dispatch.group >= 0:
        return rules.configuration.shape(dispatch.group, True)
    return Shape(1, values.columns, None)
