"""What the chip and the host do of a compiled network, part by part, as a report has it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from acortex.programs.graph import HostPart, Port
from acortex.programs.mapping.passes import Pass
from acortex.programs.mapping.plan import Plan
from acortex.programs.results import PartitionPart


def partition(plan: Plan) -> list[PartitionPart]:
    """The parts in order, without their time and energy."""
    graph = plan.graph
    if graph.parts:
        return _divided(plan)
    words_in, words_out = (_words(plan, ports) for ports in (graph.fed, graph.outputs))
    nodes = list(dict.fromkeys(step.name for step in plan.passes))
    found = [_row("chip", nodes, _macs(plan.passes), words_in, words_out)]
    if graph.host_nodes:
        found.append(_row("host", list(graph.host_nodes), 0, words_out, 0))
    return found


def _divided(plan: Plan) -> list[PartitionPart]:
    graph, passes = plan.graph, stages_of(plan)
    parts = {part.stage: part for part in graph.parts}
    found = []
    for stage in range(max(*parts, len(passes) - 1) + 1):
        if stage in parts:
            found.append(_of_host(plan, parts[stage]))
        if stage < len(passes):
            made = parts[stage].makes if stage in parts else ()
            came = [port for port in graph.inputs if (port.name in made if port.host else stage == 0)]
            left = [port for port in graph.outputs if _leaves_at(plan, port) == min(stage + 1, len(passes))]
            found.append(
                _row(
                    "chip",
                    list(graph.chip_nodes[stage]) if stage < len(graph.chip_nodes) else [],
                    _macs(passes[stage]),
                    _words(plan, came),
                    _words(plan, left),
                )
            )
    return found


def _of_host(plan: Plan, part: HostPart) -> PartitionPart:
    graph = plan.graph
    taken = [port for port in graph.outputs if port.name in part.takes and _leaves_at(plan, port) == part.stage]
    made = [port for port in graph.inputs if port.host and port.name in part.makes]
    return _row("host", list(part.nodes), part.macs, _words(plan, taken), _words(plan, made))


def _leaves_at(plan: Plan, port: Port) -> int:
    """The stage of the host before which an output leaves: that of the first part that takes it, else the last."""
    last = len(stages_of(plan))
    return min((part.stage for part in plan.graph.parts if port.name in part.takes), default=last)


def stages_of(plan: Plan) -> list[list[Pass]]:
    """The passes of each stage of the chip."""
    found: dict[int, list[Pass]] = {0: []}
    starts = {one.before: one.part.stage for one in plan.exchanges.between}
    stage = 0
    for index, step in enumerate(plan.passes):
        stage = starts.get(index, stage)
        found.setdefault(stage, []).append(step)
    return [found.get(number, []) for number in range(max(found) + 1)]


def _row(part: Literal["chip", "host"], nodes: list[str], macs: int, words_in: int, words_out: int) -> PartitionPart:
    return PartitionPart(part=part, nodes=nodes, macs=macs, words_in=words_in, words_out=words_out)


def _words(plan: Plan, ports: Iterable[Port]) -> int:
    return sum(plan.layouts[port.map].size for port in ports)


def _macs(passes: Iterable[Pass]) -> int:
    multiplies = (step.multiply for step in passes)
    return sum(one.matrix.weights * one.positions for one in multiplies if one is not None)
