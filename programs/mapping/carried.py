"""Inputs that take what outputs of the inference before gave: the state of a stream stays on the chip.

Codes of such an input lie in main memory from the start, where they stand for 0. At the end of an inference layers of
their own copy the outputs there. The reference has the input still: fed with its own outputs, it gives the same codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS
from acortex.programs.graph import (
    Carry,
    Code,
    Layer,
    LayerGraph,
    Map,
    Phase,
    Port,
    Requant,
    Target,
    View,
    places_of_numbers,
)


def with_copies(graph: LayerGraph) -> LayerGraph:
    """The network with the layers that copy outputs to the inputs which take them; `graph` itself where none does."""
    copies = tuple(layer for one in graph.carried for layer in _copies(graph, one))
    return replace(graph, layers=(*graph.layers, *copies)) if copies else graph


def _copies(graph: LayerGraph, one: Carry) -> Iterator[Layer]:
    """Copies to each pixel of an input, of all that comes from one pixel of an output; one where all pixels agree."""
    ports = {port.name: port for port in (*graph.inputs, *graph.outputs)}
    target = graph.maps[ports[one.input].map]
    code = Code(high=(1 << target.coding.bits) - 1)
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
               for n, places in enumerate(_places(ports[name]) for name in one.outputs)]  # fmt: skip
    origin[_places(ports[one.input])] = np.concatenate(numbers)
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


def first_words(graph: LayerGraph, words: Mapping[str, int]) -> dict[str, NDArray[np.uint8]]:
    """The words of carried inputs before the first inference, by map: the code of 0, uint8 of shape (words, 64)."""
    found = {}
    for port in graph.inputs:
        if port.name in {one.input for one in graph.carried}:
            found[port.map] = np.full((words[port.map], CHANNELS), graph.maps[port.map].coding.zero, dtype=np.uint8)
    return found


def _places(port: Port) -> NDArray[np.int64]:
    assert port.axes is not None
    return places_of_numbers(port.shapes[0], port.axes)
