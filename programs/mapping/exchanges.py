"""Where the host works between the passes of a network: what it takes there, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from acortex.programs.graph import HostPart, LayerGraph
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
        inputs, outputs = (tuple(port.map for port in ports) for ports in (graph.inputs, graph.outputs))
        return passes, Exchanges(inputs=inputs, outputs=outputs)
    stages = _stages(graph, passes)
    order = sorted(range(len(passes)), key=lambda index: stages[index])
    passes, stages = [passes[index] for index in order], sorted(stages)
    head = next((part for part in graph.parts if part.stage == 0), None)
    tail = next((part for part in graph.parts if part.stage > stages[-1]), None)
    between: list[Exchange] = []
    moved: set[str] = set()
    for part in graph.parts:
        if part in (head, tail):
            continue
        takes = [port for port in graph.outputs if port.name in part.takes and port.name not in moved]
        makes = [port for port in graph.inputs if port.host and port.name in part.makes]
        moved.update(port.name for port in (*takes, *makes))
        before = next(index for index, stage in enumerate(stages) if stage >= part.stage)
        names = (tuple(port.name for port in ports) for ports in (takes, makes))
        maps = (tuple(layouts[port.map] for port in ports) for ports in (takes, makes))
        between.append(Exchange(part, before, *names, *maps))
    late = {port.name for port in graph.outputs if not port.host or (tail is not None and port.name in tail.takes)}
    inputs = tuple(port.map for port in graph.inputs if port.name not in moved)
    outputs = tuple(port.map for port in graph.outputs if port.name not in moved or port.name in late)
    return passes, Exchanges(head, tuple(between), tail, inputs, outputs, frozenset(moved))


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
    return stages


def events(passes: Sequence[Pass], exchanges: Exchanges) -> list[Pass | Exchange]:
    """Passes and exchanges in the order of the program."""
    found: list[Pass | Exchange] = []
    for index, step in enumerate(passes):
        found += [*exchanges.after(index), step]
    return found
