"""If, Loop and Scan: a branch is taken, or a body repeated, where what decides it is known before the network runs.

The network is gone through once, node by node, as far as constants and shapes are concerned. What is laid out takes the
place of the node, and may hold such nodes itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from acortex.errors import UsageError
from acortex.programs.network.network import Constant, Model, Node
from acortex.programs.network.subgraphs import CONTROL, Body, Subgraph, graphs, laid_out, number, same, stacked
from acortex.programs.operators.context import Lowering, Unsupported
from acortex.programs.operators.registry import operator

MOST_NODES = 1 << 14
"""Nodes of a network with all of its bodies laid out."""

Lower = Callable[[Lowering, Node], None]


def unfolded(model: Model, lowering: Lowering, lower: Lower) -> Model:
    """The model without the nodes that can be laid out; `lower` makes steps of a node in a lowering of the same model,
    or raises nothing where it cannot.

    Raises UsageError where bodies come to too many nodes.
    """
    waiting, done = deque(model.nodes), []
    constants = dict(model.constants)
    count = len(waiting)
    while waiting:
        node = waiting.popleft()
        body = _laid_out(lowering, node) if node.op in CONTROL and not node.fault else None
        if body is None:
            done.append(node)
            lower(lowering, node)
            continue
        constants |= body.constants
        lowering.constants |= body.constants
        waiting.extendleft(reversed(body.nodes))
        count += len(body.nodes)
        if count > MOST_NODES:
            message = f"its loops come to more than {MOST_NODES} nodes, at {node.name} ({node.op})"
            raise UsageError(message, hint="export the network with fewer turns")
    return replace(model, nodes=_needed(done, model.outputs), constants=constants)


def _needed(nodes: Iterable[Node], outputs: Iterable[str]) -> list[Node]:
    """The nodes that outputs depend on: those for branches that are not taken are gone."""
    wanted, kept = set(outputs), []
    for node in reversed(list(nodes)):
        if wanted.intersection(node.outputs) or node.fault:
            wanted.update(node.inputs)
            wanted.update(name for graph in graphs(node) for name in graph.taken())
            kept.append(node)
    return kept[::-1]


def _laid_out(lowering: Lowering, node: Node) -> Body | None:
    """What a node becomes; None where it cannot be said before the network runs."""
    try:
        return {"If": _branch, "Loop": _turn, "Scan": _scan}[node.op](lowering, node)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None  # it is malformed, and refused as it stands


def _known(lowering: Lowering, name: str) -> bool | int | None:
    """A constant of one number."""
    constant = lowering.constants.get(name)
    return None if constant is None else constant.load().reshape(-1)[0].item()


def _graph(node: Node, key: str, inputs: int, outputs: int) -> Subgraph:
    """A graph of a node. Raises ValueError where it takes or gives other tensors than it must."""
    graph: Subgraph = node.attributes[key]
    if len(graph.inputs) != inputs or len(graph.outputs) < outputs:
        raise ValueError(f"a graph of {len(graph.inputs)} inputs and {len(graph.outputs)} outputs")
    return graph


def _branch(lowering: Lowering, node: Node) -> Body | None:
    chosen = _known(lowering, node.inputs[0])
    if chosen is None:
        return None
    graph = _graph(node, "then_branch" if chosen else "else_branch", 0, len(node.outputs))
    body = laid_out(graph, node.name, ())
    return Body([*body.nodes, *same(node.name, body.outputs, node.outputs)], body.constants)


def _turn(lowering: Lowering, node: Node) -> Body | None:
    """A Loop's next turn, and the Loop of those that follow; at its end what it gives.

    `turn` counts turns, `made` has the names of what each scan output was in those before.
    """
    turn = int(node.attributes.get("turn", 0))
    most, goes_on = (_known(lowering, name) if name else True for name in node.inputs[:2])
    if most is None or goes_on is None or (not node.inputs[0] and turn >= MOST_TURNS):
        return None
    ended = not goes_on or (node.inputs[0] and turn >= most)
    return _ends(node) if ended else _one_turn(node, turn)


def _ends(node: Node) -> Body | None:
    """What a Loop gives at its end: its states, and what each turn made, one after the other."""
    state, made, outputs = node.inputs[2:], node.attributes.get("made", ()), node.outputs
    if any(outputs[len(state) :]) and not made:
        return None
    nodes = same(node.name, state, outputs)
    for out, parts in zip(outputs[len(state) :], made, strict=False):
        nodes += stacked(node.name, parts, out, 0) if out else []
    return Body(nodes)


def _one_turn(node: Node, turn: int) -> Body:
    state, label = node.inputs[2:], f"{node.name}/{turn}"
    graph = _graph(node, "body", 2 + len(state), max(len(node.outputs), len(state)) + 1)
    count, always = f"{label}/turn", node.inputs[1] or f"{label}/always"
    body = laid_out(graph, label, (count, always, *state))
    body.constants[count] = number(turn)
    if not node.inputs[1]:
        body.constants[always] = Constant.of(number(1).load().astype(bool))
    after, scans = body.outputs[: 1 + len(state)], body.outputs[1 + len(state) :]
    before = node.attributes.get("made") or [()] * len(scans)
    every = tuple((*names, scan) for names, scan in zip(before, scans, strict=True))
    attributes = {**node.attributes, "turn": turn + 1, "made": every}
    rest = replace(node, inputs=(node.inputs[0], *after), attributes=attributes)
    return Body([*body.nodes, rest], body.constants)


MOST_TURNS = 1 << 10
"""Turns of a Loop that nothing but its condition ends."""


def _scan(lowering: Lowering, node: Node) -> Body | None:
    """A Scan's body for each place of what it goes along."""
    inputs = int(node.attributes["num_scan_inputs"])
    states = len(node.inputs) - inputs
    graph = _graph(node, "body", len(node.inputs), max(len(node.outputs), states))
    state, taken, count = node.inputs[:states], node.inputs[states:], len(graph.outputs) - states
    axes, back, out_axes, out_back = (
        list(node.attributes.get(key) or [0] * size)
        for key, size in (
            ("scan_input_axes", inputs), ("scan_input_directions", inputs), ("scan_output_axes", count),
            ("scan_output_directions", count),
        )
    )  # fmt: skip
    length = _length(lowering, taken[0], axes[0])
    if length is None:
        return None
    whole, every = Body(), [[] for _ in range(count)]  # type: ignore[var-annotated]  # lists of names
    for turn in range(length):
        label = f"{node.name}/{turn}"
        parts = [f"{label}/{name}.part" for name in taken]
        for part, name, axis, turned in zip(parts, taken, axes, back, strict=True):
            whole.constants[f"{part}.place"] = number(length - 1 - turn if turned else turn)
            whole.nodes.append(Node("Gather", part, (name, f"{part}.place"), (part,), {"axis": axis}))
        body = laid_out(graph, label, (*state, *parts))
        whole.nodes += body.nodes
        whole.constants |= body.constants
        state = body.outputs[:states]
        for names, scan in zip(every, body.outputs[states:], strict=True):
            names.append(scan)
    whole.nodes += same(node.name, state, node.outputs[:states])
    for out, names, axis, turned in zip(node.outputs[states:], every, out_axes, out_back, strict=False):
        whole.nodes += stacked(node.name, names[::-1] if turned else names, out, axis) if out else []
    return whole


def _length(lowering: Lowering, name: str, axis: int) -> int | None:
    """How many places a Scan goes along; None where it is not known, or none or too many."""
    known = lowering.constants.get(name) or lowering.tensors.get(name)
    length = known.shape[axis] if known is not None else 0
    return length if 0 < length <= MOST_NODES else None


UNFOLDED = "what the branch or the body does, laid out"


@operator("If", becomes=UNFOLDED, limits="a condition that is known before the network runs")
def no_branch(lowering: Lowering, node: Node) -> None:
    """Refused: its condition is computed."""
    raise Unsupported("its condition is computed; the chip takes a branch that is known before the network runs")


@operator("Loop", becomes=UNFOLDED, limits=f"turns that are known before, at most {MOST_NODES} nodes in all")
def no_turns(lowering: Lowering, node: Node) -> None:
    """Refused: when it ends is computed."""
    raise Unsupported("when it ends is computed, or it makes nothing; the chip takes turns that are known before")


@operator("Scan", becomes=UNFOLDED, limits="as Loop")
def no_scan(lowering: Lowering, node: Node) -> None:
    """Refused: along what it goes has no known length."""
    raise Unsupported("the length of what it goes along is not known, or it is malformed")
