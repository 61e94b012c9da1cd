"""The picture of a population: how chips are spread, and what each kind of error costs."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from acortex.sim.accuracy.results import AccuracyReport
from acortex.tools.paper.svg import drawn

COLOUR, DARK, LIGHT = "#2b6ca3", "#1b3a57", "#d08a2e"
"""Bars, lines of the ideal chip, and lines of the mean: apart for the colour-blind, too."""

BINS = 24
PANEL_IN, WIDTH_IN = 2.8, 6.4


def draw(report: AccuracyReport) -> bytes:
    """An SVG: the accuracy of each chip as a histogram; below it the ablation, ages and temperatures, if there are."""
    panels = [_chips, *[_ablation] * bool(report.ablation)]
    panels += [partial(_line, what=what) for what in _AXES if any(row.varied == what for row in report.conditions)]

    def fill(figure: Any) -> None:
        for axes, panel in zip(figure.subplots(len(panels), 1, squeeze=False)[:, 0], panels, strict=True):
            panel(axes, report)

    return drawn((WIDTH_IN, PANEL_IN * len(panels)), fill)


_AXES = {"age_s": "time since the weights were written, s", "temperature_c": "temperature, degrees Celsius"}


def _line(axes: Any, report: AccuracyReport, what: str) -> None:
    """The same chips at other ages or temperatures: the mean, and the 5th to 95th percentile as a band."""
    rows = [row for row in report.conditions if row.varied == what]
    at = sorted(rows, key=lambda row: float(getattr(row, what)))
    x = [float(getattr(row, what)) for row in at]
    mean, low, high = ([100 * getattr(row.accuracy, name) for row in at] for name in ("mean", "p5", "p95"))
    axes.fill_between(x, low, high, color=COLOUR, alpha=0.25, linewidth=0, label="5th to 95th percentile of chips")
    axes.plot(x, mean, "o-", color=COLOUR, label="mean")
    axes.axhline(100 * report.ideal, color=DARK, linestyle="--", label=f"ideal {100 * report.ideal:.2f} %")
    if what == "age_s" and min(x) > 0:
        axes.set_xscale("log")
    axes.set_xlabel(_AXES[what])
    axes.set_ylabel("accuracy, %")
    axes.legend(frameon=False, loc="best")


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
