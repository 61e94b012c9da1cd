"""The facts of the page on where Fig. 7b contradicts itself: what its cells imply, and what simulated runs count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acortex.sim.results import TimedReport
from acortex.tools.paper import fit
from acortex.tools.paper.fig7b import BUILT_COLUMNS, TITLES, FigureRuns, Measured, counts_of
from acortex.tools.paper.markdown import Row
from acortex.tools.paper.printed import figure_7b
from acortex.tools.paper.render import render
from acortex.tools.paper.report import number
from acortex.tools.paper.studies import Point

Runs = Mapping[str, Measured]

PACKED_CONV1 = 28
"""Arrays of ResNet-152's first convolution that its printed energies agree with; with every tap apart it takes 49."""

IMPLIED = {
    "array_operations": ("energy_pct.sensing", "sensing_pj"),
    "conversions": ("energy_pct.neurons_adcs", "conversion_pj"),
    "accesses": ("energy_pct.main_memory", "memory_access_pj"),
}
"""Counts that follow from a printed share of energy, at the price that the chips have for one."""

BUILT = f"arrays.n={BUILT_COLUMNS['inception_v1']}"
"""The setting of Inception-v1's chip that its printed areas follow from."""


def contradictions(figure: FigureRuns, built: Point) -> str:
    """The page, from the runs of Fig. 7b; `built` is Inception-v1 on a chip of as many columns as `BUILT` says."""
    runs = figure.own
    return render(
        "study-table.md.j2",
        columns=_columns(runs["inception_v1"].run, built.run),
        blocks=_blocks(runs["resnet_152"], figure.tabulated),
        words=_words(runs["gnmt"]),
        operations=list(_operations(runs)),
        peak_words={network: one.run.occupancy.peak_words for network, one in runs.items()},
        peaks=list(_peaks(runs)),
    )


def implied(network: str, count: str, config: Mapping[str, Any]) -> float:
    """A count that the table implies: the energy that it prints for it, over the price of one."""
    row, price = IMPLIED[count]
    return fit.printed(network, row) / (float(config["energy"][price]) * 1e-12)


def _cell(network: str, row: str) -> float:
    """A printed number."""
    return float(figure_7b()[network][row].value)


def _energy_uj(network: str) -> float:
    """The energy of an inference that the table implies."""
    return _cell(network, "power_mw") * _cell(network, "latency_ms")


@dataclass(frozen=True)
class Columns:
    """Inception-v1's chip with its printed columns, and with as many as its printed area follows from."""

    built: int
    area_mm2: float
    built_mm2: float
    printed_mm2: float
    rows: list[Row]


def _columns(wide: TimedReport, built: TimedReport) -> Columns:
    return Columns(
        built=BUILT_COLUMNS["inception_v1"],
        area_mm2=wide.area_mm2,
        built_mm2=built.area_mm2,
        printed_mm2=_cell("inception_v1", "area_mm2"),
        rows=list(_widths((wide, built))),
    )


def _widths(runs: Sequence[TimedReport]) -> Iterator[Row]:
    def row(name: str, cell: str, values: Sequence[float], decimals: int) -> Row:
        return name, number(_cell("inception_v1", cell)), *(f"{value:.{decimals}f}" for value in values)

    yield row("area (mm2)", "area_mm2", [run.area_mm2 for run in runs], 2)
    for name, component in (("program/erase", "program_erase"), ("main memory", "main_memory")):
        shares = [1e2 * run.area_by_component_mm2[component] / run.area_mm2 for run in runs]
        yield row(f"{name} (% of the area)", f"area_pct.{component}", shares, 1)
    leaks = [1e2 * run.energy_by_component_j["leakage"] / run.energy_j for run in runs]
    yield row("leakage (% of the energy)", "energy_pct.leakage", leaks, 2)
    yield row("latency (ms)", "latency_ms", [1e3 * run.latency_s for run in runs], 3)


