"""Where the host works between the passes of a network: what it takes there, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from acortex.programs.graph import HostPart, LayerGraph, Port
from acortex.programs.mapping.passes import Layout, Pass, Sink, Source


@dataclass(frozen=True, eq=False)
class Exchange:
    """A part of the host, behind so many passes: the maps that leave the chip before it, and those that come after.

    `takes` and `makes` are the names of outputs and inputs, `given` and `taken` the layouts of these.
    """

    part: HostPart
    before: int
    takes: tuple[str, ...]
    makes: tuple[str, ...]
    given: tuple[Layout, ...]
    taken: tuple[Layout, ...]

    def reads(self) -> dict[str, list[Source]]:
        """What leaves the chip, as a pass would read it."""
        return {"host_out": [Source(one, 0, one.words, 0, 0, 0, one.height, one.width) for one in self.given]}

    def writes(self) -> list[Sink]:
        """What comes to the chip, as a pass would write it."""
        return [Sink(one, 0, one.words) for one in self.taken]


@dataclass(frozen=True, eq=False)
class Exchanges:
    """All that the host does in a turn: before the inputs, between passes, and behind the outputs.

    `inputs` and `outputs` are the maps of what the host moves at the ends of a turn.
    """

    head: HostPart | None = None
    between: tuple[Exchange, ...] = ()
    tail: HostPart | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    early: frozenset[str] = field(default_factory=frozenset)
    """Names of inputs and outputs that are moved between passes."""

    def after(self, passes: int) -> list[Exchange]:
        """Those behind so many passes, in order."""
        return [one for one in self.between if one.before == passes]


def arrange(graph: LayerGraph, passes: list[Pass], layouts: dict[str, Layout]) -> tuple[list[Pass], Exchanges]:
    """The passes in the order of stages, and what the host does around them."""
    if not graph.parts:
        return passes, Exchanges(inputs=_maps(graph.fed), outputs=_maps(graph.outputs))
    stages = _stages(graph, passes)
    order = sorted(range(len(passes)), key=lambda index: stages[index])
    passes, stages = [passes[index] for index in order], sorted(stages)
    by_stage = {part.stage: part for part in graph.parts}
    head, tail = by_stage.get(0), by_stage.get(stages[-1] + 1)
    between = _between(graph, layouts, stages, [part for part in graph.parts if part not in (head, tail)])
    moved = frozenset(name for one in between for name in (*one.takes, *one.makes))
    early = moved - {port.name for port in graph.outputs if not port.host or _takes(tail, port.name)}
    inputs = tuple(port.map for port in graph.fed if port.name not in moved)
    outputs = tuple(port.map for port in graph.outputs if port.name not in early)
    return passes, Exchanges(head, tuple(between), tail, inputs, outputs, moved)


def _maps(ports: Sequence[Port]) -> tuple[str, ...]:
    return tuple(port.map for port in ports)


def _between(
    graph: LayerGraph, layouts: dict[str, Layout], stages: Sequence[int], parts: Sequence[HostPart]
) -> list[Exchange]:
    """The exchanges of parts between passes of these stages."""
    found: list[Exchange] = []
    moved: set[str] = set()
    for part in parts:
        before = next(index for index, stage in enumerate(stages) if stage >= part.stage)
        found.append(_exchange(graph, layouts, part, before, moved))
        moved.update((*found[-1].takes, *found[-1].makes))
    return found


def _exchange(graph: LayerGraph, layouts: dict[str, Layout], part: HostPart, before: int, moved: set[str]) -> Exchange:
    """The exchange of a part behind so many passes; what has been moved is not moved again."""
    takes = [port for port in graph.outputs if _takes(part, port.name) and port.name not in moved]
    makes = [port for port in graph.inputs if port.host and port.name in part.makes]
    given, taken = (tuple(layouts[port.map] for port in ports) for ports in (takes, makes))
    return Exchange(part, before, tuple(port.name for port in takes), tuple(port.name for port in makes), given, taken)


def _takes(part: HostPart | None, name: str) -> bool:
    return part is not None and name in part.takes


def _stages(graph: LayerGraph, passes: Sequence[Pass]) -> list[int]:
    """The stage of each pass: how many parts of the host come before it, counted as `HostPart.stage` does."""
    makers = {name: part.stage for part in graph.parts for name in part.makes}
    held = {port.map: makers[port.name] for port in graph.inputs if port.host}
    stages = []
    for step in passes:
        read = [source.layout.name for sources in step.reads().values() for source in sources]
        stages.append(max((held.get(name, 0) for name in read), default=0))
        for sink in step.writes():
            held[sink.layout.name] = max(held.get(sink.layout.name, 0), stages[-1])
    return _with_copies_last(graph, passes, stages)


def _with_copies_last(graph: LayerGraph, passes: Sequence[Pass], stages: Sequence[int]) -> list[int]:
    """The stages, those of copies to carried inputs the last one: all of an inference takes the state before it."""
    carried = {port.map for port in graph.inputs if port not in graph.fed}
    copies = [any(sink.layout.name in carried for sink in step.writes()) for step in passes]
    last = max(stages, default=0)
    return [last if copy else stage for stage, copy in zip(stages, copies, strict=True)]


def events(passes: Sequence[Pass], exchanges: Exchanges) -> list[Pass | Exchange]:
    """Passes and exchanges in the order of the program."""
    found: list[Pass | Exchange] = []
    for index, step in enumerate(passes):
        found += [*exchanges.after(index), step]
    return found
