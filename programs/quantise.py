"""From a network in its normal form to a layer graph: codings of maps, levels of weights, multipliers and offsets.

Every number of the network becomes a code of few bits: real = scale * (code - zero). A sum of codes times levels is
then turned into codes of the target by one multiplication for each channel, one offset and one rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.quantisers import FRACTION, LARGEST_SHIFT, UNITY
from acortex.programs import graph as g
from acortex.programs.evaluate import Seen, evaluate
from acortex.programs.ranges import METHODS, Samples, coding, weight_steps
from acortex.programs.steps import (
    Activation,
    AddStep,
    CopyStep,
    FloatGraph,
    FloatPort,
    MulStep,
    PoolStep,
    ProductStep,
    Step,
)

Array = NDArray[Any]

LARGEST_MULTIPLIER = (1 << 16) - 1
LARGEST_OFFSET = (1 << 31) - 1

EXACT_SUM = 1 << 24
"""Sums stay below: so they are exact in float32, in whatever order they are added."""

IN_64THS = ("sigmoid", "tanh", "hardsigmoid", "hardswish")
"""Functions whose argument is a number of 64ths."""

UNIT_RANGE = ("sigmoid", "tanh", "hardsigmoid")
"""Functions whose 1 is the highest code."""


@dataclass(eq=False)
class Levels:
    """A product's weights as the arrays hold them: int8, the step of each output channel, and biases in reals."""

    weights: Array
    steps: Array
    bias: Array


@dataclass(eq=False)
class Statistics:
    """What calibration saw: samples of each map that holds others, and each product's weights, quantised in passing."""

    bits: int
    samples: dict[str, Samples] = field(default_factory=dict)
    levels: dict[str, Levels] = field(default_factory=dict)

    def see(self, root: str, image: Array) -> None:
        """Takes note of what is written to a map."""
        self.samples.setdefault(root, Samples()).see(image)


def calibrate(graph: FloatGraph, inputs: Mapping[str, Array], bits: int) -> Statistics:
    """Runs the network on images of its inputs, by map, and notes what is needed to quantise it."""
    statistics = Statistics(bits)
    for name, image in inputs.items():
        statistics.see(graph.root(name)[0], image)

    def observe(step: Step, seen: Seen) -> None:
        statistics.see(graph.root(step.out)[0], seen.out)
        if isinstance(step, ProductStep) and seen.weights is not None:
            statistics.levels[step.name] = quantised_weights(step, seen.weights, seen.sources[0], bits)

    evaluate(graph, inputs, observe)
    return statistics


