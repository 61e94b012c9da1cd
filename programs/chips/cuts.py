"""The layer graph of each chip, of a network that is cut between layers.

What one chip writes and another reads is an output of the one and an input of the other: codes as they are, under a
name that both programs have. So the chips together compute what one chip would, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, pairwise

from acortex.errors import AcortexError
from acortex.programs.graph import Layer, LayerGraph, Map, Port, read_views, written_targets


class NotDivisible(AcortexError):
    """A network that several chips cannot share."""


@dataclass(frozen=True)
class Lifetime:
    """Where the layers that write a map stand, and those that read it: places in the order of layers.

    `first` and `last` write it, the first of them -1 for an input of the network; `until` is its last reader, or
    `last`.
    """

    first: int
    last: int
    until: int


def lifetimes(graph: LayerGraph) -> dict[str, Lifetime]:
    """The life of each map that something writes."""
    found = {port.map: Lifetime(-1, -1, -1) for port in graph.inputs}
    for place, layer in enumerate(graph.layers):
        for view in read_views(layer):
            found[view.map] = replace(found[view.map], until=place)
        for target in written_targets(layer):
            before = found.get(target.map)
            first = place if before is None else before.first
            found[target.map] = Lifetime(first, place, place)
    return found


def check_divisible(graph: LayerGraph) -> None:
    """Raises NotDivisible for a network with a state on the chip, or with work of the host between layers."""
    if graph.carried:
        raise NotDivisible(
            f"{graph.carried[0].input} stays on the chip from one inference to the next, and chips share no state",
            hint="leave --carry out and hand the state on, or take one chip",
        )
    if graph.parts:
        raise NotDivisible(
            f"the host works on {graph.parts[0].name} between layers of {graph.name}, and chips are joined by links"
            " alone",
            hint="leave --host auto out, or take one chip",
        )


def parts_of(graph: LayerGraph, cuts: Sequence[int]) -> tuple[LayerGraph, ...]:
    """The layer graph of each chip. A cut is the place of the first layer behind it; cuts rise, from 1 on.

    An input of the network goes to each chip that reads it, and an output comes from the chip that makes it. No cut may
    part the layers that write one map. Raises NotDivisible as `check_divisible` does.
    """
    check_divisible(graph)
    names = _link_names(graph)
    bounds = list(pairwise((0, *cuts, len(graph.layers))))
    crossing = {
        name: _link_port(graph.maps[name], next(names))
        for name, life in lifetimes(graph).items()
        if life.first >= 0 and any(life.last < cut <= life.until for cut in cuts)
    }
    sections = (_section(graph.layers[start:end], number, len(bounds)) for number, (start, end) in enumerate(bounds))
    return tuple(_part(graph, one, crossing) for one in sections)


def _link_names(graph: LayerGraph) -> Iterator[str]:
    """Names that nothing in a network has, for what crosses a link."""
    ports = (*graph.inputs, *graph.outputs, *graph.unread)
    taken = {graph.name, *graph.maps, *(layer.name for layer in graph.layers), *(port.name for port in ports)}
    return (name for number in count() if (name := f"link{number}") not in taken)


def _link_port(source: Map, name: str) -> Port:
    """A map as it crosses a link: codes, channels first."""
    shape = (source.channels, source.height, source.width)
    return Port(name, source.name, shape, (shape,), encode="codes", dtype="uint8")


@dataclass(frozen=True)
class _Section:
    """The layers of one chip, and the maps that they read and write. `first` and `last` of the chips are marked."""

    number: int
    layers: tuple[Layer, ...]
    read: frozenset[str]
    written: frozenset[str]
    first: bool
    last: bool


def _section(layers: tuple[Layer, ...], number: int, chips: int) -> _Section:
    read = frozenset(view.map for layer in layers for view in read_views(layer))
    written = frozenset(target.map for layer in layers for target in written_targets(layer))
    return _Section(number, layers, read, written, number == 0, number == chips - 1)


def _part(graph: LayerGraph, own: _Section, crossing: dict[str, Port]) -> LayerGraph:
    """The part of one chip: its layers, the maps that they touch, and its inputs and outputs."""
    inputs, outputs = _inputs(graph, own), _outputs(graph, own)
    taken = _ports(crossing, own.read - own.written)
    maps = own.read | own.written | {port.map for port in inputs}
    return replace(
        graph,
        name=f"{graph.name}-{own.number}",
        maps={name: one for name, one in graph.maps.items() if name in maps},
        layers=own.layers,
        inputs=(*inputs, *taken),
        outputs=(*outputs, *_ports(crossing, own.written)),
        unread=graph.unread if own.first else (),
        samples={port.name: graph.samples[port.name] for port in inputs if port.name in graph.samples},
        labels=graph.labels if own.first else None,
        host_nodes=graph.host_nodes if own.last else (),
        warnings=graph.warnings if own.first else (),
        losses=None,
    )


def _ports(crossing: dict[str, Port], maps: frozenset[str]) -> tuple[Port, ...]:
    """What crosses links, of some maps."""
    return tuple(port for name, port in crossing.items() if name in maps)


def _inputs(graph: LayerGraph, own: _Section) -> tuple[Port, ...]:
    """The inputs of the network that a chip takes: those that it reads, and on the first one those handed on."""
    handed_on = {port.map for port in graph.outputs} if own.first else set()
    return tuple(port for port in graph.inputs if port.map in own.read | handed_on)


def _outputs(graph: LayerGraph, own: _Section) -> tuple[Port, ...]:
    """The outputs of the network that a chip gives: those that it makes, and on the first one inputs handed on."""
    given = own.written | ({port.map for port in graph.inputs} if own.first else set())
    return tuple(port for port in graph.outputs if port.map in given)
