"""A network as it is planned, before it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field

from acortex.programs.graph import LayerGraph
from acortex.programs.mapping.exchanges import Exchanges
from acortex.programs.mapping.loops import Section
from acortex.programs.mapping.memory_plan import MemoryPlan
from acortex.programs.mapping.passes import Layout, Lowered, Pass
from acortex.programs.mapping.placement import Placement
from acortex.programs.mapping.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Plan:
    """All that is decided of a network; `chip` is the name of the machine that it is planned for."""

    graph: LayerGraph
    chip: str
    lowered: Lowered
    placement: Placement
    memory: MemoryPlan
    schedule: Schedule
    sections: list[Section]
    """How the passes are written: one after the other, or as bodies of loops."""
    exchanges: Exchanges = field(default_factory=Exchanges)

    @property
    def passes(self) -> list[Pass]:
        """The passes, in order."""
        return self.lowered.passes

    @property
    def layouts(self) -> dict[str, Layout]:
        """How every map lies in memory."""
        return self.lowered.layouts
