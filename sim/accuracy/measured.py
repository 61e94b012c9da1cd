"""What the sums of a program become on chips with errors: the gain of each quantiser's sums, by its columns.

A calibration run feeds each layer with the codes of the ideal chip, so that its gain is its own and not that of the
layers before it. The gain of a column is the slope of the sums that its neuron sees over those of the ideal chip, by
least squares through the origin, over all calibration inputs, positions and chips.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.codec import Instruction, decode
from acortex.isa.program import Program
from acortex.isa.semantics import of_other
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.accuracy.chips import AnalogChips
from acortex.sim.chip.clock import delays
from acortex.sim.chip.groups import GroupTimes

Array = NDArray[Any]
Floats = NDArray[np.float64]

LEAST_GAIN = 0.05
"""A column whose sums shrink below this passes nothing on: there is no scale that brings it back."""

DIGITAL = "instructions of other units share it, and see no analog sums"
IN_TURN = "the conversion takes several quantisers in turn"


@dataclass(frozen=True)
class Setter:
    """What sets a quantiser: the `quant` at an address, and the table of constants of a `tune` behind it, if any."""

    quant: int
    constants: int | None


@dataclass(frozen=True)
class Conversion:
    """A `convert`: the setters of its quantiser and of its other one, and the layer that it belongs to."""

    own: Setter
    other: Setter | None
    layer: str


@dataclass(frozen=True)
class Conversions:
    """The conversions of a program by address, and the setters that have to stay as they are, each with the reason."""

    found: Mapping[int, Conversion]
    fixed: Mapping[Setter, str]

    @classmethod
    def of(cls, program: Program, inferences: int) -> Conversions:
        """Those of a program, which is walked for two inferences at most: what sets a quantiser is then known.

        Nothing branches, so that the third turn of the host's loop finds what the second one did.
        """
        found: dict[int, Conversion] = {}
        fixed: dict[Setter, str] = {}
        last: dict[int, Setter] = {}
        sequencer = Sequencer(program, min(inferences, 2))
        while sequencer.state != "halted":
            pc = sequencer.pc
            dispatch = sequencer.step()
            if dispatch is None:
                _note(decode(int(program.words[pc])), pc, last)
            elif dispatch.quantiser is not None:
                _use(program, dispatch, last, found, fixed)
        return cls(found, fixed)


def _note(instruction: Instruction, pc: int, last: dict[int, Setter]) -> None:
    """Notes an instruction that sets a quantiser."""
    mnemonic = instruction.row.mnemonic
    if mnemonic == "quant":
        last[instruction["quantiser"]] = Setter(pc, None)
    elif mnemonic == "tune":
        before = last[instruction["quantiser"]]
        last[instruction["quantiser"]] = Setter(before.quant, instruction["constants"])


def _use(
    program: Program,
    dispatch: Dispatch,
    last: Mapping[int, Setter],
    found: dict[int, Conversion],
    fixed: dict[Setter, str],
) -> None:
    """Notes an instruction that uses a quantiser, or two."""
    named = [name for name, operand in dispatch.row.by_name.items() if operand.kind.name == "quantiser"]
    if dispatch.row.mnemonic != "convert":
        for name in named:
            fixed.setdefault(last[getattr(dispatch.ops, name)], DIGITAL)
        return
    own, other = last[dispatch.ops.quantiser], None if dispatch.other is None else last[dispatch.ops.then]
    layer = program.layers[dispatch.layer - 1] if dispatch.layer else "-"
    one = Conversion(own, other, layer)
    if found.setdefault(dispatch.pc, one) != one:
        for setter in (own, other, found[dispatch.pc].own, found[dispatch.pc].other):
            if setter is not None:
                fixed.setdefault(setter, IN_TURN)


class Moments:
    """Sums of products of what a quantiser's columns see, float64 of shape (columns,)."""

    def __init__(self) -> None:
        self.ideal_ideal = np.zeros(0)
        self.ideal_seen = np.zeros(0)

    def add(self, ideal: Array, seen: Array) -> None:
        """Takes sums of the ideal chip and of one with errors: both of shape (positions, columns)."""
        self.ideal_ideal = _added(self.ideal_ideal, np.einsum("pc,pc->c", ideal, ideal))
        self.ideal_seen = _added(self.ideal_seen, np.einsum("pc,pc->c", ideal, seen))

    def gains(self) -> Floats:
        """The gain of each column; 1 where nothing was seen, or where next to nothing is passed on."""
        return _gain(self.ideal_seen, self.ideal_ideal)

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which columns gave anything but 0; all, where none did. Others fill words that pixels or gates share."""
        given = self.ideal_ideal > 0
        return given if given.any() else ~given

    def gain(self) -> float:
        """The gain of all columns together."""
        return float(_gain(self.ideal_seen.sum(keepdims=True), self.ideal_ideal.sum(keepdims=True))[0])


def _added(one: Floats, other: Floats) -> Floats:
    """The sum of two arrays, the shorter one filled up with zeros: a `quant` may serve groups of several widths."""
    short, wide = sorted((one, other), key=len)
    found = wide.copy()
    found[: len(short)] += short
    return found


def _gain(over: Floats, under: Floats) -> Floats:
    gains = np.divide(over, under, out=np.ones_like(over), where=under > 0)
    return np.where(gains >= LEAST_GAIN, gains, 1.0)


@dataclass
class Effort:
    """What a calibration run takes of one chip."""

    array_operations: int = 0
    conversions: int = 0
    cycles: int = 0


@dataclass
class Measuring:
    """Arrays of the ideal chip, with those of one with errors measured beside them.

    It stands in for analog arrays, as `acortex.sim.functional.values.AnalogArrays` says: a run computes what the ideal
    chip does.
    """

    conversions: Conversions
    ideal: AnalogChips
    made: AnalogChips
    moments: dict[Setter, Moments] = field(default_factory=lambda: defaultdict(Moments))
    layers: dict[Setter, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    effort: Effort = field(default_factory=Effort)
    chips: int = 1

    def begin(self) -> None:
        """Begins a walk of the program."""
        self.ideal.begin()
        self.made.begin()

    def sums(self, codes: Array, dispatch: Dispatch, first: int) -> Array:
        """The sums of both chips: of shape (2, ..., positions, columns)."""
        sums = [chips.sums(codes, dispatch, first) for chips in (self.ideal, self.made)]
        return np.concatenate([one.astype(np.float64) for one in sums])

    def neurons(self, sums: Array, group: int, dispatch: Dispatch) -> Array:
        """The sums of the ideal chip, after those of the other one were looked at."""
        ideal, columns = sums[:1], sums.shape[-1]
        seen = self.made.neurons(sums[1:], group, dispatch)
        rows = ideal.reshape(-1, columns), seen.reshape(-1, columns)
        self._count(group, len(rows[0]), columns)
        conversion = self.conversions.found[dispatch.pc]
        others = np.zeros(columns, np.bool_) if conversion.other is None else of_other(dispatch, columns)
        for setter, of_it in ((conversion.own, ~others), (conversion.other, others)):
            if setter is not None:
                self.moments[setter].add(rows[0] * of_it, rows[1] * of_it)
                self.layers[setter][conversion.layer] = None
        return ideal

    @cached_property
    def _times(self) -> dict[int, GroupTimes]:
        return self.made.configuration.times()

    def _count(self, group: int, positions: int, columns: int) -> None:
        """Counts what it takes: one position after another."""
        times, ramp = self._times[group], delays(self.made.chip).ramp_cycles
        self.effort.array_operations += positions * times.arrays
        self.effort.conversions += positions * columns
        self.effort.cycles += positions * (times.load + times.frame + len(times.rounds) * ramp)
