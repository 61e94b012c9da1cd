"""What a trace is, in one glance: the answer of `acortex trace info`."""

from __future__ import annotations

from dataclasses import asdict

from acortex.documents import ChipName, ProgramName
from acortex.traces.covers import covers
from acortex.traces.file.reader import Trace
from acortex.traces.results import KindInfo, TraceInfo
from acortex.traces.stats import Sums
from acortex.units import joules, seconds_of


def info(trace: Trace) -> TraceInfo:
    """Completeness, sizes, totals, and the header's tables.

    `energy_aj` is that of the run, leakage included, None where rows were left out. `events` and `waits` count what
    there was, also where a coarser level merged it into fewer rows; `lost` is "" in a finished trace.
    """
    header = trace.header
    sums = Sums(("merged", "energy_aj"))
    for chunk in trace.events.chunks("kind", "count", "merged", "energy_aj"):
        sums.add(chunk["kind"] * 0, chunk)
    events, event_energy_aj = sums[0]
    waits = sum(int(chunk["merged"].sum()) for chunk in trace.waits.chunks("start", "merged"))  # read, and so checked
    energy_aj = None if header.filters else event_energy_aj + trace.cycles * header.leakage_aj_per_cycle
    return TraceInfo(
        **covers(trace),
        lost=trace.lost,
        events=events,
        rows=len(trace.events),
        waits=waits,
        cycles=trace.cycles,
        latency_s=seconds_of(trace.cycles, header.exact_clock_ns()),
        energy_aj=energy_aj,
        energy_j=None if energy_aj is None else joules(energy_aj),
        event_energy_aj=event_energy_aj,
        bytes=trace.bytes,
        level=header.level,
        filters=header.filters,
        clock_ns=header.clock_ns,
        units=list(header.units),
        kinds=[KindInfo.model_validate(asdict(kind)) for kind in header.kinds],
        causes=list(header.causes),
        layers=list(header.layers),
        program=ProgramName(name=header.program, sha256=header.program_sha256, instructions=len(header.lines)),
        chip=ChipName(
            name=header.chip, sha256=header.chip_sha256, config=header.config, overrides=list(header.overrides)
        ),
    )
