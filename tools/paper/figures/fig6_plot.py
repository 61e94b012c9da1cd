"""Draws Fig. 6: the general chip and the one with fixed wiring, on the same network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acortex.tools.paper.figures.fixed_wiring import Fixed
from acortex.tools.paper.figures.style import BLUE, GREEN, GREY, INK, ORANGE, RED, SKY, SMALL, VIOLET, panel
from acortex.tools.paper.svg import Canvas

COLOURS = {
    "arrays": ("arrays", BLUE),
    "sensing": ("sensing", ORANGE),
    "dacs": ("DACs", VIOLET),
    "neurons_adcs": ("neurons", GREEN),
    "program_erase": ("program and erase", RED),
    "main_memory": ("main memory", SKY),
    "buses": ("buses", "#c9b458"),
    "leakage": ("leakage", "#4f4f4f"),
    "others": ("others", GREY),
}
"""Components: what each is called, and its colour."""

CHIPS = ("general", "fixed")


def fill(study: Fixed, printed: Mapping[str, float], figure: Canvas) -> None:
    """Four panels; `printed` has shares of the area in percent."""
    (area, energy), (pace, shares) = figure.subplots(2, 2)
    _stacked(area, [study.general_areas, study.areas])
    area.set_ylabel("area, mm2")
    panel(area, "a", "area")
    energies = [study.general.energy_by_component_j, study.fixed.energy_by_component_j]
    _stacked(energy, [{part: 1e6 * joules for part, joules in one.items()} for one in energies])
    energy.set_ylabel("energy, uJ per image")
    panel(energy, "b", "energy")
    _pace(pace, study)
    _shares(shares, study, printed)
    handles = [area.bar(0, 0, color=colour, label=name) for name, colour in COLOURS.values()]
    figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=SMALL)


def _stacked(axes: Canvas, sides: Sequence[Mapping[str, float]]) -> None:
    for at, parts in enumerate(sides):
        bottom = 0.0
        for part, (_, colour) in COLOURS.items():
            height = parts.get(part, 0.0)
            axes.bar(at, height, 0.55, bottom=bottom, color=colour)
            bottom += height
        axes.annotate(f"{bottom:.3g}", (at, bottom), (0, 2), textcoords="offset points", ha="center", fontsize=SMALL,
                      color=INK)  # fmt: skip
    axes.set_xticks(range(len(CHIPS)), CHIPS)
    axes.set_xlim(-0.6, 1.6)
    axes.margins(y=0.12)


def _pace(axes: Canvas, study: Fixed) -> None:
    values = (study.general_per_s, study.per_s)
    axes.bar(range(len(CHIPS)), values, 0.55, color=BLUE)
    for at, value in enumerate(values):
        axes.annotate(f"{value:,.0f}", (at, value), (0, 2), textcoords="offset points", ha="center", fontsize=SMALL)
    axes.set_xticks(range(len(CHIPS)), CHIPS)
    axes.set_xlim(-0.6, 1.6)
    axes.margins(y=0.12)
    axes.set_ylabel("images per second")
    panel(axes, "c", "pace")


def _shares(axes: Canvas, study: Fixed, printed: Mapping[str, float]) -> None:
    """Two bars for each printed share."""
    names = {"arrays": "arrays", "neurons_adcs": "neurons"}
    for kind, shift, colour in (("paper", -0.2, SKY), ("ours", 0.2, BLUE)):
        values = [printed[part] if kind == "paper" else 100 * study.share(part) for part in names]
        axes.bar([at + shift for at in range(len(names))], values, 0.38, color=colour)
        for at, value in enumerate(values):
            said, where = f"{kind}\n{value:.2g} %", (at + shift, value)
            axes.annotate(said, where, (0, 2), textcoords="offset points", ha="center", fontsize=SMALL)
    axes.set_xticks(range(len(names)), list(names.values()))
    axes.set_xlim(-0.6, 1.6)
    axes.margins(y=0.25)
    axes.set_ylabel("share of the fixed chip, %")
    panel(axes, "d", "printed shares of the area")
