"""How far a network's quantisation is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Is called with the steps of a piece of work that are done, and all that there are."""


def unheard(done: int, total: int) -> None:
    """Progress that nobody asked for."""
