"""What `stats` says of the run, its layers and its inferences, as slices need it: spans and energies."""

from __future__ import annotations

from dataclasses import dataclass, field

from acortex.intervals import Span
from acortex.traces.file.reader import Trace
from acortex.traces.results import LayerSums
from acortex.traces.stats import stats


@dataclass(frozen=True)
class RunSums:
    """Energies in attojoules, leakage included, and spans in cycles; layers are by their place in the header.

    `run` has one span, or none of a trace of which no sum is known. Inferences of a run that was stopped have none.
    """

    run: tuple[Span, ...] = ()
    energy_aj: int | None = None
    layers: dict[int, tuple[Span, int]] = field(default_factory=dict)
    inferences: dict[int, int | None] = field(default_factory=dict)


def run_sums(trace: Trace) -> RunSums:
    """The sums of a trace; of a part of a run there are none."""
    if trace.header.filters or not len(trace.events):
        return RunSums()
    found = stats(trace)
    layers = {at: sums for at, row in enumerate(found.layers) if (sums := _of_layer(row))}
    inferences = {row.index: row.energy_aj for row in found.inferences}
    return RunSums(((0, found.totals.cycles),), found.totals.energy_aj, layers, inferences)


def _of_layer(row: LayerSums) -> tuple[Span, int] | None:
    """When a layer was in flight first and last, and its energy; None for one that never was."""
    if row.start_cycle is None or row.end_cycle is None or row.energy_aj is None:
        return None
    return (row.start_cycle, row.end_cycle), row.energy_aj
