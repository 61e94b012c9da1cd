"""Computes a network's normal form in floating point, for calibration.

Images are float32 of shape (inferences, rows, columns, channels). An image is dropped once its last reader has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial, singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Coding, Geometry, View
from acortex.programs.quantise.ahead import ahead
from acortex.programs.quantise.evaluate_recurrent import Multiply, Sequence, run_sequence
from acortex.programs.quantise.host_floats import HostFloats
from acortex.programs.steps import (
    AddStep,
    CopyStep,
    FloatGraph,
    MulStep,
    PadStep,
    PoolStep,
    ProductStep,
    RecurrentStep,
    Step,
    TableStep,
)

Array = NDArray[Any]

FEW_CHANNELS = 16
"""With fewer channels all taps are gathered into one matrix; with more, each tap is a product of its own."""


@dataclass(eq=False)
class Seen:
    """What an observer may look at when a step has been computed: what it read, its weights, what it made."""

    sources: tuple[Array, ...]
    weights: Array | None
    out: Array
    sequence: Sequence | None = None
    gates: tuple[Array, ...] = ()


@dataclass(frozen=True)
class Sums:
    """How products are summed: what sums an image's windows, what multiplies matrices, the type of activations."""

    convolve: Callable[[Array, Array, Geometry, int, float], Array]
    multiply: Multiply
    kind: type[np.float32] | type[np.float64]


def evaluate(
    graph: FloatGraph,
    inputs: Mapping[str, Array],
    observe: Callable[[Step, Seen], None] | None = None,
    host: HostFloats | None = None,
    made: Callable[[str, Array], None] = lambda name, image: None,
    sums: Sums | None = None,
) -> dict[str, Array]:
    """The images of the outputs, by map, from those of the inputs; `observe` gets each step's as it is made.

    The `host` works between the steps; `made` gets the images that it makes, by map. Without `sums` it is computed in
    float32 throughout.
    """
    weights = ahead(partial(_weights, step) for step in graph.steps if isinstance(step, ProductStep | RecurrentStep))
    with _alone() if sums is None else nullcontext(), closing(weights):
        return _evaluated(graph, inputs, observe, host, made, sums or FLOAT, weights)


def _weights(step: ProductStep | RecurrentStep) -> tuple[Array, ...]:
    """The weights of a product, alone, or those of all gates."""
    return (step.kernel.weights(),) if isinstance(step, ProductStep) else step.gates.load()


