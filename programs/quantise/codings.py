"""What the codes of each map stand for. Maps that hand codes on unchanged share one coding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import FRACTION, LARGEST_SHIFT, UNITY
from acortex.programs.graph import Code, Coding
from acortex.programs.quantise.calibration import Statistics
from acortex.programs.quantise.ranges import Samples, coding, of_range
from acortex.programs.steps import SWITCHES, Activation, CopyStep, FloatGraph, PadStep, PoolStep, RecurrentStep, Step

Array = NDArray[Any]

LARGEST_MULTIPLIER = 1 << 16

LEAST_MULTIPLIER = 16
"""A smaller multiplier would be rounded by more than levels are."""

LARGEST_BIAS = 1 << 24
"""A bias that leaves no room for its sums saturates beyond this: the least slope leaves 256 codes of it."""

LIFTED_OFFSET = 1 << 30
"""Offsets of biases stay below, with room for those of zero codes within the 2^31 of a neuron."""

IN_64THS = ("sigmoid", "tanh", "hardsigmoid", "hardswish")
"""Functions whose argument is a number of 64ths."""

UNIT_RANGE = ("sigmoid", "tanh", "hardsigmoid")
"""Functions whose 1 is the highest code."""

ENDS_AT_ONE = {*UNIT_RANGE, *SWITCHES}
"""Functions of which some code must stand for 1."""


class Codings:
    """The coding of each map of a network in its normal form, by what calibration saw.

    `stated` says to take ranges that the network states rather than those of the samples.
    """

    def __init__(
        self, graph: FloatGraph, statistics: Statistics, method: str, percentile: float, stated: bool = False
    ) -> None:
        self.graph = graph
        self.statistics = statistics
        self.method, self.percentile, self.stated = method, percentile, stated
        self._leader: dict[str, str] = {}
        coded = (one for one in graph.maps.values() if one.coding is not None)
        self._coded = sorted(coded, key=lambda one: one.parent is not None)
        self._join_all()
        self._groups: dict[str, list[str]] = {}
        for name in graph.maps:
            self._groups.setdefault(self._lead(name), []).append(name)
        self._functions: dict[str, set[str]] = {}
        for step in graph.steps:
            celled = isinstance(step, RecurrentStep) and step.kind != "rnn"
            kind = "recurrent" if celled else step.activation.function
            self._functions.setdefault(self._lead(step.out), set()).add(kind)
        self._found: dict[str, Coding] = {}

    def give(self, name: str, coding: Coding) -> None:
        """States the coding of a map that joins the graph after calibration."""
        self._found[name] = coding

    def _join_all(self) -> None:
        for step in self.graph.steps:
            if keeps_codes(step) and not (isinstance(step, CopyStep) and self._stated_apart(step)):
                self._join(step.views[0].map, step.out)
            if isinstance(step, RecurrentStep):
                self._join_ends(step)
        self._join_carried()
        # The vector agent averages to another scale only where the zero code is 0.
        signed = {
            self._lead(name)
            for name in self.graph.maps
            if (seen := self.statistics.samples.get(name)) is not None and seen.low < 0
        }
        for step in self.graph.steps:
            if isinstance(step, PoolStep) and step.mode == "average":
                source = self._lead(step.source.map)
                stated = self._stated(source)
                if source in signed if stated is None else stated.zero != 0:
                    self._join(step.source.map, step.out)
                    signed.add(self._lead(step.out))

    def _join_carried(self) -> None:
        """One coding for an input and the outputs that it takes of the inference before."""
        ports = {port.name: port.map for port in (*self.graph.inputs, *self.graph.outputs)}
        for carry in self.graph.carried:
            for name in carry.outputs:
                self._join(ports[name], ports[carry.input])

    def _join_ends(self, step: RecurrentStep) -> None:
        """One coding for h, from the first to the last, and one for c: a user may give the last as the next first."""
        if step.last is not None:
            self._join(step.out, step.last)
        if step.first_h is not None:
            self._join(step.out, step.first_h.map)
        if step.first_c is not None and step.last_state is not None:
            self._join(step.last_state, step.first_c.map)

    def _stated_apart(self, copy: CopyStep) -> bool:
        """Whether the network states one coding for what is copied and another for the copy."""
        source, target = (self._stated(self._lead(name)) for name in (copy.source.map, copy.out))
        return source is not None and target is not None and source != target

    def _stated(self, leader: str) -> Coding | None:
        """The coding that the network states for a group; a map that holds others goes first."""
        return next((one.coding for one in self._coded if self._lead(one.name) == leader), None)

    def _lead(self, name: str) -> str:
        name = self.graph.root(name)[0]
        while name in self._leader:
            name = self._leader[name]
        return name

    def _join(self, one: str, other: str) -> None:
        first, second = self._lead(one), self._lead(other)
        if first != second:
            self._leader[second] = first

    def group(self, name: str) -> Sequence[str]:
        """The maps that share the coding of a map, itself among them."""
        return self._groups[self._lead(name)]

    def of(self, name: str) -> Coding:
        """The coding of a map."""
        leader = self._lead(name)
        if leader not in self._found:
            self._found[leader] = self._of_group(leader)
        return self._found[leader]

    def _of_group(self, leader: str) -> Coding:
        functions = self._functions.get(leader, set())
        stated = self._from_network(leader, functions)
        return self._from_samples(leader, functions) if stated is None else stated

    def _from_network(self, leader: str, functions: set[str]) -> Coding | None:
        """The coding that the network itself states, where it can be kept or its range is to be."""
        bits = self.statistics.bits
        stated = self._stated(leader)
        if stated is None or (functions & ENDS_AT_ONE and not has_one(stated)):
            return None
        if stated.bits <= bits:
            return stated
        if not self.stated:
            return None
        top = (1 << stated.bits) - 1
        return of_range(-stated.zero * stated.scale, (top - stated.zero) * stated.scale, bits)

    def _from_samples(self, leader: str, functions: set[str]) -> Coding:
        bits = self.statistics.bits
        together = Samples()
        for name in self._groups[leader]:
            if name in self.statistics.samples:
                together.join(self.statistics.samples[name])
        if functions & ENDS_AT_ONE and unit_fits(together, bits):
            return unit_coding(together, bits)
        if "recurrent" in functions and together.low >= 0:
            together.low = -together.high
        if "hardswish" in functions and -together.low * 2 * ((1 << bits) - 1) < together.high:
            together.low = 0.0  # less than half a code: a zero code above 0 would cost more than it shows
        found = self.chosen(together)
        if "hardswish" in functions and found.scale < 1 / FRACTION:
            # A quantiser's gain cannot exceed one code for each 64th.
            return Coding(1 / FRACTION, found.zero, bits)
        return found

    def chosen(self, samples: Samples) -> Coding:
        """The coding for samples, by the chosen method."""
        return coding(samples, self.statistics.bits, self.method, self.percentile)


def unit_coding(samples: Samples, bits: int) -> Coding:
    """A coding in which 1 is a whole number of codes, for functions that end there."""
    zero, room, reach = _unit_range(samples, bits)
    return Coding(1 / max(int(room / reach), 1), zero, bits)


def unit_fits(samples: Samples, bits: int) -> bool:
    """Whether `unit_coding` reaches all samples: a map may hold a sigmoid's numbers beside much larger ones."""
    _, room, reach = _unit_range(samples, bits)
    return reach <= room


