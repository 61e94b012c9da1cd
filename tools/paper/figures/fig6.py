"""Fig. 6: a chip of 55-nm flash that is made for one network."""

from __future__ import annotations

from functools import partial

from acortex.sim.chip.specs import load_chip
from acortex.tools.paper.figures import fixed_wiring
from acortex.tools.paper.figures.fig6_plot import fill
from acortex.tools.paper.figures.figure import (
    ARRAY_CELLS,
    Figure,
    Given,
    Options,
    Printed,
    Progress,
    columns,
    counted,
    simulated,
)
from acortex.tools.paper.figures.fixed_wiring import PARTS, Fixed
from acortex.tools.paper.results import Drawn, FigureRow

ARRAYS_PCT, NEURONS_PCT, CELLS = 30, 6, 13e6
"""What is printed: shares of the area, and cells."""

CELL_UM2 = {"arXiv 1611.03379": 0.33, "Fig. 7b": float(load_chip(fixed_wiring.CHIP).area.cells_um2) / ARRAY_CELLS}
"""The area of a cell, by who says so."""

FROM_SHARE = tuple(f"area from the printed share of arrays, cells of {source}" for source in CELL_UM2)
PER_NEURON = "area of a neuron from the printed share"
PACKED = "energy, general chip, rows without gaps"

GENERAL_AREA, GENERAL_ENERGY, GENERAL_PACE = (
    f"{what}, general chip" for what in ("area", "energy", "images per second")
)
"""What Fig. 7b prints of the same network and chip: it saw what these rows rest on."""

GIVEN = (
    Given("network", "Inception-v1", "chosen", "own choice: about as many cells as printed; the network is not named",
          ("cells",)),
    Given("prices of arrays and circuits", "those of Fig. 7b", "fitted", "on Fig. 7b alone (DEVIATIONS.md)",
          (GENERAL_AREA, GENERAL_ENERGY)),
    Given("clock, and cycles of each unit", "those of Fig. 7b", "chosen", "by its latencies (DEVIATIONS.md, D17)",
          (GENERAL_PACE,)),
    Given("share of arrays", f"{ARRAYS_PCT} %", "fitted", "Fig. 6, read backwards for an area", FROM_SHARE),
    Given("share of neurons", f"{NEURONS_PCT} %", "fitted", "Fig. 6, read backwards for a neuron", (PER_NEURON,)),
    Given("wires between layers, line buffers", "free", "chosen", "own choice: energies are bounds from below"),
    Given("layers at work at once", "all", "chosen", "own choice: fixed wiring has no schedule"),
)  # fmt: skip


def made(options: Options, progress: Progress) -> Figure:
    """Fig. 6, simulated."""
    study = fixed_wiring.simulated(progress)
    return Figure(
        name="fig6",
        title="Fig. 6",
        caption="Inception-v1 on the general chip and on one that is made for it alone. Without main memory, controller"
        " and gaps between rows it is half as large (a), and without memory and buses it takes a fraction of the energy"
        " (b, wires between layers taken as free). All its layers work at once, so that the slowest sets the pace (c)."
        " Arrays take about the printed share of its area, neurons do not (d).",
        rows=rows(study),
        given=GIVEN,
        drawn=drawn_of(study),
        size=(8.4, 5.6),
        fill=partial(fill, study, {"arrays": ARRAYS_PCT, "neurons_adcs": NEURONS_PCT}),
        facts={"study": study},
    )


def rows(study: Fixed) -> list[FigureRow]:
    """The rows of the figure."""
    return [*_of_size(study), *_of_gains(study)]


def _of_size(study: Fixed) -> list[FigureRow]:
    cells_mm2 = {source: study.cells * um2 * 1e-6 for source, um2 in CELL_UM2.items()}
    found = [
        simulated("cells", "cells", study.cells, GIVEN, Printed(CELLS, "about"), "the network was chosen by it"),
        counted("neurons, one for each output channel", "neurons", study.neurons),
        counted("arrays of 64 x 64", "arrays", _arrays(study)),
        simulated("area by our prices", "mm2", study.area_mm2, GIVEN),
        simulated("arrays of the area", "%", 100 * study.share("arrays"), GIVEN, Printed(ARRAYS_PCT, "about")),
        simulated("neurons of the area", "%", 100 * study.share("neurons_adcs"), GIVEN, Printed(NEURONS_PCT, "about"),
                  "ours are converters that a column of arrays shares, at the printed but implausible 5 um2 each"),
    ]  # fmt: skip
    for name, mm2 in zip(FROM_SHARE, cells_mm2.values(), strict=True):
        found.append(simulated(name, "mm2", mm2 / (ARRAYS_PCT / 100), GIVEN))
    neuron_um2 = 1e6 * NEURONS_PCT / 100 * cells_mm2["arXiv 1611.03379"] / (ARRAYS_PCT / 100) / study.neurons
    found.append(simulated(PER_NEURON, "um2", neuron_um2, GIVEN))
    return found


def _arrays(study: Fixed) -> int:
    arrays = study.fixed.chip.config["arrays"]
    return int(2 * (arrays["m_top"] + arrays["m_bottom"]) * arrays["n"])


def _of_gains(study: Fixed) -> list[FigureRow]:
    """What the fixed chip gains over the general one on the same network; nothing is printed about that."""
    general, fixed = study.general, study.fixed
    pace = f"the slowest layer, {study.slowest}, has {study.positions:,} positions of one frame each"
    return [
        simulated(GENERAL_AREA, "mm2", general.area_mm2, GIVEN),
        simulated("area, general over fixed", "", general.area_mm2 / study.area_mm2, GIVEN),
        simulated(GENERAL_ENERGY, "uJ", 1e6 * general.energy_j, GIVEN),
        simulated(PACKED, "uJ", 1e6 * study.packed.energy_j, GIVEN, note="what is gained without fixed wiring"),
        simulated(
            "energy, fixed chip", "uJ", 1e6 * fixed.energy_j, GIVEN, note="a bound: wires between layers are free"
        ),
        simulated("energy, general over fixed", "", general.energy_j / fixed.energy_j, GIVEN, note="at most"),
        simulated(GENERAL_PACE, "per s", study.general_per_s, GIVEN),
        simulated("images per second, fixed chip", "per s", study.per_s, GIVEN, note=pace),
        simulated("images per second, fixed over general", "", study.per_s / study.general_per_s, GIVEN),
    ]  # fmt: skip


def drawn_of(study: Fixed) -> list[Drawn]:
    """The numbers of the picture: the general chip's first."""
    energies = [study.general.energy_by_component_j, study.fixed.energy_by_component_j]
    return [
        columns("area in mm2", **{part: [study.general_areas[part], study.areas.get(part, 0.0)]
                                  for part in (*PARTS, "main_memory", "others")}),
        columns("energy in uJ", **{part: [1e6 * one[part] for one in energies] for part in energies[0]}),
        columns("images per second", general=[study.general_per_s], fixed=[study.per_s]),
    ]  # fmt: skip
