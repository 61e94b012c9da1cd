"""Chips beside each other: which settings differ, and what that does to one program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from acortex.documents import Number, chip_label
from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.sim.chip.area import total_area
from acortex.sim.chip.overrides import overrides
from acortex.sim.chip.results import (
    ChipArea,
    ChipDiff,
    ComparedQuantity,
    ComparedSetting,
    ComparedSettings,
    Comparison,
    SettingDiff,
)
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.sim.results import RunReport, TimedReport, timed
from acortex.traces.changed import settings


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


def _value(config: Mapping[str, Any], path: str) -> Any:
    section, _, name = path.rpartition(".")
    return config[section][name] if section else config[name]


Read: TypeAlias = Callable[[TimedReport], Number | None]

QUANTITIES: tuple[tuple[str, str, Read], ...] = (
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
"""What is compared: a name, its unit, and where the report has it. The energies of components follow."""

OF_THE_CHIP = ("area",)
"""Quantities that say nothing about how far a run went."""


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _energy(component: str) -> Read:
    return lambda run: run.energy_by_component_j[component]


@contextmanager
def naming(chip: Chip) -> Iterator[None]:
    """Puts the chip into the errors of what runs within: of several chips it does not go without saying."""
    try:
        yield
    except AcortexError as error:
        label = chip_label(chip.name, overrides(chip))
        for one in error.errors if isinstance(error, ManyErrors) else (error,):
            one.message = f"on {label}: {one.message}"
        raise


def compare(*reports: RunReport) -> Comparison:
    """Runs of one program beside each other, in time, with all reports whole in `runs`; the first is what they are
    held against.

    `ratios` are over the first: null where that is 0, and where a run was stopped, for then they compare how long each
    was looked at. Raises UsageError for less than two reports, and ValueError for one without time.
    """
    if len(reports) < 2:
        raise UsageError(f"a comparison needs two runs or more, and {len(reports)} was given", hint="name two chips")
    runs = [timed(report) for report in reports]
    components = runs[0].energy_by_component_j
    quantities = (*QUANTITIES, *((f"energy.{name}", "J", _energy(name)) for name in components))
    return Comparison(
        complete=all(run.complete for run in runs),
        covers=[run.covers for run in runs],
        program=reports[0].program,
        chips=[run.chip.label for run in runs],
        changed=_changed(runs),
        rows=[_row(name, unit, read, runs) for name, unit, read in quantities],
        runs=list(reports),
    )


def _row(name: str, unit: str, read: Read, runs: Sequence[TimedReport]) -> ComparedQuantity:
    """One quantity of all runs, and what it is of that of the first."""
    values = [read(run) for run in runs]
    whole = [run.complete or name in OF_THE_CHIP for run in runs]
    first = values[0] if whole[0] else None
    ratios = [
        value / first if first and value is not None and known else None
        for value, known in zip(values, whole, strict=True)
    ]
    return ComparedQuantity(name=name, unit=unit, values=values, ratio=ratios[1], ratios=ratios)


def _changed(runs: Sequence[TimedReport]) -> ComparedSettings:
    """The settings in which any of the chips differs from the first one."""
    configs = [settings(run.chip.config) for run in runs]
    paths = dict.fromkeys(path for config in configs for path in config)
    found = [(path, [config.get(path) for config in configs]) for path in paths]
    same_program = all(run.program.sha256 == runs[0].program.sha256 for run in runs)
    return ComparedSettings(
        settings=[
            ComparedSetting(path=path, a=values[0], b=values[1], values=values)
            for path, values in found
            if any(value != values[0] for value in values)
        ],
        program=[] if same_program else None,
    )
