"""Writes the table of docs/quantisation.md: how near 4-bit networks come to floating point, step by step.

    python -m acortex.tools.quantisation_page docs/quantisation.md

Each network is quantised on some inputs and judged on others. That takes some minutes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex import safe_files
from acortex.errors import run_as_script
from acortex.programs import graph as g
from acortex.programs.network import published
from acortex.programs.network.network import Network
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.adapt import MOST_INPUTS
from acortex.programs.quantise.calibration import calibrate
from acortex.programs.quantise.codings import Codings
from acortex.programs.quantise.equalise import equalise
from acortex.programs.quantise.evaluate import evaluate
from acortex.programs.quantise.exact import EXACT
from acortex.programs.quantise.images import as_images
from acortex.programs.quantise.layer_codes import run_layer
from acortex.programs.quantise.layers import Quantiser, layers_of
from acortex.programs.quantise.sensitivity import correlation
from acortex.programs.quantise.twin import layers_with_adapted_levels, to_codes
from acortex.programs.steps import FloatGraph
from acortex.tools.analog_page import with_tables
from acortex.tools.paper.markdown import table

Array = NDArray[Any]

BITS = 4

TABLE = "measured"
"""The name of the table on the page."""


@dataclass(frozen=True)
class Case:
    """A network, how it is called, and how many inputs it is quantised on and judged on."""

    name: str
    network: Callable[[], Network]
    known: int = 64
    new: int = 200
    digits: bool = False


def _perceptron() -> Network:
    return Network("mlp", input=(32,)).linear(64).relu().linear(64).relu().linear(10)


def _plain() -> Network:
    x = Network("plain", input=(3, 16, 16)).conv(16, 3, pad=1).relu().conv(32, 3, pad=1).relu().max_pool(2)
    x = x.conv(32, 3, pad=1).relu().conv(64, 3, pad=1).relu()
    return x.global_average_pool().flatten().linear(10)


def _depthwise() -> Network:
    x = Network("depthwise", input=(3, 16, 16)).conv(32, 3, pad=1).relu()
    for _ in range(4):
        x = x.conv(32, 3, pad=1, groups=32).relu().conv(32, 1).relu()
    return x.global_average_pool().flatten().linear(10)


def _residual() -> Network:
    x = Network("residual", input=(3, 16, 16)).conv(32, 3, pad=1).relu()
    for _ in range(4):
        x = x.conv(32, 3, pad=1).relu().conv(32, 3, pad=1).add(x).relu()
    return x.global_average_pool().flatten().linear(10)


def _shuffled() -> Network:
    x = Network("shuffled", input=(3, 16, 16)).conv(32, 3, pad=1).relu()
    for _ in range(4):
        y = x.conv(32, 1, groups=4).relu().shuffle(4).conv(32, 3, pad=1, groups=32)
        x = y.conv(32, 1, groups=4).add(x).relu()
    return x.global_average_pool().flatten().linear(10)


def _branches() -> Network:
    x = Network("branches", input=(3, 16, 16)).conv(32, 3, pad=1).relu()
    for _ in range(3):
        x = x.conv(16, 1).relu().concat(x.conv(16, 1).relu().conv(16, 3, pad=1).relu())
    return x.global_average_pool().flatten().linear(10)


CASES = (
    Case("digits_cnn, trained", published.digits_cnn, 64, 1000, digits=True),
    Case("three matrices with Relu, random inputs", _perceptron),
    Case("four 3x3 convolutions", _plain),
    Case("depthwise separable convolutions (MobileNet)", _depthwise),
    Case("residual blocks (ResNet)", _residual),
    Case("groups and shuffled channels (ShuffleNet)", _shuffled),
    Case("branches side by side (SqueezeNet)", _branches),
)


def smooth(seed: int, count: int, shape: tuple[int, ...]) -> Array:
    """Seeded images in which near pixels are alike, each of its own brightness; for other shapes normal numbers."""
    rng = np.random.default_rng(seed)
    if len(shape) != 3:
        return rng.standard_normal((count, *shape), dtype=np.float32)
    rough: Array = rng.standard_normal((count, *shape), dtype=np.float32)
    for _ in range(max(shape[1] // 16, 1)):
        near = [np.roll(rough, (y, x), (2, 3)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
        rough = np.stack(near).sum(axis=0, dtype=np.float32)
    bright = rng.standard_normal((count, shape[0], 1, 1), dtype=np.float32)
    made: Array = rough / np.float32(rough.std()) + bright
    return made


def inputs_of(case: Case, graph: FloatGraph) -> tuple[dict[str, Array], dict[str, Array]]:
    """Images of the inputs that a network is quantised on, and of those that it is judged on."""
    (port,) = graph.inputs
    both: list[Array]
    if case.digits:
        both = [np.unpackbits(published.arrays("digits_cnn.npz")["calibration"], axis=1)[: case.known]]
        both.append(published.arrays("digits_mlp.npz")["images"][: case.new])
    else:
        both = [smooth(seed, count, port.canonical) for seed, count in ((0, case.known), (1, case.new))]
    first, second = (as_images(graph, {port.name: one.reshape(len(one), *port.shape)}) for one in both)
    return first, second


@dataclass(frozen=True)
class Way:
    """A way to quantise: what is done of all that "best" does."""

    equalised: bool = False
    biases: bool = False
    levels: bool = False


WAYS = {
    "fast": Way(),
    "equalised": Way(equalised=True),
    "biases": Way(biases=True),
    "levels, biases": Way(biases=True, levels=True),
    "best: all": Way(equalised=True, biases=True, levels=True),
}


def correlation_of(case: Case, way: Way) -> float:
    """The correlation of a network's outputs with those in floating point, on new inputs."""
    graph = normalise(case.network().model)
    known, new = inputs_of(case, graph)
    exact = evaluate(graph, new, None, sums=EXACT)
    if way.equalised:
        equalise(graph, known)
    statistics = calibrate(graph, known, BITS, None, sums=EXACT)
    quantiser = Quantiser(graph, statistics, Codings(graph, statistics, "mse", 100.0))
    most = MOST_INPUTS if way.levels else 0
    layers = layers_with_adapted_levels(quantiser, known, most_inputs=most) if way.biases else layers_of(quantiser)
    found = outputs(quantiser, layers, new)
    return float(np.mean([correlation(exact[name], found[name]) for name in exact]))


