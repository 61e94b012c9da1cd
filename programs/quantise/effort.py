"""How much work is done for a network's accuracy: each layer alone ("fast"), or one after the other ("best").

"fast" takes the ranges and the nearest levels of least error, each layer by itself. "best" first equalises the
channels of maps, and chooses the levels and biases of a product by what the layers before it make in codes. Both give
layers of the same form: what the chip does is the same, its time and energy, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.programs import graph as g
from acortex.programs.choices import EFFORTS
from acortex.programs.quantise.calibration import NOTHING, calibrate
from acortex.programs.quantise.codings import Codings
from acortex.programs.quantise.early import EarlyLevels
from acortex.programs.quantise.equalise import equalise
from acortex.programs.quantise.exact import EXACT
from acortex.programs.quantise.layers import Quantiser, check_bits, layer_graph, layers_of
from acortex.programs.quantise.progress import Progress, unheard
from acortex.programs.quantise.ranges import METHODS
from acortex.programs.quantise.sensitivity import losses
from acortex.programs.quantise.twin import layers_with_adapted_levels
from acortex.programs.steps import FloatGraph

Array = NDArray[Any]

MOST_STUDIED = 256
"""Inputs on which levels are chosen: more of them change little."""

MOST_AT_ONCE = 1 << 26
"""Numbers of the largest map of a network over these inputs: 256 MB."""


def quantise(
    graph: FloatGraph,
    inputs: Mapping[str, Array],
    bits: int = 4,
    effort: str = "fast",
    measured: int = 0,
    progress: Progress = unheard,
    given: Mapping[str, Array] = NOTHING,
    *,
    method: str = "mse",
    percentile: float = 99.9,
    stated: bool = False,
) -> g.LayerGraph:
    """The layer graph of a network in its normal form, calibrated with images of its inputs, by map.

    `method` chooses ranges of activations: "mse", "percentile" or "minmax"; with `stated`, ranges that the network
    states come first. `effort` is one of `EFFORTS`; with "best" products of the graph are scaled in place. Of
    `measured` layers it is measured what they cost the outputs. `progress` is told how far the work is. A
    network that the host divides is quantised with "fast", and not measured. `given` are the inputs as the user gave
    them, which the host reads.
    """
    if method not in METHODS:
        raise UsageError(f"no way to choose ranges is called {method}", hint=f"one of {', '.join(METHODS)}")
    if effort not in EFFORTS:
        raise UsageError(f"no way to quantise is called {effort}", hint=f"one of {', '.join(EFFORTS)}")
    check_bits(bits)
    if graph.parts:  # what the host makes between parts is not known in codes here
        effort, measured = "fast", 0
    best = effort == "best"
    few = some_of(graph, inputs)
    if best:
        equalise(graph, few)
    early = EarlyLevels(graph, method, percentile, stated)
    statistics = calibrate(graph, inputs, bits, early.observe, given, EXACT if best else None)
    codings = Codings(graph, statistics, method, percentile, stated)
    quantiser = Quantiser(graph, statistics, codings, early.parts)
    layers = layers_with_adapted_levels(quantiser, few, progress) if best else layers_of(quantiser)
    made = replace(layer_graph(quantiser, layers), quantise=effort)
    return replace(made, losses=losses(quantiser, layers, few, measured, progress)) if measured else made


def some_of(graph: FloatGraph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The inputs on which levels are chosen, evenly spread: at most `MOST_STUDIED`, or fewer of large maps."""
    largest = max((math.prod(one.size) for one in graph.maps.values()), default=1)
    most = max(min(MOST_STUDIED, MOST_AT_ONCE // max(largest, 1)), 1)
    return {name: image[:: -(-len(image) // most)] for name, image in inputs.items()}
