"""The facts of the pages that the studies fill: what limits a network, more at once, mapping, energy by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from acortex.tools.paper.contradictions import implied
from acortex.tools.paper.fig7b import TITLES
from acortex.tools.paper.markdown import Row
from acortex.tools.paper.measure import COLUMNS
from acortex.tools.paper.render import change, render
from acortex.tools.paper.studies import (
    FAST,
    PARTS,
    PUBLISHED,
    Point,
    Stage,
    Study,
    Variant,
    busiest,
    by_part,
    stages,
)
from acortex.traces.results_of_paths import CriticalPath
from acortex.units import percent

COLUMN_OF = {network: column for column, network in COLUMNS.items()}
"""Networks of the zoo, with the columns of Fig. 7b that they are."""

NAMES = {network: TITLES[column] for network, column in COLUMN_OF.items()}
"""Networks of the zoo as the paper writes them."""

SLACK = 0.02
"""The smallest change of latency that counts as one, as a share."""

DOUBLED = ("vmm/load", "vmm/frame", "main_memory", "neurons", "vector", "host")
"""What could be made twice as fast."""


def title(study: Study) -> str:
    """A network's name as the paper writes it, that of the zoo for others."""
    return NAMES.get(study.network, study.network)


def limits(studies: Sequence[Study]) -> str:
    """The page on what sets the length of a run."""
    return render(
        "study-limits.md.j2",
        networks=list(map(_limited, studies)),
        heads=("", *map(title, studies)),
        variant=FAST.name,
        published=list(_paths([one.critical for one in studies])),
        fast=list(_paths([one.fast for one in studies])),
        doubled=[*(_doubled(part, studies) for part in DOUBLED), _contention(studies)],
        busy=list(map(_busy, studies)),
    )


@dataclass(frozen=True)
class PartOfPath:
    """A part of the chip, and its share of a critical path."""

    part: str
    share: float


@dataclass(frozen=True)
class Limited:
    """What limits a network, as published: shares of its critical path, and times with and without all else."""

    title: str
    loads: float
    frames: float
    longest: Stage
    cycles: int
    alone_ms: float
    latency_ms: float
    most_when_fast: PartOfPath


def _limited(study: Study) -> Limited:
    parts = by_part(study.critical)
    name, most = max(by_part(study.fast).items(), key=lambda entry: entry[1])
    return Limited(
        title=title(study),
        loads=parts["loads"],
        frames=parts["frames"],
        longest=max(stages(study.published.run, study.critical), key=lambda stage: stage.cycles),
        cycles=study.critical.cycles,
        alone_ms=_alone(study.published),
        latency_ms=study.published.latency_ms,
        most_when_fast=PartOfPath(name, most),
    )


def _alone(one: Point) -> float:
    assert one.alone_ms is not None  # only variants with frames of several groups at once have none
    return one.alone_ms


def _paths(paths: Sequence[CriticalPath]) -> Iterator[Row]:
    shares = [by_part(path) for path in paths]
    for part in PARTS:
        yield (part, *(percent(one[part]) for one in shares))


def _doubled(name: str, studies: Sequence[Study]) -> Row:
    gains = [{row.name: row.gain_at_most for row in one.critical.halving} for one in studies]
    return (
        f"`{name}`",
        *(
            percent(gain[name] / one.critical.cycles) if name in gain else "next to none"
            for gain, one in zip(gains, studies, strict=True)
        ),
    )


def _contention(studies: Sequence[Study]) -> Row:
    shares = (percent(one.critical.contention / one.critical.cycles) for one in studies)
    return ("another order of grants", *shares)


def _busy(study: Study) -> Row:
    run = study.published.run
    units = ", ".join(f"`{unit}` {percent(part)}" for unit, part in busiest(run.utilisation, run.cycles, 3))
    mine = [row for row in run.waits if row.unit == "vmm/load"]
    waits = [f"`{row.cause}` {percent(row.cycles / run.cycles)}" for row in mine]
    return title(study), units, ", ".join(waits[:2])


def parallel(studies: Sequence[Study]) -> str:
    """The page on what doing more at once brings and costs."""
    return render(
        "study-parallel.md.j2",
        networks=list(map(_compared, studies)),
        slack=SLACK,
        variant=FAST.name,
        settings=[(point.variant.name, _set(point.variant)) for point in studies[0].variants],
        predicted=[row for one in studies for row in _predicted(one)],
    )


@dataclass(frozen=True)
class Compared:
    """A variant beside the published chip: ratios of time, energy and area."""

    name: str
    latency: float
    energy: float
    area: float


@dataclass(frozen=True)
class Parallel:
    """What doing more at once brings one network: which variants are faster, at which cost.

    `dearer` are those of the faster ones that cost more energy. `saved_pj` is what faster loads save in leakage, for
    each load: at a higher price per load, faster loads would cost energy, too; 0 where they were not simulated.
    """

    title: str
    chip: str
    variants: int
    faster: int
    dearer: list[str]
    fastest: Compared
    thriftiest: Compared
    leakage: float
    saved_pj: float
    rows: list[Row]


def _compared(study: Study) -> Parallel:
    base, run = study.published, study.published.run
    faster = [point for point in study.variants if point.latency_ms < (1 - SLACK) * base.latency_ms]
    fastest = min(study.variants, key=lambda point: (point.latency_ms, point.energy_uj))
    thriftiest = min(study.variants, key=lambda point: (point.energy_uj, point.latency_ms))
    return Parallel(
        title=title(study),
        chip=study.chip,
        variants=len(study.variants),
        faster=len(faster),
        dearer=[point.variant.name for point in faster if point.energy_uj > base.energy_uj],
        fastest=_ratios(fastest, base),
        thriftiest=_ratios(thriftiest, base),
        leakage=run.energy_by_component_j["leakage"] / run.energy_j,
        saved_pj=_saved_pj(study),
        rows=list(_rows(study)),
    )


