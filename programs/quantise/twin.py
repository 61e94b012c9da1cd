"""A network in codes beside the one in floating point, one layer after the other, with levels chosen on the way.

Each product is given what the layers before it make on the chip, and is to make what it makes in floating point: so its
levels make up for what rounding did before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs import graph as g
from acortex.programs.quantise.adapt import MOST_INPUTS, Source, adapted
from acortex.programs.quantise.calibration import Levels
from acortex.programs.quantise.evaluate import Seen, evaluate, read
from acortex.programs.quantise.exact import EXACT
from acortex.programs.quantise.layer_codes import run_layer
from acortex.programs.quantise.layers import Quantiser
from acortex.programs.quantise.progress import Progress, unheard
from acortex.programs.steps import ProductStep, Step

Array = NDArray[Any]


NO_ERROR = 1e-4
"""A share of a step: weights so near to levels are these."""


class Twin:
    """The codes of a network's maps, and the layers of each of its steps so far."""

    def __init__(self, quantiser: Quantiser, inputs: Mapping[str, Array], most_inputs: int) -> None:
        self.most_inputs = most_inputs
        self.quantiser, self.graph, self.codings = quantiser, quantiser.graph, quantiser.codings
        self.layers: list[tuple[g.Layer, ...]] = []
        self.images: dict[str, Array] = {}
        for name, image in inputs.items():
            self.images[self.graph.root(name)[0]] = to_codes(image, self.codings.of(name))
        self._left = Counter(self.graph.root(view.map)[0] for step in self.graph.steps for view in step.views)
        self._left.update(self.graph.root(port.map)[0] for port in self.graph.outputs)

    def observe(self, step: Step, seen: Seen) -> None:
        """Takes note of a step that was evaluated in floating point, and makes its codes."""
        if isinstance(step, ProductStep) and seen.weights is not None and not self._own(step):
            self._adapt(step, seen.weights, seen.sources[0])
        self.layers.append(self.quantiser.layers(step))
        known = set(self.images)
        for layer in self.layers[-1]:
            run_layer(layer, self.images, {name: one.size for name, one in self.graph.maps.items()})
        self._drop(step, set(self.images) - known)

    def _own(self, step: ProductStep) -> bool:
        """Whether the network itself has the levels of a product, or the codes that one of scales alone makes."""
        stated = step.affine and self.graph.maps[step.out].coding is not None
        return step.kernel.steps is not None or stated or self.quantiser.statistics.levels[step.name].given

    def _adapt(self, step: ProductStep, weights: Array, real: Array) -> None:
        """Chooses the levels of a product anew."""
        coding, statistics = self.codings.of(step.source.map), self.quantiser.statistics
        codes, pad = read(self.graph, self.images, step.source), to_codes(np.array(step.pad), coding)
        less, pad_code = codes.astype(np.float32) - coding.zero, float(pad) - coding.zero
        source = Source(real, less, coding.scale, step.pad, pad_code)
        near = statistics.levels[step.name]
        if are_levels(weights, near):
            return
        statistics.levels[step.name] = adapted(step, weights, source, near, statistics.bits, self.most_inputs)

    def _drop(self, step: Step, made: set[str]) -> None:
        """Drops the images that nothing reads any more: those that a step has read, and those between its layers."""
        for view in step.views:
            root = self.graph.root(view.map)[0]
            self._left[root] -= 1
            if not self._left[root]:
                del self.images[root]
        for name in made - {self.graph.root(one)[0] for one in step.written}:
            del self.images[name]


def are_levels(weights: Array, near: Levels) -> bool:
    """Whether weights are whole levels already, of a network that was trained so: then it keeps them."""
    wrong = np.abs(weights - near.weights * near.steps.astype(np.float32))
    return bool((wrong <= NO_ERROR * near.steps.astype(np.float32)).all())


def to_codes(numbers: Array, coding: g.Coding) -> Array:
    """The codes nearest to numbers: uint8 of their shape."""
    top = (1 << coding.bits) - 1
    codes: Array = (np.clip(np.rint(numbers / coding.scale), -coding.zero, top - coding.zero) + coding.zero).astype(
        np.uint8
    )
    return codes


def layers_with_adapted_levels(
    quantiser: Quantiser, inputs: Mapping[str, Array], progress: Progress = unheard, most_inputs: int = MOST_INPUTS
) -> list[tuple[g.Layer, ...]]:
    """The layers of each step of a network, with levels chosen on images of its inputs, by map.

    Products of more than `most_inputs` weights to an output get the nearest levels, and new biases alone.
    """
    twin, total = Twin(quantiser, inputs, most_inputs), len(quantiser.graph.steps)

    def observe(step: Step, seen: Seen) -> None:
        twin.observe(step, seen)
        progress(len(twin.layers), total)

    evaluate(quantiser.graph, inputs, observe, sums=EXACT)
    return twin.layers