def _alone() -> AbstractContextManager[object]:
    """One thread for the library of linear algebra: its sums are then the same however many the machine has."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limit: AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limit


def _evaluated(
    graph: FloatGraph,
    inputs: Mapping[str, Array],
    observe: Callable[[Step, Seen], None] | None,
    host: HostFloats | None,
    made: Callable[[str, Array], None],
    sums: Sums,
    weights: Iterator[tuple[Array, ...]],
) -> dict[str, Array]:
    images: dict[str, Array] = {}
    left = Counter(graph.root(view.map)[0] for step in graph.steps for view in step.views)
    left.update(graph.root(port.map)[0] for port in graph.outputs)
    for name, image in inputs.items():
        write(graph, images, name, np.asarray(image, np.float32))
    for step in graph.steps:
        for name, image in host.before(step.name, images) if host is not None else ():
            write(graph, images, name, image)
            made(graph.root(name)[0], image)
        sources = tuple(read(graph, images, view) for view in step.views)
        seen = _seen(step, sources, sums, weights)
        seen.out = _as_stated(seen.out, graph.maps[step.out].coding)
        write(graph, images, step.out, seen.out)
        if isinstance(step, RecurrentStep) and seen.sequence is not None:
            _write_ends(graph, images, step, seen.sequence)
        if observe is not None:
            observe(step, seen)
        _drop_read(graph, images, step, left)
    return {port.map: read(graph, images, View(port.map)) for port in graph.outputs}


def _as_stated(image: Array, coding: Coding | None) -> Array:
    """Numbers at the levels that the network itself gives them."""
    if coding is None:
        return image
    steps = np.rint(image / np.float32(coding.scale))
    held: Array = np.clip(steps, -coding.zero, (1 << coding.bits) - 1 - coding.zero) * np.float32(coding.scale)
    return held


def _write_ends(graph: FloatGraph, images: dict[str, Array], step: RecurrentStep, sequence: Sequence) -> None:
    """Writes the last h and the last c of a sequence, where the network uses them."""
    for end, made in ((step.last, sequence.last), (step.last_state, sequence.state)):
        if end is not None:
            write(graph, images, end, made[:, None, None])


def _drop_read(graph: FloatGraph, images: dict[str, Array], step: Step, left: Counter[str]) -> None:
    """Counts what a step has read, and drops the images that nothing else reads."""
    for view in step.views:
        root = graph.root(view.map)[0]
        left[root] -= 1
        if not left[root]:
            del images[root]


def _seen(step: Step, sources: tuple[Array, ...], sums: Sums, weights: Iterator[tuple[Array, ...]]) -> Seen:
    """What a step makes of its sources; one that has weights takes the next ones."""
    if isinstance(step, RecurrentStep):
        for_x, for_h, bias_x, bias_h = next(weights)
        return _sequence(step, sources, sums, (for_x, for_h, bias_x, bias_h))
    if not isinstance(step, ProductStep):
        return Seen(sources, None, _active(step, compute(step, sources), sums))
    (own,) = next(weights)
    made = product_of(step, sources[0], own, sums)
    return Seen(sources, _gathered(own), _active(step, made, sums))


def _active(step: Step, made: Array, sums: Sums) -> Array:
    active: Array = step.activation.apply(made.astype(sums.kind, copy=False)).astype(np.float32, copy=False)
    return active


def _gathered(weights: Array) -> Array:
    """Weights as they are where those of all taps are one matrix in memory, else copied so.

    ONNX has the taps of a channel side by side, and each look at them as a matrix would gather them anew. A product
    takes them as they are: libraries of linear algebra add up in an order that depends on how a matrix lies in memory.
    """
    return weights.reshape(-1, weights.shape[3]).reshape(weights.shape)


def _sequence(
    step: RecurrentStep, sources: tuple[Array, ...], sums: Sums, gates: tuple[Array, Array, Array, Array]
) -> Seen:
    made = run_sequence(step, tuple(one.astype(sums.kind, copy=False) for one in sources), gates, sums.multiply)
    return Seen(sources, None, made.every, made, gates)


def read(graph: FloatGraph, images: Mapping[str, Array], view: View) -> Array:
    """What a view reads."""
    root, offset = graph.root(view.map)
    source = graph.maps[view.map]
    height = source.height - view.top if view.height is None else view.height
    width = source.width - view.left if view.width is None else view.width
    crop = images[root][:, view.top : view.top + height, view.left : view.left + width]
    if view.channels is not None:
        return crop[..., np.asarray(view.channels) + offset]
    return crop[..., offset : offset + source.channels]


def write(graph: FloatGraph, images: dict[str, Array], name: str, image: Array) -> None:
    """Puts an image where its map lies."""
    root, offset = graph.root(name)
    whole = graph.maps[root]
    if root == name:
        images[name] = image
        return
    if root not in images:
        images[root] = np.zeros((len(image), *whole.size), np.float32)
    p = graph.maps[name].phase
    images[root][:, p.top :: p.step_y, p.left :: p.step_x, offset : offset + image.shape[3]] = image


def product_of(step: ProductStep, source: Array, weights: Array, sums: Sums) -> Array:
    """What a product makes of its source, before its activation."""
    if step.parts:
        made = _interleaved(step, source, weights, sums)
    else:
        made = sums.convolve(source, weights, step.geometry, step.groups, step.pad)
    return made + step.kernel.biases().astype(np.float32)


def _interleaved(step: ProductStep, source: Array, weights: Array, sums: Sums) -> Array:
    """What a product in parts makes, without its biases: each part's pixels in their places."""
    height = max(part.phase.top + 1 + (part.geometry.rows - 1) * part.phase.step_y for part in step.parts)
    width = max(part.phase.left + 1 + (part.geometry.columns - 1) * part.phase.step_x for part in step.parts)
    made = np.zeros((len(source), height, width, weights.shape[3]), np.float32)
    for part in step.parts:
        p = part.phase
        image = sums.convolve(source, part.weights(weights), part.geometry, step.groups, step.pad)
        made[:, p.top :: p.step_y, p.left :: p.step_x] = image
    return made


@singledispatch
def compute(step: Step, sources: tuple[Array, ...]) -> Array:
    """What a step without weights makes of its sources, before its activation."""
    raise AssertionError(f"no evaluation for {type(step).__name__}")


