"""Fig. 7b from simulated runs: every row of the paper's table with ours beside it.

Counts and times are those of the simulated programs; nothing here counts by a formula. A row is *exact* where it is a
count and *published* where it is printed there and put in. What any other row rests on is worked out from its settings
(`provenance.py`). `ratio_left_out` is the ratio with all fitted constants derived anew without the network; what was
chosen stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acortex.programs.results import CompileReport
from acortex.sim.chip.specs import SETTINGS, Chip, load_chip
from acortex.sim.results import TimedReport
from acortex.tools.paper import fit, provenance
from acortex.tools.paper.fit import LAWS, Counts
from acortex.tools.paper.notes import note
from acortex.tools.paper.printed import NETWORKS, Cell, figure_7b
from acortex.tools.paper.results import Basis, ChosenSetting, FigureRow, FittedConstant, LargestChipRow
from acortex.tools.paper.studies import accesses_of
from acortex.units import cycles_of, exact
from acortex.wording import setting_value

TITLES = {"inception_v1": "Inception-v1", "resnet_152": "ResNet-152", "gnmt": "GNMT"}
"""The networks as the paper writes them."""

LARGEST_CHIP = 32_768
"""Arrays of the largest chip of Fig. 7b, to which its array utilisations refer."""

BUILT_COLUMNS = {"inception_v1": 36}
"""Columns that printed areas and leakage were computed for, where they are not the printed N (DEVIATIONS.md, D10)."""

COMPONENTS = {
    "main_memory": "main_memory",
    "sensing": "sensing",
    "fg_arrays": "arrays",
    "dacs": "dacs",
    "neurons_adcs": "neurons_adcs",
    "buses": "buses",
    "leakage": "leakage",
    "program_erase": "program_erase",
    "others": "others",
}
"""The paper's components by the names of our reports."""

EXACT_ROWS = ("parameters", "operations", "mm_accesses", "mm_utilisation_pct")
"""Rows that are counted."""

PUBLISHED_ROWS = ("m_top", "m_bottom", "n", "fg_array_utilisation_pct")
"""Sizes of the chip as the table prints them, and what follows from them alone."""

OF_TWO_MACS = ("efficiency_tops_per_j", "throughput_tops")
"""Rows that are reported twice: by the paper's count of operations, and by two for each multiply-accumulate."""


@dataclass(frozen=True, eq=False)
class Measured:
    """A network that was compiled and simulated: the reports of both, and its number of weights."""

    run: TimedReport
    compiled: CompileReport
    parameters: int


@dataclass(frozen=True, eq=False)
class FigureRuns:
    """All that Fig. 7b is made of, by the columns of the figure.

    `own` are the three networks on their own chips, `largest` the smaller two on the largest chip, and `tabulated` is
    the ResNet that the energies of ResNet-152's column seem to count.
    """

    own: Mapping[str, Measured]
    tabulated: Measured
    largest: Mapping[str, Measured]


def counts_of(network: str, measured: Measured) -> Counts:
    """What a run's report says of a network, as the laws of `acortex.tools.paper.fit` take it."""
    run, parameters = measured.run, measured.parameters
    config, counted = run.chip.config, run.counts
    arrays, memory = config["arrays"], run.occupancy
    half = 2 * (arrays["m_top"] + arrays["m_bottom"])
    built = BUILT_COLUMNS.get(network, arrays["n"])
    frame = float(arrays["frame_ns"])
    return Counts(
        array_operations=counted["array_operations"],
        conversions=counted["conversions"],
        accesses=accesses_of(run),
        words_down=counted["bus_words.down"],
        words_up=counted["bus_words.up"],
        cycles=run.cycles,
        positions=counted["positions"],
        frame_cycles=cycles_of(exact(frame), exact(run.clock_ns)),
        frame_ns=frame,
        arrays=half * arrays["n"],
        arrays_built=half * built,
        columns=arrays["n"],
        columns_built=built,
        memory_mb=float(config["memory"]["capacity_kb"]) / 1024,
        side_mm=run.area_mm2**0.5,
        macs=run.macs,
        peak_words=memory.peak_words,
        memory_words=memory.capacity_words,
        parameters=parameters,
    )


def ours(network: str, run: TimedReport, counts: Counts) -> dict[str, float]:
    """Our number for every row, from the report of a run."""
    energy, latency = run.energy_j, run.latency_s
    arrays = run.chip.config["arrays"]
    rows: dict[str, float] = {
        "parameters": counts.parameters,
        "operations": 2 * counts.macs,
        "m_top": arrays["m_top"],
        "m_bottom": arrays["m_bottom"],
        "n": arrays["n"],
        "mm_accesses": counts.accesses,
        "mm_utilisation_pct": 100 * counts.peak_words / counts.memory_words,
        "fg_array_utilisation_pct": 100 * counts.arrays / LARGEST_CHIP,
        "area_mm2": run.area_mm2,
        **_derived(network, energy, latency, counts),
    }
    for paper, name in COMPONENTS.items():
        rows[f"energy_pct.{paper}"] = 100 * run.energy_by_component_j[name] / energy
        if name in run.area_by_component_mm2:
            rows[f"area_pct.{paper}"] = 100 * run.area_by_component_mm2[name] / run.area_mm2
    return rows


def left_out(network: str, counts: Mapping[str, Counts]) -> dict[str, float]:
    """The same rows by constants derived without the network, for its counts as they are."""
    mine = counts[network]
    latency_s = fit.latency_ms(mine, fit.clock_ns(counts, fit.others(fit.CLOCK_ON, network))) / 1e3
    values = {}
    for law in LAWS:
        constants = fit.fit(law, counts, fit.others(law.on, network))
        values[law.row] = fit.value(law, constants, mine)
    values["energy_pct.leakage"] *= latency_s
    areas = {row: v for row, v in values.items() if row.startswith("area_pct")}
    energies = {row: v for row, v in values.items() if row.startswith("energy_pct")}
    area, energy = sum(areas.values()), sum(energies.values())
    shares = {row: 100 * v / area for row, v in areas.items()} | {row: 100 * v / energy for row, v in energies.items()}
    return {"area_mm2": area, **shares, **_derived(network, energy, latency_s, mine)}


