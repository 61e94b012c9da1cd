"""Networks of the zoo, compiled once for each mapping and chip, however often their time and energy are simulated."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acortex.programs.compiler import Compiled
    from acortex.programs.graph import LayerGraph

NETWORKS = 4
"""Networks that are kept."""

PROGRAMS = 8
"""Programs that are kept."""


def compiled_network(
    name: str, chip: str | None = None, mapping: str = "taps", settings: Sequence[str] = ()
) -> Compiled:
    """A network of the zoo, compiled for a chip with `settings` laid over it: its own chip by default."""
    from acortex.programs import zoo

    return _compiled(name, chip or zoo.entry(name).chip, mapping, tuple(settings))


@lru_cache(PROGRAMS)
def _compiled(name: str, chip: str, mapping: str, settings: tuple[str, ...]) -> Compiled:
    from acortex.programs.compiler import compile_graph
    from acortex.sim.chip.specs import load_chip
    from acortex.tools.open.machine import machine_of

    return compile_graph(_graph(name), machine_of(load_chip(chip, settings)), mapping)


@lru_cache(NETWORKS)
def _graph(name: str) -> LayerGraph:
    from acortex.programs import zoo

    return zoo.graph(zoo.entry(name), weights=False)
