"""What a run on sample inputs gives: samples of every map, and each product's weights, quantised in passing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.programs.blocks import even_parts, put
from acortex.programs.quantise.evaluate import Seen, Sums, evaluate
from acortex.programs.quantise.evaluate_recurrent import Sequence
from acortex.programs.quantise.host_floats import HostFloats
from acortex.programs.quantise.ranges import SMALLEST_STEP, Samples, weight_steps
from acortex.programs.steps import FloatGraph, ProductStep, RecurrentStep, Step

Array = NDArray[Any]

EXACT_SUM = 1 << 24
"""Sums stay below: so they are exact in float32, in whatever order they are added."""


BLOCK = 1 << 16
"""Weights that are computed with at a time: as many as stay in a processor's cache."""

FEWEST = 16
"""Columns of weights that are computed with at a time, where their rows are many."""


@dataclass(eq=False)
class Levels:
    """A product's weights as the arrays hold them: int8, the step of each output channel, and biases in reals.

    `given` says that they are those of the network itself, and are not to be chosen anew.
    """

    weights: Array
    steps: Array
    bias: Array
    given: bool = False


@dataclass(eq=False)
class Statistics:
    """Samples of each map that lies in no other one, of each GRU's candidates by step, and products' levels by step."""

    bits: int
    samples: dict[str, Samples] = field(default_factory=dict)
    candidates: dict[str, Samples] = field(default_factory=dict)
    levels: dict[str, Levels] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    """What the chip holds back of the numbers that were seen."""

    def see(self, root: str, image: Array) -> None:
        """Takes note of what is written to a map."""
        self.samples.setdefault(root, Samples()).see(image)


WHOLE = 1e-4
"""What float32 may leave between a weight and a whole number of steps."""

NOTHING: Mapping[str, Array] = {}

Also = Callable[[Statistics, Step, Seen], None]
"""What else looks at each step, with the statistics so far."""


def calibrate(
    graph: FloatGraph,
    inputs: Mapping[str, Array],
    bits: int,
    also: Also | None = None,
    given: Mapping[str, Array] = NOTHING,
    sums: Sums | None = None,
) -> Statistics:
    """Runs the network on images of its inputs, by map, and notes what is needed to quantise it.

    `given` are the inputs as the user gave them, by name, for what the host does; `sums` are those of `evaluate`.
    """
    statistics = Statistics(bits)
    for name, image in inputs.items():
        statistics.see(graph.root(name)[0], image)

    def observe(step: Step, seen: Seen) -> None:
        _check_finite(step, seen)
        statistics.see(graph.root(step.out)[0], seen.out)
        if isinstance(step, ProductStep) and seen.weights is not None:
            statistics.levels[step.name] = quantised_weights(step, seen.weights, seen.sources[0], bits)
        if isinstance(step, RecurrentStep) and seen.sequence is not None:
            _see_sequence(statistics, graph, step, seen.sequence)
        if also is not None:
            also(statistics, step, seen)

    # A number that is not finite is found in what a step makes, and reported with the step's name.
    with np.errstate(all="ignore"):
        host = HostFloats(graph, given)
        evaluate(graph, inputs, observe, host, lambda name, image: statistics.see(name, image), sums)
    for name, seen in statistics.samples.items():
        if 0 < seen.high - seen.low < SMALLEST_STEP:
            statistics.warnings.append(f"{name}: its numbers end at {max(seen.high, -seen.low):.2g} and become 0")
    return statistics


def _check_finite(step: Step, seen: Seen) -> None:
    """Raises UsageError where a step's weights, biases or results are not finite: an activation may hide the cause."""
    weights = [*seen.gates, *([] if seen.weights is None else [seen.weights])]
    if isinstance(step, ProductStep):
        weights.append(step.kernel.biases())
    elif isinstance(step, RecurrentStep):
        weights += [step.initial_h, step.initial_c]
    message = f"{step.name} ({step.op}) makes numbers that are not finite"
    if not all(np.isfinite(part).all() for part in weights):
        raise UsageError(f"{message}: its weights, biases or initial states are not", hint="export finite ones")
    if not np.isfinite(seen.out).all():
        raise UsageError(f"{message}; see its weights and inputs", hint="float32 ends at 3.4e38")


HIGHEST_STATE = {"lstm": 16.0, "gru": 1.0, "gru_linear": 1.0}
"""Where the 16 bits of a recurrent state end, by the kinds of layers that have one."""


def _see_sequence(statistics: Statistics, graph: FloatGraph, step: RecurrentStep, made: Sequence) -> None:
    """Takes note of what a recurrent step makes beside h of every step."""
    for part in made.candidates:
        statistics.candidates.setdefault(step.name, Samples()).see(part)
    statistics.see(graph.root(step.out)[0], step.initial_h)
    if step.last_state is not None:
        statistics.see(graph.root(step.last_state)[0], made.state)
    if step.kind not in HIGHEST_STATE:
        return
    highest, states = HIGHEST_STATE[step.kind], np.abs(made.states)
    share = float((states > highest).mean())
    if share:
        statistics.warnings.append(
            f"{step.name} ({step.op}): {100 * share:.2g} % of its states lie beyond {highest:g}, where the 16 bits of"
            f" the chip's states end; the largest is {states.max():.4g}"
        )


