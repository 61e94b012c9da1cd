"""Opens a trace that notebooks show."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acortex.traces.file import reader
from acortex.traces.file.reader import Trace

if TYPE_CHECKING:
    from acortex.traces.display.numbers import Numbers
    from acortex.traces.display.plots import Plots


@dataclass(frozen=True, repr=False)
class ShownTrace(Trace):
    """A trace that a notebook shows as its numbers, and that draws itself; what `select` gives of it does too."""

    @property
    def numbers(self) -> Numbers:
        """What is shown of it: cycles, energy, layers, waits and units (adds up all of its events)."""
        from acortex.traces.display.numbers import of_trace  # as below: most traces are shown by no notebook

        return of_trace(self)

    @property
    def plot(self) -> Plots:
        """Its pictures: `plot.layers()`, `.energy()`, `.waits()` and `.timeline()`, each into axes of matplotlib."""
        from acortex.traces.display.plots import Plots

        return Plots(lambda: self.numbers, lambda: self)

    def _repr_html_(self) -> str:
        from acortex.traces.display import pieces

        return pieces.of_trace(self, self.numbers)


def open(path: str | os.PathLike[str]) -> ShownTrace:
    """Opens a trace, whole or unfinished (a PATH.part too); TraceError where it is none, or is damaged or malformed."""
    return ShownTrace(**vars(reader.open(path)))
