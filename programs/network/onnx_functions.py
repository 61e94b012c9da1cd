"""Functions that an ONNX model defines itself: calls become bodies, after a check of the size that results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from acortex.errors import UsageError

if TYPE_CHECKING:
    import onnx

MOST_NODES = 1 << 14
"""Nodes of a network: ten times those of the largest published ones."""

DEEPEST = 64
"""Functions that call each other, one inside the other."""

Key = tuple[str, str, str]
"""A function by its domain, its name, and its overload, which distinguishes functions of one name."""

HINT = "export the model without functions, or fold its repeated parts"


def inlined(proto: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """The model with the bodies of its own functions in place of their calls.

    Raises UsageError where they call each other in a circle, too deep, or come to too many nodes.
    """
    if not proto.functions:
        return proto
    from onnx import inliner

    _judge(proto, where)
    try:
        return inliner.inline_local_functions(proto)
    except Exception as error:  # the inliner is C++, with errors of its own
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"its functions cannot be read ({reason[:200]})", where=where, hint=HINT) from None


def _judge(proto: onnx.ModelProto, where: str) -> None:
    """Weighs calls by calls of calls, so that no expansion need be made to see how large it is."""
    bodies = {(one.domain, one.name, one.overload): Counter(_calls(one.node)) for one in proto.functions}
    sizes: dict[Key, int] = {}
    depths: dict[Key, int] = {}
    for key in _callees_first(bodies, where):
        known = {callee: count for callee, count in bodies[key].items() if callee in bodies}
        own = bodies[key].total() - sum(known.values())
        sizes[key] = own + sum(sizes[callee] * count for callee, count in known.items())
        depths[key] = 1 + max((depths[callee] for callee in known), default=0)
        if depths[key] > DEEPEST:
            message = f"its function {key[1]} calls others {depths[key]} deep, {DEEPEST} is the most"
            raise UsageError(message, where=where, hint=HINT)
    total = sum(sizes.get(key, 1) for key in _calls(proto.graph.node))
    if total > MOST_NODES:
        message = f"{total}" if total < 1 << 60 else "more than 2^60"
        raise UsageError(f"its functions come to {message} nodes, {MOST_NODES} is the most", where=where, hint=HINT)


def _callees_first(bodies: dict[Key, Counter[Key]], where: str) -> list[Key]:
    calls = {key: [callee for callee in called if callee in bodies] for key, called in bodies.items()}
    try:
        return list(TopologicalSorter(calls).static_order())
    except CycleError as error:
        circle = " calls ".join(key[1] for key in reversed(error.args[1][:5]))
        raise UsageError(f"its functions call themselves: {circle}", where=where, hint=HINT) from None


def _calls(nodes: Iterable[onnx.NodeProto]) -> Iterator[Key]:
    """What nodes call, those of graphs inside them too: a function, or an operator."""
    for node in nodes:
        yield node.domain, node.op_type, node.overload
        for entry in node.attribute:
            yield from _calls(entry.g.node)
            for graph in entry.graphs:
                yield from _calls(graph.node)
