"""Draws Fig. 7c: both chips side by side, the printed numbers beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from acortex.tools.paper.figures.style import BLUE, GREEN, GREY, INK, ORANGE, RED, SKY, SMALL, VIOLET, legend, panel
from acortex.tools.paper.svg import Canvas

AREAS = {
    "arrays": ("cells or static RAM", BLUE),
    "sensing": ("sensing, or digital units", ORANGE),
    "dacs": ("DACs", VIOLET),
    "program_erase": ("program and erase", RED),
    "main_memory": ("main memory", GREEN),
    "others": ("others", GREY),
}
"""Components whose area is drawn: what each is called, and its colour."""


@dataclass(frozen=True)
class Side:
    """One chip: printed and simulated area in mm2, energy in uJ and latency in ms, and our areas by component."""

    name: str
    paper: Mapping[str, float]
    ours: Mapping[str, float]
    areas: Mapping[str, float]


def fill(sides: Sequence[Side], figure: Canvas) -> None:
    """Three panels above, a wide one below."""
    parts = figure.subplot_mosaic([["a", "b", "c"], ["d", "d", "d"]], height_ratios=[1.35, 1])
    for letter, name, unit in (("a", "area", "mm2"), ("b", "energy", "uJ per inference"), ("c", "latency", "ms")):
        _bars(parts[letter], sides, name)
        parts[letter].set_ylabel(f"{name}, {unit}")
        panel(parts[letter], letter, name)
    _areas(parts["d"], sides)
    handles, labels = parts["a"].get_legend_handles_labels()
    parts["a"].legend(handles, labels, frameon=False, fontsize=SMALL, loc="upper left")


def _bars(axes: Canvas, sides: Sequence[Side], name: str) -> None:
    """Two chips, two bars each."""
    most = max(value for side in sides for value in (side.paper[name], side.ours[name]))
    for kind, shift, colour in (("paper", -0.22, SKY), ("ours", 0.22, BLUE)):
        values = [getattr(side, kind)[name] for side in sides]
        at = [index + shift for index in range(len(sides))]
        axes.bar(at, values, 0.42, color=colour, label=kind)
        for x, y in zip(at, values, strict=True):
            axes.annotate(
                f"{y:.3g}", (x, y), (0, 2), textcoords="offset points", ha="center", fontsize=SMALL, color=INK
            )
    axes.set_ylim(0, 1.3 * most)
    axes.set_xlim(-0.6, len(sides) - 0.4)
    axes.set_xticks(range(len(sides)), [side.name for side in sides])


def _areas(axes: Canvas, sides: Sequence[Side]) -> None:
    for row, side in enumerate(reversed(sides)):
        left = 0.0
        for name, (what, colour) in AREAS.items():
            width = side.areas.get(name, 0.0)
            axes.barh(row, width, 0.6, left=left, color=colour, label=what if row == 0 else None)
            if width > 0.06 * max(sum(one.areas.values()) for one in sides):
                axes.text(
                    left + width / 2, row, f"{width:.0f}", ha="center", va="center", color="white", fontsize=SMALL
                )
            left += width
    axes.set_yticks(range(len(sides)), [side.name for side in reversed(sides)])
    axes.set_xlabel("our area, mm2")
    axes.set_ylim(-0.5, 1.6)
    legend(axes, loc="upper right", ncols=2)
    panel(axes, "d", "what takes the area")
