"""What the host makes between the steps of a network, in floating point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.host_model import HostModel
from acortex.programs.graph import HostPart
from acortex.programs.quantise.images import from_image, image_of
from acortex.programs.steps import FloatGraph, FloatPort

Array = NDArray[Any]


class HostFloats:
    """The host beside an evaluation of a network's steps. `given` are the user's inputs by name, inferences first."""

    def __init__(self, graph: FloatGraph, given: Mapping[str, Array]) -> None:
        self._graph = graph
        self._known: dict[str, Array] = {name: np.asarray(array) for name, array in given.items()}
        self._count = max(map(len, self._known.values()), default=1)
        self._left = sorted(graph.parts, key=lambda part: part.stage)
        self._stages = graph.stages()
        self._ports = {port.name: port for port in graph.inputs if port.host}
        self._outputs: dict[str, FloatPort] = {port.name: port for port in graph.outputs}

    def before(self, step: str, images: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
        """The images that the host makes before a step by its name, each with its map; `images` are those so far."""
        while self._left and self._left[0].stage <= self._stages[step]:
            yield from self._work(self._left.pop(0), images)

    def _work(self, part: HostPart, images: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
        taken = {name: self._taken(name, images) for name in part.takes}
        model = HostModel(part.name, part.model)
        rows = [model.run({name: array[n] for name, array in taken.items()}) for n in range(self._count)]
        for name in part.makes:
            self._known[name] = _stacked([row[name] for row in rows])
            port = self._ports.get(name)
            if port is not None:
                if not np.isfinite(self._known[name]).all():
                    message = f"the host's {part.name} makes numbers that are not finite: {name}"
                    raise UsageError(message, hint="see the inputs; float32 ends at 3.4e38")
                yield port.map, image_of(self._graph, port, self._known[name])

    def _taken(self, name: str, images: Mapping[str, Array]) -> Array:
        """What a part takes by a name, with an axis of inferences."""
        if name in self._outputs and name not in self._known:
            port = self._outputs[name]
            self._known[name] = from_image(port, _shown(self._graph, images, port))
        return self._known[name]


def _shown(graph: FloatGraph, images: Mapping[str, Array], port: FloatPort) -> Array:
    root, offset = graph.root(port.map)
    return images[root][..., offset : offset + graph.maps[port.map].channels]


def _stacked(rows: list[Array]) -> Array:
    """One array of all inferences; of objects where their shapes differ."""
    if len({row.shape for row in rows}) == 1:
        return np.stack(rows)
    found = np.empty(len(rows), object)
    found[:] = rows
    return found
