"""Cross-layer equalisation: channels of a map get like ranges, since all of them share one coding.

A channel that is scaled where it is made, and scaled back where it is read, changes nothing in floating point as long
as all between is homogeneous: Relu, LeakyRelu, pools, additions (Nagel et al. 2019). The weights behind it take what
the codes no longer need to: each output of a product has a step of its own. Channels that must share a factor, such as
those of two summands, are joined; those of inputs, outputs and of what is not homogeneous keep theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import View
from acortex.programs.quantise.codings import keeps_codes
from acortex.programs.steps import (
    AddStep,
    CopyStep,
    FloatGraph,
    KernelGeometry,
    PadStep,
    PoolStep,
    ProductStep,
    Step,
)

Array = NDArray[Any]

HOMOGENEOUS = ("none", "relu", "leaky")
"""Activations that a positive factor goes through."""

LARGEST_FACTOR = 64.0
"""How much more than the others a channel is scaled at most."""

STRENGTH = 0.5
"""How far channels are equalised: 0 not at all, 1 to equal ranges."""


class Classes:
    """Channels of maps, joined where they must share one factor, and fixed where none is possible."""

    def __init__(self, graph: FloatGraph) -> None:
        self.graph = graph
        roots = [name for name, one in graph.maps.items() if one.parent is None]
        sizes = [graph.maps[name].channels for name in roots]
        self._start = dict(zip(roots, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
        self._leader = np.arange(sum(sizes))
        self._fixed = np.zeros(sum(sizes), bool)

    def of(self, view: View) -> Array:
        """The numbers of the channels that a view shows."""
        root, offset = self.graph.root(view.map)
        channels = range(self.graph.maps[view.map].channels) if view.channels is None else view.channels
        return self._start[root] + offset + np.asarray(channels)

    def _lead(self, one: int) -> int:
        while self._leader[one] != one:
            self._leader[one] = self._leader[self._leader[one]]
            one = int(self._leader[one])
        return one

    def join(self, ones: Array, others: Array) -> None:
        """Lets channels share factors, one by one."""
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            self._leader[self._lead(other)] = self._lead(one)

    def fix(self, ones: Array) -> None:
        """Leaves channels as they are."""
        self._fixed[ones] = True

    def settle(self) -> tuple[Array, Array]:
        """The class of each channel, and whether the class of each is fixed."""
        leaders = np.array([self._lead(one) for one in range(len(self._leader))], np.intp)
        fixed = np.zeros(len(leaders), bool)
        np.logical_or.at(fixed, leaders, self._fixed)
        return leaders, fixed[leaders]


def classes_of(graph: FloatGraph) -> Classes:
    """The channels of a network's maps, with what must share a factor joined."""
    found = Classes(graph)
    for name in (port.map for port in (*graph.inputs, *graph.outputs)):
        found.fix(found.of(View(name)))
    for name, one in graph.maps.items():
        if one.coding is not None or one.bounds is not None:
            found.fix(found.of(View(name)))
    for step in graph.steps:
        _constrain(step, found)
    return found


def _constrain(step: Step, found: Classes) -> None:
    """What a step demands of the factors of what it reads and writes."""
    read, written = [found.of(view) for view in step.views], [found.of(View(name)) for name in step.written]
    act = step.activation
    homogeneous = act.function in HOMOGENEOUS and math.isinf(act.low) and math.isinf(act.high)
    if isinstance(step, ProductStep) and step.kernel.steps is None and not step.pad:
        if not homogeneous:
            found.fix(written[0])
    elif isinstance(step, (CopyStep, PoolStep)) and homogeneous or isinstance(step, PadStep) and not step.pad:
        found.join(written[0], read[0])
    elif isinstance(step, AddStep) and homogeneous:
        found.join(written[0], read[0])
        found.join(written[0], read[1])
    else:
        for channels in (*read, *written):
            found.fix(channels)


def factors(classes: Classes, ranges: Array, strength: float) -> Array:
    """The factor of each channel, from what its largest number is: the larger the smaller that is, 1 where fixed."""
    leaders, fixed = classes.settle()
    largest = np.zeros(len(leaders))
    np.maximum.at(largest, leaders, ranges)
    free = ~fixed & (largest[leaders] > 0)
    found = np.ones(len(leaders))
    top = _of_maps(classes, np.where(free, ranges, 0))
    # A class has its place among the channels of the map in which it is largest.
    share = np.ones(len(leaders))
    ratio = np.where(free, ranges / np.where(top > 0, top, 1), 0)
    best = np.zeros(len(leaders))
    np.maximum.at(best, leaders, ratio)
    share = best[leaders]
    found[free] = np.minimum(share[free] ** -strength, LARGEST_FACTOR)
    return found


def _of_maps(classes: Classes, ranges: Array) -> Array:
    """The largest of the ranges of each map, for each of its channels."""
    top = np.zeros(len(ranges))
    for name, start in classes._start.items():
        part = slice(start, start + classes.graph.maps[name].channels)
        top[part] = ranges[part].max(initial=0)
    return top


def scaled(graph: FloatGraph, classes: Classes, found: Array) -> None:
    """Scales the channels of a network's maps: its products, in place."""
    for n, step in enumerate(graph.steps):
        if not isinstance(step, ProductStep):
            continue
        into, out = found[classes.of(step.source)], found[classes.of(View(step.out))]
        if (into == 1).all() and (out == 1).all():
            continue
        kernel = step.kernel if (into == 1).all() else _read_scaled(step.kernel, into, step.groups)
        graph.steps[n] = replace(step, kernel=kernel.then(out, np.zeros(len(out))))


def _read_scaled(kernel: KernelGeometry, factor: Array, groups: int) -> KernelGeometry:
    """A kernel whose inputs were scaled by a factor for each channel."""
    back = (1 / factor).reshape(groups, -1).astype(np.float32)

    def load() -> Array:
        weights = np.asarray(kernel.load(), np.float32)
        each = np.repeat(back, weights.shape[3] // groups, axis=0).T
        made: Array = weights * each
        return made

    return replace(kernel, load=load)


class Ranges:
    """The largest magnitude of each channel of each map."""

    def __init__(self, classes: Classes) -> None:
        self.classes = classes
        self.largest = np.zeros(len(classes._leader))

    def see(self, name: str, image: Array) -> None:
        where = self.classes.of(View(name))
        m = np.abs(image).max(axis=(0, 1, 2))
        r = np.sqrt(np.square(image, dtype=np.float64).mean(axis=(0, 1, 2)))
        from acortex.programs.quantise.twin import OPTIONS
        self.largest[where] = np.maximum(self.largest[where], m ** OPTIONS.get("mx", 1) * r ** (1 - OPTIONS.get("mx", 1)))


def equalise(graph: FloatGraph, inputs: Mapping[str, Array], strength: float = STRENGTH) -> None:
    from acortex.programs.quantise.evaluate import evaluate
    from acortex.programs.quantise.exact import exact_convolve

    classes = classes_of(graph)
    ranges = Ranges(classes)
    evaluate(graph, inputs, lambda step, seen: ranges.see(step.out, seen.out), exact_convolve)
    found = factors(classes, ranges.largest, strength)
    scaled(graph, classes, found)
