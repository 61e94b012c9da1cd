"""The pages that the studies fill: what limits a network, more at once, mapping, energy by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from acortex.tools.paper.contradictions import implied
from acortex.tools.paper.fig7b import TITLES
from acortex.tools.paper.markdown import page, table
from acortex.tools.paper.measure import COLUMNS
from acortex.tools.paper.studies import FAST, PARTS, PUBLISHED, Point, Study, Variant, busiest, by_part, stages
from acortex.traces.results_of_paths import CriticalPath

COLUMN_OF = {network: column for column, network in COLUMNS.items()}
"""Networks of the zoo, with the columns of Fig. 7b that they are."""

NAMES = {network: TITLES[column] for network, column in COLUMN_OF.items()}
"""Networks of the zoo as the paper writes them."""

SLACK = 0.02
"""A change that is told: smaller ones are called none."""

DOUBLED = ("vmm/load", "vmm/frame", "main_memory", "neurons", "vector", "host")
"""What could be made twice as fast."""


def title(study: Study) -> str:
    """A network's name as the paper writes it, that of the zoo for others."""
    return NAMES.get(study.network, study.network)


def share(value: float) -> str:
    """A share in percent, with one digit behind the point."""
    return f"{100 * value:.1f} %"


def change(value: float) -> str:
    """A ratio as a change in percent."""
    return "none" if abs(value - 1) < 5e-4 else f"{100 * (value - 1):+.1f} %"


def told(value: float) -> str:
    """A ratio in words: how much more or less, or the same."""
    return "the same" if abs(value - 1) < 5e-4 else f"{100 * abs(value - 1):.1f} % {'more' if value > 1 else 'less'}"


def limits(studies: Sequence[Study]) -> str:
    """What sets the length of a run."""
    heads = ("", *map(title, studies))
    return page(
        "# What limits each network",
        "The critical path is the chain of events that set the length of a run, without a gap from its first cycle to"
        " its last. `acortex run zoo:resnet152 --timing-only --trace run.actrace`, then `acortex trace critical"
        " run.actrace`, prints it for one network; `make reproduce` rebuilds this page.",
        "![The critical path by part of the chip](study-limits.svg)",
        *map(_limited, studies),
        "## The critical path, as published",
        table(heads, _paths([one.critical for one in studies])),
        f"## The critical path with {FAST.name}",
        "With the latches of four arrays loaded in a cycle while the frame before runs, other parts come to light:"
        f" {', '.join(map(_largest, studies))}. Conversion shows where the compiler lets tile columns share"
        " converters as far as the published chip's loads hide it. Shares are of a run that is shorter: see [doing"
        " more at once](study-parallel.md).",
        table(heads, _paths([one.fast for one in studies])),
        "## What twice the speed could gain at most",
        "Half the time of one part, all others as published, makes the run shorter by no more than this share: an"
        " upper bound, which the path proves. It counts every wait for what is shared as gained.",
        table(heads, (_doubled(part, studies) for part in DOUBLED)),
        "## Busy and waiting",
        table(("", "busiest units", "the arrays wait longest for"), map(_busy, studies)),
    )


def _limited(study: Study) -> str:
    parts = by_part(study.critical)
    cycles = study.critical.cycles
    longest = max(stages(study.published.run, study.critical), key=lambda stage: stage.cycles)
    return (
        f"**{title(study)}**: loads are {share(parts['loads'])} of the critical path and frames"
        f" {share(parts['frames'])}; all else together is {share(1 - parts['loads'] - parts['frames'])}. The longest"
        f" stage is `{longest.name}`, {share(longest.cycles / cycles)} of the path. {_arrays_alone(study.published)}"
    )


def _largest(study: Study) -> str:
    name, most = max(by_part(study.fast).items(), key=lambda entry: entry[1])
    return f"{share(most)} of {title(study)}'s path is {name}"


def _arrays_alone(one: Point) -> str:
    assert one.alone_ms is not None
    return (
        f"Loads and frames back to back, with nothing in their way, would take {one.alone_ms:.3f} ms of the"
        f" {one.latency_ms:.3f} ms."
    )


def _paths(paths: Sequence[CriticalPath]) -> Iterator[Sequence[str]]:
    shares = [by_part(path) for path in paths]
    for part in PARTS:
        yield (part, *(share(one[part]) for one in shares))


