"""Draws Fig. 7b: the breakdown of energy and area of the three networks, the paper's beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acortex.tools.paper import fig7b
from acortex.tools.paper.fig7b import COMPONENTS, TITLES, Measured
from acortex.tools.paper.svg import drawn

COLOURS = ("#4c78a8", "#f58518", "#e45756", "#72b7b2", "#54a24b", "#eeca3b", "#b279a2", "#9d755d", "#bab0ac")


def draw(runs: Mapping[str, Measured]) -> bytes:
    """An SVG, the same bytes for the same numbers."""
    rows = {(row.network, row.row): row for row in fig7b.rows(runs)}

    def fill(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        for axes, family, title in ((left, "energy_pct", "Energy of an inference"), (right, "area_pct", "Area")):
            _bars(axes, rows, family)
            axes.set_title(title)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)

    return drawn((10, 4.6), fill)


def _bars(axes: Any, rows: Mapping[tuple[str, str], Any], family: str) -> None:
    """Two stacked bars a network, the paper's then ours, in percent of the whole."""
    for index, network in enumerate(TITLES):
        for side, kind in enumerate(("paper", "ours")):
            bottom = 0.0
            for number, component in enumerate(COMPONENTS):
                row = rows.get((network, f"{family}.{component}"))
                height = getattr(row, kind) if row else 0.0
                label = component.replace("_", " ") if index == side == 0 else None
                axes.bar(3 * index + side, height, bottom=bottom, width=0.9, color=COLOURS[number], label=label)
                bottom += height
            axes.text(3 * index + side, bottom + 1, kind, ha="center", va="bottom", fontsize=7)
    axes.set_xticks([3 * index + 0.5 for index in range(len(TITLES))], list(TITLES.values()))
    axes.set_ylim(0, 112)
    axes.set_ylabel("% of the whole")
    axes.spines[["top", "right"]].set_visible(False)
