"""What a page shows beside the report of a run: energy by layer and component, and each layer under the roofs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from acortex.sim.chip.clock import delays
from acortex.sim.chip.specs import WORD_BITS, Chip
from acortex.sim.results import TimedReport
from acortex.traces.file.reader import Trace
from acortex.traces.results import TraceStats
from acortex.traces.stats import Sums, split

LEAKAGE = "leakage"
ACCESSES = ("memory.read", "memory.write")
"""Kinds of events that move a word to or from main memory."""

WORD_BYTES = WORD_BITS // 8


@dataclass(frozen=True)
class LayerShares:
    """A layer's energy by component, in attojoules, and the words that it moved to and from main memory.

    Components add up to `LayerSums.energy_aj`: events by what pays for them, and the layer's share of leakage, which is
    left out where it is not known.
    """

    name: str
    energy_aj: dict[str, int]
    words: int


def by_layer(trace: Trace, stats: TraceStats) -> list[LayerShares]:
    """The shares of each layer, in the order of the trace's header."""
    header, sums = trace.header, Sums(("merged", "count", "duration", "energy_aj"))
    kinds = len(header.kinds)
    for chunk in trace.events.chunks("layer", "kind", *sums.columns):
        sums.add(chunk["layer"] * kinds + chunk["kind"], chunk)
    found = []
    for at, layer in enumerate(stats.layers):
        energy: Counter[str] = Counter()
        words = 0
        for number, kind in enumerate(header.kinds):
            row = sums[at * kinds + number]
            energy.update(split(kind, row))
            words += row[1] if kind.name in ACCESSES else 0
        if layer.energy_aj is not None and layer.energy_aj != layer.event_energy_aj:
            energy[LEAKAGE] += layer.energy_aj - layer.event_energy_aj
        found.append(LayerShares(layer.name, {name: value for name, value in energy.items() if value}, words))
    return found


@dataclass(frozen=True)
class Roofs:
    """The most that a chip can do: operations per second in its arrays, and bytes per second of main memory."""

    ops_per_s: float
    bytes_per_s: float

    @property
    def ridge(self) -> float:
        """Operations per byte from which on arrays are the limit."""
        return self.ops_per_s / self.bytes_per_s


@dataclass(frozen=True)
class RoofPoint:
    """Operations per byte of main memory and operations per second, of a layer while it was in flight, or of a run."""

    name: str
    ops_per_byte: float
    ops_per_s: float


def roofs(chip: Chip) -> Roofs:
    """Every cell of every array in each frame; and every port, or every bank, granting without a gap."""
    second = 1e9 / float(chip.clock_ns)
    cells = chip.array_count * chip.arrays.k**2
    frame = delays(chip).frame_cycles(1)
    memory = chip.memory
    words = min(memory.ports / memory.access_cycles, memory.banks / memory.bank_cycles)
    return Roofs(2 * cells / frame * second, words * WORD_BYTES * second)


def roof_points(run: TimedReport, shares: list[LayerShares]) -> list[RoofPoint]:
    """The run, and each layer that multiplies; what moves no word or takes no time has no place there."""
    words = {one.name: one.words for one in shares}
    found = [_point("whole run", run.macs, sum(words.values()), run.cycles, run.clock_ns)]
    found += [_point(one.name, one.macs, words.get(one.name, 0), one.cycles, run.clock_ns) for one in run.layers]
    return [one for one in found if one is not None]


def _point(name: str, macs: int, words: int, cycles: int, clock_ns: float) -> RoofPoint | None:
    if not (macs and words and cycles):
        return None
    return RoofPoint(name, 2 * macs / (words * WORD_BYTES), 2 * macs / (cycles * clock_ns * 1e-9))