def _unit_range(samples: Samples, bits: int) -> tuple[int, int, float]:
    """The zero code, the codes above it, and the largest magnitude."""
    zero = 0 if samples.low >= 0 else 1 << (bits - 1)
    return zero, (1 << bits) - 1 - zero, max(samples.high, -samples.low, 1.0)


def has_one(coding: Coding) -> bool:
    """Whether a code stands for 1, as that of the largest value of a sigmoid or tanh must."""
    whole = round(1 / coding.scale)
    return math.isclose(whole * coding.scale, 1, rel_tol=1e-3) and coding.zero + whole < 1 << coding.bits


def keeps_codes(step: Step) -> bool:
    """Whether a step hands on the codes of its source."""
    if isinstance(step, CopyStep):
        return step.exact
    return isinstance(step, PadStep) or (isinstance(step, PoolStep) and step.mode == "max")


# Codes ------------------------------------------------------------------------------------------------------------


def multipliers(ratios: Array | float) -> tuple[Array, int]:
    """Whole multipliers and one shift, so that multiplier / 2^shift is near each of some positive ratios: int64."""
    wanted = np.asarray(ratios, np.float64)
    largest = float(wanted.max())
    shift = min(max(math.floor(math.log2(LARGEST_MULTIPLIER / largest)), 0), LARGEST_SHIFT)
    return np.clip(np.rint(wanted * 2.0**shift), 1, LARGEST_MULTIPLIER).astype(np.int64), shift