def _doubled(name: str, studies: Sequence[Study]) -> Sequence[str]:
    gains = [{row.name: row.gain_at_most for row in one.critical.halving} for one in studies]
    return (
        f"`{name}`",
        *(
            share(gain[name] / one.critical.cycles) if name in gain else "not on the path"
            for gain, one in zip(gains, studies, strict=True)
        ),
    )


def _busy(study: Study) -> Sequence[str]:
    run = study.published.run
    units = ", ".join(f"`{unit}` {share(part)}" for unit, part in busiest(run.utilisation, run.cycles, 3))
    mine = [row for row in run.waits if row.unit == "vmm/load"]
    waits = [f"`{row.cause}` {share(row.cycles / run.cycles)}" for row in mine]
    return title(study), units, ", ".join(waits[:2])


def parallel(studies: Sequence[Study]) -> str:
    """What doing more at once brings and costs."""
    return page(
        "# Doing more at once",
        "The paper says that the chip can be faster by doing more in parallel, at some cost in efficiency. The"
        " settings below are off in the published chip. `acortex run zoo:gnmt --timing-only --set"
        " arrays.overlap_loads=true` runs one of them; `make reproduce` rebuilds this page. Each program is compiled"
        " once, for the published chip, and runs on every variant of it.",
        "![Latency, energy and area of each variant](study-parallel.svg)",
        *_remark(studies),
        "What more at once costs is assumed (DEVIATIONS.md, D25): the paper gives no numbers. Time, on the other"
        " hand, is counted event by event.",
        table(("", "settings"), ((point.variant.name, _set(point.variant)) for point in studies[0].variants)),
        *(part for one in studies for part in (f"## {title(one)} on {one.chip}", table(_HEADS, _rows(one)))),
        "*Arrays alone* is the time of loads and frames if nothing else held them up; *busiest* is the unit that"
        " works most. One multiply-accumulate is two operations.",
        "## A closed form beside the simulation",
        "Arrays alone, a sum over positions, is what one would predict from Fig. 7b's constants, in ms. It holds for"
        " the published chip, and for dense rows; the more is done at once, the more the rest of the chip shows:"
        " memory's port first, then converters that tile columns share ([what limits each"
        " network](study-limits.md)).",
        table(("", "closed form", "simulated", "ratio"), (row for one in studies for row in _predicted(one))),
    )


_HEADS = ("", "latency", "arrays alone", "change", "energy", "change", "TOp/J", "area", "busiest")


def _set(variant: Variant) -> str:
    return ", ".join(f"`{setting}`" for setting in variant.settings)


def _rows(study: Study) -> Iterator[Sequence[str]]:
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
            f"`{unit}` {share(busy)}",
        )


def _remark(studies: Sequence[Study]) -> Iterator[str]:
    """The paper's remark, network by network: what is faster, at which cost."""
    for one in studies:
        base = one.published
        faster = [point for point in one.variants if point.latency_ms < (1 - SLACK) * base.latency_ms]
        dearer = [point for point in faster if point.energy_uj > base.energy_uj]
        fastest = min(one.variants, key=lambda point: (point.latency_ms, point.energy_uj))
        thriftiest = min(one.variants, key=lambda point: (point.energy_uj, point.latency_ms))
        yield (
            f"**{title(one)}**: {len(faster)} of {len(one.variants)} variants are faster by more than"
            f" {100 * SLACK:.0f} %, and {_count(len(dearer))} of those {'costs' if len(dearer) == 1 else 'cost'} more"
            f" energy{_named(dearer)}. The fastest, {fastest.variant.name}, takes"
            f" {told(fastest.latency_ms / base.latency_ms)} time, {told(fastest.energy_uj / base.energy_uj)} energy"
            f" and {told(fastest.area_mm2 / base.area_mm2)} area. The thriftiest, {thriftiest.variant.name}, takes"
            f" {told(thriftiest.energy_uj / base.energy_uj)} energy. {_leaking(one)} {_break_even(one)}"
        )


def _count(number: int) -> str:
    return str(number) if number else "none"


def _named(points: Sequence[Point]) -> str:
    return f" ({', '.join(point.variant.name for point in points)})" if points else ""


def _break_even(study: Study) -> str:
    """What faster loads save in leakage, for each load: the price from which on the paper's remark would hold."""
    fast = next((point for point in study.variants if point.variant == FAST), None)
    if fast is None:
        return ""
    saved = 1e6 * (study.published.energy_uj - fast.energy_uj) / fast.run.counts["loads"]
    if saved <= 0:
        return ""
    return (
        f"With {FAST.name}, {saved:.2f} pJ are saved for each array that is loaded, after what that is assumed to"
        " cost: if it cost more than that on top, the paper's remark would hold for it too."
    )


