"""Inputs that take what outputs of the inference before gave: the state of a stream stays on the chip.

Codes of such an input lie in main memory from the start, where they stand for 0. At the end of an inference layers of
their own copy the outputs there. The reference has the input still: fed with its own outputs, it gives the same codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.programs.graph import Carry, Layer, LayerGraph, Map, Phase, Port, Requant, Target, View
from acortex.programs.quantise.codings import same_codes
from acortex.programs.quantise.evaluate import evaluate
from acortex.programs.steps import FloatGraph, FloatPort

Array = NDArray[Any]

Ints = NDArray[np.int64]


def carries(graph: FloatGraph, wanted: Mapping[str, Sequence[str]]) -> list[Carry]:
    """The carried inputs of a network: for each input the outputs whose numbers it takes, one behind the other.

    Raises UsageError for names that the network does not have, and for sizes that differ.
    """
    inputs, outputs = ({port.name: port for port in ports} for ports in (graph.inputs, graph.outputs))
    found = []
    for name, sources in wanted.items():
        _named(name, inputs, "input")
        for source in sources:
            _named(source, outputs, "output")
        size, given = prod(inputs[name].shape), sum(prod(outputs[source].shape) for source in sources)
        if size != given:
            message = f"{', '.join(sources)} gives {given} numbers, and the input {name} takes {size}"
            raise UsageError(message, hint="name the outputs whose numbers are the next inference's input")
        found.append(Carry(name, tuple(sources)))
    return found


def _named(name: str, ports: Mapping[str, FloatPort], what: str) -> None:
    if name not in ports:
        names = ", ".join(ports) or "none"
        raise UsageError(f"--carry names {name}, and the network has no such {what}", hint=f"its {what}s: {names}")


def with_states(graph: FloatGraph, images: Mapping[str, Array]) -> dict[str, Array]:
    """Images of all inputs, by map, from those of the inputs that are not carried: one inference after the other.

    Images are float32 of shape (inferences, rows, columns, channels). Inputs that are given are kept.
    """
    ports = {port.name: port for port in (*graph.inputs, *graph.outputs)}
    missing = [one for one in graph.carried if ports[one.input].map not in images]
    if not missing:
        return dict(images)
    count = len(next(iter(images.values()), (0,)))
    states: dict[str, list[Array]] = {one.input: [] for one in missing}
    held = {one.input: np.zeros((1, *graph.maps[ports[one.input].map].size), np.float32) for one in missing}
    for index in range(count):
        given = {name: image[index : index + 1] for name, image in images.items()}
        given |= {ports[name].map: image for name, image in held.items()}
        made = evaluate(graph, given)
        for one in missing:
            states[one.input].append(held[one.input][0])
            numbers = [made[ports[name].map].reshape(-1)[_numbers_of(ports[name])] for name in one.outputs]
            image = np.empty_like(held[one.input])
            image.reshape(-1)[_numbers_of(ports[one.input])] = np.concatenate(numbers)
            held[one.input] = image
    return dict(images) | {ports[name].map: np.stack(found) for name, found in states.items()}


def with_copies(graph: LayerGraph) -> LayerGraph:
    """The network with the layers that copy outputs to the inputs which take them; `graph` itself where none does."""
    copies = tuple(layer for one in graph.carried for layer in _copies(graph, one))
    return replace(graph, layers=(*graph.layers, *copies)) if copies else graph


def _copies(graph: LayerGraph, one: Carry) -> Iterator[Layer]:
    """Copies to each pixel of an input, of all that comes from one pixel of an output; one where all pixels agree."""
    ports = {port.name: port for port in (*graph.inputs, *graph.outputs)}
    target = graph.maps[ports[one.input].map]
    code = same_codes(target.coding.bits)
    source = graph.maps[ports[one.outputs[0]].map]
    sizes = [(held.height, held.width, held.channels) for held in (source, target)]
    if len(one.outputs) == 1 and sizes[0] == sizes[1] and _form(ports[one.outputs[0]]) == _form(ports[one.input]):
        yield Requant(f"{one.input}/carried", "Identity", Target(target.name), View(source.name), 0, code)
        return
    for number, (place, at, view) in enumerate(_pieces(graph, one, ports)):
        y, x = divmod(place, target.width)
        into = Target(target.name, at, Phase(y, x, target.height, target.width))
        yield Requant(f"{one.input}/carried{number}", "Identity", into, view, 0, code)


def _pieces(graph: LayerGraph, one: Carry, ports: Mapping[str, Port]) -> Iterator[tuple[int, int, View]]:
    """What lies together in an output and in the input: the input's pixel, its first channel there, and the view."""
    target = graph.maps[ports[one.input].map]
    origin = np.empty((target.height * target.width * target.channels, 2), dtype=np.int64)
    numbers = [np.stack((np.full(places.size, n), places), axis=1)
               for n, places in enumerate(_numbers_of(ports[name]) for name in one.outputs)]  # fmt: skip
    origin[_numbers_of(ports[one.input])] = np.concatenate(numbers)
    maps = [graph.maps[ports[name].map] for name in one.outputs]
    for place, row in enumerate(origin.reshape(-1, target.channels, 2).tolist()):
        at = 0
        for (n, pixel), found in groupby(row, key=lambda each: (each[0], each[1] // maps[each[0]].channels)):
            channels = tuple(number % maps[n].channels for _, number in found)
            yield place, at, _pixel(maps[n], pixel, channels)
            at += len(channels)


def _pixel(source: Map, pixel: int, channels: tuple[int, ...]) -> View:
    top, left = divmod(pixel, source.width)
    return View(source.name, channels, top, left, 1, 1)


def _form(port: Port) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    return port.shapes[0], port.axes


def _numbers_of(port: Port | FloatPort) -> Ints:
    """Where each number of an input or output, in the model's order, lies in the image of its map."""
    canonical = port.canonical if isinstance(port, FloatPort) else port.shapes[0]
    assert port.axes is not None
    lying = np.arange(prod(canonical), dtype=np.int64).reshape([canonical[axis] for axis in port.axes])
    return lying.transpose(np.argsort(port.axes)).reshape(-1)


def first_words(graph: LayerGraph, words: Mapping[str, int]) -> dict[str, NDArray[np.uint8]]:
    """The words of carried inputs before the first inference, by map: the code of 0, uint8 of shape (words, 64)."""
    found = {}
    for port in graph.inputs:
        if port.name in {one.input for one in graph.carried}:
            found[port.map] = np.full((words[port.map], 64), graph.maps[port.map].coding.zero, dtype=np.uint8)
    return found
