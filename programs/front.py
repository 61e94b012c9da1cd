"""The front of the compiler in one call: a network, from a file or a builder, becomes a layer graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acortex.errors import UsageError
from acortex.programs.graph import Coding, LayerGraph
from acortex.programs.mapping.limits import MAX_INSTRUCTIONS, check_steps
from acortex.programs.network.importer import read_onnx
from acortex.programs.network.network import Model, Network
from acortex.programs.operators.context import MAX_WORDS
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.layers import as_images, check_bits, port, quantise
from acortex.programs.quantise.outline import instructions_are_fixed, outline
from acortex.programs.steps import FloatGraph, FloatPort, ProductStep, RecurrentStep
from acortex.wording import shape_text

Array = NDArray[Any]

RANDOM_SAMPLES = 4
"""Inputs that are drawn where no calibration set is given; one for networks of more than `MANY_WEIGHTS`."""

MANY_WEIGHTS = 1 << 23

LARGE = 1 << 22
"""Weights of a network of which it is worth while to see whether it fits before they are read."""

WIDE = 1 << 24
"""Numbers that windows show at all positions of a layer, from which on the same is worth while."""


def quantised(
    source: Path | str | Model | Network,
    calibration: ArrayLike | Mapping[str, ArrayLike] | None = None,
    bits: int = 4,
    *,
    drop_lrn: bool = False,
    method: str = "mse",
    percentile: float = 99.9,
    seed: int = 0,
    codings: Mapping[str, Coding] | None = None,
    fits: Callable[[LayerGraph], object] | None = None,
    most_words: int = MAX_WORDS,
    most_instructions: int = MAX_INSTRUCTIONS,
) -> LayerGraph:
    """The layer graph of a network: an ONNX file, a `Model`, or the end of a `Network`.

    `calibration` is an array with one inference per row, or one such array for each input by name. Without it seeded
    random inputs set the ranges, with a warning. Codes and weights have `bits` bits. `method`, "mse", "percentile" or
    "minmax", chooses the ranges of activations; `codings` fixes those of inputs, by name. `fits` is called for a large
    network before its weights are read, with a graph of its size whose weights are 0: it may refuse it. No map may take
    more than `most_words` words of main memory, no program more than `most_instructions`.

    Raises UsageError for files and data that cannot be read, UnsupportedNodes for networks that the chip cannot do.
    """
    graph = normalise(as_model(source), drop_lrn=drop_lrn, most_words=most_words)
    check_steps(graph, most_instructions)
    for one in graph.inputs:
        if codings is not None and one.name in codings:
            graph.maps[one.map].coding = codings[one.name]
    if fits is not None and _large(graph) and not any(isinstance(step, RecurrentStep) for step in graph.steps):
        fits(outline(graph, bits))
    if calibration is None:
        graph.warnings.append("without a calibration set, ranges are chosen on random inputs; accuracy will suffer")
        given = random_inputs(graph, seed, 1 if _weights(graph) > MANY_WEIGHTS else RANDOM_SAMPLES)
    else:
        given = _by_name(graph, calibration)
    images = as_images(graph, given)
    return quantise(graph, images, bits, method=method, percentile=percentile, stated=calibration is None)


def outlined(source: Path | str | Model | Network, bits: int = 4) -> LayerGraph | None:
    """The layer graph of a network without its weights, for time and energy; None where these depend on the weights.

    Neither draws, reads nor evaluates anything. Raises the errors of `quantised`.
    """
    graph = normalise(as_model(source))
    check_steps(graph, MAX_INSTRUCTIONS)
    check_bits(bits)
    return outline(graph, bits) if instructions_are_fixed(graph) else None


def as_model(source: Path | str | Model | Network) -> Model:
    """The model of a file or a builder."""
    if isinstance(source, Network):
        return source.model
    return source if isinstance(source, Model) else read_onnx(source)


def _weights(graph: FloatGraph) -> int:
    return sum(math.prod(step.kernel.shape) for step in graph.steps if isinstance(step, ProductStep))


def _large(graph: FloatGraph) -> bool:
    """Whether a network takes long to evaluate."""
    return _weights(graph) > LARGE or any(
        step.geometry.rows * step.geometry.columns * math.prod(step.kernel.shape[:3]) > WIDE
        for step in graph.steps
        if isinstance(step, ProductStep)
    )


def random_inputs(graph: FloatGraph, seed: int = 0, count: int = RANDOM_SAMPLES) -> dict[str, Array]:
    """Normal numbers for each input, by name, in the model's shape behind an axis of inferences."""
    rng = np.random.default_rng(seed)
    return {one.name: rng.standard_normal((count, *one.shape), dtype=np.float32) for one in graph.inputs}


def _by_name(graph: FloatGraph, calibration: ArrayLike | Mapping[str, ArrayLike]) -> dict[str, Array]:
    names = [one.name for one in graph.inputs]
    if not isinstance(calibration, Mapping):
        if len(names) != 1:
            hint = f"give an array for each of {', '.join(names)}"
            raise UsageError(f"the network has {len(names)} inputs, the calibration set is one array", hint=hint)
        calibration = {names[0]: calibration}
    missing = [name for name in names if name not in calibration]
    if missing:
        raise UsageError(f"the calibration set has nothing for {', '.join(missing)}")
    found = {one.name: _checked(one, calibration[one.name]) for one in graph.inputs}
    if len({len(array) for array in found.values()}) > 1:
        raise UsageError("the calibration set has different numbers of inferences for its inputs")
    return found


def _checked(one: FloatPort, given: ArrayLike) -> Array:
    array = np.asarray(given)
    where = f"calibration of {one.name}"
    if array.dtype.kind not in "biuf":
        raise UsageError(f"the array has dtype {array.dtype}", where=where, hint="give booleans, integers or floats")
    forms = (one.shape, *port(one).shapes)
    if array.shape[1:] not in forms or not len(array):
        spoken = " or ".join(map(shape_text, forms[1:]))
        raise UsageError(f"the array has shape {array.shape}", where=where, hint=f"give (inferences, …) of {spoken}")
    if not np.isfinite(array).all():
        raise UsageError("not every number is finite", where=where)
    if array.dtype.kind == "f" and np.abs(array).max(initial=0) > np.finfo(np.float32).max:
        raise UsageError("a number is too large for a float32", where=where)
    return array