def _leaking(study: Study) -> str:
    run = study.published.run
    return (
        f"Leakage, {share(run.energy_by_component_j['leakage'] / run.energy_j)} of the energy as published,"
        " shrinks with the run."
    )


PREDICTED = ("loads under the frame before", "a word loads a row of arrays", FAST.name)
"""Variants whose closed forms stand beside the simulation."""


def _predicted(study: Study) -> Iterator[Sequence[str]]:
    for one in (study.published, *study.variants):
        if one.variant == PUBLISHED or one.variant.name in PREDICTED:
            yield _beside(f"{title(study)}, {one.variant.name}", one)
    yield _beside(f"{title(study)}, dense rows", study.dense)


def _beside(name: str, one: Point) -> Sequence[str]:
    assert one.alone_ms is not None
    return name, f"{one.alone_ms:.3f}", f"{one.latency_ms:.3f}", f"{one.latency_ms / one.alone_ms:.3f}"


def mapping(studies: Sequence[Study]) -> str:
    """Kernel taps padded to whole arrays, or without gaps."""
    heads = ("", *(f"{title(one)}, {how}" for one in studies for how in ("taps", "dense", "change")))
    return page(
        "# Taps or dense rows",
        "A convolution's kernel is laid over rows of arrays, 64 inputs each: every tap from a row of arrays on"
        " (`taps`), or one after the other without gaps (`dense`). `acortex compile MODEL.onnx --mapping dense`"
        " compiles so; `make reproduce` rebuilds this page.",
        *map(_mapped, studies),
        table(heads, _mappings(studies)),
        "What is gained is gained in layers of few channels, above all the first: each of its taps has three"
        " channels for 64 rows. Dense rows also read pixels that share a word at once, where `taps` reads each by"
        " itself, as the paper's count of accesses does. In layers of 64 channels and more both are the same.",
    )


def _mapped(study: Study) -> str:
    taps, dense = study.published, study.dense
    if taps.run.counts["loads"] == dense.run.counts["loads"]:
        return f"**{title(study)}** has no taps with gaps: both are the same."
    return (
        f"**{title(study)}** with dense rows takes {told(dense.latency_ms / taps.latency_ms)} time and"
        f" {told(dense.energy_uj / taps.energy_uj)} energy, on {study.arrays[1]:,} arrays for"
        f" {study.arrays[0]:,}.{_meant(study)}"
    )


def _meant(study: Study) -> str:
    """The mapping that Fig. 7b's energy speaks for."""
    column = COLUMN_OF.get(study.network)
    if column is None:
        return ""
    operations = implied(column, "array_operations", study.published.run.chip.config)
    return f" Fig. 7b's energy implies {operations:,.0f} array operations."


def _mappings(studies: Sequence[Study]) -> Iterator[Sequence[str]]:
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
    """Where energy and time go along a network."""
    return page(
        "# Energy by layer",
        "Every event is paid by the layer whose instruction caused it, leakage by the layers in flight; the energies"
        " add up to that of the run, exactly. Layers are taken together by the first part of their names. `acortex"
        " run zoo:inception_v1 --timing-only --format json` has each layer; `make reproduce` rebuilds this page.",
        "![Energy and critical path of each layer](study-layers.svg)",
        *(part for one in studies for part in (f"## {title(one)}", _dearest(one), table(_STAGE, _stages(one)))),
    )


_STAGE = ("stage", "layers", "energy (uJ)", "of the energy", "of the critical path", "of the MACs", "fJ/MAC")


def _dearest(study: Study) -> str:
    found = stages(study.published.run, study.critical)
    most = max(found, key=lambda stage: stage.energy_j)
    whole, macs = study.published.run.energy_j, study.published.run.macs
    return (
        f"`{most.name}` does {share(most.macs / macs)} of the multiply-accumulates, for"
        f" {share(most.energy_j / whole)} of the energy and {share(most.cycles / study.critical.cycles)} of the"
        " critical path."
    )


def _stages(study: Study) -> Iterator[Sequence[str]]:
    run = study.published.run
    for stage in stages(run, study.critical):
        yield (
            stage.name,
            str(stage.layers),
            f"{1e6 * stage.energy_j:.2f}",
            share(stage.energy_j / run.energy_j),
            share(stage.cycles / study.critical.cycles),
            share(stage.macs / run.macs),
            f"{1e15 * stage.energy_j / stage.macs:.1f}" if stage.macs else "-",
        )
