"""What the host does when the chip has finished: nodes at the end of a network that the chip leaves to it."""

from __future__ import annotations

from acortex.programs.network.network import Model, Node
from acortex.programs.operators.context import Lowering, Misplaced, Unsupported
from acortex.programs.operators.registry import operator

LAYOUT = (
    "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Gather", "Concat",
    "Expand", "Tile", "DepthToSpace", "SpaceToDepth",
)  # fmt: skip
"""Operators that only rearrange: the host does them where the chip's memory cannot hold what they make."""

WORK = ("Softmax", "LogSoftmax", "ArgMax", "ArgMin", "TopK", "Exp", "Sigmoid", "Cast")
"""Operators that the host does at the end, where the chip does not do them."""

BY_TABLE = ("Exp",)
"""Operators of `WORK` of which the chip can take a table."""


@operator(
    "Softmax", "LogSoftmax", "ArgMax", "ArgMin", "TopK",
    becomes="work of the host, after the outputs", limits="at the end of the network",
)  # fmt: skip
def by_host(lowering: Lowering, node: Node) -> None:
    """Done by the host."""
    lowering.tensor(node)
    leave(lowering, node)


@operator("Exp", becomes="work of the host at the end of a network of more than that, elsewhere a table as Log")
def exponential(lowering: Lowering, node: Node) -> None:
    """Done by the host, where nothing that the chip does follows."""
    by_host(lowering, node)


def leave(lowering: Lowering, node: Node) -> None:
    """Leaves a node to the host: the chip's outputs are what the node is made of."""
    computed = [name for name in node.inputs if name and name not in lowering.constants]
    sources = dict.fromkeys(source for name in computed for source in lowering.hosted.get(name, (name,)))
    lowering.graph.host_nodes.append(node.name)
    lowering.hosted.update(dict.fromkeys(filter(None, node.outputs), tuple(sources)))
    in_turn = _in_turn(lowering, node)
    if in_turn is not None:
        lowering.graph.in_turn[node.outputs[0]] = in_turn


KEEPS_ORDER = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze")


def _in_turn(lowering: Lowering, node: Node) -> tuple[str, ...] | None:
    """The outputs whose numbers a node of the host puts one behind the other; None where it does something else."""
    known = lowering.graph.in_turn
    if node.op in KEEPS_ORDER:
        return known.get(node.inputs[0], (node.inputs[0],))
    if node.op != "Concat" or any(name not in known and name not in lowering.tensors for name in node.inputs):
        return None
    axis = int(node.attributes.get("axis", 0))
    shapes = [lowering.tensors[name].shape for name in node.inputs if name in lowering.tensors]
    if len(shapes) < len(node.inputs) or any(size > 1 for shape in shapes for size in shape[:axis]):
        return None
    return tuple(source for name in node.inputs for source in known.get(name, (name,)))


def lays_out(node: Node, last: frozenset[str]) -> bool:
    """Whether a node at the end, one of `last`, only rearranges."""
    return node.name in last and node.op in LAYOUT


def rounds(lowering: Lowering, node: Node) -> bool:
    """Whether a node makes whole numbers, as codes, of real ones that the chip gives."""
    return node.op == "QuantizeLinear" and node.outputs[0] in lowering.coded


def takes_over(lowering: Lowering, node: Node, last: frozenset[str], reason: Unsupported) -> bool:
    """Leaves a node that the chip refused for a reason to the host, if it can; says whether. `last` are those of
    `last_nodes`. A layout that is malformed is no work for the host.
    """
    refused = isinstance(reason, Misplaced) or node.op in WORK or not lowering.hosted.keys().isdisjoint(node.inputs)
    computed = lowering.tensors.keys() | lowering.padding.keys() | lowering.hosted.keys()
    there = {name for name in node.inputs if name}
    known = there & computed and there <= computed | lowering.constants.keys() and not there & lowering.broken
    if node.name not in last or node.fault or not known or not refused:
        return False
    leave(lowering, node)
    return True


def last_nodes(model: Model) -> frozenset[str]:
    """The names of nodes that the host could do: behind them are only others that it could do, and outputs."""
    found: set[str] = set()
    read: dict[str, list[str]] = {}
    for node in reversed(model.nodes):
        behind = [name for output in node.outputs for name in read.get(output, ())]
        if node.op in (*LAYOUT, *WORK) and found.issuperset(behind):
            found.add(node.name)
        for name in node.inputs:
            read.setdefault(name, []).append(node.name)
    if len(found) == len(model.nodes):  # the chip would have nothing to do
        found -= {node.name for node in model.nodes if node.op in BY_TABLE}
    return frozenset(found)


def in_order(lowering: Lowering) -> None:
    """Names what is left to the host in the order of the network, each once; outputs that no node makes come last."""
    places = {node.name: place for place, node in enumerate(lowering.model.nodes)}
    names = dict.fromkeys(lowering.graph.host_nodes)
    lowering.graph.host_nodes = sorted(names, key=lambda name: places.get(name, len(places)))
