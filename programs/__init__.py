"""Programs, and what writes them. Imports isa only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acortex.lazy_names import loader

if TYPE_CHECKING:
    from acortex.programs.front import quantised
    from acortex.programs.graph import LayerGraph
    from acortex.programs.network.network import Network

__all__ = ["LayerGraph", "Network", "quantised"]

__getattr__ = loader(
    __name__,
    {
        "LayerGraph": "acortex.programs.graph:LayerGraph",
        "Network": "acortex.programs.network.network:Network",
        "quantised": "acortex.programs.front:quantised",
    },
)
