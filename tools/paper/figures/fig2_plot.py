"""Draws Fig. 2: four numbers of seven kinds, with the paper's scores beside them."""

from __future__ import annotations

from collections.abc import Sequence

from acortex.tools.paper.figures.kinds import BORROWED, METRICS, OWN, PUBLISHED, Result, agreement
from acortex.tools.paper.figures.style import BLUE, GREY, INK, ORANGE, SMALL, panel
from acortex.tools.paper.svg import Canvas

LABELS = {
    "density": "million weights per mm2",
    "precision": "effective bits of a product",
    "speed": "inferences per second",
    "energy": "inferences per joule",
}

MARKS = {PUBLISHED: {"markerfacecolor": BLUE}, BORROWED: {"markerfacecolor": GREY, "markeredgecolor": GREY},
         OWN: {"markerfacecolor": "white"}}  # fmt: skip


def fill(results: Sequence[Result], figure: Canvas) -> None:
    """A panel for each metric; the kinds stand on lines of their own."""
    row = figure.subplots(1, len(METRICS), sharey=True)
    for axes, letter, metric in zip(row, "abcd", METRICS, strict=True):
        _metric(axes, results, metric)
        correlation, _ = agreement(results, metric)
        panel(axes, letter, f"{metric}, rank {correlation:+.2f}")
    row[0].set_yticks(range(len(results)), [one.kind.name for one in results])
    row[0].set_ylim(len(results) - 0.5, -0.6)
    marks = [row[0].plot([], [], "o", color=BLUE, markersize=7, label=name, **mark)[0] for name, mark in MARKS.items()]
    figure.legend(handles=marks, loc="outside lower center", ncols=len(marks), frameon=False, fontsize=SMALL,
                  title="what the number rests on", title_fontsize=SMALL)  # fmt: skip


def _number(one: Result, metric: str) -> float | None:
    """What is drawn: larger is better."""
    better = one.better(metric)
    scale = {"density": 1.0, "precision": 1.0, "speed": 1e3, "energy": 1e6}
    return None if better is None else better * scale[metric]


def _metric(axes: Canvas, results: Sequence[Result], metric: str) -> None:
    values = [_number(one, metric) for one in results]
    known = [value for value in values if value is not None]
    spread = metric in ("density", "energy")
    low, high = min(known), max(known)
    if spread:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.6, high * (high / low) ** 0.42 * 1.6)
    else:
        axes.set_xlim(low - 0.2 * (high - low), high + 0.75 * (high - low))
    for line, (one, value) in enumerate(zip(results, values, strict=True)):
        axes.axhline(line, color=GREY, linewidth=0.4, zorder=1)
        if value is None:
            axes.text(low, line, "nothing published", va="center", fontsize=SMALL, color=GREY,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
        else:
            axes.plot([value], [line], "o", color=BLUE, markersize=7, zorder=3, **MARKS[one.rests(metric)])
        score = "+" * getattr(one.kind, metric) or "\u2212"
        axes.text(0.985, line, score, transform=axes.get_yaxis_transform(), ha="right", va="center", color=ORANGE,
                  fontweight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
    axes.text(0.985, -0.55, "paper", transform=axes.get_yaxis_transform(), ha="right", va="center", color=ORANGE,
              fontsize=SMALL)  # fmt: skip
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(LABELS[metric], color=INK)
