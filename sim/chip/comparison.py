"""Two chips beside each other: which settings differ, and what that does to one program."""

from __future__ import annotations

from collections.abc import Callable

from acortex.sim.chip.area import total_area
from acortex.sim.chip.results import ChipArea, ChipDiff, ComparedQuantity, Comparison, SettingDiff
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.sim.results import RunReport, TimedReport, timed
from acortex.traces.changed import changed_settings, settings
from acortex.traces.results_of_paths import Changed


def chip_diff(a: Chip, b: Chip) -> ChipDiff:
    """The settings in which two chips differ, with units and sources."""
    return ChipDiff(
        equal=a.sha256 == b.sha256,
        chips=[ChipArea(name=chip.name, sha256=chip.sha256, area_mm2=float(total_area(chip))) for chip in (a, b)],
        settings=[
            SettingDiff(
                path=path,
                values=[a.value(path), b.value(path)],
                unit=setting.unit,
                sources=[a.sources.get(path, ""), b.sources.get(path, "")],
            )
            for path, setting in SETTINGS.items()
            if a.value(path) != b.value(path)
        ],
    )


QUANTITIES: tuple[tuple[str, str, Callable[[TimedReport], float]], ...] = (
    ("cycles", "cycles", lambda run: run.cycles),
    ("time", "s", lambda run: run.latency_s),
    ("latency of an inference", "s", lambda run: _mean([one.latency_s for one in run.inferences])),
    ("throughput", "Op/s", lambda run: run.throughput_ops_per_s),
    ("efficiency", "Op/J", lambda run: run.efficiency_ops_per_j),
    ("power", "W", lambda run: run.power_w),
    ("peak power", "W", lambda run: run.power.peak_w),
    ("area", "mm2", lambda run: run.area_mm2),
    ("energy", "J", lambda run: run.energy_j),
)
"""What is compared of two runs: a name, its unit, and where the report has it. The energies of components follow."""


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def compare(a: RunReport, b: RunReport) -> Comparison:
    """Two runs of one program beside each other, with both reports whole in `runs`.

    `ratio` is the second over the first, null where the first is 0.
    """
    both = timed(a), timed(b)
    rows = [(name, unit, read(both[0]), read(both[1])) for name, unit, read in QUANTITIES]
    energies = [run.energy_by_component_j for run in both]
    rows += [(f"energy.{name}", "J", energies[0][name], energies[1][name]) for name in energies[0]]
    return Comparison(
        program=a.program,
        chips=[a.chip.name, b.chip.name],
        changed=Changed(
            settings=changed_settings(settings(a.chip.config), settings(b.chip.config)),
            program=[] if a.program.sha256 == b.program.sha256 else None,
        ),
        rows=[
            ComparedQuantity(name=name, unit=unit, values=[one, other], ratio=other / one if one else None)
            for name, unit, one, other in rows
        ],
        runs=[a, b],
    )