@dataclass(frozen=True)
class Blocks:
    """ResNet-152 as it is, and with the four blocks fewer that its printed energies agree with.

    `off_when_packed` is how far the implied array operations are from those counted, as a share, if conv1 took
    `packed_arrays` in place of `conv1_arrays`.
    """

    printed_ms: float
    latency_ms: float
    fewer_ms: float
    arrays: int
    arrays_used: int
    packed_arrays: int
    conv1_arrays: int
    off_when_packed: float
    energy_uj: float
    fewer_uj: float
    printed_uj: float
    rows: list[Row]


def _blocks(whole: Measured, fewer: Measured) -> Blocks:
    network = "resnet_152"
    (first,) = (layer for layer in fewer.compiled.layers if layer.name == "conv1")
    positions = first.array_operations // first.arrays
    left = counts_of(network, fewer).array_operations - positions * (first.arrays - PACKED_CONV1)
    wanted = implied(network, "array_operations", whole.run.chip.config)
    return Blocks(
        printed_ms=_cell(network, "latency_ms"),
        latency_ms=1e3 * whole.run.latency_s,
        fewer_ms=1e3 * fewer.run.latency_s,
        arrays=counts_of(network, whole).arrays,
        arrays_used=whole.compiled.arrays_used,
        packed_arrays=PACKED_CONV1,
        conv1_arrays=first.arrays,
        off_when_packed=abs(left / wanted - 1),
        energy_uj=1e6 * whole.run.energy_j,
        fewer_uj=1e6 * fewer.run.energy_j,
        printed_uj=_energy_uj(network),
        rows=list(_counted(whole, fewer)),
    )


def _counted(whole: Measured, fewer: Measured) -> Iterator[Row]:
    network = "resnet_152"
    both = (whole, fewer)
    ours = [counts_of(network, one) for one in both]
    yield ("operations", number(_cell(network, "operations")), "-", *(number(2.0 * one.macs) for one in ours))
    for row, count in (("", "array_operations"), ("", "conversions"), ("mm_accesses", "accesses")):
        yield (
            count.replace("_", " "),
            number(_cell(network, row)) if row else "-",
            number(implied(network, count, whole.run.chip.config)),
            *(number(float(getattr(one, count))) for one in ours),
        )
    times = (f"{1e3 * one.run.latency_s:.2f}" for one in both)
    yield ("latency (ms)", number(_cell(network, "latency_ms")), "-", *times)
    energies = (f"{1e6 * one.run.energy_j:.1f}" for one in both)
    yield ("energy (uJ)", "-", f"{_energy_uj(network):.1f}", *energies)


@dataclass(frozen=True)
class Words:
    """GNMT's accesses of main memory: printed, implied by the printed energy, and ours."""

    printed: float
    implied: float
    ours: int
    rows: list[Row]


def _words(gnmt: Measured) -> Words:
    accesses = _cell("gnmt", "mm_accesses")
    by_energy = implied("gnmt", "accesses", gnmt.run.chip.config)
    ours = counts_of("gnmt", gnmt).accesses
    energies = gnmt.run.energy_by_component_j
    return Words(
        printed=accesses,
        implied=by_energy,
        ours=ours,
        rows=[
            ("memory accesses", number(accesses), number(by_energy), f"{ours}"),
            *(
                (name, "-", f"{1e6 * fit.printed('gnmt', f'energy_pct.{row}'):.2f}", f"{1e6 * energies[row]:.2f}")
                for name, row in (("memory energy (uJ)", "main_memory"), ("bus energy (uJ)", "buses"))
            ),
            ("energy (uJ)", "-", f"{_energy_uj('gnmt'):.2f}", f"{1e6 * gnmt.run.energy_j:.2f}"),
        ],
    )


def _operations(runs: Runs) -> Iterator[Row]:
    for network in figure_7b():
        product = 1e9 * _cell(network, "throughput_tops") * _cell(network, "latency_ms")
        counted = number(2.0 * runs[network].run.macs)
        yield TITLES[network], number(_cell(network, "operations")), number(product), counted


def _peaks(runs: Runs) -> Iterator[Row]:
    for network, one in runs.items():
        memory = one.run.occupancy
        ours = 100 * memory.peak_words / memory.capacity_words
        yield TITLES[network], f"{_cell(network, 'mm_utilisation_pct'):g} %", f"{ours:.2f} %"