def quantised_weights(step: ProductStep, weights: Array, source: Array, bits: int) -> Levels:
    """Levels for weights; the mean error that they make of the source is taken from the biases."""
    top = (1 << (bits - 1)) - 1
    steps = weight_steps(weights, bits)
    levels = np.clip(np.rint(weights / steps.astype(np.float32)), -top, top).astype(np.int8)
    worst = worst_sums(levels, bits)
    if worst.max(initial=0) >= EXACT_SUM:
        grown = np.maximum(worst / (EXACT_SUM * 0.98), 1)
        steps = steps * grown
        levels = np.clip(np.rint(weights / steps.astype(np.float32)), -top, top).astype(np.int8)
    mean = source.mean(axis=(0, 1, 2), dtype=np.float64)
    error = (levels * steps.astype(np.float32) - weights).sum(axis=(0, 1), dtype=np.float64)
    by_group = np.repeat(mean.reshape(step.groups, -1), weights.shape[3] // step.groups, axis=0)
    return Levels(levels, steps, step.kernel.biases() - (error * by_group.T).sum(axis=0))


def worst_sums(levels: Array, bits: int) -> Array:
    """The largest sum, of either sign, that codes can make of each output channel's weights."""
    flat = levels.reshape(-1, levels.shape[-1]).astype(np.int64)
    worst: Array = np.maximum(np.maximum(flat, 0).sum(axis=0), -np.minimum(flat, 0).sum(axis=0)) * ((1 << bits) - 1)
    return worst


# Codings ----------------------------------------------------------------------------------------------------------


class Codings:
    """The coding of each map; maps that hand codes on unchanged share one."""

    def __init__(self, graph: FloatGraph, statistics: Statistics, method: str, percentile: float) -> None:
        self.graph = graph
        self.statistics = statistics
        self.choose: Callable[[Samples], g.Coding] = lambda samples: coding(
            samples, statistics.bits, method, percentile
        )
        self._leader: dict[str, str] = {}
        for step in graph.steps:
            if isinstance(step, PoolStep | CopyStep) and keeps_codes(step):
                self._join(step.source.map, step.out)
        for step in graph.steps:
            if isinstance(step, PoolStep) and self._signed(step.source.map):
                self._join(step.source.map, step.out)
        self._found: dict[str, g.Coding] = {}

    def _lead(self, name: str) -> str:
        name = self.graph.root(name)[0]
        while name in self._leader:
            name = self._leader[name]
        return name

    def _join(self, one: str, other: str) -> None:
        first, second = self._lead(one), self._lead(other)
        if first != second:
            self._leader[second] = first

    def _members(self, leader: str) -> list[str]:
        return [name for name in self.graph.maps if self._lead(name) == leader]

    def _signed(self, name: str) -> bool:
        roots = self._members(self._lead(name))
        return any(self.statistics.samples[root].low < 0 for root in roots if root in self.statistics.samples)

    def of(self, name: str) -> g.Coding:
        """The coding of a map."""
        leader = self._lead(name)
        if leader not in self._found:
            self._found[leader] = self._of_group(self._members(leader))
        return self._found[leader]

    def _of_group(self, members: list[str]) -> g.Coding:
        fixed = [one.coding for name in members if (one := self.graph.maps[name]).coding is not None]
        if fixed and fixed[0] is not None:
            return fixed[0]
        together = Samples()
        for name in members:
            if name in self.statistics.samples:
                seen = self.statistics.samples[name]
                together.parts += seen.parts
                together.low, together.high = min(together.low, seen.low), max(together.high, seen.high)
        writers = [step for step in self.graph.steps if step.out in members]
        functions = {step.activation.function for step in writers}
        if functions & set(UNIT_RANGE):
            return self._of_unit_range(functions, together)
        return self.choose(together)

    def _of_unit_range(self, functions: set[str], together: Samples) -> g.Coding:
        """A coding in which 1 is a whole number of codes, for functions that end there."""
        bits = self.statistics.bits
        top = (1 << bits) - 1
        if together.low >= 0:
            room = max(together.high, 1.0)
            return g.Coding(1 / max(int(top / room), 1), 0, bits)
        room = max(together.high, -together.low, 1.0)
        zero = 1 << (bits - 1)
        return g.Coding(1 / max(int((top - zero) / room), 1), zero, bits)


def keeps_codes(step: Step) -> bool:
    """Whether a step hands on the codes of its source."""
    if isinstance(step, CopyStep):
        return step.exact
    return isinstance(step, PoolStep) and step.mode == "max"


# Codes ------------------------------------------------------------------------------------------------------------


def multipliers(ratios: Array | float) -> tuple[Array, int]:
    """Whole multipliers and one shift, so that multiplier / 2^shift is near each of some positive ratios: int64."""
    wanted = np.asarray(ratios, np.float64)
    largest = float(wanted.max())
    shift = int(np.clip(math.floor(math.log2(LARGEST_MULTIPLIER / largest)), 0, LARGEST_SHIFT))
    return np.clip(np.rint(wanted * 2.0**shift), 1, LARGEST_MULTIPLIER).astype(np.int64), shift


def argument_scale(activation: Activation, target: g.Coding) -> float:
    """What a rounded sum of 1 stands for before the activation."""
    return 1 / FRACTION if activation.function in IN_64THS else target.scale


def code_of(
    activation: Activation, target: g.Coding, shift: int, multiplier: Array | int, offset: Array | int = 0
) -> g.Code:
    """The code that ends in an activation and a map's coding."""
    top = (1 << target.bits) - 1
    function, gain = activation.function, UNITY
    low, high = 0, top
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
    if function in ("none", "relu") and low >= target.zero:
        function, low = "relu", target.zero
    return g.Code(multiplier, shift, offset, target.zero, low, max(high, low), function, gain)


class Quantiser:
    """Makes a layer of each step."""

    def __init__(self, graph: FloatGraph, statistics: Statistics, codings: Codings) -> None:
        self.graph = graph
        self.statistics = statistics
        self.codings = codings

    def view(self, view: g.View) -> g.View:
        """A view of the map that holds the one it names."""
        root, offset = self.graph.root(view.map)
        if root == view.map:
            return view
        source = self.graph.maps[view.map]
        channels = view.channels if view.channels is not None else range(source.channels)
        height = source.height - view.top if view.height is None else view.height
        width = source.width - view.left if view.width is None else view.width
        return g.View(root, tuple(offset + c for c in channels), view.top, view.left, height, width)

    def target(self, name: str) -> g.Target:
        """Where a step's map lies."""
        return g.Target(*self.graph.root(name))

    @singledispatchmethod
    def layer(self, step: Step) -> g.Layer:
        """The layer of a step."""
        raise AssertionError(f"no layer for {type(step).__name__}")

    @layer.register
    def _product(self, step: ProductStep) -> g.Layer:
        source, target = self.codings.of(step.source.map), self.codings.of(step.out)
        levels = self.statistics.levels[step.name]
        unit = argument_scale(step.activation, target)
        factor, shift = multipliers(source.scale * levels.steps / unit)
        zeros = -source.zero * levels.weights.sum(axis=(0, 1, 2), dtype=np.int64)
        shifted = np.rint(levels.bias / unit * 2.0**shift / factor)
        offset = np.clip(zeros + shifted, -LARGEST_OFFSET, LARGEST_OFFSET).astype(np.int64)
        code = code_of(step.activation, target, shift, factor, offset)
        pad = int(np.clip(round(step.pad / source.scale) + source.zero, 0, (1 << source.bits) - 1))
        where = self.target(step.out)
        return g.Product(
            step.name, step.op, where, self.view(step.source), levels.weights, step.geometry, code, step.groups, pad
        )

    @layer.register
    def _pool(self, step: PoolStep) -> g.Layer:
        source, target = self.codings.of(step.source.map), self.codings.of(step.out)
        top = (1 << target.bits) - 1
        if step.mode == "max" or source == target:
            code = g.Code(1, 0, 0, 0, 0, top, "relu")
        else:
            factor, shift = multipliers(source.scale / target.scale)
            code = code_of(step.activation, target, shift, int(factor))
        where = self.target(step.out)
        return g.Pool(step.name, step.op, where, self.view(step.source), step.geometry, step.mode, code, step.inside)

    @layer.register
    def _add(self, step: AddStep) -> g.Layer:
        a, b, target = (self.codings.of(name) for name in (step.a.map, step.b.map, step.out))
        unit = argument_scale(step.activation, target)
        factor, shift = multipliers(np.array([a.scale, b.scale]) / unit)
        code = code_of(step.activation, target, shift, 1)
        views = self.view(step.a), self.view(step.b)
        where = self.target(step.out)
        return g.Add(step.name, step.op, where, *views, a.zero, b.zero, int(factor[0]), int(factor[1]), code)

    @layer.register
    def _mul(self, step: MulStep) -> g.Layer:
        a, b, target = (self.codings.of(name) for name in (step.a.map, step.b.map, step.out))
        factor, shift = multipliers(a.scale * b.scale / argument_scale(step.activation, target))
        code = code_of(step.activation, target, shift, int(factor))
        where = self.target(step.out)
        return g.Mul(step.name, step.op, where, self.view(step.a), self.view(step.b), a.zero, b.zero, code)

    @layer.register
    def _copy(self, step: CopyStep) -> g.Layer:
        source, target = self.codings.of(step.source.map), self.codings.of(step.out)
        where = self.target(step.out)
        if step.exact:
            code = g.Code(1, 0, 0, 0, 0, (1 << target.bits) - 1, "relu")
            return g.Requant(step.name, step.op, where, self.view(step.source), 0, code)
        factor, shift = multipliers(source.scale / argument_scale(step.activation, target))
        code = code_of(step.activation, target, shift, int(factor))
        return g.Requant(step.name, step.op, where, self.view(step.source), source.zero, code)


# The whole --------------------------------------------------------------------------------------------------------


def quantise(
    graph: FloatGraph, inputs: Mapping[str, Array], bits: int = 4, *, method: str = "mse", percentile: float = 99.9
) -> g.LayerGraph:
    """The layer graph of a network in its normal form, calibrated with images of its inputs, by map.

    `method` chooses ranges of activations: "mse", "percentile" or "minmax".
    """
    if method not in METHODS:
        raise UsageError(f"no way to choose ranges is called {method}", hint=f"one of {', '.join(METHODS)}")
    if not 2 <= bits <= 8:
        raise UsageError(f"codes of {bits} bits", hint="from 2 to 8 bits")
    statistics = calibrate(graph, inputs, bits)
    quantiser = Quantiser(graph, statistics, Codings(graph, statistics, method, percentile))
    layers = tuple(quantiser.layer(step) for step in graph.steps)
    maps = {
        name: g.Map(name, one.height, one.width, one.channels, quantiser.codings.of(name))
        for name, one in graph.maps.items()
        if one.parent is None
    }
    return g.LayerGraph(
        graph.name,
        maps,
        layers,
        tuple(port(one) for one in graph.inputs),
        tuple(port(one) for one in graph.outputs),
        tuple(graph.host_nodes),
        warnings=tuple(graph.warnings),
    )


def port(one: FloatPort) -> g.Port:
    """A port with all forms that its user may give."""
    model = one.shape[1:] if one.shape[:1] == (1,) and len(one.shape) > 1 else one.shape
    squeezed = tuple(size for size in one.canonical if size > 1)
    shapes = tuple(dict.fromkeys(form for form in (one.canonical, model, squeezed) if form))
    return g.Port(one.name, one.map, one.shape, shapes, one.axes, "linear", one.dtype)


def as_images(graph: FloatGraph, given: Mapping[str, Array]) -> dict[str, Array]:
    """Inputs in the user's form, by name, as images by map: float32 of shape (inferences, rows, columns, channels)."""
    images = {}
    for one in graph.inputs:
        array = np.asarray(given[one.name])
        canonical = array.reshape(len(array), *one.canonical).astype(np.float32)
        size = graph.maps[one.map].size
        images[one.map] = canonical.transpose(0, *(axis + 1 for axis in one.axes)).reshape(len(array), *size)
    return images
