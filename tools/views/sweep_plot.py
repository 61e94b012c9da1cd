"""The picture of a sweep: its points in two numbers, the front of those that no other beats, and what moves them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from acortex.errors import UsageError
from acortex.tools.paper.svg import Canvas, drawn
from acortex.tools.sweep.metrics import METRICS, Metric
from acortex.tools.sweep.results import SweepReport, SweepRow
from acortex.tools.views.sweep import number_text

POINTS, FRONT, BARS = "#7d8ea3", "#b3401f", ("#2b6ca3", "#d08a2e")
"""Colours that stay apart for the colour-blind; the front differs in its marks, too."""

WIDTH_IN, PANEL_IN, BAR_IN = 6.4, 4.0, 0.32

DECADE = 8.0
"""The ratio of the largest to the smallest number from which on an axis is a logarithm."""


def draw(report: SweepReport) -> bytes:
    """An SVG: points and front in the first two numbers of the front; below it the share of each axis in both.

    Raises UsageError where fewer than two points have both numbers, MissingExtra without matplotlib.
    """
    across, up = (METRICS[name] for name in report.front_of[:2])
    rows = [row for row in report.rows if row[across.name] is not None and row[up.name] is not None]
    if len(rows) < 2:
        raise UsageError(f"a picture needs two points with {across.name} and {up.name}, there are {len(rows)}")
    names = _moved(report, (across, up))
    heights = [PANEL_IN, *([0.9 + BAR_IN * len(names)] if names else [])]

    def fill(figure: Canvas) -> None:
        panels = figure.subplots(len(heights), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
        _points(panels[0], report, rows, across, up)
        if names:
            _shares(panels[1], report, names, (across, up))

    return drawn((WIDTH_IN, sum(heights)), fill)


def _points(axes: Canvas, report: SweepReport, rows: Sequence[SweepRow], across: Metric, up: Metric) -> None:
    """All points, and the front as a line of steps: what no point reaches lies beyond it."""
    axes.plot(*_places(rows, across, up), "o", color=POINTS, markersize=3.5, alpha=0.7, label=f"{len(rows):,} points")
    by_key = {row.key: row for row in reversed(rows)}
    found = sorted((by_key[key] for key in report.front), key=lambda row: float(row[across.name]))
    label = f"{len(found):,} that no other beats"
    axes.plot(*_places(found, across, up), "D-", color=FRONT, drawstyle="steps-post", markersize=4.5, label=label)
    for metric, axis, scale in ((across, axes.xaxis, axes.set_xscale), (up, axes.yaxis, axes.set_yscale)):
        scale("log" if _spans_much([float(row[metric.name]) for row in rows]) else "linear")
        _number_line(axis, metric)
    first, last = (number_text(row[across.name], across) for row in (found[0], found[-1]))
    axes.set_title(f"{Path(report.spec).name}: {across.title} from {first} to {last} along the front")
    axes.legend(frameon=False, loc="best")


def _spans_much(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) > DECADE * min(values)


def _number_line(axis: Canvas, metric: Metric) -> None:
    """The ticks of a metric, in units that need no zeros, and its title."""
    from matplotlib.ticker import EngFormatter

    if metric.unit in ("s", "J", "W", "1/s", "Op/s", "Op/J"):
        axis.set_major_formatter(EngFormatter(unit=metric.unit))
    better = "more" if metric.more_is_better else "less"
    axis.set_label_text(f"{metric.title}{f', {metric.unit}' if metric.unit else ''}   ({better} is better)")


def _places(rows: Sequence[SweepRow], across: Metric, up: Metric) -> tuple[list[float], list[float]]:
    return [float(row[across.name]) for row in rows], [float(row[up.name]) for row in rows]


def _moved(report: SweepReport, metrics: Sequence[Metric]) -> list[str]:
    """The axes that have a share in one of the numbers, the largest first."""
    largest: dict[str, float] = {}
    for effect in report.effects:
        if len(effect.axes) == 1 and effect.metric in {one.name for one in metrics}:
            largest[effect.axes[0]] = max(effect.share, largest.get(effect.axes[0], 0.0))
    return sorted(largest, key=lambda name: -largest[name])


def _shares(axes: Canvas, report: SweepReport, names: Sequence[str], metrics: Sequence[Metric]) -> None:
    """A pair of bars for each axis: its share of the variance of both numbers."""
    shares = {(effect.axes[0], effect.metric): effect.share for effect in report.effects if len(effect.axes) == 1}
    at = np.arange(len(names))
    for number, (metric, colour) in enumerate(zip(metrics, BARS, strict=True)):
        values = [100 * shares.get((name, metric.name), 0.0) for name in names]
        axes.barh(at + 0.4 * number, values, 0.36, color=colour, label=metric.title)
    axes.set_yticks(at + 0.2, names)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the variance, %")
    axes.legend(frameon=False, loc="lower right")
