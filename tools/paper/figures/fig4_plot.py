"""Draws Fig. 4: a pattern as it was meant and as it was written, errors of cells, and letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acortex.tools.paper.figures import pattern
from acortex.tools.paper.figures.letters import Fidelity
from acortex.tools.paper.figures.pattern import BLACK_KOHM, WHITE_KOHM, Floats, Written
from acortex.tools.paper.figures.style import BLUE, GREY, INK, ORANGE, RED, SKY, SMALL, legend, panel
from acortex.tools.paper.svg import Canvas

FARTHEST_PCT = 20
"""Errors beyond are counted in the last bars."""

PUBLISHED_POINTS = 3
"""What the published circuit loses at most."""


def fill(passive: Written, wide: Written, letters: Sequence[Fidelity], figure: Canvas) -> None:
    """Four panels."""
    (target, achieved), (errors, accuracy) = figure.subplots(2, 2)
    _pattern(target, pattern.conductances(pattern.face()))
    panel(target, "a", "target: ten levels")
    drawn = _pattern(achieved, passive.achieved_us[0])
    panel(achieved, "b", "achieved on one crossbar")
    bar = figure.colorbar(drawn, ax=[target, achieved], shrink=0.85, aspect=24)
    ticks = (BLACK_KOHM, 10, 14, 20, 40, WHITE_KOHM)
    bar.set_ticks([1e3 / one for one in ticks], labels=[f"{one:g}" for one in ticks])
    bar.set_label("resistance of a cell, kOhm")
    _errors(errors, passive, wide)
    _letters(accuracy, letters)


def _pattern(axes: Canvas, conductances: Floats) -> Canvas:
    """Cells as squares from white to black, evenly in conductance."""
    drawn = axes.pcolormesh(conductances, cmap="Greys", vmin=1e3 / WHITE_KOHM, vmax=1e3 / BLACK_KOHM, linewidth=0)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_xticks([0.5, 9.5, 19.5], ["1", "10", "20"])
    axes.set_yticks([0.5, 9.5, 19.5], ["1", "10", "20"])
    axes.set_xlabel("column of the crossbar")
    axes.set_ylabel("row")
    return drawn


def _errors(axes: Canvas, passive: Written, wide: Written) -> None:
    bins = np.arange(-FARTHEST_PCT - 0.5, FARTHEST_PCT + 1)
    for one, colour, name in ((wide, ORANGE, "26 %"), (passive, BLUE, "15 %")):
        found = np.clip(100 * one.errors.ravel(), -FARTHEST_PCT, FARTHEST_PCT)
        weights = np.full(found.size, 100 / found.size)
        inside = f"{100 * one.within(0.05):.1f} % within 5 %"
        axes.hist(found, bins, weights=weights, histtype="stepfilled" if colour == BLUE else "step", color=colour,
                  linewidth=1.4, alpha=0.85, label=f"spread {name}: {inside}")  # fmt: skip
    for edge in (-5, 5):
        axes.axvline(edge, ymax=0.84, color=GREY, linestyle="--", linewidth=0.8)
    axes.set_xticks([-20, -10, -5, 0, 5, 10, 20], ["below\n-20", "-10", "-5", "0", "5", "10", "above\n20"])
    axes.set_ylim(0, 1.45 * axes.get_ylim()[1])
    axes.set_xlabel("error of a cell's conductance, %")
    axes.set_ylabel("cells, %")
    legend(axes, loc="upper center", borderaxespad=0)
    panel(axes, "c", f"cells of {len(passive.errors)} crossbars")


def _letters(axes: Canvas, letters: Sequence[Fidelity]) -> None:
    """What each chip loses, as boxes: quartiles, and whiskers to the least and the most."""
    lost = [100 * (one.ideal - np.array(one.chips)) for one in letters]
    boxes = axes.boxplot(lost, whis=(0, 100), widths=0.45, patch_artist=True, medianprops={"color": INK})
    for box in boxes["boxes"]:
        box.set(facecolor=SKY, edgecolor=BLUE)
    axes.axhline(PUBLISHED_POINTS, color=RED, linestyle="--", linewidth=1)
    axes.text(0.55, PUBLISHED_POINTS - 0.06, "published: at most 3", color=RED, fontsize=SMALL, va="top")
    axes.axhline(0, color=GREY, linewidth=0.6)
    names = [f"{one.flips} wrong pixels\nideal {100 * one.ideal:.1f} %" for one in letters]
    axes.set_xticks(range(1, len(letters) + 1), names)
    axes.set_ylim(-1, 3.4)
    axes.set_ylabel("accuracy lost by a chip, points")
    panel(axes, "d", f"letters on {len(letters[0].chips)} chips, cells within 5 %")