def outputs(quantiser: Quantiser, layers: list[tuple[g.Layer, ...]], inputs: Mapping[str, Array]) -> dict[str, Array]:
    """What the chip makes of images of a network's inputs, as real numbers, by the map of each output."""
    graph, codings = quantiser.graph, quantiser.codings
    images = {graph.root(name)[0]: to_codes(image, codings.of(name)) for name, image in inputs.items()}
    sizes = {name: one.size for name, one in graph.maps.items()}
    for layer in (layer for step in layers for layer in step):
        run_layer(layer, images, sizes)
    return {
        port.map: (images[port.map].astype(np.float64) - codings.of(port.map).zero) * codings.of(port.map).scale
        for port in graph.outputs
    }


def measured() -> str:
    """The table: a network in each row, a way in each column."""
    rows = [[case.name, *(_text(correlation_of(case, way)) for way in WAYS.values())] for case in CASES]
    return table(["network", *WAYS], rows)


def _text(found: float) -> str:
    """A correlation and, since all are near 1, the signal to noise that would make it."""
    noise = 1 / found**2 - 1 if found > 0 else math.inf
    return f"{found:.4f} ({-10 * math.log10(noise):.1f} dB)" if noise else f"{found:.4f}"


def main(path: str) -> None:
    """Writes the table into the page at a path."""
    page = Path(path).read_text(encoding="utf-8")
    safe_files.write(path, with_tables(page, {TABLE: measured()}, "quantisation_page").encode())


if __name__ == "__main__":
    run_as_script(main, *sys.argv[1:])
