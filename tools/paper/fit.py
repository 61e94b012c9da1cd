"""The constants of the chip that Fig. 7b leaves to be derived, and on which networks each is derived.

    acortex reproduce fig7b --format json

Every component's energy, and every area, is a sum of constants times what was counted: events of a simulated run, or
sizes of the chip. `fit` solves for the constants by least squares of relative errors; on one network that is exact. A
network is left out by fitting on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acortex.tools.paper.printed import NETWORKS, figure_7b

CNNS = ("inception_v1", "resnet_152")
"""The networks whose memory accesses and words on the buses the table counts as its energies do."""


@dataclass(frozen=True)
class Counts:
    """What one simulated inference of a network counted, and the sizes of its chip.

    `arrays_built` is the number of arrays that its printed areas and leakage were computed for.
    """

    array_operations: int
    conversions: int
    accesses: int
    words_down: int
    words_up: int
    cycles: int
    positions: int
    frame_cycles: int
    frame_ns: float
    arrays: int
    arrays_built: int
    columns: int
    columns_built: int
    memory_mb: float
    side_mm: float
    macs: int
    peak_words: int
    memory_words: int
    parameters: int


Measure = Callable[[Counts], float]


@dataclass(frozen=True)
class Law:
    """One row of the table as a sum of constants times counts.

    `row` is that of Fig. 7b; the printed quantity is its share of the area, of the power (leakage) or of the energy of
    an inference. `terms` are (constant of the chip file, its unit, what multiplies it, times 10^`exponent` for SI).
    """

    row: str
    terms: tuple[tuple[str, str, Measure], ...]
    on: tuple[str, ...]
    scale: float


_AREA = 1e6  # um2 a mm2
LAWS = (
    Law("energy_pct.sensing", (("energy.sensing_pj", "pJ", lambda c: c.array_operations),), ("gnmt",), 1e12),
    Law("energy_pct.fg_arrays", (("energy.array_pj", "pJ", lambda c: c.array_operations),), ("gnmt",), 1e12),
    Law("energy_pct.dacs", (("energy.dacs_pj", "pJ", lambda c: c.array_operations),), ("inception_v1", "gnmt"), 1e12),
    Law("energy_pct.neurons_adcs", (("energy.conversion_pj", "pJ", lambda c: c.conversions),), ("gnmt",), 1e12),
    Law("energy_pct.main_memory", (("energy.memory_access_pj", "pJ", lambda c: c.accesses),), NETWORKS[:1], 1e12),
    Law("energy_pct.others", (("energy.others_access_pj", "pJ", lambda c: c.accesses),), NETWORKS, 1e12),
    Law(
        "energy_pct.buses",
        (
            ("energy.bus_to_arrays_pj_per_mm", "pJ/mm", lambda c: c.words_down * c.side_mm),
            ("energy.bus_from_arrays_pj_per_mm", "pJ/mm", lambda c: c.words_up * c.side_mm),
        ),
        CNNS,
        1e12,
    ),
    Law(
        "energy_pct.leakage",
        (
            ("energy.leakage_mw", "mW", lambda c: 1.0),
            ("energy.leakage_per_array_uw", "uW", lambda c: c.arrays_built / 1e3),
        ),
        NETWORKS,
        1e3,
    ),
    Law("area_pct.main_memory", (("area.main_memory_mm2_per_mb", "mm2/MB", lambda c: c.memory_mb),), NETWORKS, 1.0),
    Law("area_pct.sensing", (("area.sensing_um2", "um2", lambda c: c.arrays_built / _AREA),), NETWORKS, 1.0),
    Law("area_pct.fg_arrays", (("area.cells_um2", "um2", lambda c: c.arrays_built / _AREA),), NETWORKS, 1.0),
    Law("area_pct.dacs", (("area.dacs_um2", "um2", lambda c: c.arrays_built / _AREA),), NETWORKS, 1.0),
    Law(
        "area_pct.neurons_adcs",
        (("area.neurons_um2_per_column", "um2", lambda c: c.columns_built / _AREA),),
        ("gnmt",),
        1.0,
    ),
    Law(
        "area_pct.program_erase",
        (("area.program_erase_mm2_per_column", "mm2", lambda c: float(c.columns_built)),),
        NETWORKS,
        1.0,
    ),
    Law(
        "area_pct.others",
        (
            ("area.others_per_array_um2", "um2", lambda c: c.arrays_built / _AREA),
            ("area.fixed_mm2", "mm2", lambda c: 1.0),
        ),
        NETWORKS,
        1.0,
    ),
)
"""How each row follows from constants and counts, and the networks that each constant is derived on."""

CLOCK_ON = ("gnmt",)
"""The network that the clock is derived on."""


def printed(network: str, row: str) -> float:
    """The quantity behind a printed share: mm2 of the area, J of an inference's energy, W for leakage."""
    cells = figure_7b()[network]
    share = float(cells[row].value) / 100
    if row.startswith("area_pct"):
        return share * float(cells["area_mm2"].value)
    power_w = float(cells["power_mw"].value) / 1e3
    if row == "energy_pct.leakage":
        return share * power_w
    return share * power_w * float(cells["latency_ms"].value) / 1e3


def fit(law: Law, counts: Mapping[str, Counts], on: Sequence[str]) -> dict[str, float]:
    """The constants of a law, by least squares of relative errors over some networks.

    Where there are fewer networks than constants, the smallest constants that agree are taken.
    """
    rows = [
        [measure(counts[network]) / (printed(network, law.row) * law.scale) for _, _, measure in law.terms]
        for network in on
    ]
    matrix = np.array(rows)
    weight = np.abs(matrix).max(axis=0)
    solved = np.linalg.lstsq(matrix / weight, np.ones(len(on)), rcond=None)[0] / weight
    return {name: float(value) for (name, _, _), value in zip(law.terms, solved, strict=True)}


def value(law: Law, constants: Mapping[str, float], counts: Counts) -> float:
    """What a law says of a network: mm2, J or W."""
    return sum(constants[name] * measure(counts) for name, _, measure in law.terms) / law.scale


def clock_ns(counts: Mapping[str, Counts], on: Sequence[str]) -> float:
    """The clock: what a latency leaves beside the analog frames, over the cycles that are no frames; a mean."""
    found = []
    for network in on:
        c = counts[network]
        latency_ns = float(figure_7b()[network]["latency_ms"].value) * 1e6
        found.append((latency_ns - c.frame_ns * c.positions) / (c.cycles - c.frame_cycles * c.positions))
    return float(np.mean(found))


def latency_ms(counts: Counts, clock: float) -> float:
    """The latency of a network at a clock, its frames as long as they are."""
    frames = counts.frame_ns * counts.positions
    return (frames + clock * (counts.cycles - counts.frame_cycles * counts.positions)) / 1e6


def others(on: Sequence[str], network: str) -> tuple[str, ...]:
    """The networks to derive a constant on without one: those it is derived on, or if none is left all others."""
    left = tuple(name for name in on if name != network)
    return left or tuple(name for name in NETWORKS if name != network)