def _derived(network: str, energy_j: float, latency_s: float, counts: Counts) -> dict[str, float]:
    """Power, latency, efficiency and throughput, the latter two by both counts of operations."""
    operations = float(figure_7b()[network]["operations"].value)
    tops, tops_2mac = operations / 1e12, 2 * counts.macs / 1e12
    return {
        "power_mw": 1e3 * energy_j / latency_s,
        "latency_ms": 1e3 * latency_s,
        "efficiency_tops_per_j": tops / energy_j,
        "throughput_tops": tops / latency_s,
        "efficiency_tops_per_j_2mac": tops_2mac / energy_j,
        "throughput_tops_2mac": tops_2mac / latency_s,
    }


def basis(network: str, row: str, chip: Chip) -> Basis:
    """Whether a row is counted, is put in as printed, or rests on settings, and whether those saw it."""
    if row in EXACT_ROWS:
        return "exact"
    return "published" if row in PUBLISHED_ROWS else provenance.basis(chip, network, row)


def rows(runs: Mapping[str, Measured]) -> list[FigureRow]:
    """The whole table from three runs, one for each network of Fig. 7b, in the order of the paper."""
    counts = {network: counts_of(network, runs[network]) for network in NETWORKS}
    return [row for network in NETWORKS for row in _column(network, runs[network].run, counts)]


def beside(runs: Mapping[str, Measured], tabulated: Measured) -> list[FigureRow]:
    """ResNet-152's column with the network that the table's energies seem to count in its place."""
    network = "resnet_152"
    counts = {name: counts_of(name, one) for name, one in runs.items()}
    counts[network] = counts_of(network, tabulated)
    return list(_column(network, tabulated.run, counts))


def on_largest(runs: Mapping[str, Measured], largest: Mapping[str, Measured]) -> list[LargestChipRow]:
    """The smaller networks on the largest chip beside their own, where the paper expects the same performance."""
    found = []
    for network, other in largest.items():
        own = runs[network].run
        for row, unit, mine, theirs in (
            ("latency_ms", "ms", 1e3 * own.latency_s, 1e3 * other.run.latency_s),
            ("energy_uj", "uJ", 1e6 * own.energy_j, 1e6 * other.run.energy_j),
        ):
            sides = {"own_chip": mine, "largest_chip": theirs, "ratio": theirs / mine}
            found.append(LargestChipRow(network=network, row=row, unit=unit, **sides))
    return found


def _column(network: str, run: TimedReport, counts: Mapping[str, Counts]) -> Iterator[FigureRow]:
    mine, without = ours(network, run, counts[network]), left_out(network, counts)
    chip = load_chip(run.chip.name)
    for name, cell in figure_7b()[network].items():
        for row in (name, f"{name}_2mac") if name in OF_TWO_MACS else (name,):
            yield _row(cell, row, chip, mine[row], without.get(row))


def _row(cell: Cell, row: str, chip: Chip, value: float, without: float | None) -> FigureRow:
    paper, within = float(cell.value), _within(cell, value)
    found = basis(cell.network, row, chip)
    settings = found not in ("exact", "published")
    return FigureRow(
        network=cell.network,
        row=row,
        unit=cell.unit,
        paper=paper,
        ours=value,
        ratio=value / paper if paper else None,
        basis=found,
        doubtful=cell.doubtful,
        ratio_left_out=(without if settings and without is not None else value) / paper if paper else None,
        within=within,
        note="" if within else note(cell.network, row),
        seen_by=[*provenance.seen(chip, cell.network, row)] if settings else [],
    )


def _within(cell: Cell, value: float) -> bool:
    low, high = cell.interval
    if cell.unit == "%":
        return low - 0.5 <= value <= high + 0.5
    return 0.95 * low <= value <= 1.05 * high


def constants(runs: Mapping[str, Measured]) -> list[FittedConstant]:
    """Every fitted constant: its value in the chip file, what the fit gives now, and the networks it is from."""
    counts = {network: counts_of(network, runs[network]) for network in NETWORKS}
    config = runs["gnmt"].run.chip.config
    found = []
    for law in LAWS:
        solved = fit.fit(law, counts, law.on)
        for name, unit, _ in law.terms:
            section, key = name.split(".")
            found.append(_constant(name, config[section][key], unit, solved[name], law.on))
    clock = fit.clock_ns(counts, fit.CLOCK_ON)
    return [*found, _constant("clock_ns", config["clock_ns"], "ns", clock, fit.CLOCK_ON)]


def chosen(runs: Mapping[str, Measured]) -> list[ChosenSetting]:
    """Every setting that was chosen with the table in view: its value, and why it is what it is."""
    chip = load_chip(runs["gnmt"].run.chip.name)
    return [
        ChosenSetting(setting=path, value=_written(chip, path), unit=SETTINGS[path].unit, source=source)
        for path, source in provenance.chosen(chip).items()
    ]


def _written(chip: Chip, path: str) -> str:
    """The value of a setting as a chip file writes it."""
    section, _, key = path.rpartition(".")
    return setting_value((chip.config[section] if section else chip.config)[key])


def _constant(name: str, value: Any, unit: str, fitted: float, on: Sequence[str]) -> FittedConstant:
    return FittedConstant(constant=name, value=float(value), unit=unit, fit=fitted, fitted_on=list(on))
