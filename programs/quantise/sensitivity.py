"""What each layer's rounding costs: its own signal to noise, and what the outputs would gain were it alone exact."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs import graph as g
from acortex.programs.quantise.codings import keeps_codes
from acortex.programs.quantise.evaluate import Seen, compute, evaluate, product_of, read, write
from acortex.programs.quantise.evaluate_recurrent import run_sequence
from acortex.programs.quantise.exact import EXACT
from acortex.programs.quantise.layer_codes import run_layer
from acortex.programs.quantise.layers import Quantiser
from acortex.programs.quantise.progress import Progress
from acortex.programs.quantise.twin import to_codes
from acortex.programs.steps import KernelGeometry, ProductStep, RecurrentStep, Step

Array = NDArray[Any]

Images = dict[str, Array]

MOST_INPUTS = 16
"""Inputs on which losses are measured."""

MOST_MACS = 1 << 39
"""Multiply-accumulates that all measurements may take: a minute of work; then fewer inputs serve."""


def losses(
    quantiser: Quantiser,
    layers: Sequence[tuple[g.Layer, ...]],
    inputs: Mapping[str, Array],
    most: int,
    progress: Progress,
) -> g.Losses:
    """The losses of those `most` layers that have the least signal to noise, the costliest first.

    `layers` are those of each step of a quantiser's network; `inputs` are images of its inputs, by map.
    """
    study = _Study(quantiser, layers, _some(quantiser, inputs, most))
    rows = sorted(study.noise, key=lambda n: study.noise[n])[:most]
    found = []
    for done, n in enumerate(rows):
        progress(done, len(rows))
        step = quantiser.graph.steps[n]
        found.append(g.Loss(step.name, step.op, study.noise[n], study.correlation_without(n)))
    progress(len(rows), len(rows))
    return g.Losses(study.correlation, tuple(sorted(found, key=lambda one: (-one.correlation_without, one.sqnr_db))))


def _some(quantiser: Quantiser, inputs: Mapping[str, Array], most: int) -> dict[str, Array]:
    """As many of the inputs, evenly spread, as measurements of so many layers allow."""
    macs, steps = 1, quantiser.graph.steps
    for step in steps:
        if isinstance(step, ProductStep):
            macs += sum(one.rows * one.columns for one in step.geometries) * math.prod(step.kernel.shape)
    count = max(min(MOST_INPUTS, MOST_MACS // (macs * (1 + min(most, len(steps)) // 2))), 1)
    return {name: image[:: -(-len(image) // count)] for name, image in inputs.items()}


class _Study:
    """A network in floating point and in codes, on some inputs, with all maps in codes.

    `noise` has the signal to noise of each step that rounds, in decibels, by its place, given codes of what is exact;
    `correlation` is that of the outputs with floating point.
    """

    def __init__(
        self, quantiser: Quantiser, layers: Sequence[tuple[g.Layer, ...]], inputs: Mapping[str, Array]
    ) -> None:
        self.quantiser, self.graph, self.layers = quantiser, quantiser.graph, layers
        self.sizes = {name: one.size for name, one in self.graph.maps.items()}
        self.noise: dict[int, float] = {}
        self.codes: Images = {}
        self._ideal: Images = {}
        for images in (self.codes, self._ideal):
            for name, image in inputs.items():
                images[self.graph.root(name)[0]] = self._coded(name, image)
        self._at = 0
        self.exact = evaluate(self.graph, inputs, self._observe, sums=EXACT)
        self._ideal.clear()
        self.correlation = self._correlation(self.codes, {})

    def _observe(self, step: Step, seen: Seen) -> None:
        """Takes note of a step in floating point: runs its layers on codes, and on codes of what is exact."""
        n, self._at = self._at, self._at + 1
        self._run(n, self.codes)
        if not keeps_codes(step):
            alone = {name: image.copy() for name, image in self._ideal.items() if name in self._touched(n)}
            self._run(n, alone)
            self.noise[n] = _decibels(seen.out, self._real(step.out, alone))
        made = [(step.out, seen.out)]
        if isinstance(step, RecurrentStep) and seen.sequence is not None:
            made += [(name, one[:, None, None]) for name, one in _ends(step, seen.sequence.last, seen.sequence.state)]
        for name, image in made:
            self._write(name, self._coded(name, image), self._ideal)

    def _touched(self, n: int) -> set[str]:
        """The maps that a step reads or writes."""
        step = self.graph.steps[n]
        return {self.graph.root(name)[0] for name in (*(view.map for view in step.views), *step.written)}

    def _run(self, n: int, images: Images) -> None:
        """Runs the layers of a step on images of codes."""
        for layer in self.layers[n]:
            run_layer(layer, images, self.sizes)

    def _coded(self, name: str, image: Array) -> Array:
        return to_codes(image, self.quantiser.codings.of(name))

    def _real(self, name: str, images: Mapping[str, Array]) -> Array:
        """The numbers that the codes of a map stand for."""
        return self._shown(g.View(name), images, {})

    def _shown(self, view: g.View, codes: Mapping[str, Array], reals: Mapping[str, Array]) -> Array:
        """The numbers that a view shows: real ones where its map is among `reals`, else those of its codes."""
        if self.graph.root(view.map)[0] in reals:
            return read(self.graph, reals, view)
        coding = self.quantiser.codings.of(view.map)
        return (read(self.graph, codes, view).astype(np.float32) - coding.zero) * np.float32(coding.scale)

    def _write(self, name: str, image: Array, images: Images) -> None:
        """Puts an image where its map lies."""
        root = self.graph.root(name)[0]
        if root not in images:
            images[root] = np.zeros((len(image), *self.sizes[root]), image.dtype)
        write(self.graph, images, name, image)

    def _correlation(self, codes: Mapping[str, Array], reals: Mapping[str, Array]) -> float:
        """The mean correlation of the outputs with those in floating point."""
        pairs = ((exact, self._shown(g.View(name), codes, reals)) for name, exact in self.exact.items())
        return float(np.mean([correlation(exact, found) for exact, found in pairs]))

    def correlation_without(self, n: int) -> float:
        """The correlation of the outputs where the step at a place computes, and hands on, real numbers."""
        later = {self.graph.root(name)[0] for step in self.graph.steps[n:] for name in step.written}
        codes = {name: image.copy() if name in later else image for name, image in self.codes.items()}
        reals: Images = {}
        for m in range(n, len(self.layers)):
            step = self.graph.steps[m]
            if m > n and not any(self.graph.root(view.map)[0] in reals for view in step.views):
                self._run(m, codes)
                self._refresh(step, codes, reals)
                continue
            for name, image in self._in_floats(step, codes, reals, exact=m == n):
                self._write(name, self._coded(name, image), codes)
                root = self.graph.root(name)[0]
                if m == n or keeps_codes(step):
                    reals.setdefault(root, self._real(root, codes))
                    self._write(name, image, reals)
            self._refresh(step, codes, reals, keep=m == n or keeps_codes(step))
        return self._correlation(codes, reals)

    def _refresh(self, step: Step, codes: Images, reals: Images, keep: bool = False) -> None:
        """Gives a step's codes to a map of real numbers in which it fills a part."""
        for name in step.written:
            if not keep and self.graph.root(name)[0] in reals:
                self._write(name, self._real(name, codes), reals)

    def _in_floats(
        self, step: Step, codes: Mapping[str, Array], reals: Mapping[str, Array], exact: bool
    ) -> list[tuple[str, Array]]:
        """What a step makes of real numbers, by map; unless it is `exact`, with the levels of its weights."""
        sources = tuple(self._shown(view, codes, reals) for view in step.views)
        if isinstance(step, RecurrentStep):
            made = run_sequence(step, sources, step.gates.load(), EXACT.multiply)
            ends = _ends(step, made.last, made.state)
            return [(step.out, made.every), *((name, one[:, None, None]) for name, one in ends)]
        if isinstance(step, ProductStep):
            one = step if exact else self._levelled(step)
            found = product_of(one, sources[0], one.kernel.weights(), EXACT)
        else:
            found = compute(step, sources)
        return [(step.out, step.activation.apply(found.astype(np.float64)).astype(np.float32))]

    def _levelled(self, step: ProductStep) -> ProductStep:
        """A product with the numbers that its levels stand for."""
        levels = self.quantiser.statistics.levels[step.name]
        weights = levels.weights * levels.steps.astype(np.float32)
        return replace(step, kernel=KernelGeometry(step.kernel.shape, lambda: weights, lambda: levels.bias))


def _ends(step: RecurrentStep, last: Array, state: Array) -> list[tuple[str, Array]]:
    """The last h and the last state of a sequence, by map, where the network uses them."""
    return [(name, one) for name, one in ((step.last, last), (step.last_state, state)) if name is not None]


def _decibels(exact: Array, found: Array) -> float:
    """The power of what is exact over that of the difference; 200 at most, which is no noise at all."""
    noise = float(np.square(exact - found, dtype=np.float64).sum())
    signal = float(np.square(exact, dtype=np.float64).sum())
    if not noise:
        return MOST_DECIBELS
    return min(10 * math.log10(max(signal / noise, 1e-20)), MOST_DECIBELS)


MOST_DECIBELS = 200.0


def correlation(exact: Array, found: Array) -> float:
    """Pearson's correlation of all numbers of two arrays; of numbers that are all equal 1 where both are the same."""
    a, b = (one.astype(np.float64) - one.mean(dtype=np.float64) for one in (exact, found))
    power = math.sqrt(float(np.square(a).sum()) * float(np.square(b).sum()))
    return float((a * b).sum()) / power if power else float(np.allclose(exact, found))
