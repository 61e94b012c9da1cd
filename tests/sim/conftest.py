"""What tests of the timed chip share: run a small program, and see when everything in it happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa import assemble
from acortex.sim.chip import unit_paths
from acortex.sim.energy import KINDS
from acortex.sim.kernel import CAUSES
from acortex.sim.run import Result, run
from acortex.sim.specs import load_chip

Span = tuple[int, int]


@dataclass
class Watched:
    """A run with its events and waits, as (first cycle, cycle after the last), by unit and kind or cause."""

    paths: Sequence[str]
    events: defaultdict[tuple[str, str], list[Span]] = field(default_factory=lambda: defaultdict(list))
    waits: defaultdict[tuple[str, str], list[Span]] = field(default_factory=lambda: defaultdict(list))
    result: Result | None = None

    def emit(self, start: int, duration: int, unit: int, kind: int, *_: int) -> None:
        """Keeps an event."""
        self.events[self.paths[unit], KINDS[kind].name].append((start, start + duration))

    def wait(self, start: int, duration: int, unit: int, cause: int, *_: int) -> None:
        """Keeps a wait."""
        self.waits[self.paths[unit], CAUSES[cause]].append((start, start + duration))

    def starts(self, unit: str, kind: str) -> list[int]:
        """When each event of a kind began."""
        return [start for start, _ in self.events[unit, kind]]

    def output(self, name: str = "y") -> NDArray[np.uint8]:
        """An output of the run."""
        assert self.result is not None
        return self.result.outputs[name]


@pytest.fixture
def watch() -> Callable[..., Watched]:
    """Runs a source on a chip with some settings changed, and keeps all that happened."""

    def watched(source: str, inputs: Any, settings: Sequence[str] = (), chip: str = "acortex_digits") -> Watched:
        chosen = load_chip(chip, list(settings))
        seen = Watched(unit_paths(chosen))
        seen.result = run(assemble(source, file="test.s"), chosen, inputs=inputs, observers=[seen])
        return seen

    return watched
