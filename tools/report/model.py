"""What a page of a run, or of two, holds: plain data, all of it from the analyses that the commands print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from acortex.documents import ChipName, ProgramName
from acortex.errors import AcortexError, UsageError
from acortex.sim.advice.results import WhatIf
from acortex.sim.chip.area import area_by_component
from acortex.sim.chip.chip_files import chip_names
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.ledger.reprice import BASE, completed, recorded_chip
from acortex.sim.results import TimedReport
from acortex.tools.report.shares import LayerShares, RoofPoint, Roofs, by_layer, roof_points, roofs
from acortex.tools.report.timeline import Timeline, timeline
from acortex.traces.changed import changed_settings, settings
from acortex.traces.critical import Path as CriticalSegments
from acortex.traces.critical import critical_path, has_path
from acortex.traces.diff import diff
from acortex.traces.file.coverage import EVER
from acortex.traces.file.reader import Trace, digested
from acortex.traces.file.table import Window
from acortex.traces.headroom import of_selection, sums_of
from acortex.traces.results import TraceStats
from acortex.traces.results_of_paths import CriticalPath, SettingChange, TraceDiff
from acortex.traces.show import INTERVALS
from acortex.traces.stats import stats as add_up

Progress = Callable[[int, int], None]

MOST_ROWS = 4_000_000
"""Events and waits that a page draws one by one: about 1 GB while it is made. A longer run is drawn by intervals."""

MOST_ON_PATH = 10_000_000
"""Events and waits among which a page looks for the critical path: about 600 MB while it is found."""

Part = Callable[[Trace], Trace]
"""What selects the part of a trace that a page is about."""


@dataclass(frozen=True)
class Side:
    """One run: what ran on what, what it took, and its rows.

    `part` says which part of its run the page is about, "" for all; `drawn` what the timeline leaves out, "" for
    nothing; `window` are the first cycle that it shows and the one behind.
    `changed` has the settings that differ from `named`, the chip of that name that comes with acortex. `run` is the
    report of the run, `path` the sums along its critical path, `roofs` those of its chip; None where not known, and
    `no_path` says why there is no path.
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
    no_path: str
    what_if: WhatIf | None
    roofs: Roofs | None
    points: list[RoofPoint]
    trace: Trace
    timeline: Timeline
    window: Window

    @property
    def selected(self) -> bool:
        """Whether rows of the run were left out, of which `run` speaks nevertheless."""
        return bool(self.trace.header.filters)

    @property
    def windowed(self) -> bool:
        """Whether cycles of the run were left out."""
        return self.window != (0, self.trace.cycles)

    @property
    def own(self) -> TimedReport | None:
        """The report of just these rows: that of the run, and None for a part of it."""
        return None if self.selected else self.run

    @property
    def title(self) -> str:
        """What ran on what."""
        return f"{self.program.name} on {self.chip.label}"


@dataclass(frozen=True)
class Page:
    """A run, or two and what they differ in."""

    sides: Sequence[Side]
    diff: TraceDiff | None = None


def page_of(
    traces: Sequence[tuple[str, Trace]],
    what_if: WhatIf | None,
    progress: Progress,
    part: Part = lambda trace: trace,
) -> Page:
    """The page of one trace or of two, each with the name to show. `progress` receives how many waits were looked at.

    `part` selects what the page is about. Raises UsageError for two traces of different levels.
    """
    sides = [_side(name, completed(trace), what_if, progress, part) for name, trace in traces]
    compared = diff(*(side.trace for side in sides)) if len(sides) > 1 else None
    return Page(sides, compared)


def _side(name: str, whole: Trace, what_if: WhatIf | None, progress: Progress, part: Part) -> Side:
    """All that a page says of one run, or of a part of it."""
    trace = part(whole)
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
    path, no_path = _path(whole, trace)
    drawn, rows = _rows(trace, path if trace is whole else None, progress)
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
        no_path=no_path,
        what_if=what_if,
        roofs=None if chip is None else roofs(chip),
        points=[] if run is None or header.filters else roof_points(run, shares),
        trace=trace,
        timeline=rows,
        window=(
            max(header.filters.get("from_cycle", 0), 0),
            min(header.filters.get("to_cycle", EVER[1]), trace.cycles),
        ),
    )


def _path(whole: Trace, part: Trace) -> tuple[CriticalSegments | None, str]:
    """What of the critical path of a run lies in a part of it; or none, and why."""
    if not has_path(whole):
        return None, "it needs every event of a whole run"
    rows = len(whole.events) + len(whole.waits)
    if rows > MOST_ON_PATH:
        return None, f"it is looked for among {MOST_ON_PATH:,} rows at most, and the trace has {rows:,}"
    path = critical_path(whole)
    return (path if part is whole else of_selection(path, part)), ""


def _chip(trace: Trace) -> Chip | None:
    """The chip of a trace; None where its header has one that there cannot be."""
    try:
        return recorded_chip(trace)
    except AcortexError:
        return None


def _run(trace: Trace, program: ProgramName, chip: ChipName, area: dict[str, float]) -> TimedReport | None:
    """The report of the run, which the summary of its trace is; None where that is missing or something else.

    Of a stopped run it must say how many inferences had finished, which an older version did not keep: its totals
    would be shared among those that had only begun.
    """
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
    known = known and bool(run.stopped) == (run.covers is not None) == (not run.complete)
    return run if known and run.cycles == trace.cycles else None


def _rows(trace: Trace, path: CriticalSegments | None, progress: Progress) -> tuple[str, Timeline]:
    """The rows of a trace, or of a long one those by intervals; and in words what that leaves out."""
    rows = sum(len(chunk["start"]) for table in (trace.events, trace.waits) for chunk in table.chunks("start"))
    if rows <= MOST_ROWS:
        return "", timeline(trace, path, progress)
    digest = digested(trace)
    if digest is None:
        raise UsageError(
            f"has {rows:,} rows, too many to draw, and their sums are too large to merge them",
            where=str(trace.path),
            hint="select a part with --from and --until",
        )
    header = replace(trace.header, level=INTERVALS)
    drawn = timeline(replace(trace, header=header, **vars(digest.by_time)), path, progress)
    told = f"The timeline has {rows:,} rows, and draws them by intervals of {digest.interval:,} cycles"
    return f"{told}: a part, selected with --from and --until, is drawn event by event.", drawn
