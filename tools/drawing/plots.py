"""matplotlib, which is optional, imported late, and has no types."""

from __future__ import annotations

from typing import Any, TypeAlias

from acortex.errors import MissingExtra

Canvas: TypeAlias = Any
"""A figure or axes of matplotlib, which is optional, imported late, and has no types."""


def require_matplotlib() -> None:
    """Raises MissingExtra where matplotlib is not installed: before minutes of simulation, not after."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise MissingExtra("drawing a figure", "plots")