def _ratios(one: Point, base: Point) -> Compared:
    return Compared(
        name=one.variant.name,
        latency=one.latency_ms / base.latency_ms,
        energy=one.energy_uj / base.energy_uj,
        area=one.area_mm2 / base.area_mm2,
    )


def _saved_pj(study: Study) -> float:
    fast = next((point for point in study.variants if point.variant == FAST), None)
    if fast is None:
        return 0.0
    return 1e6 * (study.published.energy_uj - fast.energy_uj) / fast.run.counts["loads"]


def _set(variant: Variant) -> str:
    return ", ".join(f"`{setting}`" for setting in variant.settings)


def _rows(study: Study) -> Iterator[Row]:
    base = study.published
    for one in (base, *study.variants):
        unit, busy = busiest(one.run.utilisation, one.run.cycles)[0]
        yield (
            one.variant.name,
            f"{one.latency_ms:.3f} ms",
            f"{one.alone_ms:.3f} ms" if one.alone_ms else "-",
            change(one.latency_ms / base.latency_ms),
            f"{one.energy_uj:.2f} uJ",
            change(one.energy_uj / base.energy_uj),
            f"{one.run.efficiency_ops_per_j / 1e12:.1f}",
            f"{one.area_mm2:.1f} mm2",
            f"`{unit}` {percent(busy)}",
        )


PREDICTED = ("loads under the frame before", "a word loads a row of arrays", FAST.name)
"""Variants whose closed forms stand beside the simulation."""


def _predicted(study: Study) -> Iterator[Row]:
    for one in (study.published, *study.variants):
        if one.variant == PUBLISHED or one.variant.name in PREDICTED:
            yield _beside(f"{title(study)}, {one.variant.name}", one)
    yield _beside(f"{title(study)}, dense rows", study.dense)


def _beside(name: str, one: Point) -> Row:
    alone_ms = _alone(one)
    return name, f"{alone_ms:.3f}", f"{one.latency_ms:.3f}", f"{one.latency_ms / alone_ms:.3f}"


def mapping(studies: Sequence[Study]) -> str:
    """The page on kernel taps padded to whole arrays, or without gaps."""
    return render(
        "study-mapping.md.j2",
        networks=list(map(_mapped, studies)),
        heads=("", *(f"{title(one)}, {how}" for one in studies for how in ("taps", "dense", "change"))),
        rows=list(_mappings(studies)),
    )


@dataclass(frozen=True)
class Mapped:
    """A network with dense rows beside taps: ratios of time and energy, arrays, and whether both are the same.

    `implied` are the array operations that Fig. 7b's energy implies; 0 where the figure does not have the network.
    """

    title: str
    same: bool
    latency: float
    energy: float
    taps_arrays: int
    dense_arrays: int
    implied: float


def _mapped(study: Study) -> Mapped:
    taps, dense = study.published, study.dense
    column = COLUMN_OF.get(study.network)
    return Mapped(
        title=title(study),
        same=taps.run.counts["loads"] == dense.run.counts["loads"],
        latency=dense.latency_ms / taps.latency_ms,
        energy=dense.energy_uj / taps.energy_uj,
        taps_arrays=study.arrays[0],
        dense_arrays=study.arrays[1],
        implied=implied(column, "array_operations", taps.run.chip.config) if column else 0.0,
    )


def _mappings(studies: Sequence[Study]) -> Iterator[Row]:
    rows: tuple[tuple[str, Callable[[Point], float], str], ...] = (
        ("latency (ms)", lambda one: one.latency_ms, ".3f"),
        ("energy (uJ)", lambda one: one.energy_uj, ".2f"),
        ("array operations", lambda one: one.run.counts["array_operations"], ","),
        ("memory accesses", lambda one: one.accesses, ","),
        ("bus words", lambda one: one.run.counts["bus_words"], ","),
        ("efficiency (TOp/J)", lambda one: one.run.efficiency_ops_per_j / 1e12, ".1f"),
    )
    yield ("arrays", *(cell for one in studies for cell in _pair(*one.arrays, ",")))
    for name, measure, form in rows:
        yield (name, *(cell for one in studies for cell in _pair(measure(one.published), measure(one.dense), form)))


def _pair(taps: float, dense: float, form: str) -> tuple[str, str, str]:
    return f"{taps:{form}}", f"{dense:{form}}", change(dense / taps)


def layers(studies: Sequence[Study]) -> str:
    """The page on where energy and time go along a network."""
    return render("study-layers.md.j2", networks=list(map(_layered, studies)))


@dataclass(frozen=True)
class Layered:
    """A network's stages: the one that costs most energy, what it is a share of, and a row for each."""

    title: str
    dearest: Stage
    macs: int
    energy_j: float
    cycles: int
    rows: list[Row]


def _layered(study: Study) -> Layered:
    run, cycles = study.published.run, study.critical.cycles
    found = stages(run, study.critical)
    return Layered(
        title=title(study),
        dearest=max(found, key=lambda stage: stage.energy_j),
        macs=run.macs,
        energy_j=run.energy_j,
        cycles=cycles,
        rows=[_stage(one, run.energy_j, cycles, run.macs) for one in found],
    )


def _stage(stage: Stage, energy_j: float, cycles: int, macs: int) -> Row:
    return (
        stage.name,
        str(stage.layers),
        f"{1e6 * stage.energy_j:.2f}",
        percent(stage.energy_j / energy_j),
        percent(stage.cycles / cycles),
        percent(stage.macs / macs),
        f"{1e15 * stage.energy_j / stage.macs:.1f}" if stage.macs else "-",
    )
