"""Draws Fig. 3: curves of cells, their thresholds, and how many cells a write disturbs."""

from __future__ import annotations

import numpy as np

from acortex.sim.analog.crossbar import MEAN_V, OVERDRIVE_V, disturbed, disturbed_crossbar
from acortex.tools.paper.figures.half_select import HalfSelect, Share
from acortex.tools.paper.figures.style import BLUE, GREEN, GREY, INK, ORANGE, SMALL, legend, panel
from acortex.tools.paper.svg import Canvas

CURVE = tuple(pct / 100 for pct in range(6, 36))
"""Spreads of the lines of closed forms."""


def fill(study: HalfSelect, figure: Canvas) -> None:
    """Four panels."""
    (curves, cells), (write, crossbar) = figure.subplots(2, 2)
    _curves(curves, study)
    _thresholds(cells, study)
    _shares(write, study.shares, "write", [100 * disturbed(one) for one in CURVE])
    panel(write, "c", "2 x 2 cells, one write")
    write.set_ylabel("half-selected cells disturbed, %")
    _shares(crossbar, study.shares, "crossbar", [100 * disturbed_crossbar(one, 20, 20) for one in CURVE])
    panel(crossbar, "d", "20 x 20 cells, each written once")
    crossbar.set_ylabel("cells disturbed at least once, %")


def _curves(axes: Canvas, study: HalfSelect) -> None:
    for at, one in enumerate(study.curves):
        axes.plot(one.volts, one.current_ua, color=BLUE, alpha=0.35 + 0.13 * at, linewidth=1)
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.axvline(0, color=GREY, linewidth=0.6)
    axes.text(0.95, 70, "set", ha="center", color=INK, fontsize=SMALL)
    axes.text(-0.85, -80, "reset", ha="center", color=INK, fontsize=SMALL)
    axes.set_xlabel("voltage, V")
    axes.set_ylabel("current, uA")
    panel(axes, "a", f"{len(study.curves)} cells of a 20 x 20 crossbar")


def _thresholds(axes: Canvas, study: HalfSelect) -> None:
    bins = np.arange(-1.9, 1.91, 0.1)
    axes.hist(study.set_v, bins=bins, color=BLUE, label="set")
    axes.hist(-study.reset_v, bins=bins, color=ORANGE, label="reset")
    half = (MEAN_V + OVERDRIVE_V) / 2
    axes.axvline(half, color=INK, linestyle="--", linewidth=1)
    axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
    top = axes.get_ylim()[1]
    axes.annotate(
        f"half of the mean write,\n{half:.3f} V", (half, 0.93 * top), (half - 0.1, 0.93 * top), ha="right", va="top",
        fontsize=SMALL, color=INK,
    )  # fmt: skip
    axes.set_xlabel("threshold, V")
    axes.set_ylabel("cells of 400")
    legend(axes, loc="upper left")
    panel(axes, "b", "thresholds of its cells")


def _shares(axes: Canvas, shares: list[Share], what: str, closed: list[float]) -> None:
    """The closed form as a line, simulated shares as points with four standard errors."""
    spreads = [100 * one.spread for one in shares]
    mine = [100 * getattr(one, f"{what}_simulated") for one in shares]
    error = [400 * getattr(one, f"{what}_error") for one in shares]
    axes.plot([100 * one for one in CURVE], closed, color=BLUE, label="0T1R, closed form")
    axes.errorbar(spreads, mine, error, fmt="o", color=ORANGE, markersize=4, capsize=2, label="0T1R, simulated")
    axes.plot(spreads, [0] * len(spreads), "s", color=GREEN, markersize=4, clip_on=False, label="1T1R, simulated")
    for x, y in zip(spreads, mine, strict=True):
        axes.annotate(f"{y:.2g} %", (x, y), (-6, 5), textcoords="offset points", ha="right", fontsize=SMALL, color=INK)
    axes.set_xlabel("spread of thresholds, %")
    axes.set_ylim(0)
    legend(axes, loc="upper left")
