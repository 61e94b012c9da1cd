"""Cross-layer equalisation: channels of a map get like ranges, since all of them share one coding.

A channel that is scaled where it is made, and scaled back where it is read, changes nothing in floating point as long
as all between is homogeneous: Relu, LeakyRelu, pools, additions (Nagel et al. 2019). The weights behind it take what
the codes no longer need to: each output of a product has a step of its own. Channels that must share a factor, such as
those of two summands, are joined; those of inputs, outputs and of what is not homogeneous keep theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import View
from acortex.programs.quantise.evaluate import Seen, evaluate
from acortex.programs.quantise.exact import EXACT
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
"""How far channels are equalised: 0 not at all, 1 to equal ranges, which weights would pay for."""


class Classes:
    """Channels of maps, joined where they must share one factor, and fixed where none is possible."""

    def __init__(self, graph: FloatGraph) -> None:
        self.graph = graph
        roots = [name for name, one in graph.maps.items() if one.parent is None]
        sizes = [graph.maps[name].channels for name in roots]
        self._start = dict(zip(roots, np.cumsum([0, *sizes])[:-1].tolist(), strict=True))
        self._leader = np.arange(sum(sizes))
        self._fixed = np.zeros(sum(sizes), bool)

    @property
    def count(self) -> int:
        """How many channels there are in all."""
        return len(self._leader)

    def of_maps(self, numbers: Array) -> Array:
        """The largest number of all channels of a map, for each of its channels; 1 instead of 0."""
        top = np.ones(self.count)
        for name, start in self._start.items():
            part = slice(start, start + self.graph.maps[name].channels)
            top[part] = numbers[part].max(initial=0) or 1
        return top

    def of(self, view: View) -> Array:
        """The numbers of the channels that a view shows."""
        root, offset = self.graph.root(view.map)
        channels = range(self.graph.maps[view.map].channels) if view.channels is None else view.channels
        found: Array = self._start[root] + offset + np.asarray(channels)
        return found

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
    padded = isinstance(step, (ProductStep, PadStep)) and step.pad != 0
    if isinstance(step, ProductStep) and step.kernel.steps is None and not padded:
        if not homogeneous:
            found.fix(written[0])
    elif isinstance(step, (CopyStep, PoolStep, PadStep, AddStep)) and homogeneous and not padded:
        for channels in read:
            found.join(written[0], channels)
    else:
        for channels in (*read, *written):
            found.fix(channels)


def factors(classes: Classes, largest: Array) -> Array:
    """The factor of each channel, from its largest number in any input: above 1 where that is small, 1 where fixed."""
    leaders, fixed = classes.settle()
    share = largest / classes.of_maps(largest)
    # Channels that share a factor lie in several maps: the one in which they are largest counts.
    joint = np.zeros(len(leaders))
    np.maximum.at(joint, leaders, share)
    joint = joint[leaders]
    free = ~fixed & (joint > 0)
    return np.where(free, np.minimum(np.where(free, joint, 1) ** -STRENGTH, LARGEST_FACTOR), 1)


def scale(graph: FloatGraph, classes: Classes, found: Array) -> None:
    """Scales the channels of a network's maps by factors: changes its products, in place."""
    for n, step in enumerate(graph.steps):
        if isinstance(step, ProductStep):
            read, written = found[classes.of(step.source)], found[classes.of(View(step.out))]
            kernel = step.kernel
            if (read != 1).any():
                kernel = _read_scaled(kernel, read, step.groups)
            if (written != 1).any():
                kernel = kernel.then(written, np.zeros(len(written)))
            graph.steps[n] = replace(step, kernel=kernel)


def _read_scaled(kernel: KernelGeometry, factor: Array, groups: int) -> KernelGeometry:
    """A kernel whose inputs were scaled by a factor for each channel."""
    back = (1 / factor).reshape(groups, -1).astype(np.float32)

    def load() -> Array:
        weights = np.asarray(kernel.load(), np.float32)
        scaled: Array = weights * np.repeat(back, weights.shape[3] // groups, axis=0).T
        return scaled

    return replace(kernel, load=load)


def equalise(graph: FloatGraph, inputs: Mapping[str, Array]) -> None:
    """Equalises the channels of a network, on images of its inputs, by map: changes its products, in place."""
    classes = classes_of(graph)
    largest = np.zeros(classes.count)

    def observe(step: Step, seen: Seen) -> None:
        where = classes.of(View(step.out))
        largest[where] = np.maximum(largest[where], np.abs(seen.out).max(axis=(0, 1, 2)))

    with np.errstate(all="ignore"):  # numbers that are not finite are reported by calibration
        evaluate(graph, inputs, observe, sums=EXACT)
    if np.isfinite(largest).all():
        scale(graph, classes, factors(classes, largest))
