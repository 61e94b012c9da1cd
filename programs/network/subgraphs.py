"""Graphs inside nodes, as If, Loop and Scan have them, laid into the graph around them under names of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from acortex.programs.network.network import Constant, Model, Node

CONTROL = ("If", "Loop", "Scan")
"""Operators with graphs inside."""


@dataclass(frozen=True, eq=False)
class Subgraph:
    """A graph inside a node: it may take any tensor made before the node, beside its own inputs."""

    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Constant]

    def taken(self) -> Iterator[str]:
        """The names of all that its nodes take, those of graphs inside them too, and of its outputs."""
        for node in self.nodes:
            yield from node.inputs
            for inner in graphs(node):
                yield from inner.taken()
        yield from self.outputs


@dataclass(eq=False)
class Body:
    """A graph laid out once: nodes and constants under names of their own, and what its outputs are called there."""

    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Constant] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()


def graphs(node: Node) -> Iterator[Subgraph]:
    """The graphs inside a node."""
    return (value for value in node.attributes.values() if isinstance(value, Subgraph))


def laid_out(graph: Subgraph, label: str, given: Sequence[str]) -> Body:
    """The graph with names of its own, that begin with a label; its first inputs are the tensors that are given."""
    names = dict(zip(graph.inputs, given, strict=False))
    names |= {name: f"{label}/{name}" for name in _own(graph)}
    constants = {names[name]: constant for name, constant in graph.constants.items()}
    nodes = [_renamed(node, names, label) for node in graph.nodes]
    return Body(nodes, constants, _called(graph.outputs, names))


def _renamed(node: Node, names: Mapping[str, str], label: str) -> Node:
    inputs, outputs = _called(node.inputs, names), _called(node.outputs, names)
    attributes = _inside(node, names)
    return replace(node, name=f"{label}/{node.name}", inputs=inputs, outputs=outputs, attributes=attributes)


def _own(graph: Subgraph) -> list[str]:
    """The names of what a graph makes, and of its constants."""
    return [*graph.constants, *(name for node in graph.nodes for name in node.outputs if name)]


def _called(tensors: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(names.get(name, name) for name in tensors)


def _inside(node: Node, names: Mapping[str, str]) -> dict[str, object]:
    """The attributes of a node, with the graphs inside it renamed."""
    return {key: _within(one, names) if isinstance(one, Subgraph) else one for key, one in node.attributes.items()}


def _within(graph: Subgraph, names: Mapping[str, str]) -> Subgraph:
    """A graph inside a renamed one: what it takes from around it is called otherwise."""
    own = {*graph.inputs, *_own(graph)}
    outer = {name: new for name, new in names.items() if name not in own}
    nodes = [replace(node, inputs=_called(node.inputs, outer), attributes=_inside(node, outer)) for node in graph.nodes]
    return replace(graph, nodes=tuple(nodes), outputs=_called(graph.outputs, outer))


def same(label: str, sources: Sequence[str], outputs: Sequence[str]) -> list[Node]:
    """Nodes that give tensors other names; those without one are left out."""
    pairs = zip(sources, outputs, strict=False)
    return [Node("Identity", f"{label}/{out}", (source,), (out,)) for source, out in pairs if out]


def stacked(label: str, parts: Sequence[str], out: str, axis: int) -> list[Node]:
    """Nodes that stack tensors along a new axis."""
    wide = [f"{label}/{out}.{n}" for n in range(len(parts))]
    nodes = [
        Node("Unsqueeze", name, (part,), (name,), {"axes": [axis]}) for name, part in zip(wide, parts, strict=True)
    ]
    return [*nodes, Node("Concat", f"{label}/{out}", tuple(wide), (out,), {"axis": axis})]


def number(value: int) -> Constant:
    """A whole number as a constant."""
    return Constant.of(np.array(value, np.int64))


def hint_of_branches(model: Model) -> str | None:
    """What to do about branches that an input of one whole number may decide; None where no such input is open."""
    if not any(node.op in CONTROL for node in model.nodes):
        return None
    whole = (one for one in model.inputs if "int" in one.dtype or one.dtype == "bool")
    numbers = (one.name for one in whole if math.prod(one.shape) == 1)
    name = next((name for name in numbers if name not in model.constants), None)
    return None if name is None else f"if a branch depends on the input {name}, fix it: --dim {name}=VALUE"
