"""Runs of this folder skip what repeats, as a user's do: that skipping changes nothing is held elsewhere."""

from __future__ import annotations

import pytest

from acortex.sim.arrivals import ALWAYS


@pytest.fixture(autouse=True)
def skipping(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run is checked against one that does not skip."""
    monkeypatch.delenv(ALWAYS, raising=False)
