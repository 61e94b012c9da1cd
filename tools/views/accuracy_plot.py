"""The picture of a population: how chips are spread, and what each kind of error costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from acortex.sim.accuracy.results import AccuracyReport
from acortex.tools.paper.svg import drawn

COLOUR, DARK, LIGHT = "#2b6ca3", "#1b3a57", "#d08a2e"
"""Bars, lines of the ideal chip, and lines of the mean: apart for the colour-blind, too."""

BINS = 24
PANEL_IN, WIDTH_IN = 2.8, 6.4


def draw(report: AccuracyReport) -> bytes:
    """An SVG: the accuracy of each chip as a histogram, and below it the ablation, where there is one."""
    panels = 2 if report.ablation else 1

    def fill(figure: Any) -> None:
        axes = figure.subplots(panels, 1, squeeze=False)[:, 0]
        _chips(axes[0], report)
        if report.ablation:
            _ablation(axes[1], report)

    return drawn((WIDTH_IN, PANEL_IN * panels), fill)


def _chips(axes: Any, report: AccuracyReport) -> None:
    """How many chips have which accuracy; the ideal chip and the mean as lines."""
    found = 100 * np.array(report.per_chip)
    axes.hist(found, bins=BINS if report.accuracy.sd else 1, color=COLOUR)
    axes.axvline(100 * report.ideal, color=DARK, linestyle="--", label=f"ideal {100 * report.ideal:.2f} %")
    mean = f"mean {100 * report.accuracy.mean:.2f} %, spread {100 * report.accuracy.sd:.2f} points"
    axes.axvline(100 * report.accuracy.mean, color=LIGHT, label=mean)
    axes.set_xlabel(f"accuracy on {report.inputs:,} inputs, %")
    axes.set_ylabel(f"chips of {report.chips:,}")
    axes.set_title(f"{report.program} on chips with analog errors")
    axes.legend(frameon=False, loc="upper left")


def _ablation(axes: Any, report: AccuracyReport) -> None:
    """Points of accuracy that each kind of error costs alone, and that leaving it out brings back."""
    rows = sorted(report.ablation, key=lambda row: -row.alone)
    at = np.arange(len(rows))
    axes.barh(at + 0.2, [100 * (report.ideal - row.alone) for row in rows], 0.38, color=COLOUR, label="alone it costs")
    back = [100 * (row.without - report.accuracy.mean) for row in rows]
    axes.barh(at - 0.2, back, 0.38, color=LIGHT, label="leaving it out brings back")
    axes.set_yticks(at, [row.error for row in rows])
    axes.set_xlabel("points of accuracy")
    axes.axvline(0, color=DARK, linewidth=0.8)
    axes.legend(frameon=False, loc="best")
