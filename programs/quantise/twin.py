"""Levels of products found one layer after the other, beside the network in floating point.

Each product is given what the layers before it make in codes, and shall make what it makes in floating point: so its
levels make up for what rounding did before it. `acortex.programs.quantise.rounding` chooses the levels of a layer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs import graph as g
from acortex.programs.graph import Coding, Geometry
from acortex.programs.quantise import rounding
from acortex.programs.quantise.calibration import EXACT_SUM, Levels, Statistics, worst_sums
from acortex.programs.quantise.layer_codes import run_layer
from acortex.programs.quantise.layers import Quantiser
from acortex.programs.quantise.evaluate import (
    Seen,
    compute,
    convolve,
    evaluate,
    read,
    sums_of,
    taps,
    write,
)
from acortex.programs.quantise.evaluate_recurrent import run_sequence
from acortex.programs.quantise.exact import exact_convolve, product
from acortex.programs.steps import FloatGraph, ProductStep, RecurrentStep, Step

Array = NDArray[Any]

MOST_ROWS = 1 << 13
"""Rows of inputs that a layer's levels are chosen on."""

MOST_INPUTS = 1 << 13
"""A layer of more inputs to an output is rounded to the nearest levels."""

DAMPING = 0.02
"""How much levels are held to the weights, as a share of the mean square of a code."""

ROUNDS = 2
"""How often levels and their steps are chosen in turn."""


class Twin:
    """The codes of a network's maps, step by step, and the layers that make them."""

    def __init__(self, quantiser: Quantiser, inputs: Mapping[str, Array]) -> None:
        self.quantiser, self.graph, self.codings = quantiser, quantiser.graph, quantiser.codings
        self.layers: list[g.Layer] = []
        self.images: dict[str, Array] = {}
        for name, image in inputs.items():
            coding = self.codings.of(name)
            self.images[self.graph.root(name)[0]] = (to_codes(image, coding) + coding.zero).astype(np.uint8)
        self._left = Counter(self.graph.root(view.map)[0] for step in self.graph.steps for view in step.views)
        self._left.update(self.graph.root(port.map)[0] for port in self.graph.outputs)

    def observe(self, step: Step, seen: Seen) -> None:
        """Takes note of a step that was evaluated in floating point, and makes its codes."""
        if isinstance(step, ProductStep) and seen.weights is not None and step.kernel.steps is None:
            self._adapt(step, seen.weights, seen.sources[0])
        layers = self.quantiser.layers(step)
        for layer in layers:
            run_layer(layer, self.images, {name: one.size for name, one in self.graph.maps.items()})
        self.layers += layers
        CODES.update(self.images)
        if OPTIONS.get("show"):
            cd=self.codings.of(step.out); r=(read(self.graph,self.images,g.View(step.out)).astype(np.float32)-cd.zero)*cd.scale; e=r-seen.out
            best=to_codes(seen.out,cd)*cd.scale-seen.out
            pc=np.square(seen.out).mean((0,1,2)); 
            db=lambda a,b:10*np.log10(a.sum()/max(b.sum(),1e-30))
            print(f"{step.name[:40]:40} {step.op:12} {step.activation.function:6} sqnr {db(np.square(seen.out),np.square(e)):6.2f} rounding alone {db(np.square(seen.out),np.square(best)):6.2f} mean err {db(np.square(seen.out),np.square(e.mean((0,1,2)))*e[...,0].size):6.2f} zero {cd.zero}", f"channels rms spread {np.sqrt(pc.max()/np.median(pc)):.1f}")
        for view in step.views:
            root = self.graph.root(view.map)[0]
            self._left[root] -= 1
            if not self._left[root]:
                del self.images[root]

    def _adapt(self, step: ProductStep, weights: Array, source: Array) -> None:
        coding, statistics = self.codings.of(step.source.map), self.quantiser.statistics
        pad = float(to_codes(np.array(step.pad), coding))
        codes = read(self.graph, self.images, step.source).astype(np.float32) - coding.zero
        near = statistics.levels[step.name]
        statistics.levels[step.name] = adapted(step, weights, source, codes, coding.scale, pad, near, statistics.bits)


def to_codes(numbers: Array, coding: Coding) -> Array:
    """The codes nearest to numbers, less the code of zero: whole numbers in float32."""
    top = (1 << coding.bits) - 1
    codes: Array = np.clip(np.rint(numbers / coding.scale), -coding.zero, top - coding.zero).astype(np.float32)
    return codes


