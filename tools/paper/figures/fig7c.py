"""Fig. 7c: GNMT on the mixed-signal chip, and on one with digital units and weights in static RAM."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.results import TimedReport
from acortex.tools.paper.fig7b import Measured
from acortex.tools.paper.figures.fig7c_plot import AREAS, Side, fill
from acortex.tools.paper.figures.figure import (
    Figure,
    Given,
    Options,
    Printed,
    Progress,
    columns,
    counted,
    of_chip,
)
from acortex.tools.paper.measure import measure
from acortex.tools.paper.printed import digital_twin, figure_7b
from acortex.tools.paper.results import Drawn, FigureRow

MACS = 327_680 * 64 * 64
"""Multiply-accumulates of an inference: each array operation has 64 x 64."""

NETWORK, ANALOG, DIGITAL = "gnmt", "acortex_gnmt", "acortex_gnmt_digital"

SPEED = (
    "the text says that the mixed-signal chip keeps a large advantage in speed, too; the latencies that are printed"
    " say that the digital chip is the faster one"
)
LOST_POINT = (
    'printed as "321": at that, a multiply-accumulate with its weight from static RAM would take 6.2 fJ, less than'
    " reading one bit does, and the digital chip would be the better one"
)
START = "0.35 ms are the array operations, from which the clock was derived; their beginning and end are on top"


@dataclass(frozen=True)
class Twins:
    """GNMT on both chips."""

    analog: Measured
    digital: Measured


def given(chip: Chip) -> tuple[Given, ...]:
    """What the figure puts in, as the digital chip has it."""
    um2 = sum(map(float, (chip.area.cells_um2, chip.area.sensing_um2, chip.area.others_per_array_um2)))
    return (
        Given("clock and frame of the digital units", f"{float(chip.clock_ns):g} ns", "fitted",
              "0.35 ms for 327,680 array operations", ("latency, digital",)),
        Given("energy of a digital array operation", f"{float(chip.energy.array_pj):g} pJ", "fitted",
              "what is left of 3.21 TOp/J", ("efficiency, digital",)),
        Given("areas of a digital unit and its static RAM", f"{um2:,.0f} um2", "fitted", "607 mm2, 92 and 6 % of it",
              ("area, digital", "static RAM of the area, digital", "units of the area, digital")),
        Given("the decimal points of 3.21 TOp/J and 0.35 ms", "put back", "chosen",
              "they are lost in the text we have"),
    )  # fmt: skip


def made(options: Options, progress: Progress) -> Figure:
    """Fig. 7c, simulated."""
    progress(0, 2)
    analog = measure(NETWORK, ANALOG)
    progress(1, 2)
    study = Twins(analog, measure(NETWORK, DIGITAL))
    progress(2, 2)
    mine, theirs = study.analog.run, study.digital.run
    paper = {"mixed-signal": _printed_analog(), "digital": _printed_digital()}
    sides = [
        Side("mixed-signal", paper["mixed-signal"], _numbers(study.analog), dict(mine.area_by_component_mm2)),
        Side("digital", paper["digital"], _numbers(study.digital), dict(theirs.area_by_component_mm2)),
    ]
    ratio = _ratios(study)
    return Figure(
        name="fig7c",
        title="Fig. 7c",
        caption=f"GNMT on both chips. The digital one has {ratio['area']:.1f} times the area (a, d), almost all of it"
        f" static RAM, and takes {ratio['energy']:.0f} times the energy (b). But it is the faster"
        " one (c), which the text of the paper denies.",
        rows=rows(study),
        given=given(load_chip(DIGITAL)),
        drawn=drawn_of(sides),
        size=(8.4, 5.2),
        fill=partial(fill, sides),
        facts={"ratio": ratio, "power_w": theirs.power_w},
    )


def _printed_analog() -> dict[str, float]:
    cells = figure_7b()[NETWORK]
    area, latency, efficiency = (float(cells[row].value) for row in ("area_mm2", "latency_ms", "efficiency_tops_per_j"))
    return {"area": area, "latency": latency, "efficiency": efficiency, "energy": _energy_uj(efficiency)}


def _printed_digital() -> dict[str, float]:
    found = {row: float(value) for row, value in digital_twin().items()}
    return {**found, "energy": _energy_uj(found["efficiency"])}


def _energy_uj(tops_per_j: float) -> float:
    """The energy of an inference at an efficiency, two operations for each multiply-accumulate."""
    return 2 * MACS / (tops_per_j * 1e12) * 1e6


def _numbers(one: Measured) -> dict[str, float]:
    run = one.run
    return {
        "area": run.area_mm2,
        "latency": 1e3 * run.latency_s,
        "efficiency": run.efficiency_ops_per_j / 1e12,
        "energy": 1e6 * run.energy_j,
    }


def _ratios(study: Twins) -> dict[str, float]:
    """The digital chip's numbers over the mixed-signal one's."""
    mine, theirs = _numbers(study.analog), _numbers(study.digital)
    return {name: theirs[name] / mine[name] for name in mine}


def rows(study: Twins) -> list[FigureRow]:
    """The rows of the figure."""
    digital, analog = load_chip(DIGITAL), load_chip(ANALOG)
    return [
        *_of_digital(study.digital.run, digital),
        *_of_analog(study, analog),
        *_of_both(study, digital),
    ]


def _of_digital(run: TimedReport, chip: Chip) -> list[FigureRow]:
    printed = digital_twin()

    def share(component: str) -> float:
        return 100 * run.area_by_component_mm2[component] / run.area_mm2

    def row(name: str, unit: str, ours: float, moves: str, paper: Printed | None = None, note: str = "") -> FigureRow:
        return of_chip(f"{name}, digital", unit, ours, chip, "Fig. 7c", moves, paper, note)

    efficiency = Printed(float(printed["efficiency"]), doubtful=True)
    about = {name: Printed(float(printed[name]), "about") for name in ("sram_area_pct", "vmm_area_pct")}
    return [
        row("area", "mm2", run.area_mm2, "area_mm2", Printed(float(printed["area"]))),
        row("static RAM of the area", "%", share("arrays"), "area_mm2", about["sram_area_pct"]),
        row("units of the area", "%", share("sensing"), "area_mm2", about["vmm_area_pct"]),
        row("latency", "ms", 1e3 * run.latency_s, "latency_ms", Printed(float(printed["latency"])), START),
        row("efficiency", "TOp/J", run.efficiency_ops_per_j / 1e12, "power_mw", efficiency, LOST_POINT),
        row("energy", "uJ", 1e6 * run.energy_j, "power_mw"),
        row("power", "W", run.power_w, "power_mw"),
        counted("array operations, digital", "operations", run.counts["array_operations"]),
    ]  # fmt: skip


def _of_analog(study: Twins, chip: Chip) -> list[FigureRow]:
    paper, mine = _printed_analog(), _numbers(study.analog)
    return [
        of_chip(f"{name}, mixed-signal", unit, mine[name], chip, "Fig. 7b", moves, Printed(paper[name]))
        for name, unit, moves in (
            ("area", "mm2", "area_mm2"), ("latency", "ms", "latency_ms"), ("efficiency", "TOp/J", "power_mw"),
        )
    ]  # fmt: skip


def _of_both(study: Twins, chip: Chip) -> list[FigureRow]:
    """Digital over mixed-signal; the printed ratios are those of the printed numbers."""
    theirs, ours, found = _printed_digital(), _printed_analog(), _ratios(study)
    note = {
        "area": "of the printed areas",
        "latency": SPEED,
        "energy": "of the printed efficiencies; no energy is printed",
    }
    return [
        of_chip(f"{name}, digital over mixed-signal", "", found[name], chip, "Fig. 7c", moves,
                Printed(round(theirs[name] / ours[name], 3), doubtful=name == "energy"), note.get(name, ""))
        for name, moves in (("area", "area_mm2"), ("energy", "power_mw"), ("latency", "latency_ms"))
    ]  # fmt: skip


def drawn_of(sides: list[Side]) -> list[Drawn]:
    """The numbers of the picture: the mixed-signal chip's first."""
    numbers = columns(
        "both chips, the mixed-signal one first",
        **{f"{name}_{unit}": [getattr(side, of)[name] for side in sides]
           for name, unit in (("area", "mm2"), ("energy", "uj"), ("latency", "ms")) for of in ("ours",)},
    )  # fmt: skip
    areas = columns(
        "area in mm2, the mixed-signal chip's first",
        **{name: [side.areas.get(name, 0.0) for side in sides] for name in AREAS},
    )
    return [numbers, areas]