def quantised_weights(step: ProductStep, weights: Array, source: Array, bits: int) -> Levels:
    """Levels for weights: those of a network that was quantised already, if they fit, else those nearest.

    The mean error that they make of the source is taken from the biases.
    """
    bias = step.kernel.biases()
    own = _given_steps(step, weights, bits)
    levels, steps = levels_of(weights, bits, own)
    # The channel's mean stays where it was: rounded weights shift it by their error times the mean of the source.
    mean = source.mean(axis=(0, 1, 2), dtype=np.float64)
    if step.groups == 1:
        by_group = mean[:, None]
    else:
        by_group = np.repeat(mean.reshape(step.groups, -1), weights.shape[3] // step.groups, axis=0).T
    # Of a product in parts each pixel sees its share of the taps.
    share = 1 / max(len(step.parts), 1)
    return Levels(levels, steps, bias - _lost(levels, steps, weights, by_group) * share, own is not None)


def _lost(levels: Array, steps: Array, weights: Array, means: Array) -> Array:
    """What levels make of the means of their inputs more than weights do: float64 of shape (out,).

    `means` are those of each input, of shape (inputs, out) or (inputs, 1).
    """
    inputs, out = weights.shape[2:]
    lost, factor = np.empty(out), steps.astype(np.float32)
    for part in even_parts(out, max(BLOCK // inputs, FEWEST)):
        error = _errors(levels[..., part], factor[part], weights[..., part])
        lost[part] = (error * (means[:, part] if means.shape[1] > 1 else means)).sum(axis=0)
    return lost


def _errors(levels: Array, steps: Array, weights: Array) -> Array:
    """What levels make of weights more than they are, over all taps: float32 of shape (inputs, out), by rows.

    By rows, so that what is made of the inputs is added up in their order.
    """
    error = np.zeros(weights.shape[2:], np.float32)
    for tap in np.ndindex(weights.shape[:2]):
        made = levels[tap] * steps
        made -= weights[tap]
        if any(tap):
            error += made
        else:
            put(error, made)
    return error


def _given_steps(step: ProductStep, weights: Array, bits: int) -> Array | None:
    """The steps of a network that was quantised before, if the arrays hold its weights as multiples of them."""
    scale = np.ones(weights.shape[3]) if step.kernel.scale is None else step.kernel.scale
    known, low, high = step.kernel.steps, -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    steps: Array = np.abs(scale) if known is None else known * np.abs(scale)
    if (steps <= 0).any() or (known is None and (step.affine or not _whole(weights[..., :1], steps[:1]))):
        return None
    levels = np.rint(weights / steps)
    least, most = levels.min(initial=0), levels.max(initial=0)
    if (known is None and not _whole(weights, steps)) or least < low or most > high or least == most:
        return None
    # Offsets are whole sums: with larger levels the same bias takes more of them, and is rounded by less.
    finer = min(low // least if least else high, high // most if most else high) if step.kernel.biases().any() else 1
    return steps / finer


def _whole(weights: Array, steps: Array) -> bool:
    """Whether weights are whole numbers of steps, as those of networks that integers were made of are."""
    levels = weights / steps
    return bool((np.abs(levels - np.rint(levels)) < WHOLE).all())


def levels_of(weights: Array, bits: int, steps: Array | None = None) -> tuple[Array, Array]:
    """Levels of weights (…, out), int8, and the steps of the output channels, so that no sum exceeds `EXACT_SUM`."""
    top = (1 << (bits - 1)) - 1
    # Steps of our own are symmetric; a network that was quantised before may use the lowest level, too.
    low = -top if steps is None else -top - 1
    steps = weight_steps(weights, bits) if steps is None else steps
    levels = _rounded(weights, steps, low, top)
    # Rounding may go up again: hence a loop, in steps of 5 % at least so that it ends soon.
    while (worst := worst_sums(levels, bits)).max(initial=0) >= EXACT_SUM:
        steps = steps * np.where(worst >= EXACT_SUM, np.maximum(worst / EXACT_SUM, 1.05), 1)
        levels = _rounded(weights, steps, -top, top)
    return levels, steps


def _rounded(weights: Array, steps: Array, low: int, high: int) -> Array:
    """Whole numbers of steps, int8, in the order of memory that the weights have.

    A part at a time: a large layer's weights fill memory but once.
    """
    flat, factor = weights.reshape(-1, weights.shape[-1]), (1 / steps).astype(np.float32)
    levels = np.empty(flat.shape, np.int8, order="F" if flat.flags.f_contiguous else "C")
    for rows, columns in _parts(flat):
        part = flat[rows, columns] * factor[columns]
        np.rint(part, out=part)
        part.clip(low, high, out=part)
        levels[rows, columns] = part
    return levels.reshape(weights.shape)


def _parts(matrix: Array) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the parts of a matrix that lie together in memory."""
    rows, columns = matrix.shape
    if matrix.flags.f_contiguous:
        for start in range(0, columns, step := max(BLOCK // max(rows, 1), 1)):
            yield slice(None), slice(start, start + step)
    else:
        for start in range(0, rows, step := max(BLOCK // columns, 1)):
            yield slice(start, start + step), slice(None)


def worst_sums(levels: Array, bits: int) -> Array:
    """The largest sum, of either sign, that codes can make of each output channel's weights."""
    flat = levels.reshape(-1, levels.shape[-1])
    if len(flat) * (1 << (2 * bits - 1)) < EXACT_SUM:
        return np.zeros(flat.shape[1], np.int64)
    positive = np.maximum(flat, 0).sum(axis=0, dtype=np.int64)
    worst: Array = np.maximum(positive, positive - flat.sum(axis=0, dtype=np.int64)) * ((1 << bits) - 1)
    return worst