def fitted(levels: Array, ratios: Array, bias: Array) -> tuple[Array, Array, int, Array]:
    """A product's levels, multipliers, their one shift, and its biases as offsets to its sums.

    `ratios` turn a channel's sum into what is activated, `bias` is in units of that. A channel whose sums are too small
    beside others' for a multiplier, or beside its own bias for an offset, gets fewer levels, each worth more.
    """
    alone = np.abs(bias) > ratios * LIFTED_OFFSET
    bias = np.where(alone, np.clip(bias, -LARGEST_BIAS, LARGEST_BIAS), bias)
    wanted = np.maximum(ratios, np.where(alone, np.abs(bias) / LIFTED_OFFSET, 0))
    factors, shift = multipliers(wanted)
    small = wanted * 2.0**shift < LEAST_MULTIPLIER
    factors = np.where(small, np.maximum(np.ceil(wanted * 2.0**shift), 1), factors).astype(np.int64)
    lifted = small | (wanted > ratios)
    if lifted.any():
        levels = levels.copy()
        levels[..., lifted] = np.rint(levels[..., lifted] * (ratios * 2.0**shift / factors)[lifted])
    return levels, factors, shift, np.rint(bias * 2.0**shift / factors)


def argument_scale(activation: Activation, target: Coding) -> float:
    """What a rounded sum of 1 stands for before the activation."""
    return 1 / FRACTION if activation.function in IN_64THS else target.scale


def code_of(
    activation: Activation, target: Coding, shift: int, multiplier: Array | int, offset: Array | int = 0
) -> Code:
    """The code that ends in an activation and a map's coding."""
    top = (1 << target.bits) - 1
    function, gain, low, high = activation.function, UNITY, 0, top
    if function in SWITCHES:
        return _switch(function, target, shift, multiplier, offset)
    if function in UNIT_RANGE:
        full = round(1 / target.scale)
        low = max(target.zero - full, 0) if function == "tanh" else target.zero
        high = min(target.zero + full, top)
    elif not activation.identity:  # their highest code is what their 1 becomes: a bound would scale them
        high = min(high, _nearest_code(activation.high, target))
        low = max(low, _nearest_code(activation.low, target))
    if function == "leaky":
        gain = min(max(round(activation.slope * UNITY), 1), UNITY)
    if function == "hardswish":
        gain = min(max(round(UNITY / (FRACTION * target.scale)), 1), UNITY)
    if function in ("none", "relu") and (function == "relu" or low >= target.zero):
        function, low = "relu", target.zero
    return Code(multiplier, shift, offset, target.zero, low, max(high, low), function, gain)


def _nearest_code(bound: float, target: Coding) -> int:
    """The code of a bound; beyond all codes that of one that is infinite."""
    return target.zero + round(max(min(bound / target.scale, 1 << target.bits), -1 << target.bits))


def _switch(function: str, target: Coding, shift: int, multiplier: Array | int, offset: Array | int) -> Code:
    """The code that shows the sign of whole sums, each of which a multiplier makes as large as 1 at least."""
    one = min(target.zero + whole_one(target), (1 << target.bits) - 1)
    if function == "sign" and not target.zero:  # no code is below that of 0
        return Code(multiplier, shift, offset, 0, 0, one, "relu")
    zero, low = (one, target.zero) if function == "step" else (target.zero, max(2 * target.zero - one, 0))
    return Code(multiplier, shift, offset, zero, low, one)


def switched(function: str, bias: Array) -> Array:
    """Biases in whole sums, so that a sign changes where it does with real ones: float64 of their shape."""
    whole = np.round(bias, 6)
    whole = np.floor(whole) if function == "step" else np.rint(whole)
    return np.clip(whole, -LIFTED_OFFSET, LIFTED_OFFSET)


def whole_one(coding: Coding) -> int:
    """The steps of a coding that are 1, at least one."""
    return max(round(1 / coding.scale), 1)


def same_codes(bits: int) -> Code:
    """The code that leaves codes as they are."""
    return Code(1, 0, 0, 0, 0, (1 << bits) - 1, "relu")
