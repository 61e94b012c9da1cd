"""A network that is divided between chip and host, as steps for the chip and parts of the host."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from acortex.isa.program import HostResult
from acortex.programs.host.alone import UNKNOWN
from acortex.programs.host.models import check_nodes, host_parts
from acortex.programs.host.partition import Division, NothingLeft, divided
from acortex.programs.network.network import Model, Node, Value
from acortex.programs.operators.context import MAX_WORDS
from acortex.programs.operators.host import KEEPS_ORDER
from acortex.programs.steps import FloatGraph, FloatPort


def with_host(model: Model, *, drop_lrn: bool = False, most_words: int = MAX_WORDS) -> FloatGraph:
    """The normal form of a network of which the host does what the chip cannot, between the steps of the chip.

    Raises UnsupportedNodes for what neither does, NothingLeft where the chip would have no product, and MissingExtra
    without the package onnx.
    """
    division = divided(model, drop_lrn=drop_lrn, most_words=most_words)
    check_nodes(division)
    division = _with_fixed_outputs(division)
    parts, graph = host_parts(division), division.graph
    made = {name for part in parts for name in part.makes}
    graph.parts = parts
    _mark_ports(division, made, {name for part in parts for name in part.takes})
    graph.results = [_result(name, division) for name in division.model.outputs if name in made]
    graph.in_turn = _in_turn(division)
    graph.chip_nodes = tuple(_chip_nodes(division))
    graph.host_nodes = [name for part in parts for name in part.nodes]
    stages = graph.stages()
    graph.steps.sort(key=lambda step: stages[step.name])
    return graph


def _in_turn(division: Division) -> dict[str, tuple[str, ...]]:
    """What the host puts together of the chip's outputs by their numbers, one behind the other."""
    known: dict[str, tuple[str, ...]] = {port.name: (port.name,) for port in division.graph.outputs}
    for node in division.model.nodes:
        taken = _laid_out(division, node) if node.name in division.hosted else ()
        if taken and known.keys() >= set(taken):
            known[node.outputs[0]] = tuple(source for name in taken for source in known[name])
    return {name: sources for name, sources in known.items() if sources != (name,)}


def _laid_out(division: Division, node: Node) -> tuple[str, ...]:
    """The inputs of a node whose output has all their numbers, one behind the other; none of another one."""
    if node.op in KEEPS_ORDER:
        return node.inputs[:1]
    shapes = [division.kinds.get(name, UNKNOWN).shape or () for name in node.inputs]
    axis = int(node.attributes.get("axis", 0))
    first = node.op == "Concat" and all(math.prod(shape[: axis % max(len(shape), 1)]) == 1 for shape in shapes)
    return node.inputs if first else ()


def _mark_ports(division: Division, made: set[str], taken: set[str]) -> None:
    """Marks the ports between host and chip, by the names of what the host makes and takes."""
    graph, shown = division.graph, set(division.model.outputs)
    graph.inputs = [replace(port, host=port.name in made) for port in graph.inputs]
    outputs = [replace(port, host=port.name not in shown) for port in graph.outputs]
    graph.outputs = [port for port in outputs if port.name in taken or not port.host]
    graph.raw = list(_raw(division, taken))
    read = {port.name for port in graph.raw}
    graph.unread = [port for port in graph.unread if port.name not in read]


def _with_fixed_outputs(division: Division) -> Division:
    """The division without outputs of the host whose shape is not known before a run: a run cannot give these."""
    model, graph = division.model, division.graph
    makers = {name: node.name for node in model.nodes for name in node.outputs}
    inputs = {value.name for value in model.inputs}
    kept = []
    for name in model.outputs:
        kind = division.kinds.get(name, UNKNOWN)
        if name in model.constants or name in inputs:
            what = "a constant" if name in model.constants else "an input"
            graph.warnings.append(f"the output {name} is {what}: the host has it, a run does not give it")
        elif makers[name] in division.hosted and (kind.shape is None or not math.prod(kind.shape)):
            graph.warnings.append(
                f"the output {name} has no fixed shape: it is left to the host, a run does not give it"
            )
        else:
            kept.append(name)
    if not kept:
        raise NothingLeft("no output of the network has a fixed shape", hint="end the network before those that vary")
    return replace(division, model=replace(model, outputs=kept))


def _chip_nodes(division: Division) -> Iterator[tuple[str, ...]]:
    """The names of the chip's nodes, stage by stage."""
    on_chip = [node.name for node in division.model.nodes if node.name not in division.hosted]
    for stage in range(max(division.stages[name] for name in on_chip) + 1):
        yield tuple(name for name in on_chip if division.stages[name] == stage)


def _raw(division: Division, taken: set[str]) -> Iterator[FloatPort]:
    """The inputs of the network that only the host reads."""
    on_chip = {port.name for port in division.graph.inputs}
    for value in division.model.inputs:
        if value.name in taken and value.name not in on_chip:
            yield FloatPort(
                value.name, "", value.shape, _canonical(value), (), value.dtype, high=_high(division, value)
            )


def _canonical(value: Value) -> tuple[int, ...]:
    """The shape in which a user gives an input first: without a batch of one."""
    return value.shape[1:] if value.shape[:1] == (1,) and len(value.shape) > 1 else value.shape


KEEPS_NUMBERS = ("Cast", "Reshape", "Squeeze", "Unsqueeze", "Identity", "TopK")
"""Operators whose outputs are numbers of their first input, or places of these."""


def _high(division: Division, value: Value) -> int | None:
    """The largest number that an input may be: as an index one less than the rows of the smallest table that it reads,
    as the length of a sequence its steps.
    """
    names, sizes = {value.name}, []
    for node in division.model.nodes:
        if node.op in KEEPS_NUMBERS and node.inputs[0] in names:
            names.update(node.outputs)
        if node.op in ("LSTM", "GRU", "RNN") and len(node.inputs) > 4 and node.inputs[4] in names:
            steps = division.kinds.get(node.inputs[0], UNKNOWN).shape
            sizes += [steps[int(node.attributes.get("layout", 0))] + 1] if steps else []
        if node.op == "Gather" and node.inputs[1] in names:
            table = division.model.constants.get(node.inputs[0])
            shape = table.shape if table else division.kinds.get(node.inputs[0], UNKNOWN).shape
            if shape:
                sizes.append(shape[node.attributes.get("axis", 0)])
    return min(sizes) - 1 if sizes else None


def _result(name: str, division: Division) -> HostResult:
    """An output of the network that the host makes, for one inference."""
    kind = division.kinds.get(name, UNKNOWN)
    shape = kind.shape or ()
    own = shape[1:] if shape[:1] == (1,) and len(shape) > 1 else shape
    return HostResult(name, own or (math.prod(shape),), kind.dtype or "float32")
