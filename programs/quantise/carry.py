"""Which inputs take what outputs of the inference before gave, and their numbers while ranges are chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.programs.graph import Carry, places_of_numbers
from acortex.programs.quantise.evaluate import evaluate
from acortex.programs.quantise.host_floats import HostFloats
from acortex.programs.steps import FloatGraph, FloatPort

Array = NDArray[np.float32]


HAND_ON = "a state stays on the chip where the chip alone makes and takes it: hand it on yourself, without --carry"


def carries(graph: FloatGraph, wanted: Mapping[str, Sequence[str]]) -> list[Carry]:
    """The carried inputs of a network: for each input the outputs whose numbers it takes, one behind the other.

    Raises UsageError for names that the network does not have, and for sizes that differ.
    """
    inputs = {port.name: port for port in graph.inputs if not port.host}
    outputs = {port.name: port for port in graph.outputs}
    taken = {name for part in graph.parts for name in part.takes}
    made = {name for part in graph.parts for name in part.makes}
    found = []
    for name, named in wanted.items():
        if name in taken:
            raise UsageError(f"--carry names {name}, which the host takes", hint=HAND_ON)
        _named(name, inputs, "input")
        sources = [source for one in named for source in graph.in_turn.get(one, (one,))]
        _check_sources(sources, made, outputs)
        size, given = prod(inputs[name].shape), sum(prod(outputs[source].shape) for source in sources)
        if size != given:
            message = f"{', '.join(named)} gives {given} numbers, and the input {name} takes {size}"
            raise UsageError(message, hint="name the outputs whose numbers are the next inference's input")
        found.append(Carry(name, tuple(sources)))
    return found


def _check_sources(sources: Sequence[str], made: set[str], outputs: Mapping[str, FloatPort]) -> None:
    """Raises UsageError for what is no output of the chip; `made` is what the host makes."""
    for source in sources:
        if source in made:
            raise UsageError(f"--carry names {source}, which the host makes", hint=HAND_ON)
        _named(source, outputs, "output")


def _named(name: str, ports: Mapping[str, FloatPort], what: str) -> None:
    if name not in ports:
        names = ", ".join(ports) or "none"
        raise UsageError(f"--carry names {name}, and the network has no such {what}", hint=f"its {what}s: {names}")


def with_states(graph: FloatGraph, images: Mapping[str, Array], own: Mapping[str, NDArray[Any]]) -> dict[str, Array]:
    """Images of all inputs, by map, from those of the inputs that are not carried: one inference after the other.

    Images are float32 of shape (inferences, rows, columns, channels). Inputs that are given are kept. `own` are the
    user's inputs by name, for what the host does.
    """
    ports = {port.name: port for port in (*graph.inputs, *graph.outputs)}
    missing = [one for one in graph.carried if ports[one.input].map not in images]
    if not missing:
        return dict(images)
    count = len(next(iter((*images.values(), *own.values())), (0,)))
    states: dict[str, list[Array]] = {one.input: [] for one in missing}
    held = {one.input: np.zeros((1, *graph.maps[ports[one.input].map].size), np.float32) for one in missing}
    for index in range(count):
        given = {name: image[index : index + 1] for name, image in images.items()}
        given |= {ports[name].map: image for name, image in held.items()}
        host = HostFloats(graph, {name: array[index : index + 1] for name, array in own.items()})
        made = evaluate(graph, given, host=host)
        for one in missing:
            states[one.input].append(held[one.input][0])
            numbers = [made[ports[name].map].reshape(-1)[_places(ports[name])] for name in one.outputs]
            image = np.empty_like(held[one.input])
            image.reshape(-1)[_places(ports[one.input])] = np.concatenate(numbers)
            held[one.input] = image
    return dict(images) | {ports[name].map: np.stack(found) for name, found in states.items()}


def _places(port: FloatPort) -> NDArray[np.int64]:
    return places_of_numbers(port.canonical, port.axes)
