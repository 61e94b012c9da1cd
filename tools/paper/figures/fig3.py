"""Fig. 3: a write with half of the voltage on other cells. The paper prints no number there."""

from __future__ import annotations

from functools import partial

from acortex.sim.analog.cell_models import resistive_cell
from acortex.sim.analog.crossbar import OVERDRIVE_V
from acortex.tools.paper.figures.fig3_plot import fill
from acortex.tools.paper.figures.figure import Figure, Given, Options, Printed, Progress, columns, simulated
from acortex.tools.paper.figures.half_select import CROSSBARS, FRAGMENTS, SIDE, HalfSelect, studied
from acortex.tools.paper.results import Drawn, FigureRow

RANGES_V = {"set": (0.6, 1.5), "reset": (0.6, 1.7)}
SOURCE = "Fahimi et al., Scientific Reports 11 (2021), the same 20 x 20 crossbars"

FITTED = tuple(f"{which} threshold of 400, {kind}" for kind in RANGES_V for which in ("least", "largest"))

CELL = resistive_cell

GIVEN = (
    Given("mean threshold", f"{CELL.set_v:g} V to set, {CELL.reset_v:g} V to reset", "fitted",
          f"middles of the ranges of {SOURCE}", FITTED),
    Given("spread of thresholds of Fig. 4's cells", f"{100 * CELL.threshold_spread:g} %", "fitted",
          "those ranges read as 6 sigma: 14, 16 %", FITTED),
    Given("overdrive of a write", f"{OVERDRIVE_V:g} V", "chosen",
          "own choice: no write amplitude is printed; 6 steps of 0.05 V"),
    Given("rate and v0 of a pulse", f"{100 * CELL.rate:g} % and {CELL.v0:g} V", "chosen",
          "own choice: cells take about as many pulses as Sci. Rep. 11 (2021) reports; they shape curves alone"),
)  # fmt: skip


def made(options: Options, progress: Progress) -> Figure:
    """Fig. 3, simulated."""
    study = studied(progress)
    return Figure(
        name="fig3",
        title="Fig. 3",
        caption="Cells switch beyond thresholds that differ from cell to cell (a). A write of one cell leaves half of"
        " its voltage on others, and the weakest cells of 400 have their thresholds near that half (b). So a write"
        " disturbs more of them the wider the spread (c), and a crossbar of 20 x 20 cells, each written once, far"
        " more (d). With a transistor for each cell none is disturbed. Points are"
        " simulated, with bars of four standard errors.",
        rows=rows(study),
        given=GIVEN,
        drawn=drawn_of(study),
        size=(8.4, 6.6),
        fill=partial(fill, study),
        facts={"overdrive": OVERDRIVE_V, "fragments": FRAGMENTS, "crossbars": CROSSBARS},
    )


def rows(study: HalfSelect) -> list[FigureRow]:
    """The rows of the figure."""
    found = []
    for kind, ends in study.extremes_v.items():
        for which, mine, theirs in zip(("least", "largest"), ends, RANGES_V[kind], strict=True):
            printed = Printed(theirs, "about", SOURCE)
            found.append(simulated(f"{which} threshold of 400, {kind}", "V", mine, GIVEN, printed))
    for one in study.shares:
        at = f"{100 * one.spread:.0f} % spread"
        for name, closed, mine, error in (
            ("2 x 2, one write", one.write, one.write_simulated, one.write_error),
            (f"{SIDE} x {SIDE}, each cell once", one.crossbar, one.crossbar_simulated, one.crossbar_error),
        ):
            off = (mine - closed) / error if error else 0.0
            note = f"the closed form has {100 * closed:.3f} %, {off:+.1f} standard errors away"
            found.append(simulated(f"0T1R, {name}, {at}", "%", 100 * mine, GIVEN, note=note))
    active = max(one.active_simulated for one in study.shares)
    found.append(simulated("1T1R, every spread", "%", 100 * active, GIVEN, note="a transistor keeps all of it away"))
    return found


def drawn_of(study: HalfSelect) -> list[Drawn]:
    """The numbers of the picture."""
    curves = [
        columns(f"curve of cell {at}", voltage_v=one.volts.tolist(), current_ua=one.current_ua.tolist())
        for at, one in enumerate(study.curves)
    ]
    shares = columns(
        "disturbed cells",
        spread=[one.spread for one in study.shares],
        write=[one.write for one in study.shares],
        write_simulated=[one.write_simulated for one in study.shares],
        crossbar=[one.crossbar for one in study.shares],
        crossbar_simulated=[one.crossbar_simulated for one in study.shares],
    )
    cells = columns("thresholds", set_v=study.set_v.tolist(), reset_v=study.reset_v.tolist())
    return [*curves, cells, shares]
