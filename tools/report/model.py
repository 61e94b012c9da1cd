"""What a page of a run, or of two, holds: plain data, all of it from the analyses that the commands print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from acortex.documents import ChipName, ProgramName
from acortex.errors import AcortexError
from acortex.sim.advice.results import WhatIf
from acortex.sim.chip.area import area_by_component
from acortex.sim.chip.chip_files import chip_names
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.ledger.reprice import BASE, completed, recorded_chip
from acortex.sim.results import TimedReport
from acortex.tools.report.shares import LayerShares, RoofPoint, Roofs, by_layer, roof_points, roofs
from acortex.tools.report.timeline import Timeline, timeline
from acortex.traces.changed import changed_settings, settings
from acortex.traces.coarser import coarser
from acortex.traces.critical import Path as CriticalSegments
from acortex.traces.critical import critical_path, has_path
from acortex.traces.diff import diff
from acortex.traces.file.reader import Trace
from acortex.traces.headroom import sums_of
from acortex.traces.results import TraceStats
from acortex.traces.results_of_paths import CriticalPath, SettingChange, TraceDiff
from acortex.traces.stats import stats as add_up
from acortex.wording import count as number_of

Progress = Callable[[int, int], None]

MOST_ROWS = 4_000_000
"""Events and waits that a page draws one by one: about 1 GB while it is made. A longer run is drawn by instruction."""


@dataclass(frozen=True)
class Side:
    """One run: what ran on what, what it took, and its rows.

    `part` says which part of its run the trace holds, "" for all; `drawn` what the timeline leaves out, "" for nothing.
    `changed` has the settings that differ from `named`, the chip of that name that comes with acortex. `run` is the
    report of the run, `path` the sums along its critical path, `roofs` those of its chip; None where not known.
    """

    name: str
    part: str
    drawn: str
    program: ProgramName
    chip: ChipName
    named: str
    changed: list[SettingChange]
    stats: TraceStats
    run: TimedReport | None
    area_mm2: dict[str, float] | None
    layers: list[LayerShares]
    path: CriticalPath | None
    what_if: WhatIf | None
    roofs: Roofs | None
    points: list[RoofPoint]
    trace: Trace
    timeline: Timeline

    @property
    def title(self) -> str:
        """What ran on what."""
        return f"{self.program.name} on {self.chip.label}"


@dataclass(frozen=True)
class Page:
    """A run, or two and what they differ in."""

    sides: Sequence[Side]
    diff: TraceDiff | None = None


def page_of(traces: Sequence[tuple[str, Trace]], what_if: WhatIf | None, progress: Progress) -> Page:
    """The page of one trace or of two, each with the name to show. `progress` receives how many waits were looked at.

    Raises UsageError for two traces of different levels.
    """
    sides = [_side(name, completed(trace), what_if, progress) for name, trace in traces]
    compared = diff(*(side.trace for side in sides)) if len(sides) > 1 else None
    return Page(sides, compared)


def _side(name: str, trace: Trace, what_if: WhatIf | None, progress: Progress) -> Side:
    """All that a page says of one run."""
    header, stats = trace.header, add_up(trace)
    chip = _chip(trace)
    named = header.chip if header.chip in chip_names() else BASE
    program = ProgramName(name=header.program, sha256=header.program_sha256, instructions=len(header.lines))
    of_chip = ChipName(
        name=header.chip, sha256=header.chip_sha256, config=header.config, overrides=list(header.overrides)
    )
    area = None if chip is None else {part: float(mm2) for part, mm2 in area_by_component(chip).items()}
    run = _run(trace, program, of_chip, area or {})
    shares = by_layer(trace, stats)
    path = critical_path(trace) if has_path(trace) else None
    drawn, rows = _rows(trace, path, progress)
    return Side(
        name=name,
        part=trace.part,
        drawn=drawn,
        program=program,
        chip=of_chip,
        named=named,
        changed=changed_settings(settings(load_chip(named).config), settings(header.config)),
        stats=stats,
        run=run,
        area_mm2=area,
        layers=shares,
        path=None if path is None else sums_of(path, trace),
        what_if=what_if,
        roofs=None if chip is None else roofs(chip),
        points=[] if run is None else roof_points(run, shares),
        trace=trace,
        timeline=rows,
    )


def _chip(trace: Trace) -> Chip | None:
    """The chip of a trace; None where its header has one that there cannot be."""
    try:
        return recorded_chip(trace)
    except AcortexError:
        return None


def _run(trace: Trace, program: ProgramName, chip: ChipName, area: dict[str, float]) -> TimedReport | None:
    """The report of the run, which the summary of its trace is; None where that is missing or something else."""
    heading = {
        "program": program,
        "chip": chip,
        "clock_ns": trace.header.clock_ns,
        "area_mm2": sum(area.values()),
        "area_by_component_mm2": area,
    }
    try:
        run = TimedReport.model_validate({**(trace.summary or {}), **heading})
    except ValidationError:
        return None
    known = run.latency_s > 0 and "program_erase" in run.setup.energy_by_component_j
    return run if known and run.cycles == trace.cycles else None


def _rows(trace: Trace, path: CriticalSegments | None, progress: Progress) -> tuple[str, Timeline]:
    """The rows of a trace, or of a long one those by instruction; and in words what that leaves out."""
    rows = len(trace.events) + len(trace.waits)
    if rows <= MOST_ROWS or trace.header.level != "events":
        return "", timeline(trace, path, progress)
    with TemporaryDirectory() as folder:
        merged = coarser(trace, "instructions", Path(folder) / "coarser.actrace")
        drawn = timeline(replace(merged, header=merged.header), path, progress)
    told = f"The run has {number_of(rows, 'event')} and waits, and the timeline draws them by instruction and inference"
    return f"{told}: a part, written with --trace-filter, is drawn event by event.", drawn
