"""What the pictures of figures share: colours that are told apart by the colour-blind, letters of panels, bare axes."""

from __future__ import annotations

from acortex.tools.paper.svg import Canvas

INK, GREY = "#222222", "#8a8f98"
BLUE, ORANGE, GREEN, RED, VIOLET, SKY = "#2b6ca3", "#d08a2e", "#2f8f5b", "#b5403a", "#7a5195", "#7fb2d9"

SMALL, TINY = 8, 7
"""Sizes of letters: of legends, and of what stands within a panel."""


def panel(axes: Canvas, letter: str, title: str) -> None:
    """A panel's letter and title, and no frame above and on the right."""
    axes.set_title(f"$\\bf{{{letter}}}$  {title}", loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def legend(axes: Canvas, **options: object) -> None:
    """A legend without a frame, small."""
    axes.legend(frameon=False, fontsize=SMALL, **options)