def adapted(
    step: ProductStep, weights: Array, source: Array, codes: Array, scale: float, pad: float, near: Levels, bits: int
) -> Levels:
    """Levels of a product whose source is `source` in floating point, and `codes` times `scale` on the chip.

    `near` are the nearest levels, with their steps.
    """
    taps_, inputs, out = weights.shape[0] * weights.shape[1], weights.shape[2], weights.shape[3]
    groups = step.groups
    real, mean_real = windows(step, source, step.pad)
    seen, mean_seen = windows(step, codes, pad)

    def by_group(rows: Array) -> Array:  # (n, taps, channels) -> (groups, n, taps * inputs)
        return rows.reshape(len(rows), taps_, groups, inputs).transpose(2, 0, 1, 3).reshape(groups, len(rows), -1)

    def matrix(kernel: Array) -> Array:
        return kernel.reshape(taps_ * inputs, groups, out // groups).transpose(1, 0, 2)

    floats = matrix(weights).astype(np.float64)
    levels, steps = matrix(near.weights).astype(np.float64), near.steps.reshape(groups, -1)
    bias = step.kernel.biases()
    if taps_ * inputs <= MOST_INPUTS and OPTIONS["adapt"]:
        top = (1 << (bits - 1)) - 1
        x, c = by_group(real), by_group(seen).astype(np.float64)
        x0, c0 = by_group(mean_real[None])[:, 0], by_group(mean_seen[None])[:, 0]
        wanted = product(x - c * scale if OPTIONS["asym"] else x * 0, floats)  # what codes miss already
        n = c.shape[1]
        total = c.sum(axis=1)
        gram = (c.transpose(0, 2, 1).astype(np.float32) @ c.astype(np.float32)).astype(np.float64)
        gram -= total[:, :, None] * total[:, None, :] / n
        diag = np.diagonal(gram, axis1=1, axis2=2)
        damp = np.maximum(diag.mean(axis=1), 1e-6) * (OPTIONS["damp"] + OPTIONS.get("dk",0)*c.shape[2]/n)
        gram += damp[:, None, None] * np.eye(gram.shape[1])
        wanted -= wanted.mean(axis=1, keepdims=True)
        target = product(c.transpose(0, 2, 1), wanted) + product(gram, floats * scale)
        rows = rounding.rows_of(gram, target, top)
        for k in range(OPTIONS["rounds"]):
            s = steps * scale
            start = floats / steps[:, None] if k == 0 or OPTIONS["restart"] else levels
            levels = rounding.descend(rows, s, start, -top, top, OPTIONS["sweeps"])
            if OPTIONS["steps"]:
                steps = rounding.best_steps(rows, levels, s) / scale
    whole = levels.transpose(1, 0, 2).reshape(weights.shape)
    found = Levels(whole.astype(np.int8), steps.reshape(-1), bias)
    if OPTIONS["bias"]:
        a = product(by_group(mean_real[None]), floats)[:, 0]
        b = (by_group(mean_seen[None]) @ levels)[:, 0] * steps * scale
        found = replace(found, bias=bias + (a - b).reshape(-1))
    else:
        found = replace(found, bias=near.bias)
    return found


import json, os  # noqa
CODES = {}
OPTIONS = {"adapt": 1, "asym": 1, "damp": 0.1, "dk": 3, "rounds": 2, "restart": 0, "sweeps": 4, "steps": 1, "bias": 1, "rows": MOST_ROWS}
OPTIONS |= json.loads(os.environ.get("QOPT", "{}"))


def windows(step: ProductStep, image: Array, pad: float) -> tuple[Array, Array]:
    """Some of the windows that a product sees, float32 of shape (rows, taps, channels), and the mean of all, float64."""
    height, width = step.kernel.shape[:2]
    found, means = [], np.zeros((height * width, image.shape[3]))
    places = step.parts or (None,)
    total = sum(one.rows * one.columns for one in step.geometries) * len(image)
    stride = max(total // OPTIONS["rows"], 1) | 1
    for part, geometry in zip(places, step.geometries, strict=True):
        seen = taps(image, geometry, pad)
        index = np.arange(0, len(image) * geometry.rows * geometry.columns, stride)
        where = np.unravel_index(index, (len(image), geometry.rows, geometry.columns))
        rows = np.zeros((len(index), height * width, image.shape[3]), np.float32)
        for n, tap in enumerate(seen):
            place = n if part is None else _place(part, n, width)
            if place is not None:
                rows[:, place] = tap[where]
                means[place] += tap.sum(axis=(0, 1, 2), dtype=np.float64)
        found.append(rows)
    return np.concatenate(found), means / total


def _place(part, n: int, width: int) -> int | None:
    """The tap of a whole kernel that is a tap of a part, None for one of zeros."""
    row, column = part.rows[n // len(part.columns)], part.columns[n % len(part.columns)]
    return row * width + column if row >= 0 and column >= 0 else None


def adapt(quantiser: Quantiser, inputs: Mapping[str, Array]) -> list[g.Layer]:
    twin = Twin(quantiser, inputs)
    evaluate(quantiser.graph, inputs, twin.observe, exact_convolve)
    return twin.layers
