"""Programs, and what writes them. Imports isa only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acortex.programs.front import quantised
    from acortex.programs.graph import LayerGraph
    from acortex.programs.network import Network

__all__ = ["LayerGraph", "Network", "quantised"]

_HOMES = {"front": ("quantised",), "graph": ("LayerGraph",), "network": ("Network",)}
"""The module of each public name: loaded at its first use, since NumPy need not be paid for by `--help`."""


def __getattr__(name: str) -> object:
    """Loads a public name from its home."""
    for module, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