@compute.register
def _pool(step: PoolStep, sources: tuple[Array, ...]) -> Array:
    source = sources[0]
    if step.mode == "max":
        return over(np.maximum, taps(source, step.geometry, -np.inf))
    total = over(np.add, taps(source, step.geometry, 0.0))
    if not step.inside:
        return total / np.float32(step.geometry.kernel_y * step.geometry.kernel_x)
    ones = np.ones((1, *source.shape[1:3], 1), np.float32)
    average: Array = total / over(np.add, taps(ones, step.geometry, 0.0))
    return average


@compute.register
def _pad(step: PadStep, sources: tuple[Array, ...]) -> Array:
    return taps(sources[0], step.geometry, step.pad)[0]


@compute.register
def _add(step: AddStep, sources: tuple[Array, ...]) -> Array:
    total: Array = sources[0] + sources[1]
    return total


@compute.register
def _mul(step: MulStep, sources: tuple[Array, ...]) -> Array:
    product: Array = sources[0] * sources[1]
    return product


@compute.register
def _copy(step: CopyStep, sources: tuple[Array, ...]) -> Array:
    return sources[0]


@compute.register
def _table(step: TableStep, sources: tuple[Array, ...]) -> Array:
    made = step.function(sources[0])
    known = np.isfinite(made)
    if known.all():
        return made
    # As in the table of the codes, a number with a value stands for one without.
    low, high = (float(end(made, where=known, initial=0)) for end in (np.min, np.max))
    return np.nan_to_num(made, nan=0.0, posinf=high, neginf=low)


# Windows ----------------------------------------------------------------------------------------------------------


def taps(image: Array, geometry: Geometry, pad: float) -> list[Array]:
    """What each tap of a window reads at each position: arrays of shape (inferences, rows, columns, channels)."""
    g = geometry
    height = (g.rows - 1) * g.stride_y + (g.kernel_y - 1) * g.dilation_y + 1
    width = (g.columns - 1) * g.stride_x + (g.kernel_x - 1) * g.dilation_x + 1
    below, right = max(height - g.top - image.shape[1], 0), max(width - g.left - image.shape[2], 0)
    if g.top or g.left or below or right:
        around = ((0, 0), (g.top, below), (g.left, right), (0, 0))
        image = np.pad(image, around, constant_values=np.float32(pad))
    return [
        image[
            :,
            ky * g.dilation_y : ky * g.dilation_y + (g.rows - 1) * g.stride_y + 1 : g.stride_y,
            kx * g.dilation_x : kx * g.dilation_x + (g.columns - 1) * g.stride_x + 1 : g.stride_x,
        ]
        for ky in range(g.kernel_y)
        for kx in range(g.kernel_x)
    ]


def over(function: np.ufunc, parts: Iterable[Array]) -> Array:
    """One array of several, number by number, by a function of two."""
    left = iter(parts)
    total = next(left)
    for part in left:
        total = function(total, part)
    return total


def convolve(image: Array, weights: Array, geometry: Geometry, groups: int, pad: float) -> Array:
    """Sums of a window over an image: (inferences, rows, columns, out), weights as those of a `graph.Product`."""
    seen = taps(image, geometry, pad)
    inputs, out = weights.shape[2:]
    kernel = weights.reshape(len(seen), inputs, out)
    if inputs == 1 and out == groups:
        return over(np.add, (tap * kernel[n, 0] for n, tap in enumerate(seen)))
    parts = []
    for group in range(groups):
        matrix = kernel[:, :, group * out // groups : (group + 1) * out // groups]
        chosen = seen if groups == 1 else [tap[..., group * inputs : (group + 1) * inputs] for tap in seen]
        if inputs < FEW_CHANNELS:
            gathered = np.concatenate(chosen, axis=3)
            flat = gathered.reshape(-1, gathered.shape[3]) @ matrix.reshape(-1, matrix.shape[2])
            parts.append(flat.reshape(*gathered.shape[:3], -1))
            continue
        # One large product a tap: NumPy would make a small one of every row of a stack.
        total = chosen[0].reshape(-1, inputs) @ matrix[0]
        for n in range(1, len(chosen)):
            total += chosen[n].reshape(-1, inputs) @ matrix[n]
        parts.append(total.reshape(*seen[0].shape[:3], -1))
    return parts[0] if groups == 1 else np.concatenate(parts, axis=3)


FLOAT = Sums(convolve, np.matmul, np.float32)
"""The sums of a library of linear algebra: their last digits depend on the processor, and on the number of threads."""
