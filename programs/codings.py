"""What the codes of each map stand for. Maps that hand codes on unchanged share one coding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.quantisers import FRACTION, LARGEST_SHIFT, UNITY
from acortex.programs.calibration import Statistics
from acortex.programs.graph import Code, Coding
from acortex.programs.ranges import Samples, coding, of_range
from acortex.programs.steps import Activation, CopyStep, FloatGraph, PadStep, PoolStep, RecurrentStep, Step

Array = NDArray[Any]

LARGEST_MULTIPLIER = 1 << 16

IN_64THS = ("sigmoid", "tanh", "hardsigmoid", "hardswish")
"""Functions whose argument is a number of 64ths."""

UNIT_RANGE = ("sigmoid", "tanh", "hardsigmoid")
"""Functions whose 1 is the highest code."""


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
        self._join_all()
        self._groups: dict[str, list[str]] = {}
        for name in graph.maps:
            self._groups.setdefault(self._lead(name), []).append(name)
        self._functions: dict[str, set[str]] = {}
        for step in graph.steps:
            kind = "recurrent" if isinstance(step, RecurrentStep) else step.activation.function
            self._functions.setdefault(self._lead(step.out), set()).add(kind)
        self._found: dict[str, Coding] = {}

    def _join_all(self) -> None:
        for step in self.graph.steps:
            if keeps_codes(step) and not (isinstance(step, CopyStep) and self._stated_apart(step)):
                self._join(step.views[0].map, step.out)
            if isinstance(step, RecurrentStep) and step.last is not None:
                self._join(step.out, step.last)
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

    def _stated_apart(self, copy: CopyStep) -> bool:
        """Whether the network states one coding for what is copied and another for the copy."""
        source, target = (self._stated(self._lead(name)) for name in (copy.source.map, copy.out))
        return source is not None and target is not None and source != target

    def _stated(self, leader: str) -> Coding | None:
        """The coding that the network states for a group; a map that holds others goes first."""
        stated = [one for one in self.graph.maps.values() if one.coding is not None and self._lead(one.name) == leader]
        stated.sort(key=lambda one: one.parent is not None)
        return stated[0].coding if stated else None

    def _lead(self, name: str) -> str:
        name = self.graph.root(name)[0]
        while name in self._leader:
            name = self._leader[name]
        return name

    def _join(self, one: str, other: str) -> None:
        first, second = self._lead(one), self._lead(other)
        if first != second:
            self._leader[second] = first

    def of(self, name: str) -> Coding:
        """The coding of a map."""
        leader = self._lead(name)
        if leader not in self._found:
            self._found[leader] = self._of_group(leader)
        return self._found[leader]

    def _of_group(self, leader: str) -> Coding:
        bits = self.statistics.bits
        stated = self._stated(leader)
        functions = self._functions.get(leader, set())
        if stated is not None and functions & set(UNIT_RANGE) and not has_one(stated):
            stated = None
        if stated is not None and stated.bits == bits:
            return stated
        if stated is not None and self.stated:
            top = (1 << stated.bits) - 1
            return of_range(-stated.zero * stated.scale, (top - stated.zero) * stated.scale, bits)
        together = Samples()
        for name in self._groups[leader]:
            if name in self.statistics.samples:
                together.join(self.statistics.samples[name])
        if functions & set(UNIT_RANGE):
            return unit_coding(together, bits)
        if "recurrent" in functions and together.low >= 0:
            together.low = -together.high
        found = self.chosen(together)
        if "hardswish" in functions and found.scale < 1 / FRACTION:
            # A quantiser's gain cannot exceed one code for each 64th.
            return Coding(1 / FRACTION, found.zero, bits)
        return found

    def chosen(self, samples: Samples) -> Coding:
        """The coding for samples, by the method asked for."""
        return coding(samples, self.statistics.bits, self.method, self.percentile)


def unit_coding(samples: Samples, bits: int) -> Coding:
    """A coding in which 1 is a whole number of codes, for functions that end there."""
    top = (1 << bits) - 1
    zero = 0 if samples.low >= 0 else 1 << (bits - 1)
    reach = max(samples.high, -samples.low, 1.0)
    return Coding(1 / max(int((top - zero) / reach), 1), zero, bits)


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


def argument_scale(activation: Activation, target: Coding) -> float:
    """What a rounded sum of 1 stands for before the activation."""
    return 1 / FRACTION if activation.function in IN_64THS else target.scale


def code_of(
    activation: Activation, target: Coding, shift: int, multiplier: Array | int, offset: Array | int = 0
) -> Code:
    """The code that ends in an activation and a map's coding."""
    top = (1 << target.bits) - 1
    function, gain, low, high = activation.function, UNITY, 0, top
    if function in UNIT_RANGE:
        full = round(1 / target.scale)
        low = max(target.zero - full, 0) if function == "tanh" else target.zero
        high = min(target.zero + full, top)
    if activation.high < math.inf:
        high = min(high, target.zero + round(activation.high / target.scale))
    if activation.low > -math.inf:
        low = max(low, target.zero + round(activation.low / target.scale))
    if function == "leaky":
        gain = min(max(round(activation.slope * UNITY), 1), UNITY)
    if function == "hardswish":
        gain = min(max(round(UNITY / (FRACTION * target.scale)), 1), UNITY)
    if function in ("none", "relu") and (function == "relu" or low >= target.zero):
        function, low = "relu", target.zero
    return Code(multiplier, shift, offset, target.zero, low, max(high, low), function, gain)


def same_codes(bits: int) -> Code:
    """The code that leaves codes as they are."""
    return Code(1, 0, 0, 0, 0, (1 << bits) - 1, "relu")
